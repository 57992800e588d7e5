"""From chroma to coloured blobs, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.parse.plane import OBJECT_POINTS, Floats, Ground

CORE = 0.6
"""Pixels that are covered by at least this share are an object's core."""
FAINT = 0.3
"""Pixels that are covered less are background."""
FAR_OFF = 0.5
"""A pixel further from every colour's line than this share of its chroma has no colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Per pixel the best colour's index (-1: none) and the share that it covers; T, H, W."""

    label: NDArray[np.int8]
    share: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A connected patch of one colour in one frame, in pixels.

    `mass` is its area, each pixel counted by the share that is covered; `opacity` that of its
    most covered third; `box` is left, top, right, bottom, the last two exclusive.
    """

    frame: int
    colour: int
    x: float
    y: float
    mass: float
    opacity: float
    box: tuple[int, int, int, int]
    is_solid: bool


def cover_by_colour(chroma_THW2: Floats, ground: Ground) -> Coverage:
    """Unmix every pixel into background and the one colour that explains it best."""
    shape = chroma_THW2.shape[:3]
    away = (chroma_THW2 - ground.point).reshape(-1, 2)
    length = np.sqrt(np.square(away).sum(axis=1))
    floor = max(18.0, 4 * ground.spread)
    index = np.flatnonzero(length > floor)
    ways = OBJECT_POINTS - ground.point
    reach = np.square(ways).sum(axis=1)
    part = away[index]
    shares = part @ (ways / reach[:, None]).T
    across = np.abs(part[:, :1] * ways[:, 1] - part[:, 1:] * ways[:, 0]) / np.sqrt(reach)
    over = np.maximum(shares - 1.25, 0) * np.sqrt(reach)
    cost = np.where(shares > 0, across + over, np.inf)
    best = cost.argmin(axis=1)
    rows = np.arange(len(index))
    share = shares[rows, best]
    good = (share > FAINT) & (cost[rows, best] < FAR_OFF * length[index])
    label = np.full(length.shape, -1, dtype=np.int8)
    label[index[good]] = best[good]
    covered = np.zeros(length.shape, dtype=np.float32)
    covered[index] = np.clip(share, 0, 1.25)
    return Coverage(label=label.reshape(shape), share=covered.reshape(shape))


def find_blobs(coverage: Coverage, *, min_mass: float) -> list[Blob]:
    """Return all blobs of at least `min_mass` pixels, solid ones and faint ones."""
    blobs: list[Blob] = []
    labels = coverage.label
    counts = np.bincount(labels[labels >= 0].ravel(), minlength=8)
    for colour in np.flatnonzero(counts >= max(min_mass, 2)):
        mask = labels == colour
        frames = np.flatnonzero(mask.any(axis=(1, 2)))
        for t in frames:
            blobs += _blobs_of(coverage, int(t), int(colour), mask[t], min_mass)
    return blobs


def _blobs_of(
    coverage: Coverage, t: int, colour: int, mask: NDArray[np.bool_], min_mass: float
) -> list[Blob]:
    share = coverage.share[t]
    solid = mask & (share >= CORE)
    found = []
    used = np.zeros(mask.shape, dtype=np.uint8)
    if np.count_nonzero(solid) >= 0.3 * min_mass:
        near = cv2.dilate(solid.astype(np.uint8), _CROSS)
        body = near & mask.astype(np.uint8)
        found += _components(body, coverage, t, colour, min_mass, True)
        used = cv2.dilate(near, _CROSS)
    faint = (mask & (used == 0)).astype(np.uint8)
    if np.count_nonzero(faint) >= 2 * min_mass:
        found += _components(faint, coverage, t, colour, 2 * min_mass, False)
    return found


def _components(
    body: NDArray[np.uint8],
    coverage: Coverage,
    t: int,
    colour: int,
    min_mass: float,
    is_solid: bool,
) -> list[Blob]:
    share, labels = coverage.share[t], coverage.label[t]
    number, marks, stats, _ = cv2.connectedComponentsWithStats(body, connectivity=8)
    blobs = []
    for i in range(1, number):
        left, top, width, height, area = (int(v) for v in stats[i])
        if area < min_mass:
            continue
        # The half-covered rim may fall to another label: weigh all that touches the patch.
        x0, y0 = max(left - 1, 0), max(top - 1, 0)
        x1, y1 = min(left + width + 1, body.shape[1]), min(top + height + 1, body.shape[0])
        patch = (marks[y0:y1, x0:x1] == i).astype(np.uint8)
        part = share[y0:y1, x0:x1]
        label = labels[y0:y1, x0:x1]
        rim = (cv2.dilate(patch, _CROSS) > 0) & ((label == colour) | (label < 0))
        weight = np.where(rim, np.clip(part, 0, 1), 0)
        mass = float(weight.sum())
        if mass < min_mass * (0.5 if is_solid else 0.2):
            continue
        inside = np.sort(part[patch > 0])
        opacity = float(inside[int(0.66 * len(inside)) :].mean())
        x = float((weight.sum(axis=0) * np.arange(x0, x1)).sum()) / mass
        y = float((weight.sum(axis=1) * np.arange(y0, y1)).sum()) / mass
        blobs.append(
            Blob(
                frame=t,
                colour=colour,
                x=x,
                y=y,
                mass=mass,
                opacity=opacity,
                box=(left, top, left + width, top + height),
                is_solid=is_solid,
            )
        )
    return blobs


_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=np.uint8)
