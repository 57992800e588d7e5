"""Sentences to units: what each clause states, or that it is not understood."""

from schemas.wording.clauses import lead_unit, object_unit, verb_unit
from schemas.wording.operations import Unit
from schemas.wording.scenery import scene_unit
from schemas.wording.tokens import Tokens
from schemas.wording.vocabulary import ADVERBS, DOUBT, LINKS

SHOWS = ("of", "on", "showing", "with", "behind")
"""What may stand between a shot or a camera move and its object."""
_PARSERS = (scene_unit, object_unit, lead_unit, verb_unit)


def units(tokens: Tokens) -> list[Unit]:
    """Return the clauses and fragments of one sentence, in textual order.

    A clause counts only where the grammar takes up every word of it, up to a link (comma, and,
    while, ...) or the end; else its unit is `unknown`. Where an unknown clause holds a word of
    doubt or denial, nothing in the sentence counts. Takes time linear in the tokens.
    """
    found: list[Unit] = []
    i = 0
    if any(a == c == "as" for a, c in zip(tokens, tokens[2:], strict=False)):
        return [Unit(kind="unknown")]
    while i < len(tokens):
        link = ""
        while i < len(tokens):
            aside = ADVERBS.at(tokens, i)
            alone = tokens[i] == "still" and (i == 0 or tokens[i - 1] in LINKS)
            if aside and not alone and (aside[1] == len(tokens) or tokens[aside[1]] == ","):
                i = aside[1]
            elif tokens[i] in LINKS:
                link = tokens[i] if tokens[i] not in (",", "and") or not link else link
                i += 1
            elif found and found[-1].kind == "scene" and _leads_on(tokens, i, link):
                link = tokens[i]
                i += 1
            else:
                break
        if i == len(tokens):
            break
        start = i
        unit, end = _unit(tokens, i)
        if unit is None:
            end = start
            while end < len(tokens) and tokens[end] not in LINKS:
                end += 1
            if not DOUBT.isdisjoint(tokens[start:end]):
                return [Unit(kind="unknown")]
            unit = Unit(kind="unknown")
        unit.link = link
        found.append(unit)
        i = end
    return found


def _unit(tokens: Tokens, i: int) -> tuple[Unit | None, int]:
    """Return the unit at `i` that takes up most, if it ends at a link."""
    best: tuple[Unit, int] | None = None
    for parse in _PARSERS:
        found = parse(tokens, i)
        if found is None:
            continue
        end = found[1]
        ends_well = end == len(tokens) or tokens[end] in LINKS or found[0].kind == "lead"
        if not ends_well and found[0].kind == "scene":
            shows = _is_seen(found[0]) and (tokens[end] in SHOWS or _is_of_object(tokens, end))
            ends_well = shows or _comes_before_object(found[0], tokens, end)
        if ends_well and end > i and (best is None or end > best[1]):
            best = found
    return best if best is not None else (None, i)


def _leads_on(tokens: Tokens, i: int, link: str) -> bool:
    """Return whether a shot or camera move goes on with what it shows."""
    if tokens[i] in SHOWS:
        return link in ("", ",")
    return not link and _is_of_object(tokens, i)


def _is_of_object(tokens: Tokens, i: int) -> bool:
    """Return whether a camera move ends in an object: `tilt down to a red star`."""
    if tokens[i] not in ("to", "from", "over", "across", "past"):
        return False
    after = object_unit(tokens, i + 1)
    return after is not None and (after[1] == len(tokens) or tokens[after[1]] in LINKS)


def _is_seen(unit: Unit) -> bool:
    """Return whether the unit says how something is shot."""
    return any(
        operation[0] == "view" or operation[:2] == ("scene", "camera")
        for operation in unit.operations
    )


def _comes_before_object(unit: Unit, tokens: Tokens, end: int) -> bool:
    """Return whether an object follows a background at once: `on a grey floor a red star ...`."""
    last = unit.operations[-1][1] if unit.operations else "background"
    is_background = str(last).startswith("background")
    if unit.asserts or not is_background:
        return False
    after = object_unit(tokens, end + 1 if tokens[end] in SHOWS else end)
    return after is not None and (after[1] == len(tokens) or tokens[after[1]] in LINKS)
