#!/usr/bin/env python3
"""Makes an audio-visual digit set: MNIST pictures, partly covered, beside digits spoken by espeak-ng with noise.

    python3 examples/make_av_mnist.py MNIST_FOLDER OUT_FOLDER

MNIST_FOLDER holds the published *-ubyte files (`ronghe pull mnist` prints it). Needs espeak-ng; nothing from PyPI.
4,000 training, 500 validation and 1,000 test rows. Voices, and pictures, of the test rows occur nowhere else.
Both modalities are made hard on purpose: a random half of each picture is covered, and white noise three times as
loud as the voice is laid over each sound.
"""
import csv, pathlib, random, struct, subprocess, sys, wave, zlib

VOICES = {
    "train": ["m1", "m2", "m3", "m5", "f1", "f2", "f3", "klatt", "klatt2"],
    "validation": ["m4", "f5"],
    "test": ["m6", "m7", "f4", "klatt3"],
}
ROWS = {"train": 4000, "validation": 500, "test": 1000}
LANGUAGES = ["en-gb", "en-us"]
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
RATE = 8000
SIZE = 28
# Root mean square of the noise as a multiple of the voice's.
NOISE = 3.0


def idx(folder, name):
    path = next(p for p in sorted(pathlib.Path(folder).rglob("*")) if name in p.name and "ubyte" in p.name)
    raw = path.read_bytes()
    return raw[16:] if "images" in name else raw[8:]


def speak(text, language, variant, speed, pitch, path):
    command = ["espeak-ng", "-v", f"{language}+{variant}", "-s", str(speed), "-p", str(pitch), "-w", str(path), text]
    subprocess.run(command, check=True)
    with wave.open(str(path)) as file:
        rate, frames = file.getframerate(), file.readframes(file.getnframes())
    samples = struct.unpack(f"<{len(frames) // 2}h", frames)
    # Linear interpolation to 8 kHz is enough for a set that is noisy on purpose.
    count = int(len(samples) * RATE / rate)
    at = (i * rate / RATE for i in range(count))
    out = [samples[int(x)] * (1 - x % 1) + samples[min(int(x) + 1, len(samples) - 1)] * (x % 1) for x in at]
    loud = max(1.0, max(abs(v) for v in out))
    return [v / loud for v in out]


def noisy(samples, rng):
    power = (sum(v * v for v in samples) / len(samples)) ** 0.5
    start = rng.randrange(max(1, RATE - len(samples)))
    out = [rng.gauss(0, NOISE * power) for _ in range(RATE)]
    for i, v in enumerate(samples[: RATE - start]):
        out[start + i] += v
    loud = max(abs(v) for v in out)
    return struct.pack(f"<{RATE}h", *(int(v / loud * 30000) for v in out))


def covered(pixels, rng):
    rows = [bytearray(pixels[r * SIZE : (r + 1) * SIZE]) for r in range(SIZE)]
    half = rng.choice(["top", "bottom", "left", "right"])
    for r in range(SIZE):
        for c in range(SIZE):
            hidden = {"top": r < 14, "bottom": r >= 14, "left": c < 14, "right": c >= 14}[half]
            if hidden:
                rows[r][c] = 0
    return b"".join(rows)


def png(pixels):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = b"".join(b"\0" + pixels[r * SIZE : (r + 1) * SIZE] for r in range(SIZE))
    head = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def main():
    source, out = sys.argv[1], pathlib.Path(sys.argv[2])
    rng = random.Random(1)
    (out / "sound").mkdir(parents=True, exist_ok=True)
    (out / "picture").mkdir(exist_ok=True)
    spoken = {}
    for part, voices in VOICES.items():
        for voice in voices:
            for digit, word in enumerate(DIGITS):
                for language in LANGUAGES:
                    for speed, pitch in [(130, 35), (165, 50), (200, 65)]:
                        made = speak(word, language, voice, speed, pitch, out / "voice.wav")
                        spoken.setdefault((part, digit), []).append(made)
    (out / "voice.wav").unlink()
    pixels = {"train": idx(source, "train-images"), "test": idx(source, "t10k-images")}
    labels = {"train": idx(source, "train-labels"), "test": idx(source, "t10k-labels")}
    order = {name: rng.sample(range(len(labels[name])), len(labels[name])) for name in labels}
    taken = {"train": 0, "test": 0}
    with open(out / "av-mnist.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["sound", "picture", "label", "split"])
        for part, rows in ROWS.items():
            name = "test" if part == "test" else "train"
            for i in range(rows):
                at = order[name][taken[name]]
                taken[name] += 1
                digit = labels[name][at]
                sound, picture = f"sound/{part}{i}.wav", f"picture/{part}{i}.png"
                with wave.open(str(out / sound), "wb") as wav:
                    wav.setnchannels(1)
                    wav.setsampwidth(2)
                    wav.setframerate(RATE)
                    wav.writeframes(noisy(rng.choice(spoken[part, digit]), rng))
                one = pixels[name][at * SIZE * SIZE : (at + 1) * SIZE * SIZE]
                (out / picture).write_bytes(png(covered(one, rng)))
                table.writerow([sound, picture, digit, part])


main()
