"""Anything that holds numbers, as a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, Union

import torch


class SupportsArray(Protocol):
    """NumPy arrays, pandas columns and their like."""

    def __array__(self, *args: Any, **kwargs: Any) -> Any: ...


#: A tensor, a NumPy array or what turns into one, or (nested) sequences of numbers.
ArrayLike = Union[torch.Tensor, SupportsArray, Sequence[Any]]


def tensor_of(values: ArrayLike) -> torch.Tensor:
    """The numbers as a tensor without gradient; memory is shared where possible."""
    if isinstance(values, torch.Tensor):
        return values.detach()
    if hasattr(values, "__array__"):
        import numpy

        return torch.as_tensor(numpy.ascontiguousarray(numpy.asarray(values)))
    if len(values) > 0 and isinstance(values[0], torch.Tensor):
        return torch.stack([tensor_of(value) for value in values])
    return torch.as_tensor(values, dtype=None if _holds_whole(values) else torch.float64)


def _holds_whole(values: Any) -> bool:
    """Whether nested sequences hold whole numbers alone; others are kept in double."""
    while isinstance(values, Sequence) and len(values) > 0 and isinstance(values[0], Sequence):
        values = [item for row in values for item in row]
    return all(isinstance(value, (bool, int)) for value in values)
