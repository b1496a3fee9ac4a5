"""explanations.npz as shap.Explanation, checked against explanations.json, and drawn.

    ronghe explain MODEL --data FILE --rows 20 --out why
    python versus/explain/to_shap.py why [OUTPUT]

Rows must have the same players: columns, pixels, patches; not words. OUTPUT is the class to draw, else the first one
explained. Writes why/shap_beeswarm.png and why/shap_waterfall.png, as shap draws them.
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import shap


def explanation(folder):
    """values [rows, players, outputs], base_values [rows, outputs]."""
    f = np.load(folder / "explanations.npz")
    rows, outputs = f["base"].shape
    counts = np.bincount(f["row"], minlength=rows)
    names = f["players"].reshape(rows, -1) if len(set(counts)) == 1 else None
    if names is None or (names != names[0]).any():
        sys.exit("the rows have different players, which shap.Explanation cannot hold")
    return shap.Explanation(
        f["values"].reshape(rows, -1, outputs),
        base_values=f["base"],
        feature_names=list(names[0]),
        output_names=list(f["outputs"]),
    )


def finest(row):
    return row.get("parts") or row["fields"]


def main(folder, output=None):
    found = explanation(folder)
    rows = [finest(row) for row in json.loads((folder / "explanations.json").read_text(encoding="utf-8"))]
    assert (found.values == np.array([r["attributions"] for r in rows])).all()
    assert (found.base_values == np.array([r["base"] for r in rows])).all()
    assert found.feature_names == [p["name"] for p in rows[0]["players"]]
    assert found.output_names == rows[0]["outputs"]
    predicted = found.values.sum(1) + found.base_values
    gap = np.abs(predicted - np.array([r["prediction"] for r in rows])).max()
    assert gap < 1e-6, gap
    k = rows[0]["outputs"].index(output) if output else rows[0]["explained"]
    for name, draw in [
        ("beeswarm", lambda: shap.plots.beeswarm(found[:, :, k], show=False)),
        ("waterfall", lambda: shap.plots.waterfall(found[0, :, k], show=False)),
    ]:
        draw()
        path = folder / f"shap_{name}.png"
        plt.savefig(path, bbox_inches="tight")
        plt.close("all")
        assert path.stat().st_size > 1000
    print(f"{found.shape[0]} rows, {found.shape[1]} players, {found.shape[2]} outputs: equal; sums within {gap:.1e}")


main(Path(sys.argv[1]), *sys.argv[2:3])
