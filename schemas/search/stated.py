"""Facts against facts: what a query states about the world, and which of it holds of a clip.

Stated facts lie in the JSON of structured captions. DuckDB compares them with the query for
all clips at once (`held_sql`); what that cannot tell, such as two objects alike or who hit
whom, `held` tells of the few best.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import permutations

from schemas.facts import (
    OBJECT_FIELDS,
    OBJECT_VALUES,
    SCENE_VALUES,
    EventFacts,
    Facts,
    ObjectFacts,
    match_objects,
)
from schemas.wording.read import left_out, read
from schemas.wording.read_chinese import is_chinese

MAX_CHARACTERS = 2_000
"""Of a longer query, the beginning is read."""
MAX_TRIED = 5
"""Every way to pair objects is tried where a clip has so many at most."""
_VAGUE = re.compile(r"\b(?:something|anything|somebody|someone|one thing)\b", re.IGNORECASE)
_COMPLETED = (
    "{}",
    "a {}",
    "a {} object",
    "an object {}",
    "an object is {}",
    "an object moves {}",
    "the background is {}",
    "a {} background",
    "the style is {}",
    "the camera {}",
)
"""Sentences that words may be a part of: queries are seldom whole sentences."""
_STAND_IN = "circle"
"""Some sentences need a noun; it stands for any object where the query has no such word."""
_COMPLETED_BY_NOUN = (f"a {_STAND_IN} {{}}", f"a {_STAND_IN} is {{}}")
_PACED = re.compile(r"^(?:an? |the )?(slow|fast|quick|rapid)(?:[ -]moving)? (.+)$", re.IGNORECASE)
_COMPLETED_CHINESE = (
    "{}",
    "\u4e00\u4e2a\u7269\u4f53{}",
    "{}\u7269\u4f53",
    "\u80cc\u666f\u662f{}",
    "\u955c\u5934{}",
)
_MAX_COMPLETED_WORDS = 6
_SYMMETRIC = frozenset({"collide"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query states. `is_whole`: nothing in it was left unread."""

    facts: Facts
    is_whole: bool

    @property
    def num_statements(self) -> int:
        """Statements that a clip can hold; 0 where the query says nothing of the world."""
        return sum(1 for _ in statements(self.facts))


def asked_facts(words: str) -> Asked:
    """Return the facts that a query states, in English or Chinese, whole sentences or scraps.

    `red`, `bouncing` and `moves left` are read as parts of a sentence about some object.
    """
    text = _VAGUE.sub("an object", words[:MAX_CHARACTERS].strip())
    asked = Asked(read(text), not left_out(text))
    if not text or (asked.num_statements and asked.is_whole):
        return asked
    chinese = is_chinese(text)
    if not chinese and len(text.split()) > _MAX_COMPLETED_WORDS:
        return asked
    for sentence, stands_in in _completed(text, chinese=chinese):
        facts = read(sentence)
        tried = Asked(_nameless(facts) if stands_in else facts, not left_out(sentence))
        if tried.num_statements and tried.is_whole:
            return tried
    return asked


def _completed(text: str, *, chinese: bool) -> Iterator[tuple[str, bool]]:
    """Yield sentences of which a text may be a part, and whether the noun in them stands in."""
    plain = text.rstrip(".!\u3002")
    if chinese:
        yield from ((frame.format(plain), False) for frame in _COMPLETED_CHINESE)
        return
    yield from ((frame.format(plain), False) for frame in _COMPLETED)
    if paced := _PACED.match(plain):
        pace = "slowly" if paced[1].lower() == "slow" else "fast"
        yield f"a {paced[2]} moves {pace}", False
    rest = plain.removeprefix("an object ")
    if rest != plain:
        yield from ((frame.format(rest), False) for frame in ("a {} object", "an object is {}"))
    if _STAND_IN not in plain.lower():
        yield plain.replace("an object", f"a {_STAND_IN}"), True
        yield from ((frame.format(plain), True) for frame in _COMPLETED_BY_NOUN)


def _nameless(facts: Facts) -> Facts:
    """Return the facts without the shape of the noun that stood in."""
    objects = (
        replace(item, shape=None) if item.shape == _STAND_IN else item for item in facts.objects
    )
    return replace(facts, objects=tuple(objects))


def statements(facts: Facts) -> Iterator[tuple[str, int, str]]:
    """Yield every single statement of a query: field, object or event number, value.

    An object of which nothing more is said states that it is there (`object`).
    """
    for number, item in enumerate(facts.objects):
        stated = [name for name in OBJECT_FIELDS if getattr(item, name) not in (None, False)]
        for name in stated:
            yield name, number, str(getattr(item, name))
        if not stated:
            yield "object", number, "there"
    for name in SCENE_VALUES:
        value = getattr(facts, name)
        if value is not None:
            yield name, -1, value
    for number, event in enumerate(facts.events):
        yield "events", number, event.kind
    for number, view in enumerate(facts.views):
        yield "views", number, view


_OBJECT_TYPES = ", ".join(
    f'"{name}": "{"VARCHAR" if name in OBJECT_VALUES else "BOOLEAN"}"' for name in OBJECT_FIELDS
)
_SCENE_TYPES = ", ".join(f'"{name}": "VARCHAR"' for name in SCENE_VALUES)
FACTS_TYPE = (
    f'{{"objects": [{{{_OBJECT_TYPES}}}], {_SCENE_TYPES}, '
    '"events": [{"kind": "VARCHAR"}], "views": ["VARCHAR"]}'
)
"""The facts of `schemas.facts.to_plain` as a type for DuckDB's `from_json`."""


def held_sql(facts: Facts, source: str) -> str:
    """Return SQL that counts the query's statements which each clip's facts may hold.

    `source` has the columns `n` (a number) and `facts` (JSON of `to_plain`). The result has
    `n` and `num_held`, which is never less than `held` says: each object of the query is
    paired with its best object, whoever else is. Values come from closed vocabularies.
    """
    sums = ["0"]
    for item in facts.objects:
        stated = [name for name in OBJECT_FIELDS if getattr(item, name) not in (None, False)]
        if not stated:
            sums.append("(len(f.objects) > 0)::integer")
            continue
        parts = " + ".join(f"coalesce({_equals(item, name)}, 0)" for name in stated)
        sums.append(f"coalesce(list_max(list_transform(f.objects, lambda o: {parts})), 0)")
    for name in SCENE_VALUES:
        value = getattr(facts, name)
        if value is not None:
            sums.append(f"coalesce((f.{name} = '{value}')::integer, 0)")
    for event in facts.events:
        sums.append(
            "coalesce(list_contains(list_transform(f.events, lambda e: e.kind), "
            f"'{event.kind}')::integer, 0)"
        )
    for view in facts.views:
        sums.append(f"coalesce(list_contains(f.views, '{view}')::integer, 0)")
    return (
        f"select n, ({' + '.join(sums)})::integer as num_held "
        f"from (select n, from_json(facts, '{FACTS_TYPE}') as f from {source})"
    )


def _equals(item: ObjectFacts, name: str) -> str:
    value = getattr(item, name)
    test = f"o.{name}" if value is True else f"o.{name} = '{value}'"
    return f"({test})::integer"


def held(asked: Facts, clip: Facts) -> list[tuple[str, int, str]]:
    """Return the statements of a query that hold of a clip, objects paired one to one.

    Of all ways to pair the query's objects with the clip's, the one that holds most counts.
    Events hold where their objects are paired with those that the clip's event names.
    """
    scene = [one for one in statements(asked) if _holds_of_scene(one, clip)]
    best: list[tuple[str, int, str]] = []
    for pairs in _pairings(asked, clip):
        found = list(_held_by(asked, clip, pairs))
        if len(found) > len(best):
            best = found
    return [*best, *scene]


def needs_pairing(facts: Facts) -> bool:
    """Return whether `held` may hold less of a clip than `held_sql` counts."""
    return len(facts.objects) > 1 or bool(facts.events)


def _holds_of_scene(one: tuple[str, int, str], clip: Facts) -> bool:
    name, _, value = one
    if name == "views":
        return value in clip.views
    return name in SCENE_VALUES and getattr(clip, name) == value


def _held_by(asked: Facts, clip: Facts, pairs: dict[int, int]) -> Iterator[tuple[str, int, str]]:
    for name, number, value in statements(asked):
        if name == "object":
            if number in pairs:
                yield name, number, value
        elif name == "events":
            if any(_same_event(asked.events[number], e, pairs) for e in clip.events):
                yield name, number, value
        elif number >= 0 and name in OBJECT_FIELDS and number in pairs:
            wanted = getattr(asked.objects[number], name)
            if getattr(clip.objects[pairs[number]], name) == wanted:
                yield name, number, value


def _same_event(asked: EventFacts, seen: EventFacts, pairs: dict[int, int]) -> bool:
    if asked.kind != seen.kind:
        return False
    ends = [
        pairs.get(end) if isinstance(end, int) else end for end in (asked.subject, asked.target)
    ]
    told = [seen.subject, seen.target]
    fits = all(a is None or a == b for a, b in zip(ends, told, strict=True))
    return fits or (asked.kind in _SYMMETRIC and ends == told[::-1])


def _pairings(asked: Facts, clip: Facts) -> Iterator[dict[int, int]]:
    """Yield ways to pair the query's objects with the clip's: all, or the likeliest of many."""
    ours, theirs = len(asked.objects), len(clip.objects)
    if max(ours, theirs) > MAX_TRIED:
        plain = replace(asked, events=())
        yield {a: b for a, b in match_objects(plain, clip) if a is not None and b is not None}
        return
    if ours <= theirs:
        for order in permutations(range(theirs), ours):
            yield dict(enumerate(order))
    else:
        for order in permutations(range(ours), theirs):
            yield {a: b for b, a in enumerate(order)}
