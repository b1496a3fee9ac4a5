#!/usr/bin/env bash
# DuckDB does not keep empty strings through its own CSV.
# Expected: COPY writes an empty string as "" and NULL as nothing, so reading gives both back.
# Seen on 2026-11-30: both are NULL when read; Polars reads the same file back as it was.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check duckdb==2.0.1 polars==2.1.0
cat >seen.py <<'EOF'
import sys
import duckdb
import polars as pl

duckdb.sql("COPY (SELECT * FROM (VALUES ('', 1), (NULL, 2), ('x', 3)) t(a, b)) TO 'empty.csv' (HEADER)")
lines = open("empty.csv").read().splitlines()
back = [value for (value,) in duckdb.sql("SELECT a FROM 'empty.csv' ORDER BY b").fetchall()]
polar = pl.read_csv("empty.csv")["a"].to_list()
print("duckdb", duckdb.__version__, "polars", pl.__version__)
print("written:", lines)
print("first seen: 2026-11-30")
print("expected: ['', None, 'x']")
print("seen: DuckDB", back, "; Polars", polar)
if lines[1:3] != ['"",1', ",2"] or back != [None, None, "x"] or polar != ["", None, "x"]:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
