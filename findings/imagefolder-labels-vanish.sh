#!/usr/bin/env bash
# One picture outside the class folders takes the labels from all pictures.
# Expected: labels where there are class folders, none for the other pictures; or an error.
# Seen on 2026-11-30: no label column at all, in training too: for a test part without class folders as well as for one stray picture in train/.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check datasets==5.2.0 pillow==13.0.0
cat >seen.py <<'EOF'
import os
import sys

os.environ["HF_HOME"] = os.getcwd()
import datasets
from PIL import Image

datasets.disable_progress_bars()
found = {}
for name, last in (("all in folders", "test/dog/c"), ("test without folders", "test/c"), ("one stray", "train/c")):
    folder = name.replace(" ", "-")
    for picture in ("train/cat/a", "train/dog/b", last):
        os.makedirs(os.path.dirname(f"{folder}/{picture}"), exist_ok=True)
        Image.new("RGB", (2, 2)).save(f"{folder}/{picture}.png")
    found[name] = sorted(datasets.load_dataset("imagefolder", data_dir=folder)["train"].features)
print("datasets", datasets.__version__)
print("first seen: 2026-11-30")
print("expected: image and label in the training part of all three")
print("seen:", found)
if found != {"all in folders": ["image", "label"], "test without folders": ["image"], "one stray": ["image"]}:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
