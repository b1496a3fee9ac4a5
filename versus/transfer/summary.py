"""SUMMARY.md from the raw files: a section for each, newest first."""

import csv
import statistics

import works

NAMES = {
    "ronghe": "Ronghe", "keras": "Keras", "keras-features": "Keras, features once", "keras-batch": "Keras, batch statistics",
    "pytorch": "PyTorch", "pytorch-features": "PyTorch, features once", "pytorch-batch": "PyTorch, batch statistics",
}
BUSY = 0.1  # cores

HEAD = """# Transfer beside its peers

Written by `run.py`; do not edit. Medians of the turns, and half their range in per cent. **whole**: seconds of the whole command.
**trained**: seconds from data to the trained model, without import and test; of Ronghe the whole command but its start, test and
saving included. **epoch**: seconds of the middle epoch but the first, its validation included. **images/s**: training pictures
over that. The ratios are of medians, above 1 where Ronghe is ahead: of whole, of trained, and of images/s.
"""


def text(paths):
    return "\n".join([HEAD, *(section(path) for path in sorted(paths, reverse=True))])


def section(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    first, table = rows[0], works.table()
    lines = [f"## {first['date']}, {first['cpu']}, threads: {first['threads']}", ""]
    for work in table.values():
        of = {name: [row for row in rows if row["work"] == work.name and row["program"] == name] for name in NAMES}
        of = {name: found for name, found in of.items() if found}
        if of:
            lines += block(work, of)
    others = max(float(row["others"]) for row in rows)
    lines += [f"Turns: {max(int(row['repeat']) for row in rows)}. Other programs kept up to {others:.2f} cores busy during a turn"
              + (": the figures are disturbed." if others > BUSY else "."), ""]
    versions = sorted({part for row in rows for part in pairs(row["versions"])})
    lines += ["<details><summary>Settings, versions</summary>", ""]
    for settings in sorted({(row["work"], row["program"], row["settings"]) for row in rows}):
        lines.append(f"- {settings[0]}, {NAMES[settings[1]]}: {settings[2]}")
    return "\n".join([*lines, f"- {', '.join(versions)}", "", f"Raw: [{path.name}](raw/{path.name})", "", "</details>", ""])


def block(work, of):
    some = next(iter(of.values()))[0]
    lines = [f"### {work.name}", "", f"{work.about}: {some['train_rows']} pictures ({some['epochs']} epochs), "
             f"{some['test_rows']} test pictures.", "",
             "| program | whole, s | trained, s | epoch, s | images/s | accuracy | peak MB | ratios |",
             "|---|---:|---:|---:|---:|---:|---:|---|"]
    for program, rows in of.items():
        cells = [figure(rows, key) for key in ("seconds_all", "seconds_trained", "seconds_epoch", "images_per_second")]
        accuracy = middle(rows, "test_accuracy")
        cells += ["-" if accuracy is None else f"{accuracy:.4f}", f"{middle(rows, 'peak_mb'):.0f}"]
        lines.append(f"| {NAMES[program]} | {' | '.join(cells)} | {ratios(program, of)} |")
    return [*lines, ""]


def ratios(program, of):
    if program == "ronghe" or "ronghe" not in of:
        return "-"
    told = []
    for key, more in (("seconds_all", False), ("seconds_trained", False), ("images_per_second", True)):
        own, peer = middle(of["ronghe"], key), middle(of[program], key)
        if not own or not peer:
            told.append("-")
            continue
        ratio = own / peer if more else peer / own
        told.append(f"{ratio:.2f}" if ratio >= 1 else f"**{ratio:.2f}**")
    return ", ".join(told)


def middle(rows, key):
    values = [float(row[key]) for row in rows if row[key] not in ("", None)]
    return statistics.median(values) if values else None


def figure(rows, key):
    value = middle(rows, key)
    if value is None:
        return "-"
    values = [float(row[key]) for row in rows if row[key] not in ("", None)]
    shown = f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.3f}"
    spread = (max(values) - min(values)) / 2 / value if value else 0.0
    return shown + (f" ±{spread:.0%}" if len(values) > 1 else "")


def pairs(versions):
    words = versions.split()
    return [" ".join(pair) for pair in zip(words[::2], words[1::2])]
