"""What a column must be: a kind or kinds, and values. Each expectation has `about` and `problem(found)`."""

import datetime
from dataclasses import dataclass, field


@dataclass
class Expect:
    """`found` is a column of `ronghe inspect --json`; it is right if its kind is one of `kinds` and the rest agrees."""

    kinds: tuple
    missing: int = 0
    low: object = None
    high: object = None
    names: tuple = ()
    first: str = ""
    distinct: int = 0
    near: float = 1e-12
    optional: bool = False  # a column of a type that nobody learns from: it may be left out by name

    @property
    def about(self):
        words = ["/".join(self.kinds)]
        if self.low is not None:
            words.append(f"{self.low} to {self.high}")
        if self.names:
            words.append(", ".join(self.names))
        if self.first:
            words.append(f"first {self.first}")
        return " ".join([*words, f"{self.missing} missing"])

    def numbers(self, top):
        """Whether the names are those of `classes`, where `1.0` is as good as `1`."""
        return "number" in self.kinds and all(value.replace(".", "", 1).isdigit() for value in top)

    def problem(self, found):
        if found["kind"] not in self.kinds:
            return f"{found['kind']}, not {'/'.join(self.kinds)}"
        if found["missing"] != self.missing:
            return f"{found['missing']} missing, not {self.missing}"
        if self.distinct and found["distinct"]["count"] != self.distinct:
            return f"{found['distinct']['count']} different values, not {self.distinct}"
        if self.first and (found["examples"] or [""])[0] != self.first:
            return f"first value {found['examples'][:1]}, not {self.first}"
        if found["kind"] in ("category", "boolean") and self.names:
            top = {value["value"] for value in found["top"]}
            same = set(map(float, top)) == set(map(float, self.names)) if self.numbers(top) else top == set(self.names)
            if not same:
                return f"values {sorted(top)}, not {sorted(self.names)}"
        if self.low is None:
            return None
        if found["kind"] == "number":
            span = found["number"]
            for key, right in (("min", self.low), ("max", self.high)):
                if abs(span[key] - right) > self.near * max(1.0, abs(right)):
                    return f"{key} {span[key]!r}, not {right!r}"
        if found["kind"] == "date":
            for key, right in (("min", self.low), ("max", self.high)):
                if instant(found["date"][key]) != instant(right):
                    return f"{key} {found['date'][key]}, not {right}"
        return None


def instant(text):
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return at.astimezone(datetime.timezone.utc) if at.tzinfo else at.replace(tzinfo=datetime.timezone.utc)


def number(low, high, missing=0, near=1e-12):
    return Expect(("number",), missing, low, high, near=near)


def names(*values, missing=0, distinct=0):
    return Expect(("category",), missing, names=values, distinct=distinct)


def classes(*values, missing=0):
    """Whole numbers that may be quantities or names."""
    numbers = [float(value) for value in values]
    return Expect(("category", "number"), missing, min(numbers), max(numbers), names=values)


def truth(missing=0):
    return Expect(("boolean",), missing)


def date(low, high, missing=0):
    return Expect(("date",), missing, low, high)


def text(missing=0):
    return Expect(("text",), missing)


def identifier(first, distinct, missing=0):
    return Expect(("identifier",), missing, first=first, distinct=distinct)


def kept(first, distinct, missing=0):
    """Digits that must not change, whatever the column is taken for (but no quantity)."""
    return Expect(("identifier", "category", "text"), missing, first=first, distinct=distinct)


def nothing(rows):
    return Expect(("category", "number", "boolean", "date", "text"), rows)


def left(*kinds, **rest):
    """A type that nobody learns from: left out by name, or of one of `kinds`."""
    return Expect(kinds or ("identifier",), optional=True, **rest)


@dataclass
class Case:
    """A file that `writer` wrote."""

    format: str
    writer: str
    path: object
    columns: dict
    rows: int
    named: tuple = ()  # words of an error that names the file's kind, where it need not be read
    somewhere: tuple = ()  # expectations of columns whose names are the reader's to choose
    options: tuple = field(default=())
