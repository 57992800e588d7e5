"""Sentences to units: what each clause states, or that it is not understood."""

from schemas.wording.clauses import lead_unit, object_unit, verb_unit
from schemas.wording.operations import Unit
from schemas.wording.scenery import scene_unit
from schemas.wording.tokens import Tokens
from schemas.wording.vocabulary import ADVERBS, DOUBT, LINKS

_PARSERS = (scene_unit, object_unit, lead_unit, verb_unit)


def units(tokens: Tokens) -> list[Unit]:
    """Return the clauses and fragments of one sentence, in textual order.

    A clause counts only where the grammar takes up every word of it, up to a link (comma, and,
    while, ...) or the end; else its unit is `unknown`. Where an unknown clause holds a word of
    doubt or denial, nothing in the sentence counts. Takes time linear in the tokens.
    """
    found: list[Unit] = []
    i = 0
    while i < len(tokens):
        link = ""
        while i < len(tokens):
            aside = ADVERBS.at(tokens, i)
            if aside and (aside[1] == len(tokens) or tokens[aside[1]] == ","):
                i = aside[1]
            elif tokens[i] in LINKS:
                link = tokens[i] if tokens[i] not in (",", "and") or not link else link
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
        if ends_well and end > i and (best is None or end > best[1]):
            best = found
    return best if best is not None else (None, i)
