"""Grammar of what is said about the scene: background, camera, style, prop, several shots."""

from schemas.wording.nouns import Found, background, on_background, place, prop, skip, word_at
from schemas.wording.operations import Operation, Unit
from schemas.wording.tokens import Phrases, Tokens
from schemas.wording.vocabulary import (
    ADVERBS,
    CAMERA,
    CAMERA_ALONE,
    COLOURS,
    INTENSIFIERS,
    SPEEDS,
    SPILL_VERBS,
    STYLES,
    VIEWS,
)

_CAMERA_NOUNS = ("camera", "view", "shot", "lens", "viewpoint", "camera view")
_VIEW_GLUE = Phrases(
    (phrase, "")
    for phrase in (
        "the scene|it|everything|the clip|the first shot|the second shot|the third shot|"
        "the last shot|the first|the second|the third|the last|the final shot|the next shot|the shot|the action|this|all of this|the view|the camera|"
        "the same scene|a cut|one cut|the cut|the other|the whole|the whole scene|"
        "is|are|shown|seen|first|second|third|then|next|finally|last|lastly|after that|at last|"
        "in|as|from|with|to|on|by|at|into|cuts|cut|cutting|changes|changing|switches|switch|"
        "opens|begins|starts|ends|followed|comes|follows|leads|again|there|a|an|one|and|of|is in|"
        "shot one|shot two|shot three|shot 1|shot 2|shot 3|before|after"
    ).split("|")
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


def _adverbs(tokens: Tokens, i: int) -> int:
    while True:
        if found := ADVERBS.at(tokens, i) or SPEEDS.at(tokens, i):
            i = found[1]
        elif word_at(tokens, i) in INTENSIFIERS:
            i += 1
        else:
            return i


def _camera_name(tokens: Tokens, i: int) -> int:
    """Return the number after `the camera`, or `i`."""
    end = skip(tokens, i, "the", "a", "our", "your")
    end = skip(tokens, end, "slow", "static", "moving", "steady") if end > i else end
    return end + 1 if word_at(tokens, end) in _CAMERA_NOUNS else i


def camera(tokens: Tokens, i: int) -> Found:
    """Find a camera move: `the camera pans left`, `slow zoom in`, `static shot`."""
    start = i
    i = _adverbs(tokens, i)
    if found := CAMERA_ALONE.at(
        tokens, skip(tokens, i, "a slow", "a gentle", "a", "the", "slow", "gentle", "camera")
    ):
        end = skip(tokens, found[1], "of the camera", "by the camera")
        return [("scene", "camera", found[0])], _adverbs(tokens, end)
    named = _camera_name(tokens, i)
    if named == i:
        return None
    i = _adverbs(tokens, skip(tokens, named, ",", "movement ,", "that", "which"))
    for _ in range(2):
        moved = CAMERA.at(tokens, i)
        if moved is None or moved[1] - i < 2:
            end = _adverbs(tokens, skip(tokens, i, "is", "keeps", "starts to", "begins to", "does"))
            moved = CAMERA.at(tokens, end) or moved
            if moved is None or end == i:
                break
            i = end
    found = CAMERA.at(tokens, i)
    if found is None or i == start:
        return None
    i = _adverbs(tokens, found[1])
    return [("scene", "camera", found[0])], i


def with_camera(tokens: Tokens, i: int) -> Found:
    """Find `with the camera panning left`, `filmed by a still camera`."""
    end = skip(
        tokens, i, "filmed with", "filmed by", "seen by", "watched by", "with", "shot with", "under"
    )
    return camera(tokens, end) if end > i else None


def style(tokens: Tokens, i: int) -> Found:
    """Find `drawn in flat colours`, `with soft shading`."""
    end = skip(tokens, i, "all drawn", "drawn", "rendered", "painted", "shown", "all in")
    found = STYLES.at(tokens, end)
    if found is None or tokens[end] not in ("in", "with", "flat", "soft", "outlined", "shaded"):
        return None
    if found[1] - end == 1 and end == i:
        return None
    return [("scene", "style", found[0])], found[1]


def scene_unit(tokens: Tokens, i: int) -> tuple[Unit, int] | None:
    """Find a clause or fragment about anything but the objects."""
    for name in (_camera_unit, _background_unit, _style_unit, _spill_unit, _prop_unit, _view_unit):
        if found := name(tokens, i):
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
    i = _adverbs(tokens, i)
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
        end = skip(tokens, i, "is", "are", "looks", ",")
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


def _spill_unit(tokens: Tokens, i: int) -> tuple[Unit, int] | None:
    i = skip(
        tokens, _adverbs(tokens, i), "all the", "all its", "the", "its", "all of the", "all of its"
    )
    operations: list[Operation] = []
    if found := COLOURS.at(tokens, i):
        operations.append(("scene", "prop_colour", found[0]))
        i = found[1]
    if word_at(tokens, i) in ("liquid", "contents", "fluid"):
        i = skip(tokens, i + 1, "in it", "inside", "inside it", "in the jar")
        verb = SPILL_VERBS.at(tokens, _adverbs(tokens, skip(tokens, i, "is")))
    elif operations == [] and (verb := SPILL_VERBS.at(tokens, i)) and tokens[i].startswith("spill"):
        end = skip(tokens, verb[1], "its", "the")
        if end == verb[1]:
            return None
        if found := COLOURS.at(tokens, end):
            operations.append(("scene", "prop_colour", found[0]))
            end = found[1]
        if word_at(tokens, end) not in ("liquid", "contents", "fluid"):
            return None
        verb = verb[0], end + 1
    else:
        return None
    if verb is None:
        return None
    operations = [("scene", "prop", "jar"), *operations, ("liquid", "spill", "jar")]
    end = skip(tokens, verb[1], "of it", "of the jar", "over the ground", "onto the ground")
    return _unit(operations, asserts=True), _adverbs(tokens, end)


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
    i = skip(tokens, i, "beside it", "there") if i > start else _adverbs(tokens, i)
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
    i = _adverbs(tokens, verb_end)
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
        i = _adverbs(tokens, i)
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
    found_view = None
    for _ in range(12):
        if found := VIEWS.at(tokens, i):
            found_view, i = found
            break
        elif found := _VIEW_GLUE.at(tokens, i):
            i = found[1]
        else:
            break
    if found_view is None:
        return None
    i = skip(tokens, i, "again", "of the same scene", "of the scene", "of it", "at last")
    return _unit([("view", found_view, None)]), i
