"""Which files a draw of footage holds: sizes, rates, containers, codecs and planted cases."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from schemas.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One file to be drawn; `original` is the slot that a copy is made from."""

    kind: str
    width_px: int
    height_px: int
    fps: Fraction
    suffix: str
    codec: str
    defect: str | None = None
    original: int | None = None


def _slot(
    kind: str,
    size: tuple[int, int],
    fps: int | Fraction,
    form: str,
    *,
    defect: str | None = None,
    original: int | None = None,
) -> Slot:
    suffix, codec = form.split()
    return Slot(
        kind=kind,
        width_px=size[0],
        height_px=size[1],
        fps=Fraction(fps),
        suffix=suffix,
        codec=codec,
        defect=defect,
        original=original,
    )


_MP4, _MKV = ".mp4 libx264", ".mkv libx264"
_WEBM, _AVI, _MOV = ".webm libvpx-vp9", ".avi mpeg4", ".mov mpeg4"
_NTSC = Fraction(30000, 1001)

PLANTED: tuple[Slot, ...] = (
    _slot("normal", (320, 180), 30, _MP4),
    _slot("near_duplicate", (256, 144), 30, _WEBM, original=0),
    _slot("normal", (144, 256), 24, _MP4, defect="static"),
    _slot("truncated", (160, 96), 24, _MP4),
    _slot("letterboxed", (320, 180), 25, _MKV),
    _slot("normal", (240, 180), 25, _AVI, defect="dark"),
    _slot("normal", (192, 192), 24, _WEBM),
    _slot("excerpt", (192, 192), 24, _MP4, original=6),
    _slot("corrupt", (0, 0), 0, _MP4),
    _slot("normal", (160, 96), 12, _MOV, defect="overexposed"),
    _slot("cut_short", (256, 144), _NTSC, _MKV),
)
"""The planted cases in order of priority: `num_videos` smaller than this takes the first."""

MORE: tuple[Slot, ...] = (
    _slot("normal", (256, 144), _NTSC, _MP4),
    _slot("normal", (320, 180), 24, _MKV),
    _slot("normal", (144, 192), 15, _WEBM),
    _slot("normal", (192, 144), 30, _AVI),
)
"""What follows the planted cases, over and over."""


def slots_for(num_videos: int) -> tuple[Slot, ...]:
    """Return the files of a draw in order of priority. Raises UserError below one."""
    if num_videos < 1:
        raise UserError(f"cannot draw {num_videos} videos", "ask for at least one: --videos 1")
    extra = max(num_videos - len(PLANTED), 0)
    slots = (*PLANTED, *(MORE[index % len(MORE)] for index in range(extra)))
    return slots[:num_videos]
