"""Compare two sequences of frame hashes, whatever part of one the other holds.

The distance of two hashes is the Jaccard distance of their set bits: 1 - |both| / |either|.
On busy pictures it orders pairs as the Hamming distance does; on plain ones, where few bits
are set, two different pictures do not look alike just because most bits are 0 in both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from schemas.ids import settings_hash
from schemas.settings import Settings

METHOD = "frame_hash_sequence"


class DedupeSettings(Settings):
    """When two clips count as near-duplicates."""

    distance_max: float = Field(0.38, ge=0, le=1)
    """Mean Jaccard distance of aligned frame hashes."""
    overlap_min: float = Field(0.6, gt=0, le=1)
    """Share of the shorter clip that the aligned part covers."""
    overlap_min_frames: int = Field(4, ge=1)
    """Hashed frames that the aligned part holds at least."""
    luma_difference_max: float = Field(24.0, ge=0, le=255)
    """Grey levels by which aligned frames may differ on average; patterns alone are not enough."""
    min_bits: int = Field(5, ge=1)
    """Frames whose hash sets fewer bits of 64 are too plain to tell apart, and have no say."""
    semantic_similarity: float | None = Field(None, gt=0, le=1)
    """Clips whose embeddings have this cosine are near-duplicates, too; none compares none."""
    semantic_model: str = Field("tiny", min_length=1)
    """Whose embeddings: the name in the table `embeddings`, or its first words."""

    def hash(self, *depends_on: str) -> str:
        """Return the settings hash; while embeddings are not compared, theirs do not count."""
        if self.semantic_similarity is not None:
            return super().hash(*depends_on)
        plain = self.model_dump(mode="json", exclude={"semantic_similarity", "semantic_model"})
        return settings_hash(type(self).__name__, plain, *depends_on)


@dataclass(frozen=True, slots=True)
class Hashes:
    """The informative frame hashes of one clip: `hashes` at grid positions `places`."""

    clip_id: str
    take: str
    """Names the shot: pieces of one take are not copies of each other."""
    places: NDArray[np.int64]
    """Position in the sampling grid, counted from the clip's start."""
    hashes: NDArray[np.uint64]
    lumas: NDArray[np.float32]
    """Mean luma of each of these frames, 0..255."""

    @property
    def length(self) -> int:
        """Informative frames."""
        return len(self.hashes)


@dataclass(frozen=True, slots=True)
class Match:
    """Two clips that show the same, `a` before `b` by id.

    `distance` is that of the method, 0 for equal; those of two methods cannot be compared.
    """

    a: str
    b: str
    distance: float
    method: str = METHOD


def informative(
    clip_id: str,
    take: str,
    hashes: NDArray[np.int64],
    settings: DedupeSettings,
    lumas: NDArray[np.float32] | None = None,
) -> Hashes:
    """Return a clip's hashes without those of frames that are too plain.

    `lumas` holds the mean luma of each frame; without it all frames count as equally light.
    """
    bits = hashes.view(np.uint64)
    keep = np.flatnonzero(np.bitwise_count(bits) >= settings.min_bits)
    light = np.zeros(len(bits), np.float32) if lumas is None else lumas
    return Hashes(clip_id, take, keep.astype(np.int64), bits[keep], light[keep])


def jaccard(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.float32]:
    """Return the Jaccard distances of two sets of hashes, len(a) x len(b)."""
    both = np.bitwise_count(a[:, None] & b[None, :]).astype(np.float32)
    either = np.bitwise_count(a[:, None] | b[None, :]).astype(np.float32)
    distances: NDArray[np.float32] = 1.0 - both / np.maximum(either, 1.0)
    return distances


class HashIndex:
    """All clips' hashes end to end, to compare one clip with every other at once."""

    def __init__(self, clips: list[Hashes], settings: DedupeSettings) -> None:
        self.clips = clips
        self.settings = settings
        self._all = np.concatenate([c.hashes for c in clips] or [np.empty(0, np.uint64)])
        lengths = np.array([c.length for c in clips], np.int64)
        self._ends = np.cumsum(lengths)
        self._starts = self._ends - lengths

    def matches(self, clip: Hashes) -> list[Match]:
        """Return the matches of a clip with all clips whose id sorts after its own."""
        if clip.length == 0:
            return []
        distances = jaccard(clip.hashes, self._all)
        near = distances.min(axis=0) <= self.settings.distance_max
        counts = np.add.reduceat(np.append(near, False), np.minimum(self._starts, len(near)))
        counts[self._starts == self._ends] = 0
        found: list[Match] = []
        for index in np.flatnonzero(counts):
            other = self.clips[index]
            if other.clip_id <= clip.clip_id or other.take == clip.take:
                continue
            block = distances[:, self._starts[index] : self._ends[index]]
            distance = align(clip, other, block, self.settings)
            if distance is not None:
                found.append(Match(clip.clip_id, other.clip_id, distance))
        return found


def align(
    a: Hashes, b: Hashes, distances: NDArray[np.float32], settings: DedupeSettings
) -> float | None:
    """Return the smallest mean distance over all shifts in time that overlap enough, or None.

    `distances` is len(a) x len(b). None also where the smallest is above the limit, or the
    frames so aligned are not equally light.
    """
    needed = max(
        settings.overlap_min_frames, int(np.ceil(settings.overlap_min * min(a.length, b.length)))
    )
    shifts = a.places[:, None] - b.places[None, :]
    lowest = int(shifts.min())
    slots = (shifts - lowest).ravel()
    counts = np.bincount(slots)
    sums = np.bincount(slots, weights=distances.ravel())
    enough = counts >= needed
    if not enough.any():
        return None
    means = np.where(enough, sums / np.maximum(counts, 1), np.inf)
    slot = int(means.argmin())
    if means[slot] > settings.distance_max:
        return None
    rows, columns = np.nonzero(shifts == slot + lowest)
    if np.abs(a.lumas[rows] - b.lumas[columns]).mean() > settings.luma_difference_max:
        return None
    return float(means[slot])
