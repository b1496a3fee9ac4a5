"""Sets of pictures as arrays or files, and what all programs do with them alike: validation rows, the report."""

import argparse
import csv
import importlib.metadata
import json
import os
import pathlib
import pickle
import resource
import sys
import time

import numpy as np

STARTED = time.perf_counter()
FASHION = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


def cache():
    """Ronghe's folder of weights and data sets."""
    return pathlib.Path(os.environ.get("RONGHE_CACHE", pathlib.Path.home() / ".cache" / "ronghe"))


def arguments(about, ways, default_way):
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("way", choices=ways, nargs="?", default=default_way)
    parser.add_argument("data", type=pathlib.Path, help="CIFAR folder (make_cifar.py), or a CSV of pictures (subset.py)")
    parser.add_argument("--weights", type=pathlib.Path, help="the trunk's (default: Ronghe's cache)")
    parser.add_argument("--size", type=int, help="side the pictures are brought to (default 96; as-written 32)")
    parser.add_argument("--statistics", choices=["fixed", "batch"], default="fixed",
                        help="what batch norms use where the whole net is trained (default fixed)")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1e-3, help="learning rate of Adam (default 0.001)")
    parser.add_argument("--validation", type=float, default=0.1, help="share of training rows held out (default 0.1)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    return parser


def load(path, validation, seed):
    """`{"train": (pictures, labels), "validation": ..., "test": ...}` and the number of classes. Pictures are u8
    `[rows, 32, 32, 3]` of a CIFAR folder, or paths as text of a CSV. Where no validation rows are named, a share of the
    training rows is held out, class by class."""
    parts = table(path) if path.is_file() else cifar(path)
    classes = 1 + max(int(labels.max()) for _, labels in parts.values() if len(labels))
    if "validation" not in parts:
        pictures, labels = parts["train"]
        held = hold_out(labels, validation, seed)
        parts["validation"] = pictures[held], labels[held]
        parts["train"] = pictures[~held], labels[~held]
    return parts, classes


def cifar(folder):
    def part(names):
        batches = [batch(path) for name in names for path in sorted(folder.glob(name))]
        if not batches:
            raise SystemExit(f"{folder}: no {names[0]}")
        planes, labels = (np.concatenate(parts) for parts in zip(*batches))
        return np.ascontiguousarray(planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)), labels.astype(np.int64)

    return {"train": part(["data_batch_?.bin", "data_batch_?"]), "test": part(["test_batch.bin", "test_batch"])}


def batch(path):
    if path.suffix == ".bin":
        records = np.fromfile(path, np.uint8).reshape(-1, 3073)
        return records[:, 1:], records[:, 0]
    with path.open("rb") as file:
        entries = pickle.load(file, encoding="latin1")
    return entries["data"], np.array(entries["labels"])


def table(path):
    """Columns image (a path relative to the table), label, split."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["label"] for row in rows})
    number = {name: i for i, name in enumerate(names)}
    parts = {}
    for split in sorted({row["split"] for row in rows}):
        of = [row for row in rows if row["split"] == split]
        files = np.array([str(path.parent / row["image"]) for row in of])
        parts[split] = files, np.array([number[row["label"]] for row in of], np.int64)
    return parts


def hold_out(labels, share, seed):
    """A mask over the rows: `share` of each class, drawn at random."""
    held, random = np.zeros(len(labels), bool), np.random.default_rng(seed)
    for name in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == name))
        held[rows[: round(share * len(rows))]] = True
    return held


class Clock:
    """Seconds of each stage, from the start of the script."""

    def __init__(self):
        self.seconds, self.last = {}, STARTED

    def stage(self, name):
        """Ends a stage."""
        now = time.perf_counter()
        self.seconds[name], self.last = now - self.last, now


def report(program, args, clock, parts, packages, settings, epochs, accuracy, **more):
    """The JSON object. `seconds_trained` is from data to trained: without import, without the test."""
    seconds = {name: round(value, 3) for name, value in clock.seconds.items()}
    trained = sum(value for name, value in clock.seconds.items() if name not in ("import", "test"))
    return json.dumps({
        "program": program, "way": args.way, "settings": settings, "threads": args.threads, "seed": args.seed,
        "rows": {name: len(labels) for name, (_, labels) in parts.items()}, "epochs": args.epochs, "batch": args.batch,
        "seconds": seconds, "seconds_trained": round(trained, 3),
        "seconds_all": round(time.perf_counter() - STARTED, 3), "seconds_per_epoch": [round(s, 4) for s in epochs],
        "test_accuracy": round(accuracy, 4), **more,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "versions": {package: importlib.metadata.version(package) for package in packages},
    })


def own_output():
    """Libraries talk on standard output too: it is kept for the JSON object."""
    standard, sys.stdout = sys.stdout, sys.stderr
    return standard
