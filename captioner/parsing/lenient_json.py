"""Read JSON as models write it: quotes, commas and closers missing, or cut off in the middle."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

MAX_CHARACTERS = 60_000
"""Of a longer text, the beginning is read."""
MAX_DEPTH = 12
"""What is nested deeper is taken for cut off."""
_MAX_STARTS = 200

_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_NAMES = {"true": True, "false": False, "null": None, "none": None, "undefined": None}
_GAP = re.compile(r"(?:[\s,;]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_BARE_END = re.compile(r"[,;}\]\n]")
# What may follow the closing quote: of a key; of a value in an object; of a value in an array.
_Q = "[\"'\u201c\u2018]"
_KEY = rf"(?:{_Q}[\w -]{{1,40}}[\"'\u201d\u2019]|[A-Za-z_]\w{{0,40}})\s{{0,9}}:"
_CLOSES = {
    "key": re.compile(r"\s{0,64}[:=]"),
    "object": re.compile(
        rf"\s{{0,64}}(?:$|[}}\]]|[,;][\s,;]{{0,64}}(?:$|[}}\]]|{_KEY}|//)|{_KEY})"
    ),
    "array": re.compile(
        rf"\s{{0,64}}(?:$|[}}\]]|[,;][\s,;]{{0,64}}(?:$|{_Q}|[{{\[}}\]\d-]|null|//)|(?<=\s){_Q})"
    ),
}
_NEXT_LINE = re.compile(rf",?[ \t]*\n\s{{0,64}}{_Q}[\w -]{{1,40}}[\"'\u201d\u2019]\s{{0,9}}:")


@dataclass(slots=True)
class Found:
    """An object read from a text: its place, what had to be mended, whether it was whole."""

    value: dict[str, Any]
    start: int
    end: int
    repairs: tuple[str, ...] = ()
    is_whole: bool = True


def find_objects(text: str) -> list[Found]:
    """Return the JSON objects of a text that do not lie in one another, in order.

    A whole, correct object needs no repair. Of one that is cut off, the elements before the
    cut are kept that are whole themselves. Strings hold nothing but characters of the text.
    Never raises; reads at most `MAX_CHARACTERS`.
    """
    text = text[:MAX_CHARACTERS]
    found: list[Found] = []
    place = text.find("{")
    strict = json.JSONDecoder(strict=False)
    while place >= 0 and len(found) < _MAX_STARTS:
        try:
            value, end = strict.raw_decode(text, place)
            one = Found(value=value, start=place, end=end)
        except (ValueError, RecursionError):
            reader = _Reader(text=text, at=place)
            read, whole = reader.read_object(0)
            repairs = tuple(sorted(reader.repairs))
            one = Found(value=read, start=place, end=reader.at, repairs=repairs, is_whole=whole)
        found.append(one)
        place = text.find("{", max(one.end, place + 1))
    return found


@dataclass(slots=True)
class _Reader:
    """Reads from `at` on. Every read gives a value and whether it was whole."""

    text: str
    at: int
    repairs: set[str] = field(default_factory=set)

    def read_object(self, depth: int) -> tuple[dict[str, Any], bool]:
        self.at += 1
        result: dict[str, Any] = {}
        while True:
            self._skip_gap()
            here = self._char()
            if not here:
                self.repairs.add("missing closer")
                return result, False
            if here == "}":
                self.at += 1
                return result, True
            if here == "]":
                # The wrong closer: an array around this object may own it.
                self.repairs.add("wrong closer")
                self.at += depth == 0
                return result, True
            key, whole = self._key()
            if not whole or self._char() not in (":", "="):
                if not self._char():
                    return result, False
                self.repairs.add("key without value")
                self.at += self._char() not in "},]" and not key
                continue
            self.at += 1
            value, whole = self._value("object", depth + 1)
            if whole or isinstance(value, list | dict):
                result[key] = value
            if not whole:
                return result, False

    def _read_array(self, depth: int) -> tuple[list[Any], bool]:
        self.at += 1
        result: list[Any] = []
        while True:
            self._skip_gap()
            here = self._char()
            if not here:
                self.repairs.add("missing closer")
                return result, False
            if here == "]":
                self.at += 1
                return result, True
            if here == "}":
                self.repairs.add("wrong closer")
                return result, True
            if here == ":":
                self.at += 1
                self.repairs.add("stray colon")
                continue
            value, whole = self._value("array", depth + 1)
            if not whole:
                return result, False
            result.append(value)

    def _value(self, inside: str, depth: int) -> tuple[Any, bool]:
        while self._char().isspace():
            self.at += 1
        here = self._char()
        if not here or depth > MAX_DEPTH:
            self.at = len(self.text)
            return None, False
        if here == "{":
            return self.read_object(depth)
        if here == "[":
            return self._read_array(depth)
        if here in _QUOTES:
            return self._string(inside)
        if here in ",}]":
            self.repairs.add("missing value")
            return None, True
        return self._bare()

    def _key(self) -> tuple[str, bool]:
        if self._char() in _QUOTES:
            key, whole = self._string("key")
        else:
            match = re.compile(r"\w[\w \-]{0,60}").match(self.text, self.at)
            self.repairs.add("key without quotes")
            if match is None:
                self.at += 1
                return "", True
            self.at = match.end()
            key, whole = match[0].strip(), self.at < len(self.text)
        while self._char().isspace():
            self.at += 1
        return key, whole

    def _string(self, inside: str) -> tuple[str, bool]:
        opener = self._char()
        closer = _QUOTES[opener]
        if opener != '"':
            self.repairs.add("other quotes")
        self.at += 1
        parts: list[str] = []
        while self.at < len(self.text):
            here = self.text[self.at]
            if here == "\\":
                parts.append(self._escape())
                continue
            if here == closer and self._closes(inside):
                self.at += 1
                return "".join(parts), True
            if here in ",\n" and inside == "object" and _NEXT_LINE.match(self.text, self.at):
                self.repairs.add("unclosed string")
                return "".join(parts), True
            if here == closer:
                self.repairs.add("quotes inside a string")
            parts.append(here)
            self.at += 1
        return "".join(parts), False

    def _closes(self, inside: str) -> bool:
        return _CLOSES[inside].match(self.text, self.at + 1) is not None

    def _escape(self) -> str:
        code = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        if code != "u":
            return _ESCAPES.get(code, code)
        match = re.compile(r"[0-9a-fA-F]{4}").match(self.text, self.at)
        if match is None:
            return "u"
        self.at = match.end()
        value = int(match[0], 16)
        pair = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})").match(self.text, self.at)
        if 0xD800 <= value < 0xDC00 and pair is not None:
            self.at = pair.end()
            value = 0x10000 + ((value - 0xD800) << 10) + (int(pair[1], 16) - 0xDC00)
        return "" if 0xD800 <= value < 0xE000 else chr(value)

    def _bare(self) -> tuple[Any, bool]:
        match = _BARE_END.search(self.text, self.at)
        end = match.start() if match else len(self.text)
        word = self.text[self.at : end].strip()
        self.at = end
        whole = match is not None
        if word.lower() in _NAMES:
            return _NAMES[word.lower()], whole
        if _NUMBER.fullmatch(word):
            number = float(word)
            return (int(word) if re.fullmatch(r"[+-]?\d{1,15}", word) else number), whole
        self.repairs.add("text without quotes")
        return word, whole

    def _skip_gap(self) -> None:
        match = _GAP.match(self.text, self.at)
        if match is not None:
            self.at = match.end()

    def _char(self) -> str:
        return self.text[self.at : self.at + 1]
