"""Ronghe's explanations beside shap's: time, memory and error on MNIST's dense net, error on tabular games.

    ronghe train examples/mnist-dense.yaml --out MODEL
    cargo build --release && cargo build --release -p ronghe --example games
    ~/.cache/ronghe/versus/bin/python versus/explain/run.py target/release MODEL MNIST OUT

target/release holds both programs, MNIST the IDX files, OUT gets the sets, what was found, and every program's messages. Writes
raw/*.csv, SUMMARY.md and plots/*.svg beside this file.
"""

import argparse
import csv
import datetime
import json
import os
import pathlib
import subprocess
import sys
import time

import numpy as np

import summary

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from machine import cpu_name, pin, say  # noqa: E402

SEED = 0
GRIDS = {"pixels": "28x28", "patches": "7x7"}
# Evaluations a row; shap's own are 2 players + 2048.
BUDGETS = {"pixels": {"ronghe": [1800, 3616, 8000, 20000, 60000], "shap": [3616, 7232]},
           "patches": {"ronghe": [200, 500, 1000, 2146, 8000, 30000], "shap": [500, 2146, 8000]}}
TRUTH = {"pixels": 400_000, "patches": 400_000}
METHODS = ["kernel", "permutation"]
GAME_BUDGETS, GAME_SEEDS = "4,8,16,32", 10
# shapiq's proxies take a tenth of a second a sample and output.
PEER_GAMES, PEER_BUDGETS, PEER_SEEDS, PEER_ROWS = "diabetes,wine,friedman,gates,voting,airport,glove", "4,8,16", 5, 4


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("mnist", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3, help="turns of the timed commands at shap's own budget")
    parser.add_argument("--only", default="picture,games", help="picture, games, shapiq")
    parser.add_argument("--shapiq", type=pathlib.Path, help="the Python that has shapiq, see shapiq_games.py")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    say(f"{cpu_name()}, processors {pin(args.threads)}")
    stamp = {"date": datetime.date.today().isoformat(), "cpu": cpu_name(), "threads": args.threads}
    if "picture" in args.only:
        keep("picture", [{**stamp, **row} for row in picture(args)])
    if "games" in args.only:
        keep("games", [{**stamp, **row} for row in games(args)])
    if "shapiq" in args.only:
        keep("shapiq", [{**stamp, "threads": 1, **row} for row in peers(args)])
    summary.write(HERE)
    say(HERE / "SUMMARY.md")


def keep(name, rows):
    path = HERE / "raw" / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def run(command, out, env=None):
    """Output, seconds and peak memory in MB of a command; it may exit with 3, for not converged."""
    with (out / "messages.log").open("a", encoding="utf-8") as log:
        start = time.perf_counter()
        child = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=log, text=True,
                                 env={**os.environ, **(env or {})})
        text = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, NOT_CONVERGED):
        raise SystemExit(f"{command[0]} ended with {code}; see {out / 'messages.log'}")
    return text, seconds, used.ru_maxrss / 1024


NOT_CONVERGED = 3


def ours(args, grid, method, budget, seed=SEED):
    spec = "pixels/background" if grid == "28x28" else f"patches:{grid}/background"
    command = [args.programs / "ronghe", "explain", args.model, "--data", args.out / "sets" / "rows", "--background-data",
               args.out / "sets" / "background", "--background", 100, "--rows", 10, "--mask", f"image={spec}", "--method", method,
               "--budget", budget + 2, "--tolerance", 0, "--seed", seed, "--threads", args.threads, "--json", "--quiet"]
    text, seconds, peak = run(command, args.out)
    found = json.loads(text)
    parts = [row["parts"] for row in found]
    return {
        "values": np.array([p["attributions"] for p in parts]), "errors": np.array([p["standard_error"] for p in parts]),
        "evaluations": float(np.mean([p["evaluations"] for p in parts])), "seconds": seconds, "peak": peak,
    }


def theirs(args, grid, budget, *more):
    command = [sys.executable, HERE / "picture.py", args.model, args.out / "sets" / "rows", args.out / "sets" / "background",
               "--grid", grid, "--samples", budget, "--threads", args.threads, *more]
    text, _, peak = run(command, args.out, {"OMP_NUM_THREADS": str(args.threads), "MKL_NUM_THREADS": str(args.threads)})
    found = json.loads(text)
    return {"values": np.array(found["values"]), "seconds": sum(found["seconds"]), "peak": peak, "version": found["version"]}


def picture(args):
    subprocess.run([sys.executable, HERE / "sets.py", args.mnist, args.out / "sets"], check=True)
    rows = []
    for name, grid in GRIDS.items():
        truth = ours(args, grid, "permutation", TRUTH[name], seed=1000)
        se = float(np.sqrt((truth["errors"] ** 2).mean()))
        say(f"{name}: truth from {truth['evaluations']:.0f} evaluations a row, standard error {se:.2e}, {truth['seconds']:.0f} s")

        def row(program, method, budget, found, turn=1, peak=None):
            error = float(((found["values"] - truth["values"]) ** 2).mean())
            out = {"work": name, "program": program, "method": method, "budget": budget, "turn": turn,
                   "evaluations": found.get("evaluations", budget), "seconds_10_rows": round(found["seconds"], 4),
                   "squared_error": error, "peak_mb": round(found["peak"]), "truth_se": se}
            say(f"{name} {program} {method} {budget}: {found['seconds']:.2f} s, squared error {error:.3e}, {found['peak']:.0f} MB")
            return out

        own = 3616 if name == "pixels" else 2146
        for budget in BUDGETS[name]["shap"]:
            for turn in range(1, 1 + (args.repeats if budget == own else 1)):
                rows.append(row("shap", "kernel", budget, theirs(args, grid, budget), turn))
        for budget in BUDGETS[name]["ronghe"]:
            for method in METHODS:
                for turn in range(1, 1 + (args.repeats if budget == own else 1)):
                    try:
                        found = ours(args, grid, method, budget)
                    except SystemExit as error:
                        say(f"{name} ronghe {method} {budget}: left out ({error})")
                        break
                    rows.append(row("ronghe", method, budget, found, turn))
    # Few enough players to count every coalition, in float64.
    exact = theirs(args, "3x4", 0, "--exact")
    found = ours(args, "3x4", "exact", 4094)
    difference = float(np.abs(exact["values"] - found["values"]).max())
    say(f"12 patches, every coalition: largest difference from float64 {difference:.2e}")
    rows.append({**{k: "" for k in rows[0]}, "work": "exact", "program": "ronghe", "method": "exact", "budget": 4096,
                 "squared_error": difference})
    return rows


def games(args):
    folder = args.out / "games"
    subprocess.run([sys.executable, HERE / "games.py", folder], check=True)
    text, _, _ = run([args.programs / "examples" / "games", folder, "0", 1, "exact"], args.out)
    truth = {(line["game"], line["row"]): np.array(line["values"]) for line in map(json.loads, text.splitlines())}
    lines = []
    text, _, _ = run([args.programs / "examples" / "games", folder, GAME_BUDGETS, GAME_SEEDS, ",".join(METHODS)], args.out)
    lines += map(json.loads, text.splitlines())
    text, _, _ = run([sys.executable, HERE / "shap_games.py", folder, "--budgets", GAME_BUDGETS, "--seeds", GAME_SEEDS], args.out)
    lines += map(json.loads, text.splitlines())
    return scored(lines, truth)


def peers(args):
    """Ours and shapiq's estimators on fewer rows and seeds, games with steps among them."""
    folder = args.out / "shapiq-games"
    subprocess.run([sys.executable, HERE / "games.py", folder, "--only", PEER_GAMES], check=True)
    program = args.programs / "examples" / "games"
    text, _, _ = run([program, folder, "0", 1, "exact"], args.out)
    truth = {(line["game"], line["row"]): np.array(line["values"]) for line in map(json.loads, text.splitlines())}
    text, _, _ = run([program, folder, PEER_BUDGETS, PEER_SEEDS, ",".join(METHODS)], args.out)
    lines = [line for line in map(json.loads, text.splitlines()) if line["row"] < PEER_ROWS]
    text, _, _ = run([args.shapiq, HERE / "shapiq_games.py", folder, "--budgets", PEER_BUDGETS, "--seeds", PEER_SEEDS, "--rows",
                      PEER_ROWS], args.out, {"OMP_NUM_THREADS": "1"})
    return scored(lines + list(map(json.loads, text.splitlines())), truth)


def scored(lines, truth):
    """Squared errors, and how many intervals hold the exact value."""
    rows = []
    for line in lines:
        true, values = truth[line["game"], line["row"]], np.array(line["values"])
        missed = np.abs(values - true)
        inside = asked = 0
        if "standard_error" in line:
            se = np.array(line["standard_error"])
            sampled = se > 0
            inside, asked = int((missed[sampled] <= 1.96 * se[sampled]).sum()), int(sampled.sum())
        program = {"shap": "shap", "leverage": "shapiq", "odd": "shapiq", "msr": "shapiq"}.get(line["method"], "ronghe")
        # Relative to the size of the game's values, so that games count alike.
        rows.append({"game": line["game"], "row": line["row"], "program": program,
                     "method": line["method"], "budget": line["budget"], "seed": line["seed"],
                     "squared_error": float((missed ** 2).mean() / max((true ** 2).mean(), 1e-300)), "inside": inside, "asked": asked})
    return rows


if __name__ == "__main__":
    main()
