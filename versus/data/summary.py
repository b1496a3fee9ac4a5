"""SUMMARY.md from the raw files: a section for each, newest first."""

import csv
import statistics

NAMES = {
    "ronghe": "Ronghe", "before": "Ronghe before", "polars-full": "Polars",
    "polars-dates": "Polars, with dates", "polars-default": "Polars, 100 rows", "duckdb": "DuckDB",
    "pandas": "pandas", "duckdb-summarize": "DuckDB SUMMARIZE",
}
WORKS = {
    "csv": "CSV of 20 mixed columns to a table", "parquet": "the same as Parquet to a table", "train": "`ronghe train` on numbers, a category and a target",
    "inspect": "`ronghe inspect` of the rows again and again",
}
# The peer whose figures ours are held against, and the bounds: our seconds, our memory, as multiples of the peer's.
AGAINST = {"csv": ("polars-full", 1.0, 2.0), "parquet": ("polars-full", 1.0, 2.0)}
# Bounds in MB, where there is no peer to be held against.
MOST_MB = {"train": 500, "inspect": 300}
LEVEL = 0.03  # closer than this counts as level

HEAD = """# Tables beside peers

Written by `run.py`; do not edit. Medians of the turns, and half their range in per cent. `reading` is measured inside the program
(open to table), `process` from its start to its end, `peak` is the most memory of the process (wait4). `ours / peer` is the ratio
of medians to the peer named; below 1 is less time or memory.
"""


def text(paths):
    return "\n".join([HEAD, *(section(path) for path in sorted(paths, reverse=True))])


def section(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    first, lost = rows[0], []
    lines = [f"## {first['date']}, {first['cpu']}, threads: {first['threads']}", ""]
    for work, about in WORKS.items():
        of = {p: [row for row in rows if row["work"] == work and row["program"] == p] for p in NAMES}
        of = {program: found for program, found in of.items() if found}
        if not of:
            continue
        counted = {row["rows"] for found in of.values() for row in found if row["rows"]}
        lines += [f"### {work}: {about}" + (f", {int(max(counted, key=int)):,} rows" if counted else ""), ""]
        if len(counted) > 1:
            lines += [f"The programs do not agree on the rows: {', '.join(sorted(counted))}.", ""]
        lines += ["| program | reading, s | process, s | peak, MB |", "|---|---:|---:|---:|"]
        lines += [f"| {NAMES[p]} | {figure(found, 'seconds')} | {figure(found, 'whole')} | {figure(found, 'peak_mb')} |" for p, found in of.items()]
        lines += [""] + [f"- {verdict}" for verdict in verdicts(work, of, lost)] + [""]
    lines += [f"**Behind** ({len(lost)}): {'; '.join(lost) or 'nowhere'}.", ""]
    others = max(float(row["others"]) for row in rows)
    lines += [f"Turns: {max(int(row['repeat']) for row in rows)}. Seed {first['seed']}. Other programs kept up to {others:.2f} cores busy during a turn"
              + (": the figures are disturbed." if others > 0.1 else "."), ""]
    settings = sorted({f"{NAMES[row['program']]}: {row['settings']}" for row in rows if row["settings"]})
    versions = sorted({part for row in rows for part in pairs(row["versions"])})
    return "\n".join([*lines, *[f"- {told}" for told in settings], f"- {', '.join(versions)}", "", f"Raw: [{path.name}](raw/{path.name})", ""])


def verdicts(work, of, lost):
    ours = of.get("ronghe")
    if not ours:
        yield "Ronghe was not run."
        return
    for program, found in of.items():
        if program == "ronghe":
            continue
        key = "seconds" if values(found, "seconds") and values(ours, "seconds") else "whole"
        fast, small = middle(ours, key) / middle(found, key), middle(ours, "peak_mb") / middle(found, "peak_mb")
        yield f"ours / {NAMES[program]}: {fast:.2f} of its seconds ({word(fast)}), {small:.2f} of its memory"
        peer, most_time, most_memory = AGAINST.get(work, (None, 0, 0))
        if program == peer:
            if fast > most_time + LEVEL:
                lost.append(f"{work}: {fast:.2f} times the seconds of {NAMES[peer]} (at most {most_time:g} wanted)")
            if small > most_memory:
                lost.append(f"{work}: {small:.2f} times the memory of {NAMES[peer]} (at most {most_memory:g} wanted)")
        elif word(fast) == "**behind**":
            lost.append(f"{work}: {fast:.2f} times the seconds of {NAMES[program]}")
    if work in MOST_MB and middle(ours, "peak_mb") > MOST_MB[work]:
        lost.append(f"{work}: {middle(ours, 'peak_mb'):,.0f} MB (at most {MOST_MB[work]} wanted)")


def word(ratio):
    return "level" if abs(ratio - 1) <= LEVEL else "ahead" if ratio < 1 else "**behind**"


def pairs(versions):
    words = versions.split()
    return [" ".join(pair) for pair in zip(words[::2], words[1::2])]


def values(rows, key):
    return [float(row[key]) for row in rows if row[key]]


def middle(rows, key):
    return statistics.median(values(rows, key))


def figure(rows, key):
    found = values(rows, key)
    if not found:
        return "-"
    shown = f"{middle(rows, key):,.0f}" if middle(rows, key) >= 100 else f"{middle(rows, key):.2f}"
    return shown + (f" ±{(max(found) - min(found)) / 2 / middle(rows, key):.0%}" if len(found) > 1 else "")
