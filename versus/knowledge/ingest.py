"""Chunks to a searchable index with MiniLM vectors: txtai beside `ronghe index`, same chunks, same threads.

ingest.py DOCUMENTS.jsonl MODEL_FOLDER [--threads 2] [--batch 32] [--engine txtai|sentence-transformers] [--vectors FILE]

DOCUMENTS.jsonl is what `ronghe store export` prints; MODEL_FOLDER holds model.safetensors, tokenizer.json, config.json. txtai is
taken at its best: vectors by sentence-transformers in f32 (its default on a CPU), texts in order of length within its
batches, FAISS, contents and BM25 kept as ours are. Prints one JSON object.
"""

import argparse
import importlib.metadata
import json
import os
import resource
import shutil
import tempfile
import time
from pathlib import Path


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("documents", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--engine", choices=["txtai", "sentence-transformers"], default="txtai")
    parser.add_argument("--vectors", type=Path, help="keep the vectors of sentence-transformers here, as NumPy array")
    return parser.parse_args()


def model_folder(source: Path) -> Path:
    """The folder as sentence-transformers wants it, without padding to a fixed length."""
    folder = Path(tempfile.mkdtemp())
    for name in ("model.safetensors", "config.json"):
        (folder / name).symlink_to((source / name).resolve())
    tokenizer = json.loads((source / "tokenizer.json").read_text())
    tokenizer["padding"] = tokenizer["truncation"] = None
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    special = {name: f"[{name[:-6].upper()}]" for name in ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")}
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 448, **special}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 448, "do_lower_case": False}))
    (folder / "1_Pooling").mkdir()
    (folder / "2_Normalize").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(
        json.dumps({"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True})
    )
    return folder


def main():
    args = arguments()
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(args.threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch

    torch.set_num_threads(args.threads)
    texts = []
    with args.documents.open() as lines:
        for line in lines:
            document = json.loads(line)
            text = document["text"].encode()
            for chunk in document["chunks"]:
                span = text[chunk["span"]["start"] : chunk["span"]["end"]].decode()
                texts.append("\n".join([" > ".join(chunk["headings"]), span]) if chunk["headings"] else span)
    folder = model_folder(args.model)
    out = Path(tempfile.mkdtemp())
    if args.engine == "txtai":
        import txtai

        embeddings = txtai.Embeddings(
            path=str(folder), method="sentence-transformers", content=True, hybrid=True, encodebatch=args.batch, gpu=False
        )
        version = importlib.metadata.version("txtai")
        embeddings.batchtransform(texts[:8])
        start = time.perf_counter()
        embeddings.index(texts)
        embeddings.save(str(out / "index"))
        seconds = time.perf_counter() - start
        queries = []
        for text in texts[:200]:
            begin = time.perf_counter()
            embeddings.search(" ".join(text.split()[:8]), 10)
            queries.append(time.perf_counter() - begin)
        queries.sort()
        query = {"median_ms": queries[100] * 1e3, "p99_ms": queries[197] * 1e3}
    else:
        import sentence_transformers

        model = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
        version = sentence_transformers.__version__
        model.encode(texts[:8])
        start = time.perf_counter()
        vectors = model.encode(texts, batch_size=args.batch)
        seconds, query = time.perf_counter() - start, None
        if args.vectors:
            import numpy

            numpy.save(args.vectors, vectors)
    shutil.rmtree(out)
    print(
        json.dumps(
            {
                "engine": args.engine,
                "version": version,
                "torch": torch.__version__,
                "threads": args.threads,
                "chunks": len(texts),
                "characters": sum(map(len, texts)),
                "seconds": seconds,
                "chunks_per_second": len(texts) / seconds,
                "query": query,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


main()
