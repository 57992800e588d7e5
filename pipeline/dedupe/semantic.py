"""Compare clips by their embeddings: what looks and moves alike, whatever its pixels are.

Vectors of unit length are multiplied tile by tile, so memory stays bounded however many clips
there are. Of the pairs that are near enough only those are kept that decide about groups: one
that brings two groups together, and each clip's nearest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.dedupe.alignment import Match

METHOD = "embedding"
TILE = 2048
"""Clips on each side of a tile: 16 MiB of float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticMatches:
    """Matches that connect every group, and counts of all that were found.

    `num_alike` pairs of `num_pairs` were near enough; `matches` holds at most two per clip.
    """

    matches: tuple[Match, ...]
    num_clips: int
    num_pairs: int
    num_alike: int


def semantic_matches(
    clip_ids: Sequence[str],
    takes: Sequence[str],
    vectors_ND: NDArray[np.float32],
    similarity_min: float,
    *,
    tile: int = TILE,
) -> SemanticMatches:
    """Return the matches of clips whose cosine is at least `similarity_min`.

    `vectors_ND` are of unit length. Pieces of one take are not copies of each other: pairs of
    one take are left out. Grouping these matches gives the same groups, and the same nearest
    clip of each, as grouping all pairs would.
    """
    count = len(clip_ids)
    if len(takes) != count or len(vectors_ND) != count:
        raise ValueError(f"{count} clips, {len(takes)} takes, {len(vectors_ND)} vectors")
    order = np.argsort(np.asarray(clip_ids, dtype=object), kind="stable")
    ids = [clip_ids[i] for i in order]
    sorted_ND = np.ascontiguousarray(vectors_ND[order], np.float32)
    take_N = np.unique(np.asarray([takes[i] for i in order], object), return_inverse=True)[1]
    groups = _Groups(count)
    nearest_N = np.full(count, -1, np.int64)
    best_N = np.full(count, -np.inf, np.float32)
    links: dict[tuple[int, int], float] = {}
    num_pairs = num_alike = 0
    for top in range(0, count, tile):
        rows = slice(top, min(top + tile, count))
        for left in range(top, count, tile):
            columns = slice(left, min(left + tile, count))
            cosines = sorted_ND[rows] @ sorted_ND[columns].T
            others = take_N[rows][:, None] != take_N[columns][None, :]
            if left == top:
                others &= np.triu(np.ones_like(others), 1)
            num_pairs += int(others.sum())
            alike = others & (cosines >= similarity_min)
            num_alike += int(alike.sum())
            if not alike.any():
                continue
            near = np.where(alike, cosines, -np.inf)
            _take_nearest(near, top, left, nearest_N, best_N)
            _take_nearest(near.T, left, top, nearest_N, best_N)
            for a, b in groups.join(alike, top, left):
                links[a, b] = float(cosines[a - top, b - left])
    for a in np.flatnonzero(nearest_N >= 0).tolist():
        b = int(nearest_N[a])
        links[min(a, b), max(a, b)] = float(best_N[a])
    matches = tuple(
        Match(ids[a], ids[b], max(0.0, 1.0 - cosine), METHOD)
        for (a, b), cosine in sorted(links.items())
    )
    return SemanticMatches(
        matches=matches, num_clips=count, num_pairs=num_pairs, num_alike=num_alike
    )


def _take_nearest(
    near: NDArray[np.float32],
    row_start: int,
    column_start: int,
    nearest_N: NDArray[np.int64],
    best_N: NDArray[np.float32],
) -> None:
    """Remember each row's best column so far; of equals the one with the smaller id."""
    columns = near.argmax(axis=1)
    values = near[np.arange(len(near)), columns]
    places = np.arange(len(near)) + row_start
    found = columns + column_start
    closer = (values > best_N[places]) | (
        (values == best_N[places]) & np.isfinite(values) & (found < nearest_N[places])
    )
    best_N[places[closer]] = values[closer]
    nearest_N[places[closer]] = found[closer]


class _Groups:
    """Which clips hang together so far: `roots` names each clip's group by one of its members."""

    def __init__(self, count: int) -> None:
        self.roots = np.arange(count)

    def join(self, alike: NDArray[np.bool_], top: int, left: int) -> list[tuple[int, int]]:
        """Join the clips of all pairs of a tile; return the pairs that brought groups together."""
        links = []
        for row in np.flatnonzero(alike.any(axis=1)).tolist():
            columns = np.flatnonzero(alike[row])
            roots = self._find(columns + left)
            own = int(self._find(np.asarray([row + top]))[0])
            for root, first in zip(*np.unique(roots, return_index=True), strict=True):
                if int(root) != own:
                    links.append((row + top, int(columns[first]) + left))
                    low, high = sorted((own, int(root)))
                    self.roots[high] = low
                    own = low
        return links

    def _find(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        found = self.roots[places]
        while True:
            above = self.roots[found]
            if (above == found).all():
                self.roots[places] = found
                return found
            found = above
