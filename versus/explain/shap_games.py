"""shap's KernelExplainer on the games of games.py: one JSON line a game, row, budget and seed, with its values.

    python versus/explain/shap_games.py FOLDER --budgets 4,8,16 --seeds 10

A budget is a number of evaluations a player. l1 is off: shap's own setting keeps few players.
"""

import argparse
import json
import pathlib
import warnings

import numpy as np
import shap


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--budgets", default="4,8,16,32")
    parser.add_argument("--seeds", type=int, default=10)
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    for path in sorted(args.folder.glob("*.json")):
        game = json.loads(path.read_text(encoding="utf-8"))
        n, k = game["players"], game["outputs"]
        for row, flat in enumerate(game["rows"]):
            table = np.asarray(flat).reshape(1 << n, k)

            def paid(masks):
                return table[(masks.astype(np.int64) << np.arange(n)).sum(1)]

            explainer = shap.KernelExplainer(paid, np.zeros((1, n)))
            for budget in map(int, args.budgets.split(",")):
                for seed in range(args.seeds):
                    np.random.seed(seed)
                    found = explainer.shap_values(np.ones((1, n)), nsamples=budget * n, l1_reg=False, silent=True)
                    phi = np.asarray(found).reshape(n, k)
                    print(json.dumps({"game": game["name"], "row": row, "method": "shap", "budget": budget, "seed": seed,
                                      "values": phi.ravel().tolist()}), flush=True)


if __name__ == "__main__":
    main()
