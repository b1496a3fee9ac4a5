#!/usr/bin/env bash
# Casting whole numbers to ClassLabel keeps them as positions, whatever the names say.
# Expected: numbers 1 and 2 with names "1" and "2" become those names, or 2 is an error since there are two classes.
# Seen on 2026-11-30: 1 now shows as the class "2", and 2, which no class has, passes without an error; the same values as strings are matched by name.
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
classes = datasets.ClassLabel(names=["1", "2"])
whole = datasets.Dataset.from_dict({"y": [1, 2]}).cast_column("y", classes)["y"][:]
words = datasets.Dataset.from_dict({"y": ["1", "2"]}).cast_column("y", classes)["y"][:]
print("datasets", datasets.__version__)
print("first seen: 2026-11-30")
print("expected: [0, 1] for numbers and strings, or an error for numbers")
print("seen: numbers", whole, "(1 shows as", repr(classes.int2str(1)) + ")", "; strings", words)
if whole != [1, 2] or words != [0, 1] or classes.int2str(1) != "2":
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
