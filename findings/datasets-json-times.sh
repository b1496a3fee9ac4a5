#!/usr/bin/env bash
# In JSON Lines, datasets makes times of strings of whole seconds, and forgets the zone.
# Expected: strings stay strings, as in pandas and Polars.
# Seen on 2026-11-30: "2024-01-01T10:00:00+08:00" becomes the time 02:00:00 without a zone; with fractions of a second, or one other word in the column, it stays a string.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check datasets==5.2.0
cat >seen.py <<'EOF'
import json
import os
import sys

os.environ["HF_HOME"] = os.getcwd()
import datasets

datasets.disable_progress_bars()
row = {"zone": "2024-01-01T10:00:00+08:00", "day": "2024-01-01", "fraction": "2024-01-01T10:00:00.5+08:00", "mixed": "2024-01-01"}
with open("times.jsonl", "w") as file:
    file.write(json.dumps(row) + "\n" + json.dumps({**row, "mixed": "unknown"}) + "\n")
made = datasets.load_dataset("json", data_files="times.jsonl", split="train")
kinds = {name: feature.dtype for name, feature in made.features.items()}
print("datasets", datasets.__version__)
print("first seen: 2026-11-30")
print("expected: four columns of strings")
print("seen:", kinds, "; zone:", made[0]["zone"])
if kinds != {"zone": "timestamp[s]", "day": "timestamp[s]", "fraction": "string", "mixed": "string"} or str(made[0]["zone"]) != "2024-01-01 02:00:00":
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
