"""Writes the ONNX files that crates/ronghe/src/onnx is tested with, and checks them with ONNX Runtime."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


def save(path, nodes, weights, shape, outputs):
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info("input", FLOAT, shape)],
        [helper.make_tensor_value_info(name, FLOAT, dims) for name, dims in outputs],
        [numpy_helper.from_array(np.asarray(w, np.float32), name) for name, w in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())
    print(path, path.stat().st_size, "bytes")
    return onnxruntime.InferenceSession(path)


def main(folder):
    node = helper.make_node
    # Columns: a logistic regression, probabilities out, as scikit-learn's converter writes it with zipmap off.
    w = np.array([[1, -1, 0], [0.5, 0, -0.5], [0, 2, -2]], np.float32)
    b = np.array([0, 0.25, -0.25], np.float32)
    session = save(
        folder / "columns.onnx",
        [node("Gemm", ["input", "w", "b"], ["logits"]), node("Softmax", ["logits"], ["probabilities"], axis=1)],
        {"w": w, "b": b},
        ["N", 3],
        [("probabilities", ["N", 3])],
    )
    x = np.array([[1, 2, 3], [0, 0.5, -1]], np.float32)
    e = np.exp((x @ w + b) - (x @ w + b).max(1, keepdims=True))
    assert np.allclose(session.run(None, {"input": x})[0], e / e.sum(1, keepdims=True), atol=1e-6)
    # A picture: one convolution, mean over the picture, logits out, as PyTorch writes it.
    k = np.array([[[[0, 1, 0], [1, -4, 1], [0, 1, 0]]], [[[0, 0, 0], [0, 1, 0], [0, 0, 0]]]], np.float32)
    session = save(
        folder / "picture.onnx",
        [
            node("Conv", ["input", "k", "c"], ["edges"], pads=[1, 1, 1, 1]),
            node("Relu", ["edges"], ["active"]),
            node("GlobalAveragePool", ["active"], ["mean"]),
            node("Flatten", ["mean"], ["flat"]),
            node("Gemm", ["flat", "w", "b"], ["logits"]),
        ],
        {"k": k, "c": [0.125, 0], "w": [[4, -4, 0], [-1, 1, 2]], "b": [0.5, 0, -0.5]},
        ["N", 1, 28, 28],
        [("logits", ["N", 3])],
    )
    assert session.run(None, {"input": np.ones((2, 1, 28, 28), np.float32)})[0].shape == (2, 3)
    # A quantity, from a network written for two rows at a time; a second output that is not asked for.
    session = save(
        folder / "fixed.onnx",
        [node("Gemm", ["input", "w", "b"], ["y"]), node("Neg", ["y"], ["less"])],
        {"w": [[2], [-1]], "b": [1]},
        [2, 2],
        [("y", [2, 1]), ("less", [2, 1])],
    )
    y = session.run(["y"], {"input": np.array([[1, 2], [3, 4]], np.float32)})[0]
    assert np.allclose(y[:, 0], [1, 3])


main(Path(__file__).resolve().parents[2] / "crates/ronghe/tests/golden/onnx")
