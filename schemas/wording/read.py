"""Read facts from a text in English or Chinese: by grammar, and never more than it says."""

from schemas.facts import Facts
from schemas.wording.read_chinese import is_chinese, read_chinese
from schemas.wording.resolve import Resolver
from schemas.wording.sentence import units
from schemas.wording.tokens import SPELT_OUT, sentences

MAX_CHARACTERS = 20_000
"""Of a longer text, the beginning is read."""


def read(text: str) -> Facts:
    """Return what a text states about the world, as `canonical` facts.

    What is not understood is left out: a clause counts only where every word of it is known,
    so captions of other footage, denials, questions, quotations and other languages give
    empty facts. Never raises; takes time linear in the length.
    """
    text = text[:MAX_CHARACTERS]
    if is_chinese(text):
        return read_chinese(text)
    resolver = Resolver()
    for sentence in sentences(text):
        spells_out = sentence[0] == SPELT_OUT
        resolver.take(units(sentence[spells_out:]), spells_out=spells_out)
    return resolver.facts()
