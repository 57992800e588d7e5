"""How far texts are from the training captions: four measures, each 0 where there is no gap.

Length: the Kolmogorov-Smirnov distance. Openings: the Jensen-Shannon divergence of the first
three words, in bits. Vocabulary: the share of words that the captions never use. Classifier:
how well a small one tells texts from captions that it was not fitted to, as the area under
its curve (0.5: it cannot; Lopez-Paz and Oquab 2017, "Revisiting classifier two-sample tests").
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from captioner.expanding.ngrams import words_of

NUM_BUCKETS = 1024
NUM_FOLDS = 4
_STEPS = 150
_RATE = 0.5
_DECAY = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleDistance:
    """The gap between two sets of texts; see the module for each."""

    length_ks: float
    opening_js_bits: float
    unknown_word_share: float
    classifier_auc: float


def style_distance(texts: Sequence[str], captions: Sequence[str]) -> StyleDistance:
    """Return how far `texts` are from `captions`; both hold at least `NUM_FOLDS`.

    Small sets of equal origin do not reach 0: compare with two halves of the captions.
    """
    if min(len(texts), len(captions)) < NUM_FOLDS:
        raise ValueError(f"{NUM_FOLDS} texts and captions at least, for a distance")
    ours, theirs = [words_of(text) for text in texts], [words_of(text) for text in captions]
    known = {word for words in theirs for word in words}
    num_words = sum(len(words) for words in ours)
    return StyleDistance(
        length_ks=_ks([len(words) for words in ours], [len(words) for words in theirs]),
        opening_js_bits=_js([tuple(w[:3]) for w in ours], [tuple(w[:3]) for w in theirs]),
        unknown_word_share=sum(word not in known for words in ours for word in words)
        / max(1, num_words),
        classifier_auc=_auc(ours, theirs),
    )


def _ks(one: list[int], other: list[int]) -> float:
    """Return the greatest gap between two empirical distributions, 0..1."""
    a, b = np.sort(one), np.sort(other)
    points = np.concatenate([a, b])
    gaps = np.searchsorted(a, points, "right") / len(a) - np.searchsorted(b, points, "right") / len(
        b
    )
    return float(np.abs(gaps).max())


def _js(one: list[tuple[str, ...]], other: list[tuple[str, ...]]) -> float:
    """Return the Jensen-Shannon divergence of two samples in bits, 0..1."""
    a, b = Counter(one), Counter(other)
    total = 0.0
    for key in a.keys() | b.keys():
        p, q = a[key] / len(one), b[key] / len(other)
        middle = (p + q) / 2
        total += sum(x / 2 * math.log2(x / middle) for x in (p, q) if x)
    return total


def _auc(ours: list[list[str]], theirs: list[list[str]]) -> float:
    """Return the cross-validated area under the curve of a logistic regression on n-grams."""
    x_NB = np.stack([_features(words) for words in (*ours, *theirs)])
    y_N = np.array([1.0] * len(ours) + [0.0] * len(theirs))
    folds_N = np.concatenate([np.arange(len(ours)), np.arange(len(theirs))]) % NUM_FOLDS
    areas = []
    for fold in range(NUM_FOLDS):
        held_out = folds_N == fold
        scores = x_NB[held_out] @ _fit(x_NB[~held_out], y_N[~held_out])
        areas.append(_area(scores, y_N[held_out]))
    return float(np.mean(areas))


def _features(words: list[str]) -> NDArray[np.float64]:
    """Return counts of words and word pairs in hashed buckets, of unit length, and a constant."""
    found_B = np.zeros(NUM_BUCKETS + 1)
    for gram in (*words, *(f"{a} {b}" for a, b in pairwise(words))):
        digest = hashlib.blake2b(gram.encode(), digest_size=4).digest()
        found_B[int.from_bytes(digest, "big") % NUM_BUCKETS] += 1
    found_B = np.sqrt(found_B)
    found_B /= np.linalg.norm(found_B) or 1.0
    found_B[-1] = 1.0
    return found_B


def _fit(x_NB: NDArray[np.float64], y_N: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights of a logistic regression, both classes weighing alike."""
    weight_N = np.where(y_N > 0, 0.5 / y_N.sum(), 0.5 / (1 - y_N).sum())
    w_B = np.zeros(x_NB.shape[1])
    momentum_B = np.zeros_like(w_B)
    for _ in range(_STEPS):
        p_N = 1 / (1 + np.exp(-x_NB @ w_B))
        gradient_B = x_NB.T @ (weight_N * (p_N - y_N)) + _DECAY * w_B
        momentum_B = 0.9 * momentum_B + gradient_B
        w_B -= _RATE * momentum_B
    return w_B


def _area(scores_N: NDArray[np.float64], y_N: NDArray[np.float64]) -> float:
    """Return the chance that a text scores above a caption; ties count half."""
    above = scores_N[y_N > 0][:, None] - scores_N[y_N == 0][None, :]
    return float(np.mean((above > 0) + 0.5 * (above == 0)))
