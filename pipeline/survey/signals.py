"""Per-frame signals, measured on a small copy of each frame.

One `SignalTrack` sees every frame of a video once, in order, and remembers the frame before.
All decisions (cuts, static clips, camera moves) are taken later from these numbers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scenedetect import FrameTimecode
from scenedetect.detectors import ContentDetector

from pipeline.survey.hashing import difference_hash

DARK_LUMA = 24
BRIGHT_LUMA = 250
_TEXTURE_MIN = 6.0
"""A tile with a smaller standard deviation (grey levels) cannot tell how it moved."""
_AGREE_SHARE = 0.012
"""Two tiles agree when their shifts differ by less than this share of the frame's width."""
_CODING_NOISE = 2.0
"""Grey levels that a pixel of a still picture changes by, for coding alone."""
_TILE_MIN_PX = 8
"""Smaller tiles say nothing; very small videos get no camera."""
_RESPONSE_MIN = 0.12
"""Below this peak of the phase correlation a shift is noise."""

SIGNAL_NAMES: tuple[str, ...] = (
    "luma_mean",
    "luma_std",
    "dark_share",
    "bright_share",
    "saturation",
    "content_change",
    "histogram_change",
    "local_motion",
    "shift_x",
    "shift_y",
    "zoom",
    "shift_agreement",
)


class _ContentScorer(ContentDetector):
    """PySceneDetect's frame score, without its decision (which `pipeline.split` takes)."""

    def __init__(self) -> None:
        super().__init__(threshold=255.0, min_scene_len=0)

    def score(self, frame_index: int, small_bgr: NDArray[np.uint8]) -> float:
        """Return the weighted change of hue, saturation and luma since the last frame."""
        self.process_frame(FrameTimecode(frame_index, fps=30.0), small_bgr)
        return float(self._frame_score or 0.0)


class SignalTrack:
    """Collects the signals of one video, frame by frame."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {name: [] for name in SIGNAL_NAMES}
        self.hashes: list[int] = []
        self._content = _ContentScorer()
        self._grey: NDArray[np.float32] | None = None
        self._histogram: NDArray[np.float32] | None = None
        self._windows: dict[tuple[int, int], NDArray[np.float32]] = {}

    def add(self, small_bgr: NDArray[np.uint8]) -> None:
        """Measure the next frame, given as a small H x W x 3 picture in OpenCV's order."""
        grey8 = cv2.cvtColor(small_bgr, cv2.COLOR_BGR2GRAY)
        grey = grey8.astype(np.float32)
        highest = small_bgr.max(axis=2).astype(np.float32)
        lowest = small_bgr.min(axis=2).astype(np.float32)
        histogram = cv2.calcHist([grey8], [0], None, [64], [0, 256]).ravel()
        put = self._put
        put("luma_mean", grey.mean())
        put("luma_std", grey.std())
        put("dark_share", (grey8 <= DARK_LUMA).mean())
        put("bright_share", (grey8 >= BRIGHT_LUMA).mean())
        put("saturation", (255 * (highest - lowest) / np.maximum(highest, 1)).mean())
        put("content_change", self._content.score(len(self.hashes), small_bgr))
        self.hashes.append(difference_hash(grey8))
        self._compare(grey, histogram)
        self._grey, self._histogram = grey, histogram

    def _put(self, name: str, value: float | np.floating[Any]) -> None:
        self.values[name].append(float(value))

    def _compare(self, grey: NDArray[np.float32], histogram: NDArray[np.float32]) -> None:
        put = self._put
        before = self._grey
        if before is None or self._histogram is None or before.shape != grey.shape:
            for name in SIGNAL_NAMES[6:]:
                put(name, 0.0)
            return
        correlation = cv2.compareHist(self._histogram, histogram, cv2.HISTCMP_CORREL)
        put("histogram_change", 1.0 - correlation)
        if np.array_equal(before, grey):
            for name in SIGNAL_NAMES[7:-1]:
                put(name, 0.0)
            put("shift_agreement", 1.0)
            return
        shift_x, shift_y, zoom, agreement = self._camera(before, grey)
        put("local_motion", _residual(before, grey, shift_x, shift_y, zoom))
        put("shift_x", shift_x / grey.shape[1])
        put("shift_y", shift_y / grey.shape[0])
        put("zoom", zoom)
        put("shift_agreement", agreement)

    def _camera(
        self, before: NDArray[np.float32], after: NDArray[np.float32]
    ) -> tuple[float, float, float, float]:
        """Return the shift in pixels of the small frame, the zoom, and the agreement.

        The frame is cut into 2 x 3 tiles; each textured tile votes with its phase
        correlation. The median is the camera's, if most tiles agree with a model of shift
        and zoom about the centre; else the camera counts as still.
        """
        height, width = after.shape
        rows, columns = 2, 3
        tile_h, tile_w = _fft_size(height // rows), _fft_size(width // columns)
        if min(tile_h, tile_w) < _TILE_MIN_PX:
            return 0.0, 0.0, 0.0, 0.0
        window = self._window(tile_h, tile_w)
        votes: list[tuple[float, float, float, float]] = []
        for row in range(rows):
            for column in range(columns):
                top = row * (height - tile_h) // (rows - 1)
                left = column * (width - tile_w) // (columns - 1)
                place = np.s_[top : top + tile_h, left : left + tile_w]
                a, b = before[place].copy(), after[place].copy()  # phaseCorrelate writes to both
                if a.std() < _TEXTURE_MIN or b.std() < _TEXTURE_MIN:
                    continue
                (dx, dy), response = cv2.phaseCorrelate(a, b, window)
                if response < _RESPONSE_MIN:
                    continue
                x = left + tile_w / 2 - width / 2
                y = top + tile_h / 2 - height / 2
                votes.append((x, y, dx, dy))
        if len(votes) < 3:
            return 0.0, 0.0, 0.0, 0.0
        return _fit_camera(np.array(votes), width)

    def _window(self, height: int, width: int) -> NDArray[np.float32]:
        key = (height, width)
        if key not in self._windows:
            self._windows[key] = cv2.createHanningWindow((width, height), cv2.CV_32F)
        return self._windows[key]


@lru_cache
def _fft_size(length: int) -> int:
    """Return the largest even length up to `length` that OpenCV transforms without padding.

    `phaseCorrelate` pads other lengths and then reports shifts that are half a pixel off.
    """
    while length > 2 and (length % 2 or cv2.getOptimalDFTSize(length) != length):
        length -= 1
    return length


def _fit_camera(votes: NDArray[np.float64], width: int) -> tuple[float, float, float, float]:
    """Fit shift and zoom to tile votes (x, y, dx, dy), robustly: fit, drop outliers, fit.

    dx = shift_x + zoom * x and dy = shift_y + zoom * y with x, y from the centre.
    """
    limit = _AGREE_SHARE * width
    chosen = votes
    centre = np.median(votes[:, 2:], axis=0)
    near = np.abs(votes[:, 2:] - centre).max(axis=1) <= 3 * limit
    if near.sum() >= 3:
        chosen = votes[near]
    for _ in range(2):
        x, y, dx, dy = chosen.T
        spread = ((x - x.mean()) ** 2 + (y - y.mean()) ** 2).sum()
        moved = ((x - x.mean()) * (dx - dx.mean()) + (y - y.mean()) * (dy - dy.mean())).sum()
        zoom = moved / spread if spread > 0 else 0.0
        shift_x, shift_y = (dx - zoom * x).mean(), (dy - zoom * y).mean()
        errors = np.hypot(
            votes[:, 2] - shift_x - zoom * votes[:, 0], votes[:, 3] - shift_y - zoom * votes[:, 1]
        )
        agrees = errors <= limit
        if agrees.sum() < 3:
            return 0.0, 0.0, 0.0, 0.0
        chosen = votes[agrees]
    agreement = float(agrees.mean())
    if agreement < 0.6:
        return 0.0, 0.0, 0.0, agreement
    return float(shift_x), float(shift_y), float(zoom), agreement


def _residual(
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    shift_x: float,
    shift_y: float,
    zoom: float,
) -> float:
    """Return the mean change beyond coding noise that the camera's move does not explain."""
    if shift_x or shift_y or zoom:
        height, width = after.shape
        scale = 1.0 + zoom
        matrix = np.array(
            [
                [scale, 0.0, shift_x + (1 - scale) * width / 2],
                [0.0, scale, shift_y + (1 - scale) * height / 2],
            ]
        )
        before = cv2.warpAffine(
            before, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE
        ).astype(np.float32)
    return float(np.maximum(np.abs(after - before) - _CODING_NOISE, 0).mean())
