#!/usr/bin/env bash
# Whole numbers beyond 64 bits in a CSV: Polars makes a Parquet file that others cannot use.
# Expected: strings, or a DECIMAL that others read.
# Seen on 2026-11-30: Polars infers Int128 and writes it; pyarrow (and pandas with it) refuses the file, DuckDB gives bytes.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check polars==2.1.0 pyarrow==26.0.1 duckdb==2.0.1
cat >seen.py <<'EOF'
import sys
import duckdb
import polars as pl
import pyarrow
import pyarrow.parquet as pq

with open("ids.csv", "w") as file:
    file.write("id,x\n18446744073709551616,1\n18446744073709551617,2\n")
table = pl.read_csv("ids.csv")
table.write_parquet("ids.parquet")
try:
    pq.read_table("ids.parquet")
    refused = ""
except Exception as error:
    refused = str(error)
kind = str(duckdb.sql("SELECT id FROM 'ids.parquet'").types[0])
print("polars", pl.__version__, "pyarrow", pyarrow.__version__, "duckdb", duckdb.__version__)
print("first seen: 2026-11-30")
print("expected: ids of 20 digits stay readable from Polars' Parquet")
print("seen: Polars", table.schema["id"], "; pyarrow:", refused, "; DuckDB:", kind)
if table.schema["id"] != pl.Int128 or "more than 64 bits" not in refused or kind != "BLOB":
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
