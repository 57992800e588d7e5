"""A prompt as a statement: the request taken off, and what of it is about the world."""

# ruff: noqa: RUF001

from __future__ import annotations

import re
from dataclasses import dataclass

from schemas.facts import Facts
from schemas.wording.read import left_out, read
from schemas.wording.read_chinese import is_chinese

_MEDIUM = (
    r"(?:(?:short|brief|little|quick|simple|small|nice|cool|new|tiny"
    r"|\d+[- ]?(?:s|sec|seconds?))\s+)*"
    r"(?:video|clip|animation|movie|film|scene|shot|footage|cartoon|gif|picture|image|loop|one)s?"
    r"(?:\s+clip)?"
)
_CONTENT = (
    r"(?:\s*[:,-]\s*"
    r"|\s+(?:of|with|showing|that shows|which shows|where|in which|featuring|about)\s+)"
)
_ASK = (
    r"(?:(?:hi|hey|hello|ok|okay|well|so|now)\b[,!]?\s+)*"
    r"(?:(?:please|pls)\s*,?\s+)?"
    r"(?:(?:can|could|would|will)\s+(?:you|we|i)\s+(?:please\s+|maybe\s+|possibly\s+)?"
    r"|(?:would|do)\s+you\s+mind\s+|(?:i(?:'d| would)?|we(?:'d| would)?)\s+(?:really\s+)?"
    r"(?:just\s+)?(?:like|love|want|need)(?:\s+(?:to|you to))?\s+|let(?:'s| us| me)\s+|help me\s+)?"
    r"(?:please\s+)?"
)
_VERB = (
    r"(?:make|making|show|showing|see|seeing|have|get|create|generate|draw|animate|render|produce|"
    r"give|film|do|paint|watch|try|display|design|build)"
)
_LEAD = re.compile(
    rf"^{_ASK}{_VERB}(?:\s+(?:this|the following|something like this))?(?:\s*[:,]\s*|\s+)"
    rf"(?:(?:me|us)\s+)?(?:(?:a|an|the|some|another)\s+{_MEDIUM}{_CONTENT})?"
    rf"|^{_ASK}(?:a|an|the)\s+{_MEDIUM}{_CONTENT}"
    rf"|^{_MEDIUM}\s*:\s*"
    rf"|^{_ASK}i(?:'m| am) (?:after|looking for)\s+(?:(?:a|an|the)\s+{_MEDIUM}{_CONTENT})?"
    r"|^(?:it|this|the (?:video|clip|scene)) (?:starts|begins|opens) with\s+"
    r"|^(?:how|what) about\s+|^(?:imagine|picture|think of|suppose)\s+(?:that\s+)?"
    r"|^(?:prompt|scene|idea|request)\s*:\s*"
    r"|^(?:i(?:'d| would)\s+(?:like|love)|i\s+(?:want|need))\s+",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:[,.!?\s]*\b(?:please|pls|thanks|thank you|thx|cheers|if possible|if you can|will you|"
    r"can you|ok|okay|that's all|that is all|nothing else)\b)+[.!?\s]*$",
    re.IGNORECASE,
)
_WHO_ZH = (
    r"(?:你好|您好|嗨)?[，,！!]?(?:请|麻烦)?(?:你|您|我|我们)?"
    r"(?:能不能|可以|能)?(?:帮我|给我|帮忙|为我)?"
)
_WISH_ZH = r"(?:想要|想看到?|希望看到|想|要)"
_VERB_ZH = r"(?:生成|制作|做|画|来|拍|创建|渲染|看|展示|显示|播放|弄|整)(?:一下|出)?"
_MEDIUM_ZH = (
    r"(?:一个|一段|一部|段|一幅|一张|一条)?(?:短|小)?(?:视频|动画|短片|影片|画面|片段)"
    r"[:：，,]?(?:里有|中有|里面有|其中有|里|中)?"
)
_ONLY = re.compile(r"^(?:nothing but|nothing more than|only|simply|just)\s+", re.IGNORECASE)
_DOES = {
    "smashed": "breaks",
    "broken": "breaks",
    "shattered": "breaks",
    "put out": "puts out",
    "extinguished": "puts out",
    "snuffed out": "puts out",
    "blown out": "puts out",
}
_DONE_BY = re.compile(
    r"\b(?P<prop>(?:a|an|the) (?:[a-z]+ )*?(?:jar(?: (?:of|full of|with) \w+ liquid)?|candle)) "
    rf"(?:(?:is|gets) )?(?:being )?(?P<verb>{'|'.join(_DOES)}) by "
    r"(?P<who>(?:a|an|the) (?:[a-z]+ ){0,4}?(?:circle|square|triangle|star|ball))\b",
    re.IGNORECASE,
)
_LEAD_CHINESE = re.compile(
    rf"^{_WHO_ZH}(?:{_WISH_ZH}(?:{_VERB_ZH})?|{_VERB_ZH}){_MEDIUM_ZH}"
    rf"|^{_WHO_ZH}(?:{_WISH_ZH}(?:{_VERB_ZH})?|{_VERB_ZH})(?:[:：])?"
    r"|^(?:一个|一段)(?:短|小)?(?:视频|动画|短片)[:：，,]"
)
_TAIL_CHINESE = re.compile(
    r"(?:[，,。！!]?\s*(?:谢谢|多谢|好吗|可以吗|行吗|吧|拜托了?|就这样))+[。！!？?]*$|的(?:视频|动画|短片|画面|短视频|小动画)[。！!]?$"
)
_SEPARATORS = re.compile(r"\s*(?:\||/(?=\s)|(?<=\s)/|\+|->|=>|→|•|·|~)\s*")
_WEIGHT = re.compile(r"\(([^()]+):\s*\d+(?:\.\d+)?\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A prompt and what it says. `unread` are the sentences that are not wholly understood."""

    statement: str
    facts: Facts
    unread: tuple[str, ...]

    @property
    def is_world(self) -> bool:
        """Whether the prompt is about the world and nothing else."""
        return self.facts != Facts() and not self.unread


def read_prompt(prompt: str) -> Reading:
    """Return what a prompt says, in English or Chinese."""
    statement = as_statement(prompt)
    return Reading(statement=statement, facts=read(statement), unread=tuple(left_out(statement)))


def as_statement(prompt: str) -> str:
    """Return the prompt as captions speak: no request around it, no weights, no list signs.

    `Could you make a short video of a dog?` becomes `a dog`. Text in quotes stays as it is.
    """
    text = _joined_lines(prompt.strip())
    text = _WEIGHT.sub(r"\1", text)
    parts = re.split(r"(\"[^\"]*\"|“[^”]*”)", text)
    text = "".join(
        part if i % 2 else _SEPARATORS.sub(", ", part) for i, part in enumerate(parts)
    ).strip(" ,")
    lead, tail = (_LEAD_CHINESE, _TAIL_CHINESE) if is_chinese(text) else (_LEAD, _TAIL)
    shorter = lead.sub("", text, count=1)
    asked = shorter != text
    shorter = tail.sub("", shorter).strip()
    if asked:
        shorter = re.sub(r"[?？]", ".", shorter, count=1).strip()
    shorter = _ONLY.sub("", shorter)
    shorter = _DONE_BY.sub(lambda m: f"{m['who']} {_DOES[m['verb'].lower()]} {m['prop']}", shorter)
    shorter = shorter.lstrip(" ,:-")
    return shorter or text


def _joined_lines(text: str) -> str:
    """Return the text on one line; a line that begins anew begins a sentence."""
    lines = [re.sub(r"^[-*•]\s+", "", line.strip()) for line in text.splitlines()]
    found = ""
    for line in (line for line in lines if line):
        if not found:
            found = line
        elif found[-1] in ",;:" or (line[0].islower() and found[-1] not in ".!?。！？"):
            found += f"{' ' if found[-1] in ',;:' else ', '}{line}"
        else:
            found += f"{'' if found[-1] in '.!?。！？' else '.'} {line}"
    return found
