#!/usr/bin/env bash
# class_encode_column numbers whole numbers by their spelling.
# Expected: classes 1, 2, 10 in this order.
# Seen on 2026-11-30: names are sorted as strings: 1, 10, 2; so class 1 is 10.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check datasets==5.2.0
cat >seen.py <<'EOF'
import sys
import datasets

datasets.disable_progress_bars()
made = datasets.Dataset.from_dict({"y": [1, 2, 10]}).class_encode_column("y")
names, codes = made.features["y"].names, made["y"][:]
print("datasets", datasets.__version__)
print("first seen: 2026-11-30")
print("expected: names 1, 2, 10 and codes 0, 1, 2")
print("seen: names", names, "codes", codes)
if names != ["1", "10", "2"] or codes != [0, 2, 1]:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
