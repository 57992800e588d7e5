"""`rushes search`: the clips that words fit best, by facts, by captions and by embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captioner.embedding import Embedder, EmbedSettings, load_embedder, model_name
from orchestration.search_corpus import Corpus, Looks
from schemas.catalog import Catalog
from schemas.errors import UserError
from schemas.search.stated import Asked, asked_facts, held, needs_pairing, statements
from schemas.search.words import Wanted, bm25, terms_held, wanted_words
from schemas.wording.read import read
from schemas.wording.render import render

_NUM_PAIRED = 1_000
"""Clips whose facts are compared object by object, of those that may hold most."""
_NUM_READ = 200
"""Captions without facts that are read for some, of those with most of the query's words."""
_FACTS_WEIGHT, _PARTLY_READ_WEIGHT = 1.0, 0.5
_WORDS_WEIGHT = 0.4
_LOOKS_WEIGHT = 0.4
_KNOWN_SHARE = 0.5
"""A clip that lacks nearly all evidence keeps this share of its score, one that lacks none all."""


_Held = dict[int, list[tuple[str, int, str]]]
"""Clip -> the statements of the query that hold of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One clip that was found; `score` is 0..1, `why` says what of the query it answers.

    Times are seconds of the file `uri`. `caption` is the clip's best short text, or empty.
    """

    clip_id: str
    uri: str
    start_s: float
    end_s: float
    score: float
    why: str
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found, best first, and what its user should know (`notes`)."""

    hits: tuple[Hit, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Evidence:
    """One score per clip of the corpus, 0..1; NaN where nothing can be said."""

    scores_N: NDArray[np.float64]
    weight: float


def search(
    catalog: Catalog,
    words: str,
    *,
    limit: int = 10,
    where: str | None = None,
    settings: EmbedSettings | None = None,
    embedder: Embedder | None = None,
) -> Found:
    """Return the survivors that fit the words best, at most `limit`.

    Three kinds of evidence count, as far as they are there: what the words state in facts
    against the facts of the captions (English and Chinese), the words themselves against the
    captions, and the words' embedding against the clips'. Text in quotes has to stand in a
    caption. `where` is a condition on the view `survivors`. `embedder` spares loading the one
    that `settings` name. Raises UserError for an empty query and for a wrong condition.
    """
    _check(words, limit)
    corpus = Corpus.open(catalog, where)
    if corpus.num_clips == 0:
        return Found(hits=(), notes=(_nothing_there(where),))
    return search_in(corpus, words, limit=limit, settings=settings, embedder=embedder)


def search_in(
    corpus: Corpus,
    words: str,
    *,
    limit: int = 10,
    settings: EmbedSettings | None = None,
    embedder: Embedder | None = None,
) -> Found:
    """Return the clips of a corpus that fit the words best: `search`, opened once for many."""
    _check(words, limit)
    plain = wanted_words(words).plain
    asked = asked_facts(plain)
    wanted = wanted_words(words, also=_in_english(plain, asked))
    counts_NT, lengths_N = corpus.counts(wanted)
    by_words = _words(wanted, counts_NT, lengths_N, corpus)
    by_facts, known = _facts(corpus, asked, by_words)
    looks, notes = _looks(corpus, plain, settings or EmbedSettings(), embedder)
    by_looks = _Evidence(_calibrated(looks.cosines_N), _LOOKS_WEIGHT)
    total_N = _fused([by_facts, by_words, by_looks])
    total_N[~_is_hit(by_facts, by_words, looks)] = 0
    if wanted.phrases:
        total_N[np.isnan(lengths_N)] = 0
    best = np.argsort(-total_N, kind="stable")[:limit]
    chosen = [int(n) for n in best if total_N[n] > 0]
    held_of = _held_of(corpus, asked, known, chosen)
    hits = [
        Hit(
            **row,
            score=round(float(total_N[n]), 4),
            why=_why(asked, held_of.get(n, []), wanted, counts_NT[n], looks, n),
        )
        for n, row in zip(chosen, corpus.described(chosen), strict=True)
    ]
    if not hits:
        notes = [*notes, f"no clip fits: {words}"]
    return Found(hits=tuple(hits), notes=tuple(notes))


def _check(words: str, limit: int) -> None:
    if not any(character.isalnum() for character in words):
        raise UserError("nothing to search for", 'rushes search "a red circle moves left"')
    if limit < 1:
        raise UserError(f"--limit is at least 1, not {limit}", "leave it out for 10")


def _in_english(words: str, asked: Asked) -> str:
    """Return the facts of a query in other letters than ours as English words, else nothing."""
    if words.isascii() or not asked.num_statements:
        return ""
    return render(asked.facts, length="short")


def _words(
    wanted: Wanted, counts_NT: NDArray[np.int64], lengths_N: NDArray[np.float64], corpus: Corpus
) -> _Evidence:
    scores_N = np.full(corpus.num_clips, np.nan)
    told = ~np.isnan(lengths_N)
    if told.any() and wanted.terms:
        scores_N[told] = bm25(counts_NT[told], lengths_N[told], corpus.num_captioned)
    return _Evidence(scores_N, _WORDS_WEIGHT)


def _facts(corpus: Corpus, asked: Asked, by_words: _Evidence) -> tuple[_Evidence, _Held]:
    """Return the share of the query's statements that hold of each clip, and which, where known."""
    weight = _FACTS_WEIGHT if asked.is_whole else _PARTLY_READ_WEIGHT
    known: _Held = {}
    if not asked.num_statements:
        return _Evidence(np.full(corpus.num_clips, np.nan), weight), known
    num_held_N = corpus.num_held(asked.facts)
    stated = ~np.isnan(num_held_N)
    if needs_pairing(asked.facts):
        rank_N = np.where(stated, num_held_N, -1) + np.nan_to_num(by_words.scores_N) / 2
        best = np.argsort(-rank_N, kind="stable")[:_NUM_PAIRED]
        for n, facts in corpus.facts([int(n) for n in best if stated[n]]).items():
            known[n] = held(asked.facts, facts)
            num_held_N[n] = len(known[n])
    texts_N = np.where(stated, 0, np.nan_to_num(by_words.scores_N))
    unread = [int(n) for n in np.argsort(-texts_N, kind="stable")[:_NUM_READ] if texts_N[n] > 0]
    for n, text in corpus.texts(unread).items():
        facts = read(text)
        if any(True for _ in statements(facts)):
            known[n] = held(asked.facts, facts)
            num_held_N[n] = len(known[n])
    return _Evidence(num_held_N / asked.num_statements, weight), known


def _held_of(corpus: Corpus, asked: Asked, known: _Held, places: Sequence[int]) -> _Held:
    """Return which of the query's statements hold of a few clips."""
    if not asked.num_statements:
        return {}
    unknown = [n for n in places if n not in known]
    new = {n: held(asked.facts, facts) for n, facts in corpus.facts(unknown).items()}
    return {**known, **new}


def _looks(
    corpus: Corpus, words: str, settings: EmbedSettings, embedder: Embedder | None
) -> tuple[Looks, list[str]]:
    """Return how near each clip's embedding is to the words', and why it may be unknown."""
    none = Looks(cosines_N=np.full(corpus.num_clips, np.nan), model="")
    if settings.model == "off" and embedder is None:
        return none, []
    name = settings.model if embedder is None else embedder.name
    models = corpus.models(name)
    if not models:
        return none, []
    try:
        loaded = embedder or load_embedder(settings)
    except UserError as error:
        return none, [f"embeddings are not compared: {error.message}"]
    model = model_name(loaded)
    if model not in models:
        return none, [
            f"embeddings are not compared: the catalogue has those of {models[0]}, the model "
            f"here is {model}; `rushes embed` makes new ones"
        ]
    if not words.strip():
        return none, []
    vector_D = loaded.embed_texts([words])[0]
    if np.isnan(vector_D).any():
        return none, []
    return corpus.looks(model, vector_D), []


def _calibrated(cosines_N: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return cosines as 0..1: 0.5 is the mean over the clips, 0.88 one spread above it."""
    known = ~np.isnan(cosines_N)
    spread = float(cosines_N[known].std()) if known.any() else 0.0
    if spread < 1e-6:
        return np.where(known, 0.5, np.nan)
    middle = float(cosines_N[known].mean())
    scaled: NDArray[np.float64] = 1 / (1 + np.exp(-2 * (cosines_N - middle) / spread))
    return scaled


def _fused(evidence: Sequence[_Evidence]) -> NDArray[np.float64]:
    """Return the weighted mean of what is known of each clip.

    Evidence that is there for no clip has no say. A clip that lacks some of the rest is
    believed the less, the more it lacks.
    """
    heard = [one for one in evidence if not np.isnan(one.scores_N).all()]
    if not heard:
        return np.zeros(len(evidence[0].scores_N))
    weights_K1 = np.array([one.weight for one in heard])[:, None]
    scores_KN = np.stack([one.scores_N for one in heard])
    known_KN = ~np.isnan(scores_KN)
    weight_N = (weights_K1 * known_KN).sum(axis=0)
    sum_N = (weights_K1 * np.nan_to_num(scores_KN)).sum(axis=0)
    share_N = weight_N / weights_K1.sum()
    fused: NDArray[np.float64] = (
        sum_N / np.maximum(weight_N, 1e-9) * (_KNOWN_SHARE + (1 - _KNOWN_SHARE) * share_N)
    )
    return fused


def _is_hit(by_facts: _Evidence, by_words: _Evidence, looks: Looks) -> NDArray[np.bool_]:
    """Return which clips answer anything of the query; a vector does if it is on its side."""
    middle = np.nanmean(looks.cosines_N) if looks.model else np.inf
    near: NDArray[np.bool_] = looks.cosines_N >= max(middle, 0.0)
    answered: NDArray[np.bool_] = (
        (np.nan_to_num(by_facts.scores_N) > 0) | (np.nan_to_num(by_words.scores_N) > 0) | near
    )
    return answered


def _why(
    asked: Asked,
    found: Sequence[tuple[str, int, str]],
    wanted: Wanted,
    counts_T: NDArray[np.int64],
    looks: Looks,
    n: int,
) -> str:
    parts = []
    if found:
        told = ", ".join(_as_word(*one) for one in found)
        parts.append(f"states {len(found)} of {asked.num_statements}: {told}")
    terms = terms_held(wanted, counts_T.tolist())
    if wanted.phrases:
        parts.append("phrase: " + ", ".join(f'"{phrase}"' for phrase in wanted.phrases))
    if terms:
        parts.append(f"words: {', '.join(terms)}")
    if looks.model and not np.isnan(looks.cosines_N[n]):
        parts.append(f"looks: {looks.cosines_N[n]:.2f}")
    return "; ".join(parts)


def _as_word(name: str, number: int, value: str) -> str:
    """Return a statement in brief: `red`, `bounces`, `camera pan left`, `speed medium`."""
    if value == "True":
        return name.replace("_", " ")
    if name in ("colour", "shape", "action", "change", "events", "prop"):
        return value.replace("_", " ")
    if name == "object":
        return "an object"
    return f"{name} {value}".replace("_", " ")


def _nothing_there(where: str | None) -> str:
    if where is None:
        return "the catalogue has no kept clip; see `rushes funnel`"
    return f"no kept clip meets the condition: {where}"
