"""Fields against prose: where a caption contradicts itself, and which side gives way."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from captioner.claims.colour import FAMILIES
from captioner.claims.judging import OPPOSITES
from captioner.claims.read import PROSE, Stated


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A statement that gives way to what the rest of the caption says."""

    stated: Stated
    instead: str


def find_conflicts(stated: list[Stated]) -> list[Conflict]:
    """Return the statements that other parts of the same caption contradict.

    The majority of the texts wins; between two, the fields win over the prose. Only what is
    said once per text counts: a caption may tell of a camera that goes left and then right.
    """
    return [*_camera(stated), *_counts(stated), *_colours(stated)]


def _camera(stated: list[Stated]) -> list[Conflict]:
    by_text: dict[str, list[Stated]] = defaultdict(list)
    for item in stated:
        if item.claim.topic == "camera":
            by_text[item.field].append(item)
    single = {field: items[0] for field, items in by_text.items() if len(items) == 1}
    return _outvoted(single, _camera_clash)


def _camera_clash(one: str, other: str) -> bool:
    if "still" in (one, other):
        return one != other
    return OPPOSITES.get(one) == other


def _outvoted(single: dict[str, Stated], clash) -> list[Conflict]:  # type: ignore[no-untyped-def]
    votes = Counter(item.claim.value for item in single.values())
    if len(votes) < 2:
        return []
    best = max(votes, key=lambda value: (votes[value], _is_field_value(value, single)))
    return [
        Conflict(stated=item, instead=best)
        for item in single.values()
        if item.claim.value != best and clash(item.claim.value, best)
    ]


def _is_field_value(value: str, single: dict[str, Stated]) -> bool:
    return any(field not in PROSE and item.claim.value == value for field, item in single.items())


def _counts(stated: list[Stated]) -> list[Conflict]:
    subjects: dict[str, list[Stated]] = defaultdict(list)
    said: dict[str, dict[str, list[Stated]]] = defaultdict(lambda: defaultdict(list))
    for item in stated:
        if item.claim.topic != "count" or not item.claim.about:
            continue
        noun = item.claim.about.split()[-1]
        if item.field.endswith(".count"):
            subjects[noun].append(item)
        elif int(item.claim.value) > 1:
            said[noun][item.field].append(item)
    conflicts = []
    for noun, fields in subjects.items():
        single = {field: items[0] for field, items in said[noun].items() if len(items) == 1}
        if len(fields) != 1 or len(single) != len(said[noun]) or not single:
            continue
        field = fields[0]
        votes = Counter(item.claim.value for item in single.values())
        if field.claim.value != "1":  # one is also what a model that counted nothing leaves
            votes[field.claim.value] += 1
        best = max(votes, key=lambda value: (votes[value], value == field.claim.value))
        every = (field, *single.values())
        conflicts += [
            Conflict(stated=item, instead=best) for item in every if item.claim.value != best
        ]
    return conflicts


def _colours(stated: list[Stated]) -> list[Conflict]:
    """A thing with one colour in the fields and, in one text, another that cannot be the same."""
    nouns: dict[str, list[Stated]] = defaultdict(list)
    for item in stated:
        if item.field.endswith(".count"):
            nouns[item.claim.about].append(item)
    by_subject: dict[str, list[Stated]] = defaultdict(list)
    for item in stated:
        if item.claim.topic == "colour" and item.field.startswith("subjects["):
            by_subject[item.field.split(".")[0]].append(item)
    conflicts = []
    for noun, owners in nouns.items():
        if len(owners) != 1:
            continue
        own = by_subject[owners[0].field.split(".")[0]]
        if len(own) != 1:
            continue
        known = set(FAMILIES[own[0].claim.value])
        for prose in PROSE:
            said = [
                item
                for item in stated
                if item.field == prose
                and item.claim.topic == "colour"
                and item.claim.about in (noun, f"{noun}s")
            ]
            if len(said) == 1 and not known & set(FAMILIES[said[0].claim.value]):
                conflicts.append(Conflict(stated=said[0], instead=own[0].claim.value))
    return conflicts
