"""Text to token ids and back, identical to the public ``tokenizers`` library."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal, TypedDict

from relata._relata import text as _native

__all__ = ["Encoding", "Tokenizer"]


class Encoding(TypedDict):
    """One text or pair of texts; all lists have an entry for each token."""

    ids: list[int]
    type_ids: list[int]
    #: 1 for tokens of the template and padding
    special_mask: list[int]
    #: 0 for padding
    attention_mask: list[int]
    #: characters of the text
    offsets: list[tuple[int, int]]


class Tokenizer:
    """A tokenizer of the families BERT, GPT-2, RoBERTa, OPT, CLIP, Llama and SentencePiece's unigram."""

    def __init__(self, native: _native.Tokenizer) -> None:
        self._native = native

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        clean: Literal["hf", "openai"] = "hf",
        irra_mask: bool = False,
        clip_pad: int | None = None,
    ) -> Tokenizer:
        """The tokenizer of a folder or file.

        Of a folder: ``tokenizer.json``, else ``vocab.json`` with ``merges.txt``, else
        ``vocab.txt``, else ``bpe_simple_vocab_16e6.txt.gz``.

        Args:
            path: the folder or the file.
            clean: CLIP without a tokenizer.json: how captions are cleaned.
            irra_mask: CLIP's file of merges: IRRA's variant, where 49405 is ``<|mask|>``.
            clip_pad: CLIP: the padding id, 0 or 49407 (the default).

        Raises:
            relata.Error: a file is malformed or names a component that is not supported.
        """
        return cls(_native.Tokenizer.load(path, clean, irra_mask, clip_pad))

    def encode(
        self,
        texts: Sequence[str | bytes],
        special: Literal["parse", "plain"] = "plain",
        *,
        add_special: bool = False,
        max_length: int | None = None,
    ) -> list[list[int]]:
        """Ids of each text.

        Args:
            texts: str or bytes; broken UTF-8 is read as ``bytes.decode(errors="replace")`` does.
            special: ``"parse"`` finds special tokens in the texts, ``"plain"`` takes them for
                words.
            add_special: with the tokens of the template, ``[CLS]`` … ``[SEP]``.
            max_length: longer results are cut.

        Raises:
            relata.Error: a text has characters for which there is no token.
        """
        return self._native.encode(texts, special, add_special, max_length)

    def encode_one(
        self,
        text: str | bytes,
        pair: str | bytes | None = None,
        special: Literal["parse", "plain"] = "plain",
        *,
        add_special: bool = False,
        max_length: int | None = None,
        strategy: Literal["longest_first", "only_first", "only_second"] = "longest_first",
        truncation_side: Literal["left", "right"] = "right",
        pad_to: int | None = None,
        pad_id: int = 0,
        padding_side: Literal["left", "right"] = "right",
    ) -> Encoding:
        """One text or a pair, with offsets, types and masks.

        Raises:
            relata.Error: a truncation that is not possible; otherwise as :meth:`encode`.
        """
        return self._native.encode_one(
            text, pair, special, add_special, max_length, strategy, truncation_side, pad_to,
            pad_id, padding_side,
        )  # fmt: skip

    def decode(self, ids: Sequence[int], skip_special: bool = True) -> str:
        """The text of some ids; ids without a token are left out."""
        return self._native.decode(list(ids), skip_special)

    @property
    def vocab_size(self) -> int:
        """The number of tokens, added ones included."""
        return self._native.vocab_size()

    @property
    def special_ids(self) -> dict[str, int]:
        """Ids by role: ``bos``, ``eos``, ``pad``, ``unk``, ``cls``, ``sep``, ``mask``, where known."""
        return self._native.special_ids()

    def token_to_id(self, token: str) -> int | None:
        """The id of a token."""
        return self._native.token_to_id(token)

    def id_to_token(self, id: int) -> str | None:
        """The token of an id."""
        return self._native.id_to_token(id)
