#!/usr/bin/env bash
# Polars takes `2024-01-01 10:00:05 UTC` for a time when it looks, and fails when it reads.
# Expected: a time in UTC, or text: the types come from the same rows.
# Seen on 2026-11-30: try_parse_dates finds datetime and then raises on the first row; +00:00 in place of UTC is read.
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

def read(zone):
    try:
        return str(pl.read_csv(io.StringIO(f"u,x\n2024-01-01 10:00:05{zone},1\n"), try_parse_dates=True)["u"].dtype)
    except pl.exceptions.ComputeError as error:
        return str(error).splitlines()[0]

named, offset = read(" UTC"), read("+00:00")
print("polars", pl.__version__)
print("first seen: 2026-11-30")
print("expected: text or a time, and no error")
print("seen: UTC:", named, "; +00:00:", offset)
if "could not parse `2024-01-01 10:00:05 UTC`" not in named or not offset.startswith("Datetime"):
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
