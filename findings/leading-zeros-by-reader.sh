#!/usr/bin/env bash
# 00501 stays 00501 in one reader of five.
# Expected: all readers make a number of it, so a table is the same wherever it is read.
# Seen on 2026-11-30: DuckDB keeps the text, in CSV and in the names of hive folders; pandas, Polars, pyarrow and datasets give 501.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check duckdb==2.0.1 pandas==3.1.1 polars==2.1.0 pyarrow==26.0.1 datasets==5.2.0
cat >seen.py <<'EOF'
import os
import sys

os.environ["HF_HOME"] = os.getcwd()
import datasets
import duckdb
import pandas as pd
import polars as pl
import pyarrow.csv
import pyarrow.dataset as ds

datasets.disable_progress_bars()
with open("zip.csv", "w") as file:
    file.write("zip\n00501\n90210\n")
duckdb.sql("COPY (SELECT 1 AS x, '00501' AS zip) TO 'hive' (FORMAT parquet, PARTITION_BY (zip))")
seen = {
    "DuckDB": duckdb.sql("FROM 'zip.csv'").fetchall()[0][0],
    "pandas": int(pd.read_csv("zip.csv")["zip"][0]),
    "Polars": pl.read_csv("zip.csv")["zip"][0],
    "pyarrow": pyarrow.csv.read_csv("zip.csv")["zip"][0].as_py(),
    "datasets": datasets.load_dataset("csv", data_files="zip.csv", split="train")[0]["zip"],
    "DuckDB, hive": duckdb.sql("SELECT zip FROM 'hive/*/*.parquet'").fetchall()[0][0],
    "Polars, hive": pl.read_parquet("hive")["zip"][0],
    "pyarrow, hive": ds.dataset("hive", partitioning="hive").to_table()["zip"][0].as_py(),
}
print("duckdb", duckdb.__version__, "pandas", pd.__version__, "polars", pl.__version__, "pyarrow", pyarrow.__version__, "datasets", datasets.__version__)
print("first seen: 2026-11-30")
print("expected: 501 everywhere")
print("seen:", seen)
if seen != {name: "00501" if name.startswith("DuckDB") else 501 for name in seen}:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
