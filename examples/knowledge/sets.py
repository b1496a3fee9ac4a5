#!/usr/bin/env python3
"""Sets for RESULTS.md out of public packages, by Python's own library alone.

sets.py OUT --wikipedia FOLDER --newsgroups FILE.csv --answers FILE.csv [--questions 1500]

FOLDER and the two tables are what `ronghe pull wikipedia-leads newsgroups20 chatterbot` leaves. Made below OUT:

  wiki-en/, wiki-fr/    search: Wikipedia's one-line description asks, the lead whose description it is answers
  wiki-en-fr/           the English description asks, the French lead of the same article answers
  qa-zh/, qa-en/        questions and answers of small talk and knowledge
  leads/TOPIC/*.md      the English leads as files, but for those that the unanswerable questions are about
  ask.jsonl             200 questions that these files answer, 100 that they do not
  summaries.jsonl       leads of four sentences or more, with their descriptions
  posts/GROUP/*.txt     a hundred posts of each of the twenty newsgroups
"""

import argparse
import collections
import csv
import json
import random
import re
from pathlib import Path

csv.field_size_limit(1 << 30)

# A pattern of an article's text, the question that it answers, and the beginning of the topics that it is looked for in.
PATTERNS = [
    (r"\b(?:was|were) (?:founded|established|created|formed)(?: \w+){0,3}? in (\d{4})", "When was {} founded?", ""),
    (r"\b(?:painted|written|composed|directed|designed)(?: and \w+)? by (?:the )?((?:[A-Z][\w'’.-]+ ?){2,4})", "Who made {}?", "Arts"),
    (r"\bis the capital(?: and [\w ]{0,30}?city)? of ((?:the )?[A-Z]\w+(?: [A-Z]\w+)*)", "Of what country is {} the capital?", "Geo"),
    (r"\b(?:is|are) (?:a|an) (?:large |small )?(?:genus|species|family|order|class) of ([a-z][a-z ]{3,30}?)(?: in| that| of| native|,|\.)", "What kind of living thing is {}?", "Bio"),
    (r"\bwith a population of (?:about |approximately |over |around |more than |nearly )?([\d.,]+(?:\s(?:million|billion))?)", "How many people live in {}?", "Geo"),
    (r"\bborders? ([A-Z]\w+(?: [A-Z]\w+)*)", "What does {} border on?", "Geo"),
]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--wikipedia", type=Path, required=True)
    parser.add_argument("--newsgroups", type=Path, required=True)
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=1500)
    return parser.parse_args()


def lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def beir(folder, corpus, asked):
    """`corpus`: (name, title, text); `asked`: (question, names of the passages that answer)."""
    lines(folder / "corpus.jsonl", ({"_id": i, "title": t, "text": x} for i, t, x in corpus))
    lines(folder / "queries.jsonl", ({"_id": f"q{n}", "text": text} for n, (text, _) in enumerate(asked)))
    (folder / "qrels").mkdir(exist_ok=True)
    with (folder / "qrels/test.tsv").open("w", encoding="utf-8") as out:
        out.write("query-id\tcorpus-id\tscore\n")
        for n, (_, names) in enumerate(asked):
            out.writelines(f"q{n}\t{name}\t1\n" for name in names)


def spread(items, most):
    """At most so many, at even distances."""
    return items[:: max(1, len(items) // most)][:most]


def described(leads, names, most):
    """Descriptions and the articles that have them."""
    groups = collections.OrderedDict()
    for name in names:
        if leads[name]["description"]:
            groups.setdefault(leads[name]["description"].strip().lower(), []).append(name)
    return spread([(leads[group[0]]["description"], group) for group in groups.values()], most)


def wikipedia(out, folder, most):
    read = lambda name: json.loads((folder / f"summaries_{name}.json").read_text(encoding="utf-8"))
    english, french = read("en-us"), read("fr-fr")
    corpus = lambda leads: [(name, lead["title"], lead["extract"]) for name, lead in leads.items()]
    beir(out / "wiki-en", corpus(english), described(english, english, most))
    beir(out / "wiki-fr", corpus(french), described(french, french, most))
    both = [name for name in english if name in french]
    beir(out / "wiki-en-fr", corpus(french), described(english, both, most))
    return english


def small_talk(out, path):
    with path.open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    for language in ("zh", "en"):
        answers, asked = collections.OrderedDict(), collections.OrderedDict()
        for row in rows:
            if row["language"] == language:
                name = answers.setdefault(row["answer"], f"a{len(answers)}")
                asked.setdefault(row["question"], set()).add(name)
        corpus = [(name, "", text) for text, name in answers.items()]
        beir(out / f"qa-{language}", corpus, [(text, sorted(names)) for text, names in asked.items()])


def file_name(lead):
    return f"{lead['topic']}/{re.sub('[^A-Za-z0-9 ]', '_', lead['title'])}.md"


def questions(out, leads):
    """Questions by patterns. Where subject and answer stand together is evidence, and the question's own article is left out of the files
    for a hundred questions of which no other article has both."""
    draw = random.Random(7)
    found = []
    for lead in leads.values():
        subject = re.sub(r" \(.*\)$", "", lead["title"])
        for pattern, question, topic in PATTERNS:
            match = re.search(pattern, lead["extract"]) if lead["topic"].startswith(topic) else None
            if match and subject.lower() not in match.group(1).lower():
                found.append((question, subject, match.group(1).strip(" ,."), lead))
                break
    draw.shuffle(found)
    # As many of each kind as there are, so that no kind decides.
    kinds = collections.defaultdict(list)
    for item in found:
        kinds[item[0]].append(item)
    mixed = [kind[i] for i in range(max(map(len, kinds.values()))) for kind in kinds.values() if i < len(kind)]
    texts = [(file_name(lead), f"{lead['title']}\n{lead['extract']}") for lead in leads.values()]
    both = lambda item: [name for name, text in texts if item[1] in text and item[2] in text]
    answerable, hidden = [], []
    for item in mixed:
        evidence = both(item)
        if len(hidden) < 100 and evidence == [file_name(item[3])] and len(hidden) <= len(answerable):
            hidden.append(item)
        elif len(answerable) < 200:
            answerable.append((item, evidence))
    rows = [
        {"question": item[0].format(item[1]), "answers": [item[2]], "evidence": [{"path": name} for name in evidence]}
        for item, evidence in answerable
    ]
    rows += [{"question": item[0].format(item[1]), "answers": [], "evidence": []} for item in hidden]
    draw.shuffle(rows)
    lines(out / "ask.jsonl", rows)
    hidden = {id(item[3]) for item in hidden}
    for lead in leads.values():
        if id(lead) not in hidden:
            path = out / "leads" / file_name(lead)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"# {lead['title']}\n\n{lead['extract']}\n", encoding="utf-8")
    print({kind: len(items) for kind, items in kinds.items()})


def summaries(out, leads, newsgroups):
    long = [lead for lead in leads.values() if lead["description"] and lead["extract"].count(". ") >= 3]
    lines(out / "summaries.jsonl", ({"text": x["extract"], "summaries": [x["description"]]} for x in spread(long, 1000)))
    groups = collections.defaultdict(list)
    with newsgroups.open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            groups[row["label"]].append(row["text"])
    for group, posts in groups.items():
        folder = out / "posts" / group
        folder.mkdir(parents=True, exist_ok=True)
        for n, post in enumerate(spread(posts, 100)):
            (folder / f"{n:03}.txt").write_text(post + "\n", encoding="utf-8")


def main():
    args = arguments()
    leads = wikipedia(args.out, args.wikipedia, args.questions)
    small_talk(args.out, args.answers)
    questions(args.out, leads)
    summaries(args.out, leads, args.newsgroups)


main()
