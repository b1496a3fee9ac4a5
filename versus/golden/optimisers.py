"""Writes crates/ronghe-cpu/tests/golden/optimisers.json: weights after each step of PyTorch's optimisers.

python versus/golden/optimisers.py > crates/ronghe-cpu/tests/golden/optimisers.json
"""

import json
import sys

import torch

SEED = 7
STEPS = 8
SHAPES = {"layer.bias": [4], "layer.weight": [3, 4]}


def numbers(tensor):
    return [float(f"{v:.9g}") for v in tensor.detach().flatten().tolist()]


def run(name, make, config, clip=None, decay_vectors=True):
    torch.manual_seed(SEED)
    params = {n: torch.nn.Parameter(torch.randn(s)) for n, s in SHAPES.items()}
    case = {"name": name, "config": config, "clip": clip, "decay_vectors": decay_vectors,
            "start": {n: {"shape": list(p.shape), "data": numbers(p)} for n, p in params.items()}, "steps": []}
    if decay_vectors:
        groups = list(params.values())
    else:
        groups = [{"params": [p for p in params.values() if p.dim() > 1]},
                  {"params": [p for p in params.values() if p.dim() <= 1], "weight_decay": 0.0}]
    optimizer = make(groups)
    for step in range(STEPS):
        rate = 0.05 / (1 + step)
        for group in optimizer.param_groups:
            group["lr"] = rate
        grads = {}
        for n, p in params.items():
            # One gradient is far larger than the others, and one step has none.
            p.grad = torch.randn(p.shape) * (50.0 if step == 3 else 1.0) * (0.0 if step == 5 else 1.0)
            grads[n] = numbers(p.grad)
        norm = torch.nn.utils.clip_grad_norm_(params.values(), clip if clip else float("inf"))
        optimizer.step()
        case["steps"].append({"rate": rate, "grads": grads, "norm": float(norm),
                              "weights": {n: numbers(p) for n, p in params.items()}})
    return case


def main():
    betas = [0.9, 0.999]
    cases = [
        run("adam", lambda g: torch.optim.Adam(g, lr=1.0, foreach=False),
            {"adam": {"betas": betas, "eps": 1e-8}}),
        run("adam eps 1e-3 betas", lambda g: torch.optim.Adam(g, lr=1.0, eps=1e-3, betas=(0.8, 0.95), foreach=False),
            {"adam": {"betas": [0.8, 0.95], "eps": 1e-3}}),
        run("adamw", lambda g: torch.optim.AdamW(g, lr=1.0, weight_decay=0.1, foreach=False),
            {"adamw": {"betas": betas, "eps": 1e-8, "weight_decay": 0.1}}),
        run("adamw clipped, vectors spared", lambda g: torch.optim.AdamW(g, lr=1.0, weight_decay=0.1, foreach=False),
            {"adamw": {"betas": betas, "eps": 1e-8, "weight_decay": 0.1}}, clip=1.5, decay_vectors=False),
        run("sgd", lambda g: torch.optim.SGD(g, lr=1.0, foreach=False),
            {"sgd": {"momentum": 0.0, "nesterov": False}}),
        run("sgd momentum", lambda g: torch.optim.SGD(g, lr=1.0, momentum=0.9, foreach=False),
            {"sgd": {"momentum": 0.9, "nesterov": False}}),
        run("sgd nesterov clipped", lambda g: torch.optim.SGD(g, lr=1.0, momentum=0.9, nesterov=True, foreach=False),
            {"sgd": {"momentum": 0.9, "nesterov": True}}, clip=2.0),
    ]
    json.dump({"torch": torch.__version__, "seed": SEED, "cases": cases}, sys.stdout)


main()
