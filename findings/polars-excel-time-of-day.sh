#!/usr/bin/env bash
# Polars reads a time of day in a sheet as an instant of 1899, or of 1904.
# Expected: Time, as pandas and openpyxl give.
# Seen on 2026-11-30: Datetime 1899-12-31 13:05, and 1904-01-01 13:05 from a workbook that counts from 1904.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check polars==2.1.0 openpyxl==3.1.5 fastexcel==0.21.0
cat >seen.py <<'EOF'
import datetime
import sys
import openpyxl
import polars as pl
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

seen = {}
for name, epoch in (("1900", CALENDAR_WINDOWS_1900), ("1904", CALENDAR_MAC_1904)):
    book = openpyxl.Workbook()
    book.epoch = epoch
    book.active.append(["t"])
    book.active.append([datetime.time(13, 5)])
    book.save("times.xlsx")
    column = pl.read_excel("times.xlsx")["t"]
    seen[name] = f"{column.dtype} {column[0]}"
    plain = openpyxl.load_workbook("times.xlsx").active["A2"].value
print("polars", pl.__version__, "openpyxl", openpyxl.__version__)
print("first seen: 2026-11-30")
print("expected:", repr(plain))
print("seen:", seen)
if plain != datetime.time(13, 5) or [text[-19:] for text in seen.values()] != ["1899-12-31 13:05:00", "1904-01-01 13:05:00"]:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
