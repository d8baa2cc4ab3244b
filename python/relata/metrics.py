"""Metrics of classifiers and of retrieval, with intervals and paired tests.

Every function of classes takes what the model said first and the truth second::

    accuracy(prediction_or_score, label)

Both may be tensors, NumPy arrays or sequences. A prediction is class numbers [rows]; a score is
[rows] for class 1 of two, or [rows, classes]. Labels are class numbers [rows]; rows of unknown class
must be left out. Definitions are scikit-learn's unless said otherwise. All raise
:class:`relata.Error`, naming the row, for no rows, unequal lengths, NaN, and what is no class.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Literal, NamedTuple, TypedDict, Union

import torch
from torch import Tensor

from relata._arrays import ArrayLike, tensor_of
from relata._relata import metrics as _native

__all__ = [
    "ClassSupport",
    "Holm",
    "Interval",
    "McNemar",
    "Report",
    "Sample",
    "Welch",
    "accuracy",
    "average_precision",
    "balanced_accuracy",
    "bootstrap",
    "brier",
    "ece",
    "f1_binary",
    "f1_macro",
    "f1_weighted",
    "fit_temperature",
    "holm",
    "log_loss",
    "matthews_correlation",
    "mcnemar",
    "paired_difference",
    "report",
    "retrieval",
    "retrieval_from_features",
    "roc_auc",
    "top_k_accuracy",
    "welch",
]


# Of predicted classes: class numbers [rows], or scores [rows, classes] whose argmax (the lowest
# index on ties) is the prediction.


def accuracy(prediction_or_score: ArrayLike, label: ArrayLike) -> float:
    """Share of rows whose predicted class is true."""
    return _native.accuracy(tensor_of(prediction_or_score), tensor_of(label))


def balanced_accuracy(prediction_or_score: ArrayLike, label: ArrayLike) -> float:
    """Mean recall of the classes present in truth."""
    return _native.balanced_accuracy(tensor_of(prediction_or_score), tensor_of(label))


def f1_binary(prediction_or_score: ArrayLike, label: ArrayLike) -> float:
    """F1 of class 1 of two; 0 if it is neither true nor predicted anywhere."""
    return _native.f1_binary(tensor_of(prediction_or_score), tensor_of(label))


def f1_macro(prediction_or_score: ArrayLike, label: ArrayLike) -> float:
    """Mean F1 of the classes present in truth or prediction."""
    return _native.f1_macro(tensor_of(prediction_or_score), tensor_of(label))


def f1_weighted(prediction_or_score: ArrayLike, label: ArrayLike) -> float:
    """Mean F1 weighted by how many rows truly are of the class."""
    return _native.f1_weighted(tensor_of(prediction_or_score), tensor_of(label))


def matthews_correlation(prediction_or_score: ArrayLike, label: ArrayLike) -> float:
    """Matthews correlation of any number of classes (Gorodkin 2004); 0 if either side is constant."""
    return _native.matthews_correlation(tensor_of(prediction_or_score), tensor_of(label))


# Of scores.


def roc_auc(score: ArrayLike, label: ArrayLike) -> float:
    """P(score of a positive > score of a negative) + ½ P(equal).

    [rows, classes] is the macro average of one class against the rest, leaving out classes without
    rows (or with all); for two classes give the column of class 1. NaN if nothing is left.
    """
    return _native.roc_auc(tensor_of(score), tensor_of(label))


def average_precision(score: ArrayLike, label: ArrayLike) -> float:
    """Σ (R_n - R_{n-1}) P_n over distinct thresholds, of class 1; NaN without positives."""
    return _native.average_precision(tensor_of(score), tensor_of(label))


def top_k_accuracy(
    score: ArrayLike,
    label: ArrayLike,
    k: int,
    ties: Literal["lowest_index", "highest_index"] = "lowest_index",
) -> float:
    """Share of rows whose true class is among the k best of [rows, classes]; ties by the rule."""
    if ties not in ("lowest_index", "highest_index"):
        raise ValueError(f"ties is {ties!r}: choose 'lowest_index' or 'highest_index'")
    return _native.top_k_accuracy(tensor_of(score), tensor_of(label), k, ties == "highest_index")


# Of probabilities.


def brier(score: ArrayLike, label: ArrayLike) -> float:
    """mean (p - y)² of P(class 1), or mean Σ_c (p_c - y_c)² of [rows, classes]."""
    return _native.brier(tensor_of(score), tensor_of(label))


def ece(score: ArrayLike, label: ArrayLike) -> float:
    """Expected calibration error: 15 equal-width bins of the predicted class's probability.

    Source: Guo et al., "On calibration of modern neural networks", 2017, eq. 3.
    """
    return _native.ece(tensor_of(score), tensor_of(label))


def log_loss(score: ArrayLike, label: ArrayLike) -> float:
    """-mean ln p_y, with p cut to [ε, 1 - ε], ε = 2⁻⁵²."""
    return _native.log_loss(tensor_of(score), tensor_of(label))


def fit_temperature(logits: ArrayLike, label: ArrayLike) -> float:
    """The T in [1e-3, 1e3] that minimises the log loss of softmax(logits / T).

    Source: Guo et al., 2017, §4.2.
    """
    return _native.fit_temperature(tensor_of(logits), tensor_of(label))


# Intervals.


class Interval(NamedTuple):
    """A percentile bootstrap interval (Efron, Tibshirani 1993, §13.3)."""

    estimate: float  #: the metric of the rows as they are
    low: float
    high: float
    level: float
    resamples: int
    undefined: int  #: resamples left out because the metric was NaN there


class ClassSupport(NamedTuple):
    name: str
    rows: int  #: rows of the class in truth
    predicted: int  #: rows predicted as the class


class Report(TypedDict):
    rows: int
    classes: list[ClassSupport]
    metrics: dict[str, Interval]


def _numbered(
    names: Sequence[Hashable] | ArrayLike, numbers: dict[Hashable, int]
) -> list[int]:
    """Names of any kind become numbers, equal ones the same; `numbers` remembers them."""
    values = names.tolist() if hasattr(names, "tolist") else list(names)  # type: ignore[arg-type]
    return [numbers.setdefault(value, len(numbers)) for value in values]


def _resampling(
    rows: int, groups: Sequence[Hashable] | ArrayLike | None, resamples: int, level: float, seed: int
) -> _native.Resampling:
    """Groups of any kind become numbers: equal ones stay together."""
    if groups is None:
        return _native.Resampling([], resamples, level, seed)
    numbered = _numbered(groups, {})
    if len(numbered) != rows:
        raise ValueError(f"there are {len(numbered)} groups for {rows} rows")
    return _native.Resampling(numbered, resamples, level, seed)


def report(
    probabilities: ArrayLike,
    label: ArrayLike,
    class_names: Sequence[str] | None = None,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    *,
    resamples: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> Report:
    """Counts and every metric with its interval, all from the same resamples.

    Args:
        probabilities: [rows, classes].
        label: [rows].
        class_names: one a class; by default "0", "1", …
        groups: [rows], anything hashable: rows of one group are resampled together.
        resamples: 0 gives estimates alone.
        level: of the intervals.
        seed: resample r is a function of seed and r alone.

    Returns:
        rows, classes and metrics. For two classes roc_auc, average_precision and brier are of
        P(class 1); for more there are no f1_binary and no average_precision.
    """
    scores = tensor_of(probabilities)
    resampling = _resampling(int(scores.shape[0]), groups, resamples, level, seed)
    parts = _native.report(scores, tensor_of(label), list(class_names or []), resampling)
    return {
        "rows": parts["rows"],
        "classes": [ClassSupport(*support) for support in parts["classes"]],
        "metrics": {name: Interval(*interval) for name, interval in parts["metrics"].items()},
    }


# Of retrieval.


def retrieval(
    scores: ArrayLike,
    query_ids: Sequence[Hashable] | ArrayLike,
    gallery_ids: Sequence[Hashable] | ArrayLike,
    *,
    at: Sequence[int] = (1, 5, 10),
    groups: Sequence[Hashable] | ArrayLike | None = None,
    resamples: int = 0,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Any]:
    """How well queries find what belongs to them: recall at k, ranks, MRR, mAP, mINP.

    Ranks are counted, nothing is sorted. Items rank by descending score, those of equal score in
    the order of the gallery::

        rank of a positive p = 1 + #{j: S_j > S_p} + #{j < p: S_j = S_p}

    Args:
        scores: [queries, gallery], higher is better; infinite ones rank, NaN is an error.
        query_ids, gallery_ids: [queries], [gallery], anything hashable; equal ids belong together.
        at: the k of R@k.
        groups: [queries], anything hashable: queries of one group are resampled together.
        resamples: 0 gives no intervals.
        level: of the intervals.
        seed: resample r is a function of seed and r alone.

    Returns:
        "R@1" … (shares of queries with a positive among the first k), "median_rank" and
        "mean_rank" (of the best positive, from 1), "MRR", "mAP" (over all positives of the
        gallery, the mean of i / r_i), "mINP" (m / r_m, Ye et al., arXiv 2001.04193) as floats, the
        counts "queries" (which the means are over), "skipped" (queries without any positive, left
        out), "gallery", "positives" (pairs), "tied" (queries where a positive and another item
        score the same, so that the order of the gallery decides), and "intervals": name →
        :class:`Interval`, empty without resamples.

    Raises:
        relata.Error: shapes do not fit, a score is NaN, no query has a positive, a k is below 1.
    """
    numbers: dict[Hashable, int] = {}
    queries = _numbered(query_ids, numbers)
    resampling = _resampling(len(queries), groups, resamples, level, seed)
    return _retrieval_dict(
        _native.retrieval(
            tensor_of(scores), queries, _numbered(gallery_ids, numbers), list(at), resampling
        )
    )


def retrieval_from_features(
    queries: ArrayLike,
    gallery: ArrayLike,
    query_ids: Sequence[Hashable] | ArrayLike,
    gallery_ids: Sequence[Hashable] | ArrayLike,
    *,
    similarity: Literal["cosine", "dot"] = "cosine",
    at: Sequence[int] = (1, 5, 10),
    groups: Sequence[Hashable] | ArrayLike | None = None,
    resamples: int = 0,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Any]:
    """:func:`retrieval` without the matrix of scores: they are computed block by block.

    Args:
        queries, gallery: [queries, width], [gallery, width]; half precision is scored in float32.
        similarity: "cosine" (rows of zeros score 0) or "dot".

    The rest is as in :func:`retrieval`. Beside the features this needs a block of scores of 32 MB
    and, for cosines, a copy of the gallery.
    """
    if similarity not in ("cosine", "dot"):
        raise ValueError(f"similarity is {similarity!r}: choose 'cosine' or 'dot'")
    numbers: dict[Hashable, int] = {}
    query_numbers = _numbered(query_ids, numbers)
    return _retrieval_dict(
        _native.retrieval_from_features(
            tensor_of(queries),
            tensor_of(gallery),
            query_numbers,
            _numbered(gallery_ids, numbers),
            similarity == "cosine",
            list(at),
            _resampling(len(query_numbers), groups, resamples, level, seed),
        )
    )


def _retrieval_dict(parts: _native.RetrievalParts) -> dict[str, Any]:
    counts: dict[str, Any] = {name: value for name, value in parts.items() if name != "metrics"}
    intervals = {name: Interval(*value) for name, value in parts["metrics"].items()}
    estimates = {name: interval.estimate for name, interval in intervals.items()}
    with_ends = any(interval.resamples > 0 for interval in intervals.values())
    return {**estimates, **counts, "intervals": intervals if with_ends else {}}


Metric = Callable[[Tensor, Tensor], float]


def bootstrap(
    metric: Metric,
    prediction_or_score: ArrayLike,
    label: ArrayLike,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    *,
    resamples: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """The interval of any metric(prediction_or_score, label) -> float, NaN where undefined."""
    said, truth = tensor_of(prediction_or_score), tensor_of(label)
    rows = int(truth.shape[0])
    return Interval(
        *_native.bootstrap(
            lambda chosen: float(metric(said[chosen], truth[chosen])),
            rows,
            _resampling(rows, groups, resamples, level, seed),
        )
    )


def paired_difference(
    metric: Metric,
    prediction_or_score_a: ArrayLike,
    prediction_or_score_b: ArrayLike,
    label: ArrayLike,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    *,
    resamples: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """The interval of metric(a) - metric(b); both see the same resamples of the rows."""
    a, b, truth = tensor_of(prediction_or_score_a), tensor_of(prediction_or_score_b), tensor_of(label)
    rows = int(truth.shape[0])

    def difference(chosen: Tensor) -> float:
        y = truth[chosen]
        return float(metric(a[chosen], y)) - float(metric(b[chosen], y))

    return Interval(
        *_native.bootstrap(difference, rows, _resampling(rows, groups, resamples, level, seed))
    )


# Tests.


class McNemar(NamedTuple):
    only_a: int  #: rows that a alone gets right
    only_b: int
    p: float  #: two-sided


def mcnemar(
    prediction_a: ArrayLike, prediction_b: ArrayLike, label: ArrayLike
) -> McNemar:
    """Exact McNemar test of two classifiers on the same rows."""
    return McNemar(
        *_native.mcnemar(tensor_of(prediction_a), tensor_of(prediction_b), tensor_of(label))
    )


class Holm(NamedTuple):
    adjusted: list[float]  #: to be compared with the level, in the order given
    rejected: list[bool]


def holm(p_values: Sequence[float], level: float = 0.05) -> Holm:
    """Holm's step-down correction for several tests."""
    return Holm(*_native.holm([float(p) for p in p_values], level))


class Sample(NamedTuple):
    """A set of runs as a table tells it."""

    mean: float
    sd: float  #: sample standard deviation (n - 1)
    n: int


class Welch(NamedTuple):
    t: float
    df: float  #: Welch-Satterthwaite
    p: float  #: two-sided


def welch(a: Union[Sample, ArrayLike], b: Union[Sample, ArrayLike]) -> Welch:
    """Welch's t-test of equal means with unequal variances; of values, or of what a table tells.

    A single value has no spread: t, df and p are then NaN.
    """
    return Welch(*_native.welch(*_sample_of(a), *_sample_of(b)))


def _sample_of(values: Union[Sample, ArrayLike]) -> Sample:
    if isinstance(values, Sample):
        return values
    return Sample(*_native.sample(tensor_of(values).to(torch.float64).flatten().tolist()))
