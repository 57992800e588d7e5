"""Grammar of what is said about the scene: background, camera, style, prop, several shots."""

from schemas.wording.operations import Operation, Unit
from schemas.wording.places import background, on_background, place, prop
from schemas.wording.shots import asides, camera, style, view, with_camera
from schemas.wording.targets import spill
from schemas.wording.tokens import Tokens, skip, word_at
from schemas.wording.verbs import adverbs
from schemas.wording.vocabulary import (
    STYLES,
)

_SUBJECTS_BEHIND = (
    "it",
    "them",
    "everything",
    "the scene",
    "that",
    "all of it",
    "the object",
    "the objects",
    "the action",
)


def scene_unit(tokens: Tokens, i: int) -> tuple[Unit, int] | None:
    """Find a clause or fragment about anything but the objects."""
    for start in dict.fromkeys((i, adverbs(tokens, i))):
        for name in _PARSERS:
            if found := name(tokens, start):
                return found
    return None


def _unit(operations: list[Operation], *, asserts: bool = False) -> Unit:
    return Unit(kind="scene", operations=operations, asserts=asserts)


def _camera_unit(tokens: Tokens, i: int) -> tuple[Unit, int] | None:
    found = with_camera(tokens, i) or camera(tokens, i)
    if found is None:
        return None
    operations, end = found
    if more := on_background(tokens, end):
        operations, end = operations + more[0], more[1]
    return _unit(operations, asserts=True), end


def _background_unit(tokens: Tokens, i: int) -> tuple[Unit, int] | None:
    start = i
    i = skip(
        tokens,
        i,
        "all of this happens",
        "it all happens",
        "everything happens",
        "the scene is set",
        "everything takes place",
        "all this happens",
        "the scene is",
        "it all takes place",
        "the whole scene is set",
        "everything is set",
        "all",
        "set",
        "the setting is",
        "there is",
        "there are",
        "the scene takes place",
    )
    if found := on_background(tokens, i) or (background(tokens, i) if i > start else None):
        return _with_tail(tokens, *found, asserts=i > start)
    i = start
    end = skip(tokens, i, "the background", "background", "the backdrop", "backdrop", "the setting")
    if end > i:
        after = skip(tokens, end, "is set as", "is", "shows", "consists of", "are", ",", "has")
        after = skip(tokens, after, "made of", "made up of", "filled with", "painted")
        if (after > end or word_at(tokens, end) != "") and (
            found := background(tokens, after, headless=True)
        ):
            return _with_tail(tokens, *found, asserts=True)
    end = skip(tokens, i, "behind", "in the background", "at the back", "around", "beneath")
    if end > i:
        if tokens[i] in ("behind", "around", "beneath"):
            end = skip(tokens, end, *_SUBJECTS_BEHIND)
        end = skip(tokens, end, ",")
        end = skip(
            tokens,
            end,
            "is",
            "there is",
            "there are",
            "are",
            "lies",
            "stands",
            "rise",
            "stretches",
            "lie",
            "rises",
            "we see",
            "runs",
            "extends",
            "spreads",
        )
        if found := background(tokens, end):
            return _with_tail(tokens, *found, asserts=True)
    if found := background(tokens, i):
        return _with_tail(tokens, *found, asserts=False)
    return None


def _with_tail(
    tokens: Tokens, operations: list[Operation], i: int, *, asserts: bool
) -> tuple[Unit, int]:
    for _ in range(2):
        i = skip(
            tokens,
            i,
            "fills the background",
            "fills the frame",
            "fills the whole frame",
            "forms the background",
            "makes up the background",
            "is the background",
            "form the background",
            "serves as the backdrop",
            "serves as a backdrop",
            "serves as the background",
            "lies behind it",
            "lies behind",
            "is behind it",
            "stretches out behind it",
            "stretches out behind",
            "stands behind it",
            "is in the background",
            "lies behind everything",
            "fills the picture",
            "as the background",
            "as a background",
            "as the backdrop",
            "stands behind",
            "stretches across the frame",
            "fills the space behind",
            "as a backdrop",
            "rise behind it",
            "rise in the background",
            "stretches behind it",
            "at the back",
            "stretch behind it",
            "are in the background",
            "lies behind them",
        )
    if (end := skip(tokens, i, "with", "full of")) > i and (more := prop(tokens, end)):
        operations, i = operations + more[0], more[1]
    i = asides(tokens, i)
    if more := style(tokens, i):
        operations, i = operations + more[0], more[1]
    if more := with_camera(tokens, i):
        operations, i = operations + more[0], more[1]
    return _unit(operations, asserts=asserts), i


def _style_unit(tokens: Tokens, i: int) -> tuple[Unit, int] | None:
    end = skip(
        tokens,
        i,
        "everything",
        "the picture",
        "the whole picture",
        "the scene",
        "it all",
        "all of it",
        "the shapes",
        "the objects",
        "the image",
        "all",
        "the style",
        "the drawing",
        "the whole scene",
        "style",
        "it",
    )
    if end > i:
        i = end
        end = skip(tokens, i, "is", "are", "looks", ",", "has", "have")
        if end == i:
            return None
        i = end
        i = skip(tokens, i, "drawn", "rendered", "painted", "shown", "done", "kept")
        found = STYLES.at(tokens, i)
    else:
        i = skip(tokens, i, "all drawn", "drawn", "rendered", "painted", "shown", "all in")
        found = STYLES.at(tokens, i)
    if found is None:
        return None
    return _unit([("scene", "style", found[0])], asserts=True), found[1]


def _prop_unit(tokens: Tokens, i: int) -> tuple[Unit, int] | None:
    start = i
    i = skip(
        tokens,
        i,
        "there is also",
        "there are also",
        "there is",
        "there are",
        "with",
        "beside",
        "next to",
        "near",
        "we see",
        "there stands",
        "nearby is",
        "nearby stands",
        "nearby",
        "there also stands",
        "beside it is",
        "beside it stands",
    )
    i = skip(tokens, i, "beside it", "there") if i > start else asides(tokens, i)
    found = prop(tokens, i)
    if found is None:
        return None
    operations, i = found
    verb_end = skip(
        tokens,
        i,
        "stands",
        "stand",
        "is standing",
        "burns",
        "is burning",
        "is",
        "are",
        "lie",
        "lies",
        "are lying",
        "are scattered",
        "sits",
        "rests",
        "waits",
        "wait",
        "standing",
        "burning",
        "lying",
        "can be seen",
    )
    asserts = verb_end > i or i > start
    i = asides(tokens, verb_end)
    i = skip(
        tokens,
        i,
        "nearby",
        "upright",
        "lit",
        "in the way",
        "beside it",
        "burning",
        "waiting",
        "to be collected",
        "to be picked up",
        "scattered",
    )
    for _ in range(3):
        if found_place := place(tokens, i):
            i = found_place[1]
        elif more := on_background(tokens, i):
            operations, i = operations + more[0], more[1]
        i = asides(tokens, i)
        i = skip(
            tokens,
            i,
            "in its way",
            "along the ways",
            "along the way",
            "nearby",
            "in the scene",
            "in the picture",
            "in the frame",
        )
    return _unit(operations, asserts=asserts), i


def _view_unit(tokens: Tokens, i: int) -> tuple[Unit, int] | None:
    found = view(tokens, i)
    return (_unit(found[0]), found[1]) if found else None


def _spill_unit(tokens: Tokens, i: int) -> tuple[Unit, int] | None:
    found = spill(tokens, i)
    return (_unit(found[0], asserts=True), found[1]) if found else None


_PARSERS = (_camera_unit, _background_unit, _style_unit, _spill_unit, _prop_unit, _view_unit)
