"""Writes files in CIFAR-10's own formats, filled with Fashion-MNIST, for programs that expect CIFAR-10.

    make_cifar.py OUT --train 5000 --test 1000 [--format bin | py]

OUT/cifar-10-batches-bin (the binary format) or OUT/cifar-10-batches-py (the pickles, byte for byte of the kind that
Python 2 wrote): training rows over five batches, a test batch, the names of the classes. A picture is the gray one brought
from 28 to 32 pixels (bilinear), three times. It is not CIFAR-10, which no package has, and no figure on it is one on CIFAR-10.
"""

import argparse
import pathlib
import struct
import sys

import numpy as np
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from mnist import idx  # noqa: E402
from pictures import FASHION, cache  # noqa: E402

SIDE = 32


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--train", type=int, default=5000, help="training rows (default 5000)")
    parser.add_argument("--test", type=int, default=1000, help="test rows (default 1000)")
    parser.add_argument("--format", choices=FORMATS, default="bin")
    parser.add_argument("--fashion", type=pathlib.Path, default=cache() / "fashion-mnist", help="folder of its IDX files")
    parser.add_argument("--seed", type=int, default=1, help="of which rows are taken (default 1)")
    args = parser.parse_args()
    batches = {}
    train = take(args.fashion, "train", args.train, args.seed)
    for i, rows in enumerate(np.array_split(np.arange(args.train), 5), start=1):
        batches[f"data_batch_{i}"] = f"training batch {i} of 5", train[0][rows], train[1][rows]
    batches["test_batch"] = "testing batch 1 of 1", *take(args.fashion, "t10k", args.test, args.seed)
    folder = args.out / f"cifar-10-batches-{args.format}"
    folder.mkdir(parents=True, exist_ok=True)
    FORMATS[args.format](folder, batches)
    print(folder)


def take(folder, stem, count, seed):
    """`count` rows drawn at random: planes `[count, 3072]` (1,024 red, green, blue) and labels."""
    pictures, labels = idx(folder, f"{stem}-images-idx3-ubyte"), idx(folder, f"{stem}-labels-idx1-ubyte")
    if count > len(labels):
        raise SystemExit(f"{folder}: {len(labels)} rows in {stem}, {count} asked for")
    rows = np.random.default_rng(seed).permutation(len(labels))[:count]
    large = [np.asarray(Image.fromarray(pictures[row]).resize((SIDE, SIDE), Image.Resampling.BILINEAR)) for row in rows]
    planes = np.stack(large).reshape(count, SIDE * SIDE) if count else np.zeros((0, SIDE * SIDE), np.uint8)
    return np.tile(planes, 3), labels[rows]


def binary(folder, batches):
    """A record is the label, a byte, and the planes."""
    for name, (_, planes, labels) in batches.items():
        (folder / f"{name}.bin").write_bytes(np.concatenate([labels[:, None], planes], axis=1).tobytes())
    (folder / "batches.meta.txt").write_text("".join(f"{name}\n" for name in FASHION) + "\n", encoding="utf-8")


def python(folder, batches):
    """Dictionaries with `batch_label`, `labels`, `data`, `filenames`."""
    for name, (label, planes, labels) in batches.items():
        files = [f"{FASHION[label]}_s_{row:06}.png".replace("/", "-") for row, label in enumerate(labels)]
        entries = {"batch_label": label, "labels": [int(label) for label in labels], "data": planes, "filenames": files}
        (folder / name).write_bytes(pickled(entries))
    counts = {"num_cases_per_batch": len(batches["data_batch_1"][2]), "label_names": FASHION, "num_vis": 3 * SIDE * SIDE}
    (folder / "batches.meta").write_bytes(pickled(counts))


FORMATS = {"bin": binary, "py": python}


def pickled(value):
    """Protocol 2 as Python 2 wrote it: its strings are bytes, for which Python 3's pickle writes a call instead."""
    return b"\x80\x02" + opcodes(value) + b"."


def opcodes(value):
    if isinstance(value, dict):
        return b"}(" + b"".join(opcodes(part) for entry in value.items() for part in entry) + b"u"
    if isinstance(value, (list, tuple)):
        return b"](" + b"".join(opcodes(part) for part in value) + b"e"
    if isinstance(value, int):
        return b"K" + bytes([value]) if value < 256 else b"J" + struct.pack("<i", value)
    if isinstance(value, str):
        return text(value.encode())
    kind = b"cnumpy\ndtype\n" + text(b"u1") + b"K\x00K\x01\x87R(K\x03" + text(b"|") + b"NNN" + 2 * b"J\xff\xff\xff\xff" + b"K\x00tb"
    empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text(b"b") + b"\x87R"
    shape = b"".join(opcodes(size) for size in value.shape) + b"\x86"
    return empty + b"(K\x01" + shape + kind + b"\x89" + text(value.tobytes()) + b"tb"


def text(content):
    if len(content) < 256:
        return b"U" + bytes([len(content)]) + content
    return b"T" + struct.pack("<i", len(content)) + content


if __name__ == "__main__":
    main()
