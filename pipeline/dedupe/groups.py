"""Matches become groups: clips linked directly or through others share one group."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.dedupe.alignment import METHOD, Match
from schemas.ids import content_id
from schemas.records import Duplicate


def group_matches(matches: Iterable[Match], settings_hash: str) -> list[Duplicate]:
    """Return one row per clip that matches another, sorted by clip id.

    A group's id comes from its smallest clip id; `nearest_clip_id` is the closest match, the
    smaller id where two are equally close. A match by frame hashes is closer than any other:
    it says that pixels are the same, not only what they show.
    """
    parents: dict[str, str] = {}

    def root(clip: str) -> str:
        parents.setdefault(clip, clip)
        while parents[clip] != clip:
            parents[clip] = parents[parents[clip]]
            clip = parents[clip]
        return clip

    nearest: dict[str, tuple[bool, float, str, str]] = {}
    for match in matches:
        low, high = sorted((root(match.a), root(match.b)))
        parents[high] = low
        for clip, other in ((match.a, match.b), (match.b, match.a)):
            candidate = (match.method != METHOD, match.distance, other, match.method)
            nearest[clip] = min(nearest.get(clip, candidate), candidate)
    return [
        Duplicate(
            clip_id=clip,
            group_id=content_id("grp", root(clip)),
            nearest_clip_id=nearest[clip][2],
            distance=nearest[clip][1],
            method=nearest[clip][3],
            settings_hash=settings_hash,
        )
        for clip in sorted(nearest)
    ]
