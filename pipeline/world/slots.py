"""Which files a draw of footage holds: sizes, rates, containers, codecs and planted cases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from schemas.errors import UserError

Planted = tuple[str, float]
"""A defect and its strength, in the unit that `defects.UNITS` (or `copies.UNITS`) names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One file to be drawn.

    `kind` is that of `truth.VideoTruth`. `defects` fall on every second shot, so that hard
    cuts of sound shots stand between them; those of `WHOLE_FILE` on the whole file. `copy`
    is how the file repeats the slot `original` (a key of `copies.UNITS`), whose size and
    rate it then has, changed as the copy demands. `num_shots` and `shot_s` are ranges. `split`
    is one of `splits.SPLITS`. `crf` is the encoder's own quality scale, where it is not as usual.
    """

    kind: str = "normal"
    width_px: int
    height_px: int
    fps: Fraction
    suffix: str
    codec: str
    defects: tuple[Planted, ...] = ()
    copy: Planted | None = None
    original: int | None = None
    has_sound: bool = True
    num_shots: tuple[int, int] = (3, 6)
    shot_s: tuple[float, float] = (1.6, 3.6)
    split: str = "train"
    crf: int | None = None


WHOLE_FILE = ("letterboxed", "pillarboxed", "logo")
"""Defects of a whole file, not of a shot."""

FORMS: dict[str, tuple[str, str]] = {
    "mp4": (".mp4", "libx264"),
    "mp4 hevc": (".mp4", "libx265"),
    "mp4 av1": (".mp4", "libsvtav1"),
    "mkv": (".mkv", "libx264"),
    "mkv hevc": (".mkv", "libx265"),
    "mkv vp9": (".mkv", "libvpx-vp9"),
    "webm": (".webm", "libvpx-vp9"),
    "webm av1": (".webm", "libsvtav1"),
    "avi": (".avi", "mpeg4"),
    "avi mjpeg": (".avi", "mjpeg"),
    "mov": (".mov", "mpeg4"),
    "mov mjpeg": (".mov", "mjpeg"),
    "mov h264": (".mov", "libx264"),
    "ts": (".ts", "libx264"),
}
"""Container and codec by name."""

_NTSC_24, _NTSC_30, _NTSC_60 = (Fraction(n * 1000, 1001) for n in (24, 30, 60))
_PAL = Fraction(25)


def _drawn(
    size: tuple[int, int],
    fps: int | Fraction,
    form: str,
    *defects: Planted,
    kind: str = "normal",
    sound: bool = True,
    num_shots: tuple[int, int] = (3, 6),
    shot_s: tuple[float, float] = (1.6, 3.6),
) -> Slot:
    suffix, codec = FORMS[form]
    return Slot(
        kind=kind,
        width_px=size[0],
        height_px=size[1],
        fps=Fraction(fps),
        suffix=suffix,
        codec=codec,
        defects=defects,
        has_sound=sound,
        num_shots=num_shots,
        shot_s=shot_s,
    )


def _copied(original: int, copy: str, strength: float, form: str) -> Slot:
    """Return a copy of another slot; its size and rate are read from the original's pixels."""
    suffix, codec = FORMS[form]
    return Slot(
        width_px=0,
        height_px=0,
        fps=Fraction(0),
        suffix=suffix,
        codec=codec,
        copy=(copy, strength),
        original=original,
    )


_WIDE, _SMALL, _TALL, _OLD, _SQUARE, _SCOPE = (
    (320, 180),
    (256, 144),
    (144, 256),
    (240, 180),
    (192, 192),
    (344, 144),
)
_TINY = (160, 96)

PLANTED: tuple[Slot, ...] = (
    _drawn(_WIDE, 30, "mp4"),
    _copied(0, "scaled", 0.8, "webm"),
    _drawn(_TALL, 24, "mp4", ("static", 0.0), sound=False),
    _drawn(_TINY, 24, "mp4", kind="truncated"),
    _drawn(_WIDE, _PAL, "mkv", ("letterboxed", 0.24)),
    _drawn(_OLD, _PAL, "avi", ("dark", 0.05)),
    _drawn(_SQUARE, 24, "webm", num_shots=(4, 5), shot_s=(2.0, 3.6)),
    _copied(6, "excerpt", 5.0, "mp4"),
    _drawn(_TINY, 24, "mp4", kind="corrupt"),
    _drawn(_SMALL, 12, "mov", ("overexposed", 0.1), sound=False),
    _drawn(_SMALL, _NTSC_30, "mkv", kind="cut_short"),
    _drawn(_SCOPE, 24, "mp4 hevc", ("burned_in_text", 12.0), num_shots=(4, 5)),
    _copied(0, "mirrored", 1.0, "mkv"),
    _drawn(_WIDE, _NTSC_24, "mov h264", ("shake", 10.0), ("blurred", 4.0)),
    _copied(6, "re_encoded", 50.0, "mp4 av1"),
    _drawn((192, 144), 15, "webm", ("silence", 0.0), ("blocky", 120.0), num_shots=(5, 6)),
    # -- 16 ----------------------------------------------------------------------------
    _drawn(_TINY, 24, "mp4", num_shots=(12, 12), shot_s=(5.6, 7.5)),
    _copied(0, "cropped", 0.1, "mp4"),
    _drawn(_OLD, _NTSC_30, "mov mjpeg", ("slideshow", 2.5), num_shots=(3, 4)),
    _copied(0, "letterboxed", 0.12, "mov"),
    _drawn(_SMALL, _PAL, "ts", num_shots=(5, 7)),
    _drawn(_TINY, 24, "mp4", kind="empty"),
    _copied(6, "contained", 2.6, "mkv vp9"),
    _drawn(_WIDE, 60, "mp4", ("black", 0.0), ("static", 1.5), shot_s=(1.6, 2.4)),
    _drawn(_TINY, 24, "mp4", kind="audio_only"),
    _copied(0, "re_timed", 1.25, "mp4 hevc"),
    _drawn(_TALL, 30, "mp4", ("logo", 0.8)),
    _copied(6, "greyscale", 0.0, "avi mjpeg"),
    _drawn(_SMALL, 24, "mkv", kind="mislabelled"),
    _copied(0, "overlaid", 0.2, "webm"),
    _drawn(_WIDE, 24, "mkv hevc", ("pillarboxed", 0.25), sound=False),
    _drawn(_OLD, 50, "mp4", ("overexposed", 0.25), ("dark", 0.12), shot_s=(1.6, 2.4)),
    _copied(6, "cropped", 0.25, "webm av1"),
    _drawn(_WIDE, _PAL, "avi", ("blurred", 1.5), ("shake", 3.0), ("burned_in_text", 20.0)),
    _copied(20, "mirrored", 1.0, "mp4"),
    _copied(16, "excerpt", 12.0, "mkv"),
    _drawn(_SCOPE, _NTSC_60, "mp4", ("slideshow", 1.0), num_shots=(3, 3), shot_s=(1.6, 2.4)),
    _copied(20, "re_encoded", 42.0, "mp4"),
    _drawn(_SQUARE, 30, "webm", ("silence", 0.001), ("black", 6.0), ("blocky", 60.0)),
    _copied(6, "re_timed", 0.8, "mkv"),
    _drawn(_SMALL, 24, "avi", kind="cut_short"),
    _copied(20, "letterboxed", 0.2, "ts"),
    _drawn((640, 360), 24, "mp4", ("logo", 0.35), num_shots=(3, 3), shot_s=(1.6, 2.4)),
    _copied(20, "overlaid", 0.08, "mov h264"),
    _copied(16, "scaled", 0.6, "webm"),
    _drawn(_WIDE, 24, "mp4", ("letterboxed", 0.44)),
    _copied(16, "contained", 4.0, "mp4"),
    _copied(20, "greyscale", 0.15, "mkv"),
    _drawn(_TALL, 24, "webm", ("pillarboxed", 0.12), sound=False),
    _drawn(_TINY, 15, "mkv", num_shots=(10, 12), shot_s=(5.6, 7.5)),
)
"""The planted cases in order of priority: `num_videos` smaller than this takes the first."""

MORE: tuple[Slot, ...] = (
    _drawn(_SMALL, _NTSC_30, "mp4"),
    _drawn(_WIDE, 24, "mkv", ("static", 1.5), ("burned_in_text", 14.0)),
    _drawn((144, 192), 15, "webm", ("blurred", 2.5), sound=False),
    _drawn((192, 144), 30, "avi", ("dark", 0.08), ("shake", 6.0)),
    _drawn(_SCOPE, 24, "mp4", ("blocky", 60.0), ("overexposed", 0.15)),
    _drawn(_SQUARE, _PAL, "mov h264"),
)
"""What follows the planted cases, over and over."""


CLEAN_SIZES: dict[tuple[int, int], float] = {
    (112, 112): 0.35,
    (144, 80): 0.2,
    (128, 96): 0.15,
    (80, 144): 0.1,
    (96, 128): 0.1,
    (160, 72): 0.1,
}
"""Frame sizes of clean footage and their shares: small and of many shapes, to train on."""
CLEAN_RATES: dict[int, float] = {16: 0.8, 8: 0.1, 24: 0.1}
"""Frame rates of clean footage and their shares: multiples of the 8 frames a second that models
train at by default. Of 12, every second frame comes too early, and even motion looks jerky."""
CLEAN_SHOTS = 24
CLEAN_SHOT_S = (2.2, 3.2)
CLEAN_CRF = 16
"""Of H.264; more compression bleeds the colours of small things into their surroundings."""


def slots_for(num_videos: int) -> tuple[Slot, ...]:
    """Return the files of a draw in order of priority. Raises UserError below one."""
    _check_number(num_videos)
    extra = max(num_videos - len(PLANTED), 0)
    slots = (*PLANTED, *(MORE[index % len(MORE)] for index in range(extra)))
    return slots[:num_videos]


def clean_slots(num_videos: int, seed: int) -> tuple[Slot, ...]:
    """Return the files of a draw of clean footage, their size and rate by lot.

    A draw of more files begins with the same ones. Raises UserError below one.
    """
    _check_number(num_videos)
    suffix, codec = FORMS["mp4"]
    slots = []
    for index in range(num_videos):
        rng = np.random.default_rng([seed, 6, index])
        size = rng.choice(list(CLEAN_SIZES), p=list(CLEAN_SIZES.values()))
        rate = rng.choice(list(CLEAN_RATES), p=list(CLEAN_RATES.values()))
        slots.append(
            Slot(
                width_px=int(size[0]),
                height_px=int(size[1]),
                fps=Fraction(int(rate)),
                suffix=suffix,
                codec=codec,
                has_sound=False,
                num_shots=(CLEAN_SHOTS, CLEAN_SHOTS),
                shot_s=CLEAN_SHOT_S,
                crf=CLEAN_CRF,
            )
        )
    return tuple(slots)


def _check_number(num_videos: int) -> None:
    if num_videos < 1:
        raise UserError(f"cannot draw {num_videos} videos", "ask for at least one: --videos 1")


def name_suffix(slot: Slot) -> str:
    """Return the suffix of the file's name: another container's where it is mislabelled."""
    if slot.kind != "mislabelled":
        return slot.suffix
    return ".mp4" if slot.suffix == ".mkv" else ".mkv"


def with_codec(slot: Slot, missing: set[str]) -> Slot:
    """Return the slot with a codec that this build can write, in the same container."""
    if slot.codec not in missing:
        return slot
    return replace(slot, codec="libvpx-vp9" if slot.suffix == ".webm" else "libx264")
