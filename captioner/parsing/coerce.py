"""Values of a model's JSON -> values of the structured caption, whatever types it chose."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from captioner.caption import Event, Inference, Relation, StructuredCaption, Subject

FIELDS = frozenset(StructuredCaption.model_fields) - {"details"}
"""What a model is asked for."""

_PROSE = ("short", "medium", "long")
_PHRASES = ("setting", "camera", "light", "style")
_OTHER_NAMES = {
    "action": "actions",
    "activities": "actions",
    "background": "setting",
    "brief": "short",
    "camera_motion": "camera",
    "camera_movement": "camera",
    "caption": "long",
    "description": "long",
    "detailed": "long",
    "detailed_caption": "long",
    "detailed_description": "long",
    "environment": "setting",
    "event": "events",
    "lighting": "light",
    "location": "setting",
    "long_caption": "long",
    "long_description": "long",
    "medium_caption": "medium",
    "medium_description": "medium",
    "objects": "subjects",
    "on_screen_text": "text_on_screen",
    "onscreen_text": "text_on_screen",
    "place": "setting",
    "scene": "setting",
    "short_caption": "short",
    "short_description": "short",
    "subject": "subjects",
    "summary": "short",
    "text": "text_on_screen",
    "timed_events": "events",
    "visible_text": "text_on_screen",
    "visual_style": "style",
}
_NOTHING = frozenset(
    (
        "",
        "-",
        "...",
        "\u2026",
        "empty",
        "n/a",
        "na",
        "nil",
        "no text",
        "no text on screen",
        "no text visible",
        "no visible text",
        "none",
        "none visible",
        "not applicable",
        "not visible",
        "nothing",
        "null",
        "undefined",
        "unknown",
        "unspecified",
        "无",
        "没有",
        "未知",
        "没有文字",
    )
)
_NUMBERS = {
    word: number
    for number, words in enumerate(
        (
            "one a an single 一 一个",
            "two couple pair both 两 二 两个",
            "three 三 三个",
            "four 四 四个",
            "five 五",
            "six 六",
            "seven 七",
            "eight 八",
            "nine 九",
            "ten 十",
            "eleven",
            "twelve dozen",
        ),
        start=1,
    )
    for word in words.split()
}
_MAX_COUNT = 1000
_TIME_KEYS = ("time", "times", "timestamp", "timestamps", "span", "interval", "range")
_START_KEYS = ("start_s", "start", "start_time", "starts", "from", "begin", "t0", "t_start")
_END_KEYS = ("end_s", "end", "end_time", "ends", "to", "until", "t1", "t_end")
_EVENT_TEXT = ("text", "event", "description", "action", "caption", "what", "name")
_CLOCK = r"(?:\d{1,2}:)?\d{1,3}:\d{2}(?:[.,]\d+)?|-?\d+(?:[.,]\d+)?"
_TIME = re.compile(rf"\s*({_CLOCK})\s*(?:s|sec|secs|seconds?|秒)?\s*\.?", re.IGNORECASE)
_SPAN = re.compile(
    rf"[\[(<]?\s*(?P<start>{_CLOCK})\s*(?:s|sec|seconds?|秒)?\s*"
    rf"(?:(?:-|\u2013|\u2014|to|until|,|到|至)\s*(?P<end>{_CLOCK})\s*"
    r"(?:s|sec|seconds?|秒)?)?\s*[\])>]?\s*(?P<rest>.*)",
    re.DOTALL | re.IGNORECASE,
)


def rename(key: str) -> str:
    """Return the field that a key means: `Camera Movement` is `camera`."""
    plain = re.sub(r"[\s-]+", "_", str(key).strip().lower())
    return plain if plain in FIELDS else _OTHER_NAMES.get(plain, plain)


def seconds_of(value: object) -> float | None:
    """Return a time in seconds: a number, `3.5 s`, `00:03`, `1:02:03`; None for no time."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) + 0.0 if math.isfinite(value) else None
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    seconds = 0.0
    for part in match[1].replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


@dataclass(slots=True)
class Reading:
    """Reads one object; remembers what it had to mend and whether a time was unusable."""

    repairs: list[str] = field(default_factory=list)
    bad_times: bool = False

    def fields(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of `StructuredCaption` that the object states. Never raises."""
        exact = {key for key in value if key in FIELDS}
        known: dict[str, Any] = {}
        for key, item in value.items():
            name = rename(key)
            if name not in FIELDS:
                self._mended("unknown key")
            elif key == name or (name not in exact and name not in known):
                known[name] = item
        result: dict[str, Any] = {
            name: self._prose(known[name]) for name in _PROSE if name in known
        }
        result |= {name: self._phrase(known[name]) for name in _PHRASES if name in known}
        actions = self._texts(known.get("actions"), "; ")
        events = [self._event(item) for item in self._items(known.get("events"))]
        timed = [event for event in events if isinstance(event, Event)]
        loose = [event for event in events if isinstance(event, str)]
        subjects = [self._subject(item) for item in self._subject_items(known.get("subjects"))]
        relations = [self._relation(item) for item in self._triples(known.get("relations"))]
        result |= {
            "subjects": tuple(subject for subject in subjects if subject is not None),
            "actions": (*actions, *(text for text in loose if text not in actions)),
            "text_on_screen": self._texts(known.get("text_on_screen"), None),
            "events": tuple(sorted(timed, key=lambda event: event.start_s)),
            "relations": tuple(relation for relation in relations if relation is not None),
        }
        result |= {name: self._inference(known.get(name)) for name in ("mood", "story")}
        return result

    def _mended(self, what: str) -> None:
        if what not in self.repairs:
            self.repairs.append(what)

    def _items(self, value: object) -> list[Any]:
        """Return a list of what should be one."""
        if value is None:
            return []
        if isinstance(value, list):
            return [item for part in value for item in (part if isinstance(part, list) else [part])]
        self._mended("one value where a list is wanted")
        return [value]

    def _text(self, value: object, joiner: str) -> str:
        """Return a text; parts of lists and objects are joined, in order. Empty for none."""
        if isinstance(value, str):
            return value.strip()
        if value is None or isinstance(value, bool):
            return ""
        if isinstance(value, int | float):
            self._mended("a number where a text is wanted")
            return str(value) if math.isfinite(value) else ""
        parts: Iterable[object] = ()
        if isinstance(value, dict | list):
            self._mended("parts where a text is wanted")
            parts = value.values() if isinstance(value, dict) else value
        return joiner.join(part for part in (self._phrase(one) for one in parts) if part)

    def _prose(self, value: object) -> str:
        return self._text(value, " ")

    def _phrase(self, value: object) -> str:
        text = self._text(value, ", ")
        if text.lower().strip(" .()[]") in _NOTHING or not re.search(r"\w", text):
            if text:
                self._mended("a word for nothing")
            return ""
        return text

    def _texts(self, value: object, divider: str | None) -> tuple[str, ...]:
        items = self._items(value)
        if divider and isinstance(value, str):
            items = re.split(r"\s*;\s*|\s*\n\s*", value)
        texts = [self._text(item, " ") for item in items]
        return tuple(text for text in texts if self._phrase(text))

    def _subject_items(self, value: object) -> list[Any]:
        if isinstance(value, dict) and value and all(isinstance(v, dict) for v in value.values()):
            self._mended("one value where a list is wanted")
            return [{"name": key, **item} for key, item in value.items()]
        return self._items(value)

    def _subject(self, value: object) -> Subject | None:
        if not isinstance(value, dict):
            text = self._phrase(value)
            head, _, rest = text.partition(" ")
            number = _NUMBERS.get(head.lower(), int(head) if re.fullmatch(r"\d{1,4}", head) else 0)
            self._mended("a text where an object is wanted")
            if rest and 0 < number <= _MAX_COUNT:
                return Subject(name=rest.strip(), count=number)
            return Subject(name=text) if text else None
        name = self._phrase(_first(value, ("name", "subject", "label", "object", "type", "class")))
        if not name:
            return None
        given = _first(value, ("attributes", "attribute", "traits", "description", "appearance"))
        items = list(given.values()) if isinstance(given, dict) else self._items(given)
        if isinstance(given, str):
            items = re.split(r"\s*[,;]\s*", given)
        attributes = [text for text in (self._text(item, " ") for item in items) if text]
        attributes = [text for text in attributes if self._phrase(text)]
        count, word = self._count(_first(value, ("count", "number", "num", "quantity")))
        if count is None:
            return None
        return Subject(name=name, attributes=(*([word] if word else []), *attributes), count=count)

    def _count(self, value: object) -> tuple[int | None, str]:
        """Return a number and, where it is no number, the words for it; None for none at all."""
        if value is None or isinstance(value, bool):
            return 1, ""
        if isinstance(value, str):
            self._mended("a text where a number is wanted")
            plain = value.strip().lower()
            number: float = _NUMBERS.get(plain.removeprefix("a "), math.nan)
            if re.fullmatch(r"\d{1,9}(?:\.0+)?", plain):
                number = float(plain)
            if math.isnan(number):
                return 1, self._phrase(value)
        elif isinstance(value, int | float):
            number = float(value)
        else:
            return 1, ""
        if number == 0:
            return None, ""
        if number % 1 or not 1 <= number <= _MAX_COUNT:
            return 1, f"{number:g}" if math.isfinite(number) and number > 0 else ""
        return int(number), ""

    def _event(self, value: object) -> Event | str | None:
        """Return an event; its text where no time is given; None where a time is unusable."""
        start: object = None
        end: object = None
        if isinstance(value, dict):
            text = self._phrase(_first(value, _EVENT_TEXT))
            start, end = _first(value, _START_KEYS), _first(value, _END_KEYS)
            both = _first(value, _TIME_KEYS)
            if start is None and isinstance(both, list):
                start, end = (*both, None, None)[:2]
            elif start is None and isinstance(both, str) and (span := _SPAN.fullmatch(both)):
                start, end = span["start"], span["end"]
                start = both if span["rest"] else start
            elif start is None:
                start = both
        else:
            text = self._phrase(value)
            if (span := _SPAN.fullmatch(text)) and span["rest"][:1] in (":", "-", "", "\uff1a"):
                start, end = span["start"], span["end"]
                text = span["rest"].lstrip(":\uff1a- ")
            elif (span := _SPAN.fullmatch(text)) and (span["end"] or text[:1] in "[("):
                start, end, text = span["start"], span["end"], span["rest"].strip()
        if not text:
            return None
        if start is None and end is None:
            self._mended("an event without a time")
            return text
        first = seconds_of(start)
        last = seconds_of(end) if end is not None else first
        if first is None or last is None or first < 0 or last < 0:
            self.bad_times = True
            return None
        return Event(start_s=first, end_s=last, text=text)

    def _triples(self, value: object) -> list[Any]:
        """Return relations, keeping `[subject, relation, object]` together."""
        return value if isinstance(value, list) else self._items(value)

    def _relation(self, value: object) -> Relation | None:
        if isinstance(value, dict):
            keys = (("subject", "from", "a"), ("relation", "predicate", "position"))
            parts = [_first(value, names) for names in (*keys, ("object", "target", "to", "b"))]
        else:
            parts = list(value) if isinstance(value, list) else []
        texts = [self._phrase(part) for part in parts]
        if len(texts) != 3 or not all(texts):
            self._mended("an incomplete relation")
            return None
        return Relation(subject=texts[0], relation=texts[1], object=texts[2])

    def _inference(self, value: object) -> Inference | None:
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, dict):
            text, evidence = self._phrase(value.get("text")), self._phrase(value.get("evidence"))
            if text and evidence:
                return Inference(text=text, evidence=evidence)
        if value:
            self._mended("an inference without evidence")
        return None


def _first(value: dict[str, Any], keys: Iterable[str]) -> Any:
    for key in keys:
        if value.get(key) is not None:
            return value[key]
    return None
