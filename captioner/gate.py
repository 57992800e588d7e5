"""The quality gate: a caption in, what is wrong with it out. Pure; the same for every captioner."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from captioner.caption import StructuredCaption
from captioner.gating.boilerplate import is_boilerplate, strip_openings
from captioner.gating.echoes import is_echo, is_placeholder
from captioner.gating.endings import is_cut_off, is_finished
from captioner.gating.languages import is_in_language
from captioner.gating.loops import find_loop, is_looping_list, split_words
from captioner.gating.refusals import is_refusal

STATUSES: dict[str, str] = {
    "ok": "nothing is wrong with it",
    "empty": "no word in it",
    "refused": "the model declined, or asked for a video",
    "placeholder": "a blank form: `<description>`, `string`, `N/A`",
    "echo": "the prompt or a chat instead of a description",
    "repeated": "it goes round in circles",
    "off_language": "another language than asked for, in whole or in part",
    "truncated": "it ends in the middle",
    "bad_times": "events outside the clip, backwards, or without a usable time",
    "markup": "headings, lists or tables instead of prose",
    "boilerplate": "stock phrases instead of what is seen",
    "too_short": "too few words to describe anything",
    "too_long": "more words than any caption needs",
    "invalid_json": "not in the form asked for, and not to be mended",
    "duplicate": "the same text stands on many clips",
    "contradicted": "it says what the measurements deny",
    "misaligned": "it fits the pictures too little",
    "swapped": "the answer bears no clip's name, or another's",
    "out_of_domain": "the captioner does not know such footage",
    "unreadable_frames": "the clip's pictures cannot be read",
    "out_of_memory": "too large for the device",
    "too_many_tokens": "prompt and pictures are longer than the model takes",
    "error": "the captioner or its server failed",
}
"""Every status of a caption, and what it means. `ok` is the only good one."""

MAX_WORDS = {"short": 90, "medium": 220, "long": 420}
"""Three Chinese characters count as two words."""
MIN_WORDS = 3
_TOLERANCE_S = 0.25
_TOLERANCE_SHARE = 0.02
"""Times may pass the clip's end by so much: models round."""
_LENGTH_REASONS = ("length", "max_tokens", "max_length", "MAX_TOKENS")
_MIN_LOOPING_EVENTS = 4
_MIN_LOOPING_LIST = 4
_MAX_ALIKE = 3
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+\S|^\s*[=-]{4,}\s*$|^\s*\*\*[^*\n]{1,60}\*\*:?\s*$", re.M)
_BULLET = re.compile(r"^\s*(?:[-*\u2022\u00b7]|\(?\d{1,2}[.)\u3001])\s+\S", re.M)
_OTHER_MARKUP = re.compile(
    r"^\s*\|.*\|\s*$|```|</?(?:p|br|b|i|ul|ol|li|div|span|h\d|table|strong|em)\s*/?>|"
    r"!?\[[^\]\n]+\]\(\w+[:/]|(?:^|\n|\s)\*\*[^*\n]{1,40}:\*\*|\*\*[^*\n]{1,40}\*\*\s?:|"
    r"\\[nt\"]|\{\s*\"|\"\s*:\s*[\"\[{]|\$\$|\\(?:text|begin|frac)\b",
    re.M,
)
_SAID_TIME = re.compile(
    r"\b(?:at|after|until|till|around|by|from|to) (?:about |around |the )?(\d{1,5}(?:\.\d+)?)"
    r"(?: ?s\b| ?sec\b|[ -]seconds?\b)",
    re.IGNORECASE,
)


def check_caption(
    caption: StructuredCaption,
    *,
    duration_s: float,
    language: str,
    finish_reason: str = "",
    kinds: Sequence[str] = (),
) -> str:
    """Return `ok`, or the first thing that is wrong with a caption, the most telling first.

    `finish_reason` is the server's word for why the model stopped. Times are seconds from the
    start of the clip. Prose for a kind that the model left out is no failure: it is composed
    from the fields (`captioner.prose`). Words on screen may be in any language and shape.
    """
    prose = {kind: getattr(caption, kind) for kind in ("short", "medium", "long")}
    texts = [text for text in prose.values() if text.strip()]
    phrases = _phrases(caption)
    everything = [*texts, *phrases]
    if not any(re.search(r"\w", text) for text in everything):
        return "empty"
    if any(is_refusal(text) for text in everything):
        return "refused"
    if any(is_placeholder(text) for text in (*texts, *caption.actions)):
        return "placeholder"
    if any(_has_markup(text) for text in everything):
        return "markup"
    if any(is_echo(text) for text in everything):
        return "echo"
    if any(find_loop(text) for text in everything) or _has_looping_fields(caption):
        return "repeated"
    seen = caption.text_on_screen
    if not all(is_in_language(text, language, seen=seen) for text in (*texts, ". ".join(phrases))):
        return "off_language"
    if finish_reason in _LENGTH_REASONS or _is_truncated(caption, prose):
        return "truncated"
    if not _has_good_times(caption, duration_s, texts):
        return "bad_times"
    if any(is_boilerplate(text) for text in texts):
        return "boilerplate"
    return _check_length(prose, phrases, kinds)


def check_text(kind: str, text: str, *, language: str | None = None) -> str:
    """Return `ok`, or the first thing that is wrong with a lone text of a kind.

    As `check_caption`, without what needs the clip or the other fields; prose without final
    punctuation is `truncated`. `structured` has to be a JSON object with something in it.
    """
    if not re.search(r"\w", text):
        return "empty"
    if kind == "structured":
        return _check_structured(text)
    checks: tuple[tuple[str, bool], ...] = (
        ("refused", is_refusal(text)),
        ("placeholder", is_placeholder(text)),
        ("markup", _has_markup(text)),
        ("echo", is_echo(text)),
        ("repeated", find_loop(text)),
        ("off_language", language is not None and not is_in_language(text, language)),
        ("truncated", not is_finished(text) or is_cut_off(text)),
        ("boilerplate", is_boilerplate(text)),
        ("too_long", kind in MAX_WORDS and _num_words(text) > MAX_WORDS[kind]),
    )
    return next((status for status, is_wrong in checks if is_wrong), "ok")


def find_shared(texts: Mapping[str, str], *, limit: int) -> set[str]:
    """Return the ids of clips whose text stands on more than `limit` clips.

    Texts that differ in case, punctuation, blanks or opening words only are the same text.
    """
    plain = {clip_id: " ".join(split_words(strip_openings(t))) for clip_id, t in texts.items()}
    numbers = Counter(plain.values())
    return {clip_id for clip_id, text in plain.items() if text and numbers[text] > limit}


def _phrases(caption: StructuredCaption) -> list[str]:
    """Return what the fields say, text on screen left out."""
    parts: list[str] = [caption.setting, caption.camera, caption.light, caption.style]
    parts += caption.actions
    parts += [event.text for event in caption.events]
    for subject in caption.subjects:
        parts.append(" ".join((*subject.attributes, subject.name)))
    parts += [f"{one.subject} {one.relation} {one.object}" for one in caption.relations]
    parts += [f"{one.text}. {one.evidence}" for one in (caption.mood, caption.story) if one]
    return [part for part in parts if part.strip()]


def _has_looping_fields(caption: StructuredCaption) -> bool:
    """Return whether a field says the same again and again: events, subjects, actions."""
    events = [event.text for event in caption.events]
    spans = [(event.start_s, event.end_s, event.text.lower()) for event in caption.events]
    if len(set(spans)) < len(spans) or is_looping_list(events, least=_MIN_LOOPING_EVENTS):
        return True
    if _longest_stretch(events) >= _MAX_ALIKE:
        return True
    subjects = [" ".join((*one.attributes, one.name)) for one in caption.subjects]
    relations = [f"{one.subject} {one.relation} {one.object}" for one in caption.relations]
    lists: tuple[Sequence[str], ...] = (subjects, caption.actions, relations)
    return any(
        _most_alike(items) >= _MAX_ALIKE or is_looping_list(items, least=_MIN_LOOPING_LIST)
        for items in lists
    )


def _most_alike(items: Iterable[str]) -> int:
    return max(Counter(" ".join(split_words(item)) for item in items).values(), default=0)


def _longest_stretch(items: Sequence[str]) -> int:
    longest, run, last = 0, 0, ""
    for item in (" ".join(split_words(one)) for one in items):
        run = run + 1 if item == last else 1
        longest, last = max(longest, run), item
    return longest


def _is_truncated(caption: StructuredCaption, prose: Mapping[str, str]) -> bool:
    """Return whether a text ends in the middle.

    A text without a final stop is let pass only where the model left it out by habit: one
    whole sentence, beside a longer text that does end, its last word known from elsewhere.
    """
    texts = {kind: text for kind, text in prose.items() if text.strip()}
    for kind, text in texts.items():
        if is_cut_off(text):
            return True
        if is_finished(text):
            continue
        others = [other for name, other in texts.items() if name != kind]
        known = {word for other in (*others, *_phrases(caption)) for word in split_words(other)}
        last = split_words(text)[-1:]
        is_habit = any(is_finished(other) for other in others) and set(last) <= known
        if kind != "short" or not is_habit:
            return True
    return any(is_cut_off(text) for text in (*caption.actions, *(e.text for e in caption.events)))


def _has_good_times(caption: StructuredCaption, duration_s: float, texts: Iterable[str]) -> bool:
    limit = duration_s + max(_TOLERANCE_S, _TOLERANCE_SHARE * duration_s)
    for event in caption.events:
        if not (math.isfinite(event.start_s) and math.isfinite(event.end_s)):
            return False
        if event.start_s < 0 or event.end_s < event.start_s or event.end_s > limit:
            return False
    said = [float(time) for text in texts for time in _SAID_TIME.findall(text)]
    return all(time <= limit for time in said)


def _has_markup(text: str) -> bool:
    return bool(
        _HEADING.search(text) or _OTHER_MARKUP.search(text) or len(_BULLET.findall(text)) > 1
    )


def _check_length(prose: Mapping[str, str], phrases: Sequence[str], kinds: Sequence[str]) -> str:
    wanted = [kind for kind in prose if not kinds or kind in kinds]
    if any(_num_words(prose[kind]) > MAX_WORDS[kind] for kind in wanted):
        return "too_long"
    richest = max((_num_words(text) for text in prose.values()), default=0)
    if richest < MIN_WORDS and sum(map(_num_words, phrases)) < MIN_WORDS:
        return "too_short"
    return "ok"


def _num_words(text: str) -> int:
    words = split_words(text)
    num_han = sum(len(word) == 1 and ord(word) > 0x3000 for word in words)
    return len(words) - num_han + 2 * num_han // 3


def _check_structured(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return "invalid_json"
    return "ok" if isinstance(value, dict) and value else "invalid_json"
