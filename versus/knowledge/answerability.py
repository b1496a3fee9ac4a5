"""The weights of crates/ronghe-knowledge/src/ask/tables.rs from what is known of sentences.

    python3 versus/knowledge/headings.py OUT; ronghe index OUT/texts-NAME --store OUT/store-NAME --network NETWORK ...
    cargo run --release -p ronghe-knowledge --example answerability -- CACHE NETWORK OUT/store-NAME OUT/NAME.tsv ... > features.csv
    python3 versus/knowledge/answerability.py features.csv

Needs numpy and scipy. Of each question the sentence with the best score is taken (Features::score), and a logistic function fitted that
no feature enters against its sense. Sets whose name begins with `rules` count three times. Prints scales, weights, and the shares by
fivefold cross-validation at several thresholds.
"""

import collections
import csv
import pathlib
import sys

import numpy as np
from scipy.optimize import minimize

NAMES = ["meaning", "ahead", "words", "alike", "around", "has", "lacks", "unknown", "passage", "nearest", "apart", "kind", "rarest"]
SENSE = np.array([-1 if name in ("lacks", "unknown") else 1 for name in NAMES])
RIDGE = 3.0


def fit(z, right, count):
    def loss(w):
        p = 1 / (1 + np.exp(-(z @ w[:-1] + w[-1])))
        value = -(count * (right * np.log(p + 1e-12) + (1 - right) * np.log(1 - p + 1e-12))).sum()
        slope = np.r_[z.T @ (count * (p - right)) + RIDGE * w[:-1], (count * (p - right)).sum()]
        return value + RIDGE / 2 * (w[:-1] @ w[:-1]), slope
    bounds = [(0, None) if s > 0 else (None, 0) for s in SENSE] + [(None, None)]
    return minimize(loss, np.zeros(len(NAMES) + 1), jac=True, bounds=bounds).x


def main():
    asked = collections.OrderedDict()
    with pathlib.Path(sys.argv[1]).open(encoding="utf-8") as file:
        for name, question, hidden, right, score, *numbers in csv.reader(file):
            row = (float(score), int(right), [float(x) if x else np.nan for x in numbers])
            asked.setdefault((name, question, hidden), []).append(row)
    best = {key: max(rows, key=lambda row: row[0]) for key, rows in asked.items()}
    for foreign in (False, True):
        keys = [k for k, row in best.items() if np.isnan(row[2][2]) == foreign]
        if len(keys) < 20:
            continue
        x = np.array([best[k][2] for k in keys])
        right = np.array([best[k][1] for k in keys], float)
        hidden = np.array([k[2] == "1" for k in keys])
        known = ~np.isnan(x)
        mean = np.where(known, x, 0).sum(0) / np.maximum(known.sum(0), 1)
        deviation = np.sqrt(np.where(known, (x - mean) ** 2, 0).sum(0) / np.maximum(known.sum(0), 1))
        deviation[deviation < 1e-3] = 1.0
        z = np.where(known, (x - mean) / deviation, 0)
        count = np.array([3.0 if pathlib.Path(k[0]).name.startswith("rules") else 1.0 for k in keys])
        fold = np.array([int(k[1]) % 5 for k in keys])
        confidence = np.zeros(len(keys))
        for f in range(5):
            w = fit(z[fold != f], right[fold != f], count[fold != f])
            confidence[fold == f] = 1 / (1 + np.exp(-(z[fold == f] @ w[:-1] + w[-1])))
        print("two languages" if foreign else "one language", len(keys), "questions,", int(right.sum()), "right first sentences")
        for limit in (0.3, 0.4, 0.42, 0.5, 0.55, 0.6):
            said = confidence >= limit
            print(f"  {limit}: right ones answered {said[right == 1].mean():.2f}, hidden ones refused {1 - said[hidden].mean():.2f}")
        w = fit(z, right, count)
        print("scale", [(round(float(m), 3), round(float(d), 3)) for m, d in zip(mean, deviation)])
        print("weights", dict(zip([*NAMES, "bias"], (round(float(v), 2) for v in w))))


if __name__ == "__main__":
    main()
