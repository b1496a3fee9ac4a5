"""The table that every writer writes: eight columns of 60 rows, some cells missing."""

import datetime
import decimal

from expect import date, identifier, names, number, text, truth

ROWS = 60
COLOURS = ["red", "blue", "green"]
PRICES = [["0.57", "1.15", "4.35"][i % 3] for i in range(ROWS)]
LONG = 1800000273850017015  # a double keeps 16 of its digits
FIRST = datetime.date(2024, 1, 1)
SPARK = "price double, count bigint, colour string, flag boolean, day date, at timestamp, note string, order_id bigint"


def tuples():
    """price, count, colour, flag, day, at, note, order_id."""
    return [
        (
            float(PRICES[i]), None if i % 10 == 3 else i * 7 % 11, None if i % 15 == 4 else COLOURS[i % 3],
            None if i % 20 == 5 else i % 3 == 0, FIRST + datetime.timedelta(i),
            datetime.datetime(2024, 1, 1, 13, 5, 7) + datetime.timedelta(hours=7 * i), f"the line with the number {i}, in words", LONG + i,
        )
        for i in range(ROWS)
    ]


def columns():
    keys = [part.split()[0] for part in SPARK.split(", ")]
    return {key: list(values) for key, values in zip(keys, zip(*tuples()))}


def plain(ordered=True, **other):
    """What each of its columns must be; the first identifier is only known where the order of rows is."""
    return {
        "price": number(0.57, 4.35), "count": number(0, 10, missing=6), "colour": names(*COLOURS, missing=4), "flag": truth(missing=3),
        "day": date("2024-01-01", "2024-02-29"), "at": date("2024-01-01T13:05:07", "2024-01-18T18:05:07"), "note": text(),
        "order_id": identifier(str(LONG) if ordered else "", ROWS), **other,
    }


def holes(column):
    return sum(value is None for value in columns()[column])


def decimals():
    return [decimal.Decimal(text) for text in PRICES[:3]]


def frame():
    import pandas as pd

    made = pd.DataFrame(columns())
    made["count"] = made["count"].astype("Int64")
    made["flag"] = made["flag"].astype("boolean")
    made["day"] = pd.to_datetime(made["day"])
    return made


def arrow():
    import pyarrow as pa

    return pa.table(columns())


def slug(name):
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())

