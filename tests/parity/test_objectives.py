"""Losses and their gradients against the formulas in plain PyTorch."""

import itertools

import pytest
import reference
import relata
import torch
from differences import assert_close, tolerance_of

CASES = 60


def random_case(seed, dtype):
    g = torch.Generator().manual_seed(seed)
    n = int(torch.randint(1, 40, [1], generator=g))
    width = int(torch.randint(1, 24, [1], generator=g))
    a, b = (torch.randn(n, width, generator=g, dtype=torch.float64) for _ in range(2))
    if seed % 5 == 0:
        a[0] = 0  # a zero row
        b[-1] = 0
    if seed % 7 == 0:
        b = a.clone()
    permutation = torch.randperm(n, generator=g)
    if seed % 3 == 0 and n > 1:  # fixed points
        permutation[:2] = torch.tensor([0, 1])
        permutation[2:] = 2 + torch.randperm(n - 2, generator=g)
    coefficients = torch.rand(n, generator=g, dtype=torch.float64)
    coefficients[torch.rand(n, generator=g) < 0.4] = 1
    return a.to(dtype), b.to(dtype), permutation, coefficients.to(dtype)


def with_gradients(loss, a, b):
    a, b = a.clone().requires_grad_(), b.clone().requires_grad_()
    value = loss(a, b)
    value.backward()
    return value, a.grad, b.grad


def compare(name, ours, theirs, a, b):
    for what, x, y in zip(("", " d/da", " d/db"), with_gradients(ours, a, b), with_gradients(theirs, a, b)):
        assert_close(f"{name}{what} {str(a.dtype)[6:]}", x, y, tolerance_of(a.dtype))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("detach", [False, True])
def test_soft_clip(dtype, detach):
    for seed in range(CASES):
        a, b, *_ = random_case(seed, dtype)
        temperature = (0.125, 0.05, 1.0)[seed % 3]
        compare(
            "soft_clip",
            lambda a, b: relata.objectives.soft_clip(a, b, temperature, detach_targets=detach),
            lambda a, b: reference.soft_clip(a, b, temperature, detach),
            a,
            b,
        )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(
    "fixed_point,backward",
    list(itertools.product(["overwrite", "accumulate"], ["as_released", "row_normalise"])),
)
def test_mixup_clip(dtype, fixed_point, backward):
    for seed in range(CASES):
        a, b, permutation, coefficients = random_case(seed, dtype)
        options = ((0.1, 0.05, 1.0)[seed % 3], fixed_point, backward)
        compare(
            "mixup_clip",
            lambda a, b: relata.objectives.mixup_clip(a, b, permutation, coefficients, *options),
            lambda a, b: reference.mixup_clip(a, b, permutation, coefficients, *options),
            a,
            b,
        )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_mix_rows(dtype):
    for seed in range(CASES):
        a, _, permutation, coefficients = random_case(seed, dtype)
        weights = torch.randn(a.shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)
        results = []
        for mix in (relata.objectives.mix_rows, reference.mix_rows):
            x = a.clone().requires_grad_()
            mixed = mix(x, permutation, coefficients)
            (mixed * weights).sum().backward()
            results.append((mixed, x.grad))
        assert_close(f"mix_rows {str(dtype)[6:]}", results[0][0], results[1][0], tolerance_of(dtype))
        assert_close(f"mix_rows d/dx {str(dtype)[6:]}", results[0][1], results[1][1], tolerance_of(dtype))


def test_second_derivatives():
    """gradgradcheck: the gradient is itself differentiable, as autograd promises."""
    a, b, permutation, coefficients = (x[:5] for x in random_case(4, torch.float64))
    permutation = torch.tensor([2, 0, 4, 1, 3])
    a, b = a[:5, :4].clone().requires_grad_(), b[:5, :4].clone().requires_grad_()
    assert torch.autograd.gradgradcheck(lambda a, b: relata.objectives.soft_clip(a, b, 0.5), (a, b))
    assert torch.autograd.gradgradcheck(
        lambda a, b: relata.objectives.mixup_clip(a, b, permutation, coefficients, 0.5), (a, b)
    )


def test_goldens_of_the_description():
    """G1, G3, G5 and G6: values that the released functions gave in double."""
    i, j = torch.arange(5.0, dtype=torch.float64)[:, None], torch.arange(4.0, dtype=torch.float64)
    p, q = torch.sin(0.5 * i + 0.9 * j + 0.1), torch.cos(0.4 * i - 0.7 * j + 0.2)
    b = torch.tensor([0.9, 1, 0.3, 0.6, 1], dtype=torch.float64)
    perm = torch.tensor([2, 0, 4, 1, 3])
    soft, mixup = relata.objectives.soft_clip, relata.objectives.mixup_clip
    ones = torch.ones_like(b)
    for ours, golden in [
        (soft(p, q, 0.125), 5.264110896262563),
        (soft(q, p, 0.125), 5.475479410711515),
        (soft(p, p, 0.125), 0.9139049377645009),
        (mixup(p, q, perm, b, 0.1), 7.088777892146934),
        (mixup(p, q, torch.tensor([2, 1, 0, 3, 4]), b, 0.1), 1.970280941258627),
        (mixup(p, q, perm, ones, 0.1), 6.861138507305089),
        (mixup(p, q, torch.arange(5), ones, 0.1), 0.0),
    ]:
        assert_close("goldens of the objectives", ours, golden, 1e-10)


def test_errors():
    a, b = torch.zeros(3, 2), torch.zeros(4, 2)
    with pytest.raises(relata.Error, match=r"soft_clip: a is \[3, 2\] but b is \[4, 2\]") as caught:
        relata.objectives.soft_clip(a, b, 0.1)
    assert caught.value.exit_code == 2
    with pytest.raises(relata.Error, match="3 rows, but a permutation of 4"):
        relata.objectives.mixup_clip(a, a, torch.arange(4), torch.ones(3), 0.1)
    with pytest.raises(relata.Error, match="fixed_point is 'sum'"):
        relata.objectives.mixup_clip(a, a, torch.arange(3), torch.ones(3), 0.1, fixed_point="sum")
