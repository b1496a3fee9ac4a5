"""Runs Ronghe's transfer programs and their twins in Keras and PyTorch in turn; writes raw/NAME.csv and SUMMARY.md.

    ~/.cache/ronghe/versus/bin/python versus/transfer/run.py target/release/ronghe OUT

OUT holds the sets it makes, Ronghe's models and every program's messages.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

import summary
import works
from pictures import cache

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from machine import cpu_name, kept, machine_seconds, pin, say, slug, write  # noqa: E402

# Where in its cache Ronghe keeps vectors of frozen trunks: each run gets a cache with everything but them (fresh_cache), so
# that no run finds what another has computed.
VECTORS = "vectors"
SIDE = 128  # of the JPEG files
FIELDS = ["date", "cpu", "threads", "work", "program", "repeat", "train_rows", "test_rows", "epochs", "seconds_all",
          "seconds_trained", "seconds_epoch", "images_per_second", "test_accuracy", "peak_mb", "others", "stages", "settings",
          "versions"]
EPOCH = re.compile(r"^epoch \d+/\d+\s+([\d.]+) s\b", re.MULTILINE)
ROWS = re.compile(r"^(\d+) training, (\d+) validation, (\d+) test rows", re.MULTILINE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ronghe", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3, help="turns of each program (default 3)")
    parser.add_argument("--train", type=int, default=5000, help="pictures, a tenth of them for validation (default 5000)")
    parser.add_argument("--test", type=int, default=1000)
    parser.add_argument("--epochs", type=int, help="instead of each work's own")
    parser.add_argument("--only", default="", help="works whose name contains one of these, with commas")
    parser.add_argument("--results", type=pathlib.Path, default=HERE, help="folder of SUMMARY.md and raw/")
    args = parser.parse_args()
    parts = args.only.split(",")
    chosen = [work for work in works.table().values() if any(part in work.name for part in parts)]
    if not chosen:
        raise SystemExit(f"no work is called like {args.only}; there are {', '.join(works.table())}")
    if not args.ronghe.is_file():
        raise SystemExit(f"{args.ronghe} is missing: cargo build --release")
    args.ronghe, args.out = args.ronghe.resolve(), args.out.resolve()
    args.out.mkdir(parents=True, exist_ok=True)
    cpus = pin(args.threads)
    date, cpu = datetime.date.today().isoformat(), cpu_name()
    say(f"{cpu}, processors {cpus}; sets in {args.out}")
    sets = make_sets(args)
    raw = args.results / "raw" / f"{date}-{slug(cpu)}.csv"
    rows = kept(raw, {work.name for work in chosen})
    for work in chosen:
        for found in alternate(work, args, sets):
            rows.append({"date": date, "cpu": cpu, "threads": args.threads, "work": work.name, **found})
        write(raw, FIELDS, rows)
        text = summary.text(list((args.results / "raw").glob("*.csv")))
        (args.results / "SUMMARY.md").write_text(text, encoding="utf-8")
    say(f"{raw}, {args.results / 'SUMMARY.md'}")


def make_sets(args):
    """The CIFAR folder, and the same pictures as JPEG files."""
    python("make_cifar.py", args.out, "--train", args.train, "--test", args.test)
    folder = args.out / "cifar-10-batches-bin"
    jpeg = args.out / "jpeg"
    shutil.rmtree(jpeg, ignore_errors=True)
    python("subset.py", folder, jpeg, "--per-class", "all", "--side", SIDE, "--format", "jpg")
    return {"cifar": folder, "jpeg": jpeg / "pictures.csv"}


def python(script, *arguments):
    subprocess.run([sys.executable, str(HERE / script), *map(str, arguments)], check=True, stdout=sys.stderr)


def alternate(work, args, sets):
    """Ours, peer, peer, ours, ...: a row each. A program that fails is left out from there on."""
    programs = ["ronghe", *work.peers]
    for repeat in range(1, args.repeats + 1):
        for program in list(programs):
            run = ours if program == "ronghe" else peer
            found = run(program, work, args, sets[work.data])
            if found is None:
                say(f"{work.name} {program}: failed, left out: {log_of(program, work, args)}")
                programs.remove(program)
                continue
            say(f"{work.name} {repeat}/{args.repeats} {program}: {found['seconds_all']:.1f} s, accuracy {found['test_accuracy']}")
            yield {"program": program, "repeat": repeat, **found}


def ours(program, work, args, data):
    model = args.out / f"model-{work.name}"
    shutil.rmtree(model, ignore_errors=True)
    command = [args.ronghe, "train", HERE / work.config, "--data", data, "--out", model, "--json", "--threads", args.threads,
               "--cache", fresh_cache(args.out / "cache"), "--set", f"training.epochs={args.epochs or work.epochs}"]
    done = measured(command, {}, log_of(program, work, args))
    if done is None:
        return None
    text, figures, messages = done
    found = json.loads(text)
    accuracy = next(figure["value"] for figure in found["test"]["figures"] if figure["name"] == "accuracy")
    epochs = [float(seconds) for seconds in EPOCH.findall(messages)]
    counts = ROWS.search(messages)
    version = subprocess.run([args.ronghe, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return {
        **figures, **rate(epochs, int(counts[1]) if counts else None),
        "train_rows": counts[1] if counts else "", "test_rows": found["test"]["rows"],
        "epochs": args.epochs or work.epochs, "test_accuracy": round(accuracy, 4),
        # Ours counts the test, calibration and saving, which the peers' figure leaves out.
        "seconds_trained": round(found["seconds"], 3), "stages": "", "settings": work.config, "versions": version,
    }


def fresh_cache(folder):
    """A folder of links to what the cache holds, without kept vectors."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for item in cache().resolve().iterdir():
        if item.name != VECTORS and item.is_dir():
            (folder / item.name).symlink_to(item)
    return folder


def peer(program, work, args, data):
    script, way, *options = work.peers[program]
    command = [sys.executable, HERE / script, way, data, *options, "--threads", args.threads,
               "--epochs", args.epochs or work.epochs]
    threads = {name: str(args.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    done = measured(command, {**threads, "RONGHE_CACHE": str(cache())}, log_of(program, work, args))
    if done is None:
        return None
    text, figures, _ = done
    found = json.loads(text)
    return {
        **figures, **rate(found["seconds_per_epoch"], found["rows"]["train"]),
        "train_rows": found["rows"]["train"], "test_rows": found["rows"]["test"], "epochs": found["epochs"],
        "test_accuracy": found["test_accuracy"], "seconds_trained": found["seconds_trained"],
        "stages": " ".join(f"{name} {value}" for name, value in found["seconds"].items()), "settings": found["settings"],
        "versions": " ".join(f"{name} {version}" for name, version in found["versions"].items()),
    }


def rate(epochs, rows):
    """Seconds of the middle epoch but the first, which compiles and warms up, and its training pictures a second. Ronghe tells
    tenths of a second; an epoch too short for that has none."""
    if not epochs or not statistics.median(epochs[1:] or epochs):
        return {"seconds_epoch": "", "images_per_second": ""}
    middle = statistics.median(epochs[1:] or epochs)
    return {"seconds_epoch": round(middle, 4), "images_per_second": round(rows / middle, 1) if rows else ""}


def measured(command, environment, log):
    """Standard output, wall-clock seconds, peak memory and who else was busy, and standard error; None if it fails."""
    with log.open("w+", encoding="utf-8", errors="replace") as messages:
        start, busy = time.monotonic(), machine_seconds()
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=messages, text=True,
                                   env={**os.environ, **environment})
        text = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        elapsed = time.monotonic() - start
        others = (machine_seconds() - busy - used.ru_utime - used.ru_stime) / elapsed
        messages.seek(0)
        said = messages.read()
    if process.returncode:
        return None
    figures = {"seconds_all": round(elapsed, 3), "peak_mb": used.ru_maxrss // 1024, "others": round(max(others, 0.0), 2)}
    return text, figures, said


def log_of(program, work, args):
    return args.out / f"{work.name}-{program}.log"


if __name__ == "__main__":
    main()
