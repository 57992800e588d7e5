"""Units to facts: which object each noun phrase names, and what then holds."""

from typing import Any

from schemas.facts import EventFacts, Facts, ObjectFacts, canonical
from schemas.wording.operations import Noun, Operation, Unit

MAX_OBJECTS = 16
"""A text that names more objects is not about the world; those beyond are left out."""
_PROP_OF = {
    "hide": "pillar",
    "reappear": "pillar",
    "put_out": "candle",
    "break": "jar",
    "spill": "jar",
    "collect": "coins",
}


_WAYS = ("left", "right", "up", "down")


class _UnresolvedError(Exception):
    """A clause names nothing known, or several things."""


class Resolver:
    """Takes the sentences of one text in order and holds what they state so far."""

    def __init__(self) -> None:
        self._objects: list[dict[str, Any]] = []
        self._events: list[tuple[str, int | None, int | str | None]] = []
        self._goes: list[tuple[int, str, str]] = []
        self._scene: dict[str, str] = {}
        self._views: list[str] = []
        self._focus: list[int] | None = None
        self._current: list[int] = []
        self._group: list[int] = []
        self._last_verb = ""
        self._several: list[int] = []
        self._announced: list[int] = []
        self._spelt_out: list[int] = []
        self._unit_start = 0
        self.num_left_out = 0
        """Clauses so far that state nothing because a word, or what they name, is not known."""

    def take(self, sentence: list[Unit], *, spells_out: bool = False) -> None:
        """Add what one sentence states; a clause whose nouns name nothing is left out.

        `spells_out`: it names the objects whose number the sentence before it gave.
        """
        broken = any(unit.kind == "unknown" for unit in sentence)
        pending: list[Operation] = []
        subject = "before"
        # "Two shapes: a red circle and a blue square" names two objects, not four.
        self._spelt_out = self._announced if spells_out else []
        self._announced = []
        for number, unit in enumerate(sentence):
            after = unit.link in ("after", "once") and 0 < number == len(sentence) - 1
            if unit.kind == "unknown" or (unit.kind == "object" and broken and not unit.asserts):
                self._focus = None
                subject, pending = "unknown", []
                self.num_left_out += 1
            elif unit.kind == "scene":
                self.num_left_out += not self._run(unit, unit.operations)
                subject = "scene" if unit.asserts else subject
            elif unit.kind == "lead":
                name = unit.operations[0][1]
                if subject == "before":
                    pending.append(("set", "place", name))
                    self._run(unit, unit.operations[1:])
                elif subject == "object":
                    self._run(unit, [("set", "place", name), *unit.operations[1:]])
                else:
                    self.num_left_out += 1
            elif unit.kind == "object":
                operations = unit.operations
                done = self._run(
                    unit, [operations[0], *pending, *operations[1:]], turned_round=after
                )
                subject, pending = ("object" if done else "unknown"), []
                self.num_left_out += not done
            elif (
                subject == "before"
                and (unit.participle or unit.link)
                and any(other.kind == "object" for other in sentence[number + 1 :])
            ):
                pending += unit.operations
            elif subject in ("before", "object") and self._focus:
                self.num_left_out += not self._run(unit, unit.operations, turned_round=after)
            else:
                self.num_left_out += 1
        if pending and self._focus and subject == "before":
            self._run(Unit(kind="verb"), pending)
        elif pending:
            self.num_left_out += 1

    def facts(self) -> Facts:
        """Return all that is stated so far, in canonical order."""
        self._settle()
        events = [
            EventFacts(kind=kind, subject=subject, target=target)
            for kind, subject, target in self._events
            if self._scene.get("prop") == _PROP_OF.get(kind, self._scene.get("prop"))
        ]
        if self._scene.get("prop") not in ("pillar", "jar"):
            self._scene.pop("prop_colour", None)
        return canonical(
            Facts(
                objects=tuple(ObjectFacts(**item) for item in self._objects),
                events=tuple(events),
                views=tuple(self._views) if len(self._views) > 1 else (),
                **self._scene,
            )
        )

    def _run(self, unit: Unit, operations: list[Operation], *, turned_round: bool = False) -> bool:
        """Carry out operations, all or none. Return whether they held.

        `turned_round`: events of this unit happen before those of the unit before it.
        """
        saved = (
            [dict(item) for item in self._objects],
            list(self._events),
            dict(self._scene),
            list(self._views),
            self._focus,
            self._last_verb,
        )
        start = len(self._events)
        if unit.kind == "verb" or (operations and operations[0][0] != "noun"):
            self._group = self._current = list(self._focus or [])
        try:
            for operation in operations:
                self._do(operation)
        except _UnresolvedError:
            self._objects, self._events, self._scene, self._views = saved[:4]
            self._focus, self._last_verb = None, saved[5]
            return False
        if turned_round and self._unit_start < start:
            self._events[self._unit_start :] = [
                *self._events[start:],
                *self._events[self._unit_start : start],
            ]
        self._unit_start = start
        if unit.kind == "object":
            self._focus = list(self._group)
        return True

    def _do(self, operation: Operation) -> None:
        what, name, value = operation
        if what == "noun" and isinstance(name, Noun):
            self._group = self._current = self._find(name)
        elif what == "join" and isinstance(name, Noun):
            self._current = self._find(name)
            self._group = [*self._group, *self._current]
        elif what == "all":
            self._current = list(self._group)
        elif what == "set":
            self._last_verb = "move" if name == "action" and value == "move" else self._last_verb
            for index in self._current:
                self._set(index, str(name), value)
        elif what == "amend":
            for index in self._current:
                if self._objects[index].get("action") == "move":
                    self._set(index, str(name), value)
        elif what == "scene":
            self._scene.setdefault(str(name), str(value))
        elif what == "view":
            self._views.append(str(name))
        elif what == "liquid":
            self._events.append(("spill", None, "jar"))
        elif what in ("go", "turn", "go_on"):
            self._go(what, str(value if what != "turn" else name))
        elif what in ("event", "prop_event"):
            if what == "prop_event" and self._scene.get("prop") != value:
                raise _UnresolvedError
            self._event(str(name), value)

    def _go(self, what: str, direction: str) -> None:
        if what == "go_on" and self._last_verb != "go":
            for index in self._current:
                if self._objects[index].get("action") == "move":
                    self._set(index, "direction", _diagonal(direction))
            return
        self._last_verb = "go"
        for index in self._current:
            self._events.append((what, index, direction))

    def _event(self, kind: str, target: object) -> None:
        self._last_verb = kind
        if isinstance(target, Noun):
            if target.kind == "each_other":
                target = None
            else:
                others = self._find(target, other_than=self._current)
                if kind == "collide" and len(self._current) == len(others) == 1:
                    self._collide(self._current[0], others[0])
                    return
                if len(others) != 1:
                    raise _UnresolvedError
                for index in self._current:
                    if index == others[0]:
                        raise _UnresolvedError
                    self._events.append((kind, index, others[0]))
                return
        if kind in ("collide", "bite"):
            if len(self._group) != 2 or kind == "bite":
                raise _UnresolvedError
            self._collide(*self._group)
            return
        if not self._current:
            raise _UnresolvedError
        for index in self._current:
            self._events.append((kind, index, target if isinstance(target, str) else None))

    def _collide(self, one: int, other: int) -> None:
        if one == other:
            raise _UnresolvedError
        self._events.append(("collide", min(one, other), max(one, other)))

    def _set(self, index: int, name: str, value: object) -> None:
        item = self._objects[index]
        if name == "direction" and item.get("action") == "fly" and value not in ("left", "right"):
            return
        item.setdefault(name, value)

    def _find(self, noun: Noun, other_than: list[int] | None = None) -> list[int]:
        """Return the objects that a noun phrase names; new ones are made here."""
        if noun.kind == "pronoun":
            found = self._pronoun(noun)
        elif noun.kind == "one_of":
            found = self._one_of(noun)
        elif noun.kind == "new":
            found = self._make(noun, noun.count or 1)
        else:
            matching = [i for i in range(len(self._objects)) if self._matches(i, noun)]
            if noun.kind == "other":
                here = other_than if other_than is not None else (self._focus or [])
                matching = [i for i in matching if i not in here]
            elif noun.rank is not None:
                matching = self._exactly(matching, noun)
                matching = matching[noun.rank : noun.rank + 1]
            elif len(matching) > 1 and other_than and noun.count == 1:
                matching = [i for i in matching if i not in other_than]
            if noun.count is not None and len(matching) > noun.count:
                matching = self._exactly(matching, noun)
            if noun.count is not None and len(matching) > noun.count:
                raise _UnresolvedError
            found = matching
            if not found:
                if noun.kind == "other" or noun.rank is not None or noun.count is None:
                    raise _UnresolvedError
                if noun.shape is None and noun.colour is None and self._objects:
                    raise _UnresolvedError
                found = self._make(noun, noun.count)
            elif noun.count is not None and len(found) < noun.count:
                raise _UnresolvedError
        return found

    def _pronoun(self, noun: Noun) -> list[int]:
        if noun.count == 1:
            if self._focus is None or len(self._focus) != 1:
                raise _UnresolvedError
            return list(self._focus)
        if self._focus and len(self._focus) > 1 and noun.count in (None, len(self._focus)):
            return list(self._focus)
        if len(self._objects) > 1 and noun.count in (None, len(self._objects)):
            return list(range(len(self._objects)))
        raise _UnresolvedError

    def _one_of(self, noun: Noun) -> list[int]:
        """Return the next of the objects just named whose colour and size are still open."""
        for index in self._several:
            item = self._objects[index]
            if ("colour" if noun.colour else "size") not in item:
                for name in ("colour", "size"):
                    if value := getattr(noun, name):
                        item.setdefault(name, value)
                return [index]
        raise _UnresolvedError

    def _make(self, noun: Noun, count: int) -> list[int]:
        stated = {
            name: value
            for name in ("colour", "shape", "size")
            if (value := getattr(noun, name)) is not None
        }
        if noun.loose or len(self._objects) + count > MAX_OBJECTS:
            raise _UnresolvedError
        if count == 1 and noun.shape is not None and self._spelt_out:
            index = self._spelt_out.pop(0)
            self._objects[index].update(stated)
            return [index]
        first = len(self._objects)
        self._objects += [dict(stated) for _ in range(count)]
        if count > 1:
            self._several = list(range(first, first + count))
            self._announced = [] if noun.shape or noun.colour else list(self._several)
        return list(range(first, first + count))

    def _matches(self, index: int, noun: Noun) -> bool:
        item = self._objects[index]
        return all(
            value is None or item.get(name) == value
            for name in ("colour", "shape", "size")
            for value in (getattr(noun, name),)
        )

    def _exactly(self, matching: list[int], noun: Noun) -> list[int]:
        """Prefer the object that was named by these very words: `the star` beside a red star."""
        same = [
            i
            for i in matching
            if all(
                self._objects[i].get(name) == getattr(noun, name) for name in ("colour", "shape")
            )
        ]
        return same or matching

    def _settle(self) -> None:
        """Turn ways through a maze into events, and drop what does not go with an action."""
        in_maze = self._scene.get("background_kind") == "maze"
        events = []
        for kind, subject, target in self._events:
            if kind not in ("go", "go_on", "turn"):
                events.append((kind, subject, target))
            elif in_maze:
                ways = str(target).split("_")
                events += [("go", subject, way) for way in ways if way in _WAYS]
            elif kind != "turn" and subject is not None:
                item = self._objects[subject]
                if item.setdefault("action", "move") == "move":
                    item.setdefault("direction", _diagonal(str(target)))
        self._events = events
        for item in self._objects:
            action = item.get("action")
            if action not in ("move", "fly"):
                item.pop("direction", None)
            if action != "move":
                item.pop("speed", None)
            if action == "fly" and item.get("direction") not in (None, "left", "right"):
                item.pop("direction")
            if action == "rest":
                item.pop("bounces", None)
            if item.get("change") != "recolour" or item.get("new_colour") == item.get("colour"):
                item.pop("new_colour", None)


def _diagonal(direction: str) -> str:
    """Return a direction as the facts name it: `left_up` is `up_left`."""
    first, _, second = direction.partition("_")
    return f"{second}_{first}" if second in ("up", "down") else direction
