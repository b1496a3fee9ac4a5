"""Events, splits and metrics of the comparison: one code for all programs."""

import numpy as np
import scipy.sparse as sparse

FILMS = 1682
LIKED = 4


def movielens(path):
    """Events of the file u.data in the order of (time, user, film), numbers from 0: columns user, film, time."""
    rows = np.loadtxt(path, dtype=np.int64)
    rows = rows[rows[:, 2] >= LIKED]
    events = np.column_stack([rows[:, 0] - 1, rows[:, 1] - 1, rows[:, 3]])
    return events[np.lexsort((events[:, 1], events[:, 0], events[:, 2]))], int(rows[:, 0].max())


def temporal(events):
    """The first nine tenths in time, and the last."""
    cut = int(len(events) * 0.9)
    return events[:cut], events[cut:]


def last(events):
    """All but the last event of each user, and that."""
    order = np.lexsort((events[:, 1], events[:, 2], events[:, 0]))
    events = events[order]
    ends = np.append(events[1:, 0] != events[:-1, 0], True)
    return events[~ends], events[ends]


SPLITS = {"temporal": temporal, "last": last}


def matrix(events, users, items=FILMS):
    found = sparse.csr_matrix((np.ones(len(events), np.float32), (events[:, 0], events[:, 1])), shape=(users, items))
    found.data[:] = 1
    return found


def lists(scores, seen, k=10):
    """The k best films a user by dense scores, without those seen; -1 where none is left."""
    scores = np.array(scores, np.float64)
    rows, columns = seen.nonzero()
    scores[rows, columns] = -np.inf
    scores[np.isnan(scores)] = -np.inf
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.where(np.isneginf(np.take_along_axis(scores, best, 1)), -1, best)


def figures(ranked, seen, tests, k=10):
    """NDCG@k and Recall@k of every user that has a past and a test event, by user number."""
    gains = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(gains)
    users = np.flatnonzero((np.diff(seen.indptr) > 0) & (np.diff(tests.indptr) > 0))
    ndcg, recall = [], []
    for user in users:
        relevant = tests.indices[tests.indptr[user] : tests.indptr[user + 1]]
        hits = np.isin(ranked[user][:k], relevant)
        ndcg.append((hits * gains[: len(hits)]).sum() / ideal[min(k, len(relevant)) - 1])
        recall.append(hits.sum() / len(relevant))
    return np.array(ndcg), np.array(recall)


def interval(values, seed=0, draws=2000):
    """Mean and its 95 % interval by the bootstrap over users."""
    draw = np.random.default_rng(seed)
    means = values[draw.integers(0, len(values), (draws, len(values)))].mean(1)
    return float(values.mean()), float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))
