"""Pictures to tensors beside Hugging Face's image processors (their Pillow back ends), bit for bit."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import relata
import torch
from PIL import Image
from pictures import FILTERS, MODES, ours, random_picture, saved
from relata._relata.io import preprocess_picture, rewrite_preprocessor_config
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.deit.image_processing_pil_deit import DeiTImageProcessorPil
from transformers.models.efficientnet.image_processing_pil_efficientnet import EfficientNetImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

DATA = Path(os.environ.get("RELATA_DATA", "/nowhere"))
CLASSES = [CLIPImageProcessorPil, ViTImageProcessorPil, DeiTImageProcessorPil, SiglipImageProcessorPil,
           BlipImageProcessorPil, EfficientNetImageProcessorPil]  # fmt: skip
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


def config_of(processor):
    return json.loads(processor.to_json_string())


def theirs(processor, image):
    return processor(image, return_tensors="np")["pixel_values"][0]


def assert_equal(a, b, about=""):
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype == b.dtype == np.float32 and a.shape == b.shape, (a.dtype, b.dtype, a.shape, b.shape, about)
    assert np.array_equal(a.view(np.uint32), b.view(np.uint32)), (about, abs(a - b).max())


@pytest.mark.parametrize("count", [40, pytest.param(300, marks=pytest.mark.full)])
def test_clip(count):
    g = np.random.default_rng(count)
    for i in range(count):
        size = int(g.integers(1, 100))
        crop = {"height": int(g.integers(1, 120)), "width": int(g.integers(1, 120))}
        filter = [0, 1, 2, 3, 4, 5][i % 6]
        processor = CLIPImageProcessorPil(size={"shortest_edge": size}, crop_size=crop, resample=filter)
        mode = MODES[i % len(MODES)]
        image = random_picture(g, mode, int(g.integers(1, 200)), int(g.integers(1, 200)))
        values = preprocess_picture(ours(image), json.dumps(config_of(processor)))
        assert_equal(values, theirs(processor, image), (i, size, crop, filter, mode, image.size))


@pytest.mark.parametrize("make", CLASSES)
def test_defaults_of_each_class(make):
    g = np.random.default_rng(1)
    image = random_picture(g, "RGB", 301, 200)
    processor = make()
    expected = theirs(processor, image)
    assert_equal(preprocess_picture(ours(image), json.dumps(config_of(processor))), expected)
    name = config_of(processor)["image_processor_type"]
    assert_equal(preprocess_picture(ours(image), json.dumps({"image_processor_type": name})), expected)
    old = {"feature_extractor_type": name.replace("ImageProcessor", "FeatureExtractor")}
    assert_equal(preprocess_picture(ours(image), json.dumps(old)), expected)
    # What is written is read the same, by both.
    again = json.loads(rewrite_preprocessor_config(json.dumps(config_of(processor))))
    assert_equal(preprocess_picture(ours(image), json.dumps(again)), expected)
    own = again.pop("relata")
    assert own["exif"] is True
    assert_equal(theirs(make(**{k: v for k, v in again.items() if k != "image_processor_type"}), image), expected)


def test_steps_can_be_left_out():
    g = np.random.default_rng(2)
    image = random_picture(g, "RGB", 61, 40)
    for step in ["do_resize", "do_center_crop", "do_rescale", "do_normalize"]:
        processor = CLIPImageProcessorPil(**{step: False})
        expected = np.asarray(theirs(processor, image), np.float32)
        assert_equal(preprocess_picture(ours(image), json.dumps(config_of(processor))), expected, step)


def test_old_configurations():
    """Sizes as lone numbers, in the ways that the first configuration files had them."""
    g = np.random.default_rng(3)
    image = random_picture(g, "RGB", 61, 40)
    clip = {"size": 32, "crop_size": 32, "feature_extractor_type": "CLIPFeatureExtractor", "resample": 3}
    assert preprocess_picture(ours(image), json.dumps(clip)).shape == (3, 32, 32)
    vit = {"size": 32, "feature_extractor_type": "ViTFeatureExtractor", "resample": 2}
    expected = theirs(ViTImageProcessorPil(size={"height": 32, "width": 32}), image)
    assert_equal(preprocess_picture(ours(image), json.dumps(vit)), expected)


def by_hand(image):
    """float32: (x/255 − mean) / std, as NumPy computes it."""
    x = (np.asarray(image).astype(np.float64) * (1 / 255)).astype(np.float32)
    return ((x - np.array(MEAN, np.float32)) / np.array(STD, np.float32)).transpose(2, 0, 1)


def test_exact_size():
    """IRRA's evaluation: 384 × 128, bilinear, whatever the proportions."""
    g = np.random.default_rng(4)
    config = {"size": {"height": 384, "width": 128}, "do_center_crop": False, "resample": 2}
    for size in [(61, 23), (190, 500), (128, 384), (128, 100)]:
        image = random_picture(g, "RGB", *size)
        assert_equal(preprocess_picture(ours(image), json.dumps(config)), by_hand(image.resize((128, 384), 2)), size)


@pytest.mark.parametrize("mode", MODES)
def test_resize_in_its_own_mode(mode):
    """M3EL: LANCZOS to 224² in the picture's own mode, then RGB, then CLIP's processor."""
    g = np.random.default_rng(5)
    image = random_picture(g, mode, 150, 99)
    config = {"size": {"height": 224, "width": 224}, "resample": 1, "relata": {"convert_rgb": "last", "exif": False}}
    expected = theirs(CLIPImageProcessorPil(), image.resize((224, 224), FILTERS["lanczos"]).convert("RGB"))
    assert_equal(preprocess_picture(ours(image), json.dumps(config)), expected)


def test_square_canvas():
    """LLaVA 1.5: padded to a square in the mean colour, then CLIP's processor at 336."""
    g = np.random.default_rng(6)
    for size in [(60, 101), (101, 60), (50, 50), (1, 7)]:
        image = random_picture(g, "RGB", *size)
        side = max(size)
        canvas = Image.new("RGB", (side, side), (122, 116, 104))
        canvas.paste(image, ((side - size[0]) // 2, (side - size[1]) // 2))
        processor = CLIPImageProcessorPil(size={"shortest_edge": 336}, crop_size={"height": 336, "width": 336})
        config = config_of(processor) | {"relata": {"pad_square": True}}
        assert_equal(preprocess_picture(ours(image), json.dumps(config)), theirs(processor, canvas), size)


@pytest.mark.parametrize("count", [60, pytest.param(400, marks=pytest.mark.full)])
def test_files_that_are_never_whole_in_memory(tmp_path, count):
    """JPEG: rows are resized as they are decoded."""
    g = np.random.default_rng(7)
    for i in range(count):
        mode = ["RGB", "RGB", "L", "CMYK"][i % 4]
        image = random_picture(g, mode, int(g.integers(1, 300)), int(g.integers(1, 300)))
        exif = Image.Exif()
        exif[0x0112] = int(g.integers(1, 9)) if i % 3 == 0 else 1
        options = {"progressive": bool(i % 2), "quality": 80, "exif": exif.tobytes()}
        path = tmp_path / "a.jpg"
        path.write_bytes(saved(image, "JPEG", **options))
        size, crop = int(g.integers(1, 80)), int(g.integers(1, 100))
        config = {"size": size, "crop_size": crop, "resample": int(g.choice([0, 1, 2, 3, 4, 5]))}
        if i % 5 == 0:
            config = {"size": {"height": size, "width": crop}, "do_center_crop": False, "resample": 3}
        whole = relata.io.read_image(path)
        assert torch.equal(relata.io.preprocess(path, config), relata.io.preprocess(whole, config)), (i, config)


def test_configurations_that_are_refused():
    def refused(config, match):
        with pytest.raises(relata.Error, match=match):
            relata.io.preprocess(torch.zeros(4, 4, 3, dtype=torch.uint8), config)

    refused({"size": {"longest_edge": 5}}, "config: size is .*, expected a number")
    refused({"size": 0}, 'size is "0"')
    refused({"resample": 6}, 'resample is "6"')
    refused({"image_std": [1, 0, 1]}, "image_std is .* other than 0")
    refused({"do_thumbnail": True}, 'the key "do_thumbnail" is not known')
    refused({"do_pad": True}, 'do_pad is "true", expected false')
    refused({"image_processor_type": "DonutImageProcessor"}, "image_processor_type is")
    refused({"relata": {"exiff": True}}, 'relata.exiff is "true", expected one of exif')
    assert relata.io.preprocess(torch.zeros(4, 4, 3, dtype=torch.uint8), {"do_thumbnail": None}).shape == (3, 224, 224)


@pytest.mark.skipif(not DATA.is_dir(), reason="RELATA_DATA is not set")
def test_photographs():
    processor = CLIPImageProcessorPil()
    files = sorted((DATA / "coco-subset" / "originals").glob("*.jpg"))
    assert files
    for path in files:
        assert_equal(relata.io.preprocess(path, config_of(processor)), theirs(processor, Image.open(path)), path.name)
