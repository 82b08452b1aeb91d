"""Makes the images of this folder and prints what Pillow reads from them (pip install pillow numpy).

The hashes in ImageFileTests.swift and ResamplingTests.swift are what it prints."""

import hashlib
import pathlib
import struct
import zlib

import numpy
from PIL import Image

here = pathlib.Path(__file__).parent
HEIGHT, WIDTH = 13, 21


def picture(channels):
    y, x, c = numpy.mgrid[:HEIGHT, :WIDTH, :channels]
    waves = 128 + 60 * (numpy.sin(x / 3 + c) + numpy.cos(y / 4 - c)) + (7 * x * x + 5 * y + 3 * c) % 11
    return waves.clip(0, 255).astype(numpy.uint8)


def digest(pixels):
    return hashlib.sha256(pixels.tobytes()).hexdigest()[:16]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(depth, colour, rows, interlaced=0):
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, interlaced)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"gAMA", struct.pack(">I", 100000))
        + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def interlace(pixels):
    rows = b""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    for left, top, right, down in passes:
        for row in pixels[top::down, left::right]:
            rows += b"\0" + numpy.ascontiguousarray(row).tobytes()
    return rows


grey, colour = picture(1)[..., 0], picture(3)
opaque = numpy.full((HEIGHT, WIDTH, 1), 255, numpy.uint8)
Image.fromarray(grey).save(here / "grey.png")
Image.fromarray(colour).save(here / "colour.png")
Image.fromarray(colour).quantize(16).save(here / "palette.png")
Image.fromarray(grey).convert("1").save(here / "black-and-white.png")
Image.fromarray(numpy.concatenate([colour, opaque], 2)).save(here / "opaque.png")
Image.fromarray(numpy.concatenate([colour, grey[..., None]], 2)).save(here / "transparent.png")
deep = (colour.astype(numpy.uint16) << 8) + colour[::-1]
(here / "deep.png").write_bytes(png(16, 2, b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)))
(here / "interlaced.png").write_bytes(png(8, 6, interlace(numpy.concatenate([colour, opaque], 2)), 1))
Image.fromarray(grey).save(here / "grey.jpg", quality=80)
Image.fromarray(colour).save(here / "full.jpg", quality=95, subsampling=0)
Image.fromarray(colour).save(here / "halved.jpg", quality=70, subsampling=2)
Image.fromarray(colour).save(here / "progressive.jpg", quality=70, subsampling=1, progressive=True)
rotated = Image.Exif()
rotated[0x112] = 6
Image.fromarray(colour).save(here / "rotated.jpg", quality=90, exif=rotated)
Image.fromarray(colour).convert("CMYK").save(here / "cmyk.jpg", quality=70)

for path in sorted(here.glob("*.*g")):
    image = Image.open(path)
    pixels = numpy.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB"))
    print(f'("{path.name}", {1 if pixels.ndim == 2 else 3}, "{digest(pixels)}"),')
for height, width in [(7, 5), (26, 42), (13, 64), (1, 1), (40, 21), (12, 20)]:
    for image in (grey, colour):
        small = numpy.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
        print(f'({height}, {width}, {1 if image.ndim == 2 else 3}, "{digest(small)}"),')
