"""Dense MNIST in PyTorch: Flatten, 128 ReLU, 10; Adam, batches of 32. Prints one JSON object.

Best sensible settings: the data is one tensor and batches are slices of it (no DataLoader), fused Adam.
"""

import json
import time

from mnist import arguments, load


def main():
    args = arguments(__doc__)
    import torch

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    (x, y), (test_x, test_y) = [(torch.from_numpy(a).flatten(1), torch.from_numpy(b)) for a, b in load(args.folder)]
    net = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
    optimiser = torch.optim.Adam(net.parameters(), fused=True)
    seconds, accuracy = [], []
    for _ in range(args.epochs):
        start = time.perf_counter()
        order = torch.randperm(len(x))
        for first in range(0, len(x), args.batch):
            rows = order[first : first + args.batch]
            optimiser.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
            optimiser.step()
        seconds.append(round(time.perf_counter() - start, 4))
        with torch.inference_mode():
            accuracy.append(float((net(test_x).argmax(1) == test_y).float().mean()))
    print(json.dumps({
        "program": "pytorch", "versions": {"torch": torch.__version__}, "threads": torch.get_num_threads(),
        "batch": args.batch, "seed": args.seed, "settings": "slices of one tensor, fused Adam",
        "seconds_per_epoch": seconds, "test_accuracy": accuracy,
    }))


main()
