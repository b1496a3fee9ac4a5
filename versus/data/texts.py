"""CSV, JSON, spreadsheets, arrays and archives as each writer writes them by default, and with the options that people use."""

import base
from base import ROWS, frame, plain
from expect import Case, Expect, classes, date, identifier, names, number, text, truth


def cases(folder):
    yield from csv_files(folder)
    yield from packed(folder)
    yield from people(folder)
    yield from json_files(folder)
    yield from sheets(folder)
    yield from arrays(folder)
    yield from others(folder)


def csv_files(folder):
    import csv

    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    import pyarrow.csv

    data, source = frame(), base.arrow()
    for missing in ("", "NA", "NULL", "\\N", "NaN", "nan", "None", "null", "<NA>", "#N/A", "NaT", "-", ".", "?", "N/A", "n/a", "#NULL!", "#DIV/0!"):
        path = folder / f"pandas-{base.slug(missing) or len(missing)}-{sum(map(ord, missing))}.csv"
        data.to_csv(path, index=False, na_rep=missing)
        right = plain()
        if missing in ("-", ".", "NaT"):
            right["colour"] = None  # as good a name of a colour as a mark of a hole
        yield Case(f"CSV, missing as `{missing}`", "pandas", path, {k: v for k, v in right.items() if v}, ROWS)
    path = folder / "pandas-index.csv"
    data.to_csv(path)
    yield Case("CSV with the index", "pandas", path, plain(), ROWS)
    path = folder / "pandas-german.csv"
    data.to_csv(path, index=False, sep=";", decimal=",", date_format="%d.%m.%Y")
    right = plain(at=date("2024-01-01", "2024-01-18"))
    yield Case("CSV, `;`, decimal comma, 31.12.2024", "pandas", path, right, ROWS)
    path = folder / "pandas-american.csv"
    data.to_csv(path, index=False, date_format="%m/%d/%Y %I:%M:%S %p", quoting=csv.QUOTE_ALL)
    yield Case("CSV, all quoted, 12/31/2024 01:05:07 PM", "pandas", path, plain(), ROWS)
    path = folder / "pandas-zoned.csv"
    data.assign(at=data["at"].dt.tz_localize("Asia/Shanghai")).to_csv(path, index=False)
    right = plain(at=date("2024-01-01T05:05:07", "2024-01-18T10:05:07"))
    yield Case("CSV, times with +08:00", "pandas", path, right, ROWS)
    path = folder / "pandas.tsv"
    data.to_csv(path, index=False, sep="\t")
    yield Case("TSV", "pandas", path, plain(), ROWS)
    path = folder / "pandas-floats.csv"
    pd.DataFrame({"count": [None if i % 10 == 3 else i * 7 % 11 for i in range(ROWS)], "yes": [None if i % 9 == 4 else float(i % 2) for i in range(ROWS)],
                  "colour": [base.COLOURS[i % 3] for i in range(ROWS)]}).to_csv(path, index=False)
    right = {"count": number(0, 10, missing=6), "yes": Expect(("boolean", "number", "category"), 7), "colour": names(*base.COLOURS)}
    yield Case("CSV of whole numbers with holes (3.0)", "pandas", path, right, ROWS)
    path = folder / "pandas-late.csv"
    pd.DataFrame({"count": ["1"] * 30000 + ["2.5"], "code": ["00501"] * 30000 + ["90210"], "colour": ["red"] * 30000 + ["#fff"]}).to_csv(path, index=False)
    right = {"count": number(1, 2.5), "code": names("00501", "90210"), "colour": names("red", "#fff")}
    yield Case("CSV, the first fraction in row 30,001", "pandas", path, right, 30001)
    made = pl.from_arrow(source)
    for name, options in {
        "default": {}, "missing as NULL": {"null_value": "NULL"}, "decimal comma": {"separator": ";", "decimal_comma": True},
        "bar": {"separator": "|"}, "31/12/2024": {"date_format": "%d/%m/%Y"}, "quoted names": {"quote_style": "non_numeric"},
        "gzip": {"compression": "gzip"}, "zstd": {"compression": "zstd"},
    }.items():
        ending = {"gzip": ".csv.gz", "zstd": ".csv.zst"}.get(name, ".csv")
        path = folder / f"polars-{base.slug(name)}{ending}"
        made.write_csv(path, **options)
        yield Case(f"CSV, {name}", "polars", path, plain(), ROWS)
    for name, options in {
        "default": "", "bar, missing as NULL": "DELIM '|', NULLSTR 'NULL'", "missing as \\N, tab": "DELIM '\t', NULLSTR '\\N'",
        "31/12/2024": "DATEFORMAT '%d/%m/%Y'", "all quoted": "FORCE_QUOTE *", "gzip": "COMPRESSION gzip", "zstd": "COMPRESSION zstd",
    }.items():
        ending = {"gzip": ".csv.gz", "zstd": ".csv.zst"}.get(name, ".csv")
        path = folder / f"duckdb-{base.slug(name)}{ending}"
        duckdb.sql(f"COPY (FROM source) TO '{path}' (FORMAT csv, HEADER{', ' + options if options else ''})")
        yield Case(f"CSV, {name}", "duckdb", path, plain(), ROWS)
    path = folder / "pyarrow.csv"
    pa.csv.write_csv(source, path)
    yield Case("CSV, default", "pyarrow", path, plain(), ROWS)


def packed(folder):
    for ending in ("gz", "bz2", "xz", "zip", "zst", "tar.gz"):
        path = folder / f"pandas.csv.{ending}"
        frame().to_csv(path, index=False)
        yield Case(f"CSV in .{ending}", "pandas", path, plain(), ROWS, named=() if ending != "tar.gz" else ("tar",))


def people(folder):
    """Cells as Polars, DuckDB and spreadsheets print them for people."""
    import duckdb

    path = folder / "duckdb-money.csv"
    duckdb.sql(
        "COPY (SELECT format('${:,.2f}', 1000.5 + 250 * (i % 4)) AS dollars, printf('%.1f%%', 12.5 + i % 5) AS rate, format('{:,}', 1000000 + i * 997) AS people,"
        " format('{:t.}', 1000000 + i * 99991) AS points, concat(70 + i % 9, ' kg') AS weight, strftime(DATE '2024-01-01' + i::INT, '%b %d, %Y') AS day,"
        " strftime(TIMESTAMP '2024-01-01 13:05:07' + to_days(i::INT), '%a %b %d %H:%M:%S +0000 %Y') AS tweeted,"
        " epoch_ms(TIMESTAMP '2024-01-01 13:05:07' + to_days(i::INT)) AS timestamp_ms, (1800000273850017015 + i)::DECIMAL(38,0) AS order_no,"
        f" lpad((i % 7)::VARCHAR, 5, '0') AS code, IF(i % 2 = 0, '(12.50)', '7.25') AS balance FROM range({ROWS}) t(i)) TO '{path}' (HEADER, FORMAT csv)"
    )
    right = {
        "dollars": number(1000.5, 1750.5), "rate": Expect(("number",)), "people": number(1000000, 1058823), "points": number(1000000, 6899469),
        "weight": number(70, 78), "day": date("2024-01-01", "2024-02-29"), "tweeted": date("2024-01-01T13:05:07", "2024-02-29T13:05:07"),
        "timestamp_ms": date("2024-01-01T13:05:07", "2024-02-29T13:05:07"), "order_no": identifier("1800000273850017015", ROWS),
        "code": names(*[f"0000{i}" for i in range(7)]), "balance": number(-12.5, 7.25),
    }
    yield Case("CSV of money, per cent, units, dates in words", "duckdb", path, right, ROWS)


def json_files(folder):
    import duckdb
    import pandas as pd
    import polars as pl

    data, source = frame(), base.arrow()
    epoch = "JSON Lines, dates as epoch milliseconds"
    for name, options in (("JSON Lines, ISO dates", {"lines": True, "date_format": "iso"}), (epoch, {"lines": True}), ("JSON array", {"date_format": "iso"})):
        path = folder / f"pandas-{base.slug(name)}.{'jsonl' if 'lines' in options else 'json'}"
        data.to_json(path, orient="records", **options)
        right = plain()
        if name == epoch:
            right = {key: value for key, value in right.items() if key not in ("day", "at")}
        yield Case(name, "pandas", path, right, ROWS)
    path = folder / "pandas-columns.json"
    data.to_json(path)
    yield Case("JSON by columns", "pandas", path, plain(), ROWS, named=("orient", "array of objects", "one object"))
    made = pl.from_arrow(source)
    path = folder / "polars.ndjson"
    made.write_ndjson(path)
    yield Case("JSON Lines", "polars", path, plain(), ROWS)
    path = folder / "polars.json"
    made.write_json(path)
    yield Case("JSON array", "polars", path, plain(), ROWS)
    for name, option in (("JSON Lines", ""), ("JSON array", ", ARRAY true")):
        path = folder / f"duckdb-{base.slug(name)}.json"
        duckdb.sql(f"COPY (FROM source) TO '{path}' (FORMAT json{option})")
        yield Case(name, "duckdb", path, plain(), ROWS)
    path = folder / "pandas-nested.jsonl"
    pd.DataFrame({"meta": [{"a": i} for i in range(ROWS)], "vector": [[0.5, i / 8] for i in range(ROWS)], "y": [i % 5 + 0.5 for i in range(ROWS)]}).to_json(
        path, orient="records", lines=True)
    left = Expect(("identifier", "vector"), optional=True)
    yield Case("JSON Lines with objects and lists", "pandas", path, {"meta": left, "vector": left, "y": number(0.5, 4.5)}, ROWS)


def sheets(folder):
    import openpyxl
    import polars as pl

    data = frame().assign(order_id=[f"A{i:04}" for i in range(ROWS)])
    right = plain(order_id=identifier("A0000", ROWS))
    for ending, writer in (("xlsx", "openpyxl"), ("ods", "odfpy")):
        path = folder / f"pandas.{ending}"
        data.to_excel(path, index=False, engine={"openpyxl": "openpyxl", "odfpy": "odf"}[writer])
        yield Case(f".{ending} sheet", "pandas", path, right, ROWS)
    path = folder / "polars.xlsx"
    pl.from_pandas(data).write_excel(path)
    yield Case(".xlsx table", "polars", path, right, ROWS)
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    sheet = book.active
    sheet.append(["day", "rate", "price"])
    for i, (_, _, _, _, day, *_) in enumerate(base.tuples()):
        sheet.append([day, (i % 5) / 10, 1000.5 + i])
        sheet.cell(i + 2, 2).number_format = "0%"
        sheet.cell(i + 2, 3).number_format = '"$"#,##0.00'
    path = folder / "openpyxl-1904.xlsx"
    book.save(path)
    right = {"day": date("2024-01-01", "2024-02-29"), "rate": Expect(("number",)), "price": number(1000.5, 1059.5)}
    yield Case(".xlsx with dates from 1904, per cent, money", "openpyxl", path, right, ROWS)


def arrays(folder):
    import numpy as np

    pictures, label = np.zeros((ROWS, 28, 28), np.uint8), np.arange(ROWS, dtype=np.uint8) % 10
    pictures[:, 3, 4] = np.arange(ROWS)
    shown = (Expect(("image",)), classes(*"0123456789"))
    for name, save in (("savez", np.savez), ("savez_compressed", np.savez_compressed)):
        path = folder / f"keras-{name}.npz"
        save(path, x_train=pictures[:40], y_train=label[:40], x_test=pictures[40:], y_test=label[40:])
        yield Case(f".npz as Keras' mnist.npz ({name})", "numpy", path, {"split": names("train", "test")}, ROWS, somewhere=shown)
    path = folder / "medmnist.npz"
    coloured = np.repeat(pictures[..., None], 3, axis=3)
    parts = {"train": slice(0, 40), "val": slice(40, 50), "test": slice(50, 60)}
    np.savez_compressed(path, **{f"{part}_images": coloured[at] for part, at in parts.items()}, **{f"{part}_labels": label[at, None] for part, at in parts.items()})
    right = {"split": Expect(("category",), distinct=3)}
    yield Case(".npz as medmnist writes", "numpy", path, right, ROWS, somewhere=shown)
    path = folder / "table.npz"
    np.savez(path, X=np.arange(ROWS * 3).reshape(ROWS, 3) % 7 / 2, y=np.array(base.COLOURS)[np.arange(ROWS) % 3])
    yield Case(".npz of a matrix and names", "numpy", path, {"y": names(*base.COLOURS)}, ROWS)
    path = folder / "matrix.npy"
    np.save(path, np.arange(ROWS * 3).reshape(ROWS, 3) % 7 / 2)
    yield Case(".npy of a matrix", "numpy", path, {}, ROWS, somewhere=(Expect(("number", "vector")),))
    path = folder / "records.npy"
    np.save(path, np.array([(i % 5 + 0.5, base.COLOURS[i % 3]) for i in range(ROWS)], dtype=[("y", "f8"), ("colour", "U5")]))
    yield Case(".npy of records", "numpy", path, {"y": number(0.5, 4.5), "colour": names(*base.COLOURS)}, ROWS, named=("record", "structured", "fields"))
    path = folder / "objects.npz"
    np.savez(path, X=np.ones((ROWS, 2)), y=np.array([base.COLOURS[i % 3] for i in range(ROWS)], dtype=object))
    yield Case(".npz of Python objects", "numpy", path, {"y": names(*base.COLOURS)}, ROWS, named=("pickle", "object"))
    path = folder / "savetxt.csv"
    np.savetxt(path, np.arange(ROWS * 2).reshape(ROWS, 2) % 7 / 2, delimiter=",", header="a,b", comments="")
    yield Case("CSV by savetxt", "numpy", path, {"a": number(0, 3), "b": number(0, 3)}, ROWS)


def others(folder):
    import io

    import numpy as np
    import scipy.io
    import scipy.sparse
    import sklearn.datasets
    import webdataset
    from PIL import Image

    path = folder / "shard-000000.tar"
    with webdataset.TarWriter(str(path)) as tar:
        for i in range(ROWS):
            tar.write({"__key__": f"{i:06}", "png": Image.new("RGB", (8, 8), (i, 0, 0)), "cls": i % 3, "json": {"name": f"n{i}"}, "txt": f"a picture of thing {i} here"})
    yield Case("WebDataset tar", "webdataset", path, {}, ROWS, somewhere=(Expect(("image",)), classes("0", "1", "2"), text()))
    values = np.arange(ROWS * 3).reshape(ROWS, 3) % 7 / 2
    path = folder / "data.svm"
    sklearn.datasets.dump_svmlight_file(values, np.arange(ROWS) % 2, str(path))
    yield Case("libsvm", "scikit-learn", path, {}, ROWS, named=("libsvm", "svmlight"), somewhere=(number(0, 3),))
    path = folder / "data.mat"
    scipy.io.savemat(path, {"X": values, "y": np.arange(ROWS) % 2})
    yield Case(".mat version 5", "scipy", path, {}, ROWS, named=("matlab", ".mat"), somewhere=(number(0, 3),))
    for name, write, words in (("pickle", "to_pickle", ("pickle",)), ("dta", "to_stata", ("stata", ".dta")), ("orc", "to_orc", ("orc",))):
        path = folder / f"pandas.{name}"
        data = frame()[["price", "colour"]]
        made = data.astype({"colour": object}).fillna("") if name == "dta" else data
        getattr(made, write)(path)
        right = {"price": number(0.57, 4.35)}
        yield Case(f".{name}", "pandas", path, right, ROWS, named=words)
    path = folder / "image.png"
    buffer = io.BytesIO()
    Image.new("L", (4, 4)).save(buffer, "png")
    path.write_bytes(buffer.getvalue())
    yield Case("one picture in place of a table", "Pillow", path, {}, 1, named=("picture", "png"))
