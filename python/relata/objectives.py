"""Contrastive losses on tensors, differentiable by autograd.

Each is a pure function: tensors in, a scalar tensor out, of the dtype of its inputs.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from relata._relata import objectives as _native

__all__ = ["info_nce", "mix_rows", "mixup_clip", "sdm", "sigmoid", "soft_clip"]


def info_nce(a: Tensor, b: Tensor, scale: Tensor | float, ids: Tensor | None = None) -> Tensor:
    """Symmetric InfoNCE, the loss of CLIP: each row of a is to find its partner in b, and back.

    Computed tile by tile: memory grows with the batch and not with its square.

    Args:
        a, b: [batch, width], any floating dtype; rows are scaled to unit length inside.
        scale: 1 / temperature; a tensor of one number may be learned.
        ids: [batch] whole numbers; rows of equal ids are positives of each other with equal shares
            (several captions of one picture). None: row i of b alone belongs to row i of a.

    Returns:
        A scalar, the mean over rows and both directions; gradient flows into a, b and scale, once
        (no second derivatives). float32 for half precision.

    Raises:
        relata.Error: the shapes differ, the batch is empty, or the ids are not one a row.

    Sources: van den Oord et al., arXiv 1807.03748; Radford et al., arXiv 2103.00020; several
    positives: Khosla et al., arXiv 2004.11362, eq. 2.
    """
    return _native.info_nce(a, b, _number(scale), ids)


def sdm(
    text: Tensor, image: Tensor, ids: Tensor, scale: Tensor | float, epsilon: float = 1e-8
) -> Tensor:
    """Similarity distribution matching: similarities of a row match the identities of the batch.

    KL(softmax of the scaled cosines || uniform over the items of the same id), text to image plus
    image to text. Computed tile by tile, as :func:`info_nce`.

    Args:
        text, image: [batch, width], any floating dtype; rows are scaled to unit length inside.
        ids: [batch] whole numbers: the identity of each row, of its text and its image.
        scale: 1 / temperature, 50 in IRRA; a tensor of one number may be learned.
        epsilon: added to the target inside its logarithm.

    Returns:
        A scalar, the sum of both directions' means over rows; gradient flows into text, image and
        scale, once. float32 for half precision.

    Raises:
        relata.Error: the shapes differ, the batch is empty, the ids are not one a row, or epsilon
            is not above 0.

    Source: IRRA, arXiv 2303.12501, eq. 5 and 6, as released.
    """
    return _native.sdm(text, image, ids, _number(scale), epsilon)


def sigmoid(
    a: Tensor,
    b: Tensor,
    scale: Tensor | float,
    bias: Tensor | float,
    ids: Tensor | None = None,
) -> Tensor:
    """The sigmoid loss of SigLIP: for each pair of the batch, do these two belong together?

    Computed tile by tile, as :func:`info_nce`.

    Args:
        a, b: [batch, width], any floating dtype; rows are scaled to unit length inside.
        scale, bias: of the logits, scale * cosine + bias; tensors of one number may be learned.
            SigLIP begins with 10 and -10.
        ids: [batch] whole numbers; all pairs of equal ids belong together. None: row i with row i.

    Returns:
        A scalar, the sum over all pairs divided by the batch; gradient flows into a, b, scale and
        bias, once. float32 for half precision.

    Raises:
        relata.Error: the shapes differ, the batch is empty, or the ids are not one a row.

    Source: Zhai et al., ICCV 2023, arXiv 2303.15343, algorithm 1.
    """
    return _native.sigmoid(a, b, _number(scale), _number(bias), ids)


def _number(value: Tensor | float) -> Tensor:
    """In double where it is no tensor: the engine casts it to the dtype it computes in."""
    return value if isinstance(value, Tensor) else torch.tensor(value, dtype=torch.float64)


def soft_clip(a: Tensor, b: Tensor, temperature: float, detach_targets: bool = False) -> Tensor:
    """Soft-target contrastive loss (MultiSClip): a_i is drawn to b_j as strongly as b_j resembles b_i.

    Args:
        a, b: [batch, width], any floating dtype; rows are scaled to unit length inside.
        temperature: of targets and logits alike; M3CoL uses 0.125.
        detach_targets: stop the gradient that flows through the targets (the release lets it flow).

    Returns:
        A scalar, the mean over rows and both directions; gradient flows into a and b.

    Raises:
        relata.Error: the shapes differ.

    Source: M3CoL, arXiv 2409.17777, as released.
    """
    return _native.soft_clip(a, b, temperature, detach_targets)


def mixup_clip(
    a_mixed: Tensor,
    b: Tensor,
    permutation: Tensor,
    coefficients: Tensor,
    temperature: float,
    fixed_point: Literal["overwrite", "accumulate"] = "overwrite",
    backward_targets: Literal["as_released", "row_normalise"] = "as_released",
) -> Tensor:
    """Mixup-contrastive loss (M3Co): a mixture of two rows is drawn to both partners in b.

    Args:
        a_mixed: [batch, width], rows mixed by :func:`mix_rows` with the same permutation and
            coefficients.
        b: [batch, width], clean or mixed, as the method wants.
        permutation: [batch] int64, the partner of each row.
        coefficients: [batch] floating, the share of the row itself; 1 where it is not mixed.
        temperature: of the logits; M3CoL uses 0.1.
        fixed_point: the target of a row whose partner is itself: 1 - c ("overwrite", as released)
            or 1 ("accumulate").
        backward_targets: whether the targets from b to a are scaled to sum 1 ("row_normalise").

    Returns:
        A scalar, the mean over rows and both directions.

    Raises:
        relata.Error: the shapes differ, the mixing is of another batch size, or an option has no
            such value.

    Source: M3CoL, arXiv 2409.17777, as released.
    """
    return _native.mixup_clip(
        a_mixed, b, permutation, coefficients, temperature, fixed_point, backward_targets
    )


def mix_rows(x: Tensor, permutation: Tensor, coefficients: Tensor) -> Tensor:
    """x̃_i = c_i x_i + (1 - c_i) x_perm(i).

    Args:
        x: [batch, ...].
        permutation: [batch] int64.
        coefficients: [batch] floating.

    Returns:
        [batch, ...], differentiable by x.

    Raises:
        relata.Error: the permutation or the coefficients are of another batch size.
    """
    return _native.mix_rows(x, permutation, coefficients)
