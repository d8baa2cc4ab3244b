"""Colour changes beside Pillow's ImageEnhance and HSV (what torchvision calls), the blur beside its formula."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance
from pictures import assert_same, ours, random_picture

ENHANCE = [ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color]


@pytest.mark.parametrize("step", range(3))
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_enhancements(step, mode):
    g = np.random.default_rng(step)
    for _ in range(30):
        image = random_picture(g, mode, int(g.integers(1, 60)), int(g.integers(1, 60)))
        factor = float(g.choice([0.0, 0.5, 1.0, g.uniform(0, 2)]))
        assert_same(ours(image).jittered(step, factor), ENHANCE[step](image).enhance(factor), factor)


def test_hue_of_every_colour_of_a_lattice():
    levels = np.array([*range(0, 256, 5), 1, 2, 254], np.uint8)
    r, g, b = np.meshgrid(levels, levels, levels)
    image = Image.fromarray(np.stack([r, g, b], -1).reshape(len(levels), -1, 3))
    for amount in [-0.5, -0.3, -0.004, 0.0, 0.1, 0.25, 0.5]:
        h, s, v = image.convert("HSV").split()
        turned = np.array(h) + np.array(int(amount * 255)).astype(np.int32).astype(np.uint8)
        expected = Image.merge("HSV", (Image.fromarray(turned.astype(np.uint8)), s, v)).convert("RGB")
        assert_same(ours(image).jittered(3, amount), expected, amount)


def test_flip():
    image = random_picture(np.random.default_rng(1), "RGB", 31, 20)
    assert_same(ours(image).flipped(), image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_blur(mode):
    """torchvision's gaussian_blur: a float32 convolution with reflected edges, rounded."""
    g = np.random.default_rng(2)
    different = total = 0
    for size in [1, 3, 7, 23]:
        for _ in range(5):
            image = random_picture(g, mode, int(g.integers(30, 90)), int(g.integers(30, 90)))
            sigma = float(g.uniform(0.1, 2))
            x = torch.linspace(-(size - 1) / 2, (size - 1) / 2, size)
            pdf = torch.exp(-0.5 * (x / sigma) ** 2)
            line = pdf / pdf.sum()
            pixels = torch.from_numpy(np.array(image)).float().reshape(image.height, image.width, -1).permute(2, 0, 1)
            half = size // 2
            framed = torch.nn.functional.pad(pixels[None], [half] * 4, mode="reflect")
            kernel = torch.outer(line, line).expand(len(pixels), 1, size, size)
            expected = torch.nn.functional.conv2d(framed, kernel, groups=len(pixels))[0].round().to(torch.uint8)
            expected = expected.permute(1, 2, 0).numpy().astype(int).ravel()
            result = np.frombuffer(ours(image).blurred(size, sigma).pixels, np.uint8)
            assert abs(result - expected).max() <= 1
            different += (result != expected).sum()
            total += expected.size
    assert different < total / 1000, (different, total)
