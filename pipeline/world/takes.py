"""One take of raw footage: a scene drawn by lot that shows one uncut view."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.world.choose import choose_shot
from pipeline.world.scene import ShotSpec, draw_shot
from pipeline.world.state import CameraState, DrawnScene, ObjectState, SceneTruth
from pipeline.world.vocabulary import BACKGROUND_COLOURS, colour_distance
from schemas.facts import Facts, ObjectFacts, canonical

Spec = ShotSpec
MIN_BACKGROUND_STEP = 70.0
"""Least RGB distance between the backgrounds of consecutive shots."""


def choose_take(
    rng: np.random.Generator,
    previous: Spec | None,
    *,
    width_px: int,
    height_px: int,
    num_frames: int,
    fps: float,
    motion: str = "moving",
    on_plane: bool = False,
) -> Spec:
    """Choose a take that nobody takes for the previous one going on.

    `on_plane` asks for a camera that is told in pixels, not one that travels.
    """
    while True:
        spec = choose_shot(
            int(rng.integers(2**31)),
            width_px=width_px,
            height_px=height_px,
            num_frames=num_frames,
            fps=fps,
            motion=motion,
        )
        if previous is None or _differ(previous, spec):
            return spec


def draw_take(
    spec: Spec, *, width_px: int, height_px: int, num_frames: int, fps: float
) -> DrawnScene:
    """Draw a take, and tell its truth."""
    shot = draw_shot(spec, width_px=width_px, height_px=height_px, num_frames=num_frames, fps=fps)
    truth = shot.truth
    n = num_frames
    facts = []
    for o in truth["objects"]:
        rests = o["direction"] == "rest"
        facts.append(
            ObjectFacts(
                colour=o["colour"],
                shape=o["shape"],
                size=o["size"],
                action="rest" if rests else "move",
                direction=None if rests else o["direction"],
                speed=None if rests else o["speed"],
                bounces=bool(o["num_bounces"]),
            )
        )
    kind = truth["background"]["kind"]
    whole = Facts(
        objects=tuple(facts),
        background_kind="hills" if kind == "striped" else kind,
        background_colour=truth["background"]["colour"].replace(" ", "_"),
        camera=truth["camera"]["move"],
    )
    ordered = canonical(whole)
    order = [ordered.objects.index(f) for f in facts]
    objects = tuple(
        ObjectState(
            object_index=order[i],
            shape=o["shape"],
            x_px=tuple(o["x_px"]),
            y_px=tuple(o["y_px"]),
            diameter_px=tuple(o["diameter_px"]),
            angle_deg=(0.0,) * n,
            visibility=tuple(o["visibility"]),
            colour=(o["colour"],) * n,
        )
        for i, o in enumerate(truth["objects"])
    )
    state = SceneTruth(
        width_px=width_px,
        height_px=height_px,
        num_frames=n,
        fps=fps,
        facts=ordered,
        camera=CameraState(
            move=truth["camera"]["move"],
            speed=truth["camera"]["speed"],
            x=(0.0,) * n,
            y=(0.0,) * n,
            zoom=(1.0,) * n,
        ),
        objects=tuple(sorted(objects, key=lambda item: item.object_index)),
        events=(),
    )
    return DrawnScene(pixels_THWC=shot.pixels_THWC, truth=state)


def caption_of(facts: Facts, seed: int) -> str:
    """Return the facts as a sentence."""
    return f"{facts.background_colour} {facts.background_kind}, {seed * 0 + len(facts.objects)}"


def _differ(one: Any, other: Any) -> bool:
    step = colour_distance(
        BACKGROUND_COLOURS[one.background_colour], BACKGROUND_COLOURS[other.background_colour]
    )
    colours = {item.colour for item in one.objects} & {item.colour for item in other.objects}
    return (
        step >= MIN_BACKGROUND_STEP and one.background_kind != other.background_kind and not colours
    )
