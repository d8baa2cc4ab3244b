#!/usr/bin/env python3
"""Retrieval metrics of 20,000 queries over 20,000 items by counting, against sorting as published evaluations do it.

    python bench/retrieval_metrics.py [--busy]

The peer sorts each row (torch.argsort), gathers the ids and adds up matches (cumsum). Held whole, as it is published,
that needs some 15 GB; here it goes through blocks of 1,000 queries, which is faster than held whole. Both from
features (width 512) and from a matrix of scores; that all numbers agree is checked first. Bar: 10 times, and 200 MB
of anonymous memory beyond the features. --busy measures on a busy machine all the same.
"""
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "build/release/python"))

import contrastive_loss
import measure
import relata
import torch
import torch.nn.functional as F

SIZE, WIDTH, IDS = 20_000, 512, 5_000
BLOCK = 1_000
BAR, MEGABYTES = 10.0, 200
PAIRS = 7


def problem():
    """Four items and four queries an id, as with several captions and views; neither easy nor hopeless."""
    torch.manual_seed(0)
    centres = torch.randn(IDS, WIDTH)
    ids = [torch.randint(0, IDS, [SIZE]) for _ in range(2)]
    return [centres[own] + 3 * torch.randn(SIZE, WIDTH) for own in ids], ids


def sorted_block(scores, query_ids, gallery_ids) -> list[torch.Tensor]:
    order = scores.argsort(dim=1, descending=True)
    matches = gallery_ids[order] == query_ids[:, None]
    found = matches.cumsum(1)
    place = torch.arange(1, scores.shape[1] + 1)
    m = found[:, -1]
    precision = (found / place * matches).sum(1) / m
    last = (found >= m[:, None]).int().argmax(1) + 1
    return [found[:, :10] > 0, precision.double(), (m / last).double(), m > 0]


def by_sorting(block_of, query_ids, gallery_ids) -> dict[str, float]:
    blocks = [sorted_block(block_of(i), query_ids[i : i + BLOCK], gallery_ids) for i in range(0, SIZE, BLOCK)]
    hits, precision, penalty, counted = (torch.cat(parts) for parts in zip(*blocks))
    recall = hits[counted].double().mean(0)
    return {"R@1": recall[0], "R@5": recall[4], "R@10": recall[9], "mAP": precision[counted].mean(),
            "mINP": penalty[counted].mean()}


def main() -> int:
    measure.require_quiet_release_build()
    torch.set_num_threads(2)
    print(measure.describe(2))
    (queries, gallery), (query_ids, gallery_ids) = problem()
    q_list, g_list = query_ids.tolist(), gallery_ids.tolist()

    def peer_of_features():
        q, g = F.normalize(queries), F.normalize(gallery)
        return by_sorting(lambda i: q[i : i + BLOCK] @ g.T, query_ids, gallery_ids)

    def ours_of_features():
        return relata.metrics.retrieval_from_features(queries, gallery, q_list, g_list)

    def seconds(work) -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    _, megabytes = contrastive_loss.peak_beyond(lambda: seconds(ours_of_features))
    theirs, ours = peer_of_features(), ours_of_features()
    for name, value in theirs.items():
        assert abs(float(value) - ours[name]) < 1e-5, (name, float(value), ours[name])
    print({name: round(value, 4) for name, value in ours.items() if name != "intervals"})
    met = megabytes < MEGABYTES
    print(f"memory beyond the features: {megabytes:.0f} MB, bar {MEGABYTES}: {'met' if met else 'MISSED'}")
    pairs = measure.pairs(lambda: seconds(peer_of_features), lambda: seconds(ours_of_features), PAIRS)
    met = measure.report(f"{SIZE} x {SIZE} from features of width {WIDTH}, seconds", pairs, BAR) and met
    scores = F.normalize(queries) @ F.normalize(gallery).T

    def peer_of_scores():
        return by_sorting(lambda i: scores[i : i + BLOCK], query_ids, gallery_ids)

    pairs = measure.pairs(lambda: seconds(peer_of_scores),
                          lambda: seconds(lambda: relata.metrics.retrieval(scores, q_list, g_list)), PAIRS)
    met = measure.report(f"{SIZE} x {SIZE} from scores, seconds", pairs, BAR) and met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
