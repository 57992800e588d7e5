"""Words against texts: what a query looks for, counted by DuckDB, weighed by BM25.

The texts stay in DuckDB: it counts a term in a hundred thousand captions in a fraction of a
second, and only numbers come out. BM25 as in Robertson and Zaragoza, The Probabilistic
Relevance Framework (2009), with Lucene's idf, which is never negative.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.search.inflections import forms_of

K1 = 1.2
B = 0.75
MAX_TERMS = 24
"""Of a longer query, the first different terms count."""
MAX_CHARACTERS = 2_000
"""Of a longer query, the beginning is looked for."""
_QUOTED = re.compile(r"\"([^\"]+)\"|\u201c([^\u201c\u201d]+)\u201d|\u300c([^\u300d]+)\u300d")
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_BLANK = re.compile(r"\s+")
_IDLE_HAN = frozenset("\u7684\u4e86\u662f\u5728\u4e00\u4e2a\u6709\u548c\u7740\u88ab\u4e0e\u5230")
_IDLE_WORDS = (
    "a an and are as at be been being by for from has have her his in into is it its of on onto or "
    "over than that the their them then there these they this those to was were which while with "
    "something someone anything somebody"
)
_IDLE = frozenset(_IDLE_WORDS.split())


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to count: any of `forms`, as whole words or, for Chinese, anywhere."""

    shown: str
    forms: tuple[str, ...]
    is_word: bool = True

    @property
    def pattern(self) -> str:
        """A regular expression for DuckDB (RE2) that finds the forms in lower-case text."""
        return rf"\b(?:{'|'.join(map(re.escape, self.forms))})\b"

    @property
    def start(self) -> str:
        """What all forms begin with."""
        first, last = min(self.forms), max(self.forms)
        same = [a == b for a, b in zip(first, last, strict=False)]
        return first[: same.index(False) if False in same else len(same)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query's words: phrases that have to stand in the text, terms that count, and the rest.

    `plain` is the query without its phrases.
    """

    terms: tuple[Term, ...]
    phrases: tuple[str, ...]
    plain: str


def wanted_words(query: str, *, also: str = "") -> Wanted:
    """Return what a query looks for: words in every form, Chinese by pairs of characters.

    What stands in quotes is looked for as it is, whatever its case and blanks. Words such as
    `the` count only where there are no others. Terms of the text `also` join the query's own.
    """
    query = query[:MAX_CHARACTERS]
    found = [_first(groups) for groups in _QUOTED.findall(query)]
    phrases = tuple(dict.fromkeys(_BLANK.sub(" ", p).strip().lower() for p in found if p.strip()))
    plain = _QUOTED.sub(" ", query).strip()
    text = f"{plain} {' '.join(phrases)} {also}".lower()
    words = _WORD.findall(_HAN.sub(" ", text))
    kept = [word for word in words if word not in _IDLE] or words
    terms: list[Term] = []
    known: set[str] = set()
    for word in kept:
        forms = forms_of(word.replace("\u2019", "'").removesuffix("'s"))
        if forms[0] not in known:
            terms.append(Term(word, forms, forms[0].isascii()))
            known.update(forms)
    for run in _HAN.findall(text):
        pairs = [run[i : i + 2] for i in range(len(run) - 1)] or [run]
        for pair in pairs:
            if not set(pair) <= _IDLE_HAN and pair not in known:
                terms.append(Term(pair, (pair,), is_word=False))
                known.add(pair)
    return Wanted(tuple(terms[:MAX_TERMS]), phrases, plain)


def count_sql(wanted: Wanted, source: str) -> tuple[str, list[str]]:
    """Return SQL and its parameters that counts every term in every text of a relation.

    `source` has the columns `n` (a number) and `text`. The result has `n`, `num_characters`,
    one column `t0`, `t1`, ... per term, and only texts that hold every phrase.
    """
    columns, parameters = [], []
    for place, term in enumerate(wanted.terms):
        if term.is_word:
            parameters += [term.start, term.pattern]
            count = "len(regexp_extract_all(lowered, ?))"
            counted = f"case when contains(lowered, ?) then {count} else 0 end"
        else:
            form = term.forms[0]
            parameters += [form, form]
            counted = "(length(lowered) - length(replace(lowered, ?, ''))) // length(?)"
        columns.append(f"{counted}::integer as t{place}")
    conditions = []
    for phrase in wanted.phrases:
        parameters.append(_phrase_pattern(phrase))
        conditions.append("regexp_matches(lowered, ?)")
    where = f"where {' and '.join(conditions)}" if conditions else ""
    counts = ", ".join(["n", "length(lowered) as num_characters", *columns])
    return (
        f"select {counts} from (select n, lower(text) as lowered from {source}) {where}",
        parameters,
    )


def bm25(
    counts_NT: NDArray[np.int64], lengths_N: NDArray[np.float64], num_texts: int
) -> NDArray[np.float64]:
    """Return the scores of N texts for T terms as shares of the best that a text could reach.

    `counts_NT` says how often each text holds each term; `lengths_N` are in any unit. A text
    that holds every term very often scores nearly 1, one that holds none 0. Terms that no
    text holds lower all scores alike. `num_texts` is at least N: the texts left out by
    phrases count for how rare a term is.
    """
    if counts_NT.size == 0:
        return np.zeros(len(counts_NT))
    held_T = (counts_NT > 0).sum(axis=0)
    idf_T = np.log1p((num_texts - held_T + 0.5) / (held_T + 0.5))
    mean = max(float(lengths_N.mean()), 1.0)
    norm_N1 = K1 * (1 - B + B * lengths_N / mean)[:, None]
    gained_NT = counts_NT * (K1 + 1) / (counts_NT + norm_N1)
    scores: NDArray[np.float64] = gained_NT @ idf_T / ((K1 + 1) * max(float(idf_T.sum()), 1e-9))
    return scores


def terms_held(wanted: Wanted, counts_T: Sequence[int]) -> list[str]:
    """Return the terms of which a text holds any, as the query has them."""
    return [term.shown for term, count in zip(wanted.terms, counts_T, strict=True) if count]


def _phrase_pattern(phrase: str) -> str:
    pattern = re.escape(phrase).replace(r"\ ", r"\s+")
    start = r"\b" if phrase[0].isascii() and phrase[0].isalnum() else ""
    end = r"\b" if phrase[-1].isascii() and phrase[-1].isalnum() else ""
    return f"{start}{pattern}{end}"


def _first(groups: Sequence[str]) -> str:
    return next((group for group in groups if group), "")
