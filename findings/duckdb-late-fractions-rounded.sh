#!/usr/bin/env bash
# DuckDB rounds fractions that first stand late in a CSV column.
# Expected: an error, or DOUBLE: 2.5 stays 2.5.
# Seen on 2026-11-30: the type is settled on the first rows (BIGINT); 2.5 further down becomes 3, without an error.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check duckdb==2.0.1
cat >seen.py <<'EOF'
import sys
import duckdb

with open("late.csv", "w") as file:
    file.write("m\n" + "1\n" * 30000 + "2.5\n")
default = duckdb.sql("SELECT DISTINCT m FROM 'late.csv' ORDER BY m").fetchall()
whole = duckdb.sql("SELECT DISTINCT m FROM read_csv('late.csv', sample_size = -1) ORDER BY m").fetchall()
print("duckdb", duckdb.__version__)
print("file: 30,000 rows of 1, then a row of 2.5")
print("first seen: 2026-11-30")
print("expected: 1 and 2.5, or an error")
print("seen:", default, "; with sample_size = -1:", whole)
if default != [(1,), (3,)] or whole != [(1.0,), (2.5,)]:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
