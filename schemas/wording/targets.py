"""Grammar of events: what the subject does to another object, to a prop, or to the frame."""

from schemas.wording.nouns import noun
from schemas.wording.operations import Found, Operation
from schemas.wording.places import prop
from schemas.wording.shots import asides
from schemas.wording.tokens import Tokens, skip, word_at
from schemas.wording.vocabulary import COLOURS, DIRECTIONS, SPILL_VERBS, WHOLE_NUMBERS


def event(tokens: Tokens, i: int, kind: str) -> Found:
    """Find the target of an event and return the event."""
    if kind in ("leave", "return"):
        end = skip(tokens, i, "through the edge", "on the other side", "from the other side")
        if side := DIRECTIONS.at(tokens, end):
            end = side[1]
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
        i = skip(tokens, i, "another", "one of")
        times = WHOLE_NUMBERS.get(word_at(tokens, i), 1) if kind == "collect" else 1
        i = i + 1 if times > 1 else i
        found = prop(tokens, i)
        if found is None or found[0][0][2] != wanted:
            return None
        return [*found[0], *[("event", kind, wanted)] * times], skip(
            tokens, found[1], "'s flame", "open", "apart"
        )
    target = noun(tokens, i)
    if target is None:
        return None
    return [("event", kind, target[0]), *[]], target[2]


def spill(tokens: Tokens, i: int) -> Found:
    """Find `the red liquid runs out`, `spilling its liquid`."""
    i = skip(
        tokens, asides(tokens, i), "all the", "all its", "the", "its", "all of the", "all of its"
    )
    operations: list[Operation] = []
    if found := COLOURS.at(tokens, i):
        operations.append(("scene", "prop_colour", found[0]))
        i = found[1]
    if word_at(tokens, i) in ("liquid", "contents", "fluid"):
        i = skip(tokens, i + 1, "in it", "inside", "inside it", "in the jar")
        verb = SPILL_VERBS.at(tokens, asides(tokens, skip(tokens, i, "is")))
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
    return operations, asides(tokens, end)
