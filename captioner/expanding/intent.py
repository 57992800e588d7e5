"""How much of a prompt another text still says, in general: by words, numbers, quotes, denials.

For prompts about the world, facts are exact (`facts_kept`); this is for all others. Order and
inflection do not matter; what belongs together must stay together: a colour or a number with
its noun, a denial with what it denies, quoted text letter by letter.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from captioner.expanding.words import (
    ASKING,
    COLOUR_WORDS,
    DENIALS,
    NUMBER_WORDS,
    STOP_WORDS,
    stem,
)

WINDOW = 4
"""A number, colour or denial belongs to a noun at most so many words away."""
_WORD = re.compile(
    r"[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af]|[^\W\d_]+(?:'[^\W\d_]+)?|\d+(?:[.,]\d+)*|[.;:!?,]"
)
_QUOTED = re.compile(
    r"\"([^\"]+)\"|“([^”]+)”|「([^」]+)」|『([^』]+)』|«([^»]+)»|(?<!\w)'([^']+)'(?!\w)"
)
_PAUSES = frozenset(".;:!?,")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentKept:
    """What a prompt asks for, item by item, and which items a text does not say."""

    num_wanted: int
    missing: tuple[str, ...]

    @property
    def recall(self) -> float:
        """Share of the items that are said; 1 where the prompt asks for nothing."""
        return 1.0 if not self.num_wanted else 1 - len(self.missing) / self.num_wanted


def intent_recall(prompt: str, text: str) -> float:
    """Return the share (0..1) of what `prompt` asks for that `text` says."""
    return intent_kept(prompt, text).recall


def intent_kept(prompt: str, text: str) -> IntentKept:
    """Return what of `prompt` is said in `text`.

    Items: each content word (stem), each quoted text, each number with its noun, each colour
    with its noun, each denial with what it denies (and not affirmed elsewhere).
    """
    quotes = [next(part for part in match.groups() if part) for match in _QUOTED.finditer(prompt)]
    ours, theirs = _tokens(_QUOTED.sub(" ", prompt)), _tokens(text)
    said = {word for word in theirs if word not in _PAUSES}
    wanted: list[str] = []
    missing: list[str] = []

    def ask(item: str, *, found: bool) -> None:
        wanted.append(item)
        if not found:
            missing.append(item)

    for quote in dict.fromkeys(quotes):
        ask(f'"{quote}"', found=_plain(quote) in _plain(text))
    denied = _bound(ours, DENIALS)
    for word in dict.fromkeys(_content(ours)):
        ask(word, found=word in said)
    theirs_denied = {noun for _, noun in _bound(theirs, DENIALS)}
    for _, noun in denied:
        affirmed = sum(word == noun for word in theirs) > sum(
            found == noun for _, found in _bound(theirs, DENIALS, unique=False)
        )
        ask(f"not {noun}", found=noun in theirs_denied and not affirmed)
    for name, table in (("number", NUMBER_WORDS), ("colour", COLOUR_WORDS)):
        there = _pairs(theirs, table)
        for value, noun in _bound(ours, table):
            ask(f"{name} {value} {noun}", found=(value, noun) in there)
    return IntentKept(num_wanted=len(wanted), missing=tuple(missing))


def content_words(text: str) -> list[str]:
    """Return the stems of the words that carry meaning, in order."""
    return _content(_tokens(text))


def _content(tokens: list[str]) -> list[str]:
    return [word for word in tokens if word not in _PAUSES and _is_content(word)]


def _is_content(word: str) -> bool:
    return word not in STOP_WORDS and word not in ASKING and word not in DENIALS


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _tokens(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    plain = re.sub(r"n't\b", " not", plain)
    found = []
    for token in _WORD.findall(plain):
        token = token.removesuffix("'s")
        if token in NUMBER_WORDS or token in COLOUR_WORDS:
            found.append(NUMBER_WORDS.get(token) or COLOUR_WORDS[token])
        elif token in _PAUSES or token in STOP_WORDS or token in DENIALS or token in ASKING:
            found.append(token)
        else:
            found.append(stem(token))
    return found


def _bound(
    tokens: list[str], table: frozenset[str] | dict[str, str], *, unique: bool = True
) -> list[tuple[str, str]]:
    """Return (word of the table, stem of the noun that it goes before), up to a pause.

    The noun is the last content word of the run that follows, other colours and numbers left
    out: `red sports car` gives (red, car).
    """
    values = set(table.values()) if isinstance(table, dict) else table
    found: list[tuple[str, str]] = []
    for i, token in enumerate(tokens):
        if token not in values:
            continue
        noun = ""
        for word in tokens[i + 1 : i + 1 + WINDOW]:
            if word in _PAUSES or (noun and not _is_content(word)):
                break
            if _is_content(word) and word not in _COLOURS and word not in _NUMBERS:
                noun = noun or word
        if noun and not (unique and (token, noun) in found):
            found.append((token, noun))
    return found


def _pairs(tokens: list[str], table: dict[str, str]) -> set[tuple[str, str]]:
    """Return every (word, noun) that stand together in a text, before the noun or after it.

    Before: within `WINDOW` words and one phrase. After: `the car is red`.
    """
    values = set(table.values())
    found: set[tuple[str, str]] = set()
    for i, token in enumerate(tokens):
        if token not in values:
            continue
        for word in tokens[i + 1 : i + 1 + WINDOW]:
            if word in _PAUSES and word != ",":
                break
            if word in values and table is COLOUR_WORDS and tokens[i + 1] != "and":
                break
            if _is_content(word):
                found.add((token, word))
        if i > 1 and tokens[i - 1] in ("is", "are", "was", "were", "in"):
            found |= {(token, word) for word in tokens[max(0, i - 3) : i - 1] if _is_content(word)}
    return found


_COLOURS = frozenset(COLOUR_WORDS.values())
_NUMBERS = frozenset(NUMBER_WORDS.values())
