"""Files of tensors, and pictures."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from relata._relata import io as _native

__all__ = [
    "load_safetensors",
    "load_tensors",
    "preprocess",
    "read_image",
    "read_safetensors_metadata",
    "resize",
    "save_safetensors",
]


def load_safetensors(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name, in torch's own memory.

    Raises:
        relata.Error: the file cannot be read, is malformed, or holds a dtype that torch has no
            tensors of.
    """
    return _native.load_safetensors(path)


def load_tensors(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The tensors of a safetensors, PyTorch, ``.npz`` or GGUF file by name, in torch's own memory.

    The format is found by the content. PyTorch checkpoints (zip archives, the streams before 1.6,
    TorchScript) are read as data: nothing in them is imported or run. Nested dicts, lists and
    modules give names joined by dots, and prefixes such as ``state_dict.`` stay. GGUF's
    floating-point tensors and the quantised types Q4_0, Q4_1 and Q8_0 become float32.

    Raises:
        relata.Error: the file cannot be read, is of another format or malformed, names functions
            that plain tensors do not need, or holds a dtype that torch has no tensors of.
    """
    return _native.load_tensors(path)


def save_safetensors(
    path: str | os.PathLike[str],
    tensors: Mapping[str, Tensor],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Writes a safetensors file atomically; equal input gives equal bytes.

    Tensors may be strided or on another device. Files are interchangeable with the public library.

    Raises:
        relata.Error: the disk is full, or the format has no name for a tensor's dtype.
    """
    _native.save_safetensors(path, dict(tensors), dict(metadata or {}))


def read_safetensors_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """The free text entries of a safetensors file's header (empty if it has none).

    Raises:
        relata.Error: the file cannot be read or is malformed.
    """
    return _native.read_safetensors_metadata(path)


def read_image(
    path: str | os.PathLike[str],
    *,
    exif: bool = True,
    allow_truncated: bool = False,
    pixel_limit: int = 40_000_000,
) -> Tensor:
    """A JPEG, PNG or WebP file as uint8 [height, width, 3], as Pillow's convert("RGB") gives it.

    Args:
        exif: turn the picture as its EXIF orientation says.
        allow_truncated: fill what is missing at the end (grey; black for PNG) instead of refusing.
        pixel_limit: refuse larger pictures before anything is allocated.

    Raises:
        relata.Error: the file cannot be read, is no such picture, is damaged, or is too large.
    """
    return _native.read_image(path, exif, allow_truncated, pixel_limit)


def resize(
    image: Tensor, height: int, width: int, filter: str, *, pass_order: str = "pillow12"
) -> Tensor:
    """The picture at another size, bit for bit as Pillow resizes it.

    Args:
        image: uint8 [height, width, 3], or [height, width] for grey.
        filter: "nearest", "box", "bilinear", "hamming", "bicubic" or "lanczos".
        pass_order: "pillow12" (up to 12.3), or "pillow13", whose passes are ordered by the sizes.

    Raises:
        relata.Error: another shape or dtype, a side below 1, or no such filter.
    """
    return _native.resize(image, height, width, filter, pass_order)


def preprocess(
    picture: str | os.PathLike[str] | Tensor,
    config: str | os.PathLike[str] | Mapping[str, Any],
) -> Tensor:
    """What a vision tower reads of a picture: float32 [3, height, width].

    Args:
        picture: a file, or uint8 [height, width, 3] ([height, width] for grey).
        config: a preprocessor_config.json, the folder that holds it, or its content. Beside Hugging
            Face's keys it may have the object "relata" (see docs/images.md).

    Raises:
        relata.Error: the file cannot be read or is no picture, or the configuration has a value
            that has no meaning here or a key that is not known.
    """
    if isinstance(config, Mapping):
        text, where = json.dumps(dict(config)), "config"
    else:
        path = Path(config)
        path = path / "preprocessor_config.json" if path.is_dir() else path
        text, where = path.read_text(encoding="utf-8"), str(path)
    if isinstance(picture, Tensor):
        return _native.preprocess_tensor(picture, text, where)
    return _native.preprocess_file(picture, text, where)
