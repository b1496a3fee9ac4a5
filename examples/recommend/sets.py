"""Events of planted tastes over real items: python3 sets.py OUT [CACHE]

The items are real (pieces of clothing with what buyers write of them, Chinese questions with their answers, emoji as pictures, sounds); who
likes them is not: each of 500 users likes two kinds, and has 20 events, 17 of them in these kinds and 3 anywhere. The kind itself is in no table
that is written, so that only texts, pictures and sounds can tell it. Writes OUT/NAME/{events,items}.csv; the files that items name lie in
CACHE/NAME (--media). CACHE is the folder that
`ronghe pull clothing-reviews chatterbot emoji sounds` fills; by default ~/.cache/ronghe.
"""

import csv
import random
import sys
from pathlib import Path

USERS, EVENTS, IN_TASTE = 500, 20, 17
LEAST = 5  # items of a kind


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def clothes(cache):
    """Item, its cells, its kind: three reviews of a piece stand for it."""
    found = {}
    for row in rows(cache / "clothing-reviews" / "clothing-reviews.csv"):
        piece = found.setdefault(row["Clothing ID"], [[], row["Class Name"]])
        if row["Review Text"] and len(piece[0]) < 3:
            piece[0].append(row["Review Text"])
    return [(name, {"text": " ".join(texts)}, kind) for name, (texts, kind) in found.items() if texts and kind]


def chinese(cache):
    every = [row for row in rows(cache / "chatterbot" / "answers.csv") if row["language"] == "zh"]
    return [(f"q{i}", {"title": r["question"], "text": r["answer"]}, r["topic"]) for i, r in enumerate(every)]


def emoji(cache):
    table = rows(cache / "emoji" / "emoji.csv")
    return [(Path(r["image"]).stem, {"image": r["image"]}, r["category"]) for r in table]


def sounds(cache):
    table = rows(cache / "sounds" / "sounds.csv")
    return [(Path(r["audio"]).stem, {"audio": r["audio"]}, r["label"]) for r in table]


def write(folder, items, seed):
    kinds = {}
    for name, _, kind in items:
        kinds.setdefault(kind, []).append(name)
    kinds = {kind: names for kind, names in kinds.items() if len(names) >= LEAST}
    draw = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "events.csv", "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["user", "item", "time"])
        for user in range(USERS):
            liked = [name for kind in draw.sample(sorted(kinds), 2) for name in kinds[kind]]
            chosen = draw.sample(liked, min(IN_TASTE, len(liked)))
            chosen += draw.sample([name for name, *_ in items if name not in chosen], EVENTS - IN_TASTE)
            draw.shuffle(chosen)
            out.writerows([f"u{user}", name, 1_700_000_000 + 1000 * place + user] for place, name in enumerate(chosen))
    with open(folder / "items.csv", "w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, ["item", *items[0][1]])
        out.writeheader()
        out.writerows({"item": name, **cells} for name, cells, _ in items)
    print(f"{folder.name}: {len(items)} items, {len(kinds)} kinds of {LEAST} items or more")


def main():
    out = Path(sys.argv[1])
    cache = Path(sys.argv[2]) if len(sys.argv) > 2 else Path.home() / ".cache" / "ronghe"
    for seed, make in enumerate([clothes, chinese, emoji, sounds]):
        write(out / make.__name__, make(cache), seed)


if __name__ == "__main__":
    main()
