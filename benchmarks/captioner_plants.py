"""Captions that are known to be true, and the same with one fact made false.

For real footage they are put together from labels set by eye, in the manner of free prose; for
the world from its truth, in the world's own wording and in free prose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from benchmarks.captioner_wordings import FIRST, Wording
from captioner.caption import StructuredCaption, Subject
from schemas.facts import BACKGROUND_COLOURS, CAMERA_MOVES, COLOURS, Facts, ObjectFacts
from schemas.wording.render import render

HUES = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six")

OPPOSITE = {"left": "right", "right": "left", "up": "down", "down": "up", "in": "out", "out": "in"}
PLAIN = (
    "{The} is seen {where}.",
    "{The} is in view {where}.",
    "In this view {the} can be made out {where}.",
)
WHERE = (
    "in the middle",
    "near the centre of the frame",
    "in front of the viewer",
    "at some distance",
)
COLOURS_SAID = ("{Colour} tones are visible.", "There is {colour} in the picture.",
                "A touch of {colour} stands out.")  # fmt: skip
THINGS = ("car", "coat", "flag", "umbrella", "chair", "cup", "bag", "box", "balloon", "shirt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """A caption with one false fact, `value`. `texts`: what a reader of the picture would find."""

    kind: str
    caption: StructuredCaption
    value: str = ""
    texts: tuple[str, ...] | None = None


def real_caption(label: dict[str, Any], rng: Random, wording: Wording = FIRST) -> StructuredCaption:
    """Return a true caption of real footage, from its label."""
    sentences = _real_sentences(label, rng, wording)
    subject = label["subject"] or "picture"
    count = label["count"]
    subjects = (Subject(name=subject, count=count),) if count and label["subject"] else ()
    return StructuredCaption(
        short=sentences[0],
        long=" ".join(sentences),
        subjects=subjects,
        camera="static" if label["camera"] and not label["camera"]["moves"] else "",
    )


def _real_sentences(label: dict[str, Any], rng: Random, wording: Wording) -> list[str]:
    subject = label["subject"] or "picture"
    the = f"the {subject}"
    said = [rng.choice(PLAIN).format(The=the.capitalize(), the=the, where=rng.choice(WHERE))]
    camera = label["camera"]
    if camera and not camera["moves"]:
        said.append(rng.choice(wording.still))
    elif camera and camera["ways"]:
        said += [
            rng.choice(wording.moves[way]) for way in camera["ways"][:1] if way in wording.moves
        ]
    elif camera and camera["zoom"] in ("in", "out"):
        said.append(rng.choice(wording.moves[camera["zoom"]]))
    for colour in rng.sample(label["colours"], min(2, len(label["colours"]))):
        said.append(rng.choice(COLOURS_SAID).format(colour=colour, Colour=colour.capitalize()))
    if label["light"] == ["dark"]:
        said.append(rng.choice(wording.dark))
    return said


def real_plants(label: dict[str, Any], rng: Random, wording: Wording = FIRST) -> Iterator[Plant]:
    """Yield captions of real footage with one fact that the label says is false."""
    good = real_caption(label, rng, wording)
    camera = label["camera"]

    def with_sentence(sentence: str, *, drop: str = "") -> StructuredCaption:
        kept = [part for part in _split(good.long) if not drop or not _about_camera(part, wording)]
        kept.insert(rng.randint(1, len(kept)), sentence)
        update: dict[str, Any] = {"long": " ".join(kept)}
        if drop:
            update["camera"] = ""
        return good.model_copy(update=update)

    if camera is not None:
        wrong: list[str] = []
        if not camera["moves"]:
            wrong = list(wording.moves)
        elif camera["ways"] and len(camera["ways"]) == 1:
            wrong = [OPPOSITE[camera["ways"][0]], "still"]
        else:
            wrong = ["still"]
            if camera["zoom"] in OPPOSITE:
                wrong.append(OPPOSITE[camera["zoom"]])
        move = rng.choice(wrong)
        sentence = rng.choice(wording.still if move == "still" else wording.moves[move])
        yield Plant(kind="camera", value=move, caption=with_sentence(sentence, drop="camera"))
    absent = [hue for hue in HUES if hue not in label["colours"] and _far(hue, label["colours"])]
    if absent:
        colour, thing = rng.choice(absent), rng.choice(THINGS)
        article = "An" if colour[0] in "aeiou" else "A"
        sentence = rng.choice(wording.coloured).format(article=article, colour=colour, thing=thing)
        yield Plant(kind="colour", value=colour, caption=with_sentence(sentence))
    light = label["light"] or []
    if "dark" not in light and light:
        yield Plant(kind="light", caption=with_sentence(rng.choice(wording.dark)))
    elif "medium" not in light and "bright" not in light and light:
        kept = [part for part in _split(good.long) if part not in wording.dark]
        text = " ".join([*kept, rng.choice(wording.bright)])
        yield Plant(kind="light", caption=good.model_copy(update={"long": text}))
    if good.subjects:
        noun, count = good.subjects[0].name, rng.choice((2, 3, 4))
        known = 5 if noun.endswith("s") or noun in ("men",) else 6
        subject = Subject(name=noun, count=known)
        several = noun if noun.endswith(("s", "men")) else f"{noun}s"
        sentence = f"{NUMBERS[count].capitalize()} {several} are there."
        caption = with_sentence(sentence).model_copy(update={"subjects": (subject,)})
        yield Plant(kind="count", caption=caption)
    if label["has_text"] is False:
        word = rng.choice(("WELCOME", "SALE", "EXIT 12", "Live News", "HAPPY BIRTHDAY"))
        sentence = rng.choice(wording.text).format(word=word)
        caption = with_sentence(sentence).model_copy(update={"text_on_screen": (word,)})
        yield Plant(kind="text", caption=caption, texts=())


def world_captions(facts: Facts, seed: int) -> StructuredCaption:
    """Return a true caption of the world in its own wording."""
    return StructuredCaption(
        short=render(facts, length="short", seed=seed),
        medium=render(facts, length="medium", seed=seed + 1),
        long=render(facts, length=("long", "very_long")[seed % 2], seed=seed + 2),
    )


def free_caption(facts: Facts, rng: Random) -> StructuredCaption:
    """Return a true caption of the world in words that are not the world's own."""
    said = []
    for item in facts.objects:
        noun = {"circle": "disc"}.get(item.shape or "", item.shape or "shape")
        article = "An" if (item.colour or "x")[0] in "aeiou" else "A"
        what = f"{article} {item.colour or ''} {noun}".replace("  ", " ")
        if item.action == "move" and item.direction and not item.bounces:
            way = item.direction.replace("_", " and to the ")
            way = f"to the {way}" if way in ("left", "right") else way
            said.append(f"{what} can be seen moving {way}.")
        else:
            said.append(f"{what} catches the eye.")
    camera = {"pan_left": "left", "pan_right": "right", "tilt_up": "up", "tilt_down": "down",
              "zoom_in": "in", "zoom_out": "out"}  # fmt: skip
    if facts.camera == "still":
        said.append(rng.choice(FIRST.still))
    elif facts.camera in camera:
        said.append(rng.choice(FIRST.moves[camera[facts.camera]]))
    return StructuredCaption(long=" ".join(said))


def world_plants(facts: Facts, rng: Random) -> Iterator[tuple[str, Facts]]:
    """Yield (kind, facts) with one statement of the truth made false."""
    moves = [move for move in CAMERA_MOVES if move != facts.camera]
    if facts.camera in CAMERA_MOVES:
        yield "camera", replace(facts, camera=rng.choice(moves))
    if facts.background_colour:
        others = [name for name in BACKGROUND_COLOURS if name != facts.background_colour]
        yield "background", replace(facts, background_colour=rng.choice(others))
    if facts.objects:
        i = rng.randrange(len(facts.objects))
        item = facts.objects[i]
        used = {other.colour for other in facts.objects}
        colour = rng.choice([name for name in COLOURS if name not in used])
        yield "colour", _with_object(facts, i, replace(item, colour=colour))
        extra = replace(item, colour=colour)
        if len(facts.objects) < 4:
            yield "count", replace(facts, objects=(*facts.objects, extra))
    turns = {"left": "right", "right": "left", "up": "down", "down": "up", "up_left": "down_right",
             "up_right": "down_left", "down_left": "up_right", "down_right": "up_left"}  # fmt: skip
    movers = [
        i
        for i, item in enumerate(facts.objects)
        if item.action == "move" and item.direction and not item.bounces
    ]
    if movers and not facts.events:
        i = rng.choice(movers)
        item = facts.objects[i]
        turned = replace(item, direction=turns[item.direction or "left"])
        yield "direction", _with_object(facts, i, turned)


def _with_object(facts: Facts, index: int, item: ObjectFacts) -> Facts:
    objects = tuple(item if i == index else old for i, old in enumerate(facts.objects))
    return replace(facts, objects=objects)


def _split(text: str) -> list[str]:
    return [part if part.endswith(".") else f"{part}." for part in text.split(". ") if part]


def _about_camera(sentence: str, wording: Wording) -> bool:
    every = (*wording.still, *(text for texts in wording.moves.values() for text in texts))
    return sentence in every


def _far(hue: str, colours: list[str]) -> bool:
    """Tell whether no colour that was seen could pass for the hue."""
    near = {
        "red": {"brown", "orange", "pink"},
        "orange": {"brown", "red", "yellow", "beige"},
        "yellow": {"beige", "orange", "green"},
        "green": {"yellow", "cyan", "teal"},
        "cyan": {"blue", "green", "teal"},
        "blue": {"cyan", "purple", "teal"},
        "purple": {"blue", "pink"},
        "pink": {"red", "purple", "beige", "orange"},
    }
    return not near[hue] & set(colours)
