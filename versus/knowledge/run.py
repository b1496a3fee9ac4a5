"""Ronghe's evidence engine beside txtai, sentence-transformers and sumy: time and memory of the same work.

    ronghe pull minilm e5-small e5-small-tokenizer
    cargo build --release && cargo build --release -p ronghe-knowledge --examples
    python3 examples/knowledge/sets.py SETS --wikipedia ...
    ~/.cache/ronghe/versus/bin/python versus/knowledge/run.py target/release SETS CACHE OUT

target/release holds the programs, SETS what examples/knowledge/sets.py made, CACHE is Ronghe's (--cache), OUT gets stores and
messages. Writes raw/*.csv and SUMMARY.md beside this file. Works: ingest (the English leads), latency (100,000 passages), summary.
"""

import argparse
import csv
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import numpy as np

import summaries as sentences
import summary

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from machine import cpu_name, pin, say  # noqa: E402

# Chunks that the peers get: as many as they need a quarter of a minute for, several times.
CHUNKS = 1000
# Vectors that are held against sentence-transformers'.
SAMPLE = 1000
TURNS = 3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("sets", type=pathlib.Path)
    parser.add_argument("cache", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="ingest,latency,summary")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    say(f"{cpu_name()}, processors {pin(args.threads)}")
    stamp = {"date": datetime.date.today().isoformat(), "cpu": cpu_name(), "threads": args.threads}
    for work, rows in [("ingest", ingest), ("latency", latency), ("summary", summaries)]:
        if work in args.only.split(","):
            keep(work, [{**stamp, **row} for row in rows(args)])
    summary.write(HERE)
    say(HERE / "SUMMARY.md")


def keep(name, rows):
    path = HERE / "raw" / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    fields = list(dict.fromkeys(field for row in rows for field in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def run(command, out, env=None):
    """Output, seconds and peak memory in MB of a command."""
    say("  " + " ".join(str(c) for c in command))
    with (out / "messages.log").open("a", encoding="utf-8") as log:
        start = time.perf_counter()
        child = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=log, text=True,
                                 env={**os.environ, **(env or {})})
        text = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}; see {out / 'messages.log'}")
    return text, seconds, used.ru_maxrss / 1024


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def ingest(args):
    """The English leads with both networks; of MiniLM's passages, as many as CHUNKS beside the peers, in turns."""
    ronghe, common = args.programs / "ronghe", ["--cache", args.cache, "--threads", args.threads, "--quiet"]
    minilm = args.cache / "minilm"
    rows = []

    def index(leads, network, work):
        store = fresh(args.out / f"store-{work}-{network}")
        _, seconds, peak = run([ronghe, "index", leads, "--store", store, "--network", network, *common], args.out)
        stats = json.loads(run([ronghe, "store", "stats", store, "--json"], args.out)[0])
        rows.append({"work": work, "engine": "ronghe", "network": network, "chunks": stats["chunks"], "seconds": seconds,
                     "chunks_per_second": stats["chunks"] / seconds, "peak_mb": peak})
        return store, rows[-1]

    few = fresh(args.out / "few")
    few.mkdir()
    for n, path in enumerate(sorted((args.sets / "leads").rglob("*.md"))[::9][:CHUNKS]):
        shutil.copy(path, few / f"{n:04}.md")
    vectors = args.out / "vectors.npy"

    def peers(store, work, engines):
        documents = args.out / f"{work}.jsonl"
        documents.write_text(run([ronghe, "store", "export", store], args.out)[0], encoding="utf-8")
        for engine in engines:
            text, _, _ = run([sys.executable, HERE / "ingest.py", documents, minilm, "--engine", engine,
                              "--threads", args.threads, "--vectors", vectors], args.out)
            said = json.loads(text)
            rows.append({"work": work, "network": "minilm", **{k: v for k, v in said.items() if k != "query"},
                         **{f"query_{k}": v for k, v in (said["query"] or {}).items()}})

    for _ in range(TURNS):
        store, row = index(few, "minilm", "few")
        peers(store, "few", ["txtai", "sentence-transformers"])
    cosines = np.sort(cosine(stored(store), np.load(vectors))[:SAMPLE])
    row.update(cosine_min=cosines[0], cosine_median=np.median(cosines), cosines=len(cosines))
    store, _ = index(args.sets / "leads", "minilm", "leads")
    peers(store, "leads", ["txtai"])
    index(args.sets / "leads", "e5", "leads")
    return rows


def stored(store):
    """A store's vectors, by chunk: see crates/ronghe-knowledge/src/store/segment.rs."""
    found = {}
    for path in store.glob("vectors/*"):
        data = path.read_bytes()
        assert data[:8] == b"RHVECS1\n", path
        width, count = int.from_bytes(data[8:12], "little"), int.from_bytes(data[12:20], "little")
        chunks = np.frombuffer(data, "<u8", count, 20)
        vectors = np.frombuffer(data, "<f4", count * width, 20 + count * (12 + width)).reshape(count, width)
        found.update(zip(chunks.tolist(), vectors))
    return np.array([found[chunk] for chunk in sorted(found)])


def cosine(a, b):
    assert a.shape == b.shape, (a.shape, b.shape)
    a, b = a.astype(np.float64), b.astype(np.float64)
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def latency(args):
    """A search of 100,000 passages, drawn vectors, questions through e5."""
    texts = args.out / "texts.txt"
    with texts.open("w", encoding="utf-8") as out:
        for path in sorted((args.sets / "leads").rglob("*.md")):
            out.write(" ".join(path.read_text(encoding="utf-8").split()) + "\n")
    store = fresh(args.out / "store-100k")
    program = args.programs / "examples" / "latency"
    build, seconds, built = run([program, store, texts, 100_000, args.cache], args.out)
    served, _, peak = run([program, store, texts, 100_000, args.cache], args.out)
    (args.out / "latency.txt").write_text(build + served)
    row = {"chunks": int(re.search(r"(\d+) chunks", served)[1]), "build_seconds": seconds, "build_peak_mb": built,
           "serve_peak_mb": peak, "precision": re.search(r"questions: ([^;]+);", served)[1]}
    for name, said in [("whole", "from the question's text"), ("legs", "search legs and passages alone")]:
        row[f"{name}_p50_ms"], row[f"{name}_p99_ms"] = re.search(said + r": p50 ([\d.]+) ms, p99 ([\d.]+) ms", served).groups()
    return [row]


def summaries(args):
    """sumy beside the lexical summary of drawn text; both, and ours by meaning, of 1,000 sentences of leads; ours of a megabyte."""
    text, _, _ = run([sys.executable, HERE / "summaries.py", args.programs / "examples" / "summarise"], args.out)
    rows = [{"work": "sentences", "method": "lexical", **row} for row in csv.DictReader(text.splitlines())]
    leads = [p.read_text(encoding="utf-8") for p in sorted((args.sets / "leads").rglob("*.md"))[::4]]
    real = [s for lead in leads for s in re.split(r"(?<=[.!?])\s+", lead.split("\n\n", 1)[1]) if len(s) > 20][:1000]
    rows.append({"work": "thousand, whole command", "method": "sumy's LexRank, sentences ready-made", "sentences": len(real),
                 "characters": sum(map(len, real)), "ronghe_seconds": sentences.sumy(real)})
    thousand, megabyte = args.out / "thousand.txt", args.out / "megabyte.txt"
    thousand.write_text("\n\n".join(real), encoding="utf-8")
    megabyte.write_bytes("\n\n".join(leads).encode()[: 1 << 20].decode(errors="ignore").encode())
    for path, method in [(thousand, "lexical"), (thousand, "e5"), (megabyte, "lexical"), (megabyte, "e5")]:
        text, seconds, peak = run([args.programs / "ronghe", "summarise", path, "--method", method, "--sentences", 10, "--json",
                                   "--cache", args.cache, "--threads", args.threads], args.out)
        rows.append({"work": f"{path.stem}, whole command", "method": method, "ronghe_seconds": seconds, "peak_mb": peak,
                     "sentences": json.loads(text)["report"]["sentences_in"], "characters": len(path.read_text(encoding="utf-8"))})
    return rows


if __name__ == "__main__":
    main()
