"""The works, and the inputs that all programs make from the same formula (../golden/formula.py)."""

import pathlib
import sys
from dataclasses import dataclass

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))

BLOCK = 10_000  # rows of a table that one seed fills
CLASSES = 10
LOSSES = 5  # losses that are compared


@dataclass(frozen=True)
class Work:
    name: str
    kind: str
    batch: int
    size: int  # side of a picture, tokens of a sentence, rows of the table
    peers: tuple  # names in peers.PEERS
    unit: str

    @property
    def about(self):
        return {
            "mlp-train": f"dense 784-128-10, training epoch over {self.size:,} rows, Adam, batch {self.batch}",
            "mlp-rows": f"dense 784-128-10, inference over {self.size:,} rows, batch {self.batch}",
            "mobilenet-infer": f"MobileNetV2 with head, inference, {self.size} px, batch {self.batch}",
            "mobilenet-train": f"MobileNetV2, training step of all weights, SGD, {self.size} px, batch {self.batch}",
            "mobilenet-frozen": f"MobileNetV2 features for training of a head, {self.size} px, batch {self.batch}",
            "minilm": f"MiniLM encoder, {self.batch} sentences of {self.size} tokens, f32",
            "minilm-bf16": f"MiniLM encoder, {self.batch} sentences of {self.size} tokens, ours in bf16, peers in f32",
            "minilm-int16": f"MiniLM encoder, {self.batch} sentences of {self.size} tokens, ours in int16, peers in f32",
            "minilm-int8": f"MiniLM encoder, {self.batch} sentences of {self.size} tokens, int8",
        }[self.kind]

    @property
    def precision(self):
        """What we compute in."""
        return next((name for name in ("bf16", "int16", "int8") if self.kind.endswith(name)), "f32")

    @property
    def ours(self):
        """Its name in our program."""
        return self.kind.removesuffix(f"-{self.precision}")

    @property
    def plain(self):
        """Name of the same work in f32."""
        return self.name.replace(f"-{self.precision}", "")

    @property
    def weights(self):
        """Its weights among the prepared files."""
        if self.kind.startswith("minilm"):
            return "minilm"
        return f"{'mobilenet-1000' if self.kind == 'mobilenet-infer' else self.kind.split('-')[0]}.safetensors"

    @property
    def model(self):
        """Its ONNX model among the prepared files, where it has one."""
        return {
            "mlp-rows": "mlp", "mobilenet-infer": "mobilenet-1000",
            "mobilenet-frozen": f"mobilenet-features-{self.size}", "minilm": "minilm", "minilm-bf16": "minilm", "minilm-int16": "minilm",
            "minilm-int8": "minilm-int8",
        }.get(self.kind)


def table():
    def works():
        for batch in (32, 256):
            yield Work(f"mlp-b{batch}", "mlp-train", batch, 60_000, ("pytorch", "pytorch-plain", "keras"), "rows/s")
        yield Work("mlp-rows", "mlp-rows", 1024, 204_800, ("pytorch", "onnxruntime"), "rows/s")
        for batch in (1, 16):
            peers = ("pytorch", "pytorch-plain", "onnxruntime")
            yield Work(f"mobilenet-infer-b{batch}", "mobilenet-infer", batch, 224, peers, "images/s")
        for size, batch in ((96, 32), (32, 64)):
            peers = ("pytorch", "pytorch-plain", "keras")
            yield Work(f"mobilenet-train-{size}px", "mobilenet-train", batch, size, peers, "images/s")
        for size, batch in ((96, 32), (32, 64)):
            peers = ("pytorch", "onnxruntime")
            yield Work(f"mobilenet-frozen-{size}px", "mobilenet-frozen", batch, size, peers, "images/s")
        shapes = ((32, 32), (32, 128), (1, 32), (1, 128))
        for batch, size in shapes:
            yield Work(f"minilm-{batch}x{size}", "minilm", batch, size, ("pytorch", "onnxruntime"), "sentences/s")
        for batch, size in shapes:
            yield Work(f"minilm-bf16-{batch}x{size}", "minilm-bf16", batch, size, ("onnxruntime",), "sentences/s")
        for batch, size in shapes:
            yield Work(f"minilm-int16-{batch}x{size}", "minilm-int16", batch, size, ("onnxruntime",), "sentences/s")
        for batch, size in shapes:
            yield Work(f"minilm-int8-{batch}x{size}", "minilm-int8", batch, size, ("onnxruntime",), "sentences/s")

    return {work.name: work for work in works()}


def rows(count):
    """Rows of the dense net, f32 in 0 to 1, and their labels."""
    import numpy as np
    from formula import labels, unit

    starts = range(0, count, BLOCK)
    blocks = [unit(300 + i, min(BLOCK, count - first), 784) for i, first in enumerate(starts)]
    return np.concatenate(blocks), labels(400, CLASSES, count)


def pictures(work):
    """`[batch, height, width, 3]` in -1 to 1, and labels."""
    from formula import centred, labels

    return centred(300, 2.0, work.batch, work.size, work.size, 3), labels(400, CLASSES, work.batch)


def tokens(work, vocabulary):
    """Token ids and mask `[batch, tokens]`; no padding."""
    import numpy as np
    from formula import labels

    shape = (work.batch, work.size)
    return labels(300, vocabulary, work.batch * work.size).reshape(shape), np.ones(shape, dtype=np.int64)
