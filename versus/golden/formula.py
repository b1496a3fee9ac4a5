"""Numbers that Python and Rust both make from a seed, so that golden files carry results and not inputs.

    state = seed
    for each element, in row-major order:
        state = state * 6364136223846793005 + 1442695040888963407   (mod 2^64)
        u     = (state >> 40) / 2^24                                 (exact in f32, 0 <= u < 1)
        value = (u - 0.5) * scale                                    (f32)

See README.md beside this file for the same in Rust and for which seed fills which tensor.
"""

import importlib.metadata
import json
import math
import os
import pathlib
import platform

import numpy as np

A = np.uint64(6364136223846793005)
C = np.uint64(1442695040888963407)

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "crates" / "ronghe" / "tests" / "golden"
WEIGHTS = pathlib.Path(
    os.environ.get("RONGHE_VERSUS_WEIGHTS", pathlib.Path.home() / ".cache" / "ronghe" / "versus-weights")
)


def draws(seed, count):
    """The first `count` values of `state >> 40`, by powers of A instead of a loop."""
    with np.errstate(over="ignore"):
        powers = np.cumprod(np.full(count, A, dtype=np.uint64))
        sums = np.cumsum(np.concatenate([np.ones(1, dtype=np.uint64), powers[:-1]]))
        states = powers * np.uint64(seed) + sums * C
    return states >> np.uint64(40)


def unit(seed, *shape):
    """f32 in [0, 1)."""
    return (draws(seed, math.prod(shape)).astype(np.float32) / np.float32(2**24)).reshape(shape)


def centred(seed, scale, *shape):
    """f32 in [-scale / 2, scale / 2)."""
    return (unit(seed, *shape) - np.float32(0.5)) * np.float32(scale)


def labels(seed, classes, count):
    """Class numbers: `(state >> 40) mod classes`."""
    return (draws(seed, count) % np.uint64(classes)).astype(np.int64)


def weight_scale(shape):
    """Scale of a weight `[out, ...]`: variance 2 / fan_in. Computed in f64, then rounded to f32."""
    return np.float32(math.sqrt(24.0 / math.prod(shape[1:])))


def network_tensor(name, seed, shape):
    """A tensor of a network by the end of its name; the batch-norm scale and variance lie around 1."""
    if len(shape) > 1:
        return centred(seed, weight_scale(shape), *shape)
    if name.endswith("running_var"):
        return np.float32(1) + centred(seed, 0.4, *shape)
    if name.endswith("weight"):
        return np.float32(1) + centred(seed, 0.2, *shape)
    return centred(seed, 0.2, *shape)


def fill(module, first_seed):
    """Fills a torch module: the float tensors of its state, sorted by name, take seeds first_seed, first_seed + 1, ..."""
    import torch

    state = {name: tensor for name, tensor in module.state_dict().items() if tensor.is_floating_point()}
    with torch.no_grad():
        for offset, name in enumerate(sorted(state)):
            tensor = state[name]
            tensor.copy_(torch.from_numpy(network_tensor(name, first_seed + offset, tuple(tensor.shape))))
    return sorted(state)


def numbers(array):
    """Floats that read back as the same f32."""
    return [float(f"{float(value):.9g}") for value in np.asarray(array).ravel()]


def write(name, packages, body, generator=None):
    """Writes crates/ronghe/tests/golden/NAME.json, one key a line, under a header that says where it comes from."""
    header = {
        "generator": f"versus/golden/{generator or name}.py",
        "python": platform.python_version(),
        "versions": {package: importlib.metadata.version(package) for package in packages},
    }
    GOLDEN.mkdir(parents=True, exist_ok=True)
    lines = [f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in
             {"header": header, **body}.items()]
    path = GOLDEN / f"{name}.json"
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")
