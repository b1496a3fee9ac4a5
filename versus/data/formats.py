"""Small files by the real writers, and what `ronghe inspect --json FILE` makes of each.

    python versus/data/formats.py target/release/ronghe [--only PART] [--out FILE.md] [--keep FOLDER] [--no-spark]

Prints a table: format, writer, version, and whether the file is read, named (not read, with an error or a warning that
says what it is), or WRONG, with what was expected. The exit status is 1 if anything is wrong. A test in the making is a row
that was WRONG. The expected kinds and values stand beside each writer in parquets.py and texts.py.
"""

import argparse
import contextlib
import importlib.metadata
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import parquets
import texts

MISLEADING = ("cut off", "damaged", "panicked", "os error")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="our program")
    parser.add_argument("--only", default="", help="cases whose format, writer or file name has this part")
    parser.add_argument("--keep", type=pathlib.Path, help="write the files here (an empty or new folder) and leave them")
    parser.add_argument("--out", type=pathlib.Path, help="also write the table as Markdown")
    parser.add_argument("--no-spark", action="store_true", help="without PySpark, which needs Java and 30 s")
    args = parser.parse_args()
    os.environ["TZ"] = "UTC"  # Spark takes times without a zone for times of this one
    time.tzset()
    if shutil.which(args.program) is None:
        raise SystemExit(f"{args.program}: no such program; build it: cargo build --release")
    lines = ["| format | writer | result | |", "|---|---|---|---|"]
    counts = {"read": 0, "named": 0, "WRONG": 0}
    with contextlib.ExitStack() as stack:
        folder = args.keep or pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        spark = None if args.no_spark else session()
        for case in [*parquets.cases(folder, spark), *texts.cases(folder)]:
            if args.only.lower() not in f"{case.format} {case.writer} {case.path.name}".lower():
                continue
            verdict, told = judge(case, args.program)
            counts[verdict] += 1
            line = f"| {case.format} | {case.writer} {version(case.writer)} | {verdict} | {told} |"
            lines.append(line)
            print(line, flush=True)
        if spark is not None:
            spark.stop()
    total = ", ".join(f"{count} {word}" for word, count in counts.items())
    print(total)
    if args.out:
        head = "Written by `versus/data/formats.py`; do not edit. `read`: kinds and values are right. `named`: the message says what it is.\n"
        args.out.write_text("\n".join([head, *lines, "", total, ""]), encoding="utf-8")
    return 1 if counts["WRONG"] else 0


def judge(case, program):
    """Read, named or WRONG, and the reason."""
    try:
        done = subprocess.run([program, "inspect", "--json", str(case.path), *case.options], capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        return "WRONG", "no end after 120 s"
    words = cell(done.stderr or done.stdout)
    if done.returncode != 0:
        said = words.replace(str(case.path), "").lower().replace(case.path.name.lower(), "")
        if any(word.lower() in said for word in case.named) and not any(word in said for word in MISLEADING):
            return "named", words[:200]
        return "WRONG", f"expected to be read, found: {words[:300]}"
    found = json.loads(done.stdout)
    columns = {column["name"]: column for column in found["columns"]}
    wrong, out = [], []
    if found["rows"] != case.rows:
        wrong.append(f"{found['rows']} rows, not {case.rows}")
    for name, right in case.columns.items():
        if name in columns:
            try:
                problem = right.problem(columns[name])
            except (KeyError, TypeError, ValueError) as error:
                problem = f"no figures to compare: {error!r}"
            if problem:
                wrong.append(f"`{name}`: {problem}")
        elif not right.optional:
            wrong.append(f"`{name}` is not there: {right.about}")
        elif name in done.stderr or name in json.dumps(found["warnings"]):
            out.append(f"`{name}`")
        else:
            wrong.append(f"`{name}` is left out without a word")
    for right in case.somewhere:
        tried = [right.problem(column) for column in columns.values()]
        if None not in tried:
            wrong.append(f"no column is {right.about}: {', '.join(map(str, tried[:4]))}")
    if wrong:
        return "WRONG", cell("; ".join(wrong))
    return "read", f"left out by name: {', '.join(out)}" if out else ""


def cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def version(writer):
    try:
        return importlib.metadata.version(writer)
    except importlib.metadata.PackageNotFoundError:
        return ""


def session():
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        return None
    settings = {"spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": "1",
                "spark.log.level": "ERROR"}
    builder = SparkSession.builder.master("local[1]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


if __name__ == "__main__":
    sys.exit(main())
