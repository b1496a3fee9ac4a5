"""Writes crates/ronghe-graph/tests/golden/tiny.pth and tiny_legacy.pth: one dictionary in both containers of torch.save.

It has a view of another tensor's memory, a transposed one, half floats, integers, a scalar and what is no tensor; values
count up from 0.
"""

from collections import OrderedDict

import torch
from formula import ROOT

numbers = torch.arange(12, dtype=torch.float32)
state = OrderedDict(
    weight=numbers.view(3, 4),
    turned=numbers.view(3, 4).t(),
    part=numbers[4:6],
    half=torch.arange(3, dtype=torch.float16),
    counter=torch.tensor(7),
    scale=torch.nn.Parameter(torch.tensor(0.5)),
)
folder = ROOT / "crates" / "ronghe-graph" / "tests" / "golden"
for name, zipped in (("tiny.pth", True), ("tiny_legacy.pth", False)):
    torch.save({"state_dict": state, "epoch": 3}, folder / name, _use_new_zipfile_serialization=zipped)
    print(f"{name}: {(folder / name).stat().st_size} bytes, PyTorch {torch.__version__}")
