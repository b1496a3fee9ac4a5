"""SUMMARY.md from the raw files: a section for each, newest first."""

import csv
import statistics

import works

NAMES = {
    "ronghe": "Ronghe", "pytorch": "PyTorch", "pytorch-plain": "PyTorch, plain", "onnxruntime": "ONNX Runtime",
    "keras": "Keras",
}
LEVEL = 0.03  # closer than this counts as level

HEAD = """# The engine beside its peers

Written by `run.py`; do not edit. Rows a second, more is better: the median of the turns, and half their range in per cent.
`ours / best` is our figure over that of the fastest peer. The last column is the largest absolute difference between a peer's
outputs (in training: its first five losses) and ours, in brackets the largest absolute value among ours. In bf16, int16 and int8,
ours and the peer's are compared with ONNX Runtime in f32.
"""


def text(paths):
    sections = [section(path) for path in sorted(paths, reverse=True)]
    return "\n".join([HEAD, *sections])


def section(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = works.table()
    order = [name for name in table if any(row["work"] == name for row in rows)]
    programs = [p for p in NAMES if any(row["program"] == p for row in rows)]
    first = rows[0]
    lines = [
        f"## {first['date']}, {first['cpu']}, threads: {first['threads']}", "",
        "| work | unit | " + " | ".join(NAMES[p] for p in programs) + " | ours / best | difference |",
        "|---|---|" + "---:|" * len(programs) + "---|---|",
    ]
    verdicts = []
    for name in order:
        of = {p: [row for row in rows if row["work"] == name and row["program"] == p] for p in programs}
        verdict = compare(of)
        verdicts.append((name, verdict))
        cells = [figure(of[p]) for p in programs]
        lines.append(f"| {name} | {table[name].unit} | " + " | ".join(cells) + f" | {verdict} | {difference(of)} |")
    for word in ("ahead", "level", "behind"):
        names = [name for name, verdict in verdicts if word in verdict]
        lines += ["", f"{word.capitalize()} ({len(names)}): {', '.join(names) or 'none'}."]
    others = max(float(row["others"]) for row in rows)
    lines += ["", f"Turns: {max(int(row['repeat']) for row in rows)}. Other programs kept up to {others:.2f} cores busy during"
              " a turn" + (": the figures are disturbed." if others > 0.1 else "."), ""]
    lines += ["<details><summary>Works, settings, versions</summary>", ""]
    lines += [f"- {name}: {table[name].about}" for name in order] + [""]
    for program in programs:
        settings = {}
        for row in rows:
            if row["program"] == program:
                settings.setdefault(row["settings"], set()).add(table[row["work"]].kind)
        told = "; ".join(f"{', '.join(sorted(kinds))}: {how}" for how, kinds in settings.items())
        lines.append(f"- {NAMES[program]}: {told}")
    versions = sorted({part for row in rows for part in pairs(row["versions"])})
    return "\n".join([*lines, f"- {', '.join(versions)}", "", f"Raw: [{path.name}](raw/{path.name})", "", "</details>", ""])


def pairs(versions):
    words = versions.split()
    return [" ".join(pair) for pair in zip(words[::2], words[1::2])]


def middle(rows):
    return statistics.median(float(row["value"]) for row in rows)


def figure(rows):
    if not rows:
        return "-"
    values = [float(row["value"]) for row in rows]
    shown = f"{middle(rows):,.0f}" if middle(rows) >= 100 else f"{middle(rows):.1f}"
    spread = (max(values) - min(values)) / 2 / middle(rows)
    return shown + (f" ±{spread:.0%}" if len(values) > 1 else "")


def compare(of):
    peers = {p: middle(rows) for p, rows in of.items() if rows and p != "ronghe"}
    if not of.get("ronghe") or not peers:
        return "-"
    best = max(peers, key=peers.get)
    ratio = middle(of["ronghe"]) / peers[best]
    word = "level with" if abs(ratio - 1) <= LEVEL else "ahead of" if ratio > 1 else "**behind**"
    return f"{ratio:.2f}, {word} {NAMES[best]}"


def difference(of):
    found = {}
    for program, rows in of.items():
        pairs = [(float(row["difference"]), float(row["scale"])) for row in rows if row["difference"]]
        if pairs:
            found[program] = max(pairs)
    if not found:
        return "-"
    told = ", ".join(f"{NAMES[program]} {most:.0e}" for program, (most, _) in found.items())
    return f"{told} (of {max(scale for _, scale in found.values()):.2g})"
