#!/usr/bin/env bash
# The K neighbours that implicit keeps of an item count the item itself.
# Expected: K=1 keeps the nearest other item of each.
# Seen on 2026-12-01: K=1 keeps nothing but the item, so that no unseen item ever gets a score; K=100 compares with 99 elsewhere.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check implicit==0.7.3 numpy==2.3.5 scipy==1.17.1
cat >seen.py <<'EOF'
import sys
import implicit
import numpy
from implicit.nearest_neighbours import CosineRecommender
from scipy.sparse import csr_matrix

likes = csr_matrix((numpy.random.default_rng(0).random((30, 12)) < 0.4).astype(float))
print("implicit", implicit.__version__)
print("first seen: 2026-12-01")
print("expected: K others of each item, so that K=1 can recommend")
others = {}
for k in (1, 3):
    model = CosineRecommender(K=k, num_threads=1)
    model.fit(likes, show_progress=False)
    kept = model.similarity.tocsr()
    others[k] = max(sum(j != i for j in kept[i].indices) for i in range(12))
    _, scores = model.recommend(numpy.arange(30), likes, N=3)
    print(f"seen: K={k} keeps {others[k]} others of an item; best score of an unseen item {scores.max():.3f}")
    if k == 1 and scores.max() > 0:
        sys.exit("the behaviour has changed")
if others != {1: 0, 3: 2}:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
