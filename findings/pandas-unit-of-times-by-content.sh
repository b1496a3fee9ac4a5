#!/usr/bin/env bash
# The unit of times that pandas reads depends on the strings.
# Expected: one unit, microseconds since pandas 3, for all strings.
# Seen on 2026-11-30: microseconds, but nanoseconds for the whole column where one string has nine decimals: astype("int64") // 10**6 gives seconds or a thousand times as many.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check pandas==3.1.1
cat >seen.py <<'EOF'
import sys
import pandas as pd

plain = pd.to_datetime(pd.Series(["2024-01-01", "2024-01-02"]))
exact = pd.to_datetime(pd.Series(["2024-01-01", "2024-01-02 00:00:00.000000001"]), format="ISO8601")
seconds = [int(times.astype("int64")[0]) // 10**6 for times in (plain, exact)]
print("pandas", pd.__version__)
print("first seen: 2026-11-30")
print("expected: datetime64[us] twice, 2024-01-01 as 1704067200 seconds")
print("seen:", plain.dtype, seconds[0], ";", exact.dtype, seconds[1])
if [str(plain.dtype), str(exact.dtype)] != ["datetime64[us]", "datetime64[ns]"] or seconds != [1704067200, 1704067200000]:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
