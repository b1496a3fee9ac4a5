"""Rows to explain and background rows of MNIST's test set, as folders of IDX files.

    python versus/explain/sets.py MNIST OUT

OUT/rows has the first 10 test rows, OUT/background 100 others drawn with a fixed seed.
"""

import argparse
import pathlib
import struct
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from mnist import idx  # noqa: E402


def write(folder, images, labels):
    folder.mkdir(parents=True, exist_ok=True)
    sizes = struct.pack(">3I", *images.shape)
    (folder / "t10k-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + sizes + images.tobytes())
    (folder / "t10k-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + struct.pack(">I", len(labels)) + labels.tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mnist", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    images, labels = idx(args.mnist, "t10k-images-idx3"), idx(args.mnist, "t10k-labels-idx1")
    background = 10 + np.sort(np.random.default_rng(1).permutation(len(images) - 10)[:100])
    write(args.out / "rows", images[:10], labels[:10])
    write(args.out / "background", images[background], labels[background])


if __name__ == "__main__":
    main()
