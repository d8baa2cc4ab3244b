"""Training, evaluating and predicting: what the command line does, as functions."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Union

from relata._relata import train as _native

Overrides = Union[Mapping[str, Any], Sequence[str]]
PathLike = Union[str, "os.PathLike[str]"]


def _assignments(overrides: Overrides) -> list[str]:
    """Overrides as key=value; a value is written as JSON, which is YAML."""
    if not isinstance(overrides, Mapping):
        return list(overrides)
    return [
        f"{key}={value if isinstance(value, str) else json.dumps(value)}"
        for key, value in overrides.items()
    ]


def train(
    recipe: str,
    overrides: Overrides = (),
    *,
    data: PathLike,
    out: PathLike,
    seed: int = 0,
    resume: bool = False,
) -> dict[str, Any]:
    """Trains one seed of a recipe and leaves a run folder.

    Args:
        recipe: a built-in name (see :func:`recipes`) or a YAML file.
        overrides: {"train.epochs": 10} or ["train.epochs=10"].
        data: a dataset folder or .jsonl file.
        out: the run folder; it must not exist unless resume is true.
        seed: decides everything random. Seeds torch's default CPU generator.
        resume: go on with an interrupted run; the result is bit for bit that of one without pause.

    Returns:
        What the run's result.json says: metrics of the splits, intervals, how it was selected.

    Raises:
        relata.Error: bad recipe, override or data, or a loss that is not finite.
        KeyboardInterrupt: Ctrl-C; the checkpoint has then been written.
    """
    _native.run_job(recipe, _assignments(overrides), data, out, seed, resume)
    result: dict[str, Any] = json.loads((Path(out) / "result.json").read_text(encoding="utf-8"))
    return result


def recipes() -> list[str]:
    """The names of the built-in recipes."""
    return _native.recipes()
