"""Writes crates/ronghe-data/tests/golden/cmyk.jpg and ycck.jpg: a red, a green, a blue and a grey square in the two ways
of keeping four inks in a JPEG. Pillow reads both as those colours, give or take the compression.
"""

import PIL
from formula import ROOT
from PIL import Image

COLOURS = [(200, 40, 40), (40, 180, 60), (50, 60, 210), (128, 128, 128)]
SIDE = 8


def squares(pixel):
    """A row of squares; `pixel` makes the four values that the file shall store from a colour."""
    picture = Image.new("CMYK", (SIDE * len(COLOURS), SIDE))
    for i, colour in enumerate(COLOURS):
        # Pillow inverts on the way into the file.
        picture.paste(tuple(255 - v for v in pixel(colour)), (i * SIDE, 0, (i + 1) * SIDE, SIDE))
    return picture


def ycc(colour):
    inverted = Image.new("RGB", (1, 1), tuple(255 - v for v in colour))
    return (*inverted.convert("YCbCr").getpixel((0, 0)), 255)


folder = ROOT / "crates" / "ronghe-data" / "tests" / "golden"
folder.mkdir(parents=True, exist_ok=True)
for name, pixel in (("cmyk", lambda colour: (*colour, 255)), ("ycck", ycc)):
    path = folder / f"{name}.jpg"
    squares(pixel).save(path, quality=95, subsampling=0)
    data = bytearray(path.read_bytes())
    mark = data.index(b"Adobe")
    # The last byte of Adobe's segment: 0 the inks as they are, 2 three of them as luma and chroma.
    data[mark + 11] = 2 if name == "ycck" else 0
    path.write_bytes(data)
    read = Image.open(path).convert("RGB")
    for i, colour in enumerate(COLOURS):
        found = read.getpixel((i * SIDE + SIDE // 2, SIDE // 2))
        assert all(abs(a - b) <= 3 for a, b in zip(found, colour)), (name, colour, found)
    print(f"{name}.jpg: {len(data)} bytes, Pillow {PIL.__version__}")
