"""MobileNetV2 (torchvision, 10 classes, dropout 0) with formula weights: logits, and five training steps.

Weights: sorted by name, seeds 1000, 1001, ... in PyTorch's layout [out, in, h, w].
Pictures are [batch, height, width, 3]: centred(seed, 2). Logits: seed 50, 2 pictures of 64 x 64, running statistics.
Training from the same weights, batch statistics, five steps on one batch: 16 pictures of 64 x 64 seed 300, labels(400).
Smaller batches or larger steps make the losses chaotic (the gradient's norm is 64 here and 600 at 8 of 32 x 32): there
f32 leaves f64 in the second step. How far the f32 losses lie from the f64 ones is the tolerance to expect.
"""

import torch
import torchvision
from formula import centred, fill, labels, numbers, write

FIRST_SEED = 1000


def network(dtype):
    net = torchvision.models.mobilenet_v2(num_classes=10, dropout=0.0)
    names = fill(net, FIRST_SEED)
    return net.to(dtype), names


def pictures(seed, batch, size, dtype):
    return torch.from_numpy(centred(seed, 2.0, batch, size, size, 3)).permute(0, 3, 1, 2).to(dtype)


def logits(dtype):
    net, _ = network(dtype)
    with torch.no_grad():
        return net.eval()(pictures(50, 2, 64, dtype))


def train(dtype, make):
    net, _ = network(dtype)
    net.train()
    optimiser = make(net.parameters())
    losses, gradients = [], {}
    for step in range(5):
        optimiser.zero_grad()
        out = net(pictures(300, 16, 64, dtype))
        loss = torch.nn.functional.cross_entropy(out, torch.from_numpy(labels(400, 10, 16)))
        loss.backward()
        if step == 0:
            gradients = {name: float(p.grad.norm()) for name, p in net.named_parameters()}
        optimiser.step()
        losses.append(float(loss.detach()))
    state = net.state_dict()
    shown = {}
    for name in ("features.0.1.running_mean", "features.0.1.running_var", "features.17.conv.3.running_mean"):
        shown[name] = numbers(state[name][:32])
    return losses, gradients, shown


def sgd(dtype):
    losses, gradients, statistics = train(dtype, lambda p: torch.optim.SGD(p, lr=1e-4))
    return {"losses": losses, "first_gradient_norms": gradients, "final_statistics": statistics}


def adam(dtype):
    losses, _, statistics = train(dtype, lambda p: torch.optim.Adam(p, lr=1e-4))
    return {"losses": losses, "final_statistics": statistics}


torch.manual_seed(0)
names = network(torch.float32)[1]
write(
    "mobilenet_v2",
    ["torch", "torchvision", "numpy"],
    {
        "setting": {"first_seed": FIRST_SEED, "batch": 16, "sgd": {"lr": 1e-4}, "adam": {"lr": 1e-4, "eps": 1e-8}},
        "names": names,
        "logits_f64": [numbers(row) for row in logits(torch.float64)],
        "logits_f32": [numbers(row) for row in logits(torch.float32)],
        "sgd_f64": sgd(torch.float64),
        "sgd_f32": sgd(torch.float32),
        "adam_f64": adam(torch.float64),
        "adam_f32": adam(torch.float32),
    },
)
