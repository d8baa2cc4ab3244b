"""Contrastive losses on tensors, differentiable by autograd.

Each is a pure function: tensors in, a scalar tensor out, of the dtype of its inputs.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from relata._relata import objectives as _native

__all__ = ["mix_rows", "mixup_clip", "soft_clip"]


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
