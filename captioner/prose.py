"""The house style: a structured caption -> the texts that the generator learns from. Pure."""

# ruff: noqa: RUF001

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from captioner.caption import StructuredCaption
from captioner.composing.compose import Length, compose
from captioner.gating.boilerplate import strip_openings
from captioner.gating.endings import is_finished
from captioner.gating.filler import drop_filler
from captioner.gating.loops import join_sentences, split_sentences, split_words
from schemas.wording.inflect import present

_LEAST_WORDS: dict[Length, int] = {"short": 3, "medium": 6, "long": 12}
"""A text with fewer is composed anew from the fields, where they say more."""
_MAX_SHORT_WORDS = 45
_NUM_MEDIUM_SENTENCES = 2

_MARKS = re.compile(r"\*\*|__(?=\w)|(?<=\w)__|`+|~~|(?<!\w)\*(?=\w)|(?<=[\w.!?])\*(?!\w)")
_LINE_MARKS = re.compile(r"^\s*(?:#{1,6}\s+|[-*\u2022]\s+|\d{1,2}[.)]\s+|>\s+)", re.MULTILINE)
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff\u00ad]")
_QUOTED = re.compile(r'("[^"]*"|“[^”]*”|「[^」]*」)')
_ENGLISH_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "\u00a0": " "})
_NO_VERB = r"(?:the|a|an|his|her|its|their|this|that|left|right|top|bottom|one|it|us|me|him|them)"
_HEDGES = (
    (re.compile(r"\bwhat (?:appears?|seems?) to be ", re.I), ""),
    (re.compile(r"\bit (?:(?:appears|seems) that|(?:seems|looks) as (?:if|though)) ", re.I), ""),
    (re.compile(r"(?<!not )\b(?:appears|seems) to be\b", re.I), "is"),
    (re.compile(r"(?<!not )\b(?:appear|seem) to be\b", re.I), "are"),
    (re.compile(rf"(?<!not )\b(?:appear|seem) to (?=(?!{_NO_VERB}\b)[a-z])", re.I), ""),
    (re.compile(r"\b(?:seemingly|apparently) ", re.I), ""),
)
_HEDGED_VERB = re.compile(rf"(?<!not )\b(?:appears|seems) to (?!{_NO_VERB}\b)([a-z]+)\b", re.I)


def finish(
    caption: StructuredCaption,
    *,
    kinds: Sequence[str],
    language: str,
    key: str = "",
    with_inferences: bool = False,
    is_ours: bool = False,
) -> dict[str, str]:
    """Return one text per kind, all in one style whoever wrote the caption.

    No words about the video, no hedges (`appears to be`), no markup, no line breaks, straight
    quotes, a capital at the start, a stop at the end. Kinds of prose that are missing come
    from a longer text of the caption, or are composed from its fields in one of many orders;
    `key` (the clip's id) picks it, so that a clip always gets the same. `structured` is
    compact JSON with sorted keys, without fields that state nothing. Mood and story enter
    prose only `with_inferences`, each with its evidence. A text is empty where the caption
    states nothing. Prose that `is_ours`, written by a grammar of this project, keeps all of its
    sentences.
    """
    given: dict[Length, str] = {
        "short": tidy(caption.short, language=language, is_ours=is_ours),
        "medium": tidy(caption.medium, language=language, is_ours=is_ours),
        "long": tidy(caption.long, language=language, is_ours=is_ours),
    }
    texts: dict[str, str] = {}
    for kind in kinds:
        if kind == "structured":
            texts[kind] = _as_json(caption, given)
        elif kind in ("short", "medium", "long"):
            texts[kind] = _prose(caption, kind, given, language, key)  # type: ignore[arg-type]
        else:
            raise ValueError(f"no kind of caption called `{kind}`")
    if with_inferences and "long" in texts:
        texts["long"] = join_sentences([texts["long"], *_inferences(caption, language)]).strip()
    return texts


def tidy(text: str, *, language: str = "en", is_ours: bool = False) -> str:
    """Return a text in the house style; what it says of the scene is left as it is.

    Doing it twice changes nothing. Quoted words keep their spelling. Sentences that only praise
    or tell of nothing go, unless the text `is_ours`.
    """
    plain = _INVISIBLE.sub("", _MARKS.sub("", _LINE_MARKS.sub("", text)))
    is_english = language.lower().split("-")[0] == "en"
    if is_english:
        plain = plain.translate(_ENGLISH_QUOTES)
    plain = join_sentences(split_sentences(plain))
    plain = strip_openings(" ".join(plain.split()))
    plain = plain if is_ours else drop_filler(plain)
    if is_english:
        parts = _QUOTED.split(plain)
        plain = "".join(part if i % 2 else _unhedged(part) for i, part in enumerate(parts))
        plain = re.sub(r"\s+([,.;:!?])(?=\s|$)", r"\1", plain)
    plain = " ".join(plain.split()).strip(" ,;:-–—，、；：")
    plain = join_sentences([_capital(sentence) for sentence in split_sentences(plain)])
    if not re.search(r"\w", plain):
        return ""
    if not is_finished(plain):
        plain = plain.rstrip(".…") + _stop(plain)
    return plain


def without_filler(caption: StructuredCaption) -> StructuredCaption:
    """Return the caption without sentences that only praise or conclude.

    For the last attempt at a clip: what is left may pass the gate where the whole did not.
    """
    prose = {kind: drop_filler(getattr(caption, kind)) for kind in ("short", "medium", "long")}
    return caption.model_copy(update=prose)


def _prose(
    caption: StructuredCaption, kind: Length, given: dict[Length, str], language: str, key: str
) -> str:
    """Return the text of a kind: the model's own, else one cut from a longer, else composed."""
    own = given[kind]
    if _num_words(own) >= _LEAST_WORDS[kind]:
        return own
    if kind != "long":
        longer = [given[name] for name in ("medium", "long") if name != kind and given[name]]
        number = 1 if kind == "short" else _NUM_MEDIUM_SENTENCES
        for text in longer:
            cut = join_sentences(split_sentences(text)[:number])
            if _LEAST_WORDS[kind] <= _num_words(cut) <= _MAX_SHORT_WORDS * number:
                return cut
    composed = tidy(compose(caption, kind, language=language, key=key), language=language)
    others = (given["medium"], given["short"]) if kind == "long" else (given["short"],)
    candidates = [own, composed, *others] if kind != "short" else [own, composed, *given.values()]
    if kind == "short":
        return next((text for text in (composed, own, *candidates) if text), "")
    return max(candidates, key=_num_words)


def _inferences(caption: StructuredCaption, language: str) -> list[str]:
    said = []
    for name, item in (("mood", caption.mood), ("story", caption.story)):
        if item is None:
            continue
        text, evidence = item.text.strip(" .。"), item.evidence.strip(" .。")
        if language.lower().startswith("zh"):
            said.append(f"{evidence}，{text}。")
        elif name == "mood":
            said.append(f"The mood is {text[:1].lower()}{text[1:]}: {evidence}.")
        else:
            said.append(f"{_capital(text)}: {evidence}.")
    return said


def _as_json(caption: StructuredCaption, given: dict[Length, str]) -> str:
    fields = caption.model_copy(
        update={str(kind): text for kind, text in given.items()}
    ).model_dump(mode="json")
    stated = {name: value for name, value in fields.items() if value not in ("", [], None, {})}
    return json.dumps(stated, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _unhedged(text: str) -> str:
    for pattern, replacement in _HEDGES:
        text = pattern.sub(replacement, text)
    return _HEDGED_VERB.sub(lambda match: present(match[1].lower()), text)


def _num_words(text: str) -> int:
    return len(split_words(text))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _stop(text: str) -> str:
    return "。" if re.search(r"[\u3400-\u9fff]", text) else "."
