"""Parquet and Arrow files by every writer, with every codec and the types that people have in them."""

import base
from base import ROWS, frame, plain
from expect import Case, Expect, classes, date, identifier, left, names, nothing, number, text, truth


def cases(folder, spark):
    yield from codecs(folder)
    yield from exact(folder)
    yield from types(folder)
    yield from dictionaries(folder)
    yield from labelled(folder)
    yield from arrow(folder)
    yield from shards(folder)
    if spark is not None:
        yield from by_spark(folder, spark)


def codecs(folder):
    import duckdb
    import polars as pl
    import pyarrow.parquet as pq

    source = base.arrow()
    for codec in ("none", "snappy", "gzip", "brotli", "lz4", "zstd"):
        path = folder / f"pandas-{codec}.parquet"
        frame().to_parquet(path, compression=None if codec == "none" else codec)
        yield Case(f"Parquet {codec}", "pandas", path, plain(), ROWS)
        path = folder / f"pyarrow-{codec}.parquet"
        pq.write_table(source, path, compression=codec)
        yield Case(f"Parquet {codec}", "pyarrow", path, plain(), ROWS)
    for codec in ("uncompressed", "snappy", "gzip", "brotli", "lz4", "zstd"):
        path = folder / f"polars-{codec}.parquet"
        pl.from_arrow(source).write_parquet(path, compression=codec)
        yield Case(f"Parquet {codec}", "polars", path, plain(), ROWS)
    for codec in ("uncompressed", "snappy", "gzip", "brotli", "lz4", "lz4_raw", "zstd"):
        path = folder / f"duckdb-{codec}.parquet"
        duckdb.sql(f"COPY (FROM source) TO '{path}' (FORMAT parquet, COMPRESSION {codec})")
        yield Case(f"Parquet {codec}", "duckdb", path, plain(), ROWS)
    path = folder / "duckdb-v2.parquet"
    duckdb.sql(f"COPY (FROM source) TO '{path}' (FORMAT parquet, PARQUET_VERSION v2)")
    yield Case("Parquet version 2 encodings", "duckdb", path, plain(), ROWS)
    for name, options in {
        "1.0": {"version": "1.0", "use_deprecated_int96_timestamps": True},
        "2.6, pages 2.0": {"version": "2.6", "data_page_version": "2.0"},
        "no dictionary, delta encodings": {
            "use_dictionary": False,
            "column_encoding": {"count": "DELTA_BINARY_PACKED", "colour": "DELTA_BYTE_ARRAY", "price": "BYTE_STREAM_SPLIT"},
        },
    }.items():
        path = folder / f"pyarrow-{base.slug(name)}.parquet"
        pq.write_table(source, path, **options)
        yield Case(f"Parquet {name}", "pyarrow", path, plain(), ROWS)


def exact(folder):
    import decimal

    import duckdb
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

    money = [decimal.Decimal(text) for text in base.PRICES]
    keys = [decimal.Decimal(base.LONG + i) for i in range(ROWS)]
    whole = identifier(str(base.LONG), ROWS)
    for width, make, digits in ((32, pa.decimal32, 9), (64, pa.decimal64, 18), (128, pa.decimal128, 38), (256, pa.decimal256, 76)):
        columns, right = {"money": pa.array(money, make(digits, 2))}, {"money": number(0.57, 4.35)}
        if digits > 18:
            columns["order_id"], right["order_id"] = pa.array(keys, make(digits, 0)), whole
        path = folder / f"pyarrow-decimal{width}.parquet"
        pq.write_table(pa.table(columns), path, store_decimal_as_integer=width < 128)
        yield Case(f"Parquet decimal{width}", "pyarrow", path, right, ROWS)
    path = folder / "polars-decimal.parquet"
    pl.DataFrame({"money": pl.Series(money, dtype=pl.Decimal(9, 2)), "order_id": pl.Series(keys, dtype=pl.Decimal(38, 0))}).write_parquet(path)
    yield Case("Parquet decimal", "polars", path, {"money": number(0.57, 4.35), "order_id": whole}, ROWS)
    path = folder / "polars-long.parquet"
    pl.DataFrame({"id": pl.Series([2**64 + i for i in range(ROWS)], dtype=pl.Int128), "y": [i % 5 + 0.5 for i in range(ROWS)]}).write_parquet(path)
    yield Case("Parquet Int128", "polars", path, {"id": left("identifier"), "y": number(0.5, 4.5)}, ROWS)
    path = folder / "duckdb-decimal.parquet"
    duckdb.sql(
        f"COPY (SELECT [0.57, 1.15, 4.35][i % 3 + 1]::DECIMAL(4,2) AS small, [0.57, 1.15, 4.35][i % 3 + 1]::DECIMAL(18,2) AS money,"
        f" ({base.LONG} + i)::DECIMAL(38,0) AS order_id FROM range({ROWS}) t(i)) TO '{path}'"
    )
    right = {"small": number(0.57, 4.35), "money": number(0.57, 4.35), "order_id": whole}
    yield Case("Parquet decimal", "duckdb", path, right, ROWS)
    path = folder / "pyarrow-integers.parquet"
    most = 2**64 - ROWS
    pq.write_table(
        pa.table({
            "order_id": pa.array([base.LONG + i for i in range(ROWS)], pa.int64()),
            "row_id": pa.array([most + i for i in range(ROWS)], pa.uint64()),
            "i8": pa.array([i % 7 - 3 for i in range(ROWS)], pa.int8()),
            "u16": pa.array([i % 7 + 60000 for i in range(ROWS)], pa.uint16()),
            "half": pa.array([i % 4 / 2 for i in range(ROWS)], pa.float16()),
            "single": pa.array([[0.1, 0.2, 0.7][i % 3] for i in range(ROWS)], pa.float32()),
            "holes": pa.array([float("nan") if i % 6 == 0 else i % 5 + 0.5 for i in range(ROWS)]),
        }), path)
    right = {
        "order_id": whole, "row_id": identifier(str(most), ROWS), "i8": number(-3, 3), "u16": number(60000, 60006),
        "half": number(0, 1.5), "single": number(0.1, 0.7, near=1e-7), "holes": number(0.5, 4.5, missing=10),
    }
    yield Case("Parquet whole numbers, half, NaN", "pyarrow", path, right, ROWS)


def types(folder):
    import datetime
    import uuid

    import duckdb
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

    day = datetime.datetime(2024, 1, 1, 20, 0, 5)
    at = [day + datetime.timedelta(days=i) for i in range(ROWS)]
    low, high = "2024-01-01T20:00:05", (day + datetime.timedelta(days=ROWS - 1)).isoformat()
    china = date("2024-01-01T12:00:05", (day + datetime.timedelta(days=ROWS - 1, hours=-8)).isoformat())
    path = folder / "pyarrow-times.parquet"
    zone = [t.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=8))) for t in at]
    columns = {f"t_{unit}": pa.array(at, pa.timestamp(unit)) for unit in ("s", "ms", "us", "ns")}
    columns |= {"zoned": pa.array(zone, pa.timestamp("us", "Asia/Shanghai")), "d32": pa.array([t.date() for t in at], pa.date32()),
                "d64": pa.array([t.date() for t in at], pa.date64())}
    pq.write_table(pa.table(columns), path)
    right = {name: date(low, high) for name in columns if name.startswith("t_")}
    right |= {"zoned": china, "d32": date("2024-01-01", high[:10]), "d64": date("2024-01-01", high[:10])}
    yield Case("Parquet times, zone", "pyarrow", path, right, ROWS)
    keys = [str(uuid.UUID(int=i + 1)) for i in range(ROWS)]
    several = {
        "vector": pa.array([[0.5, i / 8, 1.0] for i in range(ROWS)], pa.list_(pa.float32())),
        "fixed": pa.array([[0.5, i / 8, 1.0] for i in range(ROWS)], pa.list_(pa.float32(), 3)),
        "tags": pa.array([["a", "b"][: i % 3] for i in range(ROWS)], pa.list_(pa.string())),
        "box": pa.array([{"x": i, "y": "z"} for i in range(ROWS)]),
        "counts": pa.array([[("a", i)] for i in range(ROWS)], pa.map_(pa.string(), pa.int64())),
        "clock": pa.array([datetime.time(13, i % 60) for i in range(ROWS)], pa.time64("us")),
        "took": pa.array([datetime.timedelta(seconds=i) for i in range(ROWS)], pa.duration("us")),
        "key": pa.array([uuid.UUID(k).bytes for k in keys], pa.uuid()),
        "empty": pa.nulls(ROWS),
        "raw": pa.array([bytes([0, 255, i]) for i in range(ROWS)], pa.binary()),
        "word": pa.array([base.COLOURS[i % 3].encode() for i in range(ROWS)], pa.binary()),
        "messages": pa.array([[{"role": "user", "content": "hello"}] for _ in range(ROWS)]),
        "big": pa.array([base.COLOURS[i % 3] for i in range(ROWS)], pa.large_string()),
        "view": pa.array([base.COLOURS[i % 3] for i in range(ROWS)], pa.string_view()),
        "y": pa.array([i % 5 + 0.5 for i in range(ROWS)]),
    }
    right = {
        "vector": left("vector"), "fixed": left("vector"), "box": left(), "counts": left(), "clock": left(),
        "took": left("number", "identifier"), "key": left("identifier", first=keys[0]), "empty": nothing(ROWS), "raw": left(),
        "word": left("category", names=tuple(base.COLOURS)), "messages": left(), "big": names(*base.COLOURS),
        "view": names(*base.COLOURS), "y": number(0.5, 4.5),
    }
    # An empty list is none of the labels, not a missing cell.
    right["tags"] = left("category", "text", missing=0)
    path = folder / "pyarrow-types.parquet"
    pq.write_table(pa.table(several), path)
    yield Case("Parquet lists, struct, map, time, UUID, null, bytes", "pyarrow", path, right, ROWS)
    path = folder / "polars-types.parquet"
    pl.DataFrame({
        "vector": pl.Series([[0.5, i / 8] for i in range(ROWS)]), "fixed": pl.Series([[0.5, i / 8] for i in range(ROWS)], dtype=pl.Array(pl.Float32, 2)),
        "box": [{"x": i} for i in range(ROWS)], "clock": [datetime.time(13, i % 60) for i in range(ROWS)],
        "took": [datetime.timedelta(seconds=i) for i in range(ROWS)], "empty": pl.Series([None] * ROWS, dtype=pl.Null),
        "raw": [bytes([0, 255, i]) for i in range(ROWS)], "y": [i % 5 + 0.5 for i in range(ROWS)],
    }).write_parquet(path)
    right = {name: left("vector" if name in ("vector", "fixed") else "identifier") for name in ("vector", "fixed", "box", "clock", "raw")}
    right |= {"took": left("number", "identifier"), "empty": nothing(ROWS), "y": number(0.5, 4.5)}
    yield Case("Parquet lists, struct, time, null, bytes", "polars", path, right, ROWS)
    path = folder / "duckdb-types.parquet"
    duckdb.sql(
        "COPY (SELECT [0.5::FLOAT, i / 8] AS vector, {'x': i} AS box, MAP {'a': i} AS counts, TIME '13:01:02' AS clock, uuid() AS key,"
        " '\\x00\\xFF'::BLOB AS raw, NULL AS empty, (i % 5 + 0.5)::DOUBLE AS y, (i % 2 = 0) AS flag, INTERVAL (i) DAY AS took,"
        f" TIMESTAMPTZ '2024-01-01 20:00:05+08' AS zoned FROM range({ROWS}) t(i)) TO '{path}'"
    )
    right = {name: left("vector" if name == "vector" else "identifier") for name in ("vector", "box", "counts", "clock", "key", "raw", "took")}
    right |= {"empty": nothing(ROWS), "y": number(0.5, 4.5), "flag": truth(), "zoned": date("2024-01-01T12:00:05", "2024-01-01T12:00:05")}
    yield Case("Parquet list, struct, map, time, UUID, null, bytes", "duckdb", path, right, ROWS)


def dictionaries(folder):
    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

    colours = [base.COLOURS[i % 3] for i in range(ROWS)]
    path = folder / "pandas-categories.parquet"
    days = pd.to_datetime(["2024-01-0" + str(i % 3 + 1) for i in range(ROWS)])
    pd.DataFrame({"colour": pd.Categorical(colours), "level": pd.Categorical([i % 3 + 1 for i in range(ROWS)]),
                  "size": pd.Categorical([0.5 * (i % 3) for i in range(ROWS)]), "yes": pd.Categorical([i % 2 == 0 for i in range(ROWS)]),
                  "day": pd.Categorical(days), "holes": pd.Categorical([None, *colours[1:]])}).to_parquet(path)
    right = {"colour": names(*base.COLOURS), "level": classes("1", "2", "3"), "size": classes("0", "0.5", "1"), "yes": truth(),
             "day": date("2024-01-01", "2024-01-03"), "holes": names(*base.COLOURS, missing=1)}
    yield Case("Parquet categories of every type", "pandas", path, right, ROWS)
    path = folder / "polars-categories.parquet"
    pl.DataFrame({"colour": pl.Series(colours, dtype=pl.Categorical), "set": pl.Series(colours, dtype=pl.Enum(base.COLOURS))}).write_parquet(path)
    yield Case("Parquet Categorical, Enum", "polars", path, {"colour": names(*base.COLOURS), "set": names(*base.COLOURS)}, ROWS)
    path = folder / "duckdb-enum.parquet"
    duckdb.sql("CREATE OR REPLACE TYPE hue AS ENUM ('red', 'blue', 'green')")
    duckdb.sql(f"COPY (SELECT ['red', 'blue', 'green'][i % 3 + 1]::hue AS colour FROM range({ROWS}) t(i)) TO '{path}'")
    yield Case("Parquet ENUM", "duckdb", path, {"colour": names(*base.COLOURS)}, ROWS)
    path = folder / "pyarrow-dictionaries.parquet"
    indices = [i % 3 for i in range(ROWS)]
    columns = {kind: pa.DictionaryArray.from_arrays(pa.array(indices, getattr(pa, kind)()), base.COLOURS) for kind in
               ("int8", "uint8", "int16", "uint32", "int64")}
    columns["level"] = pa.DictionaryArray.from_arrays(pa.array(indices, pa.int8()), pa.array([1, 2, 3], pa.int64()))
    columns["money"] = pa.DictionaryArray.from_arrays(pa.array(indices, pa.int8()), pa.array(base.decimals(), pa.decimal128(9, 2)))
    pq.write_table(pa.table(columns), path)
    right = {name: names(*base.COLOURS) for name in ("int8", "uint8", "int16", "uint32", "int64")}
    right |= {"level": classes("1", "2", "3"), "money": classes("0.57", "1.15", "4.35")}
    yield Case("Parquet dictionaries", "pyarrow", path, right, ROWS)


def labelled(folder):
    import datasets
    import numpy as np

    datasets.disable_progress_bars()
    ten = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    features = datasets.Features({
        "label": datasets.ClassLabel(names=ten), "two": datasets.ClassLabel(names=["neg", "pos"]),
        "tags": datasets.List(datasets.ClassLabel(names=["sports", "news", "music"])), "text": datasets.Value("string"),
    })
    data = datasets.Dataset.from_dict({
        "label": [i % 10 for i in range(ROWS)], "two": [i % 2 for i in range(ROWS)], "tags": [[0, 2][: i % 2 + 1] for i in range(ROWS)],
        "text": [f"a line of some words number {i}" for i in range(ROWS)]}, features)
    right = {"label": names(*ten), "two": names("neg", "pos"), "tags": names("sports", "sports|music"), "text": text()}
    path = folder / "datasets-classlabel.parquet"
    data.to_parquet(path)
    yield Case("Parquet ClassLabel", "datasets", path, right, ROWS)
    unlabelled = datasets.Features({"label": datasets.ClassLabel(names=["neg", "pos"])})
    path = folder / "datasets-unlabelled.parquet"
    datasets.Dataset.from_dict({"label": [(0, 1, -1, None)[i % 4] for i in range(ROWS)]}, unlabelled).to_parquet(path)
    yield Case("Parquet ClassLabel, -1 and null for no label", "datasets", path, {"label": names("neg", "pos", missing=ROWS // 2)}, ROWS)
    path = folder / "datasets-save"
    data.save_to_disk(path)
    yield Case("save_to_disk folder", "datasets", path, right, ROWS)
    path = folder / "datasets-dict"
    data.train_test_split(20, seed=1).save_to_disk(path)
    yield Case("save_to_disk folder of splits", "datasets", path, {**right, "split": names("train", "test")}, ROWS)
    path = folder / "datasets-pictures.parquet"
    shades = [np.full((6, 7, 3), i, np.uint8) for i in range(ROWS)]
    deep = [np.full((6, 7), 1000 * i, np.uint16) for i in range(ROWS)]
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["neg", "pos"])})
    right = {"image": Expect(("image",)), "label": names("neg", "pos")}
    datasets.Dataset.from_dict({"image": shades, "label": [i % 2 for i in range(ROWS)]}, features).to_parquet(path)
    yield Case("Parquet pictures", "datasets", path, right, ROWS)
    path = folder / "datasets-deep.parquet"
    datasets.Dataset.from_dict({"image": deep, "label": [i % 2 for i in range(ROWS)]}, features).to_parquet(path)
    yield Case("Parquet pictures of 16 bits (TIFF)", "datasets", path, right, ROWS, named=("tiff",))
    path = folder / "datasets.csv"
    data.remove_columns("tags").to_csv(path)
    yield Case("CSV of ClassLabel", "datasets", path, {"label": classes(*"0123456789"), "text": text()}, ROWS)
    right = {"label": number(0, 9), "text": text()}
    path = folder / "datasets.jsonl"
    data.remove_columns("tags").to_json(path)
    yield Case("JSON Lines of ClassLabel", "datasets", path, right, ROWS)


def arrow(folder):
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    import pyarrow.feather

    source = base.arrow()
    for codec in (None, "lz4", "zstd"):
        path = folder / f"pyarrow-{codec}.arrow"
        with pa.ipc.new_file(path, source.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as file:
            file.write_table(source, max_chunksize=16)
        yield Case(f"Arrow file {codec}", "pyarrow", path, plain(), ROWS)
        path = folder / f"pyarrow-{codec}.arrows"
        with pa.ipc.new_stream(path, source.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as file:
            file.write_table(source, max_chunksize=16)
        yield Case(f"Arrow stream {codec}", "pyarrow", path, plain(), ROWS)
        word = codec or "uncompressed"
        path = folder / f"polars-{word}.arrow"
        pl.from_arrow(source).write_ipc(path, compression=word)
        yield Case(f"Arrow file {word}", "polars", path, plain(), ROWS)
        path = folder / f"polars-{word}.arrows"
        pl.from_arrow(source).write_ipc_stream(path, compression=word)
        yield Case(f"Arrow stream {word}", "polars", path, plain(), ROWS)
    path = folder / "pandas.feather"
    pd.DataFrame(frame()).to_feather(path)
    yield Case("Feather", "pandas", path, plain(), ROWS)


def shards(folder):
    import decimal

    import duckdb
    import polars as pl
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    source = base.arrow()
    hub = folder / "hub" / "data"
    hub.mkdir(parents=True)
    for name, start, rows in (("train-00000-of-00002", 0, 20), ("train-00001-of-00002", 20, 20), ("test-00000-of-00001", 40, 20)):
        pq.write_table(source.slice(start, rows), hub / f"{name}.parquet")
    yield Case("folder of shards named by split", "pyarrow", folder / "hub", plain(ordered=False, split=names("train", "test")), ROWS)
    void = folder / "void"
    void.mkdir()
    pq.write_table(pa.table({"a": [1.5, 2.5], "b": pa.nulls(2)}), void / "part-0.parquet")
    pq.write_table(pa.table({"a": [3.5, 4.5], "b": ["x", "y"]}), void / "part-1.parquet")
    yield Case("shards, a column null in the first", "pyarrow", void, {"a": number(1.5, 4.5), "b": names("x", "y", missing=2)}, 4)
    mixed = folder / "mixed"
    mixed.mkdir()
    for i, (numbers, scale) in enumerate((([1, 2], 1), ([1.5, 2.5], 2))):
        money = pa.array([decimal.Decimal("12.5"), decimal.Decimal("0.5")] if i == 0 else [decimal.Decimal("99.95"), None], pa.decimal128(6, scale))
        pq.write_table(pa.table({"a": numbers, "money": money}), mixed / f"part-{i}.parquet")
    yield Case("shards of int64 and double, of decimals of two scales", "pyarrow", mixed, {"a": number(1, 2.5), "money": number(0.5, 99.95, missing=1)}, 4)
    right = plain(ordered=False, colour=names(*base.COLOURS, missing=base.holes("colour")))
    path = folder / "hive-pyarrow"
    ds.write_dataset(source, path, format="parquet", partitioning=["colour"], partitioning_flavor="hive")
    yield Case("hive partitions with a null", "pyarrow", path, right, ROWS)
    path = folder / "hive-duckdb"
    duckdb.sql(f"COPY (FROM source) TO '{path}' (FORMAT parquet, PARTITION_BY (colour))")
    yield Case("hive partitions with a null", "duckdb", path, right, ROWS)
    path = folder / "hive-polars"
    pl.from_arrow(source).write_parquet(pl.PartitionBy(str(path), key="colour"), mkdir=True)
    yield Case("hive partitions with a null", "polars", path, right, ROWS)
    path = folder / "hive-csv"
    duckdb.sql(f"COPY (FROM source) TO '{path}' (FORMAT csv, PARTITION_BY (colour))")
    yield Case("hive partitions of CSV", "duckdb", path, right, ROWS)
    path = folder / "hive-zeros"
    duckdb.sql(f"COPY (SELECT i % 5 + 0.5 AS y, format('0{{}}', i % 3) AS shop FROM range({ROWS}) t(i)) TO '{path}' (FORMAT parquet, PARTITION_BY (shop))")
    yield Case("hive partitions 00, 01, 02", "duckdb", path, {"y": number(0.5, 4.5), "shop": names("00", "01", "02")}, ROWS)


def by_spark(folder, spark):
    data = spark.createDataFrame(base.tuples(), base.SPARK)
    for codec in ("none", "snappy", "gzip", "lz4", "lz4_raw", "zstd"):
        path = folder / f"spark-{codec}"
        data.coalesce(1).write.option("compression", codec).parquet(str(path))
        yield Case(f"Parquet {codec}", "pyspark", path, plain(), ROWS)
    path = folder / "spark-types"
    spark.range(ROWS).selectExpr(
        "cast(id % 3 + 0.57 as decimal(9,2)) money", f"cast({base.LONG} + id as decimal(38,0)) order_id", "array(0.5f, cast(id as float)) vector",
        "named_struct('x', id) box", "map('a', id) counts", "cast('ab' as binary) raw", "interval 1 day took", "id % 5 + 0.5D y",
    ).coalesce(1).write.parquet(str(path))
    right = {"money": number(0.57, 2.57), "order_id": identifier(str(base.LONG), ROWS), "vector": left("vector"), "box": left(),
             "counts": left(), "raw": left("category"), "took": left("number", "identifier"), "y": number(0.5, 4.5)}
    yield Case("Parquet decimals, list, struct, map, bytes", "pyspark", path, right, ROWS)
    path = folder / "spark-hive"
    data.coalesce(1).write.partitionBy("colour").parquet(str(path))
    right = plain(ordered=False, colour=names(*base.COLOURS, missing=base.holes("colour")))
    yield Case("hive partitions with a null", "pyspark", path, right, ROWS)
    path = folder / "spark-csv"
    data.coalesce(2).write.option("header", True).csv(str(path))
    yield Case("folder of CSV parts", "pyspark", path, plain(), ROWS)
    path = folder / "spark-json"
    data.coalesce(2).write.json(str(path))
    yield Case("folder of JSON parts", "pyspark", path, plain(), ROWS)
