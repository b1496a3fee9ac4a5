#!/usr/bin/env bash
# pandas does not read back what it wrote by a column with a missing value.
# Expected: the missing value comes back as missing.
# Seen on 2026-11-30: to_parquet(partition_cols=...) writes __HIVE_DEFAULT_PARTITION__; read_parquet of that folder raises. Polars and DuckDB read it.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check pandas==3.1.1 pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.1
cat >seen.py <<'EOF'
import os
import sys
import duckdb
import pandas as pd
import polars as pl

pd.DataFrame({"x": [1, 2], "k": ["a", None]}).to_parquet("parts", partition_cols=["k"])
try:
    raised = str(pd.read_parquet("parts").to_dict("list"))
except Exception as error:
    raised = f"{type(error).__name__}: {error}"
polar = sorted(pl.read_parquet("parts").rows())
duck = sorted(duckdb.sql("SELECT x, k FROM 'parts/*/*.parquet'").fetchall())
print("pandas", pd.__version__, "polars", pl.__version__, "duckdb", duckdb.__version__)
print("folders:", sorted(os.listdir("parts")))
print("first seen: 2026-11-30")
print("expected: 1 a, 2 missing")
print("seen: pandas", raised, "; Polars", polar, "; DuckDB", duck)
if "unify dictionaries with nulls" not in raised or not polar == duck == [(1, "a"), (2, None)]:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
