"""Read facts from Chinese: clauses of known words only, resolved as the English ones are."""

# ruff: noqa: RUF001

import re

from schemas.wording.operations import Noun, Operation, Unit
from schemas.wording.resolve import Resolver
from schemas.wording.vocabulary_chinese import AFTER_AT, CAMERA, COUNTS, LONGEST, RANKS, WORDS

_HAN = re.compile(r"[\u4e00-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_SENTENCE = re.compile(r"[^。！!；;\n？?.]+[。！!；;\n？?.]?")
_QUOTED = re.compile(r"[“「『\"][^”」』\"]*[”」』\"]")
_DOUBT = re.compile(
    r"如果|假如|要是|若|没有|不是|并非|也许|可能|或|想象|应该|不会|不要|别|说|比|像|忽略|假|无"
)


_CAMERA_CLAUSE = re.compile(
    r"^(?:同时|而|与此同时|此时|随着)?(?:镜头|摄像机|相机|摄影机)(?:正在|正|一直|始终|缓缓|慢慢地?|缓慢地?|则|在)?"
    r"(?P<move>.+?)(?:着|了)?$"
)


_OBJECT_FIRST = re.compile(
    r"把(?P<object>.+?)(?:给)?"
    r"(?P<verb>(?:弄灭|熄灭|吹灭|扑灭|打碎|撞碎|打破|撞破|捡起|拾起|捡到|拿到|收集|吃掉)了?)(?:来|起来)?$"
)
"""The object before the verb: 把蜡烛吹灭了 says 吹灭了蜡烛."""


_PASSES_BEHIND = re.compile(
    r"从?(?P<pillar>(?:一根|一个|这根)?(?:黑色|白色)?的?柱子)的?(?:后面|背后|后方)(?:经过|穿过|走过|移过|滑过)"
)
_MOVES_TO = re.compile(r"(?<![左右上下边侧面方])(?:移动|滚动|滑动)到(?P<end>[左右上下])[边侧面方]$")
_FROM_TO = re.compile(
    r"从(?P<start>[左右上下])[边侧面方]?(?:移动|滚动|滑动|运动|移|滑|滚|飘)[到向](?P<end>[左右上下])[边侧面方]?"
)


def is_chinese(text: str) -> bool:
    """Return whether to read the text as Chinese: some Han characters and no kana or Hangul."""
    return bool(_HAN.search(text)) and not _KANA.search(text)


def take_chinese(resolver: Resolver, text: str) -> int:
    """Let the resolver take a Chinese text. Return how many sentences state something."""
    num_sentences = 0
    for match in _SENTENCE.finditer(_QUOTED.sub("¤", text)):
        line = match.group()
        if line[-1] in "？?":
            continue
        units: list[Unit] = []
        for clause in re.split(r"[，,、：:()（）\s]+", re.sub(r"[。！!；;\n.]", "", line)):
            if not clause:
                continue
            unit = _clause(clause)
            if unit is None and _DOUBT.search(clause):
                units = []
                break
            units.append(unit or Unit(kind="unknown"))
        else:
            num_sentences += bool(units)
        if units:
            resolver.take(units)
    return num_sentences


def _segment(clause: str) -> list[tuple[str, str]] | None:
    """Return the clause as known words, longest first, or None where one is not known."""
    found, i = [], 0
    while i < len(clause):
        for end in range(min(len(clause), i + LONGEST), i, -1):
            if word := WORDS.get(clause[i:end]):
                found.append(word)
                i = end
                break
        else:
            return None
    return [word for word in found if word[0] != "filler"]


def _clause(clause: str) -> Unit | None:
    clause = _OBJECT_FIRST.sub(r"\g<verb>\g<object>", clause)
    clause = _PASSES_BEHIND.sub(r"移到\g<pillar>后面", clause)
    clause = _MOVES_TO.sub(r"向\g<end>移动", clause)
    clause = _FROM_TO.sub(r"在\g<start>边向\g<end>移动", clause)
    camera = _CAMERA_CLAUSE.match(clause)
    if camera:
        move = CAMERA.get(camera.group("move"))
        if move is None:
            return None
        return Unit(kind="scene", operations=[("scene", "camera", move)], asserts=True)
    segmented = _segment(clause)
    if segmented is None:
        return None
    return _Clause(segmented).parse()


class _Clause:
    """One clause as words of known kinds."""

    def __init__(self, words: list[tuple[str, str]]) -> None:
        self._words = words
        self._i = 0
        self._operations: list[Operation] = []
        self._doing: list[Operation] = []

    def _kind(self, ahead: int = 0) -> str:
        i = self._i + ahead
        return self._words[i][0] if i < len(self._words) else ""

    def _take(self) -> str:
        self._i += 1
        return self._words[self._i - 1][1]

    def parse(self) -> Unit | None:
        """Return what the clause states, or None where its words do not fit together."""
        if not self._words:
            return Unit(kind="scene")
        self._scene_before()
        if self._i == len(self._words):
            return Unit(kind="scene", operations=self._operations)
        place = None
        if self._kind() == "at" and self._kind(1) == "place":
            self._i += 1
        if self._kind() == "place":
            place = self._take()
            if self._i == len(self._words):
                return Unit(kind="lead", operations=[("lead", place, None), *self._operations])
        if self._kind() == "is":
            self._i += 1
        if self._spill():
            return Unit(kind="scene", operations=self._operations, asserts=True)
        if self._prop():
            if self._i == len(self._words):
                return Unit(kind="scene", operations=self._operations)
            return None
        scene, self._operations = self._operations, []
        num_nouns = 0
        while (noun := self._noun()) is not None:
            self._operations.append(("join" if num_nouns else "noun", noun, None))
            self._operations += self._doing
            num_nouns += 1
        if num_nouns > 1:
            self._operations.append(("all", None, None))
        if place is not None:
            self._operations.append(("set", "place", place))
        start = len(self._operations)
        if not self._predicates():
            return None
        asserts = len(self._operations) > start
        kind = "object" if num_nouns else "verb"
        if not num_nouns and not self._operations:
            return None
        operations = [*self._operations, *scene]
        return Unit(kind=kind, operations=operations, asserts=asserts)

    def _scene_before(self) -> None:
        """Take a background or a style at the clause's beginning."""
        start = self._i
        if self._kind() == "style":
            self._operations.append(("scene", "style", self._take()))
            return
        if self._kind() == "at":
            self._i += 1
        named = self._kind() == "background"
        if named:
            self._i += 1
            if self._kind() == "is":
                self._i += 1
        colour = kind = None
        while self._kind() in ("background_colour", "background_kind"):
            if self._kind() == "background_colour" and colour is None:
                colour = self._take()
            elif self._kind() == "background_kind" and kind is None:
                kind = self._take()
            else:
                break
        if self._kind() == "background" and not named:
            named = True
            self._i += 1
        if (colour is None and kind is None) or not (named or kind):
            self._i = start
            return
        if self._kind() == "on":
            self._i += 1
        if kind is not None:
            self._operations.append(("scene", "background_kind", kind))
        if colour is not None:
            self._operations.append(("scene", "background_colour", colour))

    def _noun(self) -> Noun | None:
        start = self._i
        if self._kind() == "it":
            self._i += 1
            return Noun(kind="pronoun")
        if self._kind() == "they":
            self._i += 1
            return Noun(kind="pronoun", count=None)
        kind, count, rank = "bare", 1, None
        if self._kind() == "count":
            kind, count = "new", COUNTS[self._take()]
        elif self._kind() == "another":
            kind = "new"
            self._i += 1
        elif self._kind() == "the":
            kind = "known"
            self._i += 1
        elif self._kind() == "rank":
            kind, rank = "known", RANKS[self._take()]
        doing = self._attributes() if kind == "new" else []
        looks: dict[str, str] = {}
        while self._kind() in ("colour", "size") and self._kind() not in looks:
            name = self._kind()
            looks[name] = self._take()
        if self._kind() != "shape":
            self._i = start
            return None
        shape = self._take()
        self._doing = doing
        return Noun(
            kind=kind,
            count=count,
            colour=looks.get("colour"),
            size=looks.get("size"),
            shape=None if shape == "object" else shape,
            rank=rank,
        )

    def _attributes(self) -> list[Operation]:
        """Take what stands before a counted noun and says what it does: 一个向左移动的圆."""
        start, direction, speed = self._i, None, None
        operations: list[Operation] = []
        while self._kind() in ("direction", "speed", "action", "change"):
            kind = self._kind()
            value = self._take()
            if kind == "direction":
                direction = value
            elif kind == "speed":
                speed = value
            else:
                operations.append(("set", kind, value))
        if not operations:
            self._i = start
            return []
        if direction is not None:
            operations.append(("set", "direction", direction))
        if speed is not None:
            operations.append(("set", "speed", speed))
        return operations

    def _prop(self) -> bool:
        """Take a prop with its colour."""
        start = self._i
        if self._kind() in ("count", "the"):
            self._i += 1
        colour = None
        if self._kind() == "pillar_colour" and self._kind(1) == "prop":
            colour = self._take()
        elif self._kind() == "holding":
            self._i += 1
            if self._kind() == "colour":
                colour = self._take()
            if self._kind() != "liquid":
                self._i = start
                return False
            self._i += 1
        if self._kind() != "prop":
            self._i = start
            return False
        prop = self._take()
        if colour in ("black", "white") and prop != "pillar":
            self._i = start
            return False
        self._operations.append(("scene", "prop", prop))
        if colour is not None:
            self._operations.append(("scene", "prop_colour", colour))
        return True

    def _spill(self) -> bool:
        start = self._i
        if self._kind() == "colour" and self._kind(1) == "liquid":
            self._operations.append(("scene", "prop_colour", self._take()))
        ends = len(self._words) - self._i == 2
        if self._kind() == "liquid" and ends and self._words[-1] == ("event", "spill"):
            self._i += 2
            self._operations += [("scene", "prop", "jar"), ("liquid", "spill", "jar")]
            return True
        self._i = start
        return False

    def _predicates(self) -> bool:
        """Take everything said of the subject; False where a word does not fit."""
        direction = speed = None
        while self._i < len(self._words):
            kind = self._kind()
            if kind == "at" and self._kind(1) == "place":
                self._i += 1
                self._operations.append(("set", "place", self._take()))
            elif kind == "at" and self._kind(1) in AFTER_AT:
                self._i += 1
            elif kind == "at" and self._kind(1).startswith("background"):
                before = self._i
                self._scene_before()
                if self._i == before:
                    return False
            elif kind == "direction" and self._last_set() == "action":
                self._operations.append(("set", "direction", self._take()))
            elif kind == "direction" and direction is None:
                direction = self._take()
            elif kind == "speed" and speed is None:
                speed = self._take()
            elif kind == "action":
                action = self._take()
                self._operations.append(("set", "action", action))
                if direction is not None:
                    self._operations.append(("set", "direction", direction))
                if speed is not None and action == "move":
                    self._operations.append(("set", "speed", speed))
                direction = speed = None
            elif kind == "vertical":
                self._operations += [("set", "action", "move"), ("set", "direction", self._take())]
                if speed is not None:
                    self._operations.append(("set", "speed", speed))
                speed = None
            elif kind == "change":
                self._operations.append(("set", "change", self._take()))
                speed = None
            elif kind == "turn_to" and self._kind(1) == "colour":
                self._i += 1
                self._operations.append(("set", "change", "recolour"))
                self._operations.append(("set", "new_colour", self._take()))
            elif kind == "bounces":
                self._i += 1
                self._operations.append(("set", "bounces", True))
            elif kind == "trail":
                self._i += 1
                self._operations.append(("set", "leaves_trail", True))
            elif kind == "meet":
                self._i += 1
                self._operations.append(("event", "collide", None))
            elif kind == "event":
                if not self._event(self._take(), direction):
                    return False
                direction = None
            elif kind == "is" and self._kind(1) in ("colour", "size"):
                self._i += 1
                name = self._kind()
                self._operations.append(("set", name, self._take()))
            else:
                return False
        return direction is None and speed is None

    def _last_set(self) -> object:
        return self._operations[-1][1] if self._operations else ""

    def _event(self, kind: str, direction: str | None) -> bool:
        if kind == "go":
            if direction is None:
                return False
            self._operations.append(("go", "direction", direction))
            return True
        if direction is not None or kind == "spill":
            return False
        if kind in ("leave", "return"):
            self._operations.append(("event", kind, None))
            return True
        if kind == "reappear":
            self._operations.append(("event", kind, "pillar"))
            return True
        if kind in ("collide", "bite"):
            target = self._noun()
            if target is None:
                return False
            self._operations.append(("event", kind, target))
            return True
        wanted = {"hide": "pillar", "put_out": "candle", "break": "jar", "collect": "coins"}[kind]
        before = len(self._operations)
        if not self._prop() or self._operations[before][2] != wanted:
            return False
        if kind == "hide":
            if self._kind() != "behind":
                return False
            self._i += 1
        self._operations.append(("event", kind, wanted))
        return True
