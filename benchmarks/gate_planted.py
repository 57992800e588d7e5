"""Planted failures for the measurement of the gate: what real captioners get wrong.

A generator takes a good caption and gives the answer of a model that failed on it, as text.
Words come from `gate_phrases.json`: those of the sets `tuned...` were looked at while the gate
was written; what `unseen` is worth, `captioner_gate.py` says.
"""

# ruff: noqa: RUF001

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from captioner.caption import StructuredCaption

Phrases = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """An answer that went wrong, and the statuses that would name it rightly.

    `said` is the sentence that was put into it, where it was one.
    """

    text: str
    names: tuple[str, ...]
    finish_reason: str = "stop"
    said: str = ""


Plant = Callable[[Random, StructuredCaption, str, Phrases], Planted]


def load_phrases(name: str) -> Phrases:
    """Return the words of one set of `gate_phrases.json`."""
    path = Path(__file__).with_name("gate_phrases.json")
    found: Phrases = json.loads(path.read_text(encoding="utf-8"))[name]
    return found


def as_answer(caption: StructuredCaption, **changes: Any) -> str:
    """Return the caption as a model would write it, with some fields changed."""
    fields = caption.model_dump(mode="json", exclude={"details"})
    return json.dumps(fields | changes, ensure_ascii=False)


def changed(good: StructuredCaption, *names: str, **changes: Any) -> Planted:
    """Return the caption with some fields changed, as an answer that should fail."""
    return Planted(text=as_answer(good, **changes), names=names)


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text, each with its stop."""
    return [sentence for sentence in re.split(r"(?<=[.。])\s*", text) if sentence]


def gap_of(language: str) -> str:
    """Return what stands between two sentences."""
    return "" if language == "zh" else " "


def cut_inside(rng: Random, text: str, *, at_words: bool) -> str:
    """Return a text cut somewhere in the middle of a sentence."""
    for _ in range(100):
        place = rng.randrange(len(text) // 3, len(text) - 2)
        if at_words and " " in text:
            place = text.rfind(" ", 0, place)
        cut = text[:place].rstrip()
        if len(cut) > 8 and cut[-1] not in '.。!?！？"”':
            return cut
    return text[: len(text) // 2].rstrip(" .。")


def plant_truncated(rng: Random, good: StructuredCaption, language: str, _: Phrases) -> Planted:
    """Tokens run out, in the string or in the JSON, or the string's bound was reached."""
    how = rng.randrange(7)
    whole = as_answer(good)
    if how < 2:
        return changed(good, "truncated", long=cut_inside(rng, good.long, at_words=how == 1))
    if how == 2:
        field = rng.choice(("medium", "long"))
        cut = cut_inside(rng, getattr(good, field), at_words=True)
        return changed(good, "truncated", **{field: cut + rng.choice(("...", "…", ",", " -"))})
    cut = whole[: rng.randrange(len(whole) // 4, len(whole) - 3)]
    if how == 3:
        return Planted(text=cut, names=("truncated",))
    if how == 4:
        return Planted(text=f"```json\n{cut}", names=("truncated",), finish_reason="length")
    if how == 5:
        return Planted(text=whole, names=("truncated",), finish_reason="length")
    opening = rng.choice(("A sign says “op", 'He says "wel', "On the door: (do not"))
    opening = "牌子上写着“欢" if language == "zh" else opening
    start = sentences_of(good.long)[0]
    return changed(good, "truncated", long=f"{start}{gap_of(language)}{opening}")


def plant_repeated(rng: Random, good: StructuredCaption, language: str, _: Phrases) -> Planted:
    """The same words, sentences, items, events or characters, over and over."""
    sentences, gap, is_chinese = sentences_of(good.long), gap_of(language), language == "zh"
    times = rng.randint(3, 12)
    first = sentences[0].rstrip(".。")
    how = rng.randrange(9)
    if how == 0:
        return changed(good, "repeated", long=good.long + (gap + rng.choice(sentences)) * times)
    if how == 1:
        words = list(first) if is_chinese else first.split(" ")
        piece = gap.join(words[-rng.randint(2, min(6, len(words))) :])
        return changed(good, "repeated", long=gap.join([first, *[piece] * times]) + ".")
    if how == 2:
        word = rng.choice(("很", "红", "走") if is_chinese else ("very", "the", "red", "and"))
        return changed(good, "repeated", long=gap.join([first, *[word] * (times + 3)]) + ".")
    if how == 3:
        words = "椅子 桌子 台灯" if is_chinese else "chairs tables lamps vases"
        items = words.split(" ")
        listed = ("、" if is_chinese else ", ").join(items * times)
        start = "房间里有" if is_chinese else "The room holds "
        return changed(good, "repeated", long=f"{start}{listed}.")
    if how == 4:
        text = good.events[0].text if good.events else first
        num = rng.randint(4, 14)
        spans = [(round(i * 8 / num, 2), round((i + 1) * 8 / num, 2)) for i in range(num)]
        events = [{"start_s": start, "end_s": end, "text": text} for start, end in spans]
        return changed(good, "repeated", events=events)
    if how == 5:
        tail = rng.choice("!?a哈。_") * rng.randint(12, 60)
        return changed(good, "repeated", "truncated", long=f"{good.long} {tail}")
    if how == 6:
        return changed(good, "repeated", long=gap.join([good.long] * rng.randint(2, 4)))
    if how == 7:
        colours = list("红蓝绿白黑灰") if is_chinese else ["red", "blue", "green", "white", "black"]
        frame = "There is a person in a {} shirt on the left side of the frame."
        frame = "画面左侧有一个穿着{}色上衣的人站着。" if is_chinese else frame
        looped = gap.join(frame.format(rng.choice(colours)) for _ in range(times + 4))
        return changed(good, "repeated", long=f"{sentences[0]}{gap}{looped}")
    if rng.random() < 0.5:
        return changed(good, "repeated", actions=[first] * (times + 1))
    person = {"name": "person", "attributes": ["standing"], "count": 1}
    return changed(good, "repeated", subjects=[person] * (times + 1))


def plant_off_language(
    rng: Random, good: StructuredCaption, language: str, phrases: Phrases
) -> Planted:
    """All, one sentence or some words in another language."""
    tongues = phrases["tongues"]
    other = rng.choice([name for name in tongues if name != language])
    pool = tongues[other]
    long = gap_of("zh" if other in ("zh", "ja") else "en").join(pool)
    how = rng.randrange(4)
    if how == 0:
        return changed(good, "off_language", short=pool[0], medium=long, long=long)
    if how == 1:
        return changed(good, "off_language", long=f"{good.long} {rng.choice(pool)}")
    if how == 2:
        return changed(good, "off_language", short=pool[0])
    if language == "zh":
        words = " ".join(tongues["en"][0].rstrip(".").split(" ")[: rng.randint(5, 9)])
        middle = len(good.long) // 2
        mixed = f"{good.long[:middle]} {words} {good.long[middle:]}"
    else:
        parts = good.long.split(" ")
        parts.insert(rng.randrange(2, len(parts) - 2), rng.choice(phrases["strays"]))
        mixed = " ".join(parts)
    return changed(good, "off_language", long=mixed)


def plant_refused(rng: Random, good: StructuredCaption, language: str, phrases: Phrases) -> Planted:
    """A refusal as plain text, in the JSON's fields, or before or after a description."""
    pools = phrases["refusals"]
    said = rng.choice(pools[language])
    if rng.random() < 0.25:
        said = rng.choice(pools[rng.choice(list(pools))])
    names = ("refused", "off_language")
    how = rng.randrange(4)
    if how == 0:
        return Planted(text=said, names=names)
    if how == 1:
        return changed(good, *names, short=said, medium=said, long=said)
    if how == 2:
        return changed(good, *names, long=f"{said} {good.long}")
    return changed(StructuredCaption(), *names, long=f"{good.short} {said}")


def plant_boilerplate(
    rng: Random, good: StructuredCaption, language: str, phrases: Phrases
) -> Planted:
    """Nothing said at all, or stock phrases at the end of a description."""
    if rng.random() < 0.5:
        said = rng.choice(phrases["fillers"][language])
        text = as_answer(good, long=f"{good.long}{gap_of(language)}{said}")
        return Planted(text=text, names=("boilerplate",), said=said.rstrip(".。"))
    said = rng.choice(phrases["nothing"][language])
    names = ("boilerplate", "truncated", "placeholder", "empty", "echo")
    return changed(StructuredCaption(), *names, short=said, medium=said, long=said)


def plant_invalid_json(
    rng: Random, good: StructuredCaption, language: str, phrases: Phrases
) -> Planted:
    """No JSON, half of it, somebody else's, or JSON that nobody can mend."""
    whole = as_answer(good)
    letters = list(whole)
    for _ in range(rng.randint(20, 60)):
        letters[rng.randrange(len(letters))] = rng.choice('{}[]":,\\x')
    texts = (
        good.long,
        re.sub(r'[{}"\[\]]', "", whole),
        "```json\n" + re.sub(r'"(\w+)":', r'"\1"', whole, count=3) + "\n```",
        re.sub(r'",\s*"', '" "', whole),
        json.dumps({"error": "internal", "code": 500}),
        "".join(letters),
        f"<caption><short>{good.short}</short><long>{good.long}</long></caption>",
        whole.replace('"', "").replace("{", "(").replace("}", ")"),
    )
    return Planted(text=rng.choice(texts), names=("invalid_json", "truncated"))


def plant_bad_times(rng: Random, good: StructuredCaption, language: str, _: Phrases) -> Planted:
    """Events beyond the clip, in frames or minutes, backwards, negative, or not a time."""
    text = good.events[0].text if good.events else sentences_of(good.long)[0]
    spans: tuple[tuple[Any, Any], ...] = (
        (0, 8.0 + rng.uniform(1, 60)),
        (rng.uniform(8.5, 40), rng.uniform(41, 90)),
        (rng.uniform(4, 7.9), rng.uniform(0, 3.9)),
        (-rng.uniform(0.5, 5), 3),
        (rng.randrange(24, 100), rng.randrange(100, 240)),
        ("the beginning", "the end"),
        ("01:15", "02:30"),
        ("frame 3", "frame 9"),
        (float("nan"), 3.0),
        (0, float("inf")),
    )
    start, end = rng.choice(spans)
    events = [event.model_dump() for event in good.events]
    events.insert(rng.randint(0, len(events)), {"start_s": start, "end_s": end, "text": text})
    return changed(good, "bad_times", events=events)


def plant_placeholder(
    rng: Random, good: StructuredCaption, language: str, phrases: Phrases
) -> Planted:
    """The form comes back unfilled."""
    names = ("placeholder", "empty", "echo", "truncated", "off_language", "boilerplate", "markup")
    blank = rng.choice(phrases["blanks"])
    if rng.random() < 0.5:
        return changed(good, *names, short=blank, medium=blank, long=blank)
    return changed(good, *names, **{rng.choice(("short", "medium", "long")): blank})


def plant_echo(rng: Random, good: StructuredCaption, language: str, phrases: Phrases) -> Planted:
    """Our own prompt, a chat or thinking aloud, in place of or before the description."""
    said = rng.choice(phrases["prompts"][language])
    long = said if rng.random() < 0.4 else f"{said} {good.long}"
    return changed(good, "echo", "off_language", "truncated", "markup", "refused", long=long)


def plant_markup(rng: Random, good: StructuredCaption, language: str, _: Phrases) -> Planted:
    """Headings, lists, tables, labels in bold, HTML."""
    sentences = sentences_of(good.long)
    shapes = (
        "# Description\n" + good.long,
        "\n".join(f"- {sentence}" for sentence in sentences),
        "\n".join(f"{i}. {sentence}" for i, sentence in enumerate(sentences, start=1)),
        "**Subject:** " + good.short + "\n**Scene:** " + sentences[-1],
        "| what | where |\n|---|---|\n" + f"| {sentences[0]} | here |",
        "".join(f"<p>{sentence}</p>" for sentence in sentences),
        "### Summary\n\n" + good.medium + "\n\n### Details\n\n" + good.long,
    )
    names = ("markup", "echo", "truncated", "placeholder")
    return changed(good, *names, long=rng.choice(shapes))


def plant_empty(rng: Random, good: StructuredCaption, language: str, _: Phrases) -> Planted:
    """No word at all."""
    blank = as_answer(StructuredCaption())
    texts = ("", " \n", "{}", "```json\n```", "...", blank, "<think>hm</think>", "[]", "<|im_end|>")
    return Planted(text=rng.choice(texts), names=("empty", "invalid_json"))


PLANTS: dict[str, Plant] = {
    "truncated": plant_truncated,
    "repeated": plant_repeated,
    "off_language": plant_off_language,
    "refused": plant_refused,
    "boilerplate": plant_boilerplate,
    "invalid_json": plant_invalid_json,
    "bad_times": plant_bad_times,
    "placeholder": plant_placeholder,
    "echo": plant_echo,
    "markup": plant_markup,
    "empty": plant_empty,
}
