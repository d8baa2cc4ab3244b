"""The published vocabularies of CLIP, GPT-2, RoBERTa's way with them, and BERT beside the public libraries.

Needs RELATA_DATA; the texts are pages of the OpenStax books and random ones.
"""

import gzip
import json
import os
import shutil
import struct
from pathlib import Path

import pytest
import relata
from random_texts import random_bytes, random_texts
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import BertTokenizerFast, CLIPTokenizerFast, GPT2TokenizerFast, RobertaTokenizer

DATA = Path(os.environ["RELATA_DATA"]) if "RELATA_DATA" in os.environ else None
pytestmark = pytest.mark.skipif(DATA is None, reason="needs RELATA_DATA")


def clip_vocabulary():
    """vocab.json and merges of CLIP, made from the file of the release as its code does."""
    lines = gzip.open(DATA / "tokenizers/clip/bpe_simple_vocab_16e6.txt.gz", "rt", encoding="utf-8").read().split("\n")
    merges = [tuple(line.split()) for line in lines[1 : 49152 - 256 - 2 + 1]]
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(b) for b in printable] + [chr(256 + i) for i in range(256 - len(printable))]
    tokens = letters + [letter + "</w>" for letter in letters] + ["".join(m) for m in merges]
    return {t: i for i, t in enumerate([*tokens, "<|startoftext|>", "<|endoftext|>"])}, merges


def clip(tmp_path):
    vocab, merges = clip_vocabulary()
    (tmp_path / "vocab.json").write_text(json.dumps(vocab))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    return tmp_path, CLIPTokenizerFast(vocab=vocab, merges=merges)


def clip_release(tmp_path):
    vocab, merges = clip_vocabulary()
    return DATA / "tokenizers/clip", CLIPTokenizerFast(vocab=vocab, merges=merges)


def gpt2_files():
    folder = DATA / "tokenizers/gpt2"
    vocab = json.loads((folder / "vocab.json").read_text())
    return vocab, [tuple(line.split(" ")) for line in (folder / "merges.txt").read_text().splitlines()[1:]]


def gpt2(tmp_path):
    vocab, merges = gpt2_files()
    return DATA / "tokenizers/gpt2", GPT2TokenizerFast(vocab=vocab, merges=merges)


def roberta(tmp_path):
    """RoBERTa's special tokens before GPT-2's vocabulary, ids moved."""
    vocab, merges = gpt2_files()
    moved = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}
    for token in sorted(vocab, key=vocab.get):
        moved.setdefault(token, len(moved))
    moved["<mask>"] = len(moved)
    (tmp_path / "vocab.json").write_text(json.dumps(moved))
    shutil.copy(DATA / "tokenizers/gpt2/merges.txt", tmp_path / "merges.txt")
    mask = AddedToken("<mask>", lstrip=True, normalized=False, special=True)  # as in the published files
    return tmp_path, RobertaTokenizer(vocab=moved, merges=merges, mask_token=mask)


def bert(tmp_path):
    lines = (DATA / "tokenizers/bert-base-uncased/vocab.txt").read_text().splitlines()
    return DATA / "tokenizers/bert-base-uncased", BertTokenizerFast(vocab={token: i for i, token in enumerate(lines)})


@pytest.fixture(scope="module", params=[clip, clip_release, gpt2, roberta, bert], ids=lambda f: f.__name__)
def both(request, tmp_path_factory):
    folder, theirs = request.param(tmp_path_factory.mktemp("tokenizer"))
    return relata.text.Tokenizer.load(folder), theirs


def pages(count):
    with gzip.open(DATA / "openstax-books/pages.jsonl.gz", "rt", encoding="utf-8") as lines:
        for _, line in zip(range(count), lines):
            page = json.loads(line)
            yield "\n\n".join(str(page[key]) for key in ("title", "objectives", "summary", "sections"))


def check(both, texts):
    ours, theirs = both
    backend = theirs.backend_tokenizer
    for special in ("plain", "parse"):
        backend.encode_special_tokens = special == "plain"
        expected = [e.ids for e in backend.encode_batch(texts, add_special_tokens=True)]
        for text, a, b in zip(texts, ours.encode(texts, special, add_special=True), expected, strict=True):
            assert a == b, text[:300]


def test_pages_of_books(both):
    check(both, list(pages(40)))


def test_lines_of_books_with_offsets(both):
    ours, theirs = both
    theirs.backend_tokenizer.encode_special_tokens = True
    for line in [line for page in pages(8) for line in page.splitlines()]:
        a, b = ours.encode_one(line, add_special=True), theirs.backend_tokenizer.encode(line)
        assert (a["ids"], a["offsets"], a["type_ids"]) == (b.ids, b.offsets, b.type_ids), line


def test_random_texts(both):
    check(both, random_texts(11, 4000))


def test_broken_utf8(both):
    ours, theirs = both
    theirs.backend_tokenizer.encode_special_tokens = True
    texts = random_bytes(12, 1000)
    expected = theirs.backend_tokenizer.encode_batch([t.decode(errors="replace") for t in texts], add_special_tokens=False)
    assert ours.encode(texts) == [e.ids for e in expected]


def test_a_megabyte_without_a_space(both):
    ours, theirs = both
    theirs.backend_tokenizer.encode_special_tokens = True
    for text in ("a" * 1_000_000, "".join(chr(97 + i * i % 26) for i in range(1_000_000))):
        assert ours.encode([text])[0] == theirs.backend_tokenizer.encode(text, add_special_tokens=False).ids


def test_decoding(both):
    ours, theirs = both
    for text in random_texts(13, 500):
        ids = theirs.backend_tokenizer.encode(text).ids
        assert ours.decode(ids) == theirs.backend_tokenizer.decode(ids), text


def test_special_ids(both):
    ours, theirs = both
    for name, id in ours.special_ids.items():
        assert getattr(theirs, f"{name}_token_id") == id, name


def fields(data):
    """The fields of a protobuf message: (number, value), nested messages as bytes."""

    def varint(at):
        value = shift = 0
        while True:
            byte = data[at]
            value |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                return value, at

    at = 0
    while at < len(data):
        key, at = varint(at)
        if key & 7 == 0:
            value, at = varint(at)
        else:
            size, at = (4, at) if key & 7 == 5 else (8, at) if key & 7 == 1 else varint(at)
            value, at = data[at : at + size], at + size
        yield key >> 3, value


@pytest.fixture(scope="module", params=["test_model", "test_ja_model"])
def sentencepiece(request, tmp_path_factory):
    """Unigram with the pieces and the precompiled rules of a SentencePiece model."""
    model = list(fields((DATA / f"tokenizers/sentencepiece/{request.param}.model").read_bytes()))
    pieces = [dict(fields(value)) for number, value in model if number == 1]
    vocab = [(p[1].decode(), struct.unpack("<f", p.get(2, bytes(4)))[0]) for p in pieces]
    rules = next(dict(fields(value))[2] for number, value in model if number == 3)
    tokenizer = Tokenizer(models.Unigram(vocab, 0, False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Precompiled(rules), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    file = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    tokenizer.save(str(file))
    return relata.text.Tokenizer.load(file), Tokenizer.from_file(str(file))


def test_sentencepiece(sentencepiece):
    ours, theirs = sentencepiece
    book = (DATA / "tokenizers/sentencepiece/botchan.txt").read_text().splitlines()
    for text in random_texts(14, 4000) + book[:1000]:
        a, b = ours.encode_one(text), theirs.encode(text)
        assert a["ids"] == ours.encode([text])[0] == b.ids, text
        assert a["offsets"] == b.offsets, text
        assert ours.decode(b.ids) == theirs.decode(b.ids), text


@pytest.mark.full
def test_ten_megabytes_of_books(both):
    texts, size = [], 0
    for page in pages(10**6):
        texts.append(page)
        size += len(page.encode())
        if size > 10_000_000:
            break
    check(both, texts)
    check(both, ["\n".join(texts)])
