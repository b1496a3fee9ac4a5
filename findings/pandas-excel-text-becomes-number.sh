#!/usr/bin/env bash
# pandas makes numbers of text cells of a sheet.
# Expected: a cell of the type text stays text: the sheet says what it is.
# Seen on 2026-11-30: the text cell 00501 becomes 501, with both engines; Polars keeps 00501.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check pandas==3.1.1 polars==2.1.0 openpyxl==3.1.5 python-calamine==0.9.1 fastexcel==0.21.0
cat >seen.py <<'EOF'
import sys
import openpyxl
import pandas as pd
import polars as pl

book = openpyxl.Workbook()
for row in (["zip"], ["00501"], ["90210"]):
    book.active.append(row)
book.save("zip.xlsx")
kind = openpyxl.load_workbook("zip.xlsx").active["A2"].data_type
seen = {engine: pd.read_excel("zip.xlsx", engine=engine)["zip"].tolist() for engine in ("openpyxl", "calamine")}
polar = pl.read_excel("zip.xlsx")["zip"].to_list()
print("pandas", pd.__version__, "polars", pl.__version__, "openpyxl", openpyxl.__version__)
print("type of the cells in the file:", {"s": "text"}.get(kind, kind))
print("first seen: 2026-11-30")
print("expected: ['00501', '90210']")
print("seen: pandas", seen, "; Polars", polar)
if kind != "s" or set(map(tuple, seen.values())) != {(501, 90210)} or polar != ["00501", "90210"]:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
