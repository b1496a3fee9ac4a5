"""A peer reads a file; prints one JSON object: rows, columns, seconds of the reading alone, settings, versions.

    python versus/data/peers.py PEER FILE --threads 2
"""

import argparse
import json
import time


def polars_full(path, threads):
    return polars(path, None, False)


def polars_dates(path, threads):
    return polars(path, None, True)


def polars_default(path, threads):
    return polars(path, 100, True)


def polars(path, inferred, dates):
    import polars as pl

    start = time.perf_counter()
    if path.endswith(".csv"):
        scan = pl.scan_csv(path, infer_schema_length=inferred, try_parse_dates=dates)
        told = f"infer_schema_length={inferred}, try_parse_dates={dates}"
    else:
        scan, told = pl.scan_parquet(path), "scan_parquet"
    table = scan.collect()
    seconds = time.perf_counter() - start
    return table.height, table.width, seconds, f"{told}, {pl.thread_pool_size()} threads", {"polars": pl.__version__}


def pandas(path, threads):
    import pandas as pd
    import pyarrow as pa

    pa.set_cpu_count(threads)
    start = time.perf_counter()
    table = pd.read_csv(path, engine="pyarrow") if path.endswith(".csv") else pd.read_parquet(path)
    return *table.shape, time.perf_counter() - start, "pyarrow engine", {"pandas": pd.__version__, "pyarrow": pa.__version__}


def duckdb(path, threads):
    import duckdb as db

    link = db.connect(config={"threads": threads})
    start = time.perf_counter()
    table = link.sql(f"FROM read_csv('{path}', sample_size=-1)" if path.endswith(".csv") else f"FROM '{path}'").to_arrow_table()
    return *table.shape, time.perf_counter() - start, "to Arrow; CSV: sample_size=-1", {"duckdb": db.__version__}


def summarize(path, threads):
    import duckdb as db

    link = db.connect(config={"threads": threads})
    start = time.perf_counter()
    found = link.sql(f"SELECT * FROM (SUMMARIZE FROM read_csv('{path}'))").fetchall()
    return found[0][-2], len(found), time.perf_counter() - start, "SUMMARIZE, default sample", {"duckdb": db.__version__}


PEERS = {
    "polars-full": polars_full, "polars-dates": polars_dates, "polars-default": polars_default, "pandas": pandas, "duckdb": duckdb, "duckdb-summarize": summarize,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("file")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    rows, columns, seconds, settings, versions = PEERS[args.peer](args.file, args.threads)
    print(json.dumps({"rows": rows, "columns": columns, "seconds": seconds, "settings": settings, "versions": versions}))


if __name__ == "__main__":
    main()
