"""Find text that goes round in circles: the commonest way in which small captioners fail."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")
_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_SENTENCE_END = re.compile(
    r"(?<=[.!?])[\"'\u201d\u2019)\]*]*\s+|(?<=[\u3002\uff01\uff1f])[\"'\u201d\u2019\u300d\uff09]*|\n+"
)
_ITEM_END = re.compile(r"\s*(?:[,;\uff0c\uff1b\u3001.\u3002]|\band\b|\u548c)\s*")
_STUTTER = re.compile(
    r"([^\W\d])\1{5,}|([!?,;:~#*=_-])\2{6,}|(\.){7,}|([\u3002\uff0c\u3001\uff01\uff1f\u2026])\4{3,}",
    re.IGNORECASE,
)
_SYLLABLES = re.compile(r"([^\W\d]{2,4})\1{4,}|([^\W\d]{3,12})\2{3,}", re.IGNORECASE)
_NO_ECHO = frozenset(("the", "a", "an", "of", "and", "to", "in", "is", "on", "with", "at"))

_QUOTED = re.compile(
    r"\"[^\"\n]{1,300}\"|\u201c[^\u201d\n]{1,300}\u201d|\u300c[^\u300d]{1,300}\u300d|"
    r"\u00ab[^\u00bb\n]{1,300}\u00bb|(?<!\w)'(?:[^'\n]|'(?=\w)){1,300}'(?!\w)|\u2018[^\u2019\n]{1,300}\u2019(?!\w)"
)

_MAX_PERIOD = 40
_MAX_CHARACTERS = 12_000
"""Of a longer text, the beginning is looked at: what loops so late is too long anyway."""
_MIN_SENTENCE_WORDS = 3
"""A sentence this long said twice is a loop; "Yes. Yes." is not."""
_MIN_SENTENCE_HAN = 6
_GRAM = 4
_MIN_GRAMS = 24
_MAX_GRAM_SHARE = 0.3
"""Of the runs of four words (eight Chinese characters), those that were said before."""
_MIN_ITEMS = 8
_MIN_ITEMS_SHARE = 0.6


def find_loop(text: str) -> bool:
    """Return whether a text repeats itself: a sentence, a phrase, a list, a character.

    The words of every language count alike; Chinese and Japanese go by character.
    """
    text = text[:_MAX_CHARACTERS]
    if _STUTTER.search(text) or _SYLLABLES.search(text):
        return True
    tokens = split_words(text)
    return (
        _has_sentence_twice(text)
        or _goes_round(tokens)
        or _says_grams_again(tokens)
        or is_looping_list([item for item in _ITEM_END.split(text.lower()) if item.strip()])
    )


def is_looping_list(items: Sequence[str], *, least: int = _MIN_ITEMS) -> bool:
    """Return whether a list of at least `least` items says the same ones again and again."""
    plain = [" ".join(split_words(item)) for item in items]
    return len(plain) >= least and len(set(plain)) <= _MIN_ITEMS_SHARE * len(plain)


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case; of Chinese and Japanese, the characters."""
    return _TOKEN.findall(text.lower())


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text with their final punctuation, in order; no blank ones."""
    sentences, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        sentences.append(text[start : match.end()].strip())
        start = match.end()
    sentences.append(text[start:].strip())
    return [sentence for sentence in sentences if sentence]


def join_sentences(sentences: Sequence[str]) -> str:
    """Return sentences as one text: a blank between them, none after a Chinese stop."""
    text = ""
    for sentence in sentences:
        gap = "" if not text or text[-1] in "\u3002\uff01\uff1f\u201d\u300d" else " "
        text += gap + sentence
    return text


def unquoted(text: str) -> str:
    """Return a text without what stands in quotation marks: words seen, not the captioner's."""
    plain = _QUOTED.sub(" ", text)
    return plain.replace("\u2019", "'").replace("\u2018", "'")


def _has_sentence_twice(text: str) -> bool:
    said = Counter(tuple(split_words(part)) for part in split_sentences(text))
    return any(
        number > 1 and len(words) >= (_MIN_SENTENCE_HAN if _is_han(words) else _MIN_SENTENCE_WORDS)
        for words, number in said.items()
    )


def _goes_round(tokens: Sequence[str]) -> bool:
    """Return whether the same few words follow one another without a break."""
    for period in range(1, min(_MAX_PERIOD, len(tokens) // 2) + 1):
        run = 0
        for i in range(period, len(tokens)):
            run = run + 1 if tokens[i] == tokens[i - period] else 0
            if run and run >= _longest_run(period, tokens[i]):
                return True
    return False


def _longest_run(period: int, token: str) -> int:
    """Return after how many equal words in a row a repetition is a loop."""
    if _HAN.match(token):
        if period == 1:
            return 4
        return period * (3 if period < 4 else 2 if period < 14 else 1)
    if period == 1:
        return 2 if token in _NO_ECHO else 3
    return 2 * period if period < 10 else period


def _says_grams_again(tokens: Sequence[str]) -> bool:
    size = 2 * _GRAM if _is_han(tokens) else _GRAM
    grams = [tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1)]
    if len(grams) < _MIN_GRAMS:
        return False
    return 1 - len(set(grams)) / len(grams) > _MAX_GRAM_SHARE


def _is_han(words: Sequence[str]) -> bool:
    return 2 * sum(bool(_HAN.match(word)) for word in words) > len(words)
