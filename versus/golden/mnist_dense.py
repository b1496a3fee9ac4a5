"""Dense network 784-128-ReLU-10: five Adam steps. f64 is the truth, f32 shows how far rounding alone takes a peer.

Weights: w1[128, 784] seed 1, b1[128] seed 2, w2[10, 128] seed 3, b2[10] seed 4.
Step k = 0..4: pictures unit(100 + k)[32, 784], labels(200 + k) of 10 classes.
"""

import torch
from formula import centred, labels, numbers, unit, weight_scale, write


def run(dtype):
    def tensor(array):
        return torch.from_numpy(array).to(dtype)

    net = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10)).to(dtype)
    with torch.no_grad():
        net[0].weight.copy_(tensor(centred(1, weight_scale((128, 784)), 128, 784)))
        net[0].bias.copy_(tensor(centred(2, 0.1, 128)))
        net[2].weight.copy_(tensor(centred(3, weight_scale((10, 128)), 10, 128)))
        net[2].bias.copy_(tensor(centred(4, 0.1, 10)))
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    losses, gradients = [], {}
    logits = net(tensor(unit(100, 32, 784)))[0]
    for step in range(5):
        optimiser.zero_grad()
        out = net(tensor(unit(100 + step, 32, 784)))
        loss = torch.nn.functional.cross_entropy(out, torch.from_numpy(labels(200 + step, 10, 32)))
        loss.backward()
        if step == 0:
            names = ("w1", "b1", "w2", "b2")
            gradients = {name: float(p.grad.norm()) for name, p in zip(names, net.parameters())}
        optimiser.step()
        losses.append(float(loss.detach()))
    return {
        "first_logits": numbers(logits.detach()),
        "losses": losses,
        "first_gradient_norms": gradients,
        "final_w1_row0": numbers(net[0].weight.detach()[0, :8]),
        "final_b1": numbers(net[0].bias.detach()[:8]),
        "final_w2_row0": numbers(net[2].weight.detach()[0, :8]),
        "final_b2": numbers(net[2].bias.detach()),
    }


torch.manual_seed(0)
write(
    "mnist_dense",
    ["torch", "numpy"],
    {
        "setting": {"batch": 32, "adam": {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}},
        "f64": run(torch.float64),
        "f32": run(torch.float32),
    },
)
