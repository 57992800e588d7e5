"""Raw footage: multi-shot files, some of them faulty or repeated, and their truth beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.media import Decoding, Sound, missing_codecs, write_sound, write_video
from pipeline.world.copies import UNITS
from pipeline.world.damage import truncate_before_index, truncate_to_share, write_text
from pipeline.world.reel import Reel, cut_out
from pipeline.world.shoot import Copy, draw_copy, draw_reel
from pipeline.world.slots import Slot, name_suffix, slots_for, with_codec
from pipeline.world.sound import RATE_HZ, make_sound
from pipeline.world.splits import SPLITS
from pipeline.world.truth import (
    TABLES,
    TRUTH_FOLDER,
    DuplicateTruth,
    ShotTruth,
    Truth,
    VideoTruth,
    has_truth,
    row_order,
    write_truth,
)
from schemas.errors import UserError
from schemas.facts import from_json
from schemas.frames import DrawnVideo
from schemas.wording.render import render

QUALITY = {"libvpx-vp9": 32, "libsvtav1": 30, "libx265": 24}
"""The encoder's quality scale where it is not 20."""
WITHOUT_PICTURE = ("corrupt", "empty", "audio_only")


def draw_footage(
    folder: Path, *, num_videos: int, seed: int, split: str = "train"
) -> list[DrawnVideo]:
    """Write raw videos into `folder`, and their truth into `folder/truth`; return them by name.

    Names are neutral (`video_003.mp4`) and their order is drawn by lot. Drawing again with
    the same arguments replaces the files with the same bytes; a folder that holds anything
    else is refused with a UserError. The truth is written last. All scenes are of one split
    (`splits.SPLITS`).
    """
    slots = slots_for(num_videos)
    missing = set(missing_codecs((), {slot.codec for slot in slots}))
    if split not in SPLITS:
        raise UserError(f"unknown split {split!r}", f"choose one of {', '.join(SPLITS)}")
    slots = tuple(replace(with_codec(slot, missing), split=split) for slot in slots)
    if seed < 0:
        raise UserError(f"a seed is at least 0, got {seed}", "choose another: --seed 0")
    order = np.random.default_rng([seed, 1]).permutation(num_videos)
    digits = max(3, len(str(num_videos - 1)))
    names = [f"video_{order[i]:0{digits}d}{name_suffix(slot)}" for i, slot in enumerate(slots)]
    _prepare(folder, {*names, TRUTH_FOLDER})
    last_use: dict[int, int] = {}
    for index, slot in enumerate(slots):
        if slot.original is not None:
            last_use[slot.original] = index
    reels: dict[int, Reel] = {}
    rows: dict[str, list[Any]] = {name: [] for name in TABLES}
    for index, (slot, name) in enumerate(zip(slots, names, strict=True)):
        reel: Reel | None = None
        original = slot.original
        if original is not None:
            slot = replace(slot, fps=slots[original].fps)
            copy = draw_copy(reels[original], slot, seed=seed, index=index)
            rows["duplicates"].append(_duplicate_row(slot, copy, name, names))
            reel = copy.reel
        elif slot.kind not in WITHOUT_PICTURE:
            reel = draw_reel(slot, seed=seed, index=index)
        if index in last_use and reel is not None:
            reels[index] = reel
        reels = {key: kept for key, kept in reels.items() if last_use[key] > index}
        reel = _write(folder / name, slot, reel, seed)
        rows["videos"].append(_video_row(name, slot, reel))
        if reel is not None:
            rows["shots"] += [_worded(replace(row, file=name), seed) for row in reel.shots]
            for table in ("camera", "objects", "events", "defects"):
                rows[table] += [replace(row, file=name) for row in getattr(reel, table)]
    truth = Truth(**{name: tuple(sorted(rows[name], key=row_order)) for name in TABLES})
    write_truth(folder, truth)
    return [
        DrawnVideo(path=folder / video.file, num_frames=video.num_frames, fps=video.fps)
        for video in truth.videos
    ]


def is_drawn(folder: Path) -> bool:
    """Tell whether a draw into this folder came to its end."""
    return has_truth(folder)


def _write(path: Path, slot: Slot, reel: Reel | None, seed: int) -> Reel | None:
    """Write one file and spoil it as its kind demands; return what can still be decoded."""
    if slot.kind == "corrupt":
        write_text(path)
    elif slot.kind == "empty":
        path.write_bytes(b"")
    elif slot.kind == "audio_only":
        samples = make_sound(np.random.default_rng([seed, 4]), [(0, 100)], 100, 25.0)
        write_sound(path, Sound(samples=samples, rate_hz=RATE_HZ))
    if reel is None:
        return None
    is_re_encoded = slot.copy is not None and slot.copy[0] == "re_encoded"
    target = path.with_suffix(slot.suffix)
    write_video(
        target,
        reel.pixels_THWC,
        fps=slot.fps,
        codec=slot.codec,
        crf=round(slot.copy[1]) if slot.copy and is_re_encoded else QUALITY.get(slot.codec, 20),
        sound=None if reel.sound is None else Sound(samples=reel.sound, rate_hz=RATE_HZ),
    )
    target.rename(path)
    if slot.kind == "truncated":
        truncate_before_index(path)
        return None
    if slot.kind == "cut_short":
        truncate_to_share(path)
        return cut_out(reel, 0, sum(1 for _ in Decoding(path)))
    return reel


def _video_row(name: str, slot: Slot, reel: Reel | None) -> VideoTruth:
    height, width = (0, 0) if reel is None else reel.pixels_THWC.shape[1:3]
    return VideoTruth(
        file=name,
        kind=slot.kind,
        fps=0.0 if reel is None else float(slot.fps),
        num_frames=0 if reel is None else reel.num_frames,
        width_px=width,
        height_px=height,
        has_audio=slot.kind == "audio_only" or (reel is not None and reel.sound is not None),
    )


def _duplicate_row(slot: Slot, copy: Copy, name: str, names: list[str]) -> DuplicateTruth:
    if slot.copy is None or slot.original is None:
        raise ValueError("the slot is no copy")
    kind = slot.copy[0]
    return DuplicateTruth(
        group_id=f"group_{slot.original:03d}",
        file=name,
        reference=names[slot.original],
        kind=kind,
        strength=copy.strength,
        unit=UNITS[kind],
        start_frame=copy.start_frame,
        end_frame=copy.end_frame,
        reference_start_frame=copy.reference_start_frame,
        reference_end_frame=copy.reference_end_frame,
    )


def _worded(shot: ShotTruth, seed: int) -> ShotTruth:
    """Return a shot with the caption that its facts make."""
    if shot.facts is None:
        return shot
    return replace(shot, caption=render(from_json(shot.facts), seed=seed + shot.shot_index))


def _prepare(folder: Path, names: set[str]) -> None:
    """Make the folder. Raises UserError where it is a file, or holds other files than `names`."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"not a folder: {folder}", "name a folder, or one yet to be made")
    folder.mkdir(parents=True, exist_ok=True)
    others = sorted(path.name for path in folder.iterdir() if path.name not in names)
    if others:
        raise UserError(
            f"{folder} already holds {others[0]!r}, which is not part of this draw",
            "draw into an empty folder",
        )
