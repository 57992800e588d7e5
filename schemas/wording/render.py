"""Write facts as an English or Chinese caption, in one of many wordings."""

from dataclasses import replace
from random import Random
from typing import Literal

from schemas.facts import Facts
from schemas.wording.happenings import (
    bare_objects_sentence,
    event_sentences,
    is_bare,
    object_sentences,
)
from schemas.wording.remarks import lengthen
from schemas.wording.render_chinese import chinese_events, render_chinese
from schemas.wording.setting import (
    background_sentence,
    camera_act,
    camera_sentence,
    on_background,
    prop_sentence,
    style_sentence,
    view_sentence,
)
from schemas.wording.speaker import Speaker
from schemas.wording.terse import terse_caption

Length = Literal["short", "medium", "long", "very_long"]
MIN_WORDS = {"long": 60, "very_long": 135}


def render(
    facts: Facts,
    *,
    length: Length = "medium",
    language: Literal["en", "zh"] = "en",
    seed: int = 0,
) -> str:
    """Return a caption that states the facts and nothing else; another seed, another wording.

    `short`: what each object is and does, prop and events, in about 20 words. `medium`: all
    but style and shots, plainly. `long`: every fact, from about 60 words. `very_long`: every
    fact, from 135 words. Chinese is written short or medium; longer lengths give medium.
    Ways (`go`) are ways through a maze, so the maze is stated with them; likewise an event
    with a prop states the prop. Directions and speeds are stated of objects whose action is.
    `schemas.wording.read.read` gives the stated facts back.
    """
    rng = Random(f"{seed} {length} {language}")
    if any(event.kind == "go" for event in facts.events):
        facts = replace(facts, background_kind="maze")
    if language == "zh":
        return render_chinese(facts, rng, full=length != "short")
    if length == "short":
        return terse_caption(facts, rng)
    speaker = Speaker(facts, rng)
    lines = _told(speaker, full=length != "medium")
    if length != "medium":
        lines = lengthen(speaker, lines, MIN_WORDS[length])
    return " ".join(lines) or "An empty scene."


def render_event(
    facts: Facts, number: int, *, language: Literal["en", "zh"] = "en", seed: int = 0
) -> str:
    """Return a sentence that tells one event alone, of objects that are known already."""
    rng = Random(f"{seed} event {language}")
    alone = replace(facts, events=(facts.events[number],))
    if language == "zh":
        return chinese_events(alone, rng)
    speaker = Speaker(alone, rng, named=list(range(len(facts.objects))), in_full=True)
    return event_sentences(speaker, terse=True)[0]


def _told(speaker: Speaker, *, full: bool) -> list[str]:
    """Return sentences that state everything; without style and shots unless `full`."""
    facts = speaker.facts
    where = speaker.one_of("first", "inside", "inside", "after") if facts.objects else "first"
    opening = [background_sentence(speaker)] if where == "first" else []
    tail = on_background(speaker) if where == "inside" else ""
    bodies: list[list[str]] = []
    order = list(range(len(facts.objects)))
    speaker.rng.shuffle(order)
    prop_early = speaker.chance(0.3) and facts.prop not in (None, "coins")
    if prop_early:
        opening.append(prop_sentence(speaker))
    bare = [index for index in order if is_bare(facts.objects[index])]
    if len(bare) > 1:
        bodies.append([bare_objects_sentence(speaker, bare, tail=tail)])
        order, tail = [index for index in order if index not in bare], ""
    for index in order:
        bodies.append(object_sentences(speaker, index, tail=tail))
        tail = ""
    body = [line for lines in bodies for line in lines]
    told_by_events = facts.prop and any(
        event.kind in ("hide", "put_out", "break") for event in facts.events
    )
    if facts.prop and not speaker.prop_named and not (told_by_events and speaker.chance(0.5)):
        body.append(prop_sentence(speaker))
    happened = event_sentences(speaker)
    if facts.prop and not speaker.prop_named:
        happened.append(prop_sentence(speaker))
    ending = [background_sentence(speaker)] if where == "after" else []
    camera = camera_sentence(speaker)
    act = camera_act(speaker)
    if act and body and speaker.chance(0.35) and not happened:
        link = speaker.one_of("while", "as")
        body[-1] = (
            f"{body[-1][:-1]}{',' if link == 'while' else ''} {link} the camera {act.says()}."
        )
        camera = ""
    if full:
        styled = style_sentence(speaker)
        if speaker.chance(0.3):
            opening.append(styled)
        else:
            ending.append(styled)
        seen = view_sentence(speaker)
        if speaker.chance(0.5):
            opening.insert(0, seen)
        else:
            ending.append(seen)
    if speaker.chance(0.5):
        ending.append(camera)
    else:
        ending.insert(0, camera)
    return [line for line in (*opening, *body, *happened, *ending) if line]
