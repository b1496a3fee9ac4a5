#!/usr/bin/env bash
# The same cell 03/07/2024 is in July or in March, by the other rows of the file.
# Expected: one reading (the American one by default, or text) wherever the file leaves it open.
# Seen on 2026-11-30: DuckDB reads 3 July when nothing in the file decides, and 7 March when a later row is 07/25/2024.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check duckdb==2.0.1
cat >seen.py <<'EOF'
import sys
import duckdb

found = {}
for name, other in (("open", "04/08/2024"), ("day first", "25/07/2024"), ("month first", "07/25/2024")):
    with open("dates.csv", "w") as file:
        file.write(f"d,x\n03/07/2024,1\n{other},2\n")
    found[name] = str(duckdb.sql("SELECT d FROM read_csv('dates.csv') WHERE x = 1").fetchall()[0][0])
print("duckdb", duckdb.__version__)
print("first row 03/07/2024, with a second row of", "04/08/2024, 25/07/2024 or 07/25/2024")
print("first seen: 2026-11-30")
print("expected: 2024-03-07 in the first case")
print("seen:", found)
if found != {"open": "2024-07-03", "day first": "2024-07-03", "month first": "2024-03-07"}:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
