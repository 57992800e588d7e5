"""A caption -> its claims, each with the field in which it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from captioner.caption import StructuredCaption
from captioner.claims.camera import find_camera_claims
from captioner.claims.claim import Claim, mask_quotes
from captioner.claims.colour import find_colour_claims
from captioner.claims.count import find_count_claims, singular
from captioner.claims.direction import find_direction_claims
from captioner.claims.light import find_light_claims
from captioner.claims.screen import find_text_claims

PROSE = ("short", "medium", "long")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A claim and the text it was read from: `field` names it, such as `events[1].text`."""

    field: str
    text: str
    claim: Claim


def read_text(text: str, field: str = "long") -> Iterator[Claim]:
    """Yield the claims of one text; what is quoted in it claims nothing but its presence."""
    if field == "text_on_screen":
        if text.strip():
            yield Claim(topic="text", value=text.strip(), start=0, end=len(text))
        return
    plain = mask_quotes(text)
    yield from find_camera_claims(plain, is_field=field == "camera")
    if field != "camera":
        ways = list(find_direction_claims(plain))
        is_only = len({claim.value for claim in ways}) < 2
        yield from (replace(claim, is_only=is_only) for claim in ways)
        yield from find_count_claims(plain)
        yield from find_colour_claims(plain)
    if field != "camera":
        yield from find_light_claims(plain, is_field=field in ("light", "style"))
    yield from find_text_claims(text)


def caption_texts(caption: StructuredCaption) -> Iterator[tuple[str, str]]:
    """Yield (field, text) for every text of a caption but moods and stories."""
    for name in PROSE:
        yield name, getattr(caption, name)
    for i, subject in enumerate(caption.subjects):
        yield f"subjects[{i}].name", subject.name
        for j, attribute in enumerate(subject.attributes):
            yield f"subjects[{i}].attributes[{j}]", attribute
    for i, action in enumerate(caption.actions):
        yield f"actions[{i}]", action
    for name in ("setting", "camera", "light", "style"):
        yield name, getattr(caption, name)
    for i, text in enumerate(caption.text_on_screen):
        yield f"text_on_screen[{i}]", text
    for i, event in enumerate(caption.events):
        yield f"events[{i}].text", event.text


def caption_facts(caption: StructuredCaption) -> list[Stated]:
    """Return all claims of a caption that measurements could know, in the order of its fields."""
    stated = []
    for field, text in caption_texts(caption):
        kind = field.split("[")[0]
        for claim in read_text(text, kind):
            stated.append(Stated(field=field, text=text, claim=claim))
    for i, subject in enumerate(caption.subjects):
        noun = singular(subject.name.split()[-1]) if subject.name.split() else ""
        claim = Claim(topic="count", value=str(subject.count), start=0, end=0, about=noun)
        stated.append(Stated(field=f"subjects[{i}].count", text=subject.name, claim=claim))
    return stated
