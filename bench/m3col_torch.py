"""The peer of m3col_step.py: M3CoL's omics training step in eager PyTorch, written from the published formulas.

Usage: m3col_torch.py released|twin THREADS EPOCHS DATA. Prints seconds a step, averaged over the schedule.
released: encodes every modality twice in the mixing phase, default (foreach) Adam. twin: once, fused Adam.
"""

import sys
import time

import numpy as np
import torch
from torch import nn

variant, threads, epochs, data = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
torch.set_num_threads(threads)
torch.manual_seed(0)
x = []
for m in (1, 2, 3):
    raw = np.loadtxt(f"{data}/{m}_tr.csv", delimiter=",")
    raw = raw - raw.min(0)
    x.append(torch.tensor(raw / (raw.max(0) + 1e-10), dtype=torch.float32))
y = torch.tensor(np.loadtxt(f"{data}/labels_tr.csv").astype(np.int64))
rows = len(y)


def linear(inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.xavier_normal_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def mlp(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(linear(inputs, 1000), nn.ReLU(), linear(1000, outputs))


encoders = nn.ModuleList(mlp(200, 1000) for _ in x)
heads = nn.ModuleList(mlp(1000, 2) for _ in x)
fusion = mlp(3000, 2)
modules = nn.ModuleList([encoders, heads, fusion])
optimizer = torch.optim.Adam(modules.parameters(), lr=2e-3, weight_decay=1e-4, fused=variant == "twin")
cross_entropy = nn.CrossEntropyLoss()
unit = nn.functional.normalize


def mix(e: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    permutation = torch.randperm(rows)
    b = torch.distributions.Beta(0.15, 0.15).sample((rows,))
    b = torch.where(torch.rand(rows) <= 0.5, b, torch.ones(rows))
    return b[:, None] * e + (1 - b[:, None]) * e[permutation], permutation, b


def mixup_term(a: torch.Tensor, b: torch.Tensor, permutation: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    s = unit(a, dim=1) @ unit(b, dim=1).T / 0.1
    target = torch.diag(c)
    target[torch.arange(rows), permutation] = 1 - c
    forward = -(target * s.log_softmax(-1)).sum(-1).mean()
    return (forward - (target.T * s.T.log_softmax(-1)).sum(-1).mean()) / 2


def soft_term(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    a, b = unit(a, dim=1), unit(b, dim=1)
    target = (b @ b.T / 0.125).softmax(-1)
    s = a @ b.T / 0.125
    return -((target * s.log_softmax(-1)).sum(-1).mean() + (target * s.T.log_softmax(-1)).sum(-1).mean()) / 2


def step(epoch: int) -> None:
    optimizer.zero_grad()
    e = [encode(v) for encode, v in zip(encoders, x)]
    loss = cross_entropy(fusion(torch.cat(e, 1)), y) + sum(cross_entropy(h(v), y) for h, v in zip(heads, e))
    if epoch < int(0.33 * epochs):
        if variant == "released":
            e = [encode(v) for encode, v in zip(encoders, x)]
        mixed = [mix(v) for v in e]
        terms = [mixup_term(mixed[m][0], mixed[(m + 1) % 3][0], *mixed[m][1:]) for m in range(3)]
    else:
        terms = [soft_term(e[m], e[(m + 1) % 3]) for m in range(3)]
    loss = loss + 0.1 * sum(terms)
    loss.backward()
    optimizer.step()
    loss.item()


step(0)
began = time.perf_counter()
for number in range(1, epochs):
    step(number)
print((time.perf_counter() - began) / (epochs - 1))
