"""Grammar of verb phrases and of clauses about objects."""

from schemas.wording.nouns import adjective_list, noun
from schemas.wording.operations import Found, Operation, Unit
from schemas.wording.places import of_background, of_the_frame, place, place_name
from schemas.wording.tokens import Phrases, Tokens, listed, skip, word_at
from schemas.wording.verbs import (
    AT_REST,
    adverbs,
    in_order,
    modifiers,
    pace_at,
    scene_words,
    verb_phrase,
)
from schemas.wording.vocabulary import (
    DIRECTIONS,
    LINKS,
)

_THERE = Phrases(
    (phrase, "")
    for phrase in listed(
        "there is|there are|here is|here are|we see|you see|one sees|a scene with|a picture of|"
        "an image of|a video of|a clip of|an animation of|a drawing of|a video with|a clip with|"
        "there stands|there lies|a scene of|video of|animation of|the scene has|the scene shows|"
        "the scene contains|the picture shows|is|are|rests|sits|lies|stands|show|draw|"
        "animate|make|create|generate|give me|show me|paint|please show|please draw|please make"
    )
)


def _noun_tail(tokens: Tokens, i: int) -> tuple[list[Operation], int]:
    operations: list[Operation] = []
    while i < len(tokens):
        if found := place(tokens, i):
            operations.append(("set", "place", found[0]))
            i = found[1]
            if more := of_background(tokens, i):
                operations += more[0]
                i = more[1]
        elif (found := place_name(tokens, i)) and found[1] - i > 1:
            operations.append(("set", "place", found[0]))
            i = found[1]
        elif more := scene_words(tokens, i) or _relative(tokens, i):
            operations += more[0]
            i = more[1]
        elif tokens[i] in ("alone", "here"):
            i += 1
        else:
            break
    return operations, i


def _relative(tokens: Tokens, i: int) -> Found:
    if tokens[i] in ("that", "which"):
        return verb_phrase(tokens, i + 1)
    return verb_phrase(tokens, i) if _leads_to_participle(tokens, i) else None


def _leads_to_participle(tokens: Tokens, i: int) -> bool:
    if word_at(tokens, i) in ("is", "are", "at"):
        return False
    end = adverbs(tokens, i)
    if found := pace_at(tokens, end):
        end = found[1]
    return word_at(tokens, end).endswith("ing") or bool(
        end == i and AT_REST.at(tokens, end) and word_at(tokens, end) != "still"
    )


def object_unit(tokens: Tokens, i: int) -> tuple[Unit, int] | None:
    """Find a clause or fragment with objects as its subject."""
    i = adverbs(tokens, i)
    there = _THERE.at(tokens, i)
    if there:
        i = adverbs(tokens, there[1])
    operations: list[Operation] = []
    num_nouns, last = 0, i
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
        if after == i or word_at(tokens, after) in ("it", "they", "them"):
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
    if word_at(tokens, i) != "still":
        i = skip(tokens, adverbs(tokens, i), "which", "that", "it all")
        i = skip(tokens, i, "all of them", "both of them", "each of them", "both", "all")
    operations: list[Operation] = []
    found = verb_phrase(tokens, i)
    if found:
        first = tokens[i] if tokens[i] == "still" else word_at(tokens, adverbs(tokens, i))
        return Unit(
            kind="verb", operations=found[0], asserts=True, participle=first.endswith("ing")
        ), found[1]
    i = adverbs(tokens, i)
    if direction := DIRECTIONS.at(tokens, i):
        more, end = modifiers(tokens, of_the_frame(tokens, direction[1]), "go", 1)
        operations = [("go_on", "direction", in_order(tokens, i, direction)), *more]
        return Unit(kind="verb", operations=operations), end
    if pace := pace_at(tokens, i):
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
        ends = found[1] == len(tokens) or tokens[found[1]] in LINKS
        by_itself = (
            ("centre", "center", "middle", "top", "bottom") if ends else ("centre", "center")
        )
        wide = found[1] - i > 1 or tokens[i] in by_itself
        named = found if wide else None
    if named is None:
        return None
    more, end = modifiers(tokens, named[1], "event", 3)
    return Unit(kind="lead", operations=[("lead", named[0], None), *more]), end
