"""Expansion by a language model: what it is told and shown, and how its answer is cleaned."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence

from captioner.expanding.chat import ChatModel, Message
from captioner.expanding.style import Style
from captioner.prompting import load_prompt
from schemas.wording.read_chinese import is_chinese

DEFAULT_WORDS = 70
"""Asked for where there are no training captions to go by."""
_THOUGHT = re.compile(r"<think>.*?</think>|^.*?</think>|<think>.*$", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"^```\w*\s*|\s*```$")
_TAG = re.compile(r"</?\s*(?:request|text|caption)\s*>", re.IGNORECASE)
_LABEL = re.compile(
    r"^(?:\*\*)?(?:sure|certainly|of course|okay|here(?: is|'s)[^:\n]{0,60}"
    r"|(?:video |expanded |final |rewritten )?"
    r"(?:caption|prompt|description|answer|translation|video))(?:\*\*)?\s*"
    r"(?:[:!]|,(?=[^.]{0,60}:)[^:]{0,60}:)(?:\*\*)?\s*",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"^(?:i(?:'m| am) (?:sorry|unable|not able)|sorry|i can(?:'t|not)|as an ai|i won't|"
    r"unfortunately|抱歉|对不起|很抱歉|我无法|我不能|作为)",
    re.IGNORECASE,
)
_QUOTES = (('"', '"'), ("“", "”"), ("'", "'"), ("「", "」"))


def expansion_messages(prompt: str, style: Style | None, *, num_examples: int) -> list[Message]:
    """Return the messages that ask for an expansion: rules, examples, the prompt as data.

    Examples are (short, long) captions of one training clip, those most like the prompt;
    where there are no pairs, captions stand for themselves in the rules.
    """
    lengths = style.num_words if style else ()
    num_words = round(statistics.median(lengths)) if lengths else DEFAULT_WORDS
    rules = load_prompt("expand", language=caption_language(style), num_words=num_words).text
    messages: list[Message] = []
    if style and style.pairs:
        nearest = style.nearest_pairs.nearest(prompt, num_examples)
        for number, _ in reversed(nearest):
            short, long = style.pairs[number]
            messages += [
                {"role": "user", "content": _as_data(short)},
                {"role": "assistant", "content": long},
            ]
    elif style and style.captions:
        nearest = style.nearest_captions.nearest(prompt, num_examples)
        shown = "\n".join(f"- {style.captions[number]}" for number, _ in nearest)
        rules = f"{rules}\nCaptions that it was trained on:\n{shown}"
    return [
        {"role": "system", "content": rules},
        *messages,
        {"role": "user", "content": _as_data(prompt)},
    ]


def translated(prompt: str, style: Style | None, chat: ChatModel, *, max_new_tokens: int) -> str:
    """Return the prompt in the language of the captions, word for word; empty if that failed."""
    rules = load_prompt("translate", language=caption_language(style)).text
    answer = chat.complete(
        [{"role": "system", "content": rules}, {"role": "user", "content": _as_data(prompt)}],
        seed=0,
        temperature=0.0,
        max_new_tokens=max_new_tokens,
    )
    return clean_answer(answer, language=caption_language(style))


def caption_language(style: Style | None) -> str:
    """Return the language of the training captions by its English name."""
    captions: Sequence[str] = style.captions if style else ()
    num_chinese = sum(is_chinese(text) for text in captions)
    return "Simplified Chinese" if num_chinese * 2 > len(captions) else "English"


def clean_answer(text: str, *, language: str) -> str:
    """Return the caption in an answer on one line, or nothing where there is none.

    Taken off: thoughts, code fences, labels and greetings, quotes around it, list and heading
    signs. A refusal and an answer in another language than asked for give the empty text.
    """
    text = _THOUGHT.sub("", text).strip()
    text = _TAG.sub("", _FENCE.sub("", text)).strip()
    lines = [re.sub(r"^(?:[-*•#>]+|\d+[.)])\s+", "", line.strip()) for line in text.splitlines()]
    text = " ".join(line for line in lines if line).strip()
    for _ in range(2):
        text = _LABEL.sub("", text).strip()
    text = re.sub(r"\*\*(.+?)\*\*", r"\1", text)
    for left, right in _QUOTES:
        if len(text) > 1 and text[0] == left and text[-1] == right and text.count(left) <= 2:
            text = text[1:-1].strip()
    if _REFUSAL.match(text) or is_chinese(text) != (language == "Simplified Chinese"):
        return ""
    return text


def _as_data(prompt: str) -> str:
    """Return a prompt between its tags, with no tag inside."""
    return f"<request>{' '.join(_TAG.sub(' ', prompt).split())}</request>"
