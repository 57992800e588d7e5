"""What a model wrote -> a structured caption; and the form that it is asked to keep to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from captioner.caption import StructuredCaption
from captioner.gating.loops import find_loop
from captioner.gating.refusals import is_refusal
from captioner.parsing.coerce import FIELDS, Reading, rename
from captioner.parsing.lenient_json import Found, find_objects
from captioner.request import Prompting

MAX_LENGTHS = {"short": 300, "medium": 700, "long": 1600}
"""Characters of prose that guided decoding allows; no caption that we want is longer."""
_PHRASE = 160
_NAME = 60

_THOUGHT = re.compile(
    r"<(think|thinking|thought|reasoning)>.*?</\1>|\u25c1think\u25b7.*?\u25c1/think\u25b7",
    re.DOTALL | re.IGNORECASE,
)
_THOUGHT_END = re.compile(
    r"</(?:think|thinking|thought|reasoning)>|\u25c1/think\u25b7", re.IGNORECASE
)
_THOUGHT_BEGIN = re.compile(
    r"<(?:think|thinking|thought|reasoning)>|\u25c1think\u25b7", re.IGNORECASE
)
_SPECIAL = re.compile(
    r"<\|[\w ]{1,40}\|>|<(?:end_of_utterance|eos|bos|pad|end_of_turn|start_of_turn)>|</?s>"
)
_FENCE = re.compile(r"^\s*(?:```|~~~)[\w-]*[ \t]*$|```(?:json)?", re.MULTILINE | re.IGNORECASE)
_WRAPPED = re.compile(r"^[\"\u201c](?P<inside>[^\"\u201c\u201d]*)[\"\u201d]$", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What came of an answer, and what had to be mended.

    `status` is `ok`, or with a caption: `truncated` (what follows the cut is missing) or
    `bad_times` (events without a usable time are missing); without one: `empty`, `refused`,
    `repeated`, `truncated`, `invalid_json`.
    """

    caption: StructuredCaption | None
    status: str
    repairs: tuple[str, ...] = ()


def json_schema(prompting: Prompting, *, bounded: bool = True) -> dict[str, Any]:
    """Return the JSON schema of an answer, for guided decoding: strict, every key required.

    Lists and strings are bounded so that an answer cannot run away; `bounded=False` leaves
    the bounds out for servers that refuse them. `simple` has fewer fields; `prose`, which has
    no form, is one string.
    """

    def text(limit: int) -> dict[str, Any]:
        return {"type": "string", "maxLength": limit} if bounded else {"type": "string"}

    def several(item: dict[str, Any], limit: int) -> dict[str, Any]:
        bound = {"maxItems": limit} if bounded else {}
        return {"type": "array", "items": item, **bound}

    def record(properties: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    seconds = {"type": "number", "minimum": 0} if bounded else {"type": "number"}
    count = {"type": "integer", "minimum": 1, "maximum": 1000} if bounded else {"type": "integer"}
    subject = record({"name": text(_NAME), "attributes": several(text(_NAME), 8), "count": count})
    event = record({"start_s": seconds, "end_s": seconds, "text": text(_PHRASE)})
    relation = record({"subject": text(_NAME), "relation": text(_NAME), "object": text(_NAME)})
    inference = {"anyOf": [record({"text": text(_PHRASE), "evidence": text(_PHRASE)}), _NULL]}
    properties: dict[str, Any] = {
        **{name: text(limit) for name, limit in MAX_LENGTHS.items()},
        "subjects": several(subject, 12),
        "actions": several(text(_PHRASE), 12),
        "setting": text(_PHRASE),
        "camera": text(_PHRASE),
        "light": text(_PHRASE),
        "style": text(_PHRASE),
        "text_on_screen": several(text(_PHRASE), 12),
        "events": several(event, 16),
        "relations": several(relation, 12),
        "mood": inference,
        "story": inference,
    }
    if prompting == "prose":
        return text(MAX_LENGTHS["long"])
    if prompting == "simple":
        kept = ("short", "long", "subjects", "actions", "setting", "camera")
        properties = {name: properties[name] for name in kept}
    return record(properties)


_NULL: dict[str, Any] = {"type": "null"}


def parse(text: str, prompting: Prompting) -> Parsed:
    """Return the caption in an answer, mended where that is safe. Never raises.

    Thoughts, code fences and prose around the JSON are dropped, unknown keys are ignored,
    other spellings of keys and types are understood. The caption states nothing that is not
    in the text: what is half said is left out.
    """
    repairs: list[str] = []
    said = _answer_proper(text, repairs)
    if not re.search(r"\w", said):
        cut = bool(_THOUGHT_BEGIN.search(text)) and not _THOUGHT_END.search(text)
        return Parsed(caption=None, status="truncated" if cut else "empty")
    found = _best(find_objects(said))
    if found is None:
        if prompting == "prose":
            return _as_prose(said, repairs)
        return Parsed(caption=None, status=_why_none(said), repairs=tuple(repairs))
    if found.start > 0 or found.end < len(said):
        repairs.append("text around the JSON")
    return _as_caption(found, repairs)


def _answer_proper(text: str, repairs: list[str]) -> str:
    """Return the answer without thoughts, special tokens and code fences."""
    said = _THOUGHT.sub(" ", text)
    if closers := list(_THOUGHT_END.finditer(said)):
        said = said[closers[-1].end() :]
    if opener := _THOUGHT_BEGIN.search(said):
        said = said[: opener.start()]
    if said != text:
        repairs.append("thoughts")
    plain = _FENCE.sub("", _SPECIAL.sub("", said))
    if plain != said:
        repairs.append("fences or special tokens")
    return plain.strip()


def _best(objects: list[Found]) -> Found | None:
    """Return the object that knows most of our fields, the later of equals, unwrapped."""
    best: tuple[int, Found] | None = None
    for found in objects:
        value = _unwrapped(found.value)
        known = _num_known(value)
        if known and (best is None or known >= best[0]):
            one = Found(
                value=value,
                start=found.start,
                end=found.end,
                repairs=found.repairs,
                is_whole=found.is_whole,
            )
            best = (known, one)
    return best[1] if best else None


def _unwrapped(value: dict[str, Any]) -> dict[str, Any]:
    """Return the object inside objects of one entry: `{"caption": {...}}`."""
    for _ in range(3):
        inner = [item for item in value.values() if isinstance(item, dict)]
        if len(inner) != 1 or _num_known(inner[0]) <= _num_known(value):
            break
        value = inner[0]
    return value


def _num_known(value: dict[str, Any]) -> int:
    return len({rename(key) for key in value} & FIELDS)


def _as_caption(found: Found, repairs: list[str]) -> Parsed:
    reading = Reading()
    fields = reading.fields(found.value)
    mended = tuple(dict.fromkeys([*repairs, *found.repairs, *reading.repairs]))
    try:
        caption = StructuredCaption(**fields)
    except (ValueError, TypeError):
        return Parsed(caption=None, status="invalid_json", repairs=mended)
    if not any(value for value in fields.values()):
        status = "empty" if found.is_whole else "truncated"
        return Parsed(caption=None, status=status, repairs=mended)
    status = "truncated" if not found.is_whole else "bad_times" if reading.bad_times else "ok"
    return Parsed(caption=caption, status=status, repairs=mended)


def _as_prose(said: str, repairs: list[str]) -> Parsed:
    """Return the whole answer as the long text; the gate judges what is in it."""
    wrapped = _WRAPPED.match(said)
    if wrapped:
        said = wrapped["inside"].strip()
        repairs.append("quotes around the text")
    if said.startswith(("{", "[")):
        return Parsed(caption=None, status=_why_none(said), repairs=tuple(repairs))
    return Parsed(caption=StructuredCaption(long=said), status="ok", repairs=tuple(repairs))


def _why_none(said: str) -> str:
    """Return the most telling reason why there is no caption in an answer."""
    if is_refusal(said):
        return "refused"
    if find_loop(said):
        return "repeated"
    opened = said.count("{") > said.count("}") or said.count("[") > said.count("]")
    return "truncated" if opened else "invalid_json"
