"""The peers: one function each, run in a process of its own by run.py. Prints one JSON object.

    peers.py PEER WORK FOLDER --threads N --seconds S [--outputs FILE]

A run is one batch, of the dense net one pass over its table. Runs repeat for the seconds asked, at least three times; the
figure is rows over the middle run, as in crates/ronghe/examples/engine.rs.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import statistics
import sys
import time

import works


def timed(args, run):
    """Seconds of every run."""
    seconds, start = [], time.perf_counter()
    while len(seconds) < 3 or time.perf_counter() - start < args.seconds:
        one = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - one)
    return seconds


def result(work, seconds, packages, settings, losses=(), outputs=None):
    count = work.size if work.kind in ("mlp-train", "mlp-rows") else work.batch
    return {
        "versions": {package: importlib.metadata.version(package) for package in packages},
        "settings": settings, "unit": "rows/s", "value": count / statistics.median_high(seconds),
        "best": count / min(seconds), "runs": len(seconds), "losses": [float(loss) for loss in losses],
    }, outputs


def pytorch(work, args):
    """Its best: channels-last pictures, traced and frozen for inference, fused optimisers."""
    return torch_work(work, args, best=True)


def pytorch_plain(work, args):
    """As most write it: NCHW in training, eager in inference, the optimiser's default."""
    return torch_work(work, args, best=False)


def torch_work(work, args, best):
    import torch

    torch.set_num_threads(args.threads)
    torch.set_num_interop_threads(1)
    torch.manual_seed(0)
    run = {
        "mlp-train": torch_mlp_train, "mlp-rows": torch_mlp_rows, "mobilenet-train": torch_mobilenet_train,
        "mobilenet-infer": torch_infer, "mobilenet-frozen": torch_infer, "minilm": torch_infer,
    }[work.kind]
    return run(work, args, best)


def torch_mlp_train(work, args, best):
    import networks
    import torch

    net = networks.mlp()
    x, y = (torch.from_numpy(a) for a in works.rows(work.size))
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3, **({"fused": True} if best else {}))
    losses = []

    def epoch():
        for first in range(0, work.size, work.batch):
            optimiser.zero_grad(set_to_none=True)
            loss = torch.nn.functional.cross_entropy(net(x[first : first + work.batch]), y[first : first + work.batch])
            loss.backward()
            optimiser.step()
            if len(losses) < works.LOSSES:
                losses.append(loss.detach())

    epoch()
    settings = "eager, slices of one tensor, " + ("Adam(fused=True)" if best else "Adam()")
    return result(work, timed(args, epoch), ["torch"], settings, losses)


def torch_mlp_rows(work, args, best):
    import networks
    import torch

    x, _ = works.rows(work.size)
    x = torch.from_numpy(x)
    with torch.inference_mode():
        net = frozen(networks.mlp().eval(), (x[: work.batch],))

        def run():
            for first in range(0, work.size, work.batch):
                net(x[first : first + work.batch])

        outputs = net(x[: work.batch]).numpy()
        run()
        return result(work, timed(args, run), ["torch"], "inference_mode, traced, frozen", outputs=outputs)


def frozen(net, inputs):
    """Traced, weights made constants, batch norms folded; run until its own warm-up is over."""
    import torch

    net = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net, inputs)))
    for _ in range(3):
        net(*inputs)
    return net


def torch_infer(work, args, best):
    import networks
    import torch

    if work.kind == "minilm":
        net = networks.Tokens(networks.minilm("sdpa"))
        inputs = tuple(torch.from_numpy(a) for a in works.tokens(work, 30522))
        settings = "inference_mode, eager, scaled_dot_product_attention"
    else:
        net = networks.mobilenet(1000) if work.kind == "mobilenet-infer" else networks.Features(networks.mobilenet(10))
        # A channels-last tensor: the pictures lie in memory as they are, its dimensions are named in another order.
        inputs = (torch.from_numpy(works.pictures(work)[0]).permute(0, 3, 1, 2),)
        net = net.eval().to(memory_format=torch.channels_last)
        settings = "inference_mode, channels-last, " + ("traced, frozen" if best else "eager")
    with torch.inference_mode():
        if best and work.kind != "minilm":
            net = frozen(net, inputs)
        outputs = net(*inputs).numpy()
        net(*inputs)
        packages = ["torch", "transformers" if work.kind == "minilm" else "torchvision"]
        return result(work, timed(args, lambda: net(*inputs)), packages, settings, outputs=outputs)


def torch_mobilenet_train(work, args, best):
    import networks
    import torch

    layout = torch.channels_last if best else torch.contiguous_format
    net = networks.mobilenet(works.CLASSES).train().to(memory_format=layout)
    x, y = (torch.from_numpy(a) for a in works.pictures(work))
    x = x.permute(0, 3, 1, 2).contiguous(memory_format=layout)
    optimiser = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9, **({"fused": True} if best else {}))

    def step():
        optimiser.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimiser.step()
        return loss.detach()

    losses = [step() for _ in range(works.LOSSES)]
    settings = "eager, channels-last, SGD(fused=True)" if best else "eager, NCHW, SGD()"
    return result(work, timed(args, step), ["torch", "torchvision"], settings, losses)


def onnxruntime(work, args):
    """Sessions over exported models, all graph optimisations, inputs handed over without a copy."""
    import numpy as np
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = args.threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    path = args.folder / f"{work.model}.onnx"
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    settings = "all graph optimisations"
    if work.kind == "mlp-rows":
        x, _ = works.rows(work.size)
        outputs = session.run(["y"], {"x": x[: work.batch]})[0]

        def run():
            for first in range(0, work.size, work.batch):
                session.run(["y"], {"x": x[first : first + work.batch]})
    else:
        if work.kind.startswith("minilm"):
            ids, mask = works.tokens(work, 30522)
            feed = {"ids": ids, "mask": mask}
            settings += ", its BERT fusions" + (", dynamic int8" if work.precision == "int8" else "")
        else:
            feed = {"x": np.ascontiguousarray(works.pictures(work)[0].transpose(0, 3, 1, 2))}
        outputs = session.run(["y"], feed)[0]

        def run():
            session.run(["y"], feed)

    run()
    return result(work, timed(args, run), ["onnxruntime"], settings, outputs=outputs)


def keras(work, args):
    """`fit` on arrays, on TensorFlow. Its MobileNetV2 pads otherwise than torchvision's, so only the speed compares."""
    os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3")
    import keras as library
    import numpy as np
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    tf.config.threading.set_inter_op_parallelism_threads(args.threads)
    library.utils.set_random_seed(0)
    loss = library.losses.SparseCategoricalCrossentropy(from_logits=True)
    losses = []
    if work.kind == "mlp-train":
        x, y = works.rows(work.size)
        net = library.Sequential([
            library.layers.Input((784,)), library.layers.Dense(128, activation="relu"), library.layers.Dense(10),
        ])
        dense_weights(net)
        net.compile(optimizer=library.optimizers.Adam(1e-3, epsilon=1e-8), loss=loss)
        for first in range(0, works.LOSSES * work.batch, work.batch):
            losses.append(net.train_on_batch(x[first : first + work.batch], y[first : first + work.batch]))
        optimiser, steps = library.optimizers.Adam(1e-3), 64
    else:
        steps = 8
        batch, labels = works.pictures(work)
        x, y = np.concatenate([batch] * steps), np.concatenate([labels] * steps)
        trunk = library.applications.MobileNetV2(
            input_shape=(work.size, work.size, 3), include_top=False, weights=None, pooling="avg")
        net = library.Sequential([trunk, library.layers.Dense(works.CLASSES)])
        optimiser = library.optimizers.SGD(1e-4, momentum=0.9)
    # XLA (jit_compile=True) takes several times as long for MobileNetV2, and no less for the dense net.
    net.compile(optimizer=optimiser, loss=loss, steps_per_execution=steps, jit_compile=False)

    def run():
        net.fit(x, y, batch_size=work.batch, epochs=1, shuffle=False, verbose=0)

    run()
    seconds = timed(args, run)
    if work.kind != "mlp-train":
        seconds = [s / steps for s in seconds]
    settings = f"fit on arrays without shuffling, steps_per_execution {steps}, no XLA"
    return result(work, seconds, ["keras", "tensorflow_cpu"], settings, losses)


def dense_weights(net):
    """PyTorch's weights of the dense net, by the formula, in Keras' layout."""
    from formula import network_tensor

    shapes = {"0.bias": (128,), "0.weight": (128, 784), "2.bias": (10,), "2.weight": (10, 128)}
    drawn = {name: network_tensor(name, 1000 + i, shape) for i, (name, shape) in enumerate(sorted(shapes.items()))}
    net.set_weights([drawn["0.weight"].T, drawn["0.bias"], drawn["2.weight"].T, drawn["2.bias"]])


PEERS = {"pytorch": pytorch, "pytorch-plain": pytorch_plain, "onnxruntime": onnxruntime, "keras": keras}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=[*PEERS, "prepare"], help="or `prepare`: write weights and models of the works")
    parser.add_argument("work", help="a name; for `prepare` several, with commas")
    parser.add_argument("folder", type=pathlib.Path, help="where weights and models are")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--outputs", type=pathlib.Path, help="writes the first outputs as safetensors")
    args = parser.parse_args()
    table = works.table()
    # Libraries talk on standard output too: it is kept for the JSON object.
    standard, sys.stdout = sys.stdout, sys.stderr
    if args.peer == "prepare":
        import networks

        networks.prepare(args.folder, [table[name] for name in args.work.split(",")])
        return
    found, outputs = PEERS[args.peer](table[args.work], args)
    if args.outputs and outputs is not None:
        from safetensors.numpy import save_file

        save_file({"outputs": outputs.astype("float32")}, args.outputs)
    print(json.dumps({"program": args.peer, "threads": args.threads, **found}), file=standard)


if __name__ == "__main__":
    main()
