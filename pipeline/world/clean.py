"""Clean footage, to train on: reels of many short takes, joined by hard cuts.

Nothing in it is spoiled, repeated or broken, so that nearly every take becomes a clip.
`shoot` draws the other form.
"""

from __future__ import annotations

import numpy as np

from pipeline.world.choose import choose_scene
from pipeline.world.edit import Join, join
from pipeline.world.reel import Reel
from pipeline.world.scene import draw_scene
from pipeline.world.slots import Slot
from pipeline.world.spec import SceneSpec
from pipeline.world.takes import OTHER_KINDS, differ
from schemas.errors import UserError

FREE_SHARE = 0.8
"""Of the takes; the other kinds share the rest."""
COUNT_SHARES = (0.45, 0.35, 0.12, 0.08)
"""Of the free takes: one to four objects."""


def draw_clean_reel(slot: Slot, *, seed: int, index: int) -> Reel:
    """Draw the takes of one file and join them by hard cuts; `slot` has no defects."""
    rng = np.random.default_rng([seed, 5, index])
    fps = float(slot.fps)
    takes = [
        draw_scene(
            plan,
            width_px=slot.width_px,
            height_px=slot.height_px,
            num_frames=round(plan.duration_s * fps),
            fps=fps,
        )
        for plan in choose_takes(slot, rng)
    ]
    return join(takes, [Join(kind="cut")] * (len(takes) - 1))


def choose_takes(slot: Slot, rng: np.random.Generator) -> list[SceneSpec]:
    """Choose the takes of a file by lot, none like the one before it.

    A plan that would look as if the last take went on waits for a later turn: to throw it
    away would cost the time of planning, and change the shares of the kinds.
    """
    number = int(rng.integers(slot.num_shots[0], slot.num_shots[1] + 1))
    chosen: list[SceneSpec] = []
    waiting: list[SceneSpec] = []
    while len(chosen) < number:
        after = chosen[-1] if chosen else None
        turn = next((i for i, plan in enumerate(waiting) if not after or differ(after, plan)), None)
        if turn is None:
            waiting.append(_choose_take(slot, rng))
        else:
            chosen.append(waiting.pop(turn))
    return chosen


def _choose_take(slot: Slot, rng: np.random.Generator) -> SceneSpec:
    num_frames = round(float(rng.uniform(*slot.shot_s)) * float(slot.fps))
    scene_seed = int(rng.integers(2**31))

    def plan(kind: str, count: int | None) -> SceneSpec:
        return choose_scene(
            scene_seed,
            split=slot.split,
            width_px=slot.width_px,
            height_px=slot.height_px,
            num_frames=num_frames,
            fps=float(slot.fps),
            kind=kind,
            num_objects=count,
        )

    if rng.random() >= FREE_SHARE:
        return plan(OTHER_KINDS[int(rng.integers(len(OTHER_KINDS)))], None)
    count = 1 + int(rng.choice(len(COUNT_SHARES), p=COUNT_SHARES))
    while count > 1:
        try:
            return plan("free", count)
        except UserError:
            count -= 1  # so many do not fit into this frame
    return plan("free", 1)
