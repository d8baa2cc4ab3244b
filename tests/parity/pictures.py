"""Random pictures, and the same picture as Pillow and as the engine have it."""

import io

import numpy as np
from PIL import Image
from relata._relata.io import Picture

MODES = ["L", "LA", "RGB", "RGBA", "CMYK", "I;16", "P", "1"]
FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4, "I;16": 2, "P": 1, "1": 1}


def random_array(g, mode, width, height):
    """uint8 [height, width, channels]: noise, or smooth colours with sharp edges and saturated places."""
    shape = (height, width, CHANNELS[mode])
    if g.integers(2):
        return g.integers(0, 256, shape, dtype=np.uint8)
    y, x, c = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    waves = 150 * np.sin(x / g.uniform(1, 30) + c) * np.cos(y / g.uniform(1, 30)) + 128
    edges = 255 * ((x // int(g.integers(1, 20)) + y // int(g.integers(1, 20))) % 2)
    return np.clip(waves + (edges if g.integers(2) else 0) * g.uniform(0, 1), 0, 255).astype(np.uint8)


def random_picture(g, mode, width, height):
    array = random_array(g, mode, width, height)
    if mode == "1":
        return Image.fromarray((array[..., 0] > 127).astype(np.uint8) * 255).convert("1", dither=0)
    if mode == "I;16":
        return Image.frombytes("I;16", (width, height), array.tobytes())
    image = Image.frombytes(mode, (width, height), array.tobytes())
    if mode == "P":
        image.putpalette(g.integers(0, 256, 3 * int(g.integers(1, 257)), dtype=np.uint8).tobytes())
    return image


def pixels_of(image):
    """Pillow's picture as the engine lays it out."""
    return image.convert("L").tobytes() if image.mode == "1" else image.tobytes()


def ours(image):
    """Pillow's picture as the engine's."""
    palette = image.palette.tobytes() if image.mode == "P" else b""
    return Picture(image.mode, *image.size, pixels_of(image), palette)


def assert_same(picture, image, about=""):
    assert (picture.mode, picture.width, picture.height) == (image.mode, *image.size), about
    if picture.pixels != pixels_of(image):
        a = np.frombuffer(picture.pixels, np.uint8).astype(int)
        b = np.frombuffer(pixels_of(image), np.uint8).astype(int)
        raise AssertionError(f"{about}: {np.mean(a != b):.3%} of bytes differ, by up to {abs(a - b).max()}")


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def opened(file):
    image = Image.open(io.BytesIO(file))
    image.load()
    return image
