#!/usr/bin/env python3
"""Runs examples and prints a line of examples/RESULTS.md for each: figures, seconds, peak memory.

    cargo build --release
    python3 examples/run.py target/release/ronghe OUT_FOLDER mnist-dense fashion-cnn ...
"""
import json, os, pathlib, resource, subprocess, sys, time

here = pathlib.Path(__file__).parent
binary, out = sys.argv[1], pathlib.Path(sys.argv[2])
for name in sys.argv[3:]:
    name, *extra = name.split("@")
    command = [binary, "train", str(here / f"{name}.yaml"), "--out", str(out / name), "--json", *extra]
    started = time.time()
    log = open(out / f"{name}.log", "w") if out.exists() else None
    out.mkdir(parents=True, exist_ok=True)
    log = log or open(out / f"{name}.log", "w")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.time() - started
    if status:
        print(f"| {name} | failed, see {name}.log |", flush=True)
        continue
    found = json.loads(text)
    figures = {f["name"]: f for f in found["test"]["figures"]}
    shown = []
    for metric in ["accuracy", "auc", "log_loss", "ece", "rmse", "mae", "r2"]:
        if metric in figures:
            figure = figures[metric]
            interval = figure.get("interval")
            span = f" ({interval[0]:.4f} to {interval[1]:.4f})" if interval else ""
            shown.append(f"{metric} {figure['value']:.4f}{span}")
    rows = found["test"]["rows"]
    print(f"| {name} | {rows} | {', '.join(shown)} | {seconds:.0f} | {usage.ru_maxrss // 1024} |", flush=True)
