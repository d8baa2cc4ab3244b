"""Tokenizers: ids, offsets, types, masks and decoding beside the public `tokenizers` library."""

import json
import random
from pathlib import Path

import pytest
import relata
from random_texts import ODD, WORDS, random_bytes, random_texts
from tokenizers import (
    AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers,
)  # fmt: skip

ROOT = Path(__file__).resolve().parents[2]
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CLIP = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")
CL100K = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"


def corpus() -> list[str]:
    files = sorted(ROOT.glob("docs/**/*.md")) + [ROOT / "README.md"]
    return [line for file in files for line in file.read_text().splitlines()] + random_texts(99, 300) + WORDS + ODD


def template():
    return processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )


SPECIALS = ["[UNK]", "[CLS]", "[SEP]", "<mask>", "<|endoftext|>"]
ADDED = [
    AddedToken("newtok", single_word=True), AddedToken("ab", rstrip=True, normalized=True),
    AddedToken("MITOSIS", normalized=True), AddedToken("<b>", lstrip=True, rstrip=True, normalized=False),
]  # fmt: skip


def bpe(normalizer, pre_tokenizer, decoder, post=None, **options):
    tokenizer = Tokenizer(models.BPE(**{"unk_token": "[UNK]", **options}))
    tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.decoder = normalizer, pre_tokenizer, decoder
    alphabet = pre_tokenizers.ByteLevel.alphabet() if options.pop("byte_level", False) else []
    kept = {k: v for k, v in options.items() if k in ("continuing_subword_prefix", "end_of_word_suffix")}
    extra = [f"<0x{b:02X}>" for b in range(256)] if options.get("byte_fallback") else []
    tokenizer.train_from_iterator(
        corpus(), trainers.BpeTrainer(vocab_size=1200, special_tokens=SPECIALS + extra, initial_alphabet=alphabet,
                                      limit_alphabet=300, show_progress=False, **kept))
    return tokenizer, post


def byte_level(pre_tokenizer, post=None, normalizer=None, **options):
    tokenizer = Tokenizer(models.BPE(**options))
    tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.decoder = normalizer, pre_tokenizer, decoders.ByteLevel()
    kept = {k: v for k, v in options.items() if k == "end_of_word_suffix"}
    letters = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        corpus(), trainers.BpeTrainer(vocab_size=1500, special_tokens=SPECIALS, initial_alphabet=letters, show_progress=False, **kept))
    if suffix := options.get("end_of_word_suffix"):
        content = json.loads(tokenizer.to_str())
        vocab = content["model"]["vocab"]
        for letter in letters:
            vocab.setdefault(letter + suffix, len(vocab))
        tokenizer = Tokenizer.from_str(json.dumps(content))
    return tokenizer, post


def word_piece(normalizer, pre_tokenizer, post=None):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=30))
    tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.decoder = normalizer, pre_tokenizer, decoders.WordPiece()
    tokenizer.train_from_iterator(
        corpus(), trainers.WordPieceTrainer(vocab_size=1500, special_tokens=SPECIALS, limit_alphabet=400, show_progress=False))
    return tokenizer, post


def unigram(normalizer, pre_tokenizer, decoder, post=None, byte_fallback=False):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.decoder = normalizer, pre_tokenizer, decoder
    extra = [f"<0x{b:02X}>" for b in range(256)] if byte_fallback else []
    tokenizer.train_from_iterator(
        corpus(), trainers.UnigramTrainer(vocab_size=900, special_tokens=SPECIALS + extra, unk_token="[UNK]", show_progress=False))
    if byte_fallback:
        content = json.loads(tokenizer.to_str())
        content["model"]["byte_fallback"] = True
        tokenizer = Tokenizer.from_str(json.dumps(content))
    return tokenizer, post


def word_level(normalizer, pre_tokenizer):
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, pre_tokenizer
    # A line that is a special token would take its number twice, and the vocabulary would have holes.
    lines = [line for line in corpus() if line not in SPECIALS]
    tokenizer.train_from_iterator(lines, trainers.WordLevelTrainer(vocab_size=800, special_tokens=SPECIALS, show_progress=False))
    return tokenizer, None


P, N, D = pre_tokenizers, normalizers, decoders
ROBERTA = processors.RobertaProcessing(("[SEP]", 2), ("[CLS]", 1))
BERT = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
LLAMA_DECODER = D.Sequence([D.Replace("▁", " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 1, 0)])


def split(expression, behavior="isolated", invert=False):
    return P.Sequence([P.Split(Regex(expression), behavior, invert), P.ByteLevel(False, use_regex=False)])


FAMILIES = {
    "gpt2": lambda: byte_level(P.ByteLevel(add_prefix_space=False), processors.ByteLevel(trim_offsets=True)),
    "gpt2 untrimmed": lambda: byte_level(P.ByteLevel(add_prefix_space=False), processors.ByteLevel(trim_offsets=False)),
    "roberta": lambda: byte_level(P.ByteLevel(add_prefix_space=True), ROBERTA),
    "roberta nfkc": lambda: byte_level(P.ByteLevel(add_prefix_space=True), ROBERTA, N.NFKC()),
    "smollm": lambda: byte_level(P.Sequence([P.Digits(True), P.ByteLevel(False)]), processors.ByteLevel(trim_offsets=True)),
    "digits": lambda: byte_level(P.Sequence([P.Digits(False), P.ByteLevel(True)]), template()),
    "llama3": lambda: byte_level(split(LLAMA3), processors.Sequence([processors.ByteLevel(trim_offsets=False), template()])),
    "llama3 ignoring merges": lambda: byte_level(split(LLAMA3), ignore_merges=True),
    "qwen2": lambda: byte_level(split(QWEN2), normalizer=N.NFC()),
    "cl100k": lambda: byte_level(split(CL100K)),
    "byte-level normalizer": lambda: byte_level(P.WhitespaceSplit(), normalizer=N.ByteLevel()),
    "clip": lambda: byte_level(
        P.Sequence([P.Split(Regex(CLIP), "removed", True), P.ByteLevel(False)]),
        processors.RobertaProcessing(("[SEP]", 2), ("[CLS]", 1), trim_offsets=False, add_prefix_space=False),
        N.Sequence([N.NFC(), N.Replace(Regex(r"\s+"), " "), N.Lowercase()]), end_of_word_suffix="</w>", unk_token="<|endoftext|>"),
    "bert": lambda: word_piece(N.BertNormalizer(), P.BertPreTokenizer(), template()),
    "bert cased": lambda: word_piece(N.BertNormalizer(lowercase=False), P.BertPreTokenizer(), BERT),
    "bert accents": lambda: word_piece(N.BertNormalizer(strip_accents=False, handle_chinese_chars=False), P.BertPreTokenizer(), BERT),
    "bert unclean": lambda: word_piece(N.BertNormalizer(clean_text=False, lowercase=False, strip_accents=True), P.BertPreTokenizer(), BERT),
    "word piece nfd": lambda: word_piece(N.Sequence([N.NFD(), N.Lowercase(), N.StripAccents()]), P.Whitespace(), template()),
    "word piece nfkd": lambda: word_piece(N.Sequence([N.NFKD(), N.StripAccents(), N.Strip()]), P.Sequence([P.WhitespaceSplit(), P.Punctuation("merged_with_previous")])),
    "word level": lambda: word_level(N.Lowercase(), P.Whitespace()),
    "word level nothing": lambda: word_level(None, None),
    "unigram": lambda: unigram(N.Sequence([N.Nmt(), N.NFKC(), N.Replace(Regex(" {2,}"), " ")]), P.Metaspace(), D.Metaspace(), template()),
    "unigram first": lambda: unigram(N.NFKC(), P.Metaspace(prepend_scheme="first"), D.Metaspace(prepend_scheme="first")),
    "unigram never": lambda: unigram(N.Strip(), P.Metaspace(prepend_scheme="never"), D.Metaspace(prepend_scheme="never")),
    "unigram whole": lambda: unigram(N.Strip(left=True, right=False), P.Metaspace(prepend_scheme="first", split=False), D.Metaspace(), byte_fallback=True),
    "unigram words": lambda: unigram(None, P.Sequence([P.WhitespaceSplit(), P.Metaspace(prepend_scheme="first")]), D.Metaspace(), byte_fallback=True),
    "llama2": lambda: bpe(N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")]), None, LLAMA_DECODER, template(), byte_fallback=True, fuse_unk=True),
    "llama2 metaspace": lambda: bpe(None, P.Metaspace(prepend_scheme="first", split=False), LLAMA_DECODER, template(), byte_fallback=True, fuse_unk=True),
    "bpe words": lambda: bpe(N.NFKC(), P.Whitespace(), D.BPEDecoder(), end_of_word_suffix="</w>"),
    "bpe fused": lambda: bpe(N.Lowercase(), P.BertPreTokenizer(), D.BPEDecoder(), BERT, fuse_unk=True, end_of_word_suffix="</w>"),
    "bpe prefix": lambda: bpe(N.NFC(), P.WhitespaceSplit(), D.WordPiece(cleanup=False), continuing_subword_prefix="##"),
    "delimiter": lambda: word_piece(None, P.CharDelimiterSplit(" ")),
    "split next": lambda: word_piece(None, P.Split(" ", "merged_with_next")),
    "split previous": lambda: word_piece(None, P.Split(Regex(r"[aeiou]"), "merged_with_previous")),
    "split contiguous": lambda: word_piece(None, P.Split(Regex(r"\w"), "contiguous", invert=True)),
    "split by case": lambda: word_piece(None, P.Split(Regex(r"(?=[A-Z])"), "removed")),
    "punctuation": lambda: word_piece(None, P.Sequence([P.Punctuation("contiguous"), P.WhitespaceSplit(), P.Digits(True)])),
}  # fmt: skip


@pytest.fixture(scope="module", params=FAMILIES)
def both(request, tmp_path_factory):
    tokenizer, post = FAMILIES[request.param]()
    if post is not None:
        tokenizer.post_processor = post
    tokenizer.add_tokens(ADDED)
    file = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    tokenizer.save(str(file))
    return relata.text.Tokenizer.load(file), Tokenizer.from_file(str(file))


def assert_same(ours, theirs, text):
    assert ours["ids"] == theirs.ids, text
    assert ours["offsets"] == theirs.offsets, text
    assert ours["type_ids"] == theirs.type_ids, text
    assert ours["special_mask"] == theirs.special_tokens_mask, text
    assert ours["attention_mask"] == theirs.attention_mask, text


def test_ids_of_random_texts(both):
    ours, theirs = both
    texts = random_texts(1, 1500)
    for special in ("plain", "parse"):
        theirs.encode_special_tokens = special == "plain"
        for add_special in (False, True):
            expected = [e.ids for e in theirs.encode_batch(texts, add_special_tokens=add_special)]
            for text, a, b in zip(texts, ours.encode(texts, special, add_special=add_special), expected, strict=True):
                assert a == b, text


def test_offsets_types_and_masks(both):
    ours, theirs = both
    for special in ("plain", "parse"):
        theirs.encode_special_tokens = special == "plain"
        for text in random_texts(2, 700):
            assert_same(ours.encode_one(text, special=special, add_special=True), theirs.encode(text), text)


def test_pairs_truncation_and_padding(both):
    ours, theirs = both
    theirs.encode_special_tokens = True
    random_source = random.Random(3)
    for a, b in zip(random_texts(4, 400), random_texts(5, 400), strict=True):
        length, side = random_source.randrange(5, 20), random_source.choice(["left", "right"])
        strategy = random_source.choice(["longest_first", "only_first", "only_second"])
        pad_to, pad_side = random_source.randrange(30), random_source.choice(["left", "right"])
        theirs.enable_truncation(length, strategy=strategy, direction=side)
        theirs.enable_padding(direction=pad_side, pad_id=7, length=pad_to)
        add = random_source.random() < 0.8
        try:
            expected = theirs.encode(a, b, add_special_tokens=add)
        except BaseException as refused:
            assert "too short" in str(refused), refused
            with pytest.raises(relata.Error, match="too short"):
                ours.encode_one(a, b, add_special=add, max_length=length, strategy=strategy, truncation_side=side)
            continue
        finally:
            theirs.no_truncation()
            theirs.no_padding()
        got = ours.encode_one(a, b, add_special=add, max_length=length, strategy=strategy, truncation_side=side,
                              pad_to=pad_to, pad_id=7, padding_side=pad_side)
        assert_same(got, expected, (a, b))


def test_decoding(both):
    ours, theirs = both
    random_source = random.Random(6)
    for text in random_texts(7, 500):
        ids = theirs.encode(text).ids
        if random_source.random() < 0.3:
            ids = [random_source.randrange(theirs.get_vocab_size() + 3) for _ in range(10)]
        for skip in (True, False):
            assert ours.decode(ids, skip) == theirs.decode(ids, skip_special_tokens=skip), ids


def test_vocabulary(both):
    ours, theirs = both
    assert ours.vocab_size == theirs.get_vocab_size()
    for token, id in theirs.get_vocab().items():
        assert ours.token_to_id(token) == id
        assert ours.id_to_token(id) == theirs.id_to_token(id)
    assert ours.id_to_token(10**6) is None


def test_broken_utf8(both):
    ours, theirs = both
    theirs.encode_special_tokens = True
    texts = random_bytes(8, 500)
    for text, ids in zip(texts, ours.encode(texts), strict=True):
        assert ids == theirs.encode(text.decode(errors="replace"), add_special_tokens=False).ids, text


def test_long_texts(both):
    ours, theirs = both
    theirs.encode_special_tokens = True
    texts = random_texts(9, 5, 3000)
    for text in texts:
        assert ours.encode([text])[0] == theirs.encode(text, add_special_tokens=False).ids
        assert_same(ours.encode_one(text), theirs.encode(text, add_special_tokens=False), "long")
