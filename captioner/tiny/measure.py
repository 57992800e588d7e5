"""How well stated facts agree with true ones (pure): per attribute, and what was made up.

Objects are paired by colour, which differs between the objects of a clip: a stated object of a
colour that no true object has is made up, and so is everything that is said of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.facts import OBJECT_FIELDS, SCENE_VALUES, EventFacts, Facts, ObjectFacts

SCENE_FIELDS = tuple(SCENE_VALUES)
ATTRIBUTES = ("count", *OBJECT_FIELDS, *SCENE_FIELDS, "views", "events")


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of facts: stated, true, and both."""

    num_stated: int = 0
    num_true: int = 0
    num_right: int = 0

    @property
    def precision(self) -> float:
        """Share of the stated facts that are true; 1 where nothing is stated."""
        return self.num_right / self.num_stated if self.num_stated else 1.0

    @property
    def recall(self) -> float:
        """Share of the true facts that are stated; 1 where nothing is true."""
        return self.num_right / self.num_true if self.num_true else 1.0

    def add(self, stated: object, true: object) -> None:
        """Count one fact; None, False and () state nothing."""
        self.num_stated += bool(stated)
        self.num_true += bool(true)
        self.num_right += bool(stated) and stated == true


@dataclass(slots=True, kw_only=True)
class FactMeasure:
    """The counts of many clips."""

    by_attribute: dict[str, Tally] = field(
        default_factory=lambda: {name: Tally() for name in ATTRIBUTES}
    )
    num_clips: int = 0
    num_exact: int = 0
    num_stated_objects: int = 0
    num_made_up_objects: int = 0
    num_missed_objects: int = 0

    @property
    def false_share(self) -> float:
        """Share of all stated facts that are false; the number of objects is one of them."""
        stated = sum(tally.num_stated for tally in self.by_attribute.values())
        right = sum(tally.num_right for tally in self.by_attribute.values())
        return 1 - right / stated if stated else 0.0

    @property
    def made_up_share(self) -> float:
        """Share of the stated objects that are not there."""
        return self.num_made_up_objects / max(self.num_stated_objects, 1)

    @property
    def exact_share(self) -> float:
        """Share of the clips of which everything is told, and nothing wrong."""
        return self.num_exact / max(self.num_clips, 1)

    def add(self, stated: Facts, true: Facts) -> None:
        """Count one clip."""
        tallies = self.by_attribute
        before = self._sums()
        pairs = pair_by_colour(stated, true)
        tallies["count"].add(f"{len(stated.objects)}", f"{len(true.objects)}")
        nothing = ObjectFacts()
        for ours, theirs in pairs:
            for name in OBJECT_FIELDS:
                tallies[name].add(
                    getattr(nothing if ours is None else stated.objects[ours], name),
                    getattr(nothing if theirs is None else true.objects[theirs], name),
                )
        for name in SCENE_FIELDS:
            tallies[name].add(getattr(stated, name), getattr(true, name))
        tallies["views"].add(stated.views, true.views)
        told, happened = named_events(stated), named_events(true)
        tallies["events"].num_stated += len(told)
        tallies["events"].num_true += len(happened)
        tallies["events"].num_right += common_in_order(told, happened)
        self.num_clips += 1
        self.num_stated_objects += len(stated.objects)
        self.num_made_up_objects += sum(theirs is None for _, theirs in pairs)
        self.num_missed_objects += sum(ours is None for ours, _ in pairs)
        num_stated, num_true, num_right = (
            now - then for now, then in zip(self._sums(), before, strict=True)
        )
        self.num_exact += num_stated == num_true == num_right

    def _sums(self) -> tuple[int, int, int]:
        tallies = self.by_attribute.values()
        return (
            sum(tally.num_stated for tally in tallies),
            sum(tally.num_true for tally in tallies),
            sum(tally.num_right for tally in tallies),
        )


def measure(pairs: Iterable[tuple[Facts, Facts]]) -> FactMeasure:
    """Compare (stated, true) facts of many clips."""
    found = FactMeasure()
    for stated, true in pairs:
        found.add(stated, true)
    return found


def pair_by_colour(stated: Facts, true: Facts) -> list[tuple[int | None, int | None]]:
    """Return (index in `stated`, index in `true`); None on one side where the other has none."""
    left = list(range(len(true.objects)))
    pairs: list[tuple[int | None, int | None]] = []
    for i, item in enumerate(stated.objects):
        match = next((j for j in left if true.objects[j].colour == item.colour), None)
        pairs.append((i, match))
        if match is not None:
            left.remove(match)
    return [*pairs, *((None, j) for j in left)]


def named_events(facts: Facts) -> list[tuple[str, object, object]]:
    """Return the events as (kind, subject, target), objects named by their colours."""

    def name(end: int | str | None) -> object:
        return ("object", facts.objects[end].colour) if isinstance(end, int) else end

    def told(event: EventFacts) -> tuple[str, object, object]:
        return (event.kind, name(event.subject), name(event.target))

    return [told(event) for event in facts.events]


def common_in_order(
    one: list[tuple[str, object, object]], other: list[tuple[str, object, object]]
) -> int:
    """Return the length of the longest sequence that both hold in this order."""
    row = [0] * (len(other) + 1)
    for item in one:
        last = row
        row = [0]
        for j, candidate in enumerate(other):
            row.append(last[j] + 1 if item == candidate else max(last[j + 1], row[j]))
    return row[-1]
