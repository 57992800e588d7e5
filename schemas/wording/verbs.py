"""Grammar of verb phrases: what a subject does, and how, where and whither."""

from schemas.wording.nouns import adjective_list, noun
from schemas.wording.operations import Found, Operation
from schemas.wording.places import of_background, of_the_frame, on_background, place, prop
from schemas.wording.shots import style, with_camera
from schemas.wording.targets import event
from schemas.wording.tokens import Phrases, Tokens, listed, skip, word_at
from schemas.wording.vocabulary import (
    ACROSS,
    ADVERBS,
    COLOURS,
    DIRECTIONS,
    FRAMES,
    INTENSIFIERS,
    LINKS,
    OBJECT_VERBS,
    SIZES,
    SPEEDS,
)

_AUXILIARIES = Phrases(
    (phrase, "")
    for phrase in listed(
        "is|are|was|were|can be seen|is seen|are seen|is shown|are shown|keeps|keep|keeps on|"
        "continues to|starts to|begins to|begin to|start to|is slowly|is visible|"
        "can be seen to|is being|has been|goes on|keep on|is the one"
    )
)


AT_REST = Phrases(
    (phrase, "")
    for phrase in listed(
        "still|motionless|stationary|at rest|not moving|immobile|completely still|unmoving|static|"
        "no movement|no motion|not moving at all|without moving|without any movement"
    )
)


MAX_DEPTH = 4
"""Verbs that hang on one another: `starts moving`, `moves growing`."""
_MOVING = ("move", "fast_or_slow", "fly", "go")


def adverbs(tokens: Tokens, i: int) -> int:
    """Return the number after adverbs that carry no fact.

    `as it moves` is one, unless it goes on: `as it moves to the right` is a clause.
    """
    while found := ADVERBS.at(tokens, i):
        goes_on = tokens[i] == "as" and (
            DIRECTIONS.at(tokens, found[1]) or SPEEDS.at(tokens, found[1])
        )
        if goes_on and tokens[i + 1] == "it":
            break
        i = found[1]
    return i


def pace_at(tokens: Tokens, i: int) -> tuple[str, int] | None:
    """Find a speed: `slowly`, `very fast`."""
    return SPEEDS.at(tokens, i) or (
        SPEEDS.at(tokens, i + 1) if word_at(tokens, i) in INTENSIFIERS else None
    )


def modifiers(tokens: Tokens, i: int, verb: str, depth: int = 0) -> tuple[list[Operation], int]:
    """Find what follows a verb: direction, speed, place, background, tails in -ing.

    Directions count after verbs of motion only, speeds after motion along a line, places where
    they say where the object is at first; elsewhere they are read over.
    """
    operations: list[Operation] = []
    direction_known = False
    while i < len(tokens):
        if (found := pace_at(tokens, i)) and verb != "rest":
            if verb in ("move", "go"):
                operations.append(("set", "speed", found[0]))
            i = found[1]
        elif (
            verb in (*_MOVING, "start")
            and not direction_known
            and (found := DIRECTIONS.at(tokens, i))
        ):
            way = in_order(tokens, i, found) if verb == "go" else found[0]
            operations.append(("go" if verb == "go" else "set", "direction", way))
            i = skip(tokens, of_the_frame(tokens, found[1]), "side of the frame", "direction")
            direction_known = True
        elif (
            verb == "fall"
            and (
                end := skip(
                    tokens,
                    i,
                    "to the ground",
                    "to the floor",
                    "downwards",
                    "down",
                    "to the bottom",
                    "straight down",
                    "towards the ground",
                    "freely",
                    "out of the air",
                    "from the sky",
                    "from above",
                    "out of the sky",
                    "from the air",
                )
            )
            > i
        ):
            i = of_the_frame(tokens, end)
        elif (
            verb == "fly"
            and (
                end := skip(
                    tokens, i, "in an arc", "through the air", "in a curve", "in a high arc"
                )
            )
            > i
        ):
            i = end
        elif found := place(tokens, i):
            if verb in ("rest", "start", "move", "fall", "fly", "fast_or_slow", "be", "change"):
                operations.append(("set", "place", found[0]))
            i = found[1]
            if more := of_background(tokens, i):
                operations += more[0]
                i = more[1]
        elif more := scene_words(tokens, i):
            operations += more[0]
            i = more[1]
        elif (end := _across(tokens, i)) > i or (end := adverbs(tokens, i)) > i:
            i = end
        elif (
            depth < 3
            and word_at(tokens, i).endswith("ing")
            and (more := verb_phrase(tokens, i, depth + 1))
        ):
            operations += more[0]
            i = more[1]
        else:
            break
    return operations, i


def in_order(tokens: Tokens, i: int, found: tuple[str, int]) -> str:
    """Return a direction, its two parts in the order of the text: `left and up` is `left_up`.

    For one that moves freely the order says nothing; in a maze, these are two ways.
    """
    first, _, second = found[0].partition("_")
    if second and second in tokens[i : found[1]]:
        said = tokens[i : found[1]]
        if first in said and said.index(second) < said.index(first):
            return f"{second}_{first}"
    return found[0]


def scene_words(tokens: Tokens, i: int) -> Found:
    """Find what a clause says of the scene in passing: `on a grey floor`, `beside a candle`."""
    return (
        on_background(tokens, i)
        or style(tokens, i)
        or with_camera(tokens, i)
        or _beside_prop(tokens, i)
    )


def _across(tokens: Tokens, i: int) -> int:
    end = skip(tokens, i, "in front of it", "in front of them", "before it", "towards each other")
    end = skip(tokens, end, "toward each other", "away from each other", "towards one another")
    end = skip(tokens, end, "next to each other", "side by side", "beside each other")
    end = skip(tokens, end, "next to one another", "next to it", "beside it")
    end = skip(tokens, end, "past it", "past them", "past each other", "past one another")
    if end > i or word_at(tokens, i) not in ACROSS:
        return end
    end = skip(tokens, i + 1, "the whole", "the")
    if word_at(tokens, end) in FRAMES and word_at(tokens, i) != "into":
        return end + 1
    return skip(tokens, i, "through the air", "along the ground", "through the maze")


def _beside_prop(tokens: Tokens, i: int) -> Found:
    end = skip(tokens, i, "with", "beside", "next to", "near", "by", "close to", "among", "to the")
    return prop(tokens, end) if end > i else None


def verb_phrase(tokens: Tokens, i: int, depth: int = 0) -> Found:
    """Find a verb with what belongs to it, said of the subject before."""
    if depth > MAX_DEPTH:
        return None
    start = i
    if tokens[i : i + 1] == ["still"] and (i + 1 == len(tokens) or tokens[i + 1] in LINKS):
        return [("set", "action", "rest")], i + 1
    pre_speed = None
    for _ in range(4):
        end = adverbs(tokens, i)
        if found := _AUXILIARIES.at(tokens, end):
            end = found[1]
        if (found := pace_at(tokens, end)) and end - i < 3 and tokens[end] != "at":
            pre_speed, end = found
        if end == i:
            break
        i = end
    if found := AT_REST.at(tokens, i):
        more, end = modifiers(tokens, found[1], "rest", depth)
        return [("set", "action", "rest"), *more], end
    verb = OBJECT_VERBS.at(tokens, i)
    if verb is None:
        return _is(tokens, start)
    kind, _, value = verb[0].partition(" ")
    i = verb[1]
    operations: list[Operation] = []
    state = kind
    if kind == "start":
        if word_at(tokens, i) == "to":
            return verb_phrase(tokens, i + 1, depth + 1)
        if word_at(tokens, i).endswith("ing"):
            return verb_phrase(tokens, i, depth + 1)
        if place(tokens, i) is None and place(tokens, skip(tokens, i, "out", "off")) is None:
            return None
        i = skip(tokens, i, "out", "off")
    elif kind == "action":
        operations.append(("set", "action", value))
        state = value
    elif kind == "vertical":
        side = DIRECTIONS.at(tokens, i)
        i = side[1] if side else i
        way = f"{value}_{side[0]}" if side and side[0] in ("left", "right") else value
        if side and side[0] not in ("left", "right", value):
            return None
        operations += [("set", "action", "move"), ("set", "direction", way)]
        state = "move"
    elif kind == "arc":
        toward = DIRECTIONS.at(tokens, i)
        i = toward[1] if toward else i
        end = skip(tokens, i, "in an arc", "through the air", "in a high arc")
        if toward is None or end == i:
            return None
        operations += [("set", "action", "fly"), ("set", "direction", toward[0])]
        i, state = end, "fly"
    elif kind == "fast_or_slow":
        operations += [("set", "action", "move"), ("set", "speed", value)]
    elif kind == "change":
        if tokens[i - 1] in ("turn", "turns", "turning", "turned"):
            if found := COLOURS.at(tokens, i):
                return _recolour(tokens, i)
            if found := DIRECTIONS.at(tokens, i):
                operations.append(("turn", found[0], None))
                more, end = modifiers(tokens, found[1], "event", depth)
                return operations + more, end
        operations.append(("set", "change", value))
        if value == "recolour" and (end := skip(tokens, i, "to", "from")) > i:
            return None
    elif kind in ("recolour_to", "turn_to"):
        if kind == "turn_to" and word_at(tokens, skip(tokens, i, "a", "an")) != word_at(tokens, i):
            return None
        return _recolour(tokens, i)
    elif kind == "recolour_from":
        found = COLOURS.at(tokens, i)
        if found is None or word_at(tokens, found[1]) not in ("to", "into"):
            return None
        more_found = _recolour(tokens, found[1] + 1)
        if more_found is None:
            return None
        return [("set", "colour", found[0]), *more_found[0]], more_found[1]
    elif kind == "bounces":
        operations.append(("set", "bounces", True))
        if noun(tokens, i):
            return None
        if word_at(tokens, i) == "off":
            return None
    elif kind == "trail":
        operations.append(("set", "leaves_trail", True))
        i = skip(tokens, i, "behind it", "behind them", "behind", "as it goes", "on its way")
    elif kind == "meet":
        operations.append(("event", "collide", None))
        i = skip(tokens, i, "with each other", "with one another")
    elif value == "go":
        found = DIRECTIONS.at(tokens, adverbs(tokens, i))
        speed = pace_at(tokens, i)
        if found is None and speed:
            found = DIRECTIONS.at(tokens, speed[1])
            pre_speed = speed[0]
        if found is None:
            end = skip(tokens, i, "through", "in", "inside", "around")
            if end == i or (seen := on_background(tokens, i)) is None:
                return None
            return seen
        operations.append(("go", "direction", in_order(tokens, i, found)))
        i = of_the_frame(tokens, found[1])
        state = "move"
        if depth < MAX_DEPTH - 1:
            more, i = modifiers(tokens, i, "go", depth)
            if pre_speed:
                more.append(("set", "speed", pre_speed))
            return operations + more, i
    elif kind == "event":
        more_found = event(tokens, i, value)
        if more_found is None:
            return None
        operations += more_found[0]
        i = more_found[1]
        state = "event"
    if pre_speed and state in ("move", "go"):
        operations.append(("set", "speed", pre_speed))
    more, i = modifiers(tokens, i, state, depth)
    return operations + more, i


def _recolour(tokens: Tokens, i: int) -> Found:
    found = COLOURS.at(tokens, skip(tokens, i, "a bright", "bright"))
    if found is None:
        return None
    more, end = modifiers(tokens, skip(tokens, found[1], "in colour", "in color"), "event", 3)
    return [("set", "change", "recolour"), ("set", "new_colour", found[0]), *more], end


def _is(tokens: Tokens, i: int) -> Found:
    """Find what a subject is: adjectives, a place, or a noun phrase after is or are."""
    end = skip(
        tokens,
        adverbs(tokens, i),
        "can be seen",
        "is seen",
        "are seen",
        "is shown",
        "is drawn",
        "are drawn",
        "is",
        "are",
        "was",
        "were",
        "has",
        "appears to be",
    )
    if end == i or tokens[end - 1] == "be":
        return None
    i = skip(tokens, adverbs(tokens, end), "located", "placed", "seen", "shown", "visible", "set")
    operations: list[Operation] = []
    before = i
    if found := place(tokens, i):
        operations.append(("set", "place", found[0]))
        i = found[1]
    elif tokens[end - 1] == "has" or word_at(tokens, i) == "of":
        i = skip(tokens, i, "of", "a")
        size = SIZES.at(tokens, i)
        if size is None or word_at(tokens, size[1]) != "size":
            return None
        operations.append(("set", "size", size[0]))
        i = size[1] + 1
    else:
        adjectives = adjective_list(tokens, i)
        if tokens[end - 1] in ("seen", "shown", "drawn"):
            more, after = modifiers(tokens, i, "be", 1)
            return (more, after) if after > i else None
        if adjectives is not None:
            operations, i = adjectives
        else:
            what = noun(tokens, i)
            if what is None or what[0].kind not in ("new",) or what[0].count != 1:
                return None
            for name in ("colour", "shape", "size"):
                if value := getattr(what[0], name):
                    operations.append(("set", name, value))
            operations += what[1]
            i = what[2]
    if i == before:
        return None
    more, i = modifiers(tokens, i, "be", 1)
    return operations + more, i
