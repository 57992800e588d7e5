"""Compare facts that were asked for with facts that a text states: what is kept, lost, added."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

from schemas.facts import OBJECT_FIELDS, SCENE_VALUES, EventFacts, Facts, match_objects

MAX_PERMUTED = 5
"""Up to so many objects, every pairing is tried; beyond, likeness decides."""
_OPEN = (None, False, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsKept:
    """How the statements of one description fare in another.

    `added` names objects and events that were not asked for; other facts that were left open
    may be filled in without being named here.
    """

    num_wanted: int
    missing: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def recall(self) -> float:
        """Share of the wanted statements that are stated; 1 where nothing was wanted."""
        return 1.0 if not self.num_wanted else 1 - len(self.missing) / self.num_wanted


def facts_kept(wanted: Facts, said: Facts) -> FactsKept:
    """Return what of `wanted` is stated in `said`; a contradicted statement counts as missing.

    One statement each: that an object is there, every attribute of it, every event in its
    order, every property of the scene, the list of shots. Objects are paired so that as much
    as possible is kept.
    """
    return min(
        (_compare(wanted, said, pairing) for pairing in _pairings(wanted, said)),
        key=lambda kept: (len(kept.missing), len(kept.added)),
    )


def _pairings(wanted: Facts, said: Facts) -> list[dict[int, int]]:
    """Return candidate maps from objects of `wanted` to objects of `said`."""
    ours, theirs = len(wanted.objects), len(said.objects)
    if max(ours, theirs) > MAX_PERMUTED:
        pairs = match_objects(wanted, said)
        return [{a: b for a, b in pairs if a is not None and b is not None}]
    if ours <= theirs:
        return [dict(enumerate(order)) for order in permutations(range(theirs), ours)]
    return [{a: b for b, a in enumerate(order)} for order in permutations(range(ours), theirs)]


def _compare(wanted: Facts, said: Facts, pairing: dict[int, int]) -> FactsKept:
    num_wanted, missing, added = 0, [], []
    for index, item in enumerate(wanted.objects):
        stated = [name for name in OBJECT_FIELDS if getattr(item, name) not in _OPEN]
        num_wanted += 1 + len(stated)
        if index not in pairing:
            missing += [f"object {_name(wanted, index)}"]
            missing += [f"{name} of {_name(wanted, index)}" for name in stated]
            continue
        found = said.objects[pairing[index]]
        missing += [
            f"{name} {getattr(item, name)} of {_name(wanted, index)}"
            for name in stated
            if getattr(found, name) != getattr(item, name)
        ]
    taken = set(pairing.values())
    added += [f"object {_name(said, i)}" for i in range(len(said.objects)) if i not in taken]
    asked = [_event(event, pairing) for event in wanted.events]
    happens = [_event(event, {i: i for i in taken}) for event in said.events]
    num_wanted += len(asked)
    kept = _longest_common(asked, happens)
    missing += [f"event {asked[i][0]}" for i in range(len(asked)) if i not in kept]
    added += [f"event {happens[j][0]}" for j in range(len(happens)) if j not in set(kept.values())]
    for name in (*SCENE_VALUES, "views"):
        value = getattr(wanted, name)
        if value in _OPEN:
            continue
        num_wanted += 1
        if getattr(said, name) != value:
            missing.append(f"{name} {value}")
    return FactsKept(num_wanted=num_wanted, missing=tuple(missing), added=tuple(added))


def _name(facts: Facts, index: int) -> str:
    item = facts.objects[index]
    return " ".join(part for part in (item.colour, item.shape or "object") if part)


def _event(event: EventFacts, pairing: dict[int, int]) -> tuple[object, ...]:
    """Return the event with objects renumbered; unpaired ones get a name that equals nothing."""

    def renamed(end: int | str | None) -> object:
        return pairing.get(end, object()) if isinstance(end, int) else end

    ends = (renamed(event.subject), renamed(event.target))
    return (event.kind, frozenset(ends)) if event.kind == "collide" else (event.kind, *ends)


def _longest_common(
    one: list[tuple[object, ...]], other: list[tuple[object, ...]]
) -> dict[int, int]:
    """Return the longest common subsequence as a map of positions."""
    best = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i in reversed(range(len(one))):
        for j in reversed(range(len(other))):
            best[i][j] = (
                1 + best[i + 1][j + 1]
                if one[i] == other[j]
                else max(best[i + 1][j], best[i][j + 1])
            )
    found, i, j = {}, 0, 0
    while i < len(one) and j < len(other):
        if one[i] == other[j]:
            found[i] = j
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
    return found
