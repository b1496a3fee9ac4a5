"""Games of known value: tabular models, and what every coalition of their columns is paid; classic games with steps.

    python versus/explain/games.py OUT [--only diabetes,wine,...]

Writes OUT/NAME.json for each game: {"name", "players", "outputs", "rows": [[values of coalition 0, 1, ...], ...]}, where bit p of
a coalition's number says that column p shows the explained row's cell; hidden cells are those of 100 background rows, and the value
is the mean prediction. All 2^n coalitions are there, so Shapley values are exact.
"""

import argparse
import json
import os
import pathlib

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes, load_wine, make_friedman1
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

BACKGROUND = 100
ROWS = 8
SEED = 1


def cache():
    return pathlib.Path(os.environ.get("RONGHE_CACHE", pathlib.Path.home() / ".cache" / "ronghe"))


def table(name):
    """A set of the catalogue: `ronghe pull NAME` fetches it."""
    found = sorted((cache() / name).rglob("*.parquet"))
    if not found:
        raise SystemExit(f"{cache() / name} holds no table: ronghe pull {name}")
    return pd.read_parquet(found[0])


def california():
    frame = table("california-housing").dropna()
    target = next(c for c in frame.columns if c.lower() in ("medhouseval", "median_house_value", "target"))
    x = frame.drop(columns=target).to_numpy(float)
    return x, HistGradientBoostingRegressor(random_state=SEED).fit(x, frame[target]).predict


def adult():
    frame = table("adult")
    target = frame.columns[-1]
    codes = {c: frame[c] if frame[c].dtype.kind in "if" else frame[c].astype("category").cat.codes for c in frame.columns}
    x = pd.DataFrame(codes).drop(columns=target).to_numpy(float)
    y = pd.factorize(frame[target])[0]
    model = HistGradientBoostingClassifier(random_state=SEED, max_iter=60).fit(x, y)
    return x, lambda rows: model.predict_proba(rows)[:, 1]


def diabetes():
    x, y = load_diabetes(return_X_y=True)
    return x, RandomForestRegressor(100, random_state=SEED, n_jobs=2).fit(x, y).predict


def wine():
    x, y = load_wine(return_X_y=True)
    model = make_pipeline(StandardScaler(), MLPClassifier(hidden_layer_sizes=(32,), max_iter=2000, random_state=SEED)).fit(x, y)
    return x, model.predict_proba


def friedman():
    """10 columns, 5 of which count: a sine of a product, a square, two straight lines."""
    x, y = make_friedman1(4000, 10, noise=0.5, random_state=SEED)
    return x, HistGradientBoostingRegressor(random_state=SEED).fit(x, y).predict


def gates():
    """12 columns in interactions of two, three and four."""
    rng = np.random.default_rng(SEED)
    x = rng.normal(size=(6000, 12))
    s = np.sign(x)
    y = x[:, 0] + s[:, 1] * s[:, 2] + s[:, 3] * s[:, 4] * s[:, 5] + np.maximum(x[:, 6] * x[:, 7], 0) * (x[:, 8] > 0) \
        + s[:, 8] * s[:, 9] * s[:, 10] * s[:, 11]
    return x, MLPRegressor(hidden_layer_sizes=(128, 64), max_iter=300, random_state=SEED).fit(x, y).predict


def bits(n):
    return (np.arange(1 << n)[:, None] >> np.arange(n)) & 1


def voting(rng, n=12):
    """A weighted majority: 1 from more than half of the weights on."""
    weights = rng.integers(1, 40, n)
    return (2 * (bits(n) @ weights) > weights.sum()).astype(float)


def airport(rng, n=12):
    """A runway as long as the largest of those who come needs."""
    return (bits(n) * rng.integers(1, 11, n)).max(1).astype(float)


def glove(rng, n=12):
    """Pairs of gloves; a quarter to a half of the players hold left ones."""
    left = int(rng.integers(n // 4, n // 2))
    some = bits(n)
    return np.minimum(some[:, :left].sum(1), some[:, left:].sum(1)).astype(float)


# What every coalition is paid, of a random game.
STEPS = {"voting": voting, "airport": airport, "glove": glove}
GAMES = {"california": california, "adult": adult, "diabetes": diabetes, "wine": wine, "friedman": friedman, "gates": gates}


def values(row, background, predict):
    """`[2^n, outputs]`, a block of coalitions at a time."""
    n = len(row)
    out = []
    for start in range(0, 1 << n, 256):
        coalitions = np.arange(start, min(start + 256, 1 << n))
        shown = (coalitions[:, None] >> np.arange(n)) & 1 == 1
        masked = np.where(shown[:, None, :], row, background[None])
        predicted = np.asarray(predict(masked.reshape(-1, n)), float).reshape(len(coalitions), len(background), -1)
        out.append(predicted.mean(1))
    return np.concatenate(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--only", default=",".join([*GAMES, *STEPS]), help="names with commas")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.only.split(","):
        path = args.out / f"{name}.json"
        if path.is_file():
            continue
        if name in STEPS:
            rng = np.random.default_rng(SEED)
            game = {"name": name, "players": 12, "outputs": 1, "rows": [STEPS[name](rng).tolist() for _ in range(ROWS)]}
            path.write_text(json.dumps(game), encoding="utf-8")
            print(f"{path}: 12 players, {ROWS} games", flush=True)
            continue
        make = GAMES[name]
        x, predict = make()
        chosen = np.random.default_rng(SEED).permutation(len(x))[: BACKGROUND + ROWS]
        background, rows = x[chosen[ROWS:]], x[chosen[:ROWS]]
        tables = [values(row, background, predict) for row in rows]
        game = {"name": name, "players": x.shape[1], "outputs": tables[0].shape[1], "rows": [t.ravel().tolist() for t in tables]}
        path.write_text(json.dumps(game), encoding="utf-8")
        print(f"{path}: {x.shape[1]} players, {ROWS} rows", flush=True)


if __name__ == "__main__":
    main()
