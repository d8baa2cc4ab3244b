"""Losses and their gradients against the formulas in plain PyTorch."""

import itertools

import pytest
import reference
import relata
import torch
import torch.nn.functional as F
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


# Losses of all pairs of a batch, computed tile by tile, against the whole matrix.


def contrast_case(seed, dtype):
    """Rows, ids with repetitions, scale; degenerate ones among them."""
    g = torch.Generator().manual_seed(seed)
    a, b, *_ = random_case(seed, torch.float64)
    n = len(a)
    ids = torch.randint(-3, max(n // 2, 1), [n], generator=g)
    if seed % 11 == 0:
        ids[:] = 5
    if seed % 6 == 0:
        b[n // 2 :] = b[:1]  # duplicates
    scale = torch.tensor((1.0, 14.285, 50.0, 0.0)[seed % 4], dtype=dtype)
    return a.to(dtype), b.to(dtype), ids, scale


def gradients_of_all(loss, *inputs):
    leaves = [x.clone().requires_grad_() for x in inputs]
    value = loss(*leaves)
    value.backward()
    return [value.detach(), *(x.grad for x in leaves)]


def compare_all(name, ours, theirs, inputs):
    """The truth is theirs in double. A row of zeros is divided by 1e-12: that factor is undone."""
    dtype = inputs[0].dtype
    truth = gradients_of_all(theirs, *(x.double() for x in inputs))
    for i, (x, y) in enumerate(zip(gradients_of_all(ours, *inputs), truth)):
        assert x.dtype == dtype and torch.isfinite(x).all()
        if i > 0 and inputs[i - 1].dim() == 2:
            guard = torch.where(inputs[i - 1].norm(dim=1, keepdim=True) == 0, 1e-12, 1.0)
            x, y = x.double() * guard, y * guard
        assert_close(f"{name} {'value' if i == 0 else f'd/d{i}'} {str(dtype)[6:]}", x, y, tolerance_of(dtype))


def together(ids, n):
    ids = torch.arange(n) if ids is None else ids
    return ids[:, None] == ids[None, :]


def plain_info_nce(a, b, scale, ids=None):
    logits = scale * F.normalize(a) @ F.normalize(b).T
    if ids is None:  # as CLIP's paper writes it
        target = torch.arange(len(a))
        return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
    y = together(ids, len(a)).to(a.dtype)
    q = y / y.sum(1, keepdim=True)
    return (F.cross_entropy(logits, q) + F.cross_entropy(logits.T, q)) / 2


def plain_sdm(text, image, ids, scale, epsilon=1e-8):
    similarity = F.normalize(text) @ F.normalize(image).T
    y = together(ids, len(text)).to(text.dtype)
    q = y / y.sum(1, keepdim=True)
    loss = 0
    for logits in (scale * similarity, scale * similarity.T):
        loss = loss + (F.softmax(logits, 1) * (F.log_softmax(logits, 1) - (q + epsilon).log())).sum(1).mean()
    return loss


def plain_sigmoid(a, b, scale, bias, ids=None):
    """SigLIP's algorithm 1."""
    z = 2 * together(ids, len(a)).to(a.dtype) - 1
    return -F.logsigmoid(z * (scale * F.normalize(a) @ F.normalize(b).T + bias)).sum() / len(a)


TILES = (1, 2, 3, 5, 16, 1024)
_tiled = relata._relata.objectives


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("with_ids", [False, True])
def test_info_nce(dtype, with_ids):
    for seed in range(CASES):
        a, b, ids, scale = contrast_case(seed, dtype)
        ids = ids if with_ids else None
        compare_all(
            "info_nce",
            lambda a, b, s: _tiled.info_nce(a, b, s, ids, TILES[seed % 6]),
            lambda a, b, s: plain_info_nce(a, b, s, ids),
            (a, b, scale),
        )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_sdm(dtype):
    for seed in range(CASES):
        a, b, ids, scale = contrast_case(seed, dtype)
        compare_all(
            "sdm",
            lambda a, b, s: _tiled.sdm(a, b, ids, s, tile=TILES[seed % 6]),
            lambda a, b, s: plain_sdm(a, b, ids, s),
            (a, b, scale),
        )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("with_ids", [False, True])
def test_sigmoid(dtype, with_ids):
    for seed in range(CASES):
        a, b, ids, scale = contrast_case(seed, dtype)
        ids = ids if with_ids else None
        bias = torch.tensor((-10.0, 0.0, 1.5)[seed % 3], dtype=dtype)
        compare_all(
            "sigmoid",
            lambda a, b, s, c: _tiled.sigmoid(a, b, s, c, ids, TILES[seed % 6]),
            lambda a, b, s, c: plain_sigmoid(a, b, s, c, ids),
            (a, b, scale, bias),
        )


def test_the_public_functions_walk_several_tiles():
    """2,501 rows are three tiles a side at the edge that is in use."""
    g = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 2501, 24, generator=g)
    ids = torch.randint(0, 900, [2501], generator=g)
    scale, bias = torch.tensor(14.0), torch.tensor(-10.0)
    objectives = relata.objectives
    compare_all("info_nce of 2,501", objectives.info_nce, plain_info_nce, (a, b, scale))
    compare_all(
        "info_nce of 2,501 with ids",
        lambda a, b, s: objectives.info_nce(a, b, s, ids),
        lambda a, b, s: plain_info_nce(a, b, s, ids),
        (a, b, scale),
    )
    compare_all(
        "sdm of 2,501",
        lambda a, b, s: objectives.sdm(a, b, ids, s),
        lambda a, b, s: plain_sdm(a, b, ids, s),
        (a, b, scale),
    )
    compare_all("sigmoid of 2,501", objectives.sigmoid, plain_sigmoid, (a, b, scale, bias))


def test_a_number_as_scale_is_as_good_as_a_tensor():
    a, b, ids, _ = contrast_case(4, torch.float64)
    for x, y in [
        (relata.objectives.info_nce(a, b, 1 / 0.07), plain_info_nce(a, b, 1 / 0.07)),
        (relata.objectives.sdm(a, b, ids, 50), plain_sdm(a, b, ids, 50)),
        (relata.objectives.sigmoid(a, b, 10, -10, ids), plain_sigmoid(a, b, 10, -10, ids)),
    ]:
        assert_close("scale as a number", x, y, 1e-10)


@pytest.mark.parametrize("tile", [2, 1024])
def test_gradcheck(tile):
    g = torch.Generator().manual_seed(5)
    a, b = torch.randn(2, 7, 4, generator=g, dtype=torch.float64)
    ids = torch.tensor([1, 2, 1, 1, 4, 2, 9])
    scale, bias = torch.tensor(3.0, dtype=torch.float64), torch.tensor(-1.0, dtype=torch.float64)
    inputs = [x.requires_grad_() for x in (a, b, scale, bias)]
    assert torch.autograd.gradcheck(lambda a, b, s: _tiled.info_nce(a, b, s, ids, tile), inputs[:3])
    assert torch.autograd.gradcheck(lambda a, b, s: _tiled.sdm(a, b, ids, s, tile=tile), inputs[:3])
    assert torch.autograd.gradcheck(lambda a, b, s, c: _tiled.sigmoid(a, b, s, c, ids, tile), inputs)


def test_second_derivatives_of_tiled_losses_are_refused():
    a = torch.randn(3, 4, requires_grad=True)
    value = relata.objectives.info_nce(a, torch.randn(3, 4), 1.0)
    # torch's own loop throws it on, as a RuntimeError
    with pytest.raises(RuntimeError, match="no second derivatives"):
        torch.autograd.grad(value, a, create_graph=True)


def test_learned_temperature():
    """CLIP's: the scale is exp of a parameter; a step of SGD moves it as plain PyTorch does."""
    g = torch.Generator().manual_seed(1)
    a, b = torch.randn(2, 20, 6, generator=g)
    steps = []
    for loss in (relata.objectives.info_nce, plain_info_nce):
        log_scale = torch.nn.Parameter(torch.tensor(2.659))
        optimizer = torch.optim.SGD([log_scale], lr=0.5)
        for _ in range(5):
            optimizer.zero_grad()
            loss(a, b, log_scale.exp()).backward()
            optimizer.step()
        steps.append(log_scale.detach())
    assert_close("learned temperature", *steps, 1e-5)


def test_errors_of_tiled_losses():
    a, b = torch.zeros(3, 2), torch.zeros(4, 2)
    with pytest.raises(relata.Error, match=r"info_nce: a is \[3, 2\] but b is \[4, 2\]"):
        relata.objectives.info_nce(a, b, 1.0)
    with pytest.raises(relata.Error, match="one whole number for each of the 3 rows"):
        relata.objectives.sdm(a, a, torch.arange(4), 1.0)
    with pytest.raises(relata.Error, match="the bias has 2 values"):
        relata.objectives.sigmoid(a, a, 1.0, torch.zeros(2))
    with pytest.raises(relata.Error, match="at least one row"):
        relata.objectives.info_nce(a[:0], a[:0], 1.0)
