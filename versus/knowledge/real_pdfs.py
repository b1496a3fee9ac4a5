"""Words that a reader finds in real PDF files: ours beside pypdfium2 (what Chromium shows) and pypdf.

The files are the samples in the source packages of pypdf and pdfminer.six. The reference of a file is what pypdfium2
reads; a word counts as often as it occurs. Words that two of the three readers do not agree on say nothing about any
of them, so a second figure takes the words that pypdfium2 AND pypdf have.

    python -m venv v && v/bin/pip install pypdf==6.1.1 pypdfium2==4.30.0
    v/bin/pip download --no-deps --no-binary :all: pypdf==6.1.1 pdfminer.six==20250506   # and unpack both
    cargo build --release -p ronghe-documents --example text
    v/bin/python real_pdfs.py TEXT FOLDER
"""

import collections
import json
import logging
import pathlib
import re
import statistics
import subprocess
import sys
import unicodedata

import pypdf
import pypdfium2

logging.disable(logging.CRITICAL)


def words(text):
    text = unicodedata.normalize("NFKC", text).replace("\u00ad", "").replace("\ufffe", "-")
    text = re.sub(r"(\w)[-\u2010\ufffe\x02]\s*\n\s*(\w)", r"\1\2", text)
    # Characters of scripts without blanks are words.
    found = re.findall(r"[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff]|[^\W_\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff]+", text.lower())
    return collections.Counter(found)


def ours(program, path):
    done = subprocess.run([program, path], capture_output=True, text=True, timeout=120)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    # A hyphen kept at the end of a line is compared without it.
    text = "\n".join(line["text"] for line in lines)
    return text, done.stderr.strip()


def pdfium(path):
    pdf = pypdfium2.PdfDocument(path)
    return "\n".join(page.get_textpage().get_text_range() for page in pdf)


def share(reference, found):
    total = sum(reference.values())
    return sum((reference & found).values()) / total if total else None


def main(program, folder):
    rows, skipped = [], collections.Counter()
    for path in sorted(pathlib.Path(folder).rglob("*.pdf")):
        try:
            reference = words(pdfium(path))
        except Exception:
            skipped["pypdfium2 cannot open it"] += 1
            continue
        if sum(reference.values()) < 5:
            skipped["no text in pypdfium2"] += 1
            continue
        try:
            other = words("\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages))
        except Exception:
            other = collections.Counter()
        text, said = ours(program, path)
        # A word parted at a line's end is one word for pypdfium2; ours keeps the hyphen, so that both are found.
        plain = words(text) | words(re.sub(r"(\w)-(\w)", r"\1\2", text))
        rows.append((share(reference, plain), share(reference, other), share(reference & other, plain), path, said, reference, plain))
    print(f"files {len(rows)}; left out: {dict(skipped)}")
    for name, at in [("ours", 0), ("pypdf", 1), ("ours, of words both have", 2)]:
        values = [row[at] for row in rows if row[at] is not None]
        low = sum(value < 0.9 for value in values)
        print(f"{name}: median {statistics.median(values):.4f}, mean {statistics.mean(values):.4f}, below 0.9: {low}")
    for row in sorted(rows, key=lambda row: row[0]):
        if row[0] < 0.9:
            lost = " ".join(word for word, _ in (row[5] - row[6]).most_common(8))
            both = "" if row[2] is None else f"{row[2]:.3f}"
            print(f"{row[0]:.3f} {row[1]:.3f} {both} {row[3].name}: {row[4][:300] or 'nothing said'} | {lost}")


if __name__ == "__main__":
    main(*sys.argv[1:])
