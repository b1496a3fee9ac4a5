"""Golden values of the shap package's KernelExplainer for crates/ronghe/tests/golden/explain/shap_kernel.json.

    python versus/explain/golden.py

Games over n players with every coalition listed: a numpy function of binary masks, explained at all ones against one
row of zeros. Needs shap and scikit-learn (versus/setup.sh)."""

import json
import pathlib
import warnings

import numpy as np
import shap
import sklearn

warnings.filterwarnings("ignore")


def game(masks):
    """The game of the Rust test: single players, pairs and a term of everything."""
    m = np.asarray(masks, dtype=np.float64)
    n = m.shape[1]
    i = np.arange(n)
    bits = m @ (2.0**i)
    singles = m @ (np.cos(1.3 * i) * (i + 1.0) / n)
    pairs = (m[:, :-1] * m[:, 1:]) @ np.sin(0.7 * (i[:-1] + 1.0))
    return singles + pairs + 0.3 * np.sin(0.37 * bits + 0.5)


OPTIONS = {
    "all": False,
    "count 2": "num_features(2)",
    "count 3": "num_features(3)",
    "count 5": "num_features(5)",
    "akaike": "aic",
    "bayes": "bic",
    "auto": "auto",
    "penalty 0.0001": 0.0001,
    "penalty 0.001": 0.001,
}

found = {"shap": shap.__version__, "scikit-learn": sklearn.__version__, "games": []}
for n in (4, 7, 11):
    explainer = shap.KernelExplainer(game, np.zeros((1, n)))
    shares = {
        name: explainer.shap_values(np.ones(n), l1_reg=option, silent=True).tolist() for name, option in OPTIONS.items()
    }
    found["games"].append({"players": n, "shares": shares})

path = pathlib.Path(__file__).parents[2] / "crates/ronghe/tests/golden/explain/shap_kernel.json"
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps(found, indent=1) + "\n")
