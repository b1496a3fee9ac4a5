#!/usr/bin/env python3
"""What few labels are worth: the same rows with and without a published network. Prints lines of examples/RESULTS.md.

    cargo build --release
    python3 examples/few_labels.py target/release/ronghe OUT_FOLDER [SET ...]

Training rows are drawn by `data.per_class`; validation and test rows are all there are. Vectors of frozen networks are computed
once and kept in the cache.
"""
import json, pathlib, subprocess, sys, time

SEED = 1
CNN = {"type": "cnn", "augment": {"shift": 1}}
LITE = {"type": "efficientnet_lite0", "size": 96}
# Set, column, target, rows a class, programs: name, encoder, transfer.
SETS = {
    "mnist": ("image", "label", [60], [("cnn from the start", CNN, None), ("EfficientNet-Lite0 frozen", LITE, "frozen")]),
    "fashion-mnist": ("image", "label", [60],
                      [("cnn from the start", CNN, None), ("EfficientNet-Lite0 frozen", LITE, "frozen")]),
    "newsgroups20": ("text", "label", [8, 64, None],
                     [("TF-IDF", "tfidf", None), ("MiniLM frozen", "minilm", "frozen")]),
    "chinese-reviews": ("text", "label", [8, 64, None],
                        [("TF-IDF", "tfidf", None), ("e5 frozen", {"type": "e5", "max_tokens": 64}, "frozen")]),
}
# Steps are what few rows lack: about as many epochs as give this many of them, within bounds.
STEPS, FEWEST, MOST, BATCH = 1500, 6, 150, 32
CLASSES = {"mnist": 10, "fashion-mnist": 10, "newsgroups20": 20, "chinese-reviews": 2}

binary, out = sys.argv[1], pathlib.Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
for name in sys.argv[3:] or SETS:
    column, target, counts, programs = SETS[name]
    for count in counts:
        epochs = 8
        if count:
            epochs = min(MOST, max(FEWEST, STEPS * BATCH // (count * CLASSES[name])))
        for program, encoder, transfer in programs:
            config = {
                "data": {"path": f"pull:{name}"} | ({"per_class": count} if count else {}),
                "inputs": [{"name": column, "encoder": encoder} | ({"transfer": transfer} if transfer else {})],
                "target": {"column": target},
                "training": {"epochs": epochs, "batch_size": BATCH if count else 64, "learning_rate": 0.002,
                             "modality_dropout": 0, "patience": max(3, epochs // 4)},
                "seed": SEED,
            }
            label = f"{name}-{count or 'all'}-{program.split()[0].lower()}"
            path = out / f"{label}.yaml"  # JSON is YAML
            path.write_text(json.dumps(config), encoding="utf-8")
            started = time.time()
            with open(out / f"{label}.log", "w") as log:
                found = subprocess.run([binary, "train", str(path), "--out", str(out / label), "--json"],
                                       stdout=subprocess.PIPE, stderr=log, text=True)
            if found.returncode:
                print(f"| {name} | {count or 'all'} | {program} | failed, see {label}.log |", flush=True)
                continue
            test = json.loads(found.stdout)["test"]
            accuracy = next(f for f in test["figures"] if f["name"] == "accuracy")
            low, high = accuracy["interval"]
            print(f"| {name} | {count or 'all'} | {program} | {accuracy['value']:.4f} ({low:.4f} to {high:.4f}) |"
                  f" {time.time() - started:.0f} |", flush=True)
