"""Training, evaluating and predicting: what the command line does, as functions."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Union

from relata import models
from relata._relata import train as _native
from relata.metrics import ClassSupport, Interval

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
    overrides: Overrides,
    data: PathLike,
    out: PathLike,
    seed: int = 0,
    resume: bool = False,
) -> dict[str, Any]:
    """Trains one seed of a recipe and leaves a run folder.

    It trains no folds, so a recipe that selects by cross-validation, as m3col/own does, cannot be
    trained here: use the command line, or override "train.select.rule" with last or best_validation.

    Args:
        recipe: a built-in name (see :func:`recipes`) or a YAML file.
        overrides: {"train.epochs": 10} or ["train.epochs=10"]; {} for none.
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


class Evaluation(TypedDict):
    """How well a model does on a split."""

    split: str
    rows: int  #: rows that were scored
    classes: list[ClassSupport]  #: of a classifier
    metrics: dict[str, Interval | float]


class Prediction(TypedDict):
    """What a model says of one record."""

    id: str
    predicted: str  #: class name
    probabilities: dict[str, float]  #: class name -> probability
    calibrated: bool  #: whether the model was calibrated on a validation split


def _native_model(model: Union[models.Model, PathLike]) -> models.Model:
    return model if isinstance(model, models.Model) else models.load(model)


def evaluate(
    model: Union[models.Model, PathLike],
    data: PathLike,
    split: str | None = None,
    *,
    without: Sequence[str] = (),
) -> Evaluation:
    """Metrics of a split with 95 % intervals; groups of the dataset are resampled whole.

    Args:
        model: a loaded model, a model folder or a run folder.
        data: a dataset folder or .jsonl file.
        split: by default test, else the validation split, else all rows.
        without: modalities to be treated as missing in every row.

    Raises:
        relata.Error: the model or the data do not fit, or no row has a label.
    """
    native = _native_model(model)._native
    parts = _native.evaluate(native, data, split or "", list(without))
    return {
        "split": parts["split"],
        "rows": parts["rows"],
        "classes": [ClassSupport(*support) for support in parts["classes"]],
        "metrics": {
            name: Interval(*value) if isinstance(value, tuple) else value
            for name, value in parts["metrics"].items()
        },
    }


def predict(
    model: Union[models.Model, PathLike],
    data: PathLike,
    split: str | None = None,
    *,
    without: Sequence[str] = (),
) -> list[Prediction]:
    """One prediction a record, in the order of the split; arguments and errors as `evaluate`."""
    loaded = _native_model(model)
    rows = _native.predict(loaded._native, data, split or "", list(without))
    return [
        {
            "id": id,
            "predicted": predicted,
            "probabilities": dict(zip(loaded.classes, probabilities)),
            "calibrated": loaded.calibrated,
        }
        for id, predicted, probabilities in rows
    ]


def recipes() -> list[str]:
    """The names of the built-in recipes."""
    return _native.recipes()
