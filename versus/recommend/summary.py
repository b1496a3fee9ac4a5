"""SUMMARY.md from the raw files: a section for each, newest first."""

import csv
import statistics

HEAD = """# Recommendation beside peers

Written by `run.py`; do not edit. Quality: NDCG@10 of MovieLens-100k over the whole catalogue, the mean of five seeds where a model draws numbers,
the interval that of the first seed (95 %, bootstrap over users). Speed: medians of the turns on a synthetic set; `cpu` adds up all threads.
"""


def text(paths):
    return "\n".join([HEAD, *(section(path) for path in sorted(paths, reverse=True))])


def section(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    first = rows[0]
    lines = [f"## {first['date']}, {first['cpu']}, threads: {first['threads']}", ""]
    works = list(dict.fromkeys(row["work"] for row in rows))
    judged = [work for work in works if any(row["figure"] for row in rows if row["work"] == work)]
    if judged:
        lines += ["### Quality, the same settings", "", "| split, model | Ronghe | peer | ratio | settings of the peer |", "|---|---:|---:|---:|---|"]
        lines += [quality(work, [row for row in rows if row["work"] == work]) for work in judged] + [""]
    timed = [work for work in works if work not in judged]
    if timed:
        lines += ["### Speed", "", "| work | program | s | cpu s | MB above the data | cpu of the peer / ours |", "|---|---|---:|---:|---:|---:|"]
        for work in timed:
            lines += speed(work, [row for row in rows if row["work"] == work])
        others = max(float(row["others"]) for row in rows if row["work"] in timed)
        lines += ["", f"Other programs kept up to {others:.2f} cores busy during a turn" + (": the seconds are disturbed." if others > 0.1 else ".")]
    return "\n".join([*lines, "", f"Raw: [{path.name}](raw/{path.name})", ""])


def quality(work, rows):
    of = {}
    for row in rows:
        of.setdefault(row["program"], []).append(row)
    (peer, theirs), = [(name, found) for name, found in of.items() if name != "ronghe"]
    mean = lambda found: statistics.mean(float(row["figure"]) for row in found)  # noqa: E731
    figure = lambda found: f"{mean(found):.4f} ({float(found[0]['low']):.4f} to {float(found[0]['high']):.4f})"  # noqa: E731
    ratio = mean(of["ronghe"]) / mean(theirs)
    told = f"{ratio:.3f}" + (" **behind**" if ratio < 0.99 else "")
    return f"| {work} | {figure(of['ronghe'])} | {peer}: {figure(theirs)} | {told} | `{theirs[0]['settings']}` |"


def speed(work, rows):
    of = {}
    for row in rows:
        of.setdefault(row["program"], []).append(row)
    median = lambda found, name: statistics.median(float(row[name]) for row in found)  # noqa: E731
    own = median(of["ronghe"], "cpu_s")
    lines = []
    for program, found in of.items():
        ratio = "" if program == "ronghe" else f"{median(found, 'cpu_s') / own:.2f}" + (" **behind**" if median(found, "cpu_s") < own else "")
        lines.append(f"| {work} | {program} | {median(found, 'seconds'):.2f} | {median(found, 'cpu_s'):.2f} | {median(found, 'above_mb'):.0f} | {ratio} |")
    return lines
