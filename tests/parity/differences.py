"""Comparing tensors, and remembering the largest difference for the summary."""

import torch

LARGEST: dict[str, float] = {}


def difference(ours, theirs):
    """max |ours - theirs| / max(1, max |theirs|)."""
    ours = torch.as_tensor(ours, dtype=torch.float64).detach()
    theirs = torch.as_tensor(theirs, dtype=torch.float64).detach()
    assert ours.shape == theirs.shape, f"{tuple(ours.shape)} against {tuple(theirs.shape)}"
    if ours.numel() == 0:
        return 0.0
    assert torch.equal(ours.isnan(), theirs.isnan()), "undefined in one only"
    gap = (ours - theirs).abs().nan_to_num(0.0)
    return float(gap.max() / max(1.0, float(theirs.abs().nan_to_num(0.0).max())))


def assert_close(name, ours, theirs, tolerance):
    gap = difference(ours, theirs)
    LARGEST[name] = max(LARGEST.get(name, 0.0), gap)
    assert gap <= tolerance, f"{name}: {gap:.3e} > {tolerance:.1e}"


def tolerance_of(dtype):
    return 1e-10 if dtype == torch.float64 else 1e-5
