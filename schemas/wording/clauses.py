"""Grammar of verb phrases and of clauses about objects."""

from schemas.wording.nouns import (
    Found,
    noun,
    of_the_frame,
    on_background,
    place,
    place_name,
    prop,
    skip,
    word_at,
)
from schemas.wording.operations import Operation, Unit
from schemas.wording.scenery import style, with_camera
from schemas.wording.tokens import Phrases, Tokens
from schemas.wording.vocabulary import (
    ACROSS,
    ADVERBS,
    COLOURS,
    DIRECTIONS,
    FRAMES,
    INTENSIFIERS,
    OBJECT_VERBS,
    SIZES,
    SPEEDS,
)

_AUXILIARIES = Phrases(
    (phrase, "")
    for phrase in (
        "is|are|was|were|can be seen|is seen|are seen|is shown|are shown|keeps|keep|keeps on|"
        "continues to|starts to|begins to|begin to|start to|is slowly|is visible|"
        "can be seen to|is being|has been|goes on|keep on|is the one"
    ).split("|")
)
_AT_REST = Phrases(
    (phrase, "")
    for phrase in (
        "still|motionless|stationary|at rest|not moving|immobile|completely still|unmoving|static"
    ).split("|")
)
_THERE = Phrases(
    (phrase, "")
    for phrase in (
        "there is|there are|here is|here are|we see|you see|one sees|a scene with|a picture of|"
        "an image of|a video of|a clip of|an animation of|a drawing of|a video with|a clip with|"
        "there stands|there lies|a scene of|video of|animation of|the scene has|the scene shows|"
        "the scene contains|the picture shows|is|are|rests|sits|lies|stands|show|draw|animate|make|create|generate|give me|show me|paint|please show|please draw|please make"
    ).split("|")
)
_MOVING = ("move", "fast_or_slow", "fly", "go")


def adverbs(tokens: Tokens, i: int) -> int:
    """Return the number after adverbs that carry no fact."""
    while found := ADVERBS.at(tokens, i):
        i = found[1]
    return i


def _speed(tokens: Tokens, i: int) -> tuple[str, int] | None:
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
        if (found := _speed(tokens, i)) and verb != "rest":
            if verb in ("move", "go"):
                operations.append(("set", "speed", found[0]))
            i = found[1]
        elif (
            verb in (*_MOVING, "start")
            and not direction_known
            and (found := DIRECTIONS.at(tokens, i))
        ):
            operations.append(("go" if verb == "go" else "set", "direction", found[0]))
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
            if verb in ("rest", "start", "move", "fall", "fly", "fast_or_slow", "be"):
                operations.append(("set", "place", found[0]))
            i = found[1]
        elif more := on_background(tokens, i) or style(tokens, i) or with_camera(tokens, i):
            operations += more[0]
            i = more[1]
        elif more := _beside_prop(tokens, i):
            operations += more[0]
            i = more[1]
        elif (end := skip(tokens, i, "in front of it", "in front of them", "before it")) > i:
            i = end
        elif word_at(tokens, i) in ACROSS and (end := _across(tokens, i)) > i:
            i = end
        elif found := ADVERBS.at(tokens, i):
            i = found[1]
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


def _across(tokens: Tokens, i: int) -> int:
    end = skip(tokens, i + 1, "the whole", "the")
    if word_at(tokens, end) in FRAMES and word_at(tokens, i) != "into":
        return end + 1
    return skip(tokens, i, "through the air", "along the ground", "through the maze")


def _beside_prop(tokens: Tokens, i: int) -> Found:
    end = skip(tokens, i, "with", "beside", "next to", "near", "by", "close to", "among", "to the")
    return prop(tokens, end) if end > i else None


def verb_phrase(tokens: Tokens, i: int, depth: int = 0) -> Found:
    """Find a verb with what belongs to it, said of the subject before."""
    start = i
    pre_speed = None
    for _ in range(4):
        end = adverbs(tokens, i)
        if found := _AUXILIARIES.at(tokens, end):
            end = found[1]
        if (found := _speed(tokens, end)) and end - i < 3 and tokens[end] != "at":
            pre_speed, end = found
        if end == i:
            break
        i = end
    if found := _AT_REST.at(tokens, i):
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
            return verb_phrase(tokens, i + 1, depth)
        if word_at(tokens, i).endswith("ing"):
            return verb_phrase(tokens, i, depth)
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
        speed = _speed(tokens, i)
        if found is None and speed:
            found = DIRECTIONS.at(tokens, speed[1])
            pre_speed = speed[0]
        if found is None:
            end = skip(tokens, i, "through", "in", "inside", "around")
            if end == i or (seen := on_background(tokens, i)) is None:
                return None
            return seen
        operations.append(("go", "direction", found[0]))
        i = of_the_frame(tokens, found[1])
        state = "move"
        if depth < 3:
            more, i = modifiers(tokens, i, "go", depth)
            if pre_speed:
                more.append(("set", "speed", pre_speed))
            return operations + more, i
    elif kind == "event":
        more_found = _event(tokens, i, value)
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


def _event(tokens: Tokens, i: int, kind: str) -> Found:
    """Find the target of an event and return the event."""
    if kind in ("leave", "return"):
        end = skip(tokens, i, "through the edge", "on the other side", "from the other side")
        return [("event", kind, None)], end
    if kind in ("reappear", "hide"):
        end = skip(tokens, i, "from behind", "behind", "of") if kind == "reappear" else i
        if kind == "reappear" and end == i:
            end = skip(tokens, i, "on the other side", "on the far side")
            end = skip(tokens, end, "of")
            if end == i or tokens[end - 1] != "of":
                return [("event", kind, "pillar")], end
        if word_at(tokens, end) == "it":
            return [("prop_event", kind, "pillar")], end + 1
        found = prop(tokens, end)
        if found is None or found[0][0][2] != "pillar":
            return None
        return [*found[0], ("event", kind, "pillar")], found[1]
    if kind == "put_out_it":
        return [("prop_event", "put_out", "candle")], i
    wanted = {"put_out": "candle", "break": "jar", "collect": "coins"}.get(kind)
    if wanted is not None:
        if kind == "put_out":
            i = skip(tokens, i, "the flame of", "its flame")
        if word_at(tokens, i) == "it":
            return [("prop_event", kind, wanted)], i + 1
        i = skip(tokens, i, "another", "one of", "two of", "more")
        found = prop(tokens, i)
        if found is None or found[0][0][2] != wanted:
            return None
        return [*found[0], ("event", kind, wanted)], skip(
            tokens, found[1], "'s flame", "open", "apart"
        )
    target = noun(tokens, i)
    if target is None:
        return None
    return [("event", kind, target[0]), *[]], target[2]


def _is(tokens: Tokens, i: int) -> Found:
    """Find what a subject is: adjectives, a place, or a noun phrase after is or are."""
    end = skip(
        tokens,
        adverbs(tokens, i),
        "can be seen",
        "is seen",
        "are seen",
        "is shown",
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
        if tokens[end - 1] in ("seen", "shown"):
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


def adjective_list(tokens: Tokens, i: int) -> Found:
    """Find colours and sizes that stand alone: `red`, `small and blue`."""
    operations: list[Operation] = []
    while i < len(tokens):
        start = i
        i = i + 1 if tokens[i] in INTENSIFIERS else i
        if found := COLOURS.at(tokens, i):
            operations.append(("set", "colour", found[0]))
        elif found := SIZES.at(tokens, i):
            operations.append(("set", "size", found[0]))
        else:
            i = start
            break
        i = found[1]
        after = i + 1 if word_at(tokens, i) in ("and", ",") else i
        if after == i or not (COLOURS.at(tokens, after) or SIZES.at(tokens, after)):
            break
        i = after
    return (operations, i) if operations else None


def _noun_tail(tokens: Tokens, i: int) -> tuple[list[Operation], int]:
    operations: list[Operation] = []
    while i < len(tokens):
        if found := place(tokens, i):
            operations.append(("set", "place", found[0]))
            i = found[1]
        elif more := on_background(tokens, i) or style(tokens, i) or _beside_prop(tokens, i):
            operations += more[0]
            i = more[1]
        elif tokens[i] in ("that", "which") and (more := verb_phrase(tokens, i + 1)):
            operations += more[0]
            i = more[1]
        elif _leads_to_participle(tokens, i) and (more := verb_phrase(tokens, i)):
            operations += more[0]
            i = more[1]
        elif tokens[i] in ("alone", "here"):
            i += 1
        else:
            break
    return operations, i


def _leads_to_participle(tokens: Tokens, i: int) -> bool:
    if word_at(tokens, i) in ("is", "are", "at"):
        return False
    end = adverbs(tokens, i)
    if found := _speed(tokens, end):
        end = found[1]
    return word_at(tokens, end).endswith("ing") or bool(
        end == i and _AT_REST.at(tokens, end) and word_at(tokens, end) != "still"
    )


def object_unit(tokens: Tokens, i: int) -> tuple[Unit, int] | None:
    """Find a clause or fragment with objects as its subject."""
    i = adverbs(tokens, i)
    there = _THERE.at(tokens, i)
    if there:
        i = adverbs(tokens, there[1])
    operations: list[Operation] = []
    num_nouns = 0
    while True:
        found = noun(tokens, i)
        if found is None or found[0].kind == "each_other":
            if num_nouns == 0:
                return None
            i = last
            break
        operations.append(("join" if num_nouns else "noun", found[0], None))
        operations += found[1]
        more, i = _noun_tail(tokens, found[2])
        operations += more
        num_nouns += 1
        last = i
        after = skip(tokens, i, ", and", "and", ",", "as well as", "together with", ", then")
        if after == i:
            break
        i = adverbs(tokens, after) if tokens[after - 1] in ("and", ",") else after
        if found[0].kind == "pronoun":
            i = last
            break
    asserts = bool(there) or any(
        operation[0] == "set" and operation[1] == "action" for operation in operations
    )
    if not there or tokens[i - 1] != ",":
        both = i
        if num_nouns > 1 and (end := skip(tokens, i, ", both", ", all", "both", "all")) > i:
            both = end
        phrase = verb_phrase(tokens, both)
        if phrase:
            if num_nouns > 1 and not (both == i and _is_singular(tokens, i)):
                operations.append(("all", None, None))
            operations += phrase[0]
            i = phrase[1]
            asserts = True
        elif both == i:
            more, end = modifiers(tokens, i, "be", 1)
            operations += more
            i = end
    return Unit(kind="object", operations=operations, asserts=asserts), i


def _is_singular(tokens: Tokens, i: int) -> bool:
    word = word_at(tokens, adverbs(tokens, i))
    return word.endswith("s") and not word.endswith("ss")


def verb_unit(tokens: Tokens, i: int) -> tuple[Unit, int] | None:
    """Find what goes on with the subject before: a verb phrase, or words that amend one."""
    i = skip(tokens, adverbs(tokens, i), "which", "that", "it all")
    i = skip(tokens, i, "both", "all")
    operations: list[Operation] = []
    found = verb_phrase(tokens, i)
    if found:
        first = tokens[adverbs(tokens, i)]
        return Unit(
            kind="verb", operations=found[0], asserts=True, participle=first.endswith("ing")
        ), found[1]
    i = adverbs(tokens, i)
    if direction := DIRECTIONS.at(tokens, i):
        more, end = modifiers(tokens, of_the_frame(tokens, direction[1]), "go", 1)
        operations = [("go_on", "direction", direction[0]), *more]
        return Unit(kind="verb", operations=operations), end
    if pace := _speed(tokens, i):
        more, end = modifiers(tokens, pace[1], "move", 1)
        return Unit(kind="verb", operations=[("amend", "speed", pace[0]), *more]), end
    if adjectives := adjective_list(tokens, i):
        return Unit(kind="verb", operations=adjectives[0]), adjectives[1]
    return None


def lead_unit(tokens: Tokens, i: int) -> tuple[Unit, int] | None:
    """Find a place that stands before its object, or alone between commas."""
    i = adverbs(tokens, i)
    named = place(tokens, i)
    if named is None and (found := place_name(tokens, i)):
        wide = found[1] - i > 1 or tokens[i] in ("centre", "center")
        named = found if wide else None
    if named is None:
        return None
    more, end = modifiers(tokens, named[1], "event", 3)
    return Unit(kind="lead", operations=[("lead", named[0], None), *more]), end
