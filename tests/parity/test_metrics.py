"""Metrics against scikit-learn and SciPy, on random problems with ties and missing classes."""

import math
import warnings

import numpy as np
import pytest
import relata
import sklearn.metrics as sk
import torch
from differences import assert_close
from relata import metrics
from scipy import optimize, special, stats

CASES = 300
TOLERANCE = 1e-12


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def rng_of(seed):
    return np.random.default_rng(seed)


def predicted(seed):
    """Class numbers: few or many rows, some classes in truth or prediction only."""
    rng = rng_of(seed)
    rows, classes = int(rng.integers(1, 60)), int(rng.integers(2, 7))
    truth = rng.choice(classes, rows, p=rng.dirichlet(np.full(classes, 0.5)))
    said = np.where(rng.random(rows) < 0.6, truth, rng.integers(0, classes, rows))
    return said, truth


def binary(seed):
    """Tied scores of two classes, both present."""
    rng = rng_of(seed)
    rows = int(rng.integers(2, 80))
    truth = rng.integers(0, 2, rows)
    truth[:2] = [0, 1]
    levels = int(rng.integers(1, 12))
    return rng.integers(0, levels + 1, rows) / levels, truth


def probabilities(seed, classes=None):
    """Rows that sum to 1, with ties among rows."""
    rng = rng_of(seed)
    rows = int(rng.integers(2, 80))
    classes = classes or int(rng.integers(3, 7))
    p = rng.dirichlet(np.full(classes, 0.7), rows)
    p[rng.integers(0, rows, rows // 2)] = p[0]
    return p, rng.integers(0, classes, rows)


@pytest.mark.parametrize(
    "name,theirs",
    [
        ("accuracy", sk.accuracy_score),
        ("balanced_accuracy", sk.balanced_accuracy_score),
        ("f1_macro", lambda y, p: sk.f1_score(y, p, average="macro", zero_division=0)),
        ("f1_weighted", lambda y, p: sk.f1_score(y, p, average="weighted", zero_division=0)),
        ("matthews_correlation", sk.matthews_corrcoef),
    ],
)
def test_of_predicted_classes(name, theirs):
    for seed in range(CASES):
        said, truth = predicted(seed)
        assert_close(name, getattr(metrics, name)(said, truth), theirs(truth, said), TOLERANCE)


def test_f1_binary():
    for seed in range(CASES):
        said, truth = (x % 2 for x in predicted(seed))
        assert_close(
            "f1_binary", metrics.f1_binary(said, truth), sk.f1_score(truth, said, zero_division=0), TOLERANCE
        )


def test_scores_are_predictions_by_argmax():
    for seed in range(50):
        p, truth = probabilities(seed)
        assert metrics.accuracy(p, truth) == sk.accuracy_score(truth, p.argmax(1))
        assert metrics.f1_macro(p, truth) == pytest.approx(
            sk.f1_score(truth, p.argmax(1), average="macro"), abs=TOLERANCE
        )


@pytest.mark.parametrize(
    "name,theirs",
    [
        ("roc_auc", sk.roc_auc_score),
        ("average_precision", sk.average_precision_score),
        ("brier", sk.brier_score_loss),
        ("log_loss", lambda y, p: sk.log_loss(y, p, labels=[0, 1])),
    ],
)
def test_of_binary_scores(name, theirs):
    for seed in range(CASES):
        score, truth = binary(seed)
        assert_close(f"{name} of two classes", getattr(metrics, name)(score, truth), theirs(truth, score), TOLERANCE)


def test_ranking_sees_order_alone():
    for seed in range(CASES):
        score, truth = binary(seed)
        score = score * 1e6 - 3e5
        assert_close("roc_auc of any scores", metrics.roc_auc(score, truth), sk.roc_auc_score(truth, score), TOLERANCE)


def test_roc_auc_of_many_classes():
    for seed in range(CASES):
        p, truth = probabilities(seed)
        present = [c for c in range(p.shape[1]) if 0 < (truth == c).sum() < len(truth)]
        theirs = np.mean([sk.roc_auc_score(truth == c, p[:, c]) for c in present]) if present else math.nan
        assert_close("roc_auc macro", metrics.roc_auc(p, truth), theirs, TOLERANCE)
        if len(present) == p.shape[1]:
            whole = sk.roc_auc_score(truth, p, multi_class="ovr", average="macro")
            assert_close("roc_auc macro, all classes", metrics.roc_auc(p, truth), whole, TOLERANCE)


def test_brier_and_log_loss_of_many_classes():
    for seed in range(CASES):
        p, truth = probabilities(seed)
        one_hot = np.eye(p.shape[1])[truth]
        assert_close("brier", metrics.brier(p, truth), ((p - one_hot) ** 2).sum(1).mean(), TOLERANCE)
        theirs = sk.log_loss(truth, p, labels=range(p.shape[1]))
        assert_close("log_loss", metrics.log_loss(p, truth), theirs, TOLERANCE)


def test_ece():
    for seed in range(CASES):
        p, truth = probabilities(seed, classes=2 + seed % 4)
        confidence, right = p.max(1), p.argmax(1) == truth
        bins = stats.binned_statistic(
            -confidence, [confidence, right], "sum", bins=-np.linspace(1, 0, 16)
        )  # of the negatives: their bins are closed below, ours above
        theirs = np.abs(bins.statistic[1] - bins.statistic[0]).sum() / len(truth)
        assert_close("ece", metrics.ece(p, truth), theirs, TOLERANCE)
        if p.shape[1] == 2:
            assert_close("ece of two classes", metrics.ece(p[:, 1], truth), theirs, 1e-9)


def test_top_k_accuracy():
    for seed in range(CASES):
        rng = rng_of(seed)
        p, truth = probabilities(seed)
        p = np.round(p, 1)  # ties within a row
        k = int(rng.integers(1, p.shape[1]))
        theirs = sk.top_k_accuracy_score(truth, p, k=k, labels=range(p.shape[1]))
        ours = metrics.top_k_accuracy(p, truth, k, ties="highest_index")
        assert_close("top_k_accuracy", ours, theirs, TOLERANCE)
        # the lowest index first: the same with the classes counted backwards
        theirs = sk.top_k_accuracy_score(
            p.shape[1] - 1 - truth, p[:, ::-1], k=k, labels=range(p.shape[1])
        )
        assert_close("top_k_accuracy, lowest first", metrics.top_k_accuracy(p, truth, k), theirs, TOLERANCE)


def test_fit_temperature():
    for seed in range(60):
        rng = rng_of(seed)
        z = rng.normal(size=(200, 2 + seed % 4)) * (0.5 + 3 * rng.random())
        truth = np.array([rng.choice(z.shape[1], p=special.softmax(row / 2)) for row in z])

        def loss(log_t):
            return -special.log_softmax(z / np.exp(log_t), axis=1)[np.arange(len(truth)), truth].mean()

        theirs = optimize.minimize_scalar(
            loss, bounds=(math.log(1e-3), math.log(1e3)), method="bounded", options={"xatol": 1e-10}
        )
        ours = metrics.fit_temperature(z, truth)
        assert loss(math.log(ours)) <= theirs.fun + 1e-12
        assert_close("ln fit_temperature", math.log(ours), theirs.x, 1e-5)


def test_mcnemar():
    for seed in range(CASES):
        rng = rng_of(seed)
        truth, a, b = rng.integers(0, 3, (3, 70))
        only_a, only_b = int(((a == truth) & (b != truth)).sum()), int(((a != truth) & (b == truth)).sum())
        theirs = stats.binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
        ours = metrics.mcnemar(a, b, truth)
        assert (ours.only_a, ours.only_b) == (only_a, only_b)
        assert_close("mcnemar p", ours.p, theirs, TOLERANCE)


def test_holm():
    for seed in range(CASES):
        p = rng_of(seed).random(int(rng_of(seed).integers(1, 12))) ** 3
        order = np.argsort(p)
        adjusted = np.empty_like(p)
        adjusted[order] = np.maximum.accumulate(np.minimum(1, p[order] * np.arange(len(p), 0, -1)))
        ours = metrics.holm(list(p))
        assert_close("holm", ours.adjusted, adjusted, TOLERANCE)
        assert ours.rejected == list(adjusted <= 0.05)


def test_welch():
    for seed in range(CASES):
        rng = rng_of(seed)
        a = rng.normal(0, 1, int(rng.integers(2, 30)))
        b = rng.normal(rng.normal(), 0.1 + 2 * rng.random(), int(rng.integers(2, 30)))
        theirs = stats.ttest_ind(a, b, equal_var=False)
        ours = metrics.welch(a, b)
        told = metrics.welch(*(metrics.Sample(x.mean(), x.std(ddof=1), len(x)) for x in (a, b)))
        for result in (ours, told):
            assert_close("welch t", result.t, theirs.statistic, 1e-11)
            assert_close("welch df", result.df, theirs.df, 1e-11)
            assert_close("welch p", result.p, theirs.pvalue, 1e-10)


def test_bootstrap_covers_as_scipy_does():
    """Percentile intervals of the same problem by SciPy: ends agree within the resampling noise."""
    rng = rng_of(0)
    truth = rng.integers(0, 2, 150)
    score = rng.normal(truth, 1.2)
    ours = metrics.bootstrap(metrics.roc_auc, score, truth, resamples=1500)
    theirs = stats.bootstrap(
        (score, truth),
        lambda s, y: sk.roc_auc_score(y, s),
        paired=True,
        vectorized=False,
        n_resamples=1500,
        method="percentile",
        random_state=1,
    )
    assert ours.estimate == pytest.approx(sk.roc_auc_score(truth, score), abs=TOLERANCE)
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.015)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.015)


def test_bootstrap_of_groups_and_report_agree():
    rng = rng_of(3)
    p, truth = probabilities(3, classes=2)
    groups = [f"patient {g}" for g in rng.integers(0, 10, len(truth))]
    report = metrics.report(p, truth, ["control", "case"], groups, resamples=500, seed=7)
    assert report["rows"] == len(truth)
    assert [c.name for c in report["classes"]] == ["control", "case"]
    assert [c.rows for c in report["classes"]] == np.bincount(truth, minlength=2).tolist()
    assert [c.predicted for c in report["classes"]] == np.bincount(p.argmax(1), minlength=2).tolist()
    for name, metric, said in [
        ("accuracy", metrics.accuracy, p),
        ("f1_macro", metrics.f1_macro, p),
        ("roc_auc", metrics.roc_auc, p[:, 1]),
        ("brier", metrics.brier, p[:, 1]),
    ]:
        alone = metrics.bootstrap(metric, said, truth, groups, resamples=500, seed=7)
        assert_close("report against bootstrap", report["metrics"][name][:3], alone[:3], 1e-12)
    same = metrics.paired_difference(metrics.accuracy, p, p, truth, groups, resamples=100)
    assert same[:3] == (0, 0, 0)


def test_accepts_every_kind_of_array():
    said, truth = [0, 1, 1, 0], [0, 1, 0, 0]
    expected = 0.75
    for make in (list, tuple, np.array, torch.tensor, lambda x: np.array(x, dtype=np.float32)):
        assert metrics.accuracy(make(said), make(truth)) == expected
    assert metrics.accuracy(np.array([0, 9, 1, 9, 1, 9, 0])[::2], truth) == expected  # strided
    assert metrics.accuracy(torch.tensor(said, dtype=torch.uint8), np.array(truth, dtype=bool)) == expected
    score = torch.tensor([0.1, 0.8, 0.3, 0.2], requires_grad=True)
    assert metrics.roc_auc(score, truth) == 1.0
    assert metrics.roc_auc([[0.9, 0.1], [0.2, 0.8]], [0, 1]) == 1.0


@pytest.mark.parametrize(
    "call,message",
    [
        (lambda: metrics.accuracy([0, 1], [0]), "2 predictions but 1 labels"),
        (lambda: metrics.accuracy([], []), "at least one row"),
        (lambda: metrics.accuracy([0, 1], [0, -1]), "row 1: label -1 is no class number"),
        (lambda: metrics.accuracy([0.5, 1], [0, 1]), "row 0: prediction 0.5 is no class number"),
        (lambda: metrics.roc_auc([0.5, math.nan], [0, 1]), "row 1: the score is NaN"),
        (lambda: metrics.brier([0.5, 2.0], [0, 1]), "row 1: 2 is no probability"),
        (lambda: metrics.average_precision([[0.5, 0.5]], [0]), "the scores of class 1"),
        (lambda: metrics.top_k_accuracy([0.5, 0.5], [0, 1], 1), r"the score is \[2\], but must be"),
        (lambda: metrics.f1_binary([0, 2], [0, 1]), "prediction 2"),
        (lambda: metrics.accuracy([[0.2], [0.8]], [0, 1]), r"score is \[2, 1\], but must be class numbers \[rows\], or"),
        (lambda: metrics.mcnemar([0, 1], [[0.2], [0.8]], [0, 1]), r"is \[2, 1\]"),
        (lambda: metrics.roc_auc([[0.2], [0.8]], [0, 1]), r"is \[2, 1\], but must be \[rows\] for class 1"),
        (lambda: metrics.brier(np.zeros((2, 0)), [0, 1]), r"is \[2, 0\], but must be \[rows\] for class 1"),
        (lambda: metrics.top_k_accuracy([[0.5], [0.5]], [0, 1], 1), r"is \[2, 1\], but must be \[rows, classes\]"),
        (lambda: metrics.report([[0.5], [0.5]], [0, 0]), r"the probabilities is \[2, 1\]"),
    ],
)
def test_errors_are_one_line(call, message):
    with pytest.raises(relata.Error, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


# Retrieval, against sorting.


def by_sorting(scores, query_ids, gallery_ids, at=(1, 5, 10)):
    """The definition by other means: a stable sort, highest score first, per query."""
    first, precision, penalty, skipped, tied = [], [], [], 0, 0
    for row, own in zip(np.asarray(scores), query_ids):
        positive = gallery_ids == own
        if not positive.any():
            skipped += 1
            continue
        order = np.argsort(-row, kind="stable")
        rank = np.flatnonzero(positive[order]) + 1.0
        first.append(rank[0])
        precision.append((np.arange(1, len(rank) + 1) / rank).mean())
        penalty.append(len(rank) / rank[-1])
        tied += bool(np.isin(row[~positive], row[positive]).any())
    first = np.array(first)
    return {
        **{f"R@{k}": (first <= k).mean() for k in at},
        "median_rank": np.median(first),
        "mean_rank": first.mean(),
        "MRR": (1 / first).mean(),
        "mAP": np.mean(precision),
        "mINP": np.mean(penalty),
        "queries": len(first),
        "skipped": skipped,
        "gallery": len(gallery_ids),
        "positives": int((query_ids[:, None] == gallery_ids).sum()),
        "tied": tied,
    }


def retrieval_problem(seed):
    rng = rng_of(seed)
    queries, items = int(rng.integers(1, 40)), int(rng.integers(1, 150))
    ids = int(rng.integers(1, 30))  # few ids: many positives
    query_ids, gallery_ids = rng.integers(0, ids + 3, queries), rng.integers(0, ids, items)
    query_ids[0] = gallery_ids[0]
    scores = rng.normal(size=(queries, items))
    if seed % 2:
        scores = np.round(scores, 1)  # ties
    return scores, query_ids, gallery_ids


def compare_retrieval(name, ours, theirs):
    assert ours["intervals"] == {}
    assert set(ours) - {"intervals"} == set(theirs)
    for key, value in theirs.items():
        assert_close(f"{name} {key}", ours[key], value, TOLERANCE)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_retrieval(dtype):
    for seed in range(CASES):
        scores, query_ids, gallery_ids = retrieval_problem(seed)
        scores = scores.astype(dtype)
        ours = metrics.retrieval(scores, query_ids, gallery_ids)
        compare_retrieval("retrieval", ours, by_sorting(scores.astype(np.float64), query_ids, gallery_ids))


def test_retrieval_average_precision_is_that_of_scikit_learn():
    """Without ties: there scikit-learn's thresholds are our ranks."""
    for seed in range(0, CASES, 2):
        scores, query_ids, gallery_ids = retrieval_problem(seed)
        theirs = [
            sk.average_precision_score(gallery_ids == own, row)
            for row, own in zip(scores, query_ids)
            if (gallery_ids == own).any()
        ]
        ours = metrics.retrieval(scores, query_ids, gallery_ids)["mAP"]
        assert_close("retrieval mAP against scikit-learn", ours, np.mean(theirs), TOLERANCE)


def test_retrieval_takes_names_and_other_k():
    scores, query_ids, gallery_ids = retrieval_problem(5)
    named = metrics.retrieval(
        torch.from_numpy(scores), [f"id {i}" for i in query_ids], [f"id {i}" for i in gallery_ids], at=[2, 7]
    )
    compare_retrieval("retrieval with names", named, by_sorting(scores, query_ids, gallery_ids, (2, 7)))


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_retrieval_from_features(similarity):
    for seed in range(60):
        rng = rng_of(seed)
        _, query_ids, gallery_ids = retrieval_problem(seed)
        queries, gallery = rng.normal(size=(len(query_ids), 6)), rng.normal(size=(len(gallery_ids), 6))
        gallery[0] = 0
        def unit(x):
            return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)

        q, g = (unit(queries), unit(gallery)) if similarity == "cosine" else (queries, gallery)
        ours = metrics.retrieval_from_features(queries, gallery, query_ids, gallery_ids, similarity=similarity)
        compare_retrieval(f"retrieval of features {similarity}", ours, by_sorting(q @ g.T, query_ids, gallery_ids))


def test_retrieval_intervals():
    scores, query_ids, gallery_ids = retrieval_problem(8)
    found = metrics.retrieval(scores, query_ids, gallery_ids, resamples=400, seed=3)
    counted = np.isin(query_ids, gallery_ids)
    rows, own = scores[counted], query_ids[counted]
    for name in ("R@1", "mAP", "median_rank", "mINP"):
        alone = metrics.bootstrap(
            lambda chosen, truth: by_sorting(chosen, truth.numpy(), gallery_ids)[name],
            rows,
            own,
            resamples=400,
            seed=3,
        )
        assert_close("retrieval intervals", found["intervals"][name][:3], alone[:3], 1e-12)
    whole = metrics.retrieval(scores, query_ids, gallery_ids, groups=["a"] * len(query_ids), resamples=20)
    assert whole["intervals"]["mAP"].low == whole["mAP"] == whole["intervals"]["mAP"].high


@pytest.mark.parametrize(
    "call,message",
    [
        (lambda: metrics.retrieval([[1.0, 2.0]], [0], [0]), r"the scores are \[1, 2\], but there are 1 query"),
        (lambda: metrics.retrieval([[1.0, math.nan]], [0], [0, 1]), "query 0: the score of gallery item 1 is NaN"),
        (lambda: metrics.retrieval([[1.0, 2.0]], ["a"], ["b", "c"]), "none of the 1 queries has a positive"),
        (lambda: metrics.retrieval([[1.0]], [0], [0], at=[0]), "R@0"),
        (lambda: metrics.retrieval_from_features([[1.0]], [[1.0, 2.0]], [0], [0]), r"\[1, 1\] and the gallery is"),
    ],
)
def test_errors_of_retrieval(call, message):
    with pytest.raises(relata.Error, match=message):
        call()
