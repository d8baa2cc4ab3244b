#!/usr/bin/env python3
"""The losses of all pairs of a batch, computed tile by tile, against plain PyTorch that holds the batch² matrix.

    python bench/contrastive_loss.py [--busy]

Value and gradients by both sides and the scale. The largest gap of value and gradients is printed first, then seconds
at a batch of 8,192 (bar: within 1.6 times the plain form's, a ratio of 0.625), then, for a batch of 32,768 that the
plain form has no memory for, seconds and anonymous memory beyond the inputs and their gradients (bar: 200 MB).
--busy measures on a busy machine all the same.
"""
import pathlib
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "build/release/python"))

import measure
import relata
import torch
import torch.nn.functional as F

BATCH, LARGE, WIDTH = 8192, 32768, 512
SLOWER = 1.6
MEGABYTES = 200


def plain_info_nce(a, b, ids, scale):
    logits = scale * F.normalize(a) @ F.normalize(b).T
    target = torch.arange(len(a))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def plain_sdm(text, image, ids, scale):
    cosines = F.normalize(text) @ F.normalize(image).T
    same = (ids[:, None] == ids[None, :]).to(text.dtype)
    log_q = (same / same.sum(1, keepdim=True) + 1e-8).log()
    loss = 0
    for logits in (scale * cosines, scale * cosines.T):
        log_p = F.log_softmax(logits, 1)
        loss = loss + (log_p.exp() * (log_p - log_q)).sum(1).mean()
    return loss


def plain_sigmoid(a, b, ids, scale):
    z = 2 * torch.eye(len(a)) - 1
    return -F.logsigmoid(z * (scale * F.normalize(a) @ F.normalize(b).T - 10)).sum() / len(a)


LOSSES = {
    "info_nce": (plain_info_nce, lambda a, b, ids, scale: relata.objectives.info_nce(a, b, scale)),
    "sdm": (plain_sdm, lambda a, b, ids, scale: relata.objectives.sdm(a, b, ids, scale)),
    "sigmoid": (plain_sigmoid, lambda a, b, ids, scale: relata.objectives.sigmoid(a, b, scale, -10)),
}


def batch_of(size: int) -> list[torch.Tensor]:
    """Pairs that resemble each other, as after some training; four rows in ten share an id."""
    torch.manual_seed(0)
    a = torch.randn(size, WIDTH)
    b = a + 2 * torch.randn(size, WIDTH)
    scale = torch.tensor(14.3)
    inputs = [x.requires_grad_() for x in (a, b, scale)]
    return [*inputs[:2], torch.randint(0, 2 * size, [size]), inputs[2]]


def step(loss, inputs) -> float:
    for x in inputs:
        x.grad = None
    began = time.perf_counter()
    loss(*inputs).backward()
    return time.perf_counter() - began


def gap(plain, ours, inputs) -> float:
    """The largest difference of value or gradient, relative to the largest entry of the plain form's."""
    results = []
    for loss in (plain, ours):
        for x in inputs:
            x.grad = None
        value = loss(*inputs)
        value.backward()
        results.append([value.detach(), *(x.grad for x in inputs if x.grad is not None)])
    return max(float((y - x).abs().max() / x.abs().max()) for x, y in zip(*results))


def anonymous_megabytes() -> float:
    with open("/proc/self/status", encoding="utf-8") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1e3


def peak_beyond(work) -> tuple[float, float]:
    """Seconds of `work`, and the most anonymous memory above what there was before."""
    before, peak, done = anonymous_megabytes(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.002):
            peak[0] = max(peak[0], anonymous_megabytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    seconds = work()
    done.set()
    watcher.join()
    return seconds, max(peak[0], anonymous_megabytes()) - before


def memory_of(name: str) -> None:
    """Seconds, megabytes beyond inputs and gradients, megabytes of the gradients; of one step at the large batch."""
    torch.set_num_threads(2)
    inputs = batch_of(LARGE)
    gradients = sum(4 * x.numel() for x in inputs if x.requires_grad) / 1e6
    seconds, megabytes = peak_beyond(lambda: step(LOSSES[name][1], inputs))
    print(seconds, megabytes - gradients, gradients)


def main() -> int:
    if "--memory" in sys.argv:
        memory_of(sys.argv[sys.argv.index("--memory") + 1])
        return 0
    measure.require_quiet_release_build()
    torch.set_num_threads(2)
    print(measure.describe(2))
    met = True
    inputs = batch_of(BATCH)
    for name, (plain, ours) in LOSSES.items():
        print(f"{name}, batch {BATCH}, width {WIDTH}: largest relative gap {gap(plain, ours, inputs):.1e}")
        pairs = measure.pairs(lambda: step(plain, inputs), lambda: step(ours, inputs))
        met = measure.report(f"{name}: seconds a value and its gradients", pairs, 1 / SLOWER) and met
    for name in LOSSES:
        _, _, output = measure.run([sys.executable, __file__, "--memory", name])  # a fresh heap for each
        seconds, beyond, gradients = map(float, output.split())
        met = met and beyond < MEGABYTES
        print(f"{name}, batch {LARGE}: {seconds:.1f} s, {beyond:.0f} MB beyond the inputs and their gradients "
              f"({gradients:.0f} MB), bar {MEGABYTES}: {'met' if beyond < MEGABYTES else 'MISSED'}", flush=True)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
