#!/usr/bin/env bash
# DuckDB writes SUM of whole numbers (HUGEINT) to Parquet as a double.
# Expected: DECIMAL(38, 0), as the same query gives in Arrow; or an error.
# Seen on 2026-11-30: the Parquet column and the pandas column are doubles: 1800000273850017015 becomes 1800000273850017024; through Arrow it is exact.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1 pandas==3.1.1
cat >seen.py <<'EOF'
import sys
import duckdb
import pyarrow.parquet as pq

number = 1800000273850017015
query = f"SELECT sum(x) AS total FROM (SELECT {number}::BIGINT AS x)"
duckdb.sql(f"COPY ({query}) TO 'sum.parquet' (FORMAT parquet)")
parquet, arrow, frame = pq.read_table("sum.parquet"), duckdb.sql(query).to_arrow_table(), duckdb.sql(query).df()
seen = {
    "parquet": (str(parquet.schema.field(0).type), int(parquet["total"][0].as_py())),
    "arrow": (str(arrow.schema.field(0).type), int(arrow["total"][0].as_py())),
    "pandas": (str(frame["total"].dtype), int(frame["total"][0])),
}
print("duckdb", duckdb.__version__)
print("first seen: 2026-11-30")
print("expected: every digit of", number, "in all three")
for way, (kind, value) in seen.items():
    print(f"seen: {way}: {kind} {value}")
lost = int(float(number))
if lost == number or seen != {"parquet": ("double", lost), "arrow": ("decimal128(38, 0)", number), "pandas": ("float64", lost)}:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
