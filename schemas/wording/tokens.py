"""Text to sentences of tokens, and tables of phrases to find in them."""

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from schemas.wording.inflect import participle, past, present, split_verb

Tokens: TypeAlias = list[str]

_CONTRACTIONS = (
    (re.compile(r"\b(does|do|did|is|are|was|were|has|have|wo|would|could|should)n't\b"), r"\1 not"),
    (re.compile(r"\bcan't\b|\bcannot\b"), "can not"),
    (re.compile(r"\b(it|there|that|here)'s\b"), r"\1 is"),
    (re.compile(r"\bthey're\b"), "they are"),
    (re.compile(r"\btravell(ing|ed)\b"), r"travel\1"),
)
_STRAIGHT = str.maketrans("\u2019\u2018\u201c\u201d\u2026", "''\"\".")
_HYPHEN = re.compile(r"(?<=\w)[-\u2010\u2011](?=\w)")
_DASH = re.compile(r"\s[-\u2013\u2014]+\s|[\u2013\u2014]|^\s*[-*\u2022]\s|\.{2,}", re.MULTILINE)
_QUOTED = re.compile(r'"[^"]*"')
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+|[^\w\s]|_")
_ENDS = frozenset(".!;\n")
SPELT_OUT = ":"
"""First token of a sentence that names what the one before it only counts: "two shapes: ..."."""
_ANNOUNCING = frozenset({"objects", "shapes", "things", "figures", "forms", "items", "elements"})


def sentences(text: str) -> list[Tokens]:
    """Return the tokens of every sentence that states something.

    Lower case; hyphens are blanks, dashes, colons and brackets are commas; contractions are
    written out. Questions are left out; what stands in quotes becomes one unknown token.
    """
    text = text.strip().translate(_STRAIGHT)
    if text.count('"') == 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    text = _QUOTED.sub(" \u00a4 ", text.lower())
    for pattern, plain in _CONTRACTIONS:
        text = pattern.sub(plain, text)
    text = text.replace("&", " and ")
    text = _HYPHEN.sub(" ", _DASH.sub(" , ", text)).replace("\n\n", " . ")
    found: list[Tokens] = []
    current: Tokens = []
    for token in _TOKEN.findall(text):
        if token in _ENDS or token == "?":
            if current and token != "?":
                found.append(current)
            current = []
        elif token == ":" and _ANNOUNCING & set(current):
            found.append(current)
            current = [SPELT_OUT]
        elif token in "(:)[]" or token == ",":
            if current and current[-1] != ",":
                current.append(",")
        else:
            current.append(token)
    if current:
        found.append(current)
    for sentence in found:
        while sentence and sentence[-1] == ",":
            sentence.pop()
    return [sentence for sentence in found if sentence and sentence != [SPELT_OUT]]


def listed(text: str) -> list[str]:
    """Return the phrases of a text that parts them by `|`."""
    return text.split("|")


def words(phrase: str) -> tuple[str, ...]:
    """Return a phrase of the lexicon as tokens, hyphens as blanks."""
    return tuple(phrase.replace("-", " ").split())


class Phrases:
    """A table from phrases to values; finds the longest phrase at a place."""

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        table: dict[str, dict[tuple[str, ...], str]] = {}
        for phrase, value in entries:
            tokens = words(phrase)
            table.setdefault(tokens[0], {}).setdefault(tokens, value)
        self._table = {
            first: sorted(found.items(), key=lambda item: -len(item[0]))
            for first, found in table.items()
        }

    def at(self, tokens: Tokens, i: int) -> tuple[str, int] | None:
        """Return the value of the longest phrase at `i` and where it ends, or None."""
        if i >= len(tokens):
            return None
        for phrase, value in self._table.get(tokens[i], ()):
            end = i + len(phrase)
            if tuple(tokens[i:end]) == phrase:
                return value, end
        return None


def phrases_of(*lists: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """Return (phrase, value) of every phrase in maps from value to phrases."""
    return [(phrase, value) for each in lists for value, group in each.items() for phrase in group]


def verb_forms(phrase: str) -> list[str]:
    """Return the phrase with its verb in every form that a caption uses."""
    verb, rest = split_verb(phrase)
    if verb == "be":
        return [form + rest for form in ("be", "is", "are", "was", "were", "being")]
    if phrase.startswith("do not "):
        after = phrase.removeprefix("do not ")
        return [f"{form} not {after}" for form in ("do", "does", "did")] + [
            f"{form}not {participle(after)}" for form in ("", "is ", "are ", "was ", "were ")
        ]
    forms = [verb + rest, present(verb) + rest, participle(verb) + rest]
    if phrase != "leave":
        forms.append(past(verb) + rest)
    return forms


def verb_phrases(entries: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return (form, value) for every form of every verb phrase."""
    return [(form, value) for phrase, value in entries for form in verb_forms(phrase)]


def word_at(tokens: Tokens, i: int) -> str:
    """Return the token at `i`, or an empty string past the end."""
    return tokens[i] if i < len(tokens) else ""


def skip(tokens: Tokens, i: int, *choices: str) -> int:
    """Return the number after the first of the phrases that stands at `i`, or `i`."""
    for choice in choices:
        parts = choice.split()
        if tokens[i : i + len(parts)] == parts:
            return i + len(parts)
    return i
