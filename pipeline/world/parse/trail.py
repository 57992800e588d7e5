"""Trails: the paler stroke that a thing leaves behind it, like a brush."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.world.parse.plane import OBJECT_GREYS
from pipeline.world.parse.segment import cover_by_colour
from pipeline.world.parse.sight import Sight
from pipeline.world.parse.track import Track

AWAY = 0.55
"""A trail is looked for where a thing was, once it is so many of its diameters away."""
PALE = (0.3, 0.72)
"""Between these shares a trail covers the background."""
MAX_OFF = 22.0
"""A trail's grey level is so near to the mean of its colour and the background."""
MIN_SAMPLES = 2


def leaves_trail(track: Track, sight: Sight) -> tuple[bool, float]:
    """Return whether a thing leaves a trail, and how sure that is."""
    frames = sorted(track.blobs)
    width, height = sight.size
    stays = []
    for t in frames[len(frames) // 3 :]:
        now = track.blobs[t]
        diameter = 2 * np.sqrt(now.mass / np.pi)
        for before in frames:
            was = track.blobs[before]
            apart = np.hypot(now.x - was.x, now.y - was.y)
            if before >= t or apart < AWAY * diameter:
                continue
            # The stroke reaches a little further back than the place itself.
            x = round(was.x + 0.2 * diameter * (was.x - now.x) / apart)
            y = round(was.y + 0.2 * diameter * (was.y - now.y) / apart)
            if not (0 <= x < width and 0 <= y < height):
                continue
            rows = slice(max(y - 1, 0), min(y + 2, height))
            columns = slice(max(x - 1, 0), min(x + 2, width))
            own = sight.coverage.label[t, rows, columns] == was.colour
            share = np.where(own, sight.coverage.share[t, rows, columns], 0)
            stays.append(PALE[0] < float(np.median(share)) < PALE[1])
    if len(stays) < MIN_SAMPLES:
        return False, 0.3
    part = float(np.mean(stays))
    return part > 0.6, abs(part - 0.6) / 0.4 if part > 0.6 else (0.6 - part) / 0.6


def without_trail(track: Track, sight: Sight) -> Sight:
    """Return the clip with a thing's trail replaced by the background before it came."""
    coverage = sight.coverage
    own = coverage.label == track.colours[0]
    faint = np.where(own, coverage.share, 0.0)
    first = faint.argmin(axis=0)[None]
    grey = np.take_along_axis(sight.grey, first, axis=0)
    chroma = np.take_along_axis(sight.chroma, first[..., None], axis=0)
    # Ink and shade bear a little of the colour, too, but are darker than a trail.
    between = 0.5 * (grey + float(OBJECT_GREYS[track.colours[0]]))
    trail = own & (coverage.share < PALE[1]) & (np.abs(sight.grey - between) < MAX_OFF)
    new_grey = np.where(trail, grey, sight.grey)
    new_chroma = np.where(trail[..., None], chroma, sight.chroma)
    # What remains of the rim lies on the trail: it covers less than it seems.
    rest = cover_by_colour(new_chroma, sight.ground)
    share = np.where(rest.label >= 0, rest.share, 0)
    planes = np.concatenate(
        [new_grey[..., None], new_chroma, share[..., None]], axis=3, dtype=np.float32
    )
    return replace(sight, grey=new_grey, chroma=new_chroma, coverage=rest, planes=planes)
