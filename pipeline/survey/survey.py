"""Survey one video: a single sequential pass that yields all that curation decides from.

`survey_file` runs in a child process (see `pipeline.containment`). The check whether decord
reads the same frames runs in a call of its own, because decord can hang.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import Field

from pipeline.media import (
    DECODER,
    Decoding,
    Picture,
    decord_index,
    read_decord,
)
from pipeline.survey.hashing import HASH_BITS, difference_hash, hamming
from pipeline.survey.sampled import encode_jpeg, find_borders, sharpness
from pipeline.survey.signals import SignalTrack
from schemas.errors import MediaError
from schemas.records import SampledFrame, Signature, Survey
from schemas.settings import Settings
from schemas.timing import is_vfr

SURVEY_CODE_VERSION = "1"
"""Raise it when a signal changes its meaning; all videos are then surveyed again."""

_SMALL_WIDTH_PX = 128
_CHECK_FRAMES = 5
_CHECK_KEYFRAMES = 3
_SAME_FRAME_BITS = 6
"""Hash bits that may differ between two decoders' scalers on the same frame."""


class SurveySettings(Settings):
    """How a video is looked at once."""

    sample_every_s: float = Field(1.0, gt=0)
    """Seconds between stored frames; the first frame is always stored."""
    sample_max_side_px: int = Field(256, ge=32)
    """Longer side of a stored frame."""
    jpeg_quality: int = Field(80, ge=10, le=100)
    """Of stored frames."""
    signature_hz: float = Field(4.0, gt=0)
    """Frame hashes per second kept for finding near-duplicates."""
    timeout_base_s: float = Field(60.0, gt=0)
    """Seconds that any file may take."""
    timeout_per_s: float = Field(20.0, ge=0)
    """Further seconds per second of video."""
    timeout_max_s: float = Field(3600.0, gt=0)
    """Seconds after which even the longest file is given up."""
    memory_limit_mb: int = Field(8192, ge=512)
    """Address space of a decoding process, in MiB."""

    def version(self) -> str:
        """Return what `survey_version` holds: a hash of the code version and what is measured.

        Limits on time and memory are not part of it: they do not change what is seen.
        """
        limits = {"timeout_base_s", "timeout_per_s", "timeout_max_s", "memory_limit_mb"}
        measured = self.model_copy(update=dict.fromkeys(limits, 0))
        return measured.hash(SURVEY_CODE_VERSION)

    def timeout_s(self, duration_s: float) -> float:
        """Return how long a video of this length may take, in seconds."""
        return min(self.timeout_max_s, self.timeout_base_s + self.timeout_per_s * duration_s)


def survey_file(
    path: Path, video_id: str, settings: SurveySettings
) -> tuple[Survey, list[SampledFrame], Signature, str]:
    """Decode a file once and return its survey, sampled frames, signature and last error.

    Raises MediaError `no_frames` when nothing could be decoded, and what opening raises.
    """
    version = settings.version()
    decoding = Decoding(path)
    track = SignalTrack()
    pts: list[int] = []
    sampled: list[SampledFrame] = []
    hashed: list[int] = []
    last: Picture | None = None
    next_sample = next_hash = -math.inf  # places in grids that start at time zero
    small_size = (0, 0)
    for index, picture in enumerate(decoding):
        if last is None:
            small_size = _small_size(*picture.displayed_size)
        small = picture.bgr(*small_size)
        track.add(small)
        pts.append(picture.pts)
        time_s = decoding.time_base.seconds(picture.pts)
        hash_place = time_s * settings.signature_hz + 1e-6
        if hash_place >= next_hash:
            hashed.append(index)
            next_hash = math.floor(hash_place) + 1
        sample_place = time_s / settings.sample_every_s + 1e-6
        if sample_place >= next_sample:
            sampled.append(_sample(picture, index, time_s, video_id, version, settings))
            next_sample = math.floor(sample_place) + 1
        last = picture
    if last is None:
        reason = decoding.last_error or "the decoder gave no frame"
        raise MediaError("no_frames", reason)
    seconds = decoding.time_base.seconds
    end_pts = last.pts + last.duration
    duration_s = seconds(end_pts - pts[0])
    width, height = last.displayed_size
    survey = Survey(
        video_id=video_id,
        survey_version=version,
        num_frames=len(pts),
        is_vfr=is_vfr(pts),
        decoder=DECODER,
        random_reader="pyav",
        random_reader_note="not compared",
        width_px=width,
        height_px=height,
        fps=len(pts) / duration_s if duration_s > 0 else 0.0,
        duration_s=duration_s,
        time_base_num=decoding.time_base.num,
        time_base_den=decoding.time_base.den,
        end_pts=end_pts,
        num_bad_packets=decoding.num_bad_packets,
        pts=pts,
        frame_hash=track.hashes,
        **track.values,
    )
    signature = Signature(
        video_id=video_id,
        survey_version=version,
        rate_hz=settings.signature_hz,
        frame_index=hashed,
        time_s=[seconds(pts[i]) for i in hashed],
        hashes=[track.hashes[i] for i in hashed],
    )
    return survey, sampled, signature, decoding.last_error


def _small_size(width: int, height: int) -> tuple[int, int]:
    """Return the size at which signals are measured: the wider side 128 px, at least 16."""
    scale = _SMALL_WIDTH_PX / max(width, height)
    return max(16, round(width * scale)), max(16, round(height * scale))


def _sample(
    picture: Picture,
    index: int,
    time_s: float,
    video_id: str,
    version: str,
    settings: SurveySettings,
) -> SampledFrame:
    luma = picture.luma()
    borders = find_borders(luma)
    width, height = picture.displayed_size
    scale = min(1.0, settings.sample_max_side_px / max(width, height))
    stored = (max(1, round(width * scale)), max(1, round(height * scale)))
    return SampledFrame(
        video_id=video_id,
        survey_version=version,
        frame_index=index,
        pts=picture.pts,
        time_s=time_s,
        width_px=stored[0],
        height_px=stored[1],
        jpeg=encode_jpeg(picture.bgr(*stored), settings.jpeg_quality),
        sharpness=sharpness(luma),
        border_left_px=borders.left,
        border_right_px=borders.right,
        border_top_px=borders.top,
        border_bottom_px=borders.bottom,
    )


def compare_decord(path: Path, num_frames: int, frame_hash: Sequence[int]) -> str:
    """Return "" where decord's frames equal the survey's, else why they do not.

    Frames are read one by one, out of order: spread over the file, and on both sides of
    keyframes, where decoders that seek wrongly are off by one. Each must be closer to its
    own hash than to a neighbour's. A video whose neighbouring frames are alike cannot show
    that; then either reader gives the same picture.
    """
    count, keyframes = decord_index(path)
    if count != num_frames:
        return f"decord counts {count} frames, PyAV {num_frames}"
    spread = np.linspace(0, num_frames - 1, min(_CHECK_FRAMES, num_frames)).round().astype(int)
    chosen = keyframes[:: max(1, len(keyframes) // _CHECK_KEYFRAMES)][: _CHECK_KEYFRAMES + 1]
    around = [k + step for k in chosen for step in (-2, -1, 0, 1)]
    places = sorted({int(i) for i in (*spread, *around) if 0 <= i < num_frames}, reverse=True)
    hashes = np.asarray(frame_hash, np.int64)
    for place, picture in zip(places, read_decord(path, places, *_CHECK_SIZE), strict=True):
        nearby = hashes[max(0, place - 1) : place + 2]
        distances = hamming(np.array([_hash_rgb(picture)], np.int64), nearby)
        own = place - max(0, place - 1)
        bits = int(distances[own])
        if bits > _SAME_FRAME_BITS:
            return f"frame {place} differs by {bits} of {HASH_BITS} hash bits"
        if int(distances.min()) < bits:
            return f"frame {place} looks like frame {place - own + int(distances.argmin())}"
    return ""


_CHECK_SIZE = (128, 128)


def _hash_rgb(rgb: np.ndarray) -> int:
    grey = rgb.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return difference_hash(np.clip(grey + 0.5, 0, 255).astype(np.uint8))
