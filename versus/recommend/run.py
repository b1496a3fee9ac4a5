"""Quality model by model with the same settings, and speed on a synthetic set; writes raw/NAME.csv and SUMMARY.md.

    cargo build --release -p ronghe-recommend --example fit --example top
    ~/.cache/ronghe/versus-recommend/bin/python versus/recommend/run.py --ratings U.DATA

U.DATA is MovieLens-100k's file of ratings (user, film, rating, time, parted by tabs).
"""

import argparse
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy as np
import scipy.sparse as sparse

import judge
import peers
import summary
import synthetic

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))
from machine import cpu_name, kept, machine_seconds, pin, say, slug, write  # noqa: E402

FIELDS = ["date", "cpu", "threads", "work", "program", "repeat", "figure", "low", "high", "seconds", "cpu_s", "above_mb", "others", "settings"]
SEEDS = 5
# Name, ours, the peer, its settings: the best of the peer on the validation window of `last`.
QUALITY = [
    ("ease", {"model": "ease", "lambda": 100}, "numpy EASE", {"reg": 100}),
    ("slim", {"model": "slim", "l1": 1, "l2": 50}, "irspack SLIM", {"alpha": 0.05, "l1_ratio": 0.01}),
    ("rp3beta", {"model": "rp3beta", "k": 100, "alpha": 1.0, "beta": 0.2}, "irspack RP3beta", {"k": 100, "alpha": 1.0, "beta": 0.2}),
    # implicit counts the item itself as one of the K.
    ("bm25", {"model": "item-knn", "k": 199, "keep": "from", "weighting": "bm25", "k1": 3.0, "b": 0.5}, "implicit BM25", {"k": 200, "k1": 3, "b": 0.5}),
    # implicit's weight of the liked is alpha, ours 1 + alpha.
    ("als", {"model": "ials", "factors": 64, "iterations": 15, "alpha": 2.0, "lambda": 1.0}, "implicit ALS",
     {"factors": 64, "reg": 1.0, "alpha": 3.0, "iterations": 15, "cg": False}),
    ("bpr", {"model": "bpr", "factors": 64, "iterations": 50, "learning_rate": 0.02, "lambda": 0.01, "passed": "popular"}, "implicit BPR",
     {"factors": 64, "rate": 0.02, "reg": 0.01, "epochs": 50}),
]
DRAWN = ("als", "bpr")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ratings", type=pathlib.Path, help="MovieLens-100k's u.data; without it only speed is measured")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="quality or speed")
    parser.add_argument("--models", default="", help="models of quality, all if not said")
    parser.add_argument("--works", default="als-64-cholesky,als-64-cg,als-256-cholesky,als-256-cg,knn,rp3beta,ease,top", help="works of speed")
    parser.add_argument("--programs", default="", help="peers of speed, all that know the work if not said")
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=4_800_000)
    parser.add_argument("--set", type=pathlib.Path, help="a set that synthetic.py wrote, instead of those sizes")
    parser.add_argument("--ease-items", type=int, default=6_000, help="items of the set for EASE, whose time grows with their cube")
    parser.add_argument("--target", type=pathlib.Path, default=pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")), help="cargo's target folder")
    parser.add_argument("--out", type=pathlib.Path, default=HERE)
    args = parser.parse_args()
    pin(args.threads)
    os.environ.update({name: str(args.threads) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS")})
    date, cpu = datetime.date.today().isoformat(), cpu_name()
    raw = args.out / "raw" / f"{date}-{slug(cpu)}-{args.threads}t.csv"
    fit = args.target / "release/examples/fit"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        found = []
        if args.ratings and args.only in ("", "quality"):
            found += quality(args, fit, folder)
        if args.only in ("", "speed"):
            found += speed(args, fit, folder)
    rows = kept(raw, {row["work"] for row in found})
    rows += [{"date": date, "cpu": cpu, "threads": args.threads, **{name: row.get(name, "") for name in FIELDS[3:]}} for row in found]
    write(raw, FIELDS, rows)
    (args.out / "SUMMARY.md").write_text(summary.text(sorted((args.out / "raw").glob("*.csv"))), encoding="utf-8")


def pairs(events, path):
    np.ascontiguousarray(events[:, :2].astype("<u4")).tofile(path)


def ours(fit, path, model, seed=0, scores=None):
    command = [fit, path, json.dumps(model), str(seed), *([scores] if scores else [])]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def quality(args, fit, folder):
    events, users = judge.movielens(args.ratings)
    found = []
    for split, parts in judge.SPLITS.items():
        train, test = parts(events)
        seen, tests = judge.matrix(train, users), judge.matrix(test, users)
        pairs(train, folder / "train.pairs")
        for name, model, peer, settings in (row for row in QUALITY if not args.models or row[0] in args.models.split(",")):
            for seed in range(SEEDS if name in DRAWN else 1):
                took = ours(fit, folder / "train.pairs", model, seed, folder / "scores.f32")
                scores = np.full((users, judge.FILMS), -np.inf)
                scores[: took["users"], : took["items"]] = np.fromfile(folder / "scores.f32", "<f4").reshape(took["users"], took["items"])
                for program, values, told in (("ronghe", scores, model), (peer, peers.SCORES[peer](seen, seed, **settings), settings)):
                    ndcg, _ = judge.figures(judge.lists(values, seen), seen, tests)
                    mean, low, high = judge.interval(ndcg)
                    say(f"{split} {name} {program} seed {seed}: NDCG@10 {mean:.4f}")
                    found.append({"work": f"{split} {name}", "program": program, "repeat": seed, "figure": mean, "low": low, "high": high, "settings": json.dumps(told)})
    return found


def speed(args, fit, folder):
    whole = args.set or folder / "all.npz"
    if args.set:
        events = sparse.load_npz(whole)
    else:
        events = synthetic.make(args.users, args.items, args.events, 0)
        synthetic.write(events, whole)
    if "ease" in args.works.split(","):
        synthetic.write(sparse.csr_matrix(events[:, : args.ease_items]), folder / "ease.npz")
    found = []
    for work in args.works.split(","):
        path = folder / "ease.npz" if work == "ease" else whole
        rivals = list(peers.ITERATIONS) if work.startswith("als") else [program for of, program in peers.FITS if of == work]
        rivals = [program for program in rivals if not args.programs or program in args.programs.split(",")]
        told = work + (f", {min(args.ease_items, events.shape[1])} items" if work == "ease" else f", {events.shape[0]} x {events.shape[1]} x {events.nnz}")
        for repeat in range(1, args.repeats + 1):
            for program in ["ronghe", *rivals]:
                before = machine_seconds()
                took = ronghe_speed(fit, work, path.with_suffix(".pairs")) if program == "ronghe" else peer_speed(work, program, path)
                others = max(0.0, machine_seconds() - before - took.pop("all_cpu")) / max(took.pop("wall"), 1e-9)
                say(f"{work} {repeat} {program}: {took['seconds']:.2f} s, {took['cpu']:.2f} CPU s, {took['above_mb']:.0f} MB above the data")
                found.append({"work": told, "program": program, "repeat": repeat, "seconds": took["seconds"], "cpu_s": took["cpu"],
                              "above_mb": took["above_mb"], "others": f"{others:.2f}"})
    return found


def measured(run):
    """What `run` gives, with the seconds of its processes and its own."""
    import resource
    import time

    used = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])  # noqa: E731
    start, cpu = time.perf_counter(), used()
    took = run()
    return {**took, "wall": time.perf_counter() - start, "all_cpu": used() - cpu}


def ronghe_speed(fit, work, path):
    models = {
        "knn": {"model": "item-knn", "k": 100}, "rp3beta": {"model": "rp3beta", "k": 100, "alpha": 1.0, "beta": 0.6}, "ease": {"model": "ease", "lambda": 500},
    }
    if work in models:
        return measured(lambda: ours(fit, path, models[work]))
    if work == "top":
        return measured(lambda: lists(fit.with_name("top"), path))
    _, factors, solver = work.split("-")
    model = {"model": "ials", "factors": int(factors), "alpha": 9.0, "lambda": 1.0, "solver": solver}

    def iteration():
        one, two = (ours(fit, path, {**model, "iterations": n}) for n in (1, 2))
        return {"seconds": two["seconds"] - one["seconds"], "cpu": two["cpu"] - one["cpu"], "above_mb": statistics.mean([one["above_mb"], two["above_mb"]])}

    return measured(iteration)


def lists(top, path):
    """Lists of ten for all users from 64 factors."""
    took = ours(top, path, {"model": "ials", "factors": 64, "alpha": 9.0, "iterations": 1, "solver": "cg"}, 0)
    return {"seconds": took["all"]["seconds"], "cpu": took["all"]["cpu"], "above_mb": took["all"]["above_mb"]}


def peer_speed(work, program, path):
    command = [sys.executable, HERE / "peers.py", work, program, path]
    # Peers print lines of their own.
    lines = lambda: subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()  # noqa: E731
    return measured(lambda: json.loads(next(line for line in lines() if line.startswith("{"))))


if __name__ == "__main__":
    main()
