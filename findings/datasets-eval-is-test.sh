#!/usr/bin/env bash
# datasets takes a file called eval for the test part.
# Expected: eval and evaluation are the validation part, as dev and valid are.
# Seen on 2026-11-30: eval.csv and evaluation.csv give the split "test"; dev.csv gives "validation".
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
found = {}
for i, word in enumerate(("eval", "evaluation", "dev", "valid", "testing")):
    os.makedirs(f"case{i}")
    for name in ("train", word):
        with open(f"case{i}/{name}.csv", "w") as file:
            file.write("a\n1\n")
    found[word] = next(split for split in datasets.load_dataset(f"case{i}") if split != "train")
print("datasets", datasets.__version__)
print("first seen: 2026-11-30")
print("expected: eval and evaluation are validation")
print("seen:", found)
if found != {"eval": "test", "evaluation": "test", "dev": "validation", "valid": "validation", "testing": "test"}:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
