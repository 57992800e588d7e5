"""The `FrameReader` of the house: frames of a clip at random, decoded where it can be killed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.containment import Contained
from pipeline.media import Decoding, read_decord, read_pyav
from schemas.errors import MediaError
from schemas.frames import Box, ClipRef, Frames


class ClipReader:
    """Reads clips through one child process; make one per process or thread."""

    def __init__(self, *, timeout_s: float = 120.0, memory_limit_mb: int = 8192) -> None:
        self.timeout_s = timeout_s
        self._child = Contained(memory_limit_mb=memory_limit_mb)

    def read(
        self,
        clip: ClipRef,
        *,
        frame_offsets: Sequence[int],
        width_px: int,
        height_px: int,
    ) -> Frames:
        """Return the frames at `frame_offsets`, cropped to the clip's crop, resized.

        By decord where the survey saw that it gives the same frames, else by PyAV; where
        decord fails all the same, PyAV is tried. Raises MediaError, and IndexError for an
        offset outside the clip.
        """
        for offset in frame_offsets:
            if not 0 <= offset < clip.num_frames:
                raise IndexError(f"frame {offset} of a clip of {clip.num_frames} frames")
        readers = ["decord", "pyav"] if clip.reader == "decord" else ["pyav"]
        for reader in readers:
            try:
                pixels = self._child.call(
                    read_clip_frames,
                    self.timeout_s,
                    clip,
                    reader,
                    list(frame_offsets),
                    width_px,
                    height_px,
                )
            except MediaError:
                if reader == readers[-1]:
                    raise
                continue
            times = clip.frame_times_s
            return Frames(
                pixels_THWC=pixels, times_s=np.array([times[offset] for offset in frame_offsets])
            )
        raise AssertionError("unreachable")

    def close(self) -> None:
        """End the child process."""
        self._child.close()


def read_clip_frames(
    clip: ClipRef, reader: str, offsets: Sequence[int], width_px: int, height_px: int
) -> NDArray[np.uint8]:
    """Decode frames of a clip in this process: T x H x W x 3 RGB."""
    path = Path(clip.uri)
    crop = clip.crop
    # Without a crop the decoder resizes; with one, native pixels are cut first.
    size = (width_px, height_px) if crop is None else (clip.width_px, clip.height_px)
    if reader == "decord":
        frames = read_decord(path, [clip.start_frame + offset for offset in offsets], *size)
    else:
        frames = read_pyav(path, [clip.frame_pts[offset] for offset in offsets], *size)
    if crop is not None:
        frames = [_cut(frame, crop, width_px, height_px) for frame in frames]
    return np.stack(frames)


def _cut(frame: NDArray[np.uint8], crop: Box, width_px: int, height_px: int) -> NDArray[np.uint8]:
    import cv2

    inside = frame[crop.y_px : crop.y_px + crop.height_px, crop.x_px : crop.x_px + crop.width_px]
    resized: NDArray[np.uint8] = cv2.resize(
        inside, (width_px, height_px), interpolation=cv2.INTER_AREA
    )
    return resized


def read_start(
    path: Path,
    *,
    max_frames: int,
    max_side_px: int | None = None,
    short_side_px: int | None = None,
    every_s: float = 0.0,
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Decode the start of a file in this process: T x H x W x 3 RGB, and times in seconds.

    At most `max_frames`, at least `every_s` apart. A picture larger than `max_side_px` is shrunk
    until its longer side fits; with `short_side_px` the shorter side gets that length, be it by
    enlarging. Raises MediaError `no_frames` where none can be decoded.
    """
    pictures: list[NDArray[np.uint8]] = []
    times_s: list[float] = []
    decoding = Decoding(path)
    first: int | None = None
    for picture in decoding:
        first = picture.pts if first is None else first
        time_s = decoding.time_base.seconds(picture.pts - first)
        if times_s and time_s - times_s[-1] < every_s:
            continue
        width, height = picture.displayed_size
        scale = 1.0 if max_side_px is None else min(1.0, max_side_px / max(width, height))
        if short_side_px is not None:
            scale = short_side_px / min(width, height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pictures.append(picture.rgb(*size))
        times_s.append(time_s)
        if len(pictures) == max_frames:
            break
    if not pictures:
        raise MediaError("no_frames", decoding.last_error or "no frame could be decoded")
    return np.stack(pictures), np.array(times_s, dtype=np.float64)
