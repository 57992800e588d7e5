"""The quality gate: a text in, what is wrong with it out. Pure; the same for every backend."""

from __future__ import annotations

import json
import re

_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+")
# The ideographic stops, and quotation marks, by their code points: they look like others.
_FINAL = re.compile("[.!?\u3002\uff01\uff1f][\"'\u201d\u2019)\\]]*$")
_MIN_REPEATED_WORDS = 3
"""A sentence this long said twice is a loop; "Yes. Yes." is not."""


def check_text(kind: str, text: str) -> str:
    """Return `ok`, or the first thing that is wrong with a caption.

    `empty`: no word in it. `truncated`: prose without final punctuation. `repeated`: the
    same sentence twice, whatever its case and punctuation. `invalid_json`: a structured
    caption that is not a JSON object with something in it.
    """
    if not re.search(r"\w", text):
        return "empty"
    if kind == "structured":
        return _check_structured(text)
    if not _FINAL.search(text.rstrip()):
        return "truncated"
    sentences = [_words(part) for part in _SENTENCE_END.split(text.strip())]
    long_ones = [words for words in sentences if len(words) >= _MIN_REPEATED_WORDS]
    if len(set(long_ones)) != len(long_ones):
        return "repeated"
    return "ok"


def _check_structured(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return "invalid_json"
    return "ok" if isinstance(value, dict) and value else "invalid_json"


def _words(sentence: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", sentence.lower()))
