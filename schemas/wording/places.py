"""Grammar of places, backgrounds and props."""

from schemas.facts import PILLAR_COLOURS
from schemas.wording.operations import Found, Operation
from schemas.wording.tokens import Tokens, skip, word_at
from schemas.wording.vocabulary import (
    BACKGROUND_COLOURS,
    BACKGROUND_HEADS,
    BACKGROUND_KINDS,
    COLOURS,
    FRAMES,
    LINKS,
    PLACES,
)

_STRANGE = "strange"
"""A background's colour that the world does not have: read over, not stated."""


def place(tokens: Tokens, i: int) -> tuple[str, int] | None:
    """Find where something is: `in the top left corner of the frame`."""
    if word_at(tokens, i) in ("up", "down", "right", "just", "exactly", "over"):
        i = i + 1 if word_at(tokens, i + 1) in ("in", "at", "on", "near") else i
    end = skip(tokens, i, "in", "at", "on", "near", "from", "close to", "towards", "by")
    if end == i or tokens[i] == "towards":
        return None
    return place_name(tokens, skip(tokens, end, "the"))


def place_name(tokens: Tokens, i: int) -> tuple[str, int] | None:
    """Find a place without its preposition: `top left corner`, `left side`."""
    i = skip(tokens, i, "very")
    found = PLACES.at(tokens, i)
    if found is None:
        return None
    value, end = found
    tail = skip(
        tokens, end, "corner", "edge", "part", "side", "third", "half", "area", "quarter", "region"
    )
    if tokens[end - 1] in ("upper", "lower", "hand") and tail == end:
        return None
    return value, of_the_frame(tokens, tail)


def of_the_frame(tokens: Tokens, i: int) -> int:
    """Return the number after `of the frame`, or `i`."""
    end = skip(tokens, i, "of the", "of")
    return end + 1 if end > i and word_at(tokens, end) in FRAMES else i


def background(tokens: Tokens, i: int, *, headless: bool = False) -> Found:
    """Find a background: `a plain grey background`, `grey brick wall`, `maze`.

    `headless`: after "the background is", where adjectives are enough.
    """
    start = i = skip(tokens, i, "a", "an", "the", "some", "one")
    operations: list[Operation] = []
    kind = colour = None
    headed = False
    while i < len(tokens):
        if found := BACKGROUND_HEADS.at(tokens, i):
            i = found[1]
            headed = True
            if found[0] == "landscape":
                if kind != "hills":
                    return None
            elif found[0] != "any":
                if kind not in (None, found[0], "plain" if found[0] == "bricks" else None):
                    return None
                kind = found[0]
                i = skip(tokens, i, "background", "backdrop", "pattern")
            break
        if found := BACKGROUND_COLOURS.at(tokens, i):
            if colour is not None:
                return None
            colour, i = found
            i = skip(tokens, i, "coloured", "colored")
        elif found := BACKGROUND_KINDS.at(tokens, i):
            if kind is not None:
                return None
            kind, i = found
        elif tokens[i : i + 2] == ["tiled", "floor"] or tokens[i : i + 3] == [
            "tiled",
            colour or "",
            "floor",
        ]:
            return None
        elif tokens[i] == "tiled" and (found := BACKGROUND_COLOURS.at(tokens, i + 1)):
            if word_at(tokens, found[1]) != "floor" or colour is not None:
                return None
            kind, colour, i, headed = "floor", found[0], found[1] + 1, True
            break
        elif colour is None and (
            tokens[i] in ("white", "black") or (strange := COLOURS.at(tokens, i)) is not None
        ):
            colour = _STRANGE
            i = i + 1 if tokens[i] in ("white", "black") or strange is None else strange[1]
        elif tokens[i] in (
            "huge",
            "big",
            "whole",
            "soft",
            "simple",
            "smooth",
            "distant",
            "rolling",
            "low",
            "even",
            "wide",
        ):
            i += 1
        elif tokens[i] in ("and", ",", "in") and i > start and (kind or colour):
            after = BACKGROUND_COLOURS.at(tokens, i + 1) or BACKGROUND_KINDS.at(tokens, i + 1)
            if after is None:
                break
            i += 1
        else:
            break
    if not headed and not headless:
        return None
    if kind is None and colour is None:
        return None
    if headed and colour is None:
        end = skip(
            tokens, i, "in", "of", "with", "made of", "in shades of", "with walls of", "in a"
        )
        if end > i and (found := BACKGROUND_COLOURS.at(tokens, end)):
            colour, i = found
            i = skip(tokens, i, "walls", "tiles", "bricks", "hills", "squares", "stone", "paint")
        elif (
            word_at(tokens, i) == ","
            and (found := BACKGROUND_COLOURS.at(tokens, i + 1))
            and _ends(tokens, end := skip(tokens, found[1], "walls", "tiles", "bricks", "hills"))
        ):
            colour, i = found[0], end
    i = skip(tokens, i, "seen from above", "in the distance", "in perspective", "in the background")
    i = skip(tokens, i, "behind it", "behind them", "behind everything", "behind", "with walls")
    if kind is not None:
        operations.append(("scene", "background_kind", kind))
    if colour not in (None, _STRANGE):
        operations.append(("scene", "background_colour", colour))
    return operations, i


def on_background(tokens: Tokens, i: int) -> Found:
    """Find `against a grey background`, `in front of a brick wall`, `through a maze`."""
    end = skip(
        tokens,
        i,
        "set against",
        "standing on",
        "against",
        "on top of",
        "on",
        "upon",
        "before",
        "over",
        "across",
        "along",
        "in front of",
        "in",
        "inside",
        "through",
        "with",
        "above",
        "within",
        "around",
    )
    if end == i:
        return None
    found = BACKGROUND_COLOURS.at(tokens, end)
    if found and tokens[i] in ("on", "against", "before", "over") and _ends(tokens, found[1]):
        return [("scene", "background_colour", found[0])], found[1]
    return background(tokens, end)


def _ends(tokens: Tokens, i: int) -> bool:
    return i == len(tokens) or tokens[i] in LINKS


def of_background(tokens: Tokens, i: int) -> Found:
    """Find what a place is said to be a place of: `(in the middle) of a grey background`."""
    return background(tokens, i + 1) if word_at(tokens, i) == "of" else None


def prop(tokens: Tokens, i: int) -> Found:
    """Find a prop: `a black pillar`, `the burning candle`, `a jar of red liquid`, `coins`."""
    i = skip(tokens, i, "a few", "a", "an", "the", "some", "several", "one", "its", "many")
    colour = None
    for _ in range(3):
        word = word_at(tokens, i)
        if word in PILLAR_COLOURS or COLOURS.at(tokens, i):
            if colour is not None:
                return None
            colour, i = (
                (word, i + 1) if word in PILLAR_COLOURS else COLOURS.at(tokens, i) or ("", i)
            )
        elif word in (
            "tall",
            "burning",
            "lit",
            "glass",
            "golden",
            "gold",
            "small",
            "upright",
            "round",
            "single",
            "little",
            "scattered",
            "shiny",
            "lighted",
            "thick",
        ):
            i += 1
    word = word_at(tokens, i)
    kinds = {
        "pillar": "pillar",
        "column": "pillar",
        "post": "pillar",
        "candle": "candle",
        "jar": "jar",
        "coins": "coins",
        "coin": "coins",
    }
    kind = kinds.get(word)
    if kind is None:
        return None
    i += 1
    operations: list[Operation] = [("scene", "prop", kind)]
    if kind == "jar" and colour is None:
        end = skip(
            tokens,
            i,
            "of",
            "full of",
            "filled with",
            "with",
            "holding",
            "containing",
            "that holds",
            "which holds",
            "that contains",
        )
        if end > i:
            end = skip(tokens, end, "a", "some")
            if found := COLOURS.at(tokens, end):
                colour, end = found
            if word_at(tokens, end) not in ("liquid", "water", "paint", "juice", "fluid"):
                return None
            if colour is not None and tokens[end] not in ("liquid", "fluid"):
                return None
            i = skip(tokens, end + 1, "in it", "inside")
    if colour is not None:
        allowed = (
            colour in PILLAR_COLOURS
            if kind == "pillar"
            else kind == "jar" and (colour not in PILLAR_COLOURS)
        )
        if not allowed:
            return None
        operations.append(("scene", "prop_colour", colour))
    return operations, i
