"""Writes the tables that run.py reads, the same bytes for the same seed:

    python versus/data/make.py FOLDER [--rows 1000000] [--train-rows 2000000] [--big-bytes 2000000000] [--seed 15]

`mixed.csv`, `mixed.parquet`  20 columns: numbers, whole numbers with holes, categories of few and many names, dates, instants,
                              booleans, text, an identifier
`train.csv`                   numbers, a category, a target of two names; 65 MB for 2,000,000 rows
`big.csv`                     the rows of mixed.csv again and again
"""

import argparse
import datetime
import json
import pathlib
import sys

import numpy as np
import polars as pl

WORDS = ("light warm coat shoe river late early small large very good bad cheap quality colour size fits never always came box"
         " day week again return blue red soft hard strap zip pocket cold rain summer winter").split()
PER_CENT_MISSING = 5


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--train-rows", type=int, default=2_000_000)
    parser.add_argument("--big-bytes", type=int, default=2_000_000_000)
    parser.add_argument("--seed", type=int, default=15)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    table = mixed(args.rows, args.seed)
    table.write_csv(args.folder / "mixed.csv")
    table.write_parquet(args.folder / "mixed.parquet", row_group_size=128 * 1024)
    rows_of_big = args.rows * repeat(args.folder / "mixed.csv", args.folder / "big.csv", args.big_bytes)
    learnt(args.train_rows, args.seed + 1).write_csv(args.folder / "train.csv")
    made = {path.name: path.stat().st_size for path in sorted(args.folder.iterdir()) if path.suffix in (".csv", ".parquet")}
    told = {"rows": {"mixed": args.rows, "train": args.train_rows, "big": rows_of_big}, "seed": args.seed, "bytes": made}
    (args.folder / "made.json").write_text(json.dumps(told), encoding="utf-8")
    json.dump(told, sys.stdout)


def mixed(rows, seed):
    draw = np.random.default_rng(seed)
    whole = {
        "row_id": 10_000_000 + 7 * np.arange(rows), "age": draw.integers(18, 95, rows), "visits": draw.poisson(6, rows),
        "stock": draw.integers(0, 50_000, rows), "year": draw.integers(1990, 2026, rows), "rating": draw.integers(1, 6, rows),
    }
    columns = {name: pl.Series(values, dtype=pl.Int64) for name, values in whole.items()}
    for name, spread, digits in (("price", 300, 2), ("weight", 40, 3), ("height", 9, 4), ("score", 1, 6)):
        columns[name] = pl.Series(np.round(draw.gamma(2, spread, rows), digits))
    columns["change"] = pl.Series(np.round(draw.normal(0, 12, rows), 2))
    for name, prefix, many in (("colour", "colour", 8), ("city", "city", 400), ("maker", "maker", 20_000)):
        labels = np.array([f"{prefix} {i}" for i in range(many)])
        columns[name] = pl.Series(labels[draw.integers(0, many, rows)])
    columns["sold"] = pl.Series(draw.random(rows) < 0.3)
    columns["member"] = pl.Series(draw.random(rows) < 0.6)
    first = np.datetime64(datetime.date(2019, 1, 1))
    columns["day"] = pl.Series(first + draw.integers(0, 2500, rows))
    columns["born"] = pl.Series(first - draw.integers(6600, 29000, rows))
    columns["seen"] = pl.Series(first.astype("datetime64[ms]") + 1000 * draw.integers(0, 2500 * 86400, rows))
    columns["review"] = sentences(draw, rows)
    table = pl.DataFrame(columns)
    holes = {name: draw.random(rows) * 100 < PER_CENT_MISSING for name in ("visits", "weight", "change", "city", "member", "seen", "review")}
    return table.with_columns(pl.when(pl.Series(~there)).then(pl.col(name)).alias(name) for name, there in holes.items())


def sentences(draw, rows):
    """Nine words each."""
    words = np.array(WORDS)
    parts = [pl.Series(words[draw.integers(0, len(words), rows)]) for _ in range(9)]
    return pl.DataFrame(parts, [f"w{i}" for i in range(9)]).select(pl.concat_str(pl.all(), separator=" ")).to_series()


def learnt(rows, seed):
    draw = np.random.default_rng(seed)
    numbers = {name: np.round(draw.normal(size=rows), 3) for name in ("a", "b", "c")}
    group = draw.integers(0, 12, rows)
    pull = numbers["a"] - 0.5 * numbers["b"] * numbers["c"] + (group % 3) - 1 + draw.logistic(size=rows) * 0.5
    names = np.array([f"group{i:02}" for i in range(12)])
    return pl.DataFrame({**numbers, "group": names[group], "answer": np.where(pull > 0, "yes", "no")})


def repeat(source, target, least):
    """Writes the rows of `source` into `target` until it has `least` bytes; how many times."""
    head, body = source.read_bytes().split(b"\n", 1)
    times = max(1, -(-(least - len(head)) // len(body)))
    with target.open("wb") as file:
        file.write(head + b"\n")
        for _ in range(times):
            file.write(body)
    return times


if __name__ == "__main__":
    main()
