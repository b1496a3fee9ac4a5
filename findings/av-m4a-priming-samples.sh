#!/usr/bin/env bash
# PyAV gives the encoder's priming samples of an M4A file, though not those of an MP3.
# Expected: 44,100 samples in and out for both, or padding in both.
# Seen on 2026-11-30: MP3 comes back aligned and of equal length; M4A is 1,024 samples late and longer, with a start time of 0.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check av==18.1.0 soundfile==0.14.0 numpy==2.4.6
cat >seen.py <<'EOF'
import sys
import av
import numpy as np
import soundfile as sf

noise = np.random.default_rng(0).normal(size=44100 + 64)
sound = (np.convolve(noise, np.hanning(65) / 33, "valid")[:44100] * 0.1).astype(np.float32)
sf.write("a.mp3", sound, 44100)
with av.open("a.m4a", "w") as file:
    stream = file.add_stream("aac", rate=44100)
    stream.layout = "mono"
    frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
    frame.sample_rate = 44100
    for packet in [*stream.encode(frame), *stream.encode(None)]:
        file.mux(packet)
seen = {}
for name in ("a.mp3", "a.m4a"):
    with av.open(name) as file:
        back = np.concatenate([part.to_ndarray()[0] for part in file.decode(audio=0)])
    late = max(range(3000), key=lambda k: float(np.dot(back[k : k + 20000], sound[:20000])))
    seen[name] = (late, len(back))
print("av", av.__version__, "soundfile", sf.__version__)
print("first seen: 2026-11-30")
print("expected: 0 samples late, 44100 long")
print("seen (late, long):", seen)
if seen["a.mp3"] != (0, 44100) or seen["a.m4a"][0] != 1024 or seen["a.m4a"][1] <= 44100 + 1024:
    sys.exit("the behaviour has changed")
EOF
venv/bin/python -W ignore seen.py
