"""Trained models."""

from __future__ import annotations

import os
from typing import TypedDict

from torch import Tensor

from relata._arrays import ArrayLike, tensor_of
from relata._relata import models as _native

__all__ = ["Answer", "Model", "load"]


class Answer(TypedDict):
    """What a model says of some rows."""

    logits: Tensor  #: [rows, classes], before any softmax
    probabilities: Tensor  #: [rows, classes] float64, calibrated where the model is
    embeddings: dict[str, Tensor]  #: role -> [rows, width]; of the roles that were given


class Model:
    """A trained model; made by :func:`load`."""

    def __init__(self, native: _native.Model) -> None:
        self._native = native

    @property
    def system(self) -> str:
        """The system's name, e.g. "m3col"."""
        return self._native.system

    @property
    def roles(self) -> list[str]:
        """The modalities, in the model's order."""
        return self._native.roles

    @property
    def classes(self) -> list[str]:
        """Class names, in the order of the logits."""
        return self._native.classes

    @property
    def facts(self) -> dict[str, list[str]]:
        """What the system learned from the training rows besides weights."""
        return self._native.facts

    @property
    def temperature(self) -> float:
        """Logits are divided by this before the softmax; 1 where the model is not calibrated."""
        return self._native.temperature

    @property
    def calibrated(self) -> bool:
        """Whether the temperature was fitted on a validation split."""
        return self._native.calibrated

    @property
    def weights_hash(self) -> str:
        """XXH3 over names, shapes and bytes of the weights."""
        return self._native.weights_hash

    def forward(self, **inputs: ArrayLike) -> Answer:
        """Classifies rows that stand in no dataset.

        Args:
            inputs: role=[rows, width], numbers as they stand in the data, before any transform (the
                model applies its own). A role left out is missing in every row.

        Returns:
            Logits, probabilities and embeddings; differentiable unless torch.no_grad() is on.

        Raises:
            relata.Error: a name that is no role, no roles, shapes that do not fit, values that are
                not finite.
        """
        values = {
            role: value if isinstance(value, Tensor) else tensor_of(value)
            for role, value in inputs.items()
        }
        logits, probabilities, embeddings = self._native.forward(values)
        return {"logits": logits, "probabilities": probabilities, "embeddings": embeddings}

    def parameters(self) -> dict[str, Tensor]:
        """The weights by name, sharing memory with the model."""
        return self._native.parameters()

    def __repr__(self) -> str:
        return (
            f"<relata model: {self.system}, roles {', '.join(self.roles)}, "
            f"{len(self.classes)} classes>"
        )


def load(dir: str | os.PathLike[str]) -> Model:  # noqa: A002 - the promised name
    """Loads a model folder, or the model of a run folder.

    Raises:
        relata.Error: something is missing or does not fit, named.
    """
    return Model(_native.Model(dir))
