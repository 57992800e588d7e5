"""Find shot boundaries in the signals of a survey.

Hard cuts: PySceneDetect's AdaptiveDetector decides, fed with the frame scores that the survey
stored instead of with frames. Fades: runs of frames that are dark and flat, with the ramps
that lead into and out of them. Dissolves: a slow change of the picture without a cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

from schemas.settings import Settings

_BLANK = np.zeros((1, 1, 3), np.uint8)


SPLIT_CODE_VERSION = "1"
"""Raise it when the same settings cut otherwise; all videos are then split again."""


class SplitSettings(Settings):
    """How shots are found and clips are cut from them."""

    adaptive_threshold: float = Field(3.0, gt=0)
    """A frame's change over its neighbours' that makes a cut (AdaptiveDetector)."""
    content_min: float = Field(15.0, ge=0, le=255)
    """Smaller changes of hue, saturation and luma are never a cut."""
    window_frames: int = Field(2, ge=1)
    """Neighbours on each side that a change is compared with."""
    min_shot_s: float = Field(0.4, ge=0)
    """Cuts closer than this to the last one are one cut (flashes)."""
    fade_luma_max: float = Field(28.0, ge=0, le=255)
    """A frame of a fade's black part has at most this mean luma ..."""
    fade_contrast_max: float = Field(8.0, ge=0)
    """... and at most this standard deviation of luma."""
    fade_ramp_max_s: float = Field(3.0, ge=0)
    """The longest ramp into or out of black that belongs to the fade."""
    fade_black_max_s: float = Field(2.0, ge=0)
    """A longer black part is a (black) shot of its own, not part of a fade."""
    find_dissolves: bool = True
    """Whether slow mixes of two shots are looked for."""
    dissolve_max_s: float = Field(2.0, gt=0)
    """The longest dissolve."""
    min_clip_s: float = Field(1.0, ge=0)
    """Shorter takes give no clip."""
    max_clip_s: float = Field(20.0, gt=0)
    """Longer takes are cut into equal clips."""
    edge_trim_s: float = Field(0.1, ge=0)
    """Cut off both ends of a take next to a boundary: codecs smear cuts."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where one shot ends and the next begins; frames `[start, end)` belong to neither.

    A cut has `start == end`: the first frame of the new shot.
    """

    kind: str
    start: int
    end: int

    @property
    def middle(self) -> int:
        """The first frame that counts to the new shot."""
        return (self.start + self.end) // 2


@dataclass(frozen=True, slots=True)
class Signals:
    """The signals that boundaries are found in, one value per frame."""

    fps: float
    luma_mean: NDArray[np.float32]
    luma_std: NDArray[np.float32]
    content_change: NDArray[np.float32]
    histogram_change: NDArray[np.float32]
    frame_hash: NDArray[np.int64]

    @property
    def num_frames(self) -> int:
        """Frames in the video."""
        return len(self.luma_mean)

    def frames(self, seconds: float) -> int:
        """Return a length in frames, at least 1."""
        return max(1, round(seconds * self.fps))


def find_boundaries(signals: Signals, settings: SplitSettings) -> list[Boundary]:
    """Return the boundaries between shots, in order, none overlapping.

    A fade at the very start or end of a video is not between two shots and not returned;
    `black_edges` gives its frames.
    """
    black = _black_runs(signals, settings)
    fades = [run for run in black if run.start > 0 and run.end < signals.num_frames]
    taken = np.zeros(signals.num_frames + 1, bool)
    for run in black:
        taken[run.start : run.end + 1] = True
    cuts = [Boundary("cut", at, at) for at in _cuts(signals, settings) if not taken[at]]
    found = fades + cuts
    if settings.find_dissolves:
        found += _dissolves(signals, settings, black + cuts)
    return sorted(found, key=lambda boundary: boundary.start)


def black_edges(signals: Signals, settings: SplitSettings) -> tuple[int, int]:
    """Return how many frames at the start and at the end are black or fading."""
    start = end = 0
    for run in _black_runs(signals, settings):
        if run.start == 0:
            start = run.end
        if run.end == signals.num_frames:
            end = run.end - run.start
    return (start, 0) if start == signals.num_frames else (start, end)


class _StoredScores(AdaptiveDetector):
    """AdaptiveDetector's decision on frame scores that were measured earlier."""

    def __init__(self, scores: Sequence[float], settings: SplitSettings) -> None:
        super().__init__(
            adaptive_threshold=settings.adaptive_threshold,
            min_scene_len=settings.min_shot_s,
            window_width=settings.window_frames,
            min_content_val=settings.content_min,
        )
        self._scores = scores

    def _calculate_frame_score(self, timecode: FrameTimecode, frame_img: object) -> float:
        return self._scores[int(timecode.frame_num)]


def _cuts(signals: Signals, settings: SplitSettings) -> list[int]:
    if signals.num_frames < 2:
        return []
    fps = max(signals.fps, 1.0)
    # The window cannot look past the ends, so cuts within it are missed: repeat the edges.
    scores = [float(score) for score in signals.content_change]
    pad = settings.window_frames
    detector = _StoredScores([0.0] * pad + scores + [0.0] * pad, settings)
    cuts: list[int] = []
    for index in range(len(scores) + 2 * pad):
        for cut in detector.process_frame(FrameTimecode(index, fps=fps), _BLANK):
            cuts.append(cut.frame_num - pad)
    return [cut for cut in cuts if 0 < cut < signals.num_frames and _is_new_picture(signals, cut)]


_SAME_PICTURE_BITS = 14
"""Pictures whose hashes differ by fewer bits of 64 show the same shot ..."""
_STRONG_CHANGE = 35.0
"""... unless hue, saturation and luma change by this much, as flat pictures' hashes cannot tell."""


def _is_new_picture(signals: Signals, cut: int) -> bool:
    """Tell a cut from a jump within a shot (a flash, a caption that changes, a dropped frame)."""
    if _is_flash(signals, cut):
        return False
    if signals.content_change[cut] >= _STRONG_CHANGE:
        return True
    after = min(cut + 2, signals.num_frames - 1)
    return (
        hash_bits(signals, cut - 1, cut) >= _SAME_PICTURE_BITS
        and hash_bits(signals, max(0, cut - 3), after) >= _SAME_PICTURE_BITS
    )


_FLASH_MAX_S = 0.4
"""A picture that comes back within this time was lit, not cut away from."""
_FLASH_BITS_SHARE = 0.4
"""Share of a picture's set hash bits by which the returning one may differ."""
_TELLING_BITS_MIN = 12
"""Pictures whose hashes set fewer bits are too plain to be recognised."""


def _is_flash(signals: Signals, cut: int) -> bool:
    """Tell whether the picture before `cut` returns soon after, or that at `cut` was there."""
    reach = signals.frames(_FLASH_MAX_S)
    last = signals.num_frames - 1
    for known, others in (
        (cut - 1, range(cut + 1, min(cut + reach, last) + 1)),
        (cut, range(max(0, cut - 1 - reach), cut - 1)),
    ):
        bits = int(np.bitwise_count(signals.frame_hash[[known]].view(np.uint64))[0])
        if bits >= _TELLING_BITS_MIN and any(
            hash_bits(signals, known, other) <= _FLASH_BITS_SHARE * bits for other in others
        ):
            return True
    return False


def hash_bits(signals: Signals, a: int, b: int) -> int:
    """Return how many bits differ between the hashes of two frames, 0..64."""
    first, second = signals.frame_hash[[a, b]].view(np.uint64)
    return int(np.bitwise_count(first ^ second))


def _black_runs(signals: Signals, settings: SplitSettings) -> list[Boundary]:
    """Return dark, flat runs with their ramps, as `[start, end)`, merged where they touch."""
    is_black = (signals.luma_mean <= settings.fade_luma_max) & (
        signals.luma_std <= settings.fade_contrast_max
    )
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_black.view(np.int8), [0]])))
    longest = signals.frames(settings.fade_ramp_max_s)
    runs: list[Boundary] = []
    for first, after in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        start = max(0, first - _ramp(signals, first, -1, longest))
        end = min(signals.num_frames, after + _ramp(signals, after - 1, 1, longest))
        if after - first > settings.fade_black_max_s * signals.fps:
            # A black shot: what leads into it and out of it are two boundaries, or cuts.
            parts = [(start, first), (after, end)]
        else:
            parts = [(start, end)]
        for part_start, part_end in parts:
            if part_end <= part_start:
                continue
            if runs and part_start <= runs[-1].end:
                part_start = runs.pop().start
            runs.append(Boundary("fade", part_start, part_end))
    return runs


_RAMP_STEP_MIN = 0.15
"""Grey levels of contrast that a ramp gains per frame, at least, seen over three frames."""
_CUT_JUMP = 25.0
"""A change of content by more than this in one frame is a cut to or from black, not a ramp."""


def _ramp(signals: Signals, edge: int, direction: int, longest: int) -> int:
    """Count the frames beyond `edge` over which the picture's contrast keeps rising.

    A fade scales the picture, so its contrast (standard deviation of luma) grows steadily
    away from black; it stops growing where the fade is over.
    """
    contrast, change = signals.luma_std, signals.content_change
    count = 0
    while count < longest:
        here = edge + direction * count
        there = here + direction
        if not 0 <= there < signals.num_frames:
            break
        if change[max(here, there)] > _CUT_JUMP:
            break
        ahead = here + direction * min(3, longest - count)
        ahead = min(max(ahead, 0), signals.num_frames - 1)
        gain = float(contrast[ahead] - contrast[here])
        if gain < _RAMP_STEP_MIN * abs(ahead - here):
            break
        count += 1
    return count


_DISSOLVE_BITS_MIN = 18
"""Hash bits by which the pictures before and after a dissolve differ, of 64."""
_DISSOLVE_MIN_S = 0.25
"""Seconds; anything faster is a cut, or stop motion."""
_DISSOLVE_STEADY = 0.75
"""Share of frames inside that must change clearly; a mix changes every frame."""
_DISSOLVE_OVER_CALM = 2.0
"""How much faster the picture changes inside than around it."""
_DISSOLVE_CHANGE_MAX = 25.0
"""A picture that changes by more than this in one frame jumps or flashes; it does not mix."""
_DISSOLVE_DEPTH = 0.87
"""The lowest contrast inside, as a share of that at the duller side."""


def _dissolves(
    signals: Signals, settings: SplitSettings, known: Sequence[Boundary]
) -> list[Boundary]:
    """Find windows in which the picture turns into another one steadily, without a jump.

    In a linear mix of two unrelated pictures the contrast first falls and then rises again
    (the variance is a parabola; Lienhart, SPIE 1999), which motion and light changes do not
    show. So: a dip of contrast, different pictures on its two sides, change all along.
    """
    number = signals.num_frames
    half = max(4, signals.frames(settings.dissolve_max_s / 2))
    if number < 2 * half + 2:
        return []
    contrast = _smooth(signals.luma_std)
    change = _smooth(signals.content_change)
    blocked = np.zeros(number, bool)
    for boundary in known:
        blocked[max(0, boundary.start - 2) : boundary.end + 3] = True
    found: list[Boundary] = []
    at = 2
    while at < number - 2:
        dip = _dip(contrast, at, half)
        if dip is None or blocked[dip[0] : dip[1] + 1].any() or dip[1] - dip[0] < 5:
            at += 1
            continue
        start, end = dip
        before, after = max(0, start - 1), min(number - 1, end + 1)
        around = np.concatenate([change[max(0, start - half) : start], change[end : end + half]])
        calm = float(np.median(around)) if len(around) else 0.0
        lively = change[start:end] > max(_DISSOLVE_OVER_CALM * calm, calm + 0.7)
        if not lively.any():
            at += 1
            continue
        end = start + int(np.flatnonzero(lively)[-1]) + 1
        start += int(np.flatnonzero(lively)[0])
        inside = change[start:end]
        steady = float((inside > max(_DISSOLVE_OVER_CALM * calm, calm + 0.7)).mean())
        if (
            end - start >= max(5, signals.frames(_DISSOLVE_MIN_S))
            and hash_bits(signals, before, after) >= _DISSOLVE_BITS_MIN
            and steady >= _DISSOLVE_STEADY
            and float(signals.content_change[start:end].max()) <= _DISSOLVE_CHANGE_MAX
        ):
            found.append(Boundary("dissolve", start, end))
            at = end + half
        else:
            at += 1
    return found


def _dip(contrast: NDArray[np.float64], at: int, half: int) -> tuple[int, int] | None:
    """Return the shoulders of a dip whose lowest frame is `at`, or None."""
    low = contrast[at]
    left = contrast[max(0, at - half) : at + 1]
    right = contrast[at : at + half + 1]
    if low > left.min() or low > right.min():
        return None
    left_at, right_at = int(left.argmax()), int(right.argmax())
    if low > _DISSOLVE_DEPTH * min(left.max(), right.max()) or low < 1.0:
        return None
    return at - (len(left) - 1 - left_at), at + right_at


def _smooth(values: NDArray[np.float32]) -> NDArray[np.float64]:
    padded = np.pad(values.astype(np.float64), 1, mode="edge")
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3
