"""Trained models."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypedDict

from torch import Tensor

from relata._arrays import ArrayLike, tensor_of
from relata._relata import models as _native

__all__ = ["Answer", "Backbone", "Generated", "Model", "load"]


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


class Generated(NamedTuple):
    """The continuation of one prompt."""

    tokens: list[int]
    log_probabilities: list[float]
    score: float
    reason: str  #: "end", "length" or "stopped"


class Backbone:
    """A pretrained encoder or decoder in Hugging Face's layout; made by :func:`load`."""

    def __init__(self, native: _native.Backbone) -> None:
        self._native = native

    @property
    def model_type(self) -> str:
        """The architecture as config.json calls it, e.g. "clip"."""
        return self._native.model_type

    @property
    def encodes(self) -> list[str]:
        """"image", "text", both or neither."""
        answers = {"image": self._native.encodes_images, "text": self._native.encodes_texts}
        return [role for role, yes in answers.items() if yes]

    def encode_image(self, pixels: Tensor) -> Tensor:
        """pixels [batch, channels, height, width], normalised -> [batch, embedding width].

        The last layer is computed for the token that is used alone.

        Raises:
            relata.Error: no image tower, or pixels that do not fit it.
        """
        return self._native.embed_image(pixels)

    def encode_text(
        self, ids: Tensor, mask: Tensor | None = None, types: Tensor | None = None
    ) -> Tensor:
        """ids [batch, tokens] int64 -> [batch, embedding width].

        Args:
            mask: [batch, tokens], true or 1 at real tokens; without it all are.
            types: [batch, tokens] int64, for BERT.

        Raises:
            relata.Error: no text tower, or a text longer than it has positions.
        """
        return self._native.embed_text(ids, mask, types)

    def forward(
        self,
        *,
        pixels: Tensor | None = None,
        ids: Tensor | None = None,
        mask: Tensor | None = None,
        types: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """All that the model gives, differentiable unless torch.no_grad() is on or it is frozen.

        Returns:
            For an image tower "image.tokens" [batch, tokens, width], "image.pooled" [batch, width]
            where there is a pooler, "image.embedding" [batch, embedding width]; for a text tower
            the same under "text."; for a decoder "logits" [batch, tokens, vocabulary].

        Raises:
            relata.Error: an input for a tower that is not there, or that does not fit it.
        """
        outputs: dict[str, Tensor] = {}
        if pixels is not None:
            found = self._native.image(pixels)
            outputs.update({f"image.{name}": tensor for name, tensor in found.items()})
        if ids is not None and self.encodes:
            found = self._native.text(ids, mask, types)
            outputs.update({f"text.{name}": tensor for name, tensor in found.items()})
        elif ids is not None:
            outputs["logits"] = self._native.logits(ids, mask)
        return outputs

    def generate(
        self,
        ids: Tensor,
        mask: Tensor | None = None,
        *,
        max_new_tokens: int = 128,
        end_ids: Sequence[int] | None = None,
        sample: bool = False,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        beams: int = 1,
        length_penalty: float = 1.0,
        early_stopping: Literal["heuristic", "when_full", "never"] = "heuristic",
        cached: bool = True,
    ) -> list[Generated]:
        """Continues each prompt: greedily, by sampling from torch's generator, or by beam search.

        Args:
            ids: [batch, tokens] int64; shorter prompts are padded in front.
            mask: [batch, tokens], true or 1 at real tokens.
            end_ids: tokens that end a text; those of the model's configuration unless given.
            cached: false computes all tokens again at each step.

        Returns:
            One result a prompt: its new tokens (the end token included), the log-probability of
            each (without beams), a beam's score, and why it ended.

        Raises:
            relata.Error: no decoder, options that contradict each other, no room after a prompt.
        """
        ends = self._native.end_ids() if end_ids is None else list(end_ids)
        results = self._native.generate(
            ids, mask, max_new_tokens, ends, sample, temperature, top_k, top_p, beams,
            length_penalty, early_stopping, cached,
        )  # fmt: skip
        return [Generated(*result) for result in results]

    def parameters(self, naming: str = "Hugging Face") -> dict[str, Tensor]:
        """Copies or views of the weights under the names of a published layout."""
        return self._native.parameters(naming)

    def gradients(self, naming: str = "Hugging Face") -> dict[str, Tensor]:
        """The gradients under the same names; zeros where there is none."""
        return self._native.gradients(naming)

    def zero_grad(self) -> None:
        """Forgets all gradients."""
        self._native.zero_grad()

    def train(self, on: bool = True) -> None:
        """Training mode (dropout), or evaluation mode, in which a model is loaded."""
        self._native.train(on)

    def trainable(self) -> dict[str, Tensor]:
        """The parameters that training would change, sharing memory: after an adapter was added,
        the adapter's alone. Give their values to an optimiser of PyTorch."""
        return self._native.trainable()

    def add_lora(
        self,
        targets: Sequence[str],
        rank: int = 8,
        alpha: float = 8.0,
        dropout: float = 0.0,
        rslora: bool = False,
    ) -> None:
        """Adds low-rank adapters (Hu et al., ICLR 2022) that change nothing until trained; all other
        parameters are frozen.

        Args:
            targets: endings of layers' names in Hugging Face's spelling, e.g. ["q_proj", "v_proj"],
                or ["all-linear"].
            alpha: the scale of an adapter is alpha / rank; with `rslora` alpha / sqrt(rank).
            dropout: of the adapters' input, in training mode.

        Raises:
            relata.Error: a target that names no layer, a layer that has an adapter.
        """
        self._native.add_lora(list(targets), rank, alpha, dropout, rslora)

    def add_prefix(self, tokens: int, hidden: int = 0) -> None:
        """Trained keys and values before every text (Li and Liang, ACL 2021), for a decoder.

        Args:
            hidden: width of the network that makes them of one vector a token; 0: none.
        """
        self._native.add_prefix(tokens, hidden)

    def add_prompt(self, tokens: int) -> None:
        """Trained inputs before every text (Lester et al., EMNLP 2021), for a decoder."""
        self._native.add_prompt(tokens)

    def load_adapter(self, dir: str | os.PathLike[str]) -> None:  # noqa: A002
        """Adds an adapter that PEFT or save_adapter() wrote: LoRA, prefix or prompt tuning.

        Raises:
            relata.Error: another kind of adapter, or tensors that fit nowhere, all of them named.
        """
        self._native.load_adapter(dir)

    def save_adapter(self, dir: str | os.PathLike[str], base: str = "") -> None:  # noqa: A002
        """Writes the adapter in PEFT's layout into a new folder.

        Args:
            base: where PEFT shall find the model itself.

        Raises:
            relata.Error: there is no adapter.
        """
        self._native.save_adapter(dir, base)

    def merge_adapters(self) -> None:
        """Adds low-rank adapters into the weights: no cost any more, no gradient either."""
        self._native.merge_adapters()

    def unmerge_adapters(self) -> None:
        """Takes them out again, bit for bit."""
        self._native.unmerge_adapters()

    def freeze(self, precision: str = "fp32", embeddings_only: bool = False) -> None:
        """Packs the weights for inference on this processor; there is no way back.

        Args:
            precision: "fp32" or "bf16".
            embeddings_only: only encode_image and encode_text will be called.
        """
        self._native.freeze(precision, embeddings_only)

    def save(self, dir: str | os.PathLike[str]) -> None:  # noqa: A002
        """Writes config.json and model.safetensors in Hugging Face's names into a new folder."""
        self._native.save(dir)

    def __repr__(self) -> str:
        return f"<relata backbone: {self.model_type}>"


def load(dir: str | os.PathLike[str]) -> Model | Backbone:  # noqa: A002 - the promised name
    """Loads a model folder, the model of a run folder, or a folder of Hugging Face's layout.

    Raises:
        relata.Error: something is missing or does not fit, named.
    """
    if _native.is_backbone(dir):
        return Backbone(_native.Backbone(dir))
    return Model(_native.Model(dir))
