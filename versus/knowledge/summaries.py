"""Seconds that sumy's LexRank and Ronghe's lexical summary take for the same text: 300, 1,000 and 2,000 sentences.

cargo build --release -p ronghe-knowledge --example summarise
python versus/knowledge/summaries.py [target/release/examples/summarise [SENTENCES...]] > versus/knowledge/raw/summaries.csv

The text is drawn by a formula: sentences of 8 to 30 words from a vocabulary of 5,000 with Zipf's frequencies. Each sentence is a
paragraph, so that both sides count the same sentences; sumy gets them ready-made, without its sentence splitter (NLTK's
model is not installed with it). Best of three runs for ours, one for sumy; Ronghe's time is the second summary of a process (dictionaries
loaded), from text to chosen sentences.
"""

import csv
import random
import re
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version

from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence
from sumy.nlp.stemmers import Stemmer
from sumy.summarizers.lex_rank import LexRankSummarizer
from sumy.utils import get_stop_words

SIZES = [300, 1000, 2000]
PICKS = 10


class Words:
    """The part of sumy's tokenizer that summarizers use."""

    @staticmethod
    def to_words(text):
        return re.findall(r"\w+", text)


def text(sentences, seed=7):
    draw = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    vocabulary = ["".join(draw.choice(letters) for _ in range(draw.randint(3, 10))) for _ in range(5000)]
    weights = [1 / (rank + 10) for rank in range(len(vocabulary))]
    made = []
    for _ in range(sentences):
        words = draw.choices(vocabulary, weights, k=draw.randint(8, 30))
        made.append(" ".join(words).capitalize() + ".")
    return made


def sumy(sentences):
    document = ObjectDocumentModel([Paragraph([Sentence(s, Words)]) for s in sentences])
    summarizer = LexRankSummarizer(Stemmer("english"))
    summarizer.stop_words = get_stop_words("english")
    clock = time.perf_counter()
    assert len(summarizer(document, PICKS)) == PICKS
    return time.perf_counter() - clock


def ours(program, sentences):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n\n".join(sentences))
        file.flush()
        found = []
        for _ in range(3):
            said = subprocess.run([program, str(PICKS), file.name], capture_output=True, text=True, check=True).stdout
            timed = re.findall(r"([\d.]+) s for (\d+) sentences", said)
            assert int(timed[-1][1]) == len(sentences), said[:200]
            found.append(float(timed[-1][0]))
    return min(found)


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "target/release/examples/summarise"
    out = csv.writer(sys.stdout)
    out.writerow(["sentences", "characters", "sumy_version", "sumy_seconds", "ronghe_seconds", "times_faster"])
    for size in map(int, sys.argv[2:] or SIZES):
        sentences = text(size)
        peer, own = sumy(sentences), ours(program, sentences)
        row = [size, sum(map(len, sentences)), version("sumy"), f"{peer:.3f}", f"{own:.4f}", f"{peer / own:.0f}"]
        out.writerow(row)


if __name__ == "__main__":
    main()
