"""Exact search over vectors with texts and metadata, kept in a folder::

    index = relata.Index.build("figures.index", vectors, ids, {"year": years}, texts=captions)
    scores, found = index.search(queries, k=10, where="year > 2010")
    index.add(more_vectors, more_ids)

Vectors may have any length but 0; scores are cosines. NumPy arrays go in and come out. An index of
`relata index build` is opened the same way.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypedDict, Union

from relata._relata import Error
from relata._relata import index as _native

if TYPE_CHECKING:
    import numpy
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Index", "IndexInfo", "Value"]

Value = Union[str, int, float, Sequence[str], None]


class IndexInfo(TypedDict):
    """What an index says about itself."""

    items: int
    width: int
    bf16: bool
    columns: dict[str, str]  #: name -> "string", "integer", "real" or "strings"
    facts: dict[str, str]


def _floats(values: ArrayLike) -> NDArray[numpy.float32]:
    import numpy as np

    return np.ascontiguousarray(values, dtype=np.float32)


def _plain(value: object) -> Value:
    """Numbers of NumPy as Python's."""
    item = getattr(value, "item", None)
    return item() if item is not None and getattr(value, "ndim", None) == 0 else value  # type: ignore[return-value]


def _kind(name: str, values: Sequence[Value]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int}:
        return "integer" if kinds else "string"
    if kinds <= {int, float}:
        return "real"
    if kinds <= {list, tuple}:
        return "strings"
    if kinds == {str}:
        return "string"
    raise Error(f"column '{name}' holds {', '.join(sorted(k.__name__ for k in kinds))}")


class Index:
    """An index as it stood when it was opened; :meth:`add` and :meth:`remove` bring it up to date,
    :meth:`refresh` shows what other processes changed."""

    def __init__(self, dir: str | os.PathLike[str]) -> None:  # noqa: A002 - the promised name
        self._dir = os.fspath(dir)
        self._native = _native.Index(self._dir)

    @classmethod
    def open(cls, dir: str | os.PathLike[str]) -> Index:  # noqa: A002
        """Opens an index: a matter of milliseconds, whatever its size.

        Raises:
            relata.Error: no index, a later version, or damaged files.
        """
        return cls(dir)

    @classmethod
    def build(
        cls,
        dir: str | os.PathLike[str],  # noqa: A002
        vectors: ArrayLike,
        ids: Sequence[str],
        columns: Mapping[str, Sequence[Value]] | None = None,
        texts: Sequence[str | None] | None = None,
        *,
        precision: Literal["fp32", "bf16"] = "fp32",
        kinds: Mapping[str, Literal["string", "integer", "real", "strings"]] | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> Index:
        """Makes a new index in a folder that is empty or not there.

        Args:
            vectors: [items, width]; no vector of length 0.
            ids: one an item, all different.
            columns: name -> one value an item: str, int, float, a list of str, or None for absent.
            texts: one an item, for lexical search; None: it has none.
            precision: "bf16" keeps the vectors in bf16 too, for searches that read half as much.
            kinds: of columns whose kind their values do not show.
            facts: what all items share, e.g. {"weights": "…"}.

        Raises:
            relata.Error: a folder that is not empty; ids, vectors, values or counts that do not fit.
        """
        plain = {name: [_plain(v) for v in values] for name, values in (columns or {}).items()}
        named = [(name, (kinds or {}).get(name) or _kind(name, values)) for name, values in plain.items()]
        _native.build(
            os.fspath(dir), _floats(vectors), list(ids), named, list(plain.values()),
            None if texts is None else list(texts), cls._is_bf16(precision), dict(facts or {}),
        )  # fmt: skip
        return cls(dir)

    @staticmethod
    def _is_bf16(precision: str) -> bool:
        if precision not in ("fp32", "bf16"):
            raise Error(f"no precision '{precision}'; fp32 or bf16")
        return precision == "bf16"

    def _in_order(self, columns: Mapping[str, Sequence[Value]] | None, items: int) -> list[list[Value]]:
        given = dict(columns or {})
        ordered = [
            [_plain(v) for v in given.pop(name)] if name in given else [None] * items
            for name, _ in self._native.columns
        ]
        if given:
            known = ", ".join(name for name, _ in self._native.columns)
            raise Error(f"no column '{next(iter(given))}'; columns: {known or 'none'}")
        return ordered

    def add(
        self,
        vectors: ArrayLike,
        ids: Sequence[str],
        columns: Mapping[str, Sequence[Value]] | None = None,
        texts: Sequence[str | None] | None = None,
        *,
        replace: bool = False,
    ) -> None:
        """Adds items, all of them or, if anything fails or the process dies, none.

        Args:
            columns: those that are left out are absent.
            replace: items that are there under these ids go in the same step.

        Raises:
            relata.Error: as build() does; an id that is there, unless it is to be replaced.
        """
        names = list(ids)
        gone = [id for id in names if id in self._native] if replace else []
        _native.change(
            self._dir, _floats(vectors), names, self._in_order(columns, len(names)),
            None if texts is None else list(texts), gone,
        )  # fmt: skip
        self.refresh()

    def remove(self, ids: Sequence[str]) -> None:
        """Removes items, all or none.

        Raises:
            relata.Error: an id that is not there.
        """
        empty = _floats([])
        _native.change(self._dir, empty, [], self._in_order(None, 0), None, list(ids))
        self.refresh()

    def refresh(self) -> None:
        """Opens the index again, to see what other processes changed."""
        self._native = _native.Index(self._dir)

    def search(
        self,
        queries: ArrayLike,
        k: int = 10,
        where: str | None = None,
        lexical: float = 0.0,
        text: str | Sequence[str] | None = None,
        precision: Literal["fp32", "bf16"] = "fp32",
        *,
        lexical_kind: Literal["bm25", "trigrams"] = "bm25",
        distinct_words: bool = False,
    ) -> tuple[NDArray[numpy.float32], list[list[str]]]:
        """The k items of highest score for each query: exact, best first, ties in the order of adding.

        Args:
            queries: [queries, width], or [width] for one.
            where: a condition on columns, e.g. 'subject = "biology" and year > 2010'.
            lexical: w of (1 - w) * cosine + w * lexical score (between 0 and 1).
            text: the words of each query, where `lexical` is not 0.
            precision: "bf16" reads half as much, where the index was built with it; same answers.
            distinct_words: for BM25, a word that a query has twice counts once.

        Returns:
            Scores [queries, found] and the ids, where found is k or, if fewer items may be found, as
            many as there are.

        Raises:
            relata.Error: queries of another width, of length 0 or with NaN; a mistake in `where`.
        """
        matrix = _floats(queries)
        if matrix.ndim == 1:
            matrix = matrix[None]
        words = [text] if isinstance(text, str) else list(text or [])
        options = _native.SearchWords(
            where or "", lexical, words, lexical_kind, distinct_words, self._is_bf16(precision)
        )
        return self._native.search(matrix, k, options)

    def __len__(self) -> int:
        return len(self._native)

    def __contains__(self, id: object) -> bool:  # noqa: A002
        return isinstance(id, str) and id in self._native

    @property
    def ids(self) -> list[str]:
        """The ids of all items in the order in which they were added."""
        return self._native.ids()

    @property
    def info(self) -> IndexInfo:
        """Size, width, columns and facts."""
        return {
            "items": len(self),
            "width": self._native.width,
            "bf16": self._native.bf16,
            "columns": dict(self._native.columns),
            "facts": self._native.facts,
        }

    def vector(self, id: str) -> NDArray[numpy.float32]:  # noqa: A002
        """[width], of length 1."""
        return self._native.vector(id)

    def text(self, id: str) -> str:  # noqa: A002
        """The text of the lexical part; empty if there is none."""
        return self._native.text(id)

    def metadata(self, id: str) -> dict[str, Value]:  # noqa: A002
        """Column -> value, None where it is absent."""
        return self._native.metadata(id)

    def verify(self) -> None:
        """Reads everything and compares it with the checksums.

        Raises:
            relata.Error: the first file that differs.
        """
        self._native.verify()

    def __repr__(self) -> str:
        return f"<relata index: {len(self)} items of {self._native.width}, {self._dir}>"
