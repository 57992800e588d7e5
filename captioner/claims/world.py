"""Prose in the world's own language: read whole, compared fact by fact, and told anew."""

from __future__ import annotations

from dataclasses import dataclass, replace

from schemas.facts import Facts, ObjectFacts, match_objects
from schemas.wording.read import left_out, read, split_sentences
from schemas.wording.render import Length, render

MAX_LEFT_OUT = 0.6
"""Share of a world caption's sentences that may be remarks."""
_SCENE = ("camera", "background_colour", "background_kind", "prop", "style")
_OBJECT = ("colour", "shape", "direction", "action", "change")
_LENGTHS: dict[str, Length] = {"short": "short", "medium": "medium", "long": "long"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldClash:
    """One fact that prose states otherwise than it was read from the pictures."""

    path: str
    said: str
    measured: str


def is_world_prose(text: str) -> bool:
    """Tell whether a text is a caption of the world: objects, and mostly understood.

    The remarks that lengthen a caption state nothing, and are not understood either.
    """
    if not read(text).objects:
        return False
    return len(left_out(text)) <= MAX_LEFT_OUT * len(split_sentences(text))


def find_clashes(said: Facts, known: Facts) -> list[WorldClash]:
    """Return what two facts state differently; what either leaves open is no clash.

    An object that only the prose has is one; one that it leaves out is not.
    """
    clashes = []
    for name in _SCENE:
        ours, theirs = getattr(said, name), getattr(known, name)
        if ours is not None and theirs is not None and ours != theirs:
            clashes.append(WorldClash(path=name, said=str(ours), measured=str(theirs)))
    for a, b in match_objects(said, known):
        if a is None:
            continue
        if b is None:
            item = said.objects[a]
            words = " ".join(word for word in (item.colour, item.shape) if word)
            clashes.append(
                WorldClash(path=f"objects[{a}]", said=words or "object", measured="none")
            )
            continue
        clashes += _object_clashes(a, said.objects[a], known.objects[b])
    return clashes


def _object_clashes(index: int, said: ObjectFacts, known: ObjectFacts) -> list[WorldClash]:
    clashes = []
    for name in _OBJECT:
        ours, theirs = getattr(said, name), getattr(known, name)
        if ours is not None and theirs is not None and ours != theirs:
            path = f"objects[{index}].{name}"
            clashes.append(WorldClash(path=path, said=ours, measured=theirs))
    sizes = {said.size, known.size}
    if sizes == {"small", "large"}:
        path = f"objects[{index}].size"
        clashes.append(WorldClash(path=path, said=str(said.size), measured=str(known.size)))
    return clashes


def mend(text: str, known: Facts, length: str) -> tuple[str, list[WorldClash]]:
    """Return a world caption with its false facts put right, told anew where there are some."""
    said = read(text)
    clashes = find_clashes(said, known)
    if not clashes:
        return text, []
    return render(_mended(said, known), length=_LENGTHS.get(length, "medium")), clashes


def _mended(said: Facts, known: Facts) -> Facts:
    """Return what was said with the known values in the places where it was false.

    Where an object is not there, or events would name it, the known facts are told whole.
    """
    pairs = match_objects(said, known)
    if any(b is None for a, b in pairs if a is not None):
        return known
    objects = list(said.objects)
    for a, b in pairs:
        if a is None or b is None:
            continue
        ours, theirs = objects[a], known.objects[b]
        wrong = {clash.path.split(".")[1] for clash in _object_clashes(a, ours, theirs)}
        if wrong & {"action", "direction", "change"}:
            wrong |= {"action", "direction", "speed", "change", "new_colour", "bounces"}
        objects[a] = replace(ours, **{name: getattr(theirs, name) for name in wrong})
    scene = {clash.path for clash in find_clashes(said, known) if clash.path in _SCENE}
    if "prop" in scene:
        return known
    values = {name: getattr(known, name) for name in scene}
    return replace(said, objects=tuple(objects), **values)
