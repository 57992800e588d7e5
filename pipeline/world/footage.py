"""Footage: multi-shot files, raw (some faulty or repeated) or clean, and the truth beside them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from pipeline.containment import Contained
from pipeline.media import Decoding, Sound, missing_codecs, write_sound, write_video
from pipeline.world.clean import draw_clean_reel
from pipeline.world.copies import UNITS
from pipeline.world.damage import truncate_before_index, truncate_to_share, write_text
from pipeline.world.reel import Reel, cut_out
from pipeline.world.shoot import Copy, draw_copy, draw_reel
from pipeline.world.slots import Slot, clean_slots, name_suffix, slots_for, with_codec
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
FOOTAGE_FORMS = ("raw", "scenes")
"""`raw`: of all sizes and codecs, with defects, copies and broken files, to try curation on;
`scenes`: small, and nothing but many short clean takes, to train on."""
CLEAN_VIDEO_MAX_S = 600.0
"""A process that has not drawn a video by then is stuck."""
Rows = dict[str, list[Any]]
"""Rows of truth by table."""
_Job = tuple[int, tuple[Slot, str]]


def draw_footage(
    folder: Path,
    *,
    num_videos: int,
    seed: int,
    split: str = "train",
    form: str = "raw",
    num_workers: int = 1,
    on_drawn: Callable[[], object] | None = None,
) -> list[DrawnVideo]:
    """Write videos into `folder`, and their truth into `folder/truth`; return them by name.

    Names are neutral (`video_003.mp4`) and their order is drawn by lot. Drawing again with
    the same arguments replaces the files with the same bytes; a folder that holds anything
    else is refused with a UserError. The truth is written last. All scenes are of one split
    (`splits.SPLITS`); `form` is one of `FOOTAGE_FORMS`.

    Clean footage is drawn by up to `num_workers` processes, which changes nothing in it; raw
    footage by this one, because its files repeat one another. `on_drawn` is called after
    every video.
    """
    if split not in SPLITS:
        raise UserError(f"unknown split {split!r}", f"choose one of {', '.join(SPLITS)}")
    if form not in FOOTAGE_FORMS:
        raise UserError(f"unknown form {form!r}", f"choose one of {', '.join(FOOTAGE_FORMS)}")
    if seed < 0:
        raise UserError(f"a seed is at least 0, got {seed}", "choose another: --seed 0")
    slots = slots_for(num_videos) if form == "raw" else clean_slots(num_videos, seed)
    missing = set(missing_codecs((), {slot.codec for slot in slots}))
    slots = tuple(replace(with_codec(slot, missing), split=split) for slot in slots)
    order = np.random.default_rng([seed, 1]).permutation(num_videos)
    if form == "scenes":
        order = np.arange(num_videos)  # no case is planted whose place a lot would have to hide
    digits = max(3, len(str(num_videos - 1)))
    names = [f"video_{order[i]:0{digits}d}{name_suffix(slot)}" for i, slot in enumerate(slots)]
    _prepare(folder, {*names, TRUTH_FOLDER})
    if form == "raw":
        drawn = _draw_raw(folder, slots, names, seed)
    else:
        drawn = _draw_clean(folder, slots, names, seed, num_workers)
    rows: Rows = {name: [] for name in TABLES}
    for of_video in drawn:
        for name, more in of_video.items():
            rows[name] += more
        if on_drawn is not None:
            on_drawn()
    truth = Truth(**{name: tuple(sorted(rows[name], key=row_order)) for name in TABLES})
    write_truth(folder, truth)
    return [
        DrawnVideo(path=folder / video.file, num_frames=video.num_frames, fps=video.fps)
        for video in truth.videos
    ]


def is_drawn(folder: Path) -> bool:
    """Tell whether a draw into this folder came to its end."""
    return has_truth(folder)


def _draw_raw(folder: Path, slots: Sequence[Slot], names: list[str], seed: int) -> Iterator[Rows]:
    """Write the files of raw footage one by one; yield the truth of each."""
    last_use: dict[int, int] = {}
    for index, slot in enumerate(slots):
        if slot.original is not None:
            last_use[slot.original] = index
    reels: dict[int, Reel] = {}
    for index, (slot, name) in enumerate(zip(slots, names, strict=True)):
        reel: Reel | None = None
        duplicates = []
        original = slot.original
        if original is not None:
            slot = replace(slot, fps=slots[original].fps)
            copy = draw_copy(reels[original], slot, seed=seed, index=index)
            duplicates.append(_duplicate_row(slot, copy, name, names))
            reel = copy.reel
        elif slot.kind not in WITHOUT_PICTURE:
            reel = draw_reel(slot, seed=seed, index=index)
        if index in last_use and reel is not None:
            reels[index] = reel
        reels = {key: kept for key, kept in reels.items() if last_use[key] > index}
        yield _rows(name, slot, _write(folder / name, slot, reel, seed), seed) | {
            "duplicates": duplicates
        }


def _draw_clean(
    folder: Path, slots: Sequence[Slot], names: Sequence[str], seed: int, num_workers: int
) -> Iterator[Rows]:
    """Write the files of clean footage, several at a time; yield the truth of each in order."""
    jobs = list(enumerate(zip(slots, names, strict=True)))
    num_workers = min(num_workers, len(jobs))
    if num_workers <= 1:
        for job in jobs:
            yield _draw_clean_video(folder, seed, job)
        return
    children = [Contained() for _ in range(num_workers)]
    free: SimpleQueue[Contained] = SimpleQueue()
    for child in children:
        free.put(child)

    def draw(job: _Job) -> Rows:
        child = free.get()
        try:
            return child.call(_draw_clean_video, CLEAN_VIDEO_MAX_S, folder, seed, job)
        finally:
            free.put(child)

    with ThreadPoolExecutor(num_workers) as threads:
        waiting = deque(threads.submit(draw, job) for job in jobs)
        try:
            while waiting:
                yield waiting.popleft().result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            for child in children:
                child.close()


def _draw_clean_video(folder: Path, seed: int, job: _Job) -> Rows:
    """Write one file of clean footage and return its truth."""
    index, (slot, name) = job
    reel = draw_clean_reel(slot, seed=seed, index=index)
    return _rows(name, slot, _write(folder / name, slot, reel, seed), seed)


def _rows(name: str, slot: Slot, reel: Reel | None, seed: int) -> Rows:
    """Return the truth of one file, of which `reel` can be decoded."""
    rows: Rows = {"videos": [_video_row(name, slot, reel)]}
    if reel is not None:
        rows["shots"] = [_worded(replace(row, file=name), seed) for row in reel.shots]
        for table in ("camera", "objects", "events", "defects"):
            rows[table] = [replace(row, file=name) for row in getattr(reel, table)]
    return rows


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
    crf = slot.crf or QUALITY.get(slot.codec, 20)
    if slot.copy is not None and slot.copy[0] == "re_encoded":
        crf = round(slot.copy[1])
    target = path.with_suffix(slot.suffix)
    write_video(
        target,
        reel.pixels_THWC,
        fps=slot.fps,
        codec=slot.codec,
        crf=crf,
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
