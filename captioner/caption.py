"""The structured caption: what every captioner answers with, and what prose is rendered from."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    """Base of the parts: frozen; what is unknown is left out when read from a model."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class Subject(_Part):
    """Something that is seen, or several of a kind."""

    name: str
    """A noun, singular: `dog`, `red circle`."""
    attributes: tuple[str, ...] = ()
    """What it looks like: `brown`, `large`, `wearing a hat`."""
    count: int = Field(1, ge=1, le=1000)
    """How many there are."""


class Event(_Part):
    """Something that happens, with its time: seconds from the start of the clip, half-open.

    In rows of the catalogue the times are those of the source video.
    """

    start_s: float = Field(ge=0)
    end_s: float = Field(ge=0)
    text: str


class Relation(_Part):
    """How two subjects stand to each other: `dog`, `to the left of`, `bench`."""

    subject: str
    relation: str
    object: str


class Inference(_Part):
    """Something that is not seen but concluded, and what is seen that supports it."""

    text: str
    evidence: str


class StructuredCaption(_Part):
    """One clip in words, in prose and by field. Empty fields state nothing.

    `mood` and `story` are the only places for what cannot be seen, and each cites what can.
    `details` is what a captioner knows beyond the fields, as plain data: the findings of
    `measured`, the world facts of `tiny`. Models are not asked for it.
    """

    short: str = ""
    """One sentence."""
    medium: str = ""
    """Two or three sentences."""
    long: str = ""
    """A paragraph: all that is seen, in order of importance and of time."""
    subjects: tuple[Subject, ...] = ()
    actions: tuple[str, ...] = ()
    """Who does what: `the dog runs to the left`."""
    setting: str = ""
    """Place and background."""
    camera: str = ""
    """How it moves, and how near it is: `pans left slowly, close shot`."""
    light: str = ""
    style: str = ""
    """Photographic, drawn, black-and-white ..., and the palette."""
    text_on_screen: tuple[str, ...] = ()
    """Every text that can be read in the picture, letter by letter."""
    events: tuple[Event, ...] = ()
    """In order of time."""
    relations: tuple[Relation, ...] = ()
    mood: Inference | None = None
    story: Inference | None = None
    details: dict[str, Any] | None = None
