#!/usr/bin/env bash
# DuckDB gives the later Parquet files of a pattern the type of the first, and rounds to it.
# Expected: DOUBLE and the wider DECIMAL, or an error as in pyarrow.
# Seen on 2026-11-30: 1.5 becomes 2, and 99.95 becomes 100.0 where the first file has one decimal; no error. union_by_name keeps the values.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1
cat >seen.py <<'EOF'
import decimal
import os
import sys
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

os.makedirs("numbers"), os.makedirs("money")
pq.write_table(pa.table({"m": [1, 2]}), "numbers/0.parquet")
pq.write_table(pa.table({"m": [1.5, 2.5]}), "numbers/1.parquet")
for i, (text, width) in enumerate((("12.5", (5, 1)), ("99.95", (6, 2)))):
    pq.write_table(pa.table({"m": pa.array([decimal.Decimal(text)], pa.decimal128(*width))}), f"money/{i}.parquet")
found = {}
for folder in ("numbers", "money"):
    for option in ("false", "true"):
        rows = duckdb.sql(f"SELECT m FROM read_parquet('{folder}/*.parquet', union_by_name = {option})").fetchall()
        found[folder, option] = [str(value) for (value,) in rows]
print("duckdb", duckdb.__version__)
print("files: [1, 2] then [1.5, 2.5]; 12.5 as decimal(5, 1) then 99.95 as decimal(6, 2)")
print("first seen: 2026-11-30")
print("expected: 1, 2, 1.5, 2.5 and 12.5, 99.95, or an error")
for (folder, option), values in found.items():
    print(f"seen: {folder}, union_by_name = {option}: {', '.join(values)}")
right = {
    ("numbers", "false"): ["1", "2", "2", "2"], ("numbers", "true"): ["1.0", "2.0", "1.5", "2.5"],
    ("money", "false"): ["12.5", "100.0"], ("money", "true"): ["12.50", "99.95"],
}
if found != right:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
