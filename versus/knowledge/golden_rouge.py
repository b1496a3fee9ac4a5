"""Writes crates/ronghe-knowledge/tests/data/rouge.json: ROUGE-1/2/L and stems of the rouge-score package.

python versus/knowledge/golden_rouge.py > crates/ronghe-knowledge/tests/data/rouge.json
"""

import json
import re
import sys
from importlib.metadata import version

from nltk.stem.porter import PorterStemmer
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import Tokenizer

KINDS = ["rouge1", "rouge2", "rougeL"]

ENGLISH = [
    ("The quick brown fox jumps over the lazy dog.", "A fast brown fox leaped over lazy dogs!"),
    ("The committee's 3.5% tax-cut proposal was conditionally approved on 12/05/2021.",
     "Committees approve the proposed tax cuts of 3.5 percent; the approval is conditional."),
    ("dying skies, lying innings and canning news", "the sky died; he lies. An inning of the news can"),
    ("One sentence. Another sentence. A third sentence follows here.", "A third sentence follows. One other sentence."),
    ("", "nothing to compare with"),
    ("nothing to compare with", ""),
    ("!!! ... ???", "?!"),
    ("word", "word"),
    ("a b c d e f g", "g f e d c b a"),
    ("the the the cat cat sat", "the cat cat cat sat sat"),
    ("Überraschung in Köln: naïve café-goers paid €5", "uberraschung in koln naive cafe goers paid 5"),
    ("\u0130stanbul \u212aelvin UPPER lower", "istanbul kelvin upper LOWER"),
    ("relational operators conditionally generalise hopefulness, electrical sensibilities and formalities",
     "relations operating conditions generalization hopeful electricity sensible formal"),
    ("Newline\nseparated\ttext  with   blanks", "newline separated text with blanks and more"),
    ("long " * 70 + "tail words differ", "start " + "long " * 65 + "other tail"),
    (" ".join(f"w{i % 23}x" for i in range(150)), " ".join(f"w{i * 7 % 31}x" for i in range(140))),
]

CHINESE = [
    ("今天天气很好，适合出门。", "今天天气不好，不适合出门！"),
    ("人工智能正在改变世界", "世界正在被人工智能改变"),
    ("公司2021年收入增长35%，GPU业务贡献最大。", "2021年公司收入上涨35%，主要来自 gpu 业务"),
    ("臺灣大學", "台湾大学"),
    ("。，！", "？"),
    ("猫", "猫"),
]

WORDS = """
caresses ponies ties cats feed agreed disabled matting mating meeting milling messing meetings plastered bled motoring sing
conflated troubled sized hopping tanned falling hissing fizzed failing filing happy sky relational conditional rational
valenci hesitancy digitizer conformably radically differently vilely analogously vietnamization predication operator
feudalism decisiveness hopefulness callousness formality sensitivity sensibility triplicate formative formalize electricity
electrical hopeful goodness revival allowance inference airliner gyroscopic adjustable defensible irritant replacement
adjustment dependent adoption homologou communism activate angularity homologous effective bowdlerize probate rate cease
control roll controlling rolled dying lying tying skies news innings outing cannings howe proceed exceed succeed died spied
flies flied enjoy enjoyment employed employs spy fly try biology geology archaeology theology apology logic logging hopefully
carefully fully generally usually finally really actually national nationally nationality rationalization yesterday yelling
player playing plays syzygy yyyy bayou toy ivy oats trees tree orrery private oaten 2021 1990s 3rd abc123 aaaa bbbb llll eed
need needed speed freed agreeing seeing being ageing used using user ion onion region million nation station action fashion
possession expression vision division box boxed fixing snow snowing tray traying crying cries cried pies dies lies buses gas
gases this his was thus kiss kisses kissing process processing processes university universities operational fulfilled
organization organizations argument arguments arguing argued government governmental authority authorities ability abilities
availability considerably possibly terrible horribly simply singly doubly triply ably feebly ally tally totally fatally
dally rally orally equalli vitally locally socialism organism capitalism measurement element cement comment entrapment
movement management bleed creed sealed healing hotel panel level leveled levelling quizzing quizzes whizzed amazes razing
""".split()


class Characters(Tokenizer):
    """Chinese characters, and words of ASCII letters and digits."""

    def tokenize(self, text):
        return re.findall(r"[a-z0-9]+|[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]", text.lower())


def scores(scorer, reference, candidate):
    found = scorer.score(reference, candidate)
    return {kind: [found[kind].precision, found[kind].recall, found[kind].fmeasure] for kind in KINDS}


def main():
    plain, stemmed = RougeScorer(KINDS), RougeScorer(KINDS, use_stemmer=True)
    chinese = RougeScorer(KINDS, tokenizer=Characters())
    stemmer = PorterStemmer()
    golden = {
        "header": {"generator": "versus/knowledge/golden_rouge.py", "rouge_score": version("rouge-score"),
                   "nltk": version("nltk")},
        "english": [{"reference": r, "candidate": c, "plain": scores(plain, r, c), "stemmed": scores(stemmed, r, c)}
                    for r, c in ENGLISH],
        "chinese": [{"reference": r, "candidate": c, "scores": scores(chinese, r, c)} for r, c in CHINESE],
        "stems": {word: stemmer.stem(word) for word in WORDS},
    }
    json.dump(golden, sys.stdout, ensure_ascii=False, indent=1)
    print()


if __name__ == "__main__":
    main()
