"""The way of the camera through a clause: verbs, and the ways told after them."""

from __future__ import annotations

from dataclasses import dataclass

from captioner.claims.camera_ways import BACKS, phrase_end, read_way
from captioner.claims.camera_words import (
    ANY_OBJECT,
    AUXILIARY,
    CROSSES,
    DENIALS,
    DETERMINERS,
    DOWNS,
    FILMS,
    FOLLOWS,
    GENERIC,
    INS,
    LIGHT_VERBS,
    MOTION,
    MOTION_NOUNS,
    NAMED,
    OUTS,
    PATH,
    POSED,
    PREPOSITIONS,
    SHOWS,
    UNMOVED,
    UPS,
)
from captioner.claims.clauses import Clause, Subject, Word

_HARDLY = frozenset(
    ("slightly", "barely", "minimally", "imperceptibly", "subtly", "little", "slight")
)
_OWN_WAYS = (("up", UPS), ("down", DOWNS), ("in", INS), ("out", OUTS))
_AMOUNTS = frozenset(("little", "bit", "touch", "few", "couple", "tad", "fraction", "quarter"))
_ADJECTIVES = frozenset(("close", "near", "open", "narrow", "level"))
_OPENS = BACKS | frozenset(("open", "opens", "opening", "opened"))
_BEFORE_PLACES = PATH | PREPOSITIONS
_NO_VERBS = AUXILIARY | PREPOSITIONS | POSED
_NEARLY = frozenset(("in", "out", "back"))
_IS = frozenset(("is", "are", "was", "were"))
_MAX_PHRASE = 5
"""Words that a noun phrase may have, on the camera's way past it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a sentence tells of the camera: a claim's value, and its place in the sentence."""

    value: str
    start: int
    end: int


class Walk:
    """Goes through the words of one clause and collects the ways that its verbs tell of."""

    def __init__(self, part: str, clause: Clause, *, is_field: bool) -> None:
        self._part = part
        self._clause = clause
        self._is_field = is_field
        self._found: list[Told] = []
        self._verb: Word | None = None
        self._is_told = True
        self._denied: Word | None = clause.denied_from

    def read(self) -> list[Told]:
        """Return what the clause tells of the camera's movement."""
        clause, words = self._clause, self._clause.words
        subject = "weak" if self._is_field and clause.subject != "strong" else clause.subject
        named_only = subject in ("none", "other")
        if subject == "other" and clause.is_own:
            return []
        i = 0 if self._is_field and not clause.is_own else clause.first
        if clause.is_own and clause.head is not None:
            self._take_noun(words[:i])
        end = -1
        while i < len(words):
            word = words[i]
            if word.start < end:
                i += 1
                continue
            previous = words[i - 1].text if i else ""
            if self._verb is not None and self._try_way(word):
                end = self._found[-1].end if self._found else word.end
                i += 1
                continue
            if word.text in DENIALS:
                self._flush()
                self._denied = word
            elif self._is_verb(words, i, named_only=named_only):
                self._flush()
                self._verb, self._is_told = word, False
            elif word.text in FILMS and not (self._verb and previous in _BEFORE_PLACES):
                if not named_only:
                    self._skip_to_action(words, i)
                break
            elif word.text in SHOWS and not (self._verb and previous in _BEFORE_PLACES):
                self._flush()
            elif word.text == "of" and self._verb is None:
                break
            elif word.text in DETERMINERS:
                step = self._phrase(words, i)
                if step is None:
                    break
                i += step
                continue
            elif self._is_open_verb(word, subject, previous):
                self._flush()
                self._verb, self._is_told = word, True
            i += 1
        self._flush()
        return self._found

    def _is_verb(self, words: tuple[Word, ...], i: int, *, named_only: bool) -> bool:
        text, previous = words[i].text, words[i - 1].text if i else ""
        if text in _ADJECTIVES or (text not in MOTION and not (self._denied and text in UNMOVED)):
            return False
        if named_only:
            is_first = self._clause.subject == "none"
            is_named = text in NAMED and (is_first or text.endswith("ing"))
            return is_named or (is_first and text in ("tilting", "tilts"))
        return not (text in POSED and previous in _IS)

    def _is_open_verb(self, word: Word, subject: Subject | str, previous: str) -> bool:
        """Tell whether an unknown word may be the camera's verb: `the camera saunters left`."""
        return (
            subject == "strong"
            and self._verb is None
            and word.text not in _NO_VERBS
            and word.text.endswith(("s", "ing", "ed"))
            and previous not in PREPOSITIONS
        )

    def _take_noun(self, words: tuple[Word, ...]) -> None:
        """Read `the camera movement is ...` as movement."""
        last = words[-1] if words else None
        if last is not None and last.text in MOTION_NOUNS and len(words) > 1:
            self._verb, self._is_told = last, True

    def _try_way(self, word: Word) -> bool:
        assert self._verb is not None
        known = self._verb.text if self._verb.text in MOTION else "?"
        is_open = known == "?" and self._clause.subject == "strong"
        goes = "push" if is_open and word.text in _NEARLY else known
        way = read_way(self._part, word.start, goes)
        if word.text == "up" and known in _OPENS:
            way = ("out", word.end)
        if way is None:
            return False
        if known == "?" and way[0] in ("up", "down") and word.text in ("up", "down"):
            return False
        while (further := read_way(self._part, way[1] + 1, known)) and further[0] == way[0]:
            way = further
        start = (
            self._verb.start
            if not any(t.start == self._verb.start for t in self._found)
            else word.start
        )
        self._is_told = True
        if self._denied is None:
            self._found.append(Told(way[0], start, way[1]))
            return True
        return False

    def _skip_to_action(self, words: tuple[Word, ...], i: int) -> None:
        """Leave what the camera shows, and read how it goes on to move: `... and pans left`."""
        self._flush()
        self._verb = None
        for j in range(i + 1, len(words) - 1):
            if words[j].text in ("and", "then", "before", "but"):
                rest = [w for w in words[j + 1 :] if not w.text.endswith("ly")]
                if rest and rest[0].text in MOTION and rest[0].text.endswith(("s", "ing")):
                    self._verb, self._is_told = rest[0], False
                    self._clause_rest(words, words.index(rest[0]) + 1)
                    return

    def _clause_rest(self, words: tuple[Word, ...], i: int) -> None:
        for word in words[i:]:
            if word.text in DETERMINERS | SHOWS or self._try_way(word):
                break

    def _phrase(self, words: tuple[Word, ...], i: int) -> int | None:
        """Return how many words a noun phrase has that the camera only passes, None to stop."""
        previous = words[i - 1].text if i else ""
        ahead = [word.text for word in words[i + 1 : i + 1 + _MAX_PHRASE]]
        if ahead and ahead[0] in _AMOUNTS:
            return 2
        verb = self._verb.text if self._verb is not None else ""
        if ahead[:1] == ["way"]:
            self._verb, self._is_told = words[i + 1], False
            return 2
        if (previous in LIGHT_VERBS and not verb) or verb in LIGHT_VERBS:
            for j, text in enumerate(ahead):
                if text in MOTION_NOUNS:
                    self._verb, self._is_told = words[i + 1 + j], False
                    return j + 2
        passes = previous in PATH and bool(verb)
        passes |= verb in CROSSES and previous == verb
        passes |= verb in FOLLOWS and any(text in ANY_OBJECT for text in ahead[:2])
        if not passes:
            return None
        count = 1
        for text in ahead:
            if text in PREPOSITIONS | {"and", "then"} or text.endswith(("ward", "wards")):
                break
            if count > 1 and text in ("left", "right", "up", "down"):
                break
            count += 1
        return count

    def _flush(self) -> None:
        """Take the last verb for what it tells alone: `rises`, `approaches`, `does not move`."""
        verb, self._verb = self._verb, None
        if verb is None or self._is_told:
            return
        clause = self._clause
        if self._denied is not None:
            if verb.text in UNMOVED and clause.subject in ("strong", "weak") and clause.head:
                start = min(clause.head.start, self._denied.start)
                if self._denied.start < clause.words[0].start or not clause.is_own:
                    start = clause.words[0].start
                self._found.append(Told("still", start, verb.end))
            return
        end = phrase_end(self._part, verb.end)
        for value, verbs in _OWN_WAYS:
            if verb.text in verbs:
                self._found.append(Told(value, verb.start, end))
                return
        is_clear = clause.subject == "strong" or self._is_field
        slight = any(word.text in _HARDLY for word in clause.words)
        if is_clear and verb.text in GENERIC and (ahead := self._told_ahead(verb)):
            self._found.append(Told(ahead, clause.words[0].start, verb.end))
        elif is_clear and verb.text in GENERIC and not slight:
            self._found.append(Told("moves", verb.start, end))

    def _told_ahead(self, verb: Word) -> str:
        """Return the way that stands before the subject: `from right to left the camera sweeps`."""
        head = self._clause.head
        for word in self._clause.words:
            if head is None or word.start >= head.start or not self._clause.is_own:
                break
            if (way := read_way(self._part, word.start, "?")) and way[1] < head.start:
                return way[0]
        return ""
