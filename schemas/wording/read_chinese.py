"""Read facts from Chinese: clauses of known words only, resolved as the English ones are."""

import re

from schemas.facts import Facts
from schemas.wording.lexicon_chinese import ALSO, SAY
from schemas.wording.operations import Noun, Operation, Unit
from schemas.wording.resolve import Resolver

_HAN = re.compile(r"[\u4e00-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_SENTENCE = re.compile(r"[^。！!；;\n？?.]+[。！!；;\n？?.]?")
_QUOTED = re.compile(r"[“「『\"][^”」』\"]*[”」』\"]")
_DOUBT = re.compile(
    r"如果|假如|要是|若|没有|不是|并非|也许|可能|或|想象|应该|不会|不要|别|说|比|像|忽略|假|无"
)
_COUNTS = {"一": 1, "1": 1, "两": 2, "二": 2, "2": 2, "三": 3, "3": 3, "四": 4, "4": 4}
_RANKS = {"一": 0, "二": 1, "三": 2, "四": 3, "1": 0, "2": 1, "3": 2, "4": 3}
_KINDS = (
    "colour",
    "shape",
    "size",
    "place",
    "action",
    "speed",
    "change",
    "event",
    "background_colour",
    "background_kind",
    "style",
)
_FILLERS = (
    "的 地 着 了 正在 正 会 一直 然后 接着 并且 并 又 还 再 随后 最后 同时 先 而 之后 也 和 与 明亮 鲜艳 "
    "简单 单独 慢慢开始 开始 始终 画面中 画面里 画面 中 里 内 来 去 一边 方 边 逐渐 渐渐 那里 此时 "
    "这时 接下来 最终 一下 它的 依次 持续 不断 不停地 都 很"
).split(" ")


def _table() -> dict[str, tuple[str, str]]:
    table: dict[str, tuple[str, str]] = {filler: ("filler", filler) for filler in _FILLERS}
    for name in _KINDS:
        for lexicon in (SAY, ALSO):
            for value, group in lexicon.get(name, {}).items():
                for phrase in group:
                    table.setdefault(phrase, (name, value))
    for name, tag in (("bounces", "bounces"), ("lands", "bounces"), ("leaves_trail", "trail")):
        for lexicon in (SAY, ALSO):
            for phrase in lexicon[name]["yes"] if name in lexicon else ():
                table[phrase] = (tag, "yes")
    ways = {value: phrases[0][1:].removesuffix("方") for value, phrases in SAY["direction"].items()}
    for value, way in ways.items():
        for to in ("向", "往", "朝", "朝着", "向着"):
            for end in ("", "方", "边", "侧", "角", "下角"[1:]):
                table[f"{to}{way}{end}"] = ("direction", value)
    for phrase, value in (
        ("从左向右", "right"),
        ("从左到右", "right"),
        ("从右向左", "left"),
        ("从右到左", "left"),
        ("从上到下", "down"),
        ("从下到上", "up"),
    ):
        table[phrase] = ("direction", value)
    for noun in ("图形", "物体", "形状", "东西"):
        table[noun] = ("shape", "object")
    for phrase in ("黑色", "黑"):
        table[phrase] = ("pillar_colour", "black")
    for phrase in ("白色", "白"):
        table[phrase] = ("pillar_colour", "white")
    for phrase, value in (
        ("柱子", "pillar"),
        ("圆柱", "pillar"),
        ("蜡烛", "candle"),
        ("罐子", "jar"),
        ("玻璃罐", "jar"),
        ("硬币", "coins"),
        ("金币", "coins"),
    ):
        table[phrase] = ("prop", value)
    for phrase in ("它们", "两者", "二者"):
        table[phrase] = ("they", "")
    table["它"] = ("it", "")
    for phrase in ("另一个", "另一颗", "另外一个"):
        table[phrase] = ("another", "")
    for phrase in ("变成", "变为", "变成了", "颜色变成", "变"):
        table[phrase] = ("turn_to", "")
    for phrase in ("相撞", "碰撞", "撞在一起", "相碰"):
        table[phrase] = ("meet", "")
    for phrase in ("后面", "后方", "背后"):
        table[phrase] = ("behind", "")
    for phrase in ("在", "位于", "处于", "从", "位置在"):
        table[phrase] = ("at", "")
    for phrase in ("有", "是", "存在", "为", "出现"):
        table[phrase] = ("is", phrase)
    for phrase in ("上", "前", "前面", "之前", "之上", "下"):
        table[phrase] = ("on", "")
    for phrase in ("装着", "盛着", "装有", "装满", "盛有"):
        table[phrase] = ("holding", "")
    for phrase in ("液体", "罐子里的液体", "里面的液体"):
        table[phrase] = ("liquid", "")
    for phrase in ("背景", "背景色", "背景颜色"):
        table[phrase] = ("background", "")
    for phrase in ("这个", "那个", "这颗", "那颗", "该"):
        table[phrase] = ("the", "")
    for phrase in ("一口",):
        table[phrase] = ("filler", "")
    for phrase in [phrase for phrase, word in table.items() if word[0] == "place"]:
        for frame in ("画面", "画面的", "屏幕", "屏幕的"):
            table[frame + phrase] = table[phrase]
    for number in _COUNTS:
        for measure in ("个", "颗", "只", "枚", "根", "支", "块", "条", "道"):
            table[f"{number}{measure}"] = ("count", number)
    for number in _RANKS:
        table[f"第{number}个"] = ("rank", number)
    table["一些"] = table["几枚"] = ("count", "一")
    for phrase in ("从柱子后面又出来", "从柱子后面出来", "从后面出来", "从柱子后面重新出现"):
        table[phrase] = ("event", "reappear")
    return table


_AFTER_AT = ("change", "action", "direction", "speed", "bounces", "event")
"""What may follow 在 where it says that something is going on."""
_WORDS = _table()
_LONGEST = max(map(len, _WORDS))
_CAMERA = {
    phrase: value
    for lexicon in (ALSO, SAY)
    for value, group in lexicon["camera"].items()
    for phrase in group
}
_CAMERA_CLAUSE = re.compile(
    r"^(?:同时|而|与此同时|此时|随着)?(?:镜头|摄像机|相机|摄影机)(?:正在|正|一直|始终|缓缓|慢慢地?|缓慢地?|则|在)?"
    r"(?P<move>.+?)(?:着|了)?$"
)


def is_chinese(text: str) -> bool:
    """Return whether to read the text as Chinese: some Han characters and no kana or Hangul."""
    return bool(_HAN.search(text)) and not _KANA.search(text)


def read_chinese(text: str) -> Facts:
    """Return what a Chinese text states, as `canonical` facts; see `read`."""
    resolver = Resolver()
    for match in _SENTENCE.finditer(_QUOTED.sub("¤", text)):
        line = match.group()
        if line[-1] in "？?":
            continue
        units = []
        for clause in re.split(r"[，,、：:()（）\s]+", re.sub(r"[。！!；;\n.]", "", line)):
            if not clause:
                continue
            unit = _clause(clause)
            if unit is None and _DOUBT.search(clause):
                units = []
                break
            units.append(unit or Unit(kind="unknown"))
        if units:
            resolver.take(units)
    return resolver.facts()


def _segment(clause: str) -> list[tuple[str, str]] | None:
    """Return the clause as known words, longest first, or None where one is not known."""
    found, i = [], 0
    while i < len(clause):
        for end in range(min(len(clause), i + _LONGEST), i, -1):
            if word := _WORDS.get(clause[i:end]):
                found.append(word)
                i = end
                break
        else:
            return None
    return [word for word in found if word[0] != "filler"]


def _clause(clause: str) -> Unit | None:
    camera = _CAMERA_CLAUSE.match(clause)
    if camera:
        move = _CAMERA.get(camera.group("move"))
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
            kind, count = "new", _COUNTS[self._take()]
        elif self._kind() == "another":
            kind = "new"
            self._i += 1
        elif self._kind() == "the":
            kind = "known"
            self._i += 1
        elif self._kind() == "rank":
            kind, rank = "known", _RANKS[self._take()]
        looks: dict[str, str] = {}
        while self._kind() in ("colour", "size") and self._kind() not in looks:
            name = self._kind()
            looks[name] = self._take()
        if self._kind() != "shape":
            self._i = start
            return None
        shape = self._take()
        return Noun(
            kind=kind,
            count=count,
            colour=looks.get("colour"),
            size=looks.get("size"),
            shape=None if shape == "object" else shape,
            rank=rank,
        )

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
            elif kind == "at" and self._kind(1) in _AFTER_AT:
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
