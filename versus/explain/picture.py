"""shap's KernelExplainer on Ronghe's dense MNIST net, run by ONNX Runtime: prints one JSON object.

    python versus/explain/picture.py MODEL ROWS BACKGROUND --grid 28x28 --samples 3616

ROWS and BACKGROUND are folders of IDX files (see sets.py). A grid of 28 x 28 makes every pixel a player. l1 is off. `--exact` counts
every coalition instead, in float64, for grids of few players.
"""

import argparse
import json
import pathlib
import resource
import sys
import time
import warnings

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from mnist import idx  # noqa: E402


def weights(folder):
    from safetensors.numpy import load_file

    found = load_file(str(folder / "model.safetensors"))
    temperature = json.loads((folder / "config.json").read_text(encoding="utf-8"))["temperature"]
    names = ["encode.image.hidden0.weight", "encode.image.hidden0.bias", "head.weight", "head.bias"]
    return [found[name] for name in names], temperature


def onnx_session(folder, threads):
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    (w0, b0, w1, b1), temperature = weights(folder)
    constants = {"w0": w0, "b0": b0, "w1": w1, "b1": b1, "full": np.float32(255.0), "t": np.float32(temperature)}
    nodes = [
        helper.make_node("Div", ["x", "full"], ["scaled"]),
        helper.make_node("Gemm", ["scaled", "w0", "b0"], ["hidden"], transB=1),
        helper.make_node("Relu", ["hidden"], ["positive"]),
        helper.make_node("Gemm", ["positive", "w1", "b1"], ["logits"], transB=1),
        helper.make_node("Div", ["logits", "t"], ["calibrated"]),
        helper.make_node("Softmax", ["calibrated"], ["p"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes, "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, w0.shape[1]])],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, [None, len(b1)])],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def double(folder):
    """The net in float64."""
    (w0, b0, w1, b1), temperature = weights(folder)
    w0, b0, w1, b1 = (np.asarray(w, np.float64) for w in (w0, b0, w1, b1))

    def predict(x):
        z = (np.maximum(x / 255.0 @ w0.T + b0, 0) @ w1.T + b1) / temperature
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    return predict


def cells(grid, height, width):
    """The pixels of each cell of the grid, cells in reading order; sizes differ by one where the grid does not divide."""
    rows, columns = grid
    tops = [i * height // rows for i in range(rows + 1)]
    lefts = [i * width // columns for i in range(columns + 1)]
    pixel = np.arange(height * width).reshape(height, width)
    return [pixel[tops[i]:tops[i + 1], lefts[j]:lefts[j + 1]].ravel() for i in range(rows) for j in range(columns)]


def shapley(values, n):
    """Shapley values from the values of all coalitions `[2^n, k]`."""
    coalitions = np.arange(1 << n)
    sizes = sum((coalitions >> p) & 1 for p in range(n))
    weight = np.array([1.0 / n] + [0.0] * (n - 1))
    for s in range(1, n):
        weight[s] = weight[s - 1] * s / (n - s)
    out = []
    for p in range(n):
        without = coalitions[(coalitions >> p) & 1 == 0]
        out.append((weight[sizes[without], None] * (values[without | (1 << p)] - values[without])).sum(0))
    return np.array(out)


def exact(row, background, groups, predict):
    n = len(groups)
    values = []
    for coalition in range(1 << n):
        masked = background.copy()
        for p in range(n):
            if coalition >> p & 1:
                masked[:, groups[p]] = row[groups[p]]
        values.append(predict(masked).mean(0))
    return shapley(np.array(values), n)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("rows", type=pathlib.Path)
    parser.add_argument("background", type=pathlib.Path)
    parser.add_argument("--grid", default="28x28")
    parser.add_argument("--samples", type=int, default=0, help="0: shap's own, 2 players + 2048")
    parser.add_argument("--count", type=int, default=10, help="rows explained")
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    rows = idx(args.rows, "t10k-images-idx3")[: args.count]
    background = idx(args.background, "t10k-images-idx3")
    groups = cells(tuple(map(int, args.grid.split("x"))), *rows.shape[1:])
    rows, background = (a.reshape(len(a), -1) for a in (rows, background))
    values, seconds = [], []
    samples = args.samples or 2 * len(groups) + 2048
    if args.exact:
        predict = double(args.model)
        for row in rows:
            values.append(exact(row.astype(np.float64), background.astype(np.float64), groups, predict))
    else:
        import shap
        from shap.utils._legacy import DenseData

        session = onnx_session(args.model, args.threads)
        data = DenseData(background.astype(np.float32), [str(i) for i in range(len(groups))], groups)
        explainer = shap.KernelExplainer(lambda x: session.run(None, {"x": x.astype(np.float32, copy=False)})[0], data)
        for row in rows:
            np.random.seed(args.seed)
            start = time.perf_counter()
            found = explainer.shap_values(row.astype(np.float32), nsamples=samples, l1_reg=False, silent=True)
            seconds.append(time.perf_counter() - start)
            values.append(np.asarray(found))
    print(json.dumps({
        "values": np.asarray(values).tolist(), "seconds": seconds, "samples": samples,
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "version": "" if args.exact else shap.__version__,
    }))


if __name__ == "__main__":
    main()
