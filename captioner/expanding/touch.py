"""A light hand on prompts that are not about the world: their words stay as they are.

At most one sentence on the camera and one on the light is added, and only one that says
nothing in particular, that captions of the training set use, and on which the prompt is silent.
"""

# ruff: noqa: RUF001

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from captioner.expanding.style import Style
from schemas.wording.read import split_sentences

MIN_LIKENESS = 0.12
"""Captions less like the prompt than this are no guide to it."""
NUM_NEAREST = 25
_CAMERA = re.compile(
    r"\b(?:camera|pan|pans|panning|tilt\w*|zoom\w*|shot|close-?up|drone|aerial|handheld|tracking|"
    r"dolly|view|angle|lens|pov|timelapse|time-lapse|slow[- ]motion|static|steadicam|orbit\w*)\b",
    re.IGNORECASE,
)
_LIGHT = re.compile(
    r"\b(?:light\w*|lit|dark\w*|night|day\w*|sun\w*|moon\w*|dawn|dusk|evening|morning|noon|shade\w*|"
    r"shadow\w*|bright\w*|dim\w*|glow\w*|neon|candle\w*|lamp\w*|gr[ae]y|black-and-white|fog\w*|"
    r"exposure|contrast|storm\w*|golden hour)\b",
    re.IGNORECASE,
)
_GENERIC_CAMERA = re.compile(
    r"\b(?:still|static|fixed|steady|stationary|does not move|stays where it is|motionless)\b",
    re.IGNORECASE,
)
_GENERIC_LIGHT = re.compile(r"\b(?:even|evenly|soft|natural|diffuse|neutral)\b", re.IGNORECASE)
_PLAIN_WORDS = frozenset(
    """the camera stays still holds does not move remains fixed static stationary steady is keeps
    throughout all while shot from a tripod light lighting even evenly lit soft natural diffuse
    neutral scene picture image and in it of at where as stay keep frame whole clip time no
    movement with motionless position its""".split()  # noqa: SIM905
)
_WORD = re.compile(r"[a-z]+")


def light_touch(prompt: str, style: Style | None, *, fits: Callable[[str], bool]) -> str:
    """Return the prompt, word for word, with what training captions like it say in general."""
    if style is None or not style.captions:
        return prompt
    nearest = [
        style.captions[number]
        for number, likeness in style.nearest_captions.nearest(prompt, NUM_NEAREST)
        if likeness >= MIN_LIKENESS
    ]
    text = prompt if prompt.rstrip()[-1:] in ".!?。！？" else f"{prompt.rstrip()}."
    for spoken_of, generic in ((_CAMERA, _GENERIC_CAMERA), (_LIGHT, _GENERIC_LIGHT)):
        if spoken_of.search(prompt):
            continue
        said = _commonest(nearest, spoken_of, generic)
        if said and fits(f"{text} {said}"):
            text = f"{text} {said}"
    return prompt if text.rstrip(".") == prompt.rstrip() else text


def _commonest(captions: list[str], about: re.Pattern[str], generic: re.Pattern[str]) -> str:
    """Return the commonest sentence about one thing that names nothing else; empty if none."""
    found = Counter(
        sentence
        for caption in captions
        for sentence in split_sentences(caption)
        if about.search(sentence)
        and generic.search(sentence)
        and _PLAIN_WORDS.issuperset(_WORD.findall(sentence.lower()))
    )
    return found.most_common(1)[0][0] if found else ""
