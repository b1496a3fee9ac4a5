#!/usr/bin/env bash
# 03/07/24 is 2003-07-24 in DuckDB and a day of the year 24 in Polars.
# Expected: 2024 in both (with the day or the month first).
# Seen on 2026-11-30: DuckDB takes 03 for the year; Polars parses the two digits as the year 24.
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

with open("short.csv", "w") as file:
    file.write("d,x\n03/07/24,1\n04/08/24,2\n")
duck = [str(day) for (day,) in duckdb.sql("SELECT d FROM 'short.csv'").fetchall()]
polar = [str(day) for day in pl.read_csv("short.csv", try_parse_dates=True)["d"]]
print("duckdb", duckdb.__version__, "polars", pl.__version__)
print("file: 03/07/24, 04/08/24")
print("first seen: 2026-11-30")
print("expected: days of 2024")
print("seen: DuckDB", duck, "; Polars", polar)
if duck != ["2003-07-24", "2004-08-24"] or polar != ["0024-07-03", "0024-08-04"]:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
