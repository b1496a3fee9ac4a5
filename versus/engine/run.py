"""Runs the works in Ronghe and in its peers in turn, each in a process of its own, and writes raw/NAME.csv and SUMMARY.md.

    cargo build --release -p ronghe --example engine
    ~/.cache/ronghe/versus/bin/python versus/engine/run.py --threads 2
"""

import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import summary
import works

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))
from machine import child_seconds, cpu_name, kept, machine_seconds, pin, say, slug, write  # noqa: E402

FIELDS = ["date", "cpu", "threads", "work", "program", "repeat", "unit", "value", "best", "runs", "others", "difference",
          "scale", "losses", "settings", "versions"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5, help="turns of each program (default 5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each turn, after its warm-up (default 3)")
    parser.add_argument("--only", default="", help="works whose name contains one of these, with commas")
    parser.add_argument("--out", type=pathlib.Path, default=HERE, help="folder of SUMMARY.md and raw/")
    parser.add_argument("--engine", type=pathlib.Path, default=engine(), help="our program (default: cargo's)")
    args = parser.parse_args()
    parts = args.only.split(",")
    chosen = [work for work in works.table().values() if any(part in work.name for part in parts)]
    if not chosen:
        raise SystemExit(f"no work is called like {args.only}; there are {', '.join(works.table())}")
    if not args.engine.is_file():
        raise SystemExit(f"{args.engine} is missing: cargo build --release -p ronghe --example engine")
    cpus = pin(args.threads)
    date, cpu = datetime.date.today().isoformat(), cpu_name()
    raw = args.out / "raw" / f"{date}-{slug(cpu)}-{args.threads}t.csv"
    rows = kept(raw, {work.name for work in chosen})
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        say(f"{cpu}, processors {cpus}; networks and models")
        if peer(["prepare", ",".join(work.name for work in chosen), folder]) is None:
            raise SystemExit(1)
        for work in chosen:
            for found in alternate(work, args, folder):
                rows.append({"date": date, "cpu": cpu, "threads": args.threads, "work": work.name, **found})
            write(raw, FIELDS, rows)
            text = summary.text(list((args.out / "raw").glob("*.csv")))
            (args.out / "SUMMARY.md").write_text(text, encoding="utf-8")
    say(f"{raw}, {args.out / 'SUMMARY.md'}")


def alternate(work, args, folder):
    """Ours, peer, peer, ours, ...: a figure each. Losses and outputs of all are compared with ours, or, where ours is
    not in f32, with those of ONNX Runtime in f32."""
    programs, reference = ["ronghe", *work.peers], None
    if work.precision != "f32":
        reference = one("onnxruntime", works.table()[work.plain], args, folder, seconds=0)
    for repeat in range(1, args.repeats + 1):
        for program in list(programs):
            found = one(program, work, args, folder)
            if found is None:
                programs.remove(program)
                continue
            if program == "ronghe" and work.precision == "f32":
                reference = found
            found["difference"], found["scale"] = difference(found, reference)
            say(f"{work.name} {repeat}/{args.repeats} {program}: {found['value']:.0f} {work.unit}")
            yield {
                **{key: found[key] for key in ("program", "value", "best", "runs", "others", "settings", "difference")},
                "scale": found["scale"], "repeat": repeat, "unit": work.unit,
                "losses": " ".join(f"{loss:.7g}" for loss in found["losses"]),
                "versions": " ".join(f"{name} {version}" for name, version in found["versions"].items()),
            }


def one(program, work, args, folder, seconds=None):
    """What a program prints, with `others`: cores that other programs kept busy meanwhile, and `outputs`."""
    outputs = folder / "outputs.safetensors"
    outputs.unlink(missing_ok=True)
    options = ["--threads", args.threads, "--seconds", args.seconds if seconds is None else seconds,
               "--outputs", outputs]
    start, busy, own = time.monotonic(), machine_seconds(), child_seconds()
    if program == "ronghe":
        command = [args.engine, work.ours, folder / work.weights, "--batch", work.batch, "--size", work.size,
                   "--precision", work.precision, *options]
        text = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    else:
        text = peer([program, work.name, folder, *options])
        if text is None:
            return None
    elapsed = time.monotonic() - start
    found = json.loads(text)
    others = (machine_seconds() - busy - (child_seconds() - own)) / elapsed
    return {**found, "others": round(max(others, 0.0), 2), "outputs": load(outputs)}


def peer(arguments):
    """What peers.py prints. A peer that fails or is not installed gives None: the work goes on without it."""
    threads = str(len(os.sched_getaffinity(0)))
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    command = [sys.executable, str(HERE / "peers.py"), *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    if done.returncode == 0:
        return done.stdout
    say(f"{done.stderr}\n{' '.join(map(str, arguments[:2]))}: failed, left out")
    return None


def difference(found, reference):
    """Largest absolute difference of losses or outputs, and the largest absolute value of the reference."""
    if found is reference or reference is None:
        return "", ""
    pairs = list(zip(found["losses"], reference["losses"]))
    if pairs:
        return max(abs(a - b) for a, b in pairs), max(abs(b) for _, b in pairs)
    a, b = found["outputs"], reference["outputs"]
    if a is None or b is None:
        return "", ""
    if a.shape != b.shape:
        raise SystemExit(f"{found['program']} gives {a.shape}, {reference['program']} {b.shape}")
    return float(abs(a - b).max()), float(abs(b).max())


def load(path):
    if not path.is_file():
        return None
    from safetensors.numpy import load_file

    return load_file(path)["outputs"]


def engine():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "examples" / "engine"


if __name__ == "__main__":
    main()
