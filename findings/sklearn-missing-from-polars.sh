#!/usr/bin/env bash
# OrdinalEncoder: a missing name is NaN from pandas and a category of its own from Polars.
# Expected: the same table gives the same codes whichever library holds it.
# Seen on 2026-11-30: pandas: 0, NaN, 1; Polars: 0, 2, 1, so the missing cell is the greatest category.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check scikit-learn==1.9.1 pandas==3.1.1 polars==2.1.0
cat >seen.py <<'EOF'
import math
import sys
import pandas as pd
import polars as pl
import sklearn
from sklearn.preprocessing import OrdinalEncoder

cells = {"a": ["x", None, "y"]}
frame = OrdinalEncoder().fit_transform(pd.DataFrame(cells)).ravel().tolist()
polar = OrdinalEncoder().fit_transform(pl.DataFrame(cells)).ravel().tolist()
print("scikit-learn", sklearn.__version__, "pandas", pd.__version__, "polars", pl.__version__)
print("first seen: 2026-11-30")
print("expected: the same codes from both")
print("seen: pandas", frame, "; Polars", polar)
if not (frame[0] == 0 and math.isnan(frame[1]) and frame[2] == 1 and polar == [0, 2, 1]):
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
