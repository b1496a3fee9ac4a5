"""Golden values for the log-mel spectrogram. Writes crates/ronghe/tests/golden/mel.json.

Run with librosa 0.11.0: python versus/golden/mel.py
"""

import json
import pathlib

import librosa
import numpy as np


def chirp(count, rate):
    """The same formula as in the test that reads the values."""
    t = np.arange(count, dtype=np.float64) / rate
    return (0.6 * np.sin(2 * np.pi * (200.0 + 1500.0 * t) * t)).astype(np.float32)


def pulses(count, rate):
    """A pulse every 97 samples on a quiet tone."""
    t = np.arange(count, dtype=np.float64)
    wave = 0.05 * np.sin(2 * np.pi * 1234.5 * t / rate)
    wave[::97] += 0.8
    return wave.astype(np.float32)


CASES = [
    ("chirp", chirp, 16000, 1600, dict(n_fft=512, win_length=400, hop_length=160, n_mels=64, fmin=0.0, fmax=8000.0)),
    ("pulses", pulses, 8000, 700, dict(n_fft=256, win_length=200, hop_length=80, n_mels=20, fmin=60.0, fmax=3800.0)),
]


def cases():
    for name, signal, rate, count, options in CASES:
        mel = librosa.feature.melspectrogram(
            y=signal(count, rate), sr=rate, center=True, pad_mode="constant", power=2.0, **options
        )
        log = np.log(np.maximum(mel.astype(np.float64), 1e-10)).T
        yield {
            "signal": name,
            "rate": rate,
            "samples": count,
            "bins": options["n_mels"],
            "f_min": options["fmin"],
            "f_max": options["fmax"],
            "frames": log.shape[0],
            "values": [float("%.6g" % v) for v in log.ravel()],
        }


out = pathlib.Path(__file__).parents[2] / "crates/ronghe/tests/golden/mel.json"
out.parent.mkdir(parents=True, exist_ok=True)
lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases())
out.write_text(
    '{"generator":"versus/golden/mel.py","librosa":"%s","cases":[\n%s\n]}\n' % (librosa.__version__, lines)
)
