"""Write facts as a Chinese caption."""

# ruff: noqa: RUF001

from random import Random

from schemas.facts import EventFacts, Facts, ObjectFacts
from schemas.wording.lexicon_chinese import SAY

_RANKS = [f"第{number}个" for number in "一二三四五六七八九十"]


def render_chinese(facts: Facts, rng: Random, *, full: bool) -> str:
    """Return one or more Chinese sentences; `full` adds size, place, speed and the scene."""
    writer = _Writer(facts, rng, full=full)
    sentences = writer.objects() + writer.events()
    opening: list[str] = []
    if full or any(event.kind == "go" for event in facts.events):
        scene = writer.background()
        if scene:
            opening.append(scene)
    if opening and opening[0].startswith("在") and sentences:
        sentences[0] = f"{opening.pop()}，{sentences[0]}"
    elif full and rng.random() < 0.4:
        opening, sentences = [], [*sentences, *opening]
    if not writer.prop_named and facts.prop:
        sentences.append(f"画面中有{writer.prop()}")
    if full and facts.camera:
        sentences.append(f"镜头{writer.word('camera', facts.camera)}")
    lines = [*opening, *sentences]
    if not lines:
        scene = writer.background()
        lines = [scene] if scene else ["空白的画面"]
    return "".join(f"{line}。" for line in lines)


def chinese_events(facts: Facts, rng: Random) -> str:
    """Return sentences that tell the events alone."""
    return "".join(f"{line}。" for line in _Writer(facts, rng, full=False).events())


class _Writer:
    def __init__(self, facts: Facts, rng: Random, *, full: bool) -> None:
        self._facts = facts
        self._rng = rng
        self._full = full
        self._named: list[int] = []
        self.prop_named = False

    def word(self, name: str, value: str) -> str:
        """Return one of the lexicon's words for a value."""
        return self._rng.choice(SAY[name][value])

    def _noun(self, item: ObjectFacts, *, sized: bool) -> str:
        size = self.word("size", item.size) if item.size and sized else ""
        colour = self.word("colour", item.colour) if item.colour else ""
        shape = self.word("shape", item.shape) if item.shape else "图形"
        if size and colour and not size.endswith("的"):
            size += "的"
        of = "的" if colour and not size and self._rng.random() < 0.5 else ""
        return f"{size}{colour}{of}{shape}"

    def _refer(self, index: int) -> str:
        item = self._facts.objects[index]
        looks = (item.colour, item.shape)
        like = [
            i
            for i in self._named
            if (self._facts.objects[i].colour, self._facts.objects[i].shape) == looks
        ]
        noun = self._noun(item, sized=False)
        return f"{_RANKS[like.index(index)]}{noun}" if len(like) > 1 else f"这个{noun}"

    def objects(self) -> list[str]:
        """Return a sentence for each object."""
        found = []
        order = list(range(len(self._facts.objects)))
        self._rng.shuffle(order)
        for index in order:
            item = self._facts.objects[index]
            noun = self._noun(item, sized=self._full)
            looks = (item.colour, item.shape)
            alike = any(
                (self._facts.objects[i].colour, self._facts.objects[i].shape) == looks
                for i in self._named
            )
            self._named.append(index)
            head = f"{'另一个' if alike else '一个'}{noun}"
            place = self.word("place", item.place) if item.place and self._full else ""
            acts = self._acts(item)
            if place:
                spot = self._rng.choice(
                    (f"{place}有{head}", f"{head}位于{place}", f"在{place}，{head}")
                )
                if spot.endswith(noun) and "，" in spot and not acts:
                    spot = f"{place}有{head}"
                glue = "" if "，" in spot else "，"
                found.append(spot + (glue + "，".join(acts) if acts else ""))
            elif acts:
                found.append(f"{head}{'，'.join(acts)}")
            else:
                found.append(self._rng.choice((f"有{head}", head)))
        return found

    def _acts(self, item: ObjectFacts) -> list[str]:
        acts = []
        if item.action:
            way = self.word("direction", item.direction) if item.direction else ""
            pace = self.word("speed", item.speed) if item.speed and self._full else ""
            parts = [pace, way] if self._rng.random() < 0.5 else [way, pace]
            acts.append("".join(parts) + self.word("action", item.action))
        if item.bounces:
            acts.append(self.word("lands" if item.action == "fall" else "bounces", "yes"))
        if item.change == "recolour" and item.new_colour:
            to = self.word("colour", item.new_colour)
            acts.append(self._rng.choice(("变成", "变为")) + to)
        elif item.change:
            acts.append(self.word("change", item.change))
        if item.leaves_trail:
            acts.append(self.word("leaves_trail", "yes"))
        return acts

    def prop(self) -> str:
        """Return the prop, with its colour where it is named first."""
        prop, colour = self._facts.prop, self._facts.prop_colour
        first, self.prop_named = not self.prop_named, True
        if prop == "pillar":
            hue = {"black": "黑色", "white": "白色"}.get(colour or "", "") if first else ""
            return f"{'一根' if first else ''}{hue}柱子"
        if prop == "jar":
            held = f"装着{self.word('colour', colour)}液体的" if colour and first else ""
            return f"{'一个' if first else ''}{held}罐子"
        return {"candle": "一支蜡烛" if first else "蜡烛"}.get(prop or "", "一些硬币")

    def events(self) -> list[str]:
        """Return sentences for all events, several by one subject in one sentence."""
        found: list[str] = []
        previous: int | None = None
        for event in self._facts.events:
            act = self._event(event)
            if event.subject is None:
                found.append(act)
                previous = None
            elif event.subject == previous:
                found[-1] += f"，{self._rng.choice(('然后', '接着'))}{act}"
            else:
                found.append(self._refer(event.subject) + act)
                previous = event.subject
        return found

    def _event(self, event: EventFacts) -> str:
        verb = self.word("event", event.kind)
        if event.kind in ("collide", "bite") and isinstance(event.target, int):
            return f"{verb}{self._refer(event.target)}"
        if event.kind == "hide":
            return f"{verb}{self.prop()}后面"
        if event.kind in ("put_out", "break"):
            return f"{verb}{self.prop()}"
        if event.kind == "spill":
            return f"罐子里的液体{verb}"
        if event.kind == "collect":
            return f"{verb}一枚硬币"
        if event.kind == "go":
            return f"{self.word('direction', str(event.target))}{verb}"
        return verb

    def background(self) -> str:
        """Return a sentence about the background; empty where it is not stated."""
        kind, colour = self._facts.background_kind, self._facts.background_colour
        if not self._full and self._facts.objects:
            colour = None
        if kind is None and colour is None:
            return ""
        hue = self.word("background_colour", colour) if colour else ""
        if kind is None:
            return self._rng.choice((f"背景是{hue}的", f"{hue}背景"))
        of = self._rng.choice(("的", "")) if hue else ""
        noun = f"{hue}{of}{self.word('background_kind', kind)}"
        if kind == "maze":
            return self._rng.choice((f"在{noun}里", f"背景是{noun}"))
        if kind == "floor":
            return self._rng.choice((f"在{noun}上", f"背景是{noun}"))
        if "背景" in noun:
            return self._rng.choice((noun, f"在{noun}前"))
        return f"背景是{noun}"
