"""Tell in what register a sentence speaks: of what is seen, of the task, of feelings. Pure.

A linear classifier over hashed features: words, pairs of words, and the kinds of things that the
words name (`lexicon.txt`), so that a wording counts that nobody listed. Chinese goes by
character. `python benchmarks/gate_train.py` trains it and writes `registers.npz`.
"""

# ruff: noqa: RUF001

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import numpy as np

from captioner.gating.endings import is_finished
from captioner.gating.languages import is_in_language
from captioner.gating.loops import split_sentences, unquoted

REGISTERS = ("seen", "declined", "task", "stock", "empty")
NUM_BUCKETS = 1 << 15
_FOLDER = Path(__file__).parent
_TOKEN = re.compile(r"[a-zß-öø-ÿ]+(?:'[a-z]+)?|\d+|[.,:;!?\"。！？：，；]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[a-z]{2,}")
_CONCRETE_WORDS = (
    "animal artifact body food object plant person substance location colour v_motion v_contact "
    "v_body v_consumption zh_person zh_animal zh_thing zh_food zh_plant zh_nature zh_place "
    "zh_body zh_colour zh_move zh_view"
)
_CONCRETE = frozenset(_CONCRETE_WORDS.split())
_MAX_SEEN = 0.5
_MAX_SEEN_OF_PIECE = 0.2
"""Of a piece of a sentence, such as the fields hold: it says less of itself."""
_MIN_EMPTY = 0.6
_LONGEST_HAN = 6
_ENDINGS = (("ies", "y"), ("es", ""), ("s", ""), ("ing", ""), ("ing", "e"), ("ed", ""), ("ed", "e"))
_MANY = 4


def find_registers(text: str) -> frozenset[str]:
    """Return the registers other than `seen` in which a text's sentences surely speak.

    Quoted words do not count: they are seen. Languages other than English and Chinese are not told.
    """
    return frozenset(map(name_register, split_sentences(unquoted(text)))) - {"seen"}


def name_register(sentence: str) -> str:
    """Return the register of a sentence: `empty` only where no other is near."""
    shares = weigh(sentence)
    if shares["seen"] > (_MAX_SEEN if is_finished(sentence) else _MAX_SEEN_OF_PIECE):
        return "seen"
    is_empty = shares["empty"] > _MIN_EMPTY
    return "empty" if is_empty else max(REGISTERS[1:4], key=lambda register: shares[register])


@lru_cache(maxsize=4096)
def weigh(sentence: str) -> dict[str, float]:
    """Return the share of belief in each of `REGISTERS`, all together 1.

    Where there is no word, or one of a language that is not told, it is all for `seen`.
    """
    is_told = any(is_in_language(sentence, language) for language in ("en", "zh"))
    if not is_told or not re.search(r"\w", sentence):
        return dict.fromkeys(REGISTERS, 0.0) | {"seen": 1.0}
    weights, scale = _weights()
    buckets = bucket(sentence)
    scores = weights[buckets].sum(axis=0, dtype=np.int64) * (scale / len(buckets) ** 0.5)
    shares = np.exp(scores - scores.max())
    return dict(zip(REGISTERS, (shares / shares.sum()).tolist(), strict=True))


def bucket(sentence: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the row of each feature of a sentence in the table of weights, each once."""
    rows = {crc32(feature.encode()) % NUM_BUCKETS for feature in describe(sentence)}
    return np.array(sorted(rows), dtype=np.int64)


def describe(sentence: str) -> Iterator[str]:
    """Yield the features of a sentence by name."""
    plain = sentence.lower().replace("\u2019", "'")
    num_han = len(_HAN.findall(plain))
    if num_han > len(_LATIN.findall(plain)):
        yield from _describe_chinese(plain)
    else:
        yield from _describe_words(plain)


def kind_of(word: str) -> str:
    """Return the lexicon's kind of a word in any of its forms; empty where it has none."""
    known = lexicon()
    if word in known:
        return known[word]
    for end, base in _ENDINGS:
        stem = word.removesuffix(end) + base
        if word.endswith(end) and len(stem) > 2:
            if stem in known:
                return known[stem]
            if len(stem) > 3 and stem[-1] == stem[-2] and stem[:-1] in known:
                return known[stem[:-1]]
    return ""


@cache
def lexicon() -> dict[str, str]:
    """Return the kind of every word of `lexicon.txt`."""
    kinds: dict[str, str] = {}
    for line in (_FOLDER / "lexicon.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            kind, *words = line.split()
            for word in words:
                kinds.setdefault(word, kind)
    return kinds


def _describe_words(plain: str) -> Iterator[str]:
    words = ["0" if word.isdigit() else word for word in _TOKEN.findall(plain)]
    kinds = [kind_of(word) for word in words]
    classes = [kind or word for kind, word in zip(kinds, words, strict=True)]
    yield from (f"w:{word}" for word in words)
    yield from (f"e:{word[-4:]}" for word, kind in zip(words, kinds, strict=True) if not kind)
    yield from _pairs("b", words)
    yield from _pairs("c", classes)
    yield from (
        f"t:{a} {b} {c}" for a, b, c in zip(classes, classes[1:], classes[2:], strict=False)
    )
    yield from _count("en", kinds, len(words))


def _describe_chinese(plain: str) -> Iterator[str]:
    letters = [letter for letter in plain if not letter.isspace()]
    kinds = list(_kinds_of_chinese(plain))
    yield from (f"w:{letter}" for letter in letters)
    yield from _pairs("b", letters)
    yield from (f"3:{plain[i : i + 3]}" for i in range(len(plain) - 2))
    yield from _pairs("c", kinds)
    yield from _count("zh", kinds, len(letters) // 2)


def _kinds_of_chinese(plain: str) -> Iterator[str]:
    """Yield the kinds of the longest known words, left to right, and single letters between."""
    known, i = lexicon(), 0
    while i < len(plain):
        for size in range(min(_LONGEST_HAN, len(plain) - i), 0, -1):
            if plain[i : i + size] in known:
                yield known[plain[i : i + size]]
                i += size
                break
        else:
            yield plain[i]
            i += 1


def _pairs(name: str, items: Sequence[str]) -> Iterator[str]:
    ends = ("^", *items, "$")
    return (f"{name}:{a} {b}" for a, b in pairwise(ends))


def _count(name: str, kinds: Sequence[str], num_words: int) -> Iterator[str]:
    """Yield which kinds of words there are, how many name what can be seen, and the length."""
    yield from (f"k:{kind}" for kind in set(kinds) if kind)
    num_seen = sum(kind in _CONCRETE for kind in kinds)
    yield f"{name} seen:{min(num_seen, _MANY)}"
    yield f"{name} share:{4 * num_seen // max(1, num_words)}"
    yield f"{name} length:{min(num_words, 24) // 3}"
    yield f"{name}"


@cache
def _weights() -> tuple[np.ndarray[tuple[int, int], np.dtype[np.int8]], float]:
    with np.load(_FOLDER / "registers.npz") as stored:
        return stored["weights"], float(stored["scale"])
