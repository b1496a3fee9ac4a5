"""Keeps a few training rows a class, for training with few labels.

    subset.py TABLE.csv OUT.csv --per-class 8 --seed 1     columns text, label and maybe split; .tsv and .tab, too
    subset.py MNIST_FOLDER OUT_FOLDER --per-class 60       IDX files; writes pictures and OUT_FOLDER/pictures.csv
    subset.py CIFAR_FOLDER OUT_FOLDER --per-class all --side 128 --format jpg

Validation and test rows stay as they are (`--test M` keeps M of the test rows, drawn at random). A table without a column
split gets one first: a fifth of each class is test. The order of the rows stays. Of MNIST and Fashion-MNIST, 60 a class is
one per cent of the labels.
"""

import argparse
import csv
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from mnist import idx  # noqa: E402
from pictures import FASHION, cifar, hold_out  # noqa: E402

TEST_SHARE = 0.2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=pathlib.Path, metavar="IN")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--per-class", required=True, help="training rows of each class, or all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--test", type=int, help="most test rows (default all)")
    parser.add_argument("--side", type=int, help="of pictures: bring them to this side (default as they are)")
    parser.add_argument("--format", choices=["png", "jpg"], default="png", help="of pictures (default png)")
    args = parser.parse_args()
    random = np.random.default_rng(args.seed)
    if args.source.is_dir():
        pictures, labels, splits = folder(args.source)
        rows = keep(labels, splits, args, random)
        files = write_pictures(args, pictures, rows)
        entries = [{"image": file, "label": labels[row], "split": splits[row]} for file, row in zip(files, rows)]
        write(args.out / "pictures.csv", ["image", "label", "split"], entries)
    else:
        names, entries = read(args.source)
        labels = [entry["label"] for entry in entries]
        if "split" not in names:
            names = [*names, "split"]
            held = hold_out(np.array(labels), TEST_SHARE, args.seed)
            entries = [{**entry, "split": "test" if test else "train"} for entry, test in zip(entries, held)]
        rows = keep(labels, [entry["split"] for entry in entries], args, random)
        write(args.out, names, [entries[row] for row in rows])


def keep(labels, splits, args, random):
    """Numbers of the rows to keep, ascending."""
    labels, splits = np.array(labels), np.array(splits)
    kept = []
    for split in np.unique(splits):
        rows = np.flatnonzero(splits == split)
        if split == "train" and args.per_class != "all":
            for label in np.unique(labels[rows]):
                of = rows[labels[rows] == label]
                if len(of) < int(args.per_class):
                    print(f"{label}: {len(of)} training rows, fewer than {args.per_class}", file=sys.stderr)
                kept.append(random.permutation(of)[: int(args.per_class)])
        elif split == "test" and args.test is not None:
            kept.append(random.permutation(rows)[: args.test])
        else:
            kept.append(rows)
    rows = np.sort(np.concatenate(kept))
    counts = {split: int((splits[rows] == split).sum()) for split in np.unique(splits).tolist()}
    print(f"{args.out}: {', '.join(f'{count} {split}' for split, count in counts.items())}", file=sys.stderr)
    return rows


def folder(path):
    """Pictures, labels and split of IDX files or of CIFAR batches."""
    if any(path.glob("train-images*")):
        parts = {split: (idx(path, f"{stem}-images-idx3-ubyte"), idx(path, f"{stem}-labels-idx1-ubyte"))
                 for split, stem in (("train", "train"), ("test", "t10k"))}
        names = FASHION if "fashion" in path.name else [str(digit) for digit in range(10)]
    else:
        parts = cifar(path)
        meta = path / "batches.meta.txt"
        names = meta.read_text(encoding="utf-8").split("\n") if meta.is_file() else [str(i) for i in range(10)]
    pictures = np.concatenate([x for x, _ in parts.values()])
    labels = [names[label] for _, y in parts.values() for label in y]
    return pictures, labels, [split for split, (x, _) in parts.items() for _ in x]


def write_pictures(args, pictures, rows):
    """Writes a file for each row; their names relative to the folder."""
    from PIL import Image

    (args.out / "pictures").mkdir(parents=True, exist_ok=True)
    files = []
    for row in rows:
        picture = Image.fromarray(pictures[row])
        if args.side:
            picture = picture.resize((args.side, args.side), Image.Resampling.BICUBIC)
        files.append(f"pictures/{row:06}.{args.format}")
        picture.save(args.out / files[-1], **({"quality": 90} if args.format == "jpg" else {}))
    return files


def read(path):
    csv.field_size_limit(1 << 30)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter="," if path.suffix == ".csv" else "\t")
        entries = list(reader)
    if "label" not in reader.fieldnames:
        raise SystemExit(f"{path}: no column label among {', '.join(reader.fieldnames)}")
    return reader.fieldnames, entries


def write(path, names, entries):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, delimiter="," if path.suffix == ".csv" else "\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(entries)


if __name__ == "__main__":
    main()
