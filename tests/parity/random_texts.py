"""Random texts that are hard on tokenizers: every script, every kind of space, marks, controls."""

import random

WORDS = (
    "the of and Cells divide by MITOSIS photosynthesis don't it's I'LL we've they'd naïve café Ångström "
    "straße İstanbul ΣΊΣΥΦΟΣ ǅungla ﬁne ﬀect ½ ² Ⅷ ① ｆｕｌｌ ｶﾞ 日本語 汉字 한국어 각 ᄒ ᅡ ᆫ שלום مرحبا हिन्दी ไทย "
    "ქართული 𝔘𝔫𝔦 𝒳 x² H₂O 3.14 1234567 ١٢٣ १२३ ᠑ 12:30 e.g. U.S.A. http://a.b/c?d=e&f user@host #tag $5 €9 "
    "&amp; &lt;b&gt; <mask> [MASK] <|endoftext|> <s> </s> [CLS] [SEP] <unk> newtok ab"
).split()
SPACES = [" ", "  ", "   ", "\t", "\n", "\r\n", "\n\n", " \n ", "\u00a0", "\u2003", "\u3000", "\u200b", "\u2028", "\x0b", "\x85", "\u1680"]
ODD = [
    "😀", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "👍🏽", "é", "e\u0301", "o\u0323\u0302", "a\u0302\u0323", "\u0301", "\u0334\u0301x",
    "\u200d", "\u200e", "\u202e", "\ufeff", "\ufffd", "\x00", "\x01", "\x7f", "\x9f", "\ue000", "\U0010ffff", "\u0e33", "\u0f73",
    "\u2126", "\u212b", "\u1e9b\u0323", "\ufb03", "\u3392", "\u2026", "…", "—", "–", "’", "‘", "“", "«", "¿", "'", '"', "'s", "'S",
    "'ſ", "'ll", "'LL", "'re", "ſ", "K", "▁", "Ġ", "_", "-", "--", "!!!", "?!", "...", "[", "]", "<", ">", "\\", "/", "~", "^",
    "\u0345", "\u1dca", "\u20dd", "\u0903", "\u0d4d", "\u1cf2", "\u1885", "\u1734", "\u111c9".encode().decode(), "\U000111c9", "\U00011938", "\U0001e900", "\u166d",
    "\u2e43", "\U00010d50", "\ua7cb", "\U0002ebf0", "\u4e00", "\u3400", "\U00020000", "\uf900", "\U0002b820",
]  # fmt: skip


def random_text(random_source: random.Random, length: int = 12) -> str:
    parts = []
    for _ in range(random_source.randrange(length)):
        kind = random_source.random()
        if kind < 0.45:
            parts.append(random_source.choice(WORDS))
        elif kind < 0.65:
            parts.append(random_source.choice(ODD))
        elif kind < 0.7:
            parts.append(chr(random_source.choice([random_source.randrange(0x20, 0x3000), random_source.randrange(0x20, 0xD7FF),
                                                   random_source.randrange(0xE000, 0x10FFFF), random_source.randrange(0x300, 0x370)])))
        elif kind < 0.75:
            parts.append(chr(random_source.randrange(0x20, 0x250)) * random_source.randrange(1, 9))
        if random_source.random() < 0.6:
            parts.append(random_source.choice(SPACES) if random_source.random() < 0.4 else " ")
    return "".join(parts)


def random_texts(seed: int, count: int, length: int = 12) -> list[str]:
    random_source = random.Random(seed)
    return [random_text(random_source, length) for _ in range(count)]


def random_bytes(seed: int, count: int) -> list[bytes]:
    """UTF-8 with some bytes changed, dropped or cut off."""
    random_source = random.Random(seed)
    broken = []
    for text in random_texts(seed, count):
        data = bytearray(text.encode())
        for _ in range(random_source.randrange(4)):
            if not data:
                break
            at = random_source.randrange(len(data))
            match random_source.randrange(3):
                case 0:
                    data[at] = random_source.randrange(256)
                case 1:
                    del data[at]
                case 2:
                    del data[at:]
        broken.append(bytes(data))
    return broken
