#!/usr/bin/env bash
# Polars 2 calls columns without a header column_0, column_1; Polars 1 began with column_1.
# Expected: column_1 is the first column, as for years.
# Seen on 2026-11-30: column_1 is the second, so older code reads another column, without an error.
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

table = pl.read_csv(io.StringIO("1,2\n3,4\n"), has_header=False)
print("polars", pl.__version__)
print("first seen: 2026-11-30")
print("expected: column_1 holds 1, 3")
print("seen:", table.columns, "column_1 holds", table["column_1"].to_list())
if table.columns != ["column_0", "column_1"] or table["column_1"].to_list() != [2, 4]:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
