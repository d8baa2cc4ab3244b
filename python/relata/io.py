"""Files of tensors."""

from __future__ import annotations

import os
from collections.abc import Mapping

from torch import Tensor

from relata._relata import io as _native

__all__ = ["load_safetensors", "load_tensors", "read_safetensors_metadata", "save_safetensors"]


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
