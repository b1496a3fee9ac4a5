#!/usr/bin/env bash
# imagefolder drops pictures that metadata.csv does not name.
# Expected: such a picture comes with a missing label, or there is an error as for a row without a picture.
# Seen on 2026-11-30: three pictures and two rows give two examples, without a word.
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
os.makedirs("pictures")
for name in "abc":
    Image.new("RGB", (2, 2)).save(f"pictures/{name}.png")
with open("pictures/metadata.csv", "w") as file:
    file.write("file_name,label\na.png,cat\nb.png,dog\n")
rows = datasets.load_dataset("imagefolder", data_dir="pictures", split="train").num_rows
print("datasets", datasets.__version__)
print("first seen: 2026-11-30")
print("expected: 3 examples, or an error")
print("seen:", rows, "examples")
if rows != 2:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
