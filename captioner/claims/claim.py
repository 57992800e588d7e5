"""A claim: one checkable statement, where it stands and what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Topic = Literal["camera", "direction", "colour", "count", "light", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One statement. `start` and `end` are its place in the text that it was read from.

    `is_only`: whether its text names one direction; of several nobody knows which comes when.

    | topic | value | about |
    |---|---|---|
    | `camera` | still, unsteady, moves, left, right, up, down, in, out | empty |
    | `direction` | left, right, up, down and the four between (`up_left`) | the words before |
    | `colour` | the word said: `crimson` | its noun, or `background`, or `picture` |
    | `count` | a number | adjectives and the noun, singular |
    | `light` | dark, bright, greyscale, colourful, darker, brighter, steady | empty |
    | `text` | the words quoted | empty |
    """

    topic: Topic
    value: str
    start: int
    end: int
    about: str = ""
    is_only: bool = True


_CLOSING = "[\"'\u201d\u2019]"
SENTENCE = re.compile(
    rf"(?:[^.!?\n]|\.(?=\d)|[.!?](?={_CLOSING}\s+[a-z]))+[.!?]*(?:{_CLOSING}|\))*"
)
"""A sentence with its marks; a point between digits does not end one."""

QUOTED = re.compile(
    '["\u201c](?P<double>[^"\u201d]{1,200})["\u201d]'
    "|(?<![A-Za-z])['\u2018](?P<single>[^'\u2019]{1,200})['\u2019](?![A-Za-z])"
)
"""Words in quotation marks: they are what is read in the picture, not what is said of it."""


def mask_quotes(text: str) -> str:
    """Return the text with everything quoted made blank, letter for letter."""
    return QUOTED.sub(lambda match: " " * len(match.group()), text)
