"""Tokenizers on one thread and 10 MB of book text against the public `tokenizers` library, and tiktoken for GPT-2.

Needs RELATA_DATA. (Not called tokenizers.py: a program's folder comes first on Python's path.) Each side encodes the
same pages, page by page, and keeps its own cache of words. Seconds are those of the encoding alone.
"""

import gzip
import json
import os
import pathlib
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

from measure import BUILD, describe, pairs, report, require_quiet_release_build  # noqa: E402

sys.path.insert(0, str(BUILD / "python"))
import relata  # noqa: E402
from transformers import BertTokenizerFast, CLIPTokenizerFast, GPT2TokenizerFast  # noqa: E402

if "RELATA_DATA" not in os.environ:
    sys.exit("bench: tokenizer_speed needs RELATA_DATA")
require_quiet_release_build()
DATA = pathlib.Path(os.environ["RELATA_DATA"])
VOCABULARIES = DATA / "tokenizers"


def pages(size: int) -> list[str]:
    texts: list[str] = []
    with gzip.open(DATA / "openstax-books/pages.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            page = json.loads(line)
            texts.append("\n\n".join(str(page[key]) for key in ("title", "objectives", "summary", "sections")))
            size -= len(texts[-1].encode())
            if size <= 0:
                return texts
    sys.exit("bench: the books are too short")


TEXTS = pages(10_000_000)
MEGABYTES = sum(len(text.encode()) for text in TEXTS) / 1e6


def seconds(encode) -> float:
    start = time.perf_counter()
    for text in TEXTS:
        encode(text)
    return time.perf_counter() - start


def clip():
    lines = gzip.open(VOCABULARIES / "clip/bpe_simple_vocab_16e6.txt.gz", "rt", encoding="utf-8").read().split("\n")
    merges = [tuple(line.split()) for line in lines[1 : 49152 - 256 - 2 + 1]]
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(b) for b in printable] + [chr(256 + i) for i in range(256 - len(printable))]
    tokens = letters + [letter + "</w>" for letter in letters] + ["".join(m) for m in merges]
    vocab = {token: i for i, token in enumerate([*tokens, "<|startoftext|>", "<|endoftext|>"])}
    return CLIPTokenizerFast(vocab=vocab, merges=merges)


def gpt2_files():
    vocab = json.loads((VOCABULARIES / "gpt2/vocab.json").read_text())
    lines = (VOCABULARIES / "gpt2/merges.txt").read_text().splitlines()[1:]
    return vocab, [tuple(line.split(" ")) for line in lines]


def gpt2():
    vocab, merges = gpt2_files()
    return GPT2TokenizerFast(vocab=vocab, merges=merges)


def bert():
    lines = (VOCABULARIES / "bert-base-uncased/vocab.txt").read_text().splitlines()
    return BertTokenizerFast(vocab={token: i for i, token in enumerate(lines)})


def tiktoken_gpt2():
    """An Encoding whose ranks are GPT-2's ids: the tokens stand in the order of their merges."""
    try:
        import tiktoken
    except ImportError:
        return None
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    byte_of = {chr(b): b for b in printable} | {chr(256 + i): b for i, b in enumerate(others)}
    vocab, _ = gpt2_files()
    ranks = {bytes(byte_of[c] for c in token): i for token, i in vocab.items() if token != "<|endoftext|>"}
    pattern = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
    return tiktoken.Encoding("gpt2", pat_str=pattern, mergeable_ranks=ranks, special_tokens={"<|endoftext|>": 50256})


print(f"{describe(1)}; {len(TEXTS)} pages, {MEGABYTES:.2f} MB", flush=True)
for name, folder, make in [("GPT-2", "gpt2", gpt2), ("CLIP", "clip", clip), ("BERT", "bert-base-uncased", bert)]:
    backend = make().backend_tokenizer
    ours = relata.text.Tokenizer.load(VOCABULARIES / folder)
    for text in TEXTS[:50]:
        if ours.encode([text], "parse")[0] != backend.encode(text, add_special_tokens=False).ids:
            sys.exit(f"bench: {name}: the ids differ")
    measured = pairs(lambda: seconds(lambda t: backend.encode(t, add_special_tokens=False).ids),
                     lambda: seconds(lambda t: ours.encode([t], "parse")[0]))
    report(f"{name}, seconds for 10 MB, tokenizers against relata", measured, 4)
    if name == "GPT-2" and (peer := tiktoken_gpt2()):
        if any(ours.encode([t])[0] != peer.encode_ordinary(t) for t in TEXTS[:50]):
            sys.exit("bench: tiktoken: the ids differ")
        measured = pairs(lambda: seconds(peer.encode_ordinary), lambda: seconds(lambda t: ours.encode([t])[0]))
        report("GPT-2, seconds for 10 MB, tiktoken against relata", measured, 1)
