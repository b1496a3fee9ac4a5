"""Golden values for resampling of pictures. Writes crates/ronghe-data/tests/golden/resize.json.

Run with Pillow 13.0.0: python versus/golden/resize.py
"""

import json
import pathlib

import PIL
from PIL import Image, ImageOps


def picture(height, width, channels):
    """The same formula as in the test that reads the values."""
    count = height * width * channels
    data = bytes((i * i * 31 + i * 17 + (i // 7) * 91) % 256 for i in range(count))
    return Image.frombytes("L" if channels == 1 else "RGB", (width, height), data)


FILTERS = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
SHAPES = [(13, 9, 1, 5, 4), (6, 7, 3, 11, 15), (20, 12, 3, 6, 6), (8, 16, 1, 9, 9), (1, 5, 1, 3, 2)]


def cases():
    for height, width, channels, to_height, to_width in SHAPES:
        source = picture(height, width, channels)
        for name, code in FILTERS.items():
            for fit in ("stretch", "cover", "contain"):
                size = (to_width, to_height)
                if fit == "stretch":
                    made = source.resize(size, code)
                elif fit == "cover":
                    made = ImageOps.fit(source, size, code)
                else:
                    made = ImageOps.pad(source, size, code)
                yield {
                    "from": [height, width, channels],
                    "to": [to_height, to_width],
                    "fit": fit,
                    "filter": name,
                    "pixels": list(made.tobytes()),
                }


out = pathlib.Path(__file__).parents[2] / "crates/ronghe-data/tests/golden/resize.json"
lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases())
out.write_text('{"generator":"versus/golden/resize.py","pillow":"%s","cases":[\n%s\n]}\n' % (PIL.__version__, lines))
