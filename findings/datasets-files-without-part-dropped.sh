#!/usr/bin/env bash
# datasets leaves out the files that name no part, as soon as one does.
# Expected: files without such a name are training rows, or an error.
# Seen on 2026-11-30: data.csv beside data_test.csv, holdout.csv beside train.csv, retrain.csv beside test.csv: gone without a word; where no name fits, all are read.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check datasets==5.2.0
cat >seen.py <<'EOF'
import os
import sys

os.environ["HF_HOME"] = os.getcwd()
import datasets

datasets.disable_progress_bars()
cases = {
    "data.csv, data_test.csv": {"test": 1}, "train.csv, holdout.csv": {"train": 1}, "retrain.csv, test.csv": {"test": 1},
    "trainval.csv, test.csv": {"test": 1}, "data.csv, other.csv": {"train": 2}, "TRAIN.csv, TEST.csv": {"train": 2},
}
found = {}
for i, names in enumerate(cases):
    os.makedirs(f"case{i}")
    for name in names.split(", "):
        with open(f"case{i}/{name}", "w") as file:
            file.write("a\n1\n")
    found[names] = {split: rows.num_rows for split, rows in datasets.load_dataset(f"case{i}").items()}
print("datasets", datasets.__version__)
print("first seen: 2026-11-30")
print("expected: two rows in each case (one row a file)")
for names, splits in found.items():
    print(f"seen: {names}: {splits}")
if found != cases:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
