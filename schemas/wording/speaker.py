"""What the English renderer knows while it writes: words chosen, objects and props named so far."""

from dataclasses import dataclass, field
from random import Random

from schemas.facts import EventFacts, Facts, ObjectFacts
from schemas.wording.inflect import article, participle, present, split_verb
from schemas.wording.lexicon import ORDINALS, SAY


@dataclass(frozen=True, slots=True)
class Act:
    """A verb with what follows it: says itself in every form."""

    phrase: str

    def says(self) -> str:
        """Return `moves to the left`."""
        if self.phrase.startswith("do not "):
            return f"does not{self.phrase[6:]}"
        verb, rest = split_verb(self.phrase)
        return present(verb) + rest

    def doing(self) -> str:
        """Return `moving to the left`."""
        if self.phrase.startswith("do not "):
            verb, rest = split_verb(self.phrase[7:])
            return f"not {participle(verb)}{rest}"
        verb, rest = split_verb(self.phrase)
        return participle(verb) + rest


@dataclass(slots=True)
class Speaker:
    """Facts on their way to text. Every choice is drawn from `rng`."""

    facts: Facts
    rng: Random
    named: list[int] = field(default_factory=list)
    prop_named: bool = False
    in_full: bool = False
    """Whether every object is named by colour and shape each time."""
    last_pattern: int = -1

    def one_of(self, *choices: str) -> str:
        """Return one of the choices."""
        return choices[int(self.rng.random() * len(choices))]

    def pattern(self, count: int) -> int:
        """Return one of `count` sentence patterns, never the same twice in a row."""
        others = [number for number in range(count) if number != self.last_pattern]
        self.last_pattern = others[int(self.rng.random() * len(others))]
        return self.last_pattern

    def word(self, name: str, value: str) -> str:
        """Return one of the lexicon's phrases for a value of a field."""
        return self.one_of(*SAY[name][value])

    def chance(self, share: float) -> bool:
        """Return True in `share` of cases."""
        return self.rng.random() < share

    def describe(self, item: ObjectFacts, *, sized: bool = True) -> str:
        """Return `small red circle`, as far as stated."""
        size = self.word("size", item.size) if item.size and sized else ""
        noun = item.shape or ("object" if self.chance(0.5) else "shape")
        return " ".join(part for part in (size, item.colour or "", noun) if part)

    def introduce(self, index: int, *, sized: bool = True) -> str:
        """Return `a small red circle`, or `another ...` where one like it was named."""
        item = self.facts.objects[index]
        phrase = self.describe(item, sized=sized)
        alike = any(
            (self.facts.objects[i].colour, self.facts.objects[i].shape) == (item.colour, item.shape)
            for i in self.named
        )
        self.named.append(index)
        return f"another {phrase}" if alike else article(phrase)

    def refer(self, index: int, *, short: bool = True) -> str:
        """Return `the red circle`, or what else names this one object among those named."""
        item = self.facts.objects[index]
        others = [self.facts.objects[i] for i in self.named if i != index]
        if (
            short
            and not self.in_full
            and item.shape
            and self.chance(0.4)
            and all(o.shape != item.shape for o in others)
        ):
            return f"the {item.shape}"
        noun = " ".join(part for part in (item.colour or "", item.shape or "object") if part)
        looks = (item.colour, item.shape)
        exactly = [
            i
            for i in self.named
            if (self.facts.objects[i].colour, self.facts.objects[i].shape) == looks
        ]
        if len(exactly) == 1:
            return f"the {noun}"
        return f"the {ORDINALS[exactly.index(index)]} {noun}"

    def prop(self) -> str:
        """Return `a black pillar` where the prop is named first, else `the pillar`."""
        prop, colour = self.facts.prop, self.facts.prop_colour
        if prop is None or self.prop_named:
            return f"the {prop}"
        self.prop_named = True
        if prop == "jar":
            held = self.one_of("of", "full of", "filled with")
            return f"a jar {held} {colour} liquid" if colour else "a jar"
        if prop == "coins":
            return self.one_of("coins", "a few coins", "several coins")
        return article(" ".join(part for part in (colour or "", prop) if part))

    def event(self, event: EventFacts, *, so_far: int, terse: bool = False) -> Act:
        """Return what the subject of an event does; `so_far`: coins collected before."""
        verb = self.word("event", event.kind)
        if event.kind in ("collide", "bite") and isinstance(event.target, int):
            return Act(f"{verb} {self.refer(event.target)}")
        if event.kind in ("hide", "put_out", "break"):
            return Act(f"{verb} {self.prop()}")
        if event.kind == "reappear" and not terse and self.chance(0.2):
            return Act(f"emerge from behind {self.prop()}")
        if event.kind == "collect":
            return Act(f"{verb} {'another coin' if so_far else 'a coin'}")
        if event.kind == "go":
            return Act(f"{verb} {event.target}")
        return Act(verb)


def sentence(text: str) -> str:
    """Return the text with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."
