"""Reads, inspects and learns from the same tables in Ronghe and its peers, in turn, and writes raw/NAME.csv and SUMMARY.md.

    cargo build --release -p ronghe-cli && cargo build --release -p ronghe-data --example read
    ~/.cache/ronghe/versus/bin/python versus/data/run.py

About ten minutes. `--rows 20000` shows in a minute that everything runs. Each figure is of a process of its own:
seconds from its start to its end, seconds of the reading alone by its own clock, and the most memory it had (wait4).
"""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import summary

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))
from machine import child_seconds, cpu_name, kept, machine_seconds, pin, say, slug, write  # noqa: E402

FIELDS = ["date", "cpu", "threads", "work", "program", "repeat", "rows", "columns", "seconds", "whole", "peak_mb", "others", "seed",
          "settings", "versions"]
SLOW = 30.0  # seconds: such a program has one turn
READERS = ["ronghe", "polars-full", "polars-dates", "polars-default", "duckdb", "pandas"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3, help="turns of each reader (default 3; training and big.csv: one)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the mixed table; the other files grow and shrink with it")
    parser.add_argument("--epochs", type=int, default=2, help="of training (default 2)")
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--only", default="", help="works: " + ", ".join(summary.WORKS))
    parser.add_argument("--folder", type=pathlib.Path, help="keep the tables here and use those that are there")
    parser.add_argument("--out", type=pathlib.Path, default=HERE, help="folder of SUMMARY.md and raw/")
    parser.add_argument("--target", type=pathlib.Path, default=pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")),
                        help="cargo's target folder")
    parser.add_argument("--before", type=pathlib.Path, help="an earlier `ronghe`, to train and inspect beside today's")
    parser.add_argument("--peers-only", action="store_true", help="without Ronghe, to try the script")
    args = parser.parse_args()
    chosen = [work for work in summary.WORKS if not args.only or work in args.only.split(",")]
    if not chosen:
        raise SystemExit(f"no work is called {args.only}; there are {', '.join(summary.WORKS)}")
    cpus = pin(args.threads)
    date, cpu = datetime.date.today().isoformat(), cpu_name()
    raw = args.out / "raw" / f"{date}-{slug(cpu)}-{args.threads}t.csv"
    rows = kept(raw, set(chosen))
    with tempfile.TemporaryDirectory() as own:
        folder = args.folder or pathlib.Path(own)
        made = tables(folder, args)
        say(f"{cpu}, processors {cpus}; {made['bytes']}")
        for work in chosen:
            for found in alternate(work, folder, pathlib.Path(own), args):
                rows.append({"date": date, "cpu": cpu, "threads": args.threads, "work": work, "seed": made["seed"], **found})
                write(raw, FIELDS, rows)
    (args.out / "SUMMARY.md").write_text(summary.text(list((args.out / "raw").glob("*.csv"))), encoding="utf-8")
    say(f"{raw}, {args.out / 'SUMMARY.md'}")


def tables(folder, args):
    """The tables, made by another process: a child counts its parent's memory as its own until it is another program."""
    made = folder / "made.json"
    wanted = {"mixed": args.rows, "train": 2 * args.rows}
    if made.is_file():
        found = json.loads(made.read_text())
        if found["seed"] == args.seed and all(found["rows"][name] == rows for name, rows in wanted.items()):
            return found
    command = [sys.executable, HERE / "make.py", folder, "--rows", args.rows, "--train-rows", 2 * args.rows,
               "--big-bytes", 2000 * args.rows, "--seed", args.seed]
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    return json.loads(made.read_text())


def alternate(work, folder, own, args):
    """Ours, peer, peer, ours, ...: a figure each."""
    file = folder / {"csv": "mixed.csv", "parquet": "mixed.parquet", "train": "train.csv", "inspect": "big.csv"}[work]
    reading = work in ("csv", "parquet")
    programs = {"train": ["ronghe"], "inspect": ["ronghe", "duckdb-summarize"]}.get(work, list(READERS))
    if work == "parquet":
        programs = [p for p in programs if p not in ("polars-dates", "polars-default")]  # a Parquet file has its schema
    if args.peers_only:
        programs.remove("ronghe")
    elif args.before and not reading:
        programs.append("before")
    for repeat in range(1, (args.repeats if reading else 1) + 1):
        for program in list(programs):
            found = measure(command(work, program, file, own, args), args.threads)
            if found is None:
                programs.remove(program)
                continue
            if found["whole"] > SLOW:
                programs.remove(program)
            say(f"{work} {repeat}/{args.repeats if reading else 1} {program}: {found['whole']:.2f} s, {found['peak_mb']:.0f} MB")
            yield {"program": program, "repeat": repeat, **found}


def command(work, program, file, own, args):
    if program not in ("ronghe", "before"):
        return [sys.executable, HERE / "peers.py", program, file, "--threads", args.threads]
    if work in ("csv", "parquet"):
        return [args.target / "release" / "examples" / "read", file]
    cli = args.before if program == "before" else args.target / "release" / "ronghe"
    if work == "inspect":
        return [cli, "inspect", "--json", file]
    model = own / "model"
    shutil.rmtree(model, ignore_errors=True)
    return [cli, "train", "--data", file, "--target", "answer", "--out", model, "--seed", args.seed, "--threads", args.threads,
            "--set", f"training.epochs={args.epochs}"]


def measure(parts, threads):
    """Seconds and most memory of a process; what it prints, if that is JSON. None if it fails or is not there."""
    limit = str(threads)
    environment = {**os.environ, "POLARS_MAX_THREADS": limit, "OMP_NUM_THREADS": limit, "RAYON_NUM_THREADS": limit}
    busy, used = machine_seconds(), child_seconds()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        try:
            child = subprocess.Popen([str(part) for part in parts], stdout=out, stderr=err, env=environment)
        except OSError as error:
            say(f"{parts[0]}: {error}: left out")
            return None
        _, status, usage = os.wait4(child.pid, 0)
        whole = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        if child.returncode != 0:
            say(f"{err.read().decode(errors='replace')[-2000:]}\n{' '.join(map(str, parts[:3]))}: failed, left out")
            return None
        told = figures(out.read())
    others = max(machine_seconds() - busy - (child_seconds() - used), 0.0) / whole
    return {**told, "whole": round(whole, 3), "peak_mb": round(usage.ru_maxrss / 1024, 1), "others": round(others, 2)}


def figures(output):
    """`inspect` prints a profile, `train` words, the readers their own figures."""
    try:
        found = json.loads(output)
    except ValueError:
        return {}
    columns = found.get("columns", "")
    versions = " ".join(f"{name} {version}" for name, version in found.get("versions", {}).items())
    return {"rows": found.get("rows", ""), "columns": columns if isinstance(columns, int) else len(columns),
            "seconds": found.get("seconds", ""), "settings": found.get("settings", ""), "versions": versions}


if __name__ == "__main__":
    main()
