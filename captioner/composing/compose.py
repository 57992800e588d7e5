"""Prose from the fields of a caption, where the model wrote none: in many orders. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from random import Random
from typing import Literal

from captioner.caption import StructuredCaption, Subject
from captioner.composing.compose_chinese import compose_chinese
from captioner.composing.phrases import (
    camera_clause,
    definite,
    is_plural,
    lower_start,
    noun_phrase,
    place_clause,
    plural,
    relation_clause,
    with_place,
)
from captioner.gating.loops import split_words

Length = Literal["short", "medium", "long"]

_NUM_EXTRAS = {"short": 0, "medium": 2, "long": 99}
"""Sentences after those about the main subject."""
_NUM_ACTIONS = {"short": 1, "medium": 2, "long": 12}
_MAX_SUBJECTS = 6
_LIGHT_FIRST = 0.05
_PLACE_FIRST = 0.25
_PLACE_LAST = 0.65
"""Shares of texts that open with the light, open with the place, end their first clause with it."""
_LIGHT_NOUN = re.compile(r"\b(?:\w*light|sun|sunset|sunrise|shade|glow|dusk|dawn|darkness)$", re.I)


def compose(
    caption: StructuredCaption, length: Length, *, language: str = "en", key: str = ""
) -> str:
    """Return sentences made of the fields, nothing added; empty where they state nothing.

    Subjects with number and looks, what they do, place, camera, light, style, text on screen,
    events in their order, relations. `key` picks the order and the words: the same key, the
    same text. English and Chinese have a grammar; in other languages each field is a
    sentence as it stands. Mood and story are left out.
    """
    rng = Random(f"{key} {length}")
    name = language.lower().split("-")[0]
    if name == "zh":
        return compose_chinese(caption, length, rng)
    if name != "en":
        return _as_it_stands(caption, length)
    main, told = _main_sentences(caption, length, rng)
    extras = _extras(caption, told, rng)
    if length == "medium":
        # A medium text says where it is and how the camera moves before all else.
        extras = extras[: _NUM_EXTRAS[length]]
    elif length == "long":
        rng.shuffle(extras)
    sentences = [*main, *extras[: _NUM_EXTRAS[length]]]
    if length == "long":
        sentences += _relations(caption) + _texts(caption, rng)
    return " ".join(_sentence(clause) for clause in sentences if clause)


def _main_sentences(
    caption: StructuredCaption, length: Length, rng: Random
) -> tuple[list[str], set[str]]:
    """Return the sentences about subjects and actions, and the fields told in passing."""
    told: set[str] = set()
    subjects = list(caption.subjects[:_MAX_SUBJECTS])
    deeds = _deeds(caption)[: _NUM_ACTIONS[length]]
    named: set[int] = set()
    clauses = [_clause(deed, subjects, named) for deed in deeds]
    left = [one for i, one in enumerate(subjects) if i not in named]
    if not clauses and left:
        clauses, left = [_being(left[:2], caption, told)], left[2:]
    first = clauses[0] if clauses else ""
    if first:
        clauses[0] = _opened(first, caption, told, rng)
    if len(deeds) > 1 and caption.events:
        clauses[1:] = _in_order(clauses[1:], rng)
    if left and length != "short":
        verb = "are" if len(left) > 1 or is_plural(left[0]) else "is"
        clauses.append(f"there {verb} {_listed(noun_phrase(one) for one in left)}")
    if not clauses and caption.setting:
        told.add("setting")
        clauses.append(place_clause(caption.setting, "place"))
    return clauses, told


def _deeds(caption: StructuredCaption) -> list[str]:
    """Return what happens: the events in their order, and actions that no event tells."""
    events = sorted(caption.events, key=lambda event: event.start_s)
    told: list[str] = []
    for text in (*(event.text for event in events), *caption.actions):
        if text.strip() and not any(_is_told(text, other) for other in told):
            told.append(text)
    return told


def _is_told(text: str, other: str) -> bool:
    words = set(split_words(text)) - {"the", "a", "an", "is", "are", "its", "his", "her"}
    return words <= set(split_words(other))


def _clause(deed: str, subjects: Sequence[Subject], named: set[int]) -> str:
    """Return a clause with its subject described in full where it is first named."""
    plain = lower_start(deed)
    for i, subject in enumerate(subjects):
        name = subject.name.lower()
        names = "|".join(re.escape(form) for form in (plural(name), name))
        match = re.match(
            rf"(?:(?:the|an?|one|some|two|three|four)\s+)?(?:{names})\b", plain.lower()
        )
        if match:
            rest = plain[match.end() :]
            who = definite(subject.name) if i in named else noun_phrase(subject)
            named.add(i)
            if rest and not is_plural(subject) and re.match(r"\s\w+ing\b", rest):
                return f"{who} is{rest}"
            return who + (rest if rest.strip() else "")
    word = plain.split(" ")[0]
    if subjects and (word.endswith("ing") or _is_verb(word, subjects)):
        who = definite(subjects[0].name) if 0 in named else noun_phrase(subjects[0])
        named.add(0)
        if word.endswith("ing"):
            return f"{who} {'are' if is_plural(subjects[0]) else 'is'} {plain}"
        return f"{who} {plain}"
    return plain


def _is_verb(word: str, subjects: Sequence[Subject]) -> bool:
    """Return whether a first word is a verb that wants a subject: `runs`, not `dogs`."""
    names = {part.lower() for subject in subjects for part in subject.name.split()}
    is_noun = word in names or word.removesuffix("s") in names
    return bool(re.fullmatch(r"[a-z]{3,}s", word)) and not is_noun and word not in ("this", "its")


def _being(subjects: Sequence[Subject], caption: StructuredCaption, told: set[str]) -> str:
    who = _listed(noun_phrase(subject) for subject in subjects)
    verb = "are" if len(subjects) > 1 or is_plural(subjects[0]) else "is"
    if caption.setting:
        told.add("setting")
        return f"{who} {verb} {with_place(caption.setting)}"
    return f"there {verb} {who}"


def _opened(first: str, caption: StructuredCaption, told: set[str], rng: Random) -> str:
    """Return the first clause, sometimes behind words of place or light, or before them.

    Places and lights are fewer than subjects, so they open seldom: no opening wears out.
    """
    drawn = rng.random()
    light = lower_start(caption.light)
    if drawn < _LIGHT_FIRST and _LIGHT_NOUN.search(light) and len(light.split()) < 6:
        told.add("light")
        return f"in {light}, {first}"
    place = with_place(caption.setting) if caption.setting and "setting" not in told else ""
    if not place or len(place.split()) > 11 or place.lower() in first.lower():
        return first
    if drawn < _PLACE_LAST:
        told.add("setting")
        return f"{place}, {first}" if drawn < _PLACE_FIRST else f"{first} {place}"
    return first


def _in_order(clauses: Sequence[str], rng: Random) -> list[str]:
    """Return later clauses with a word that says so, the last one sometimes as the end."""
    words = ["then", "after that", "next"]
    rng.shuffle(words)
    ordered = [f"{words[i % len(words)]}, {clause}" for i, clause in enumerate(clauses)]
    if len(clauses) > 1 and rng.random() < 0.6:
        ordered[-1] = f"finally, {clauses[-1]}"
    return ordered


def _extras(caption: StructuredCaption, told: set[str], rng: Random) -> list[str]:
    extras = []
    if caption.setting and "setting" not in told:
        extras.append(place_clause(caption.setting, rng.choice(("place", "setting"))))
    if caption.camera:
        extras.append(camera_clause(caption.camera))
    if caption.light and "light" not in told:
        light = lower_start(re.sub(r"^(?:the )?light(?:ing)?(?: is)? ", "", caption.light))
        is_verb = re.match(r"(?:comes|falls|shines|changes|fades|flickers|streams|enters)\b", light)
        frame = "the light {}" if is_verb else rng.choice(("the light is {}", "the lighting is {}"))
        extras.append(frame.replace("{}", light))
    if caption.style:
        style = lower_start(re.sub(r"^(?:the )?style(?: is)? ", "", caption.style))
        extras.append(rng.choice(("the style is ", "in style it is ")) + style)
    return extras


def _relations(caption: StructuredCaption) -> list[str]:
    return [relation_clause(relation) for relation in caption.relations]


def _texts(caption: StructuredCaption, rng: Random) -> list[str]:
    quoted = [f"'{text}'" if '"' in text else f'"{text}"' for text in caption.text_on_screen]
    if not quoted:
        return []
    if len(quoted) == 1:
        frame = rng.choice(("the text {} can be read", "text in the picture reads {}"))
        return [frame.replace("{}", quoted[0])]
    return [f"the texts {_listed(quoted)} can be read"]


def _as_it_stands(caption: StructuredCaption, length: Length) -> str:
    fields = [*_deeds(caption), caption.setting, caption.camera, caption.light, caption.style]
    names = [" ".join((one.name, *one.attributes)) for one in caption.subjects]
    said = [text for text in (*fields, ", ".join(names)) if text.strip()]
    number = 1 if length == "short" else 3 if length == "medium" else len(said)
    return " ".join(_sentence(text.strip(" .")) for text in said[:number])


def _listed(items: Iterable[str]) -> str:
    parts = list(items)
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _sentence(clause: str) -> str:
    plain = clause.strip()
    end = "" if plain.endswith((".", "!", "?")) else "."
    return plain[:1].upper() + plain[1:] + end
