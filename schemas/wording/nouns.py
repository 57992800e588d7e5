"""Grammar of noun phrases: objects, props, places, backgrounds; each part at a token number.

Every function takes the tokens of one sentence and a number, and returns what it found with
the number of the token after it, or None. Nothing is skipped that is not known.
"""

from typing import TypeAlias

from schemas.facts import PILLAR_COLOURS
from schemas.wording.operations import Noun, Operation
from schemas.wording.tokens import Phrases, Tokens
from schemas.wording.vocabulary import (
    ADJECTIVES,
    BACKGROUND_COLOURS,
    BACKGROUND_HEADS,
    BACKGROUND_KINDS,
    COLOURS,
    FRAMES,
    INTENSIFIERS,
    PLACES,
    RANKS,
    SHAPES,
    SIZES,
    WHOLE_NUMBERS,
)

Found: TypeAlias = tuple[list[Operation], int] | None

_STYLE_ADJECTIVES = ("outlined", "shaded")
_ACTIVE = Phrases(
    [
        (f"{pre}{word}", value)
        for value, group in {
            "action move": ("moving", "drifting", "gliding", "travelling", "traveling", "floating"),
            "action fall": ("falling", "dropping"),
            "action fly": ("flying",),
            "action rest": ("resting", "motionless", "stationary", "unmoving", "still", "static"),
            "change grow": ("growing", "expanding"),
            "change shrink": ("shrinking",),
            "change turn": ("rotating", "spinning", "turning"),
            "bounces yes": ("bouncing",),
        }.items()
        for word in group
        for pre in ("", "slowly ", "slow ", "quickly ", "fast ", "rapidly ")
    ]
)


def word_at(tokens: Tokens, i: int) -> str:
    """Return the token at `i`, or an empty string past the end."""
    return tokens[i] if i < len(tokens) else ""


def skip(tokens: Tokens, i: int, *choices: str) -> int:
    """Return the number after the first of the phrases that stands at `i`, or `i`."""
    for choice in choices:
        parts = choice.split()
        if tokens[i : i + len(parts)] == parts:
            return i + len(parts)
    return i


def noun(tokens: Tokens, i: int) -> tuple[Noun, list[Operation], int] | None:
    """Find a noun phrase for objects, with what its adjectives state."""
    word = word_at(tokens, i)
    if word == "it":
        return Noun(kind="pronoun"), [], i + 1
    if word in ("they", "them"):
        return Noun(kind="pronoun", count=None), [], i + 1
    end = skip(tokens, i, "each other", "one another")
    if end > i:
        return Noun(kind="each_other"), [], end
    kind, count, rank, i = _determiner(tokens, i)
    bare_end = i
    colour = shape = size = None
    more: list[Operation] = []
    while True:
        word = word_at(tokens, i)
        if found := SHAPES.at(tokens, i):
            number, shape = found[0].split()
            i = found[1]
            break
        if found := COLOURS.at(tokens, i):
            if colour is not None:
                return None
            colour, i = found
            i = skip(tokens, i, "coloured", "colored")
        elif found := _ACTIVE.at(tokens, i):
            name, value = found[0].split()
            more.append(("set", name, value))
            pace = word_at(tokens, i)
            if name == "action" and value == "move" and found[1] - i > 1:
                more.append(("set", "speed", "slow" if pace.startswith("slow") else "fast"))
            i = found[1]
        elif found := SIZES.at(tokens, i):
            if size is not None:
                return None
            size, i = found
            i = skip(tokens, i, "sized")
        elif word in INTENSIFIERS or word in ADJECTIVES:
            i += 1
        elif word in _STYLE_ADJECTIVES:
            more.append(("scene", "style", word))
            i += 1
        elif (
            i > bare_end
            and word in (",", "and")
            and tokens[i - 1].endswith("ing") is False
            and _is_adjective(tokens, i + 1)
        ):
            i += 1
        elif word in ("one", "ones") and (kind == "other" or rank is not None or i > bare_end):
            number, shape = ("one" if word == "one" else "many"), "object"
            i += 1
            break
        elif kind in ("other", "pair") or (rank is not None and kind == "known"):
            if i > bare_end:
                return None
            number, shape = "one", "object"
            break
        else:
            return None
    if kind == "pair":
        if number == "many" or i > bare_end:
            kind, count = "known", count
        else:
            return Noun(kind="pronoun", count=count), more, i
    if number == "many" and count == 1:
        if kind in ("new", "other"):
            return None
        count = 1 if kind == "bare" else None
        if kind == "bare":
            return None
    if number == "one" and count not in (1, None):
        return None
    end = skip(tokens, i, "of")
    if end > i and (found := SIZES.at(tokens, end)) and word_at(tokens, found[1]) == "size":
        if size is None:
            size = found[0]
        i = found[1] + 1
    form = None if shape == "object" else shape
    return (
        Noun(kind=kind, count=count, colour=colour, shape=form, size=size, rank=rank),
        more,
        i,
    )


def _is_adjective(tokens: Tokens, i: int) -> bool:
    return bool(
        COLOURS.at(tokens, i)
        or SIZES.at(tokens, i)
        or (word_at(tokens, i) in ADJECTIVES and _is_adjective(tokens, i + 1))
    )


def _determiner(tokens: Tokens, i: int) -> tuple[str, int | None, int | None, int]:
    """Return kind, count, rank and the number of the token after the determiner."""
    word, after = word_at(tokens, i), word_at(tokens, i + 1)
    if word in ("a", "an", "one"):
        if after in RANKS:
            return "new", 1, None, i + 2
        if after == "pair" and word_at(tokens, i + 2) == "of":
            return "new", 2, None, i + 3
        if word == "one" and after == "other":
            return "new", 1, None, i + 2
        return "new", 1, None, i + 1
    if word in ("another", "some"):
        return ("new", 1, None, i + 1) if word == "another" else ("none", 1, None, i)
    if word in WHOLE_NUMBERS:
        return "new", WHOLE_NUMBERS[word], None, skip(tokens, i + 1, "other", "more")
    if word in ("both", "all"):
        end = skip(tokens, i + 1, "of the", "of them", "the")
        if word_at(tokens, end) in WHOLE_NUMBERS:
            return "pair", WHOLE_NUMBERS[tokens[end]], None, end + 1
        return "pair", 2 if word == "both" else None, None, end
    if word in ("the", "this", "that", "these", "those"):
        if after == "other":
            return "other", 1, None, i + 2
        if after in RANKS:
            return "known", 1, RANKS[after], i + 2
        if after in WHOLE_NUMBERS and after not in ("1", "one"):
            return "pair", WHOLE_NUMBERS[after], None, i + 2
        return "known", 1, None, i + 1
    return "bare", 1, None, i


def place(tokens: Tokens, i: int) -> tuple[str, int] | None:
    """Find where something is: `in the top left corner of the frame`."""
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
        elif tokens[i] in ("soft", "simple", "smooth", "distant", "rolling", "low", "even", "wide"):
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
    i = skip(tokens, i, "seen from above", "in the distance", "in perspective", "in the background")
    i = skip(tokens, i, "behind it", "behind them", "behind everything", "behind", "with walls")
    if kind is not None:
        operations.append(("scene", "background_kind", kind))
    if colour is not None:
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
        "in front of",
        "in",
        "inside",
        "through",
        "with",
        "above",
        "within",
        "around",
    )
    return background(tokens, end) if end > i else None


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
