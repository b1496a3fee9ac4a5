#!/usr/bin/env bash
# With its defaults irspack's iALS puts no weight on what was not liked (alpha0 = 0).
# Expected: implicit feedback as in the paper: unseen items that many like score above those that few like.
# Seen on 2026-12-01: every item that people of the same taste like scores 1, however many like it; the order is noise.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check irspack==0.5.2 numpy==2.3.5 scipy==1.17.1
cat >seen.py <<'EOF'
import sys
from importlib.metadata import version
import numpy
from irspack import IALSRecommender
from scipy.sparse import csr_matrix

# Two tastes of 300 users and 20 items each; of its items the first are liked by most, the last by few.
draw = numpy.random.default_rng(0)
chance = numpy.linspace(0.8, 0.1, 20)
likes = numpy.zeros((600, 40))
for user in range(600):
    likes[user, 20 * (user % 2) :][:20] = draw.random(20) < chance
print("irspack", version("irspack"))
print("first seen: 2026-12-01")
print("expected: the score of an unseen item rises with the number who like it")
found = {}
for told in ({}, {"alpha0": 1.0}):
    model = IALSRecommender(csr_matrix(likes), n_components=8, train_epochs=16, random_seed=0, **told).learn()
    scores = model.get_score(numpy.arange(600))
    unseen = [[], []]
    for user in range(600):
        own = 20 * (user % 2)
        for place, wide in ((range(5), 0), (range(15, 20), 1)):
            unseen[wide] += [scores[user, own + i] for i in place if likes[user, own + i] == 0]
    popular, rare = (numpy.mean(part) for part in unseen)
    name = "defaults" if not told else "alpha0=1"
    found[name] = popular - rare
    print(f"seen: {name}: unseen popular items score {popular:.3f}, rare ones {rare:.3f}")
if abs(found["defaults"]) > 0.05 or found["alpha0=1"] < 0.2:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py 2>/dev/null
