"""Join blobs to tracks: one thing through all frames in which it is seen."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pipeline.world.parse.plane import Floats
from pipeline.world.parse.segment import Blob

REACH = 0.22
"""A blob continues a track up to so far from where it is expected (shorter sides)..."""
SLACK_PER_S = 0.9
"""...and so much more for each second since it was last seen."""
FRAGMENT = 0.3
"""Blobs of less than this share of a track's mass, close to it, are parts of it."""
SAME_SIZE = 1.6


@dataclass(slots=True, kw_only=True)
class Track:
    """One thing: its blobs by frame. `colours` lists its colour indices in order of time."""

    blobs: dict[int, Blob] = field(default_factory=dict)
    colours: list[int] = field(default_factory=list)
    turned_at: int | None = None
    """The first frame of its second colour."""

    @property
    def first(self) -> int:
        """The first frame in which it is seen."""
        return min(self.blobs)

    @property
    def last(self) -> int:
        """The last frame in which it is seen."""
        return max(self.blobs)

    def expected(self, frame: int) -> tuple[float, float]:
        """Return where it should be, going on as in its last frames."""
        frames = sorted(t for t in self.blobs if t < frame)[-3:]
        end = self.blobs[frames[-1]]
        if len(frames) < 2:
            return end.x, end.y
        start = self.blobs[frames[0]]
        ahead = min(frame - end.frame, 4) / (end.frame - start.frame)
        return end.x + (end.x - start.x) * ahead, end.y + (end.y - start.y) * ahead

    def series(self, name: str, count: int) -> Floats:
        """Return one number of its blobs per frame, NaN where it is not seen."""
        values = np.full(count, np.nan)
        for t, blob in self.blobs.items():
            values[t] = getattr(blob, name)
        return values


def join_blobs(blobs: list[Blob], *, unit_px: float, fps: float) -> list[Track]:
    """Return tracks of one colour each; solid and faint blobs do not mix."""
    tracks: list[Track] = []
    groups: dict[tuple[int, bool], dict[int, list[Blob]]] = {}
    for blob in blobs:
        groups.setdefault((blob.colour, blob.is_solid), {}).setdefault(blob.frame, []).append(blob)
    for (colour, _), frames in groups.items():
        tracks += _join(colour, frames, unit_px, fps)
    return tracks


def _join(colour: int, frames: dict[int, list[Blob]], unit_px: float, fps: float) -> list[Track]:
    tracks: list[Track] = []
    for t in sorted(frames):
        free = sorted(frames[t], key=lambda blob: -blob.mass)
        costs = []
        for a, track in enumerate(tracks):
            x, y = track.expected(t)
            end = track.blobs[track.last]
            slack = REACH + SLACK_PER_S * (t - track.last) / fps
            for b, blob in enumerate(free):
                away = min(
                    np.hypot(blob.x - x, blob.y - y), np.hypot(blob.x - end.x, blob.y - end.y)
                )
                unlike = abs(np.log(max(blob.mass, 1e-6) / max(end.mass, 1e-6)))
                if away < slack * unit_px:
                    costs.append((float(away) / unit_px + 0.1 * float(unlike), a, b))
        taken_tracks: set[int] = set()
        taken_blobs: set[int] = set()
        for _, a, b in sorted(costs):
            if a not in taken_tracks and b not in taken_blobs:
                tracks[a].blobs[t] = free[b]
                taken_tracks.add(a)
                taken_blobs.add(b)
        for b, blob in enumerate(free):
            if b not in taken_blobs and not _is_fragment(blob, tracks, t, unit_px):
                tracks.append(Track(blobs={t: blob}, colours=[colour]))
    return tracks


def _is_fragment(blob: Blob, tracks: list[Track], t: int, unit_px: float) -> bool:
    """Return whether a blob is a chip of a larger one of its colour beside it."""
    for track in tracks:
        main = track.blobs.get(t)
        if main is None or blob.mass > FRAGMENT * main.mass:
            continue
        near = np.sqrt(main.mass) + 0.1 * unit_px
        if np.hypot(blob.x - main.x, blob.y - main.y) < near:
            return True
    return False


def link_recolours(tracks: list[Track], *, unit_px: float, count: int) -> list[Track]:
    """Join two tracks of different colours where one goes on as the other.

    The second starts within two frames of the end of the first, at the place where that was
    expected, and is about as large.
    """
    joined = list(tracks)
    while True:
        pair = next(
            (
                (one, other)
                for one in joined
                for other in joined
                if one is not other and _goes_on(one, other, unit_px, count)
            ),
            None,
        )
        if pair is None:
            return joined
        one, other = pair
        start = other.first
        merged = Track(
            blobs={**{t: b for t, b in one.blobs.items() if t < start}, **other.blobs},
            colours=[*one.colours, *other.colours],
            turned_at=start,
        )
        joined = [track for track in joined if track is not one and track is not other]
        joined.append(merged)


def _goes_on(one: Track, other: Track, unit_px: float, count: int) -> bool:
    if one.turned_at is not None or other.turned_at is not None:
        return False
    if not one.blobs[one.last].is_solid or not other.blobs[other.first].is_solid:
        return False
    gap = other.first - one.last
    if one.colours == other.colours or not -1 <= gap <= 3 or len(one.blobs) < 2:
        return False
    if one.first >= other.first:
        return False
    before = max(t for t in one.blobs if t < other.first)
    end, start = one.blobs[before], other.blobs[other.first]
    x, y = one.expected(other.first)
    away = min(np.hypot(start.x - x, start.y - y), np.hypot(start.x - end.x, start.y - end.y))
    ratio = start.mass / max(end.mass, 1e-6)
    return bool(away < 0.1 * unit_px and 1 / SAME_SIZE < ratio < SAME_SIZE)
