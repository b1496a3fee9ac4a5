#!/usr/bin/env bash
# datasets drops the columns that hive folders carry.
# Expected: label=cat/ and label=dog/ give a column label, as in pandas, Polars, DuckDB and Spark; split=test/ gives a part.
# Seen on 2026-11-30: the rows are there, the column is not, and train and test are one part.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check datasets==5.2.0 pyarrow==26.0.1
cat >seen.py <<'EOF'
import os
import sys

os.environ["HF_HOME"] = os.getcwd()
import datasets
import pyarrow as pa
import pyarrow.parquet as pq

datasets.disable_progress_bars()
found = {}
for key, values in (("label", ("cat", "dog")), ("split", ("train", "test"))):
    for value in values:
        os.makedirs(f"by-{key}/{key}={value}")
        pq.write_table(pa.table({"x": [1.5, 2.5]}), f"by-{key}/{key}={value}/0.parquet")
    made = datasets.load_dataset(f"by-{key}")
    found[key] = {split: (rows.column_names, rows.num_rows) for split, rows in made.items()}
print("datasets", datasets.__version__)
print("first seen: 2026-11-30")
print("expected: a column label; parts train and test")
print("seen:", found)
if found != {key: {"train": (["x"], 4)} for key in ("label", "split")}:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
