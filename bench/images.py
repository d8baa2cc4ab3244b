#!/usr/bin/env python3
"""A photograph (JPEG) to the normalised 224 × 224 tensor of CLIP: relata against Pillow and NumPy, exact pixels.

    RELATA_DATA=/folder/of/data python bench/images.py

Pictures are the originals of coco-subset. Both see the same pixels; that their numbers agree to 1e-6 is checked
first. With two threads each has half of the pictures. --busy measures on a busy machine all the same.
"""
import io
import json
import os
import pathlib
import statistics
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "build/release/python"))

import measure
import numpy as np
import PIL
import relata
import torch
from PIL import Image, features
from relata._relata.io import decode, preprocess_picture

BAR = 2.0
REPEATS = 3
MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
CONFIG = {"size": 224, "crop_size": 224, "resample": 3}
SCALE = np.float32(1 / 255)


def with_pillow(path: pathlib.Path) -> np.ndarray:
    """In place and in float32, which is faster than what an image processor does."""
    image = Image.open(path)
    image = image if image.mode == "RGB" else image.convert("RGB")
    width, height = image.size
    size = (224, int(224 * height / width)) if width <= height else (int(224 * width / height), 224)
    image = image.resize(size, Image.Resampling.BICUBIC)
    left, top = (size[0] - 224) // 2, (size[1] - 224) // 2
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)))
    values = pixels.astype(np.float32)
    values *= SCALE
    values -= MEAN
    values /= STD
    return np.ascontiguousarray(values.transpose(2, 0, 1))


def with_relata(path: pathlib.Path) -> torch.Tensor:
    return relata.io.preprocess(path, CONFIG)


def seconds_per_picture(work, files: list[pathlib.Path], threads: int) -> float:
    def loop(part: list[pathlib.Path]) -> None:
        for path in part:
            work(path)

    parts = [files[i::threads] for i in range(threads)]
    workers = [threading.Thread(target=loop, args=(part,)) for part in parts]
    began = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return (time.perf_counter() - began) / len(files)


def stages(files: list[pathlib.Path]) -> None:
    """Where the time goes, ours and theirs, in milliseconds a picture (median picture)."""
    def median(work) -> float:
        times = []
        for item in items:
            work(item)
            began = time.perf_counter()
            work(item)
            times.append(time.perf_counter() - began)
        return statistics.median(times) * 1e3

    text = json.dumps(CONFIG)
    items = [path.read_bytes() for path in files]
    print(f"decode: Pillow {median(lambda f: Image.open(io.BytesIO(f)).load()):.2f}, "
          f"relata {median(lambda f: decode(f)):.2f} ms")
    items = [Image.open(path).convert("RGB") for path in files]
    peer = median(lambda i: i.resize((int(224 * i.width / min(i.size)), int(224 * i.height / min(i.size))), 3))
    items = [decode(path.read_bytes()) for path in files]
    print(f"resize: Pillow {peer:.2f}; resize, crop and numbers: relata "
          f"{median(lambda p: preprocess_picture(p, text)):.2f} ms")


def main() -> int:
    folder = pathlib.Path(os.environ.get("RELATA_DATA", "/nowhere")) / "coco-subset" / "originals"
    files = sorted(folder.glob("*.jpg"))
    if not files:
        print("bench: no pictures; set RELATA_DATA")
        return 0
    measure.require_quiet_release_build()
    torch.set_num_threads(1)
    print(f"Pillow {PIL.__version__} with libjpeg-turbo {features.version('libjpeg_turbo')}, NumPy {np.__version__}; "
          f"{len(files)} photographs")
    for path in files:
        gap = np.abs(with_pillow(path) - with_relata(path).numpy()).max()
        assert gap < 1e-6, (path, gap)
    files = files * REPEATS
    met = True
    for threads in [1, 2]:
        print(measure.describe(threads))
        pairs = measure.pairs(lambda: seconds_per_picture(with_pillow, files, threads),
                              lambda: seconds_per_picture(with_relata, files, threads))
        met = measure.report(f"seconds a photograph, {threads} thread(s)", pairs, BAR) and met
    stages(files[: len(files) // REPEATS])
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
