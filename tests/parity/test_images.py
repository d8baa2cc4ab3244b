"""Pictures beside Pillow 12.3.0, byte for byte: decoding, conversions, orientation, resizing."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL
import pytest
import relata
import torch
from PIL import Image, ImageFile, ImageOps
from pictures import FILTERS, MODES, assert_same, opened, ours, pixels_of, random_picture, saved
from relata._relata.io import decode

DATA = Path(os.environ.get("RELATA_DATA", "/nowhere"))
FULL = pytest.param(1000, marks=pytest.mark.full)


def test_pillow_is_the_version_that_is_matched():
    assert PIL.__version__ == "12.3.0"


def random_side(g):
    return int(g.choice([1, 2, 3, 5, 8, 13, 31, 32, 33, 64, 100, 127, 200, 301, g.integers(1, 400)]))


@pytest.mark.parametrize("count", [200, FULL])
def test_resize(count):
    g = np.random.default_rng(count)
    for i in range(count):
        mode, name = MODES[i % len(MODES)], list(FILTERS)[int(g.integers(6))]
        image = random_picture(g, mode, random_side(g), random_side(g))
        size = (random_side(g), random_side(g))
        if i % 7 == 0:
            size = (image.width, size[1]) if i % 2 else (size[0], image.height)
        result = ours(image).resize(*size, name)
        assert_same(result, image.resize(size, FILTERS[name]), (i, mode, image.size, size, name))


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("mode", MODES)
def test_resize_at_the_edges(mode, name):
    g = np.random.default_rng(5)
    for size in [(1, 1), (1, 9), (9, 1), (3, 4), (2000, 3)]:
        image = random_picture(g, mode, *size)
        for target in [(1, 1), (1, 7), (7, 1), size, (11, 5), (1, 300)]:
            assert_same(ours(image).resize(*target, name), image.resize(target, FILTERS[name]), (size, target))


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16"])
def test_resize_of_tall_pictures_goes_down_first(mode, name):
    """Pillow's exception to horizontal first: more than 100 times as tall as wide."""
    g = np.random.default_rng(6)
    for size in [(3, 300), (3, 301), (1, 1000), (7, 701)]:
        image = random_picture(g, mode, *size)
        for target in [(9, 20), (2, 299), (20, 700), (5, 1400)]:
            assert_same(ours(image).resize(*target, name), image.resize(target, FILTERS[name]), (size, target))


def test_resize_in_the_order_of_pillow_13():
    """Emulated by two resizes of one axis each."""
    g = np.random.default_rng(7)
    seen = set()
    for _ in range(60):
        w, h, to_w, to_h = (int(n) for n in g.integers(1, 200, 4))
        image = random_picture(g, "RGB", w, h)
        first = h - to_h > 0 and h - to_h > 2 * (w - to_w)
        seen.add(first)
        middle = (w, to_h) if first else (to_w, h)
        expected = image.resize(middle, FILTERS["bicubic"]).resize((to_w, to_h), FILTERS["bicubic"])
        if h > 100 * w:
            continue
        assert_same(ours(image).resize(to_w, to_h, "bicubic", "pillow13"), expected, (w, h, to_w, to_h))
    assert seen == {True, False}


@pytest.mark.parametrize("mode", MODES)
def test_conversions(mode):
    g = np.random.default_rng(8)
    for _ in range(10):
        image = random_picture(g, mode, int(g.integers(1, 90)), int(g.integers(1, 90)))
        assert_same(ours(image).to_rgb(), image.convert("RGB"), mode)
        assert_same(ours(image).to_luma(), image.convert("L"), mode)


def random_jpeg(g):
    mode = str(g.choice(["RGB", "RGB", "RGB", "L", "CMYK"]))
    image = random_picture(g, mode, int(g.integers(1, 150)), int(g.integers(1, 150)))
    options = {
        "quality": int(g.integers(1, 101)),
        "progressive": bool(g.integers(2)),
        "optimize": bool(g.integers(2)),
    }
    if mode == "RGB":
        options["subsampling"] = int(g.integers(3))
    if g.integers(2):
        options["restart_marker_blocks"] = int(g.integers(1, 20))
    return saved(image, "JPEG", **options)


@pytest.mark.parametrize("count", [200, FULL])
def test_jpeg(count):
    g = np.random.default_rng(count + 1)
    for i in range(count):
        file = random_jpeg(g)
        assert_same(decode(file), opened(file), i)


def test_jpeg_subsampled_in_every_way():
    """1×2 and 4×1, too: made by writing other factors into the frame header of a file of one colour plane each."""
    g = np.random.default_rng(10)
    for sampling in ["4:4:4", "4:2:2", "4:2:0", "4:1:1", "4:4:0"]:
        for size in [(1, 1), (17, 33), (64, 48), (101, 7)]:
            try:
                file = saved(random_picture(g, "RGB", *size), "JPEG", subsampling=sampling, quality=90)
            except (TypeError, ValueError):
                continue
            assert_same(decode(file), opened(file), (sampling, size))


def test_jpeg_of_adobe_kinds():
    """RGB without a transform, and inverted inks."""
    g = np.random.default_rng(11)
    rgb = saved(random_picture(g, "RGB", 40, 30), "JPEG", keep_rgb=True)
    assert_same(decode(rgb), opened(rgb))
    cmyk = saved(random_picture(g, "CMYK", 40, 30), "JPEG")
    assert opened(cmyk).mode == "CMYK"
    assert_same(decode(cmyk).to_rgb(), opened(cmyk).convert("RGB"))
    at = cmyk.find(b"Adobe")
    ycck = cmyk[: at + 11] + b"\x02" + cmyk[at + 12 :]
    assert opened(ycck).mode == "CMYK"
    assert_same(decode(ycck), opened(ycck))


def pillow_tolerates(file, monkeypatch):
    """What Pillow makes of a broken file if it is told to tolerate it; None if it refuses all the same."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    try:
        return opened(file)
    except (OSError, SyntaxError):
        return None
    finally:
        monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", False)


def test_truncated_jpeg(monkeypatch):
    """Equal but for progressive files: their missing detail is smoothed over, by libjpeg-turbo 3 in another way."""
    g = np.random.default_rng(12)
    equal = close = 0
    for i in range(80):
        file = random_jpeg(g)
        body = file.find(b"\xff\xda")
        cut = file[: int(g.integers(body + 14, len(file) - 2))]
        with pytest.raises(relata.Error, match="name.jpg: is a (truncated|damaged) JPEG"):
            decode(cut, "name.jpg")
        image = pillow_tolerates(cut, monkeypatch)
        try:
            picture = decode(cut, allow_truncated=True)
        except relata.Error:  # cut within a table, before any row: of that Pillow makes nothing or a blank picture
            assert image is None or len(set(image.tobytes())) == 1
            continue
        if "progressive" not in image.info:
            assert_same(picture, image, i)
            equal += 1
        else:
            gap = np.frombuffer(picture.pixels, np.uint8).astype(int) - np.frombuffer(image.tobytes(), np.uint8)
            assert abs(gap).mean() < 1 and abs(gap).max() < 64, i
            close += 1
    assert equal > 20 and close > 20


def test_fast_jpeg():
    """The largest denominator that keeps both sides; pixels are libjpeg's scaled ones, so only close to Pillow's."""
    image = Image.fromarray(np.random.default_rng(1).integers(0, 255, (3, 4, 3), dtype=np.uint8))
    image = image.resize((643, 481), FILTERS["bicubic"])
    file = saved(image, "JPEG", quality=95)
    for target, size in [((100, 100), (161, 121)), ((80, 60), (81, 61)), ((81, 61), (81, 61)),
                         ((82, 61), (161, 121)), ((400, 300), (643, 481)), ((322, 241), (322, 241))]:  # fmt: skip
        fast = decode(file, fast=True, target_width=target[0], target_height=target[1])
        assert (fast.width, fast.height) == size
        exact = decode(file).resize(*target, "bicubic")
        largest, mean = fast.resize(*target, "bicubic").difference(exact)
        assert mean < 6, (target, largest, mean)
        assert (largest == 0) == (size == (643, 481))


def random_png(g):
    kind = int(g.integers(6))
    if kind < 5:
        mode = MODES[[0, 1, 2, 3, 5, 6, 7][int(g.integers(7))]]
        image = random_picture(g, mode, int(g.integers(1, 80)), int(g.integers(1, 80)))
        options = {}
        if mode == "P":
            options["bits"] = 8
            if g.integers(2):
                options["transparency"] = g.integers(0, 256, 7, dtype=np.uint8).tobytes()
        elif mode in ("L", "RGB", "1") and g.integers(2):
            options["transparency"] = 5 if mode != "RGB" else (1, 2, 3)
        return saved(image, "PNG", **options)
    return raw_png(g, interlaced=bool(g.integers(2)))


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def raw_png(g, interlaced, kind=None, extra=b"", cut=None):
    """Any depth and colour type, with filter 0: what Pillow itself does not write."""
    depth, colour = kind or [
        (1, 0), (2, 0), (4, 0), (8, 0), (16, 0), (8, 2), (16, 2), (1, 3), (2, 3), (4, 3), (8, 3), (8, 4), (16, 4),
        (8, 6), (16, 6),
    ][int(g.integers(15))]  # fmt: skip
    width, height = int(g.integers(1, 40)), int(g.integers(1, 40))
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    rows = b""
    for x0, y0, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        columns, lines = -(-(width - x0) // dx), -(-(height - y0) // dy)
        if columns > 0 and lines > 0:
            length = (columns * channels * depth + 7) // 8
            for _ in range(lines):
                rows += b"\0" + g.integers(0, 256, length, dtype=np.uint8).tobytes()
    palette = chunk(b"PLTE", g.integers(0, 256, 3 << depth, dtype=np.uint8).tobytes()) if colour == 3 else b""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    data = zlib.compress(rows)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + palette + extra
            + b"".join(chunk(b"IDAT", data[i : i + 300]) for i in range(0, len(data), 300)) + chunk(b"IEND", b""))  # fmt: skip


@pytest.mark.parametrize("count", [200, FULL])
def test_png(count):
    g = np.random.default_rng(count + 2)
    for i in range(count):
        file = random_png(g)
        image = opened(file)
        picture = decode(file)
        assert_same(picture, image, i)
        assert_same(picture.to_rgb(), image.convert("RGB"), i)


def test_png_of_every_kind():
    g = np.random.default_rng(13)
    for depth, colour in [(d, 0) for d in (1, 2, 4, 8, 16)] + [(d, 3) for d in (1, 2, 4, 8)] + [
        (d, c) for d in (8, 16) for c in (2, 4, 6)
    ]:
        for interlaced in (False, True):
            file = raw_png(g, interlaced, (depth, colour))
            assert_same(decode(file), opened(file), (depth, colour, interlaced))
            assert_same(decode(file).to_rgb(), opened(file).convert("RGB"), (depth, colour, interlaced))
            assert_same(decode(file).to_luma(), opened(file).convert("L"), (depth, colour, interlaced))


def test_truncated_png(monkeypatch):
    """Equal but where the cut leaves the rows whole: then Pillow does not notice."""
    g = np.random.default_rng(14)
    refused = equal = 0
    for i in range(80):
        file = raw_png(g, interlaced=bool(g.integers(2)))
        start = file.find(b"IDAT") + 4
        cut = file[: int(g.integers(start + 2, len(file) - 20))]
        try:
            assert_same(decode(cut, "name.png"), opened(cut))
        except relata.Error as error:
            assert str(error).startswith("name.png: is a truncated PNG"), error
            refused += 1
        image = pillow_tolerates(cut, monkeypatch)
        if image is not None:
            assert_same(decode(cut, allow_truncated=True), image, (i, image.info, image.size))
            equal += 1
    assert refused > 60 and equal > 40


def test_a_palette_that_is_too_short():
    image = Image.frombytes("P", (16, 16), bytes(range(256)))
    image.putpalette(bytes(range(100, 130)))
    file = saved(image, "PNG")
    assert_same(decode(file).to_rgb(), opened(file).convert("RGB"))


@pytest.mark.parametrize("count", [60, pytest.param(300, marks=pytest.mark.full)])
def test_webp(count):
    g = np.random.default_rng(count + 3)
    for i in range(count):
        mode = ["RGB", "RGBA"][i % 2]
        image = random_picture(g, mode, int(g.integers(1, 120)), int(g.integers(1, 120)))
        options = {"lossless": bool(g.integers(2)), "quality": int(g.integers(0, 101)), "method": int(g.integers(7)),
                   "alpha_quality": int(g.integers(0, 101)), "exact": bool(g.integers(2))}  # fmt: skip
        file = saved(image, "WEBP", **options)
        assert_same(decode(file), opened(file), (i, options))


def test_animated_webp_gives_its_first_frame():
    g = np.random.default_rng(15)
    for mode in ["RGB", "RGBA"]:
        frames = [random_picture(g, mode, 40, 30) for _ in range(3)]
        file = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True, duration=50)
        assert opened(file).n_frames == 3
        assert_same(decode(file), opened(file), mode)


def test_animated_png_gives_its_default_picture():
    g = np.random.default_rng(16)
    frames = [random_picture(g, "RGB", 40, 30) for _ in range(3)]
    for default in [False, True]:
        file = saved(frames[0], "PNG", save_all=True, append_images=frames[1:], default_image=default)
        assert_same(decode(file), opened(file), default)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_orientations(mode):
    g = np.random.default_rng(17)
    kinds = {"L": ["JPEG", "PNG"], "LA": ["PNG"], "RGB": ["JPEG", "PNG", "WEBP"], "RGBA": ["PNG", "WEBP"]}[mode]
    for kind in kinds:
        for orientation in range(0, 10):
            exif = Image.Exif()
            exif[0x010E] = "a picture"
            exif[0x0112] = orientation
            exif.endian = "<" if orientation % 2 else ">"
            file = saved(random_picture(g, mode, 30, 17), kind, exif=exif.tobytes())
            image = opened(file)
            assert_same(decode(file, exif=True), ImageOps.exif_transpose(image), (kind, orientation))
            assert_same(decode(file, exif=False), image, (kind, orientation))


def test_files_of_other_sizes(tmp_path):
    g = np.random.default_rng(18)
    tall = random_picture(g, "L", 1, 65535)
    assert_same(decode(saved(tall, "PNG")), tall)
    with pytest.raises(relata.Error, match="65535 × 1 pixels, more than 65534"):
        decode(saved(random_picture(g, "L", 65535, 1), "PNG"), pixel_limit=65534)
    jpeg = bytearray(saved(random_picture(g, "L", 8, 8), "JPEG"))
    frame = jpeg.find(b"\xff\xc0")
    jpeg[frame + 5 : frame + 7] = b"\xff\xff"
    with pytest.raises(relata.Error, match="damaged JPEG file .Maximum supported image dimension is 65500"):
        decode(bytes(jpeg))
    for file, match in [(b"", "is empty"), (b"GIF89a", "is no picture")]:
        with pytest.raises(relata.Error, match="a name: " + match):
            decode(file, "a name")


def test_read_and_resize_from_python(tmp_path):
    g = np.random.default_rng(19)
    image = random_picture(g, "RGBA", 50, 40)
    image.save(tmp_path / "a.png")
    tensor = relata.io.read_image(tmp_path / "a.png")
    assert tensor.dtype == torch.uint8
    assert np.array_equal(tensor.numpy(), np.array(image.convert("RGB")))
    for name in FILTERS:
        resized = relata.io.resize(tensor, 20, 33, name)
        assert resized.shape == (20, 33, 3)
        assert np.array_equal(resized.numpy(), np.array(image.convert("RGB").resize((33, 20), FILTERS[name])))
    with pytest.raises(relata.Error, match='there is no filter "cubic"; use nearest, box'):
        relata.io.resize(tensor, 20, 33, "cubic")
    with pytest.raises(relata.Error, match="expected uint8"):
        relata.io.resize(tensor.float(), 20, 33, "box")


@pytest.mark.skipif(not DATA.is_dir(), reason="RELATA_DATA is not set")
def test_photographs():
    files = sorted((DATA / "coco-subset" / "originals").glob("*.jpg"))
    assert files
    for path in files:
        file = path.read_bytes()
        image = opened(file)
        assert_same(decode(file), image, path.name)
        for name in ["bilinear", "bicubic", "lanczos"]:
            assert_same(decode(file).resize(224, 224, name), image.resize((224, 224), FILTERS[name]), path.name)
