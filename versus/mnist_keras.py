"""Dense MNIST in Keras on TensorFlow: Flatten, 128 ReLU, 10; Adam, batches of 32. Prints one JSON object.

As its tutorial has it, with `fit` on arrays; steps_per_execution lowers the cost of small batches.
"""

import json
import os
import time

from mnist import arguments, load


def main():
    args = arguments(__doc__)
    os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3")
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    tf.config.threading.set_inter_op_parallelism_threads(args.threads)
    keras.utils.set_random_seed(args.seed)
    (x, y), (test_x, test_y) = load(args.folder)
    net = keras.Sequential([
        keras.layers.Input((28, 28)), keras.layers.Flatten(),
        keras.layers.Dense(128, activation="relu"), keras.layers.Dense(10),
    ])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile(optimizer="adam", loss=loss, metrics=["accuracy"], steps_per_execution=64)
    seconds, accuracy = [], []
    for _ in range(args.epochs):
        start = time.perf_counter()
        net.fit(x, y, batch_size=args.batch, epochs=1, verbose=0)
        seconds.append(round(time.perf_counter() - start, 4))
        accuracy.append(float(net.evaluate(test_x, test_y, batch_size=1000, verbose=0)[1]))
    print(json.dumps({
        "program": "keras", "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
        "threads": args.threads, "batch": args.batch, "seed": args.seed, "settings": "fit, steps_per_execution 64",
        "seconds_per_epoch": seconds, "test_accuracy": accuracy,
    }))


main()
