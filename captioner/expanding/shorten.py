"""Make a long prompt fit the generator's text encoder, and know what went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from captioner.expanding.facts_kept import facts_kept
from captioner.expanding.intent import content_words
from captioner.expanding.ngrams import words_of
from schemas.facts import Facts
from schemas.wording.read import read, split_sentences

_NUMBER_OF_QUOTE = 5.0
_GENERAL = frozenset(
    """look looks impression overall viewer feeling mood atmosphere quality composition beautiful
    stunning masterpiece detailed cinematic picture image nothing everything story eye attention
    simple sense emotion emotional words describe evokes conveys reminds ultimately generally
    kind sort whole seen""".split()  # noqa: SIM905
)
"""Words of remarks about the picture as such."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortened:
    """A text that fits, and the sentences that had to go, in their order."""

    text: str
    dropped: tuple[str, ...]


def shorten(text: str, *, fits: Callable[[str], bool]) -> Shortened:
    """Return the text without its least telling sentences, so that it passes `fits`.

    A sentence that carries facts of the world goes only after all that carry none; among
    those, remarks in general words go first, then those that say least that is new, later
    ones before earlier ones. Where one sentence is too long by itself, its end is cut off.
    """
    parts = split_sentences(text) or [text]
    facts = read(text)
    kept = list(range(len(parts)))

    def joined(numbers: list[int]) -> str:
        return " ".join(parts[i] for i in numbers)

    while len(kept) > 1 and not fits(joined(kept)):
        weights = _telling([parts[i] for i in kept])
        costs = [
            (_lost(facts, joined(kept[:i] + kept[i + 1 :])), weights[i], -i)
            for i in range(len(kept))
        ]
        kept.pop(min(range(len(kept)), key=lambda i: costs[i]))
    short = joined(kept)
    dropped = tuple(part for i, part in enumerate(parts) if i not in kept)
    if not fits(short):
        short, rest = _cut(short, fits)
        dropped = (*dropped, rest)
    return Shortened(text=short, dropped=dropped)


def _lost(facts: Facts, text: str) -> int:
    kept = facts_kept(facts, read(text))
    return len(kept.missing) + len(kept.added)


def _telling(sentences: list[str]) -> list[float]:
    """Return for each sentence how much it says that no other says, general words left out."""
    words = [
        [word for word in content_words(sentence) if word not in _GENERAL] for sentence in sentences
    ]
    common = Counter(word for each in words for word in set(each))
    found = []
    for sentence, each in zip(sentences, words, strict=True):
        new = sum(1 / common[word] for word in set(each))
        signs = sum(character.isdigit() or character in '"“”' for character in sentence)
        general = sum(word in _GENERAL for word in words_of(sentence))
        found.append(new + _NUMBER_OF_QUOTE * (signs > 0) - 3.0 * general)
    return found


def _cut(text: str, fits: Callable[[str], bool]) -> tuple[str, str]:
    """Return as many whole words from the beginning as fit, and the rest.

    Text without blanks is cut between characters.
    """
    words, link = (text.split(), " ") if " " in text else (list(text), "")
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(link.join(words[:middle])) else (low, middle - 1)
    return link.join(words[:low]), link.join(words[low:])
