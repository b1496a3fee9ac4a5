"""Writes crates/ronghe-graph/tests/golden/tiny.keras and tiny.h5: one small model in both file formats of Keras.

It has a model inside a model, a norm without scale, a convolution without bias and an optimiser's state, and values
by the formula of README.md beside this file: sorted by path, seeds 1, 2, ...
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from formula import ROOT, centred
from keras import layers

inside = keras.Input((8, 8, 3))
x = layers.Conv2D(4, 3, strides=2, padding="same", name="stem")(inside)
x = layers.DepthwiseConv2D(3, padding="same", name="mix")(x)
x = layers.BatchNormalization(name="mix_norm")(x)
x = layers.ReLU()(x)
x = layers.Conv2D(5, 1, use_bias=False, name="point")(x)
trunk = keras.Model(inside, x, name="trunk")

outside = keras.Input((8, 8, 3))
x = layers.BatchNormalization(scale=False, name="plain_norm")(trunk(outside))
x = layers.GlobalAveragePooling2D()(x)
model = keras.Model(outside, layers.Dense(2, name="head")(x))
model.compile("adam", "mse")
model.fit(np.zeros((2, 8, 8, 3)), np.zeros((2, 2)), verbose=0)
for seed, variable in enumerate(sorted(model.variables, key=lambda v: v.path), start=1):
    if variable.dtype == "float32":
        variable.assign(centred(seed, 2.0, *variable.shape))

folder = ROOT / "crates" / "ronghe-graph" / "tests" / "golden"
folder.mkdir(parents=True, exist_ok=True)
for name in ("tiny.keras", "tiny.h5"):
    model.save(folder / name)
    print(f"{name}: {(folder / name).stat().st_size} bytes, Keras {keras.__version__}")
