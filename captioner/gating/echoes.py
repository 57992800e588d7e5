"""Tell when the prompt, the form or a chat comes back instead of a description."""

# ruff: noqa: RUF001

from __future__ import annotations

import re
from functools import cache

from captioner.gating.loops import split_sentences, split_words
from captioner.gating.registers import find_registers
from captioner.prompting import prompt_sentences

_GRAM = 6
"""So many words in a row are no coincidence."""
_MIN_LINE_WORDS = 4
_BLANK = re.compile(
    r"<\s*[a-z][\w ,.'/|-]{1,80}>|\{\{.{0,60}\}\}|\$\{\w+\}|"
    r"\[\s*(?:insert|your|the|a|description|describe|caption|subject|object|action|setting|place|"
    r"short|medium|long|text|name|color|colour|camera|placeholder|person|number|adjective)\b"
    r"[^\]\n]{0,80}\]|"
    r"(?i:\blorem ipsum\b)|\b(?:description|caption|text|sentence|summary|answer) (?:goes )?here\b|"
    r"\byour (?:short |medium |long |detailed )?(?:caption|description|text|answer)\b|"
    r"\b(?:TODO|TBD|FIXME|XXX)\b|\bplaceholder\b|_{3,}|"
    r"[<＜【\[](?:描述|简短描述|详细描述|主体|动作|场景|文字|在此|请|填写)[^>＞】\]]{0,30}[>＞】\]]|"
    r"(?:此处|在此|在这里)(?:填写|输入|插入|写)"
)
_FORM_WORDS = re.compile(
    r"(?:(?:the|a|an|one|of|full|short|medium|long|brief|detailed|main|structured|video|clip|"
    r"string|str|text|caption|description|sentences?|paragraph|summary|value|number|null|none|"
    r"n/?a|nan|unknown|undefined|empty|array|list|object|json|example|sample|output|result|"
    r"subject|action|setting|test|foo|bar|字符串|文本|描述|无|未知|简短|详细|示例)[\s:：.,。…_-]*)+",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:^|\n)\s*#*\s*(?:system|user|assistant|human|instructions?|prompt|questions?|answer|q|a|"
    r"output(?: format)?|task|format|response|note|hint|input|context|requirements?|step \d+|"
    r"thought|reasoning|analysis|任务|要求|问题|回答|答|格式|注意|提示|用户|助手|系统|输出|步骤|分析)\s*[:：]",
    re.IGNORECASE,
)
_CHAT_MARK = re.compile(r"<\|?\w+\|?>|\[/?INST\]|<<SYS>>")


def is_placeholder(text: str) -> bool:
    """Return whether a text is a blank form, or has a gap that was to be filled."""
    plain = text.strip()
    if not plain:
        return False
    return (
        not re.search(r"\w", plain)
        or _FORM_WORDS.fullmatch(plain) is not None
        or _BLANK.search(plain) is not None
    )


def is_echo(text: str) -> bool:
    """Return whether a text holds our prompts' own words, orders to a captioner, or a chat."""
    if _CHAT_MARK.search(text) or _LABEL.search(text) or "task" in find_registers(text):
        return True
    lines, grams = _prompt_words()
    words = split_words(text)
    if any(tuple(words[i : i + _GRAM]) in grams for i in range(len(words) - _GRAM + 1)):
        return True
    return any(tuple(split_words(sentence)) in lines for sentence in split_sentences(text))


@cache
def _prompt_words() -> tuple[frozenset[tuple[str, ...]], frozenset[tuple[str, ...]]]:
    """Return our prompts' sentences as words, and their runs of `_GRAM` words."""
    lines: set[tuple[str, ...]] = set()
    grams: set[tuple[str, ...]] = set()
    for line in prompt_sentences():
        words = split_words(line)
        grams.update(tuple(words[i : i + _GRAM]) for i in range(len(words) - _GRAM + 1))
        for sentence in (*split_sentences(line), line.rpartition(":")[2], line.partition(":")[0]):
            said = tuple(split_words(sentence))
            if len(said) >= _MIN_LINE_WORDS:
                lines.add(said)
    return frozenset(lines), frozenset(grams)
