#!/usr/bin/env bash
# Polars finds dates with the day first only: 07/25/2024 makes a column text, or null.
# Expected: %m/%d/%Y is tried as well when no row fits %d/%m/%Y.
# Seen on 2026-11-30: try_parse_dates leaves the whole column text; str.to_date(strict=False) reads 03/07/2024 as 3 July and makes 07/25/2024 null.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check polars==2.1.0
cat >seen.py <<'EOF'
import io
import sys
import polars as pl

rows = ["03/07/2024", "07/25/2024"]
column = pl.read_csv(io.StringIO("d\n" + "\n".join(rows) + "\n"), try_parse_dates=True)["d"]
cast = [str(day) for day in pl.Series(rows).str.to_date(strict=False)]
print("polars", pl.__version__)
print("rows:", rows)
print("first seen: 2026-11-30")
print("expected: 2024-03-07 and 2024-07-25")
print("seen: read_csv(try_parse_dates=True):", column.dtype, "; str.to_date(strict=False):", cast)
if column.dtype != pl.String or cast != ["2024-07-03", "None"]:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
