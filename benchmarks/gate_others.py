"""Planted failures of other shapes than those of `gate_planted.py`, which tells what for."""

# ruff: noqa: RUF001

from __future__ import annotations

import json
from random import Random

from benchmarks.gate_planted import (
    PLANTS,
    Phrases,
    Plant,
    Planted,
    as_answer,
    changed,
    gap_of,
    sentences_of,
)
from captioner.caption import StructuredCaption


def plant_truncated(rng: Random, good: StructuredCaption, language: str, _: Phrases) -> Planted:
    """Every prose field stops short; the last word loses its end; the JSON ends in a key."""
    whole = as_answer(good)
    how = rng.randrange(5)
    if how == 0:
        cut = {k: getattr(good, k)[: len(getattr(good, k)) * 3 // 5] for k in ("medium", "long")}
        return changed(good, "truncated", **cut)
    if how == 1:
        return changed(good, "truncated", long=good.long.rstrip(".。")[: -rng.randint(1, 3)])
    if how == 2:
        key = rng.choice(('"actions"', '"camera"', '"events"', '"setting"'))
        return Planted(text=whole[: whole.index(key) + rng.randint(1, 8)], names=("truncated",))
    if how == 3:
        cut = whole[: whole.rindex("]") - rng.randint(0, 12)]
        return Planted(text=f"Here you go:\n{cut}", names=("truncated", "bad_times"))
    tail = rng.choice(("Then the", "After that, she", "And"))
    tail = "然后她转身走向" if language == "zh" else tail
    return changed(good, "truncated", long=f"{good.long}{gap_of(language)}{tail}")


def plant_repeated(rng: Random, good: StructuredCaption, language: str, _: Phrases) -> Planted:
    """Two sentences in turn, a growing list, a circle of colours, words glued, relations."""
    sentences, gap, is_chinese = sentences_of(good.long), gap_of(language), language == "zh"
    how = rng.randrange(6)
    if how == 0:
        return changed(good, "repeated", long=gap.join(sentences[:2] * rng.randint(2, 6)))
    if how == 1:
        colours = "红绿蓝黄" if is_chinese else ("red", "green", "blue", "yellow")
        joiner = "，" if is_chinese else " to "
        turns = joiner.join(colours[i % 4] for i in range(rng.randint(16, 40)))
        start = "灯光颜色变化：" if is_chinese else "The light goes from "
        return changed(good, "repeated", long=f"{start}{turns}.")
    if how == 2:
        word = "好看" if is_chinese else rng.choice(("walking", "boat", "right"))
        return changed(good, "repeated", long=f"{sentences[0]}{gap}{word * rng.randint(6, 20)}.")
    if how == 3:
        relation = {"subject": "man", "relation": "next to", "object": "wall"}
        return changed(good, "repeated", relations=[relation] * rng.randint(4, 12))
    if how == 4:
        shout = sentences[-1].upper() if not is_chinese else sentences[-1].replace("。", "！")
        return changed(good, "repeated", long=f"{good.long}{gap}{shout}{gap}{sentences[-1]}")
    pair = [event.text for event in good.events][:2] or ["a", "b"]
    pair = pair if len(pair) == 2 else [*pair, "stops"]
    times = range(rng.randint(8, 16))
    events = [{"start_s": i / 2, "end_s": (i + 1) / 2, "text": pair[i % 2]} for i in times]
    return changed(good, "repeated", events=events)


def plant_off_language(
    rng: Random, good: StructuredCaption, language: str, phrases: Phrases
) -> Planted:
    """Fields, events or the medium text in another language."""
    tongues = phrases["tongues"]
    other = rng.choice([name for name in tongues if name != language])
    said = rng.choice(tongues[other])
    how = rng.randrange(4)
    if how == 0:
        return changed(good, "off_language", actions=tongues[other], setting=said)
    if how == 1:
        return changed(good, "off_language", medium=said)
    if how == 2:
        sentences = sentences_of(good.long)
        sentences[rng.randrange(len(sentences))] = said
        return changed(good, "off_language", long=gap_of(language).join(sentences))
    return changed(good, "off_language", short=said, medium=said, long=f"{said} {said[:-1]}!")


def plant_invalid_json(
    rng: Random, good: StructuredCaption, language: str, phrases: Phrases
) -> Planted:
    """YAML, Python, a list of words, a schema, JSON in JSON, a number."""
    fields = good.model_dump(mode="json", exclude={"details"})
    texts = (
        "\n".join(f"{key}: {value}" for key, value in fields.items()),
        f"Short: {good.short}\n\nLong: {good.long}",
        json.dumps([good.short, good.medium, good.long], ensure_ascii=False),
        json.dumps({"type": "object", "properties": {"name": {"type": "string"}}}),
        json.dumps(as_answer(good), ensure_ascii=False),
        "42",
        "caption = StructuredCaption(" + ", ".join(f"{k}={v!r}" for k, v in fields.items()) + ")",
        good.medium + "\n\n" + good.long,
    )
    return Planted(text=rng.choice(texts), names=("invalid_json", "truncated", "repeated"))


def plant_bad_times(rng: Random, good: StructuredCaption, language: str, _: Phrases) -> Planted:
    """Milliseconds, a shifted list, a list in which every event ends before it starts."""
    text = sentences_of(good.medium)[0].rstrip(".。")
    texts = [event.text for event in good.events] or [text, f"{text} again"]
    how = rng.randrange(4)
    if how == 0:
        spans = [(i * 2000, i * 2000 + 1500) for i in range(len(texts))]
    elif how == 1:
        spans = [(20 + i * 3.5, 23 + i * 3.5) for i in range(len(texts))]
    elif how == 2:
        spans = [(i + 3.5, i + 0.5) for i in range(len(texts))]
    else:
        events = [{"time": "1:20 - 1:45", "text": one} for one in texts]
        return changed(good, "bad_times", events=events)
    pairs = zip(texts, spans, strict=True)
    events = [{"start_s": start, "end_s": end, "text": one} for one, (start, end) in pairs]
    return changed(good, "bad_times", events=events)


def plant_markup(rng: Random, good: StructuredCaption, language: str, _: Phrases) -> Planted:
    """Bullets of other kinds, HTML breaks, escaped line breaks, headings underlined."""
    sentences = sentences_of(good.long)
    shapes = (
        "\n".join(f"\u2022 {sentence}" for sentence in sentences),
        "\n".join(f"({i}) {sentence}" for i, sentence in enumerate(sentences, start=1)),
        "<br>".join(sentences),
        f"Description\n===========\n{good.long}",
        "\\n".join(sentences),
        f"**Setting**\n{sentences[-1]}\n**Action**\n{good.short}",
        f"{good.short} ![frame](https://example.com/1.png)",
    )
    names = ("markup", "echo", "truncated", "placeholder")
    return changed(good, *names, long=rng.choice(shapes))


def plant_empty(rng: Random, good: StructuredCaption, language: str, _: Phrases) -> Planted:
    """Signs without words."""
    texts = (
        "null",
        '{"short": null}',
        "---",
        "<think>\n</think>\n\n",
        "```",
        '""',
        "\u200b",
        "{ }",
    )
    return Planted(text=rng.choice(texts), names=("empty", "invalid_json", "truncated"))


OTHERS: dict[str, Plant] = PLANTS | {
    "truncated": plant_truncated,
    "repeated": plant_repeated,
    "off_language": plant_off_language,
    "invalid_json": plant_invalid_json,
    "bad_times": plant_bad_times,
    "markup": plant_markup,
    "empty": plant_empty,
}
"""The kinds not named here differ from the others in their words alone."""
