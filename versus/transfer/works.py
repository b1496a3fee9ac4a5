"""The works: what Ronghe runs and what its peers run beside it."""

from dataclasses import dataclass

RATE = ["--rate", "0.0003"]  # where pretrained weights are trained on; as in mobilenet-full.yaml


@dataclass(frozen=True)
class Work:
    name: str
    about: str
    config: str  # Ronghe's, beside this file
    data: str  # cifar (pixels) or jpeg (files)
    epochs: int
    peers: dict  # name: script and its arguments


def table():
    frozen = "5 epochs of a head on a frozen trunk, 96 px, batch 32, Adam"
    works = [
        Work("mobilenet-frozen", f"MobileNetV2, {frozen}", "mobilenet-frozen.yaml", "cifar", 5, {
            "keras": ["keras_cifar.py", "frozen"],
            "keras-features": ["keras_cifar.py", "features"],
            "pytorch": ["torch_cifar.py", "frozen"],
            "pytorch-features": ["torch_cifar.py", "features"],
        }),
        Work("efficientnet-frozen", f"EfficientNet-Lite0, {frozen}", "efficientnet-frozen.yaml", "cifar", 5, {
            "pytorch": ["torch_cifar.py", "frozen", "--network", "efficientnet_lite0"],
            "pytorch-features": ["torch_cifar.py", "features", "--network", "efficientnet_lite0"],
        }),
        Work("mobilenet-full", "MobileNetV2, all weights trained, 96 px, batch 32, Adam, from JPEG files of 128 px, with crop and "
             "mirror", "mobilenet-full.yaml", "jpeg", 3, {
                 "keras": ["keras_cifar.py", "full", *RATE],
                 "keras-batch": ["keras_cifar.py", "full", "--statistics", "batch", *RATE],
                 "pytorch": ["torch_cifar.py", "full", *RATE],
                 "pytorch-batch": ["torch_cifar.py", "full", "--statistics", "batch", *RATE],
             }),
        Work("mobilenet-as-written", "MobileNetV2 as in the tutorials, all weights trained, 32 px, batch 32, Adam, 5 epochs",
             "mobilenet-as-written.yaml", "cifar", 5, {"keras": ["keras_cifar.py", "as-written"]}),
    ]
    return {work.name: work for work in works}
