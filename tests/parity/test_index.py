"""The index beside plain NumPy, scikit-learn, and BM25 written down as its formula."""

import collections
import math
import random
import re

import numpy as np
import pytest
import relata
from sklearn.feature_extraction.text import TfidfVectorizer

WORDS = "cell Cell star STARS river étude Ünder москва 細胞 x1 y_2 the the of a".split()


def unit(vectors):
    single = np.asarray(vectors, np.float32)
    lengths = np.sqrt((single.astype(np.float64) ** 2).sum(1, keepdims=True))
    return (single / lengths).astype(np.float32).astype(np.float64)


def random_vectors(rng, items, width):
    """Some of them alike, so that scores lie near each other."""
    centres = rng.normal(size=(5, width))
    vectors = centres[rng.integers(0, 5, items)] + rng.normal(size=(items, width)) * rng.choice([0.001, 1], (items, 1))
    vectors[rng.integers(0, items, items // 10)] = vectors[0]
    return vectors * rng.uniform(0.1, 10, (items, 1))


def random_text(rng):
    return " ".join(rng.choice(WORDS) + rng.choice(["", ",", ".", "-x"]) for _ in range(rng.randint(0, 9)))


def ranked(scores, ids, k):
    order = np.argsort(-scores, kind="stable")[:k]
    return scores[order], [ids[i] for i in order]


def assert_same(found, expected):
    scores, ids = found
    for row, names, (theirs, theirs_ids) in zip(scores, ids, expected):
        np.testing.assert_allclose(row, theirs, atol=1e-6, rtol=0)
        for name, other, score, its in zip(names, theirs_ids, theirs, row):
            # float64 sums in another order may swap what differs by a rounding alone.
            assert name == other or np.count_nonzero(np.abs(theirs - score) < 1e-12) > 1, (score, its)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(("items", "queries", "width", "k"), [(3000, 40, 96, 10), (700, 1, 33, 25), (50, 3, 384, 99)])
def test_search_is_that_of_numpy(tmp_path, precision, items, queries, width, k):
    rng = np.random.default_rng(items)
    vectors, asked = random_vectors(rng, items, width), random_vectors(rng, queries, width)
    ids = [f"item {i}" for i in range(items)]
    index = relata.Index.build(tmp_path / "index", vectors, ids, precision=precision)
    scores = unit(asked) @ unit(vectors).T
    assert_same(index.search(asked, k, precision=precision), [ranked(row, ids, k) for row in scores])
    np.testing.assert_allclose(index.vector(ids[3]), unit(vectors)[3], atol=1e-7)
    assert len(index) == items and index.ids == ids


def test_bf16_and_fp32_agree_to_the_bit(tmp_path):
    rng = np.random.default_rng(5)
    vectors, asked = random_vectors(rng, 5000, 64), random_vectors(rng, 30, 64)
    index = relata.Index.build(tmp_path / "index", vectors, [str(i) for i in range(5000)], precision="bf16")
    exact, rounded = index.search(asked, 10), index.search(asked, 10, precision="bf16")
    assert exact[1] == rounded[1]
    assert (exact[0] == rounded[0]).all()


def bm25(texts, query, distinct, k1=1.2, b=0.75):
    documents = [re.findall(r"\w+", text.lower()) for text in texts]
    mean = sum(map(len, documents)) / len(documents)
    counts = [collections.Counter(document) for document in documents]
    terms = re.findall(r"\w+", query.lower())
    scores = np.zeros(len(texts))
    for term in dict.fromkeys(terms) if distinct else terms:
        df = sum(term in count for count in counts)
        idf = math.log(1 + (len(texts) - df + 0.5) / (df + 0.5))
        for i, (count, document) in enumerate(zip(counts, documents)):
            tf = count[term]
            scores[i] += idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * len(document) / mean))
    return scores


def trigrams(texts, query):
    def cut(text):
        whole = f"^{text.lower()}$"
        return [whole[i : i + 3] for i in range(len(whole) - 2)]

    model = TfidfVectorizer(analyzer=cut, norm="l2", use_idf=True, smooth_idf=True, sublinear_tf=False)
    known = model.fit_transform(texts)
    return (known @ model.transform([query]).T).toarray()[:, 0]


@pytest.mark.parametrize("kind", ["bm25", "distinct bm25", "trigrams"])
@pytest.mark.parametrize("weight", [0.3, 1.0])
def test_weighted_sum_with_words(tmp_path, kind, weight):
    rng, words = np.random.default_rng(7), random.Random(7)
    items, queries, width, k = 600, 12, 16, 15
    vectors, asked = rng.normal(size=(items, width)), rng.normal(size=(queries, width))
    texts = [random_text(words) for _ in range(items)]
    questions = [random_text(words) + " star star" for _ in range(queries)]
    ids = [str(i) for i in range(items)]
    index = relata.Index.build(tmp_path / "index", vectors, ids, texts=texts)
    expected = []
    for row, question in zip(unit(asked) @ unit(vectors).T, questions):
        if kind == "trigrams":
            lexical = trigrams(texts, question)
        else:
            lexical = bm25(texts, question, distinct=kind.startswith("distinct"))
            lexical = lexical / lexical.max()
        expected.append(ranked((1 - weight) * row + weight * lexical, ids, k))
    found = index.search(
        asked, k, lexical=weight, text=questions,
        lexical_kind=kind.split()[-1], distinct_words=kind.startswith("distinct"),
    )  # fmt: skip
    assert_same(found, expected)


def test_filters_are_those_of_python(tmp_path):
    rng, draw = np.random.default_rng(9), random.Random(9)
    items, width = 400, 8
    vectors = rng.normal(size=(items, width))
    ids = [str(i) for i in range(items)]

    def absent(value):
        return None if draw.random() < 0.2 else value

    rows = [
        {
            "subject": absent(draw.choice(["biology", "physics", "art"])),
            "year": absent(draw.randint(1990, 2030)),
            "score": absent(draw.random()),
            "tags": absent(draw.sample(["a", "b", "c"], draw.randint(0, 3))),
        }
        for _ in range(items)
    ]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    index = relata.Index.build(tmp_path / "index", vectors, ids, columns)
    assert index.info["columns"] == {"subject": "string", "year": "integer", "score": "real", "tags": "strings"}
    assert [index.metadata(i) for i in ids] == rows
    conditions = {
        'subject = "biology" and year > 2010': lambda r: r["subject"] == "biology" and (r["year"] or 0) > 2010,
        "not (year <= 2000 or score >= 0.5)": lambda r: not (
            (r["year"] is not None and r["year"] <= 2000) or (r["score"] is not None and r["score"] >= 0.5)
        ),
        "tags contains 'a' and tags in ('b', 'c')": lambda r: r["tags"] and "a" in r["tags"] and {"b", "c"} & set(r["tags"]),
        "subject in ('art', 'physics') and tags = null": lambda r: r["subject"] in ("art", "physics") and r["tags"] is None,
        "subject != 'art' and year != 2001": lambda r: r["subject"] not in (None, "art") and r["year"] not in (None, 2001),
        "subject contains 'i' or score < 0.1": lambda r: "i" in (r["subject"] or "") or (r["score"] is not None and r["score"] < 0.1),
        "year > 2100": lambda r: False,
    }
    query = rng.normal(size=(1, width))
    scores = (unit(query) @ unit(vectors).T)[0]
    for condition, truth in conditions.items():
        kept = [i for i in range(items) if truth(rows[i])]
        found, names = index.search(query, k=items, where=condition)
        expected, theirs = ranked(scores[kept], [ids[i] for i in kept], items)
        assert names == [theirs], condition
        np.testing.assert_allclose(found[0], expected, atol=1e-6)


def test_items_come_and_go(tmp_path):
    rng = np.random.default_rng(11)
    vectors = {str(i): rng.normal(size=12) for i in range(300)}
    names = list(vectors)
    index = relata.Index.build(tmp_path / "index", list(vectors.values()), names, {"n": [int(i) for i in names]})
    other = relata.Index.open(tmp_path / "index")
    index.remove(names[10:40])
    fresh = rng.normal(size=(50, 12))
    index.add(fresh, [f"new {i}" for i in range(50)])
    index.add(-fresh[:5], [f"new {i}" for i in range(5)], {"n": [-1] * 5}, replace=True)
    for name in names[10:40]:
        del vectors[name]
    vectors |= {f"new {i}": fresh[i] for i in range(5, 50)}
    vectors |= {f"new {i}": -fresh[i] for i in range(5)}
    assert index.ids == list(vectors) and len(index) == 320
    assert "11" not in index and "new 3" in index
    queries = rng.normal(size=(4, 12))
    scores = unit(queries) @ unit(list(vectors.values())).T
    assert_same(index.search(queries, 20), [ranked(row, list(vectors), 20) for row in scores])
    assert index.search(queries, 5, where="n = -1")[1][0] and index.metadata("new 9") == {"n": None}
    assert len(other) == 300  # a reader keeps what it opened
    other.refresh()
    assert other.ids == index.ids
    index.verify()


def test_what_does_not_fit_is_refused(tmp_path):
    index = relata.Index.build(tmp_path / "index", np.eye(3), ["a", "b", "c"], {"n": [1, 2, None]})
    for body, saying in [
        (lambda: index.add(np.eye(3)[:1], ["a"]), '"a" is empty or there already'),
        (lambda: index.add(np.zeros((1, 3)), ["d"]), '"d": a vector of length 0'),
        (lambda: index.add(np.eye(4)[:1], ["d"]), "4 numbers for 1 vectors of 3"),
        (lambda: index.add(np.eye(3)[:1], ["d"], {"m": [1]}), "no column 'm'; columns: n"),
        (lambda: index.add(np.eye(3)[:1], ["d"], {"n": ["x"]}), "column 'n' of kind integer"),
        (lambda: index.remove(["z"]), '"z" is not there'),
        (lambda: index.search(np.zeros(3)), "query 0"),
        (lambda: index.search(np.ones(4)), "must be [queries, 3]"),
        (lambda: index.search(np.ones(3), where="m > 1"), "columns: n (integer)"),
        (lambda: index.search(np.ones(3), lexical=0.5), "0 texts for 1 queries"),
        (lambda: index.search(np.ones(3), precision="bf16"), "no vectors in bf16"),
        (lambda: index.search(np.ones(3), precision="int4"), "no precision"),
        (lambda: relata.Index.build(tmp_path / "index", np.eye(3), ["a", "b", "c"]), "something already"),
        (lambda: relata.Index.build(tmp_path / "x", np.eye(3), ["a", "b"]), "9 numbers for 2 vectors"),
        (lambda: relata.Index.build(tmp_path / "x", np.eye(1), ["a"], {"n": [True]}), "bool"),
        (lambda: relata.Index.open(tmp_path), "store.json"),
    ]:
        with pytest.raises(relata.Error, match=re.escape(saying)):
            body()
    assert relata.Index.open(tmp_path / "index").ids == ["a", "b", "c"]
