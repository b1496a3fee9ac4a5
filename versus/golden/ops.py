"""Writes crates/ronghe-cpu/tests/golden/ops.json: operations with inputs and outputs as PyTorch computes them in f32.

python versus/golden/ops.py > crates/ronghe-cpu/tests/golden/ops.json
"""

import json
import sys

import torch
import torch.nn.functional as F

SEED = 7


def tensor(t):
    t = t.detach()
    if t.is_floating_point():
        data = [float(f"{v:.9g}") for v in t.flatten().tolist()]
    else:
        data = [int(v) for v in t.flatten().tolist()]
    return {"shape": list(t.shape), "integer": not t.is_floating_point(), "data": data}


def case(op, params, inputs, outputs):
    return {"op": op, "params": params, "inputs": [tensor(t) for t in inputs], "outputs": [tensor(t) for t in outputs]}


def attention(n, t, s, heads, width, masked):
    d = heads * width
    q, k, v, dy = (torch.randn(n, x, d) for x in (t, s, s, t))
    mask = (torch.rand(n, s) < 0.6).float()
    mask[:, 0] = 1.0
    for x in (q, k, v):
        x.requires_grad_(True)
    split = lambda x: x.view(n, -1, heads, width).transpose(1, 2)
    allowed = (mask > 0)[:, None, None, :] if masked else None
    y = F.scaled_dot_product_attention(split(q), split(k), split(v), attn_mask=allowed)
    y = y.transpose(1, 2).reshape(n, t, d)
    y.backward(dy)
    extra = [mask] if masked else []
    yield case("Attention", {"heads": heads}, [q, k, v] + extra, [y])
    yield case("AttentionGrad", {"heads": heads}, [q, k, v, dy] + extra, [q.grad, k.grad, v.grad])


def activations():
    for name, f in (("gelu", F.gelu), ("silu", F.silu), ("tanh", torch.tanh), ("sigmoid", torch.sigmoid),
                    ("relu6", F.relu6)):
        x = torch.cat([torch.linspace(-9, 9, 73) + 0.01, torch.tensor([-30.0, 30.0, 1e-4])]).requires_grad_(True)
        dy = torch.randn(x.shape)
        y = f(x)
        y.backward(dy)
        yield case("Activate", {"act": name}, [x], [y])
        yield case("ActivateGrad", {"act": name}, [x, dy], [x.grad])


def layer_norm():
    x = (torch.randn(3, 4, 24) * 3 + 1).requires_grad_(True)
    gamma, beta = torch.randn(24, requires_grad=True), torch.randn(24, requires_grad=True)
    dy, eps = torch.randn(3, 4, 24), 1e-5
    y = F.layer_norm(x, (24,), gamma, beta, eps)
    y.backward(dy)
    mean = x.mean(-1)
    inv_std = (x.var(-1, unbiased=False) + eps).rsqrt()
    yield case("LayerNorm", {"eps": eps}, [x, gamma, beta], [y, mean, inv_std])
    yield case("LayerNormGrad", {}, [x, gamma, mean, inv_std, dy], [x.grad, gamma.grad, beta.grad])


def batch_norm():
    # Channels last here, second in PyTorch.
    x = (torch.randn(4, 3, 5, 6) * 2 - 1).requires_grad_(True)
    gamma, beta = torch.randn(6, requires_grad=True), torch.randn(6, requires_grad=True)
    run_mean, run_var = torch.randn(6), torch.rand(6) + 0.5
    new_mean, new_var = run_mean.clone(), run_var.clone()
    dy, eps, momentum = torch.randn(4, 3, 5, 6), 1e-3, 0.1
    y = F.batch_norm(x.permute(0, 3, 1, 2), new_mean, new_var, gamma, beta, True, momentum, eps).permute(0, 2, 3, 1)
    y.backward(dy)
    mean = x.mean((0, 1, 2))
    inv_std = (x.var((0, 1, 2), unbiased=False) + eps).rsqrt()
    yield case("BatchNorm", {"eps": eps, "momentum": momentum}, [x, gamma, beta, run_mean, run_var],
               [y, mean, inv_std, new_mean, new_var])
    yield case("BatchNormGrad", {}, [x, gamma, beta, mean, inv_std, dy], [x.grad, gamma.grad, beta.grad])
    fixed = F.batch_norm(x.permute(0, 3, 1, 2), run_mean, run_var, gamma, beta, False, momentum, eps)
    yield case("BatchNormFixed", {"eps": eps}, [x, gamma, beta, run_mean, run_var], [fixed.permute(0, 2, 3, 1)])


def cross_entropy():
    for smoothing in (0.0, 0.1):
        x = (torch.randn(9, 7) * 4).requires_grad_(True)
        labels = torch.randint(0, 7, (9,), dtype=torch.int32)
        labels[2] = -1
        loss = F.cross_entropy(x, labels.long(), ignore_index=-1, label_smoothing=smoothing)
        loss.backward()
        p = x.softmax(-1)
        weight = torch.ones(9)
        params = {"smoothing": smoothing}
        yield case("SoftmaxCrossEntropy", params, [x, labels, weight], [loss.view(1), p])
        yield case("SoftmaxCrossEntropyGrad", params, [p, labels, weight], [x.grad])
    x = (torch.randn(5, 3) * 4).requires_grad_(True)
    target, weight = (torch.rand(5, 3) < 0.5).float(), torch.rand(5, 3)
    loss = F.binary_cross_entropy_with_logits(x, target, weight, reduction="sum") / weight.sum()
    loss.backward()
    yield case("SigmoidCrossEntropy", {}, [x, target, weight], [loss.view(1), x.sigmoid()])
    yield case("SigmoidCrossEntropyGrad", {}, [x.sigmoid(), target, weight], [x.grad])


def main():
    torch.manual_seed(SEED)
    cases = [*attention(2, 5, 7, 3, 8, True), *attention(2, 4, 4, 2, 5, False), *activations(), *layer_norm(),
             *batch_norm(), *cross_entropy()]
    json.dump({"torch": torch.__version__, "seed": SEED, "cases": cases}, sys.stdout)


main()
