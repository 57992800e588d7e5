"""Who is who in a story: later mentions get the full description of the first.

By rules, in English and for the world's nouns in Chinese: `it`, `she`, `the dog`, `Anna`. What
the rules cannot tell stays as it is written.
"""

# ruff: noqa: RUF001

from __future__ import annotations

import re
from dataclasses import dataclass, field

from captioner.expanding.naming_words import (
    ARTICLES,
    COLOURED,
    HE,
    MAY_LEAD,
    NO_NAMES,
    NOT_CAST,
    NOUNS_IN_ING,
    PERSON,
    POSSESSIVE,
    PRONOUNS,
    SHE,
    STOPS,
    VERBS,
    WORN,
)
from captioner.expanding.words import NUMBER_WORDS

_WORD = re.compile(r"[A-Za-z][\w'-]*|[^\w\s]|\d+")
_SHAPE_ZH = r"(?:正方形|三角形|五角星|圆形|方块|星形|星星|圆圈|圆球|方形|圆|球|星)"
_NEW_ZH = re.compile(rf"[一两三四][个颗只](?:[^，。！？；、一两三四]{{0,12}}?){_SHAPE_ZH}")
_OLD_ZH = re.compile(rf"它们|它|(?:这|那)[个颗只]{_SHAPE_ZH}")


@dataclass(slots=True)
class Character:
    """Somebody or something that the story speaks of again.

    `described` is what it is called where a shot names it first, `core` the same without what
    it wears or holds, `head` its noun, `kind` the pronoun that stands for it. `last_subject` is
    the number of the last sentence that it was the subject of, -1 for none.
    """

    described: str
    head: str
    kind: str
    core: str
    name: str = ""
    last_subject: int = -1


@dataclass(slots=True)
class Cast:
    """Those that were named so far, the latest last, and who is in the present shot."""

    members: list[Character] = field(default_factory=list)
    present: list[Character] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)
    num_sentences: int = 0
    latest: Character = field(
        default_factory=lambda: Character(described="", head="", kind="", core="")
    )
    """Whom the last mention meant."""

    def begin_shot(self) -> None:
        """Forget who is present: the next shot stands alone."""
        self.present, self.carried = [], []

    def tell(self, sentence: str) -> str:
        """Return one sentence of the present shot, those known from before written out."""
        self.num_sentences += 1
        if re.search(r"[\u4e00-\u9fff]", sentence):
            return self._tell_chinese(sentence)
        tokens = list(_WORD.finditer(sentence))
        found: list[str] = []
        end, i = 0, 0
        while i < len(tokens):
            change = self._mention(sentence, tokens, i)
            if change is None:
                i += 1
                continue
            text, after = change
            start = tokens[i].start()
            before = [token.group().lower() for token in tokens[:i]]
            if i == 0 or not STOPS.intersection(before) - MAY_LEAD:
                self.latest.last_subject = self.num_sentences
            found += [sentence[end:start], _like(text, sentence, start)]
            end, i = tokens[after - 1].end(), after
        told = "".join([*found, sentence[end:]])
        self._recolour(told)
        return re.sub(r",\s*([,.;!?])", r"\1", told)

    def go_on(self, subject: Character, rest: str) -> str:
        """Return a sentence without its subject, who is present from here on."""
        self._enter(subject)
        subject.last_subject = self.num_sentences + 1
        return self.tell(rest)

    def subject(self) -> str:
        """Return the description of the one that was named first in this shot; may be empty."""
        return self.present[0].described if self.present else ""

    def _mention(
        self, sentence: str, tokens: list[re.Match[str]], i: int
    ) -> tuple[str, int] | None:
        """Return what to write for the mention at token `i` and the token after it, or None."""
        word = tokens[i].group()
        lower = word.lower()
        if lower in PRONOUNS:
            return self._pronoun(lower, tokens, i)
        if lower == "the":
            return self._known(tokens, i)
        if lower in ARTICLES or (lower in NUMBER_WORDS and lower not in ("1", "one")):
            end = _noun_end(tokens, i + 1, singular=lower in ARTICLES)
            if end <= i + 1:
                return None
            head = tokens[end - 1].group().lower()
            if head in NOT_CAST:
                return None
            phrase_end = _with_looks(tokens, end)
            text = sentence[tokens[i].start() : tokens[phrase_end - 1].end()]
            core = sentence[tokens[i].start() : tokens[end - 1].end()]
            many = lower in NUMBER_WORDS and lower != "one"
            self._introduce(_small(text), head, core=_small(core), many=many)
            return text, phrase_end
        if word[0].isupper() and lower not in NO_NAMES and not word.isupper():
            return self._named(sentence, tokens, i)
        return None

    def _pronoun(self, word: str, tokens: list[re.Match[str]], i: int) -> tuple[str, int] | None:
        kind = PRONOUNS[word]
        present = [member for member in self.present if member.kind == kind]
        if present:
            self.latest = present[-1]
            return None
        who = self._latest_of(kind)
        if who is None and kind in ("he", "she"):
            who = self._latest_of("person")
            if who is not None:
                who.kind = kind
        if who is None and kind == "they" and len(self.members) > 1 and not self.present:
            both = self.members[-2:]
            self._enter(*both)
            own = "'s" if word in POSSESSIVE else ""
            return f"{both[0].core} and {both[1].core}{own}", i + 1
        if who is None:
            return None
        self._enter(who)
        after = tokens[i + 1].group() if i + 1 < len(tokens) else "."
        owns = word in POSSESSIVE or (
            word == "her" and after.isalpha() and after.lower() not in STOPS
        )
        pause = "," if "," in who.described and after.isalpha() else ""
        return f"{who.core}'s" if owns else f"{who.described}{pause}", i + 1

    def _latest_of(self, kind: str) -> Character | None:
        """Return the one of a kind that was the subject last, or else was named last."""
        alike = [who for who in self.members if who.kind == kind]
        return max(alike, key=lambda who: who.last_subject) if alike else None

    def _known(self, tokens: list[re.Match[str]], i: int) -> tuple[str, int] | None:
        """Find who is meant by `the dog`, `the small brown dog`."""
        for end in range(i + 2, min(i + 6, len(tokens) + 1)):
            *said, head = [token.group().lower() for token in tokens[i + 1 : end]]
            for who in reversed(self.members):
                if who.head != head or not set(said) <= set(who.described.lower().split()):
                    continue
                self.latest = who
                if who in self.present:
                    return None
                self._enter(who)
                return who.described, end
        return None

    def _named(self, sentence: str, tokens: list[re.Match[str]], i: int) -> tuple[str, int] | None:
        name = tokens[i].group().removesuffix("'s")
        own = "'s" if tokens[i].group().endswith("'s") else ""
        who = next((one for one in self.members if one.name == name), None)
        if who is not None:
            self.latest = who
            if who in self.present:
                return None
            self._enter(who)
            pause = "," if "," in who.described and not own else ""
            return f"{name}{own}" if own else f"{who.described}{pause}", i + 1
        at_start = i == 0
        after = tokens[i + 1].group() if i + 1 < len(tokens) else ""
        if after == "," and i + 2 < len(tokens) and tokens[i + 2].group().lower() in ("a", "an"):
            end = _with_looks(tokens, _noun_end(tokens, i + 3, singular=True))
            looks = sentence[tokens[i + 2].start() : tokens[end - 1].end()]
            head_end = _noun_end(tokens, i + 3, singular=True)
            head = tokens[head_end - 1].group().lower()
            self._introduce(f"{name}, {looks}", head, core=name, name=name)
            return sentence[tokens[i].start() : tokens[end - 1].end()], end
        is_verb = bool(re.search(r"(?:s|ed)$", after)) or after.lower() in VERBS | {"is", "was"}
        if at_start and not is_verb:
            return None
        if not at_start and sentence[tokens[i].start() - 2 : tokens[i].start()].strip() in ".!?":
            return None
        self._introduce(name, "", core=name, name=name)
        return None

    def _introduce(
        self, described: str, head: str, *, core: str, name: str = "", many: bool = False
    ) -> None:
        kind = "they" if many else "she" if head in SHE else "he" if head in HE else "it"
        if kind == "it" and (head in PERSON or (name and not head)):
            kind = "person"
        who = Character(described=described, head=head, kind=kind, core=core, name=name)
        self.latest = who
        self.members.append(who)
        self.present.append(who)

    def _enter(self, *who: Character) -> None:
        self.latest = who[0]
        for one in who:
            self.members.remove(one)
            self.members.append(one)
            self.present.append(one)
            self.carried.append(one.described)

    def _recolour(self, told: str) -> None:
        """Remember a colour that something has taken on: `turns blue`."""
        found = re.search(
            r"\b(?:turn(?:s|ed|ing)?|becom(?:es|ing)|became)\s+(?:a\s+)?(\w+)\b", told.lower()
        )
        if not found or found[1] not in COLOURED or not self.present:
            return
        who = self.present[0]
        parts = who.described.split()
        coloured = [i for i, part in enumerate(parts) if part.lower() in COLOURED]
        if coloured:
            parts[coloured[0]] = found[1]
            if parts[0] in ("a", "an"):
                parts[0] = "an" if parts[1][0] in "aeiou" else "a"
            who.described = who.core = " ".join(parts)

    def _tell_chinese(self, sentence: str) -> str:
        def named(match: re.Match[str]) -> str:
            text = match.group()
            if text[0] in "一两三四":
                self._introduce(text, text[-1], core=text, many=text[0] != "一")
                if len(self.present) == 1:
                    self.latest.last_subject = self.num_sentences
                return text
            kind = "they" if text == "它们" else "it"
            if any(one.kind == kind for one in self.present):
                return text
            shape = text[-1] if text not in ("它", "它们") else ""
            alike = [who for who in self.members if who.kind == kind]
            alike = [who for who in alike if not shape or who.head == shape]
            if not alike:
                return text
            who = max(alike, key=lambda one: one.last_subject)
            self._enter(who)
            who.last_subject = self.num_sentences
            return who.described

        return re.sub(f"{_NEW_ZH.pattern}|{_OLD_ZH.pattern}", named, sentence)


def _noun_end(tokens: list[re.Match[str]], i: int, *, singular: bool) -> int:
    """Return the number after the head noun of a phrase whose determiner came before `i`."""
    start = i
    while i < len(tokens) and i - start < 6:
        word = tokens[i].group().lower()
        if not word[0].isalpha() or word in STOPS or word in PRONOUNS or word.endswith("ly"):
            break
        if i > start:
            ends_like_verb = re.search(r"(?:[^su]s|ed|ing)$", word) and word not in COLOURED
            named = word in NOUNS_IN_ING or word.endswith(("-sized", "-coloured"))
            ends_like_verb = ends_like_verb and not named
            if (ends_like_verb and (singular or not word.endswith("s"))) or word in VERBS:
                break
            if not singular and tokens[i - 1].group().lower().endswith("s"):
                break
        i += 1
    return i


def _with_looks(tokens: list[re.Match[str]], i: int) -> int:
    """Return the number after `in a red coat`, `with a white tail`, `wearing a hat`, or `i`."""
    if i + 2 >= len(tokens):
        return i
    word, article = tokens[i].group().lower(), tokens[i + 1].group().lower()
    if word not in ("in", "with", "wearing") or article not in ("a", "an", "his", "her", "its"):
        return i
    end = _noun_end(tokens, i + 2, singular=True)
    worn = end > i + 2 and tokens[end - 1].group().lower() in WORN
    return end if end > i + 2 and (word != "in" or worn) else i


def _small(text: str) -> str:
    first = text.split()[0]
    return text[0].lower() + text[1:] if first.lower() in (*ARTICLES, *NUMBER_WORDS) else text


def _like(text: str, sentence: str, start: int) -> str:
    """Return the text with a capital where the sentence begins with it."""
    return text[0].upper() + text[1:] if not sentence[:start].strip() else text
