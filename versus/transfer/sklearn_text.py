"""Words and character n-grams with logistic regression in scikit-learn, on a table with columns text, label, split.
Prints one JSON object.

    sklearn_text.py TABLE.csv [--language auto | en | zh] [--columns text]

TF-IDF, sublinear, of words and pairs of words and of 3 to 5 characters inside words. Chinese: of 1 to 3 characters, and of
jieba's words and pairs of them where jieba is installed. C is chosen by log-loss on the validation rows, or, as Ronghe takes a
tenth of the training rows where none are named, on as much: in three folds of fewer than 1,000 rows, in one of ten of more.
The model of all training rows is measured on the test rows.
"""

import argparse
import collections
import csv
import importlib.metadata
import json
import os
import pathlib
import resource
import time

START = time.perf_counter()
CHOICES = (1.0, 10.0, 100.0)
FEW = 1000
TERMS = 50_000  # of each kind, the most frequent
HAN = ("\u4e00", "\u9fff")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=pathlib.Path)
    parser.add_argument("--columns", default="text", help="text columns, with commas; joined (default text)")
    parser.add_argument("--language", choices=["auto", "en", "zh"], default="auto")
    parser.add_argument("--min-df", type=int, help="rows that a term stands in (default 1 below 1,000 rows, else 2)")
    parser.add_argument("--c", type=float, help="instead of choosing it")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(args.threads)
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, f1_score, log_loss

    imported = time.perf_counter()
    parts = read(args.table, args.columns.split(","))
    texts, labels = parts["train"]
    language = args.language if args.language != "auto" else guess(texts)
    terms, settings = vectorizer(language, args.min_df or (1 if len(texts) < 1000 else 2))
    x = terms.fit_transform(texts)
    vectorised = time.perf_counter()

    def model(c):
        return LogisticRegression(C=c, max_iter=500)

    def loss(c, fit_rows, x_judge, y_judge):
        fitted = model(c).fit(x[fit_rows], [labels[row] for row in fit_rows])
        return log_loss(y_judge, fitted.predict_proba(x_judge), labels=fitted.classes_)

    c = args.c
    if c is None and "validation" in parts:
        held = terms.transform(parts["validation"][0]), parts["validation"][1]
        c = min(CHOICES, key=lambda c: loss(c, range(len(labels)), *held))
    elif c is None:
        folds = folded(labels, args.seed)
        c = min(CHOICES, key=lambda c: sum(loss(c, fit, x[judge], [labels[row] for row in judge]) for fit, judge in folds))
    chosen = time.perf_counter()
    fitted = model(c).fit(x, labels)
    trained = time.perf_counter()
    found = fitted.predict(terms.transform(parts["test"][0]))
    truth = parts["test"][1]
    tested = time.perf_counter()
    few = collections.Counter(labels)
    packages = ["scikit-learn", "jieba"] if "jieba" in settings else ["scikit-learn"]
    print(json.dumps({
        "program": "sklearn", "table": args.table.name, "settings": settings, "language": language, "threads": args.threads,
        "seed": args.seed, "rows": {name: len(y) for name, (_, y) in parts.items()}, "classes": len(few),
        "rows_a_class": [min(few.values()), max(few.values())], "terms": x.shape[1], "c": c,
        "test_accuracy": round(accuracy_score(truth, found), 4), "test_macro_f1": round(f1_score(truth, found, average="macro"), 4),
        "seconds": {"import": round(imported - START, 3), "terms": round(vectorised - imported, 3),
                    "choice": round(chosen - vectorised, 3), "fit": round(trained - chosen, 3), "test": round(tested - trained, 3)},
        "seconds_trained": round(trained - imported, 3), "seconds_all": round(tested - START, 3),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "versions": {package: importlib.metadata.version(package) for package in packages},
    }))


def read(path, columns):
    csv.field_size_limit(1 << 30)
    parts = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter="," if path.suffix == ".csv" else "\t")
        for name in [*columns, "label", "split"]:
            if name not in reader.fieldnames:
                raise SystemExit(f"{path}: no column {name} among {', '.join(reader.fieldnames)} (subset.py adds a split)")
        for row in reader:
            texts, labels = parts.setdefault(row["split"], ([], []))
            texts.append("\n".join(row[name] for name in columns))
            labels.append(row["label"])
    for split in ("train", "test"):
        if split not in parts:
            raise SystemExit(f"{path}: no {split} rows")
    return parts


def guess(texts):
    """zh where more letters are Chinese than not."""
    letters = [letter for text in texts[:1000] for letter in text[:1000] if letter.isalpha()]
    return "zh" if 2 * sum(HAN[0] <= letter <= HAN[1] for letter in letters) > len(letters) else "en"


def vectorizer(language, least):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion

    def terms(**settings):
        return TfidfVectorizer(sublinear_tf=True, min_df=least, max_features=TERMS, **settings)

    if language == "en":
        parts = {"words 1-2": terms(ngram_range=(1, 2)), "char_wb 3-5": terms(analyzer="char_wb", ngram_range=(3, 5))}
    else:
        parts = {"characters 1-3": terms(analyzer="char", ngram_range=(1, 3))}
        try:
            import jieba
        except ImportError:
            pass
        else:
            jieba.setLogLevel("WARNING")
            jieba.initialize()
            parts["jieba 1-2"] = terms(tokenizer=jieba.lcut, token_pattern=None, ngram_range=(1, 2))
    return FeatureUnion(list(parts.items())), f"TF-IDF of {', '.join(parts)}, min_df {least}, {TERMS:,} terms of each at most; LogisticRegression"


def folded(labels, seed):
    from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

    if len(labels) < FEW:
        cut = StratifiedKFold(3, shuffle=True, random_state=seed)
    else:
        cut = StratifiedShuffleSplit(1, test_size=0.1, random_state=seed)
    return list(cut.split(labels, labels))


if __name__ == "__main__":
    main()
