"""What the grammar hands to the resolver: noun phrases, and statements in textual order."""

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """A noun phrase that names objects.

    `kind`: `new` (a, another, two), `one_of` (a red one, one red), `bare` (no determiner),
    `known` (the), `pronoun`, `other`, `each_other`. `count` is None where the number is open
    ("the circles"). `rank` counts from 0: "the second red circle" has 1. `loose`: of a
    word that means other things too (ball), so it names only what was named before.
    """

    kind: str
    count: int | None = 1
    colour: str | None = None
    shape: str | None = None
    size: str | None = None
    rank: int | None = None
    loose: bool = False


Operation: TypeAlias = tuple[str, object, object]
"""(`what`, value, value): `noun` and `join` take a Noun (the subject, one more subject);
`all` makes all joined nouns the subject; `set` an object's attribute and value; `event` a kind
and target; `go` a direction and verb; `scene` an attribute and value; `view` a view; `lead`
a place before its object."""


Found: TypeAlias = tuple[list[Operation], int] | None
"""What a part of a sentence states, and where it ends; None where it is not found."""


@dataclass(slots=True, kw_only=True)
class Unit:
    """One clause or fragment of a sentence.

    `kind`: `object` (has its own subject), `verb` (goes on with the subject before), `scene`
    (background, camera, style, prop, view), `lead`, or `unknown`. `asserts`: has a verb.
    `link` is the word before it.
    """

    kind: str
    operations: list[Operation] = field(default_factory=list)
    asserts: bool = False
    link: str = ""
    participle: bool = False
