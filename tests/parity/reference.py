"""M3CoL in plain PyTorch, written from the formulas of the method's description."""

import torch
from torch import nn
from torch.nn import functional as F

MIXUP_TEMPERATURE = 0.1
SOFT_TEMPERATURE = 0.125


def unit(x):
    """n(x) = x / max(||x||, 1e-12), row by row."""
    return x / x.norm(dim=1, keepdim=True).clamp_min(1e-12)


def soft_cross_entropy(logits, target):
    return -(target * F.log_softmax(logits, dim=1)).sum(dim=1).mean()


def soft_clip(a, b, temperature=SOFT_TEMPERATURE, detach_targets=False):
    target = F.softmax(unit(b) @ unit(b).T / temperature, dim=1)
    if detach_targets:
        target = target.detach()
    logits = unit(a) @ unit(b).T / temperature
    return (soft_cross_entropy(logits, target) + soft_cross_entropy(logits.T, target)) / 2


def mixup_targets(permutation, coefficients, fixed_point):
    """Entry by entry, as the description says it."""
    n = len(permutation)
    target = torch.zeros(n, n, dtype=torch.float64)
    for i in range(n):
        target[i, i] = coefficients[i]
        partner = int(permutation[i])
        if fixed_point == "accumulate" and partner == i:
            target[i, i] = 1
        else:
            target[i, partner] = 1 - coefficients[i]
    return target


def mixup_clip(
    a_mixed,
    b,
    permutation,
    coefficients,
    temperature=MIXUP_TEMPERATURE,
    fixed_point="overwrite",
    backward_targets="as_released",
):
    target = mixup_targets(permutation, coefficients.double(), fixed_point).to(a_mixed.dtype)
    back = target.T
    if backward_targets == "row_normalise":
        back = back / back.sum(dim=1, keepdim=True).clamp_min(1e-12)
    logits = unit(a_mixed) @ unit(b).T / temperature
    return (soft_cross_entropy(logits, target) + soft_cross_entropy(logits.T, back)) / 2


def mix_rows(x, permutation, coefficients):
    c = coefficients.to(x.dtype).reshape(-1, *[1] * (x.dim() - 1))
    return c * x + (1 - c) * x[permutation]


def xavier_linear(in_features, out_features):
    """Default initialisation is drawn first, then overwritten."""
    linear = nn.Linear(in_features, out_features)
    nn.init.xavier_normal_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear


class Mlp(nn.Module):
    def __init__(self, in_features, hidden, out_features):
        super().__init__()
        self.hidden = xavier_linear(in_features, hidden)
        self.out = xavier_linear(hidden, out_features)

    def forward(self, x):
        return self.out(F.relu(self.hidden(x)))


class M3col(nn.Module):
    """Encoders, heads, fusion; drawn in that order and named as the engine names them."""

    def __init__(self, widths, classes, embedding, hidden):
        super().__init__()
        self.roles = len(widths)
        for m, width in enumerate(widths, start=1):
            self.add_module(f"encoder{m}", Mlp(width, embedding, embedding))
        for m in range(1, self.roles + 1):
            self.add_module(f"head{m}", Mlp(embedding, hidden, classes))
        self.fusion = Mlp(embedding * self.roles, hidden, classes)

    def encode(self, m, x):
        return getattr(self, f"encoder{m + 1}")(x)

    def head(self, m, e):
        return getattr(self, f"head{m + 1}")(e)


def pairs(roles, scheme):
    """(from, to, weight): cyclic, or all ordered pairs with weight 1/2 beyond two roles."""
    if scheme == "cyclic" or roles == 2:
        return [(m, (m + 1) % roles, 1.0) for m in range(roles)]
    return [(i, j, 0.5) for i in range(roles) for j in range(roles) if i != j]


def losses(model, xs, y, *, contrast, mixings=None, present=None, keep=None, options=None):
    """Every part by the engine's name as (value, weight); the total is Σ weight · value.

    contrast: None, "mixup" or "soft". mixings: per role (permutation, coefficients) over the rows
    that have every role. present: [rows] bool per role. keep: [rows] bool per role, false where
    fusion is not to see it.
    """
    o = {
        "fixed_side": "mixed",
        "mix_space": "embedding",
        "fixed_point": "overwrite",
        "pairs": "cyclic",
        "backward_targets": "as_released",
        "soft_targets": "attached",
        "weight": 0.1,
        "unimodal": True,
        **(options or {}),
    }
    rows = len(y)
    everywhere = torch.ones(rows, dtype=torch.bool)
    present = present or [everywhere] * model.roles
    keep = keep or [everywhere] * model.roles
    e = [model.encode(m, x) for m, x in enumerate(xs)]
    known = y >= 0
    seen = [
        torch.where((p & k)[:, None], e[m], torch.zeros_like(e[m]))
        for m, (p, k) in enumerate(zip(present, keep))
    ]
    parts = {"fusion": (F.cross_entropy(model.fusion(torch.cat(seen, 1))[known], y[known]), 1.0)}
    if o["unimodal"]:
        for m in range(model.roles):
            rows_m = known & present[m]
            parts[f"head.r{m}"] = (F.cross_entropy(model.head(m, e[m])[rows_m], y[rows_m]), 1.0)
    if contrast is None:
        return parts
    complete = torch.stack(present).all(dim=0)
    clean = [e_m[complete] for e_m in e]
    if contrast == "mixup":  # all modalities are mixed first
        if o["mix_space"] == "input":
            mixed = [
                model.encode(m, mix_rows(x[complete], *mixings[m])) for m, x in enumerate(xs)
            ]
        else:
            mixed = [mix_rows(e_m, *mixings[m]) for m, e_m in enumerate(clean)]
        fixed = mixed if o["fixed_side"] == "mixed" else clean
    for i, j, pair_weight in pairs(model.roles, o["pairs"]):
        if contrast == "soft":
            detach = o["soft_targets"] == "detach_targets"
            value = soft_clip(clean[i], clean[j], detach_targets=detach)
        else:
            value = mixup_clip(
                mixed[i],
                fixed[j],
                *mixings[i],
                fixed_point=o["fixed_point"],
                backward_targets=o["backward_targets"],
            )
        parts[f"contrast.r{i}-r{j}"] = (value, o["weight"] * pair_weight)
    return parts


def total(parts):
    return sum(weight * value for value, weight in parts.values())


def draw_mixing(rows, beta=0.15, share=0.5):
    """The draws of the release, in its order, from torch's default generator."""
    permutation = torch.randperm(rows)
    b = torch._sample_dirichlet(torch.full([rows, 2], beta, dtype=torch.float32))[:, 0]
    selected = torch.rand(rows) <= share
    return permutation, torch.where(selected, b, torch.ones_like(b))
