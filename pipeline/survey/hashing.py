"""A 64-bit difference hash of a frame, and distances between hashes.

The hash keeps, for an 8 x 9 thumbnail in grey, whether each cell is clearly brighter than its
right neighbour (dHash; Krawetz, "Kind of Like That", The Hacker Factor Blog, 2013). It
survives scaling, re-encoding and changes of brightness; mirroring and cropping change it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

HASH_BITS = 64
_STEP_MIN = 2.0
"""Grey levels; without it a flat background would set bits by its coding noise."""


def difference_hash(grey: NDArray[np.uint8]) -> int:
    """Return the hash of a grey H x W picture as a signed 64-bit integer."""
    small = cv2.resize(grey.astype(np.float32), (9, 8), interpolation=cv2.INTER_AREA)
    bits = (small[:, :-1] > small[:, 1:] + _STEP_MIN).ravel()
    return int(np.packbits(bits).view(">i8")[0])


def hamming(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the number of differing bits, element by element (broadcasting)."""
    return np.bitwise_count(np.bitwise_xor(a, b).view(np.uint64)).astype(np.uint8)
