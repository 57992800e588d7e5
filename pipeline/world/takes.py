"""One take of raw footage: a scene drawn by lot that shows one uncut view."""

from __future__ import annotations

import numpy as np

from pipeline.world.choose import SCENE_KINDS, choose_scene
from pipeline.world.spec import SceneSpec
from pipeline.world.vocabulary import BACKGROUND_RGB, colour_distance

MIN_BACKGROUND_STEP = 70.0
"""Least RGB distance between the backgrounds of consecutive shots."""
FREE_SHARE = 0.5
"""Of the moving takes; the other kinds share the rest."""
OTHER_KINDS = tuple(kind for kind in SCENE_KINDS if kind not in ("free", "views"))
"""`views` is left out: it cuts between several shots by itself."""
FINE_GROUNDS = ("checker", "bricks")
"""Backgrounds with enough detail to show blur, blocks and shaking."""


def choose_take(
    rng: np.random.Generator,
    previous: SceneSpec | None,
    *,
    width_px: int,
    height_px: int,
    num_frames: int,
    fps: float,
    split: str,
    motion: str = "moving",
    is_fine: bool = False,
) -> SceneSpec:
    """Choose a take of a split (`splits.SPLITS`) that nobody takes for the previous one going on.

    `motion` is `moving` or `static`; `is_fine` asks for a background full of detail.
    """
    while True:
        kind = None
        if motion == "moving" and not is_fine and rng.random() >= FREE_SHARE:
            kind = OTHER_KINDS[int(rng.integers(len(OTHER_KINDS)))]
        spec = choose_scene(
            int(rng.integers(2**31)),
            split=split,
            width_px=width_px,
            height_px=height_px,
            num_frames=num_frames,
            fps=fps,
            kind=kind,
            motion="any" if kind else motion,
        )
        # A kind that does not fit gives way to one in which perhaps nothing moves.
        is_as_asked = kind is None or spec.kind == kind
        is_fine_enough = not is_fine or spec.background_kind in FINE_GROUNDS
        if is_as_asked and is_fine_enough and (previous is None or differ(previous, spec)):
            return spec


def differ(one: SceneSpec, other: SceneSpec) -> bool:
    """Tell whether the ground of two takes differs so much that a cut between them is seen."""
    step = colour_distance(
        BACKGROUND_RGB[one.background_colour], BACKGROUND_RGB[other.background_colour]
    )
    return step >= MIN_BACKGROUND_STEP and one.background_kind != other.background_kind
