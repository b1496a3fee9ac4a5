"""Events with a few popular items and clusters of tastes, the same for the same seed:

    python versus/recommend/synthetic.py OUT.npz [--users 100000] [--items 20000] [--events 4800000] [--seed 0]

Also writes OUT.pairs, which fit.rs reads: little-endian u32, user and item of each event, by user.
"""

import argparse
import pathlib

import numpy as np
import scipy.sparse as sparse

CLUSTERS = 50
OWN = 0.8  # share of events in a user's own clusters
ZIPF = 0.9


def make(users, items, events, seed):
    draw = np.random.default_rng(seed)
    popular = draw.permutation(1 / np.arange(1, items + 1) ** ZIPF)
    popular /= popular.sum()
    cluster = draw.integers(0, CLUSTERS, items)
    by_cluster = np.argsort(cluster, kind="stable")
    starts = np.searchsorted(cluster[by_cluster], np.arange(CLUSTERS + 1))
    # Items of cluster c lie in (c, c + 1] of one distribution.
    parts = [popular[by_cluster[a:b]] for a, b in zip(starts, starts[1:])]
    within = np.concatenate([np.cumsum(part) / part.sum() + c for c, part in enumerate(parts)])
    overall = np.cumsum(popular)
    activity = np.cumsum(np.maximum(3, draw.lognormal(3.4, 0.9, users)))
    tastes = draw.integers(0, CLUSTERS, (users, 3))
    shares = np.cumsum(draw.dirichlet([1.5, 1, 0.5], users), 1)
    keys = np.empty(0, np.int64)
    while len(keys) < events:
        wanted = int((events - len(keys)) * 1.3) + 1000
        user = np.searchsorted(activity / activity[-1], draw.random(wanted)).clip(0, users - 1)
        which = (draw.random(wanted)[:, None] > shares[user]).sum(1).clip(0, 2)
        place = np.searchsorted(within, tastes[user, which] + draw.random(wanted) * 0.999999)
        item = by_cluster[place.clip(0, items - 1)]
        any_item = draw.random(wanted) > OWN
        item[any_item] = np.searchsorted(overall, draw.random(any_item.sum())).clip(0, items - 1)
        keys = np.unique(np.concatenate([keys, user.astype(np.int64) * items + item]))
    keys = np.sort(draw.permutation(keys)[:events])
    return sparse.csr_matrix((np.ones(events, np.float32), (keys // items, keys % items)), shape=(users, items))


def write(found, out):
    sparse.save_npz(out, found, compressed=False)
    rows = np.repeat(np.arange(found.shape[0], dtype=np.uint32), np.diff(found.indptr))
    np.column_stack([rows, found.indices.astype(np.uint32)]).astype("<u4").tofile(out.with_suffix(".pairs"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=4_800_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    write(make(args.users, args.items, args.events, args.seed), args.out)


if __name__ == "__main__":
    main()
