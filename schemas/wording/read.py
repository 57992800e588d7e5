"""Read facts from a text in English or Chinese: by grammar, and never more than it says."""

import re

from schemas.facts import Facts
from schemas.wording.read_chinese import is_chinese, take_chinese
from schemas.wording.resolve import Resolver
from schemas.wording.sentence import units
from schemas.wording.tokens import SPELT_OUT, sentences

MAX_CHARACTERS = 20_000
"""Of a longer text, the beginning is read."""
_SENTENCE = re.compile(r"(?:[^.!?;\n。！？；]|\.(?=\d))+[.!?;。！？；]*[\"'”’」』)]*")  # noqa: RUF001


def read(text: str) -> Facts:
    """Return what a text states about the world, as `canonical` facts.

    What is not understood is left out: a clause counts only where every word of it is known,
    so captions of other footage, denials, questions, quotations and other languages give
    empty facts. Never raises; takes time linear in the length.
    """
    text = text[:MAX_CHARACTERS]
    resolver = Resolver()
    _take(resolver, text, chinese=is_chinese(text))
    return resolver.facts()


def left_out(text: str) -> list[str]:
    """Return the sentences of a text of which `read` leaves out at least a clause, as they stand.

    Empty where every word is understood. Sentences past `MAX_CHARACTERS` are left out too.
    """
    resolver, chinese = Resolver(), is_chinese(text)
    found, num_read = [], 0
    for match in _SENTENCE.finditer(text):
        sentence = match.group()
        num_read += len(sentence)
        before = resolver.num_left_out
        num_sentences = _take(resolver, sentence, chinese=chinese)
        has_words = any(character.isalnum() for character in sentence)
        unread = num_sentences == 0 and has_words
        if unread or resolver.num_left_out > before or num_read > MAX_CHARACTERS:
            found.append(sentence.strip())
    return found


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text, with their signs, stripped; none is empty."""
    return [part for match in _SENTENCE.finditer(text) if (part := match.group().strip())]


def _take(resolver: Resolver, text: str, *, chinese: bool) -> int:
    """Let the resolver take a text. Return how many sentences it was that state something."""
    if chinese:
        return take_chinese(resolver, text)
    found = sentences(text)
    for sentence in found:
        spells_out = sentence[0] == SPELT_OUT
        resolver.take(units(sentence[spells_out:]), spells_out=spells_out)
    return len(found)
