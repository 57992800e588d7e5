"""What stays in place from picture to picture, and which way the rest goes: block matching.

Tiles with structure are looked for in the next sampled frame. The scores see every frame and
so know fast movement; these pictures are a second apart and so know slow drift, and tell a
still camera from one whose movement could not be measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from captioner.measured import limits
from captioner.measured.pictures import Pictures

_TILE = 16
_REACH = 8
"""Cells that a tile may have gone; the grid is `pictures.FINE_PX` long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadiness:
    """Votes of the tiles with structure, in shares of them.

    `stay`: the median over pairs of neighbouring frames of those that keep their place.
    `stay_ends` and `moved_ends`: from the first frame to the last, those that keep their place
    and those that are found elsewhere. `drift_x`, `drift_y`: the way of the content from first
    to last, in cells of the longer side / `FINE_PX`, 0 unless the found tiles agree. `steps`:
    the same between neighbours, None where they do not agree. `num_tiles` have structure.
    """

    num_tiles: int
    stay: float
    stay_ends: float
    moved_ends: float
    drift_x: float
    drift_y: float
    steps: tuple[tuple[float, float] | None, ...]


def measure_steadiness(pictures: Pictures) -> Steadiness | None:
    """Return the votes, None for fewer than two pictures or little structure."""
    fine_THW = pictures.fine_THW
    if len(fine_THW) < 2:
        return None
    pairs = [_compare(one, other) for one, other in pairwise(fine_THW)]
    ends = pairs[0] if len(pairs) == 1 else _compare(fine_THW[0], fine_THW[-1])
    num_tiles = min([pair.count for pair in pairs] + [ends.count])
    height, width = fine_THW.shape[1:]
    every = (height // _TILE) * (width // _TILE)
    if num_tiles < max(limits.MIN_TILES, limits.MIN_TILE_SHARE * every):
        return None  # structure on the things alone tells of the things, not of the camera
    drift = ends.agreed() or (0.0, 0.0)
    return Steadiness(
        num_tiles=num_tiles,
        stay=float(np.median([pair.stay / pair.count for pair in pairs])),
        stay_ends=ends.stay / ends.count,
        moved_ends=len(ends.ways) / ends.count,
        drift_x=drift[0],
        drift_y=drift[1],
        steps=tuple(pair.agreed() for pair in pairs),
    )


@dataclass(slots=True)
class _Votes:
    count: int
    stay: int
    ways: NDArray[np.float64]

    def agreed(self) -> tuple[float, float] | None:
        """Return the common way of the tiles that were found elsewhere, where there is one."""
        if len(self.ways) < limits.DRIFT_TILES * self.count:
            return None
        middle = np.median(self.ways, axis=0)
        near = np.abs(self.ways - middle).max(axis=1) <= 1.0
        if near.mean() < limits.DRIFT_AGREEMENT or not middle.any():
            return None
        return float(middle[0]), float(middle[1])


def _compare(one_HW: NDArray[np.uint8], other_HW: NDArray[np.uint8]) -> _Votes:
    import cv2

    height, width = one_HW.shape
    votes, ways = _Votes(0, 0, np.zeros((0, 2))), []
    for y in range(0, height - _TILE + 1, _TILE):
        for x in range(0, width - _TILE + 1, _TILE):
            tile = one_HW[y : y + _TILE, x : x + _TILE]
            if tile.std() < limits.TILE_STRUCTURE:
                continue
            votes.count += 1
            top, left = max(0, y - _REACH), max(0, x - _REACH)
            window = other_HW[top : y + _TILE + _REACH, left : x + _TILE + _REACH]
            found = cv2.matchTemplate(window, tile, cv2.TM_CCOEFF_NORMED)
            here = float(found[y - top, x - left])
            _, best, _, (best_x, best_y) = cv2.minMaxLoc(found)
            if here >= limits.TILE_MATCH and best < here + limits.TILE_BETTER:
                votes.stay += 1
            elif best >= limits.TILE_MATCH:
                ways.append((best_x - (x - left), best_y - (y - top)))
    votes.ways = np.array(ways, dtype=np.float64).reshape(-1, 2)
    return votes
