"""Raw footage: a few multi-shot files, some of them faulty, and their truth beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.media import Decoding, write_video
from pipeline.world.choose import choose_shot
from pipeline.world.damage import truncate_before_index, truncate_to_share, write_text
from pipeline.world.edit import Join, Reel, excerpt, join, letterbox, shrink, spoil
from pipeline.world.scene import DrawnShot, ShotSpec, draw_shot
from pipeline.world.slots import Slot, slots_for
from pipeline.world.truth import (
    TRUTH_FOLDER,
    ObjectTruth,
    ShotTruth,
    Truth,
    VideoTruth,
    write_truth,
)
from pipeline.world.vocabulary import BACKGROUND_COLOURS, colour_distance
from schemas.errors import UserError
from schemas.frames import DrawnVideo

BAR_PX = 22
"""Height of each bar of a letterboxed video."""
MIN_SHOT_S, MAX_SHOT_S = 1.6, 4.0
MIN_BACKGROUND_STEP = 70.0
"""Least RGB distance between the backgrounds of consecutive shots."""
DEFECT_SHOT = 1
"""The shot that carries a video's planted defect; hard cuts stand on both its sides."""
JOIN_KINDS = ("cut", "fade", "cut", "dissolve", "cut", "fade", "cut", "cut")
"""The joins of successive videos are read from this ring, each video starting further on."""


def draw_footage(folder: Path, *, num_videos: int, seed: int) -> list[DrawnVideo]:
    """Write raw videos into `folder`, and their truth into `folder/truth`; return them by name.

    Names are neutral (`video_003.mp4`) and their order is drawn by lot. Drawing again with
    the same arguments replaces the files with the same ones; a folder that holds anything
    else is refused with a UserError.
    """
    slots = slots_for(num_videos)
    if seed < 0:
        raise UserError(f"a seed is at least 0, got {seed}", "choose another: --seed 0")
    order = np.random.default_rng([seed, 1]).permutation(num_videos)
    digits = max(3, len(str(num_videos - 1)))
    names = [f"video_{order[i]:0{digits}d}{slot.suffix}" for i, slot in enumerate(slots)]
    _prepare(folder, {*names, TRUTH_FOLDER})
    originals = {slot.original for slot in slots}
    reels: dict[int, Reel] = {}
    videos: list[VideoTruth] = []
    shots: list[ShotTruth] = []
    objects: list[ObjectTruth] = []
    for index, (slot, name) in enumerate(zip(slots, names, strict=True)):
        reel, offset = _reel(slot, index, seed, reels)
        if index in originals and reel is not None:
            reels[index] = reel
        reel = _write(folder / name, slot, reel)
        videos.append(
            VideoTruth(
                file=name,
                kind=slot.kind,
                reference_file=None if slot.original is None else names[slot.original],
                offset_s=None if offset is None else float(offset / slot.fps),
                fps=float(slot.fps),
                num_frames=0 if reel is None else len(reel.pixels_THWC),
                width_px=0 if reel is None else slot.width_px,
                height_px=0 if reel is None else slot.height_px,
                bar_top_px=BAR_PX if slot.kind == "letterboxed" else 0,
                bar_bottom_px=BAR_PX if slot.kind == "letterboxed" else 0,
            )
        )
        if reel is not None:
            shots += [replace(shot, file=name) for shot in reel.shots]
            objects += [replace(item, file=name) for item in reel.objects]
    videos.sort(key=lambda video: video.file)
    shots.sort(key=lambda shot: (shot.file, shot.shot_index))
    objects.sort(key=lambda item: (item.file, item.shot_index, item.object_index))
    truth = Truth(videos=tuple(videos), shots=tuple(shots), objects=tuple(objects))
    write_truth(folder, truth)
    return [
        DrawnVideo(path=folder / video.file, num_frames=video.num_frames, fps=video.fps)
        for video in videos
    ]


def draw_reel(slot: Slot, *, seed: int, index: int) -> Reel:
    """Draw the shots of one file of its own, at the slot's full size, and join them."""
    rng = np.random.default_rng([seed, 2, index])
    num_shots = int(rng.integers(3, 7))
    fps = float(slot.fps)
    shots: list[DrawnShot] = []
    defects: list[str | None] = []
    previous: ShotSpec | None = None
    for number in range(num_shots):
        defect = slot.defect if number == DEFECT_SHOT else None
        num_frames = round(float(rng.uniform(MIN_SHOT_S, MAX_SHOT_S)) * fps)
        previous = _next_shot(rng, previous, slot, num_frames, static=defect == "static")
        drawn = draw_shot(
            previous,
            width_px=slot.width_px,
            height_px=slot.height_px,
            num_frames=num_frames,
            fps=fps,
        )
        shots.append(spoil(drawn, defect))
        defects.append(defect)
    joins = []
    for number in range(num_shots - 1):
        kind = JOIN_KINDS[(3 * index + number) % len(JOIN_KINDS)]
        beside_defect = slot.defect is not None and number in (DEFECT_SHOT - 1, DEFECT_SHOT)
        joins.append(_join(rng, "cut" if beside_defect else kind, fps))
    return join(shots, joins, defects)


def _join(rng: np.random.Generator, kind: str, fps: float) -> Join:
    """Choose a transition's length: 0.3 to 0.55 s each way for fades, 0.4 to 0.7 s to dissolve."""
    if kind == "fade":
        return Join(
            kind=kind,
            num_frames=max(3, round(float(rng.uniform(0.3, 0.55)) * fps)),
            num_black=max(2, round(float(rng.uniform(0.12, 0.4)) * fps)),
        )
    if kind == "dissolve":
        return Join(kind=kind, num_frames=max(4, round(float(rng.uniform(0.4, 0.7)) * fps)))
    return Join(kind="cut")


def _next_shot(
    rng: np.random.Generator,
    previous: ShotSpec | None,
    slot: Slot,
    num_frames: int,
    *,
    static: bool,
) -> ShotSpec:
    """Choose a shot that nobody takes for the previous one going on."""
    while True:
        spec = choose_shot(
            int(rng.integers(2**31)),
            width_px=slot.width_px,
            height_px=slot.height_px,
            num_frames=num_frames,
            fps=float(slot.fps),
            motion="static" if static else "moving",
        )
        if previous is None or _differ(previous, spec):
            return spec


def _differ(one: ShotSpec, other: ShotSpec) -> bool:
    step = colour_distance(
        BACKGROUND_COLOURS[one.background_colour], BACKGROUND_COLOURS[other.background_colour]
    )
    colours = {item.colour for item in one.objects} & {item.colour for item in other.objects}
    return (
        step >= MIN_BACKGROUND_STEP and one.background_kind != other.background_kind and not colours
    )


def _reel(
    slot: Slot, index: int, seed: int, reels: dict[int, Reel]
) -> tuple[Reel | None, int | None]:
    """Return a slot's reel, and the frame of its original at which it starts."""
    if slot.kind == "corrupt":
        return None, None
    if slot.kind == "near_duplicate" and slot.original is not None:
        return shrink(reels[slot.original], slot.width_px, slot.height_px), 0
    if slot.kind == "excerpt" and slot.original is not None:
        whole = reels[slot.original]
        start = round(0.4 * whole.shots[0].transition_start_frame)
        last = whole.shots[-2].transition_end_frame
        end = last + round(0.6 * (len(whole.pixels_THWC) - last))
        return excerpt(whole, start, end), start
    if slot.kind == "letterboxed":
        inner = replace(slot, height_px=slot.height_px - 2 * BAR_PX)
        return letterbox(draw_reel(inner, seed=seed, index=index), BAR_PX), None
    return draw_reel(slot, seed=seed, index=index), None


def _write(path: Path, slot: Slot, reel: Reel | None) -> Reel | None:
    """Write one file and spoil it as its kind demands; return what can still be decoded."""
    if reel is None:
        write_text(path)
        return None
    crf = {"libvpx-vp9": 32, "libx264": 20}.get(slot.codec, 20)
    write_video(path, reel.pixels_THWC, fps=slot.fps, codec=slot.codec, crf=crf)
    if slot.kind == "truncated":
        truncate_before_index(path)
        return None
    if slot.kind == "cut_short":
        truncate_to_share(path)
        return excerpt(reel, 0, sum(1 for _ in Decoding(path)))
    return reel


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
