"""The Chinese lexicon as one table for the reader, and the words that carry no fact."""

from schemas.wording.lexicon_chinese import ALSO, SAY
from schemas.wording.tokens import words

COUNTS = {"一": 1, "1": 1, "两": 2, "二": 2, "2": 2, "三": 3, "3": 3, "四": 4, "4": 4}


RANKS = {word: n for n, word in enumerate("一二三四五六七八九十")}


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


_FILLERS = words(
    "的 地 着 了 正在 正 会 一直 然后 接着 并且 并 又 还 再 随后 最后 同时 先 而 之后 也 和 与 "
    "明亮 鲜艳 简单 单独 慢慢开始 开始 始终 画面中 画面里 画面 中 里 内 来 去 "
    "一边 方 边 逐渐 渐渐 那里 此时 这时 接下来 最终 一下 它的 依次 持续 不断 不停地 都 很"
)


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
            for end in ("", "方", "边", "侧", "角"):
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
    for verb, value in (("上升", "up"), ("升起", "up"), ("下降", "down"), ("下沉", "down")):
        for end in ("", "去", "起来"):
            table[verb + end] = ("vertical", value)
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
    for number in COUNTS:
        for measure in ("个", "颗", "只", "枚", "根", "支", "块", "条", "道"):
            table[f"{number}{measure}"] = ("count", number)
    for number in RANKS:
        table[f"第{number}个"] = ("rank", number)
    table["一些"] = table["几枚"] = ("count", "一")
    for phrase in ("从柱子后面又出来", "从柱子后面出来", "从后面出来", "从柱子后面重新出现"):
        table[phrase] = ("event", "reappear")
    return table


AFTER_AT = ("change", "action", "direction", "speed", "bounces", "event")
"""What may follow 在 where it says that something is going on."""


WORDS = _table()


LONGEST = max(map(len, WORDS))


CAMERA = {
    phrase: value
    for lexicon in (ALSO, SAY)
    for value, group in lexicon["camera"].items()
    for phrase in group
}
