"""Shoot the reel of one file: takes by lot, joined, with the slot's defects planted in it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from pipeline.world.copies import (
    add_bars,
    crop_share,
    even,
    mirror,
    overlay,
    re_time,
    scale,
    to_grey,
)
from pipeline.world.defects import TEXTS, add_logo, note_slideshow, plant
from pipeline.world.edit import FADE_FORMS, WIPE_FORMS, Join, join
from pipeline.world.reel import Reel, chain, cut_out
from pipeline.world.scene import draw_scene
from pipeline.world.slots import WHOLE_FILE, Slot
from pipeline.world.sound import make_sound
from pipeline.world.spec import SceneSpec
from pipeline.world.takes import choose_take

JOIN_KINDS = ("cut", "fade", "cut", "dissolve", "wipe", "cut", "fade", "cut", "wipe", "dissolve")
"""The joins of successive videos are read from this ring, each video starting further on."""
LONGEST_SHARE = 0.35
"""A transition takes at most this share of the shorter shot at its sides."""
BLACK_S = (2.4, 3.2)
"""Shorter black would be a part of a fade."""
STATIC_KINDS = ("static", "slideshow")
FINE_KINDS = ("shake", "blurred", "blocky")
"""Defects that only show on a picture with detail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One take to come: its defect, and its length."""

    defect: str | None
    strength: float
    num_frames: int


def draw_reel(slot: Slot, *, seed: int, index: int) -> Reel:
    """Draw the shots of one file of its own, at the slot's full size, and join them."""
    rng = np.random.default_rng([seed, 2, index])
    fps = float(slot.fps)
    plans = _plan(slot, rng)
    width, height = _inner_size(slot)
    takes = []
    previous: SceneSpec | None = None
    for plan in plans:
        previous = choose_take(
            rng,
            previous,
            width_px=width,
            height_px=height,
            num_frames=plan.num_frames,
            fps=fps,
            split=slot.split,
            motion="static" if plan.defect in STATIC_KINDS else "moving",
            is_fine=plan.defect in FINE_KINDS,
        )
        takes.append(
            draw_scene(
                previous, width_px=width, height_px=height, num_frames=plan.num_frames, fps=fps
            )
        )
    joins = []
    for number, (one, other) in enumerate(itertools.pairwise(plans)):
        wanted = JOIN_KINDS[(3 * index + number) % len(JOIN_KINDS)]
        kind = "cut" if one.defect or other.defect else wanted
        shorter_s = min(one.num_frames, other.num_frames) / fps
        joins.append(_join(rng, kind, 2 * index + number, fps, LONGEST_SHARE * shorter_s))
    reel = join(takes, joins)
    if slot.has_sound:
        spans = [(shot.start_frame, shot.end_frame) for shot in reel.shots]
        reel = replace(reel, sound=make_sound(rng, spans, reel.num_frames, fps))
    return _spoil(reel, plans, slot, rng)


def _plan(slot: Slot, rng: np.random.Generator) -> list[Plan]:
    """Return the takes: sound ones, with the defects on every second."""

    def frames(low_s: float, high_s: float) -> int:
        return max(4, round(float(rng.uniform(low_s, high_s)) * float(slot.fps)))

    wanted = [planted for planted in slot.defects if planted[0] not in WHOLE_FILE]
    count = int(rng.integers(slot.num_shots[0], slot.num_shots[1] + 1))
    sound = Plan(defect=None, strength=0.0, num_frames=0)
    plans: list[Plan] = []
    for kind, strength in wanted:
        plans.append(sound)
        length = frames(*slot.shot_s)
        if kind == "slideshow":
            still = Plan(defect=kind, strength=strength, num_frames=round(strength * slot.fps))
            plans += [still] * int(rng.integers(3, 6))
            continue
        if kind == "black":
            length = frames(*BLACK_S)
        plans.append(Plan(defect=kind, strength=strength, num_frames=length))
    plans += [sound] * max(count - len(plans), 1)
    return [
        plan if plan.defect else replace(plan, num_frames=frames(*slot.shot_s)) for plan in plans
    ]


def _inner_size(slot: Slot) -> tuple[int, int]:
    """Return the size of the picture inside of the bars."""
    shares = dict(slot.defects)
    width = slot.width_px * (1 - shares.get("pillarboxed", 0.0))
    height = slot.height_px * (1 - shares.get("letterboxed", 0.0))
    return even(width), even(height)


def _join(rng: np.random.Generator, kind: str, turn: int, fps: float, longest_s: float) -> Join:
    """Choose a transition's length; forms take turns, and one fade in three is white."""

    def frames(low_s: float, high_s: float, at_least: int) -> int:
        return max(at_least, round(min(float(rng.uniform(low_s, high_s)), longest_s) * fps))

    if kind == "fade":
        form = FADE_FORMS[turn % 3 == 0]
        return Join(
            kind=kind, form=form, num_frames=frames(0.2, 0.6, 3), num_held=frames(0.1, 0.5, 2)
        )
    if kind == "dissolve":
        return Join(kind=kind, num_frames=frames(0.3, 1.0, 4))
    if kind == "wipe":
        form = WIPE_FORMS[turn % len(WIPE_FORMS)]
        return Join(kind=kind, form=form, num_frames=frames(0.3, 1.0, 4))
    return Join(kind="cut")


def _spoil(reel: Reel, plans: list[Plan], slot: Slot, rng: np.random.Generator) -> Reel:
    for number, plan in enumerate(plans):
        if plan.defect == "slideshow":
            reel = plant(reel, "static", 0.0, number, rng)
        elif plan.defect:
            reel = plant(reel, plan.defect, plan.strength, number, rng)
    stills = [number for number, plan in enumerate(plans) if plan.defect == "slideshow"]
    if stills:
        # A still of a slideshow is told by the slideshow, not a second time by itself.
        kept = tuple(row for row in reel.defects if row.shot_index not in stills)
        strength = plans[stills[0]].strength
        reel = note_slideshow(replace(reel, defects=kept), stills[0], len(stills), strength)
    for kind, strength in slot.defects:
        if kind == "logo":
            reel = add_logo(reel, strength, int(rng.integers(4)))
        elif kind in WHOLE_FILE:
            reel = add_bars(reel, strength, at_sides=kind == "pillarboxed")
    return reel


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A reel that repeats another: where, and how strongly it was changed."""

    reel: Reel
    strength: float
    start_frame: int
    end_frame: int
    reference_start_frame: int
    reference_end_frame: int


def draw_copy(original: Reel, slot: Slot, *, seed: int, index: int) -> Copy:
    """Return a near-duplicate of a reel, of the kind that the slot names."""
    if slot.copy is None:
        raise ValueError("the slot is no copy")
    rng = np.random.default_rng([seed, 3, index])
    kind, strength = slot.copy
    if kind in {"excerpt", "contained"}:
        start, end = _part(original, strength)
        reel, first = cut_out(original, start, end), 0
        if kind == "contained":
            _, height, width, _ = original.pixels_THWC.shape
            own = replace(slot, width_px=width, height_px=height, num_shots=(2, 3), copy=None)
            own = replace(own, fps=slot.fps, has_sound=False)
            around = [draw_reel(own, seed=seed, index=index + 10_000 * k) for k in (1, 2)]
            reel, first = chain([around[0], reel, around[1]]), around[0].num_frames
            spans = [(shot.start_frame, shot.end_frame) for shot in reel.shots]
            sound = make_sound(rng, spans, reel.num_frames, reel.fps)
            reel = replace(reel, sound=sound)
        return Copy(
            reel=reel,
            strength=round((end - start) / original.fps, 3),
            start_frame=first,
            end_frame=first + end - start,
            reference_start_frame=start,
            reference_end_frame=end,
        )
    reel = _changed(original, kind, strength, rng)
    return Copy(
        reel=reel,
        strength=reel.defects[-1].strength if kind == "letterboxed" else strength,
        start_frame=0,
        end_frame=reel.num_frames,
        reference_start_frame=0,
        reference_end_frame=original.num_frames,
    )


def _changed(original: Reel, kind: str, strength: float, rng: np.random.Generator) -> Reel:
    _, height, width, _ = original.pixels_THWC.shape
    if kind == "scaled":
        return scale(original, even(width * strength), even(height * strength))
    if kind == "cropped":
        return crop_share(original, strength, rng)
    if kind == "letterboxed":
        return add_bars(original, strength)
    if kind == "mirrored":
        return mirror(original)
    if kind == "re_timed":
        return re_time(original, strength)
    if kind == "overlaid":
        return overlay(original, strength, TEXTS[int(rng.integers(len(TEXTS)))])
    if kind == "greyscale":
        return to_grey(original, strength)
    if kind == "re_encoded":
        return original
    raise ValueError(f"no copy is {kind!r}")


def _part(reel: Reel, seconds: float) -> tuple[int, int]:
    """Return a span of about this length that starts and ends within shots."""
    start = round(0.4 * reel.shots[0].transition_start_frame)
    end = start + round(seconds * reel.fps)
    for shot in reel.shots[:-1]:
        if shot.transition_start_frame - 2 <= end <= shot.transition_end_frame + 2:
            end = shot.transition_end_frame + round(0.4 * reel.fps)
    return start, min(end, reel.num_frames)
