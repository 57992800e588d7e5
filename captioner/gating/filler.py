"""Stock phrases: sentences that praise, conclude or interpret instead of telling what is seen."""

from __future__ import annotations

import re

from captioner.gating.loops import join_sentences, split_sentences, unquoted
from captioner.gating.registers import name_register, weigh

_SOFT = 0.4
"""Belief that a sentence is a stock phrase, above which it is better left out."""
_CLAUSE = re.compile(
    r",\s*(?:(?:all|further|thus|thereby|also)\s+)?(?:which (?:gives|adds|creates|lends|enhances|"
    r"emphasi[sz]es|highlights)\b|(?:allow|draw|bring|offer|provid|creat|add|evok|convey|giv|exud|contribut|"
    r"enhanc|lend|captur|showcas|highlight|emphasi[sz]|underscor|symboli[sz]|embody|reflect|"
    r"celebrat|suggest|invit|leav|mak|impart|encapsulat|radiat|reveal)\w*ing\b)[^,.;:!?]*"
    r"(?:,? and [^,.;:!?]*)?(?=[.;!?]|$)",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"^(?:there (?:is|are|was|were) (?:also )?no (?:\w+ ){0,3}?(?:texts?|words?|captions?|objects?|"
    r"subtitles?|actions?|people|sounds?|audio|writing|watermarks?|logos?)\b|(?:the|this) (?:video|"
    r"clip|image|footage|scene|frame) (?:itself )?(?:does not|doesn't|do not|contains no|has no|"
    r"shows no|lacks)\b|no (?:\w+ ){0,3}?(?:texts?|words?|subtitles?|captions?|watermarks?) "
    r"(?:is|are|can be)\b|the relative positions? of the objects?\b|the description is based\b)|"
    r"^(?:画面|视频|图像)?(?:中|里|上)?没有(?:任何)?(?:文字|字幕|文本|水印|声音)",
    re.IGNORECASE,
)
"""What is not there: nobody asked, and the generator would draw it."""


def is_filler(sentence: str) -> bool:
    """Return whether a sentence is surely a stock phrase: it concludes, praises or interprets."""
    return name_register(unquoted(sentence)) == "stock"


def is_vacuous(text: str) -> bool:
    """Return whether nothing is named in a text: the scene shows various objects."""
    return all(name_register(unquoted(one)) != "seen" for one in split_sentences(text))


def trim_filler(text: str) -> str:
    """Return a text without trailing clauses of effect: `, creating a sense of calm`."""
    return _CLAUSE.sub(lambda match: "" if _is_soft(match[0]) else match[0], text)


def drop_filler(text: str) -> str:
    """Return a text without clauses and sentences that only praise, conclude, or tell of nothing.

    Where nothing would be left, the text comes back as it is.
    """
    sentences = [trim_filler(sentence) for sentence in split_sentences(text)]
    kept = [one for one in sentences if not (_is_soft(one) or _ABSENT.search(one))]
    return join_sentences(kept) if kept else text


def _is_soft(sentence: str) -> bool:
    shares = weigh(unquoted(sentence))
    return shares["stock"] > _SOFT or shares["empty"] > 1 - _SOFT
