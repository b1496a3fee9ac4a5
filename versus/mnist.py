"""MNIST's IDX files as arrays, and the arguments that both MNIST scripts take."""

import argparse
import gzip
import pathlib

import numpy as np


def arguments(about):
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("folder", type=pathlib.Path, help="holds train-images-idx3-ubyte and its three siblings")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def idx(folder, stem):
    """An IDX file of bytes: two zeros, type 8, number of dimensions, big-endian sizes, elements."""
    path = next(iter(sorted(folder.glob(stem.replace("-idx", "?idx") + "*"))), None)
    if path is None:
        raise SystemExit(f"{folder}: no {stem}")
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    sizes = np.frombuffer(data, ">u4", data[3], 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(sizes)


def load(folder):
    """(train pictures, train labels), (test pictures, test labels); pictures f32 in 0 to 1."""
    parts = []
    for stem in ("train", "t10k"):
        pictures = idx(folder, f"{stem}-images-idx3-ubyte").astype(np.float32) / 255
        parts.append((pictures, idx(folder, f"{stem}-labels-idx1-ubyte").astype(np.int64)))
    return parts
