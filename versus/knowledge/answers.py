"""Questions written before any answer was seen, to three corpora that the program never met: what it answers, and what it refuses.

    cargo build --release
    python3 versus/knowledge/answers.py target/release/ronghe OUT [--networks none,minilm,e5]

The corpora are packages of Debian 12, fetched by apt-get into OUT: the constitution and the pages on bugs and lists (doc-debian), licences
(base-files), the guide for packagers in Chinese (maint-guide-zh-cn). questions/*.tsv: kind (plain words, other words, across
languages, none: no answer), question, what the answer holds (alternatives between bars; blanks do not count).

Counted: an answer is what `ask --json` marks `answered`; right if its first sentence holds what is wanted. "unsure" is neither an
answer nor a refusal of an answerable question, and of a question without answer it counts as refused, for nothing is asserted.
Beside it: the best sentence of the same texts by BM25, answered where its score passes the limit that is best in hindsight (most right ones
of those limits that refuse nine tenths of the unanswerable).
"""

import argparse
import csv
import gzip
import json
import math
import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
CORPORA = {
    "project": ("doc-debian=11.3+nmu1", "usr/share/doc/debian", [
        "constitution.txt", "social-contract.txt", "bug-reporting.txt", "bug-maint-info.txt", "bug-maint-mailcontrol.txt",
        "bug-log-access.txt", "bug-log-mailserver.txt", "bug-mailserver-refcard.txt", "debian-manifesto", "mailing-lists.txt",
        "source-unpack.txt"]),
    "licences": ("base-files", "usr/share/common-licenses", [
        "Apache-2.0", "Artistic", "BSD", "CC0-1.0", "GFDL-1.3", "GPL-3", "LGPL-3", "MPL-2.0"]),
    "guide": ("maint-guide-zh-cn=1.2.53", "usr/share/doc/maint-guide-zh-cn/html", None),
}
KINDS = ["plain", "other", "across", "none"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--networks", default="none,minilm,e5")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    questions = {name: read(name) for name in CORPORA}
    texts = {name: corpus(name, args.out) for name in CORPORA}
    rows = []
    for network in args.networks.split(","):
        outcomes = []
        for name, asked in questions.items():
            store = args.out / f"store-{name}-{network}"
            shutil.rmtree(store, ignore_errors=True)
            subprocess.run([args.program, "index", texts[name], "--store", store, "--network", network, "--quiet"],
                           check=True, stdout=subprocess.DEVNULL)
            for q in asked:
                found = subprocess.run([args.program, "ask", q["question"], "--store", store, "--json"],
                                       capture_output=True, text=True)
                answer = json.loads(found.stdout)
                quote = answer["sentences"][0]["citation"]["quote"] if answer["sentences"] else ""
                outcome = answer.get("outcome", "answered" if answer["answered"] else "refused")
                outcomes.append((q["kind"], outcome, holds(quote, q["answer"])))
                if args.verbose:
                    print(f"{network} {q['kind']} {outcome} {'right' if outcomes[-1][2] else '-'} "
                          f"{answer['confidence']:.2f} {q['question']} => {' '.join(quote.split())[:100]}")
        rows.append((f"ronghe, {network}", outcomes))
    rows.append(("BM25's best sentence", best_sentences(args, questions)))
    print(table(rows))


def read(name):
    with (HERE / "questions" / f"{name}.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def corpus(name, out):
    package, place, names = CORPORA[name]
    folder = out / f"texts-{name}"
    if folder.exists():
        return folder
    fetched = out / f"package-{name}"
    fetched.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", package], cwd=fetched, check=True, capture_output=True)
    [archive] = fetched.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", archive.name, "files"], cwd=fetched, check=True)
    folder.mkdir()
    for file in sorted((fetched / "files" / place).iterdir()):
        plain = file.name.removesuffix(".gz")
        if names is None and file.suffix == ".html":
            shutil.copy(file, folder / file.name)
        elif names is not None and plain in names:
            data = file.read_bytes()
            text = gzip.decompress(data) if file.suffix == ".gz" else data
            (folder / (plain if plain.endswith(".txt") else plain + ".txt")).write_bytes(text)
    return folder


def holds(quote, answer):
    flat = re.sub(r"\s+", "", quote)
    return answer != "-" and any(re.search(re.sub(r"\\s\+|\s| \?", "", part), flat) for part in answer.split("|"))


def terms(text):
    return re.findall(r"[a-z0-9]+", text.lower()) + [a + b for a, b in zip(text, text[1:])
                                                      if all("\u4e00" <= c <= "\u9fff" for c in a + b)]


def best_sentences(args, questions):
    """Outcomes by BM25 (k1 1.2, b 0.75) over the sentences of a store's texts."""
    scored = []
    for name, asked in questions.items():
        store = next(args.out.glob(f"store-{name}-*"))
        export = subprocess.run([args.program, "store", "export", store], capture_output=True, text=True, check=True).stdout
        sentences = []
        for line in export.splitlines():
            text = re.sub(r"\s+", " ", json.loads(line)["text"])
            sentences += [s for s in re.split(r"(?<=[.!?])\s+|(?<=[。！？])", text) if len(s) > 5]
        bags = [terms(s) for s in sentences]
        length = sum(map(len, bags)) / len(bags)
        within = {}
        for bag in bags:
            for term in set(bag):
                within[term] = within.get(term, 0) + 1
        def score(query, bag):
            total = 0.0
            for term in set(query):
                count = bag.count(term)
                if count:
                    idf = math.log(1 + (len(bags) - within[term] + 0.5) / (within[term] + 0.5))
                    total += idf * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * len(bag) / length))
            return total
        for q in asked:
            query = terms(q["question"])
            best = max(range(len(bags)), key=lambda i: score(query, bags[i]))
            scored.append((q["kind"], score(query, bags[best]), holds(sentences[best], q["answer"])))
    def at(limit):
        return [(kind, "answered" if s >= limit else "refused", right) for kind, s, right in scored]
    def good(limit):
        outcomes = at(limit)
        refused = [o for kind, o, _ in outcomes if kind == "none"].count("refused")
        rights = sum(right and o == "answered" for _, o, right in outcomes)
        return (refused >= 0.9 * sum(kind == "none" for kind, *_ in outcomes), rights, limit)
    return at(max((s for _, s, _ in scored), key=good))


def table(rows):
    lines = [f"{'':24} {'plain':>9} {'other':>9} {'across':>9} {'wrong':>9} {'unsure, right':>14} {'first right':>12} {'refused':>9}"]
    for name, outcomes in rows:
        cells = []
        for kind in KINDS[:3]:
            of = [o for o in outcomes if o[0] == kind]
            cells.append(f"{sum(o[1] == 'answered' and o[2] for o in of)}/{len(of)}")
        answerable = [o for o in outcomes if o[0] != "none"]
        none = [o for o in outcomes if o[0] == "none"]
        given = [o for o in answerable if o[1] == "answered"]
        wrong = sum(not o[2] for o in given)
        unsure = [o for o in answerable if o[1] == "unsure"]
        cells.append(f"{wrong}/{len(given)}")
        cells.append(f"{sum(o[2] for o in unsure)}/{len(unsure)}")
        cells.append(f"{sum(o[2] for o in answerable)}/{len(answerable)}")
        cells.append(f"{sum(o[1] != 'answered' for o in none)}/{len(none)}")
        widths = [9, 9, 9, 9, 14, 12, 9]
        lines.append(f"{name:24} " + " ".join(f"{c:>{w}}" for c, w in zip(cells, widths)))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
