"""Make a long prompt fit the generator's text encoder, and know what went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from captioner.expanding.facts_kept import facts_kept
from captioner.expanding.intent import content_words
from captioner.expanding.ngrams import words_of
from captioner.expanding.words import COLOUR_WORDS
from schemas.facts import Facts
from schemas.wording.inflect import participle, present
from schemas.wording.lexicon import ALSO, SAY
from schemas.wording.read import read, split_sentences

_NUMBER_OR_QUOTE = 5.0
_SEEN_WORD = 2.0
_GENERAL_WORD = 3.0
_GENERAL = frozenset(
    """look looks impression overall viewer feeling mood atmosphere quality composition beautiful
    stunning masterpiece detailed cinematic picture image nothing everything story eye attention
    simple sense emotion emotional words describe evokes conveys reminds ultimately generally
    kind sort whole seen""".split()  # noqa: SIM905
)
"""Words of remarks about the picture as such."""
_ALSO_SEEN = frozenset(
    """camera background backdrop foreground light lighting shadow shading outlines colours colors
    corner edge zooms pans tilts walks runs wears holds stands sits sky street room""".split()  # noqa: SIM905
)
_PEOPLE = frozenset(("i", "we", "you", "my", "our", "your", "me", "us", "please", "i'd", "i'm"))
"""Who speaks of himself and to us does not speak of what is to be seen."""


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

    num_lost = 0

    def joined(numbers: list[int]) -> str:
        return " ".join(parts[i] for i in numbers)

    while len(kept) > 1 and not fits(joined(kept)):
        weights = _telling([parts[i] for i in kept])
        order = sorted(range(len(kept)), key=lambda i: (weights[i], -i))
        losses = []
        for i in order:
            losses.append(_lost(facts, joined(kept[:i] + kept[i + 1 :])))
            if losses[-1] == num_lost:
                break
        num_lost = min(losses)
        kept.pop(order[losses.index(num_lost)])
    short = joined(kept)
    dropped = tuple(part for i, part in enumerate(parts) if i not in kept)
    if not fits(short):
        short, rest = _cut(short, fits)
        dropped = (*dropped, rest)
    return Shortened(text=short, dropped=dropped)


@cache
def _seen_words() -> frozenset[str]:
    """Return words for what can be seen: colours, shapes, sizes, places, motion, camera, light."""
    phrases = [
        phrase
        for table in (SAY, ALSO)
        for name in ("colour", "shape", "size", "action", "direction", "change", "speed", "camera")
        for group in table.get(name, {}).values()
        for phrase in group
    ]
    found = {word for phrase in phrases for word in phrase.split()} - {"a", "the", "its", "do"}
    found |= {form for word in found for form in (present(word), participle(word))}
    return frozenset(found | set(COLOUR_WORDS) | _ALSO_SEEN)


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
    seen = _seen_words()
    for sentence, each in zip(sentences, words, strict=True):
        new = sum(1 / common[word] for word in set(each))
        signs = sum(character.isdigit() or character in '"“”' for character in sentence)
        general = sum(word in _GENERAL or word in _PEOPLE for word in words_of(sentence))
        shown = sum(word in seen for word in words_of(sentence))
        found.append(
            new + _NUMBER_OR_QUOTE * (signs > 0) + _SEEN_WORD * shown - _GENERAL_WORD * general
        )
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
