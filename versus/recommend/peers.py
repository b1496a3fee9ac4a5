"""The peers. `SCORES` gives dense scores of all users and films; `FITS` times fits of a synthetic set.

    python versus/recommend/peers.py WORK PROGRAM EVENTS.npz     # one timed fit, in a process of its own
"""

import json
import logging
import pathlib
import sys
import time

import numpy as np
import scipy.sparse as sparse

logging.disable(logging.CRITICAL)


# Quality: settings by our names, see run.py.


def numpy_ease(events, seed, reg):
    gram = (events.T @ events).toarray().astype(float)
    gram[np.diag_indices_from(gram)] += reg
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return events @ weights


def implicit_als(events, seed, factors, reg, alpha, iterations, cg):
    from implicit.cpu.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(factors=factors, regularization=reg, alpha=alpha, iterations=iterations, use_cg=cg, num_threads=2, random_state=seed)
    model.fit(events, show_progress=False)
    return model.user_factors @ model.item_factors.T


def implicit_bm25(events, seed, k, k1, b):
    from implicit.nearest_neighbours import BM25Recommender

    model = BM25Recommender(K=k, K1=k1, B=b, num_threads=2)
    model.fit(events, show_progress=False)
    return (events @ model.similarity).toarray()


def implicit_bpr(events, seed, factors, rate, reg, epochs):
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    # With one thread a seed fixes the result.
    model = BayesianPersonalizedRanking(factors=factors, learning_rate=rate, regularization=reg, iterations=epochs, num_threads=1, random_state=seed)
    model.fit(events, show_progress=False)
    return model.user_factors @ model.item_factors.T


def irspack(name, events, **settings):
    import irspack.recommenders

    model = getattr(irspack.recommenders, name)(events.astype(np.float64), **settings).learn()
    return model.get_score(np.arange(events.shape[0]))


def irspack_rp3beta(events, seed, k, alpha, beta):
    return irspack("RP3betaRecommender", events, alpha=alpha, beta=beta, top_k=k, n_threads=2)


def irspack_slim(events, seed, alpha, l1_ratio):
    return irspack("SLIMRecommender", events, alpha=alpha, l1_ratio=l1_ratio, n_threads=2)


SCORES = {
    "numpy EASE": numpy_ease,
    "implicit ALS": implicit_als,
    "implicit BM25": implicit_bm25,
    "implicit BPR": implicit_bpr,
    "irspack RP3beta": irspack_rp3beta,
    "irspack SLIM": irspack_slim,
}


# Speed.


def implicit_iteration(events, factors, solver, iterations):
    from implicit.cpu.als import AlternatingLeastSquares

    AlternatingLeastSquares(factors=factors, regularization=1.0, alpha=10.0, iterations=iterations, use_cg=solver == "cg", num_threads=2, random_state=1).fit(
        events, show_progress=False
    )


def irspack_iteration(events, factors, solver, iterations):
    import irspack.recommenders

    irspack.recommenders.IALSRecommender(
        events.astype(np.float64), n_components=factors, alpha0=0.1, reg=0.01, solver_type=solver.upper(), n_threads=2, train_epochs=iterations
    ).learn()


def rusket_iteration(events, factors, solver, iterations):
    import rusket

    rusket.ALS(factors=factors, regularization=1.0, alpha=10.0, iterations=iterations, use_cholesky=solver == "cholesky", cg_iters=3).fit(events)


ITERATIONS = {"implicit": implicit_iteration, "irspack": irspack_iteration, "rusket": rusket_iteration}


def implicit_knn(events):
    from implicit.nearest_neighbours import CosineRecommender

    CosineRecommender(K=100, num_threads=2).fit(events, show_progress=False)


def rusket_knn(events):
    import rusket

    rusket.ItemKNN(method="cosine", k=100).fit(events)


def numpy_ease_inverse(events):
    """The Gram matrix and its inverse in place, in 32 bits."""
    from scipy.linalg import lapack

    gram = (events.T @ events).toarray()
    gram[np.diag_indices_from(gram)] += 500
    factor, wrong = lapack.spotrf(gram.T, lower=0, overwrite_a=1)
    assert wrong == 0
    inverse, wrong = lapack.spotri(factor, lower=0, overwrite_c=1)
    assert wrong == 0
    return inverse


def irspack_rp3(events):
    import irspack.recommenders

    irspack.recommenders.RP3betaRecommender(events.astype(np.float64), alpha=1, beta=0.6, top_k=100, n_threads=2).learn()


def implicit_top(events):
    """What lists of ten for all users need, and then these."""
    from implicit.cpu.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(factors=64, regularization=1.0, alpha=10.0, iterations=1, num_threads=2, random_state=1)
    model.fit(events, show_progress=False)
    return lambda: model.recommend(np.arange(events.shape[0]), events, N=10, filter_already_liked_items=True)


# Of these only what the function gives is timed.
READY = {"top"}
FITS = {("top", "implicit"): implicit_top, ("knn", "implicit"): implicit_knn, ("knn", "rusket"): rusket_knn, ("ease", "numpy"): numpy_ease_inverse, ("rp3beta", "irspack"): irspack_rp3}


def peak_mb():
    """The most memory since the last `forget_peak`."""
    line = next(line for line in pathlib.Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def forget_peak():
    """Loading the events takes more than holding them."""
    pathlib.Path("/proc/self/clear_refs").write_text("5")


def clock(work):
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def main():
    work, program, path = sys.argv[1:4]
    events = sparse.load_npz(path).astype(np.float32)
    events.sort_indices()
    if work.startswith("als"):
        _, factors, solver = work.split("-")
        fit = ITERATIONS[program]
        # Imports and the like are not in the first fit.
        fit(events[:200], 8, solver, 1)
        forget_peak()
        base = peak_mb()
        one, two = (clock(lambda n=n: fit(events, int(factors), solver, n)) for n in (1, 2))
        wall, cpu = two[0] - one[0], two[1] - one[1]
    else:
        run = FITS[work, program]
        run = run(events) if work in READY else lambda: FITS[work, program](events)
        forget_peak()
        base = peak_mb()
        wall, cpu = clock(run)
    # On a line of its own, whatever the peer left on the last one.
    print("\n" + json.dumps({"seconds": wall, "cpu": cpu, "above_mb": peak_mb() - base}))


if __name__ == "__main__":
    main()
