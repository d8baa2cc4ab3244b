import os
from collections.abc import Sequence

from relata.text import Encoding

class Tokenizer:
    @staticmethod
    def load(
        path: str | os.PathLike[str], clean: str, irra_mask: bool, clip_pad: int | None
    ) -> Tokenizer: ...
    @staticmethod
    def from_gguf(
        pre: str, tokens: list[str], types: list[int], merges: list[str]
    ) -> Tokenizer: ...
    def encode(
        self,
        texts: Sequence[str | bytes],
        special: str,
        add_special: bool,
        max_length: int | None,
    ) -> list[list[int]]: ...
    def encode_one(
        self,
        text: str | bytes,
        pair: str | bytes | None,
        special: str,
        add_special: bool,
        max_length: int | None,
        strategy: str,
        truncation_side: str,
        pad_to: int | None,
        pad_id: int,
        padding_side: str,
    ) -> Encoding: ...
    def decode(self, ids: list[int], skip_special: bool) -> str: ...
    def vocab_size(self) -> int: ...
    def token_to_id(self, token: str) -> int | None: ...
    def id_to_token(self, id: int) -> str | None: ...
    def special_ids(self) -> dict[str, int]: ...
