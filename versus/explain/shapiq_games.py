"""shapiq's estimators on the games of games.py: one JSON line a game, row, method, budget and seed, with its values.

    python versus/explain/shapiq_games.py FOLDER --budgets 4,8,16 --seeds 10

In an environment of its own (Python 3.12 or later): `pip install "shapiq[proxy]==1.8.*" scikit-learn pandas`. A budget is a number of
evaluations a player, nobody and everybody not counted, as in games.rs: shapiq counts these two, so it gets two more. `evaluations` are
counted at the game. All settings are shapiq's own. shapiq explains one output at a time: of a game with several, each gets the budget.
"""

import argparse
import json
import pathlib
import warnings

import numpy as np
from shapiq.approximator import LeverageSHAP, OddSHAP, RegressionMSR

METHODS = {
    "leverage": lambda n, seed: LeverageSHAP(n, random_state=seed),
    "odd": lambda n, seed: OddSHAP(n, random_state=seed),
    "msr": lambda n, seed: RegressionMSR(n, index="SV", random_state=seed),
}


class Counted:
    """A game as a table, and how many coalitions it was asked for; shapiq may ask for one again."""

    def __init__(self, table, n):
        self.table, self.n, self.seen = table, n, set()

    def __call__(self, coalitions):
        at = (np.atleast_2d(coalitions).astype(np.int64) << np.arange(self.n)).sum(1)
        self.seen.update(at.tolist())
        return self.table[at]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--budgets", default="4,8,16,32")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--methods", default=",".join(METHODS))
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    for path in sorted(args.folder.glob("*.json")):
        game = json.loads(path.read_text(encoding="utf-8"))
        n, k = game["players"], game["outputs"]
        for row, flat in enumerate(game["rows"][: args.rows]):
            table = np.asarray(flat).reshape(1 << n, k)
            for method in args.methods.split(","):
                for budget in map(int, args.budgets.split(",")):
                    for seed in range(args.seeds):
                        values, asked = np.zeros((n, k)), 0
                        for output in range(k):
                            paid = Counted(table[:, output], n)
                            # An output that never changes is nobody's doing.
                            if np.ptp(paid.table) > 0:
                                found = METHODS[method](n, seed).approximate(budget=budget * n + 2, game=paid)
                                values[:, output] = found.get_n_order_values(1)
                            asked = max(asked, len(paid.seen))
                        print(json.dumps({"game": game["name"], "row": row, "method": method, "budget": budget, "seed": seed,
                                          "evaluations": asked, "values": values.ravel().tolist()}), flush=True)


if __name__ == "__main__":
    main()
