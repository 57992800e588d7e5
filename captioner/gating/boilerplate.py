"""Strip what is said about the video instead of about what is seen in it. Pure."""

# ruff: noqa: RUF001

from __future__ import annotations

import re

from captioner.gating.filler import is_filler, is_vacuous, trim_filler
from captioner.gating.loops import join_sentences, split_sentences

_MEDIUM = (
    r"(?:videos?|clips?|footage|images?|pictures?|photos?|photographs?|frames?|animation|film|"
    r"recording|sequence|gif|visuals?|shot|scene|series of (?:images|frames|pictures|photos)|"
    r"sequence of (?:images|frames|pictures|shots))"
)
_IDLE = (
    r"(?:(?:short|brief|given|provided|entire|whole|following|presented|captured|dynamic|lively|"
    r"serene|beautiful|vibrant|stunning|captivating|first|last|next|final|opening|video|input|"
    r"\d+-second)\s+){0,2}"
)
"""Adjectives that say nothing of what is seen; `close-up` and `black-and-white` do."""
_LEAD = (
    rf"(?:(?:the|this|that|these|those|our|a|each)\s+)?{_IDLE}{_MEDIUM}"
    rf"(?:\s+(?:clip|footage|sequence|frames?|recording))?"
)
_SHOWS = (
    r"(?:(?:mainly|primarily|mostly|simply|clearly|then|also|initially|first|appears to|seems to)"
    r"\s+)?(?:shows?|showing|shown|depicts?|depicting|features?|featuring|captures?|capturing|"
    r"presents?|presenting|displays?|displaying|portrays?|portraying|illustrates?|showcases?|"
    r"showcasing|contains?|documents?|records?|reveals?|consists? of|(?:is|are) (?:of|about)|"
    r"(?:begins?|starts?|opens?|ends?|concludes?) (?:with|on|by showing)|focus(?:es)? on|"
    r"follows?|provides? (?:a |an )?(?:\w+ )?(?:view|look|glimpse) (?:of|at))"
)
_OPENINGS = (
    # Chat: what a model says before it begins.
    r"(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|alright|great|yes|no problem|"
    r"happy to help)\s*(?:[!,.:\u2014-]\s*)",
    r"(?:here(?:'s| is| are)|below (?:is|are)|the following is)\b[^.:\n]{0,90}:\s*",
    r"(?:(?:my|the|a|short|long|medium|brief|detailed|video|final|revised|full|one-sentence|"
    r"dense)\s+){0,3}(?:caption|description|summary|answer|output|response)\s*:\s*",
    # Someone looks at a video.
    rf"(?:in|throughout|across|within|from) {_LEAD}\s*,?\s*(?={{see}})",
    rf"(?:in|throughout|across|within) (?:the|this|these|our) {_IDLE}{_MEDIUM}"
    r"(?:\s+(?:clip|footage|sequence))?\s*(?:,|:)\s*",
    r"{see}\s*",
    rf"(?:there(?:'s| is) )?(?:an? |the )?{_IDLE}(?:video|clip|footage|recording|gif) of"
    r"\s+",
    rf"{_LEAD}(?:\s+(?:you(?:'ve| have)?|i|we) (?:\w+\s+){{1,2}})?\s*{_SHOWS}(?:\s+|\W*$)"
    r"(?!how\b|what\b|where\b|why\b|whether\b)(?:that\s+)?"
    r"(?:the moment (?:when |as |that )?|us )?",
    r"(?:as|while) (?:the|this) (?:video|clip|footage|scene|sequence) (?:progresses|continues|"
    r"unfolds|goes on|plays|advances|develops)\s*,\s*",
)
_SEE = (
    r"(?:we|you|one|viewers?|the viewers?|the audience|i)\s+(?:can\s+|may\s+|could\s+|then\s+)?"
    r"(?:clearly\s+)?(?:see|sees|observe|observes|watch|watches|notice|notices|"
    r"(?:is|are|am) (?:shown|presented with|introduced to|treated to))\b\s*(?:that\s+)?"
)
_OPENING = re.compile(
    "|".join(f"(?:{one.replace('{see}', _SEE)})" for one in _OPENINGS), re.IGNORECASE
)
_CHINESE_OPENING = re.compile(
    r"(?:好的|当然(?:可以)?|没问题)[，,！!。:：]\s*|"
    r"(?:以下|下面)(?:是|为)[^。:：\n]{0,30}[:：]\s*|"
    r"(?:简短|详细|视频)?(?:描述|说明|标题|字幕|总结)\s*[:：]\s*|"
    r"(?:在)?(?:这|该|本|此|整)?(?:段|个|部|条|则)?(?:视频|影片|短片|片段|录像)(?:片段|画面)?"
    r"(?:中|里|内)?(?:主要)?[，,]?(?:我们|观众|你)?(?:可以|能够|能|会)?"
    r"(?:看到|看见|观察到|展示|显示|呈现|描绘|描述|拍摄|记录|展现|讲述)(?:了|出|的是)?[，,:：]?|"
    r"(?:我们|观众|你)(?:可以|能够|能|会)?(?:看到|看见|观察到)(?:了)?|"
    r"在?(?:这|该|本|此)(?:段|个|部|条)?(?:视频|影片|短片|片段|录像)(?:中|里)[，,]"
)
_ADVERBIAL = re.compile(
    r",?\s+(?:throughout|during|for the duration of|over the course of|in|within|of) "
    r"(?:the|this) (?:entire |whole |rest of the )?(?:video|clip|footage|recording|gif)"
    r"(?: clip| footage| sequence)?(?=[\s,.;!?]|$),?",
    re.IGNORECASE,
)
_AT_FIRST = re.compile(
    r"(?:at|in|from|near|towards?) the (?P<which>beginning|start|opening|end|close) of the "
    r"(?:video|clip|footage|recording),?\s*",
    re.IGNORECASE,
)
_CHINESE_ADVERBIAL = re.compile(r"在?(?:整个|整段)?(?:视频|影片|短片)(?:过程)?(?:中|里|内)[，,]?")

_MAX_PASSES = 4


def strip_openings(text: str) -> str:
    """Return a text whose sentences begin with what is seen: no `Sure!`, no `The video shows`.

    Words about the video inside a sentence (`throughout the video`) go too. What is left may
    be empty. Sentences that have no such words come back as they are.
    """
    return join_sentences([kept for part in split_sentences(text) if (kept := _stripped(part))])


def is_boilerplate(text: str) -> bool:
    """Return whether a text says nothing about what is seen, or falls into stock phrases."""
    sentences = split_sentences(text)
    if is_vacuous(text) or is_vacuous(strip_openings(text)):
        return True
    return any(is_filler(trim_filler(one)) for one in sentences)


def _stripped(sentence: str) -> str:
    left = _ADVERBIAL.sub("", _AT_FIRST.sub(_first_or_last, sentence))
    for _ in range(_MAX_PASSES):
        opening = _OPENING.match(left) or _CHINESE_OPENING.match(left)
        if opening is None or not opening[0]:
            break
        left = left[opening.end() :].lstrip(" ,:\uff0c\uff1a")
    left = _CHINESE_ADVERBIAL.sub("", left)
    if left == sentence:
        return sentence
    if not re.search(r"\w", left):
        return ""
    return left[:1].upper() + left[1:]


def _first_or_last(match: re.Match[str]) -> str:
    word = "finally" if match["which"].lower() in ("end", "close") else "at first"
    is_start = match.start() == 0
    return f"{word.capitalize() if is_start else word}, " if is_start else f"{word} "
