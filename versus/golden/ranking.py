"""Figures of ranked lists by other libraries: crates/ronghe-recommend/tests/golden/ranking.json.

    python versus/golden/ranking.py cases U.DATA    the cases: lists planted by hand, and those of EASE for MovieLens' first 200 users
    python versus/golden/ranking.py PEER            what PEER says of them; rectools, pytrec_eval, irspack or implicit

Each peer runs where it is installed (they do not share an environment) and adds its figures to the file. A case has `items`, and of each user
the items `train`ed on, those `relevant`, the `list` (best first) or, where ties are the point, the `scores` of all items. The figures are
means over users as the peer takes them; `by_user` where it gives them.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import scipy.sparse as sparse

FILE = Path(__file__).resolve().parents[2] / "crates/ronghe-recommend/tests/golden/ranking.json"


def planted():
    def case(name, k, users, items=30, scores=None):
        found = {"name": name, "k": k, "items": items, "train": [u[0] for u in users], "relevant": [u[1] for u in users]}
        return found | ({"scores": scores} if scores else {"lists": [u[2] for u in users]})

    pair = [([0, 1], [10, 15], [10, 11, 12, 13, 14, 15]), ([1], [21, 22, 23], [20, 21, 22, 23, 24, 25])]
    many = ([0], [3, 4, 5, 6, 7], [3, 9, 4, 10, 11, 5])
    return [
        case("where libraries differ, 3", 3, pair),
        case("where libraries differ, 1", 1, pair),
        case("where libraries differ, 6", 6, pair),
        case("a user without a list", 3, pair + [([2], [4, 5], [])]),
        case("a user without anything relevant", 3, pair + [([2], [], [4, 5, 6])]),
        case("lists shorter than k", 5, [([0], [3, 4], [9, 3]), ([1, 0], [5], [5]), ([2], [6, 7, 8], [6, 9, 7])]),
        case("one relevant", 5, [([0], [4], [2, 4, 6, 8, 10]), ([1], [9], [2, 4, 6, 8, 10]), ([1, 3], [2], [2, 4, 6, 8, 10])]),
        case("more relevant than k", 3, [many]),
        case("the same relevant twice", 3, [([0], [4, 4, 5], [4, 6, 7]), ([0], [6], [4, 6, 7])]),
        case("hit below k", 2, [([0], [7], [5, 6, 7]), ([1], [5], [5, 6, 7])]),
        case("ties", 3, [([0], [2, 5], None), ([5], [1], None)], 6, [[0, 1, 2, 2, 2, 2], [1, 1, 1, 1, 1, 0]]),
    ]


def movielens(path):
    """Lists of EASE (lambda 100) on the earlier liked films of users 1 to 200; judged by the last 1 to 25 of each."""
    rows = np.loadtxt(path, dtype=np.int64)
    rows = rows[(rows[:, 2] >= 4) & (rows[:, 0] <= 200)]
    rows = rows[np.lexsort((rows[:, 1], rows[:, 3], rows[:, 0]))]
    users, films = 200, int(rows[:, 1].max())
    train, relevant = [[] for _ in range(users)], [[] for _ in range(users)]
    for user in range(users):
        own = [int(film) - 1 for film in rows[rows[:, 0] == user + 1, 1]]
        held = min(len(own) // 2, 1 + user % 25)
        train[user], relevant[user] = own[: len(own) - held], sorted(own[len(own) - held :])
    seen = np.zeros((users, films))
    for user, own in enumerate(train):
        seen[user, own] = 1
    inverse = np.linalg.inv(seen.T @ seen + 100 * np.eye(films))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    scores = seen @ weights
    scores[seen > 0] = -np.inf
    lists = np.argsort(-scores, axis=1, kind="stable")[:, :20]
    return {"name": "movielens", "k": 10, "items": films, "train": train, "relevant": relevant, "lists": lists.tolist()}


def scores(case):
    """Of every item; those of a list by their place, all others below."""
    if "scores" in case:
        found = np.array(case["scores"], np.float64)
        for row, own in zip(found, case["train"]):
            row[own] = -np.inf
        return found
    found = np.full((len(case["lists"]), case["items"]), -np.inf)
    for row, listed in zip(found, case["lists"]):
        row[listed] = -np.arange(len(listed), dtype=np.float64)
    return found


def matrix(rows, items):
    pairs = [(user, item) for user, own in enumerate(rows) for item in own]
    users, columns = (np.array([p[i] for p in pairs], int) for i in (0, 1))
    return sparse.csr_matrix((np.ones(len(pairs)), (users, columns)), shape=(len(rows), items))


def rectools(case):
    import pandas as pd
    from rectools import Columns, metrics

    if "scores" in case:
        return None
    k = case["k"]
    table = lambda rows, more: pd.DataFrame([(u, i, r + 1) for u, own in enumerate(rows) for r, i in enumerate(own)],
                                            columns=[Columns.User, Columns.Item, more])
    reco, test, before = table(case["lists"], Columns.Rank), table(case["relevant"], "x"), table(case["train"], "x")
    known = {
        "recall": metrics.Recall(k), "precision": metrics.Precision(k), "r_precision": metrics.Precision(k, r_precision=True),
        "ndcg": metrics.NDCG(k), "ndcg_divide_by_achievable": metrics.NDCG(k, divide_by_achievable=True),
        "map": metrics.MAP(k), "map_divide_by_k": metrics.MAP(k, divide_by_k=True), "mrr": metrics.MRR(k), "hit_rate": metrics.HitRate(k),
    }
    found = {name: float(metric.calc(reco, test)) for name, metric in known.items()}
    by_user = {}
    for name, metric in known.items():
        own = metric.calc_per_user(reco, test)
        by_user[name] = {str(user): float(value) for user, value in own.items()}
    found["coverage"] = float(metrics.CatalogCoverage(k, normalize=True).calc(reco, range(case["items"])))
    found["novelty"] = float(metrics.MeanInvUserFreq(k).calc(reco, before))
    found["popularity"] = float(metrics.AvgRecPopularity(k).calc(reco, before))
    return found | {"by_user": by_user}


def pytrec_eval(case):
    import pytrec_eval

    k = case["k"]
    wanted = {str(u): {f"{i:05}": 1 for i in own} for u, own in enumerate(case["relevant"]) if own}
    run = {str(u): {f"{i:05}": float(s) for i, s in enumerate(row) if s > -np.inf} for u, row in enumerate(scores(case))}
    run = {user: own for user, own in run.items() if own}
    names = {"recall": f"recall_{k}", "precision": f"P_{k}", "ndcg": f"ndcg_cut_{k}", "map": f"map_cut_{k}",
             "mrr_without_cut": "recip_rank", "hit_rate": f"success_{k}"}
    families = {"recall", "P", "ndcg_cut", "map_cut", "success"}
    measures = {f"{family}.{k}" for family in families} | {"recip_rank"}
    own = pytrec_eval.RelevanceEvaluator(wanted, measures).evaluate(run)
    by_user = {name: {user: float(values[key]) for user, values in own.items()} for name, key in names.items()}
    return {name: float(np.mean(list(values.values()))) for name, values in by_user.items()} | {"by_user": by_user}


def irspack(case):
    from irspack.evaluation._core_evaluator import EvaluatorCore

    core = EvaluatorCore(matrix(case["relevant"], case["items"]), [])
    found = {}
    for name, with_cut in [("", False), ("_cut", True)]:
        metric = core.get_metrics_f64(scores(case), case["k"], 0, 1, with_cut)
        values = metric.as_dict()
        found["recall" + name] = float(values["recall"])
        if not with_cut:
            found |= {key: float(values[key]) for key in ("ndcg", "map", "precision", "hit", "valid_user")}
    return found


def implicit(case):
    from implicit.evaluation import ranking_metrics_at_k

    listed = np.argsort(-scores(case), axis=1, kind="stable")

    class Model:
        def recommend(self, users, *_, N=10, **__):
            ids = np.array([listed[u][:N] for u in users], np.int32)
            short = np.array([[scores(case)[u, i] == -np.inf for i in row] for u, row in zip(users, ids)])
            return np.where(short, -1, ids).astype(np.int32), np.zeros(ids.shape, np.float32)

    train, test = (matrix(case[name], case["items"]).astype(np.float32) for name in ("train", "relevant"))
    found = ranking_metrics_at_k(Model(), train, test, K=case["k"], show_progress=False, num_threads=1)
    return {name: float(value) for name, value in found.items()}


PEERS = {"rectools": rectools, "pytrec_eval": pytrec_eval, "irspack": irspack, "implicit": implicit}


def main():
    what = sys.argv[1]
    if what == "cases":
        kept = {"header": {"generator": "versus/golden/ranking.py", "numpy": version("numpy")}, "cases": planted() + [movielens(sys.argv[2])]}
    else:
        kept = json.loads(FILE.read_text())
        package = {"pytrec_eval": "pytrec_eval-terrier"}.get(what, what)
        kept["header"][package] = version(package)
        for case in kept["cases"]:
            case.setdefault("peers", {})[what] = PEERS[what](case)
    FILE.write_text(json.dumps(kept, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")


main()
