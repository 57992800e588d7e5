"""Grammar of how the scene is shot and drawn: camera, style, several shots."""

from schemas.wording.operations import Found
from schemas.wording.tokens import Phrases, Tokens, listed, skip, word_at
from schemas.wording.vocabulary import (
    ADVERBS,
    CAMERA,
    CAMERA_ALONE,
    INTENSIFIERS,
    SPEEDS,
    STYLES,
    VIEWS,
)

_CAMERA_NOUNS = ("camera", "view", "shot", "lens", "viewpoint", "camera view")


_VIEW_GLUE = Phrases(
    (phrase, "")
    for phrase in listed(
        "the scene|it|everything|the clip|the first shot|the second shot|the third shot|"
        "the last shot|the first|the second|the third|the last|the final shot|the next shot|"
        "the shot|the action|this|all of this|the view|the camera|"
        "the same scene|a cut|one cut|the cut|the other|the whole|the whole scene|"
        "is|are|shown|seen|first|second|third|then|next|finally|last|lastly|after that|at last|"
        "in|as|from|with|to|on|by|at|into|cuts|cut|cutting|changes|changing|switches|switch|"
        "opens|begins|starts|ends|followed|comes|follows|leads|again|there|a|an|one|and|of|is in|"
        "shot one|shot two|shot three|shot 1|shot 2|shot 3|before|after"
    )
)


def asides(tokens: Tokens, i: int) -> int:
    """Return the number after adverbs of any sort, speeds among them."""
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
    i = skip(
        tokens,
        i,
        "it is one",
        "it is a",
        "this is a",
        "this is one",
        "all in one",
        "one",
        "there is",
    )
    if found := CAMERA_ALONE.at(tokens, i):
        return [("scene", "camera", found[0])], asides(tokens, found[1])
    i = asides(tokens, i)
    if found := CAMERA_ALONE.at(
        tokens, skip(tokens, i, "a slow", "a gentle", "a", "the", "slow", "gentle", "camera")
    ):
        end = skip(tokens, found[1], "of the camera", "by the camera")
        return [("scene", "camera", found[0])], asides(tokens, end)
    named = _camera_name(tokens, i)
    if named == i:
        return None
    i = asides(tokens, skip(tokens, named, ",", "movement ,", "that", "which"))
    for _ in range(2):
        moved = CAMERA.at(tokens, i)
        if moved is None or moved[1] - i < 2:
            end = asides(tokens, skip(tokens, i, "is", "keeps", "starts to", "begins to", "does"))
            moved = CAMERA.at(tokens, end) or moved
            if moved is None or end == i:
                break
            i = end
    found = CAMERA.at(tokens, i)
    apart = asides(tokens, i + 1)
    if apart > i + 1 and (whole := CAMERA.at([tokens[i], *tokens[apart:]], 0)) and whole[1] > 1:
        found = whole[0], apart + whole[1] - 1
    if found is None or i == start:
        return None
    i = asides(tokens, found[1])
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


def view(tokens: Tokens, i: int) -> Found:
    """Find one of several shots: `then in a close-up`, `the last shot is from behind`."""
    found_view = None
    for _ in range(12):
        if found := VIEWS.at(tokens, i):
            found_view, i = found
            break
        if found := _VIEW_GLUE.at(tokens, i):
            i = found[1]
        else:
            break
    if found_view is None:
        return None
    i = skip(tokens, i, "again", "of the same scene", "of the scene", "of it", "at last")
    return [("view", found_view, None)], i
