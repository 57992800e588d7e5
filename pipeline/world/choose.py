"""Choose by lot what a scene shows: plans from seeds.

A plan is drawn again until it says clearly what its words will say: an object keeps its first
direction for a while, starts inside one third of the frame and not between two, and nothing
happens in the very last frames, where no one could see what came of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pipeline.world.lots import Lots
from pipeline.world.motion import move
from pipeline.world.plan_meetings import (
    plan_bite,
    plan_candle,
    plan_pillar,
    plan_return,
    plan_spill,
)
from pipeline.world.plan_open import draw_count, plan_free, plan_gravity, plan_trail, plan_views
from pipeline.world.plan_places import plan_floor, plan_maze
from pipeline.world.spec import SceneSpec
from pipeline.world.splits import SPLITS, stream
from schemas.errors import UserError

SCENE_KINDS = (
    "free",
    "gravity",
    "pillar",
    "return",
    "trail",
    "bite",
    "candle",
    "spill",
    "views",
    "floor",
    "maze",
)
COLLISION = "collision"
"""An open scene in which objects meet. The lot draws few: ask for this kind to see more."""
FREE_SHARE = 0.6
"""Of the scenes whose kind is left open; the other kinds share the rest."""
_TRIES = 400
_PLANS = {
    "gravity": plan_gravity,
    "pillar": plan_pillar,
    "return": plan_return,
    "trail": plan_trail,
    "bite": plan_bite,
    "candle": plan_candle,
    "spill": plan_spill,
    "views": plan_views,
    "floor": plan_floor,
}


def choose_scene(
    seed: int,
    *,
    split: str = "train",
    width_px: int,
    height_px: int,
    num_frames: int,
    fps: float,
    kind: str | None = None,
    motion: str = "any",
    num_objects: int | None = None,
    actions: tuple[str, ...] | None = None,
) -> SceneSpec:
    """Plan a scene by lot.

    The same arguments give the same plan, and a frame of the same shape gives it at any size.
    `split` is one of `splits.SPLITS`. `kind` is `COLLISION`, one of `SCENE_KINDS`, or left to
    the lot. `motion`: `any`, `moving` (something moves), `static` (nothing does); both ask for
    the kind `free`, as does `num_objects` (1 to 4). `actions` (keys of `maze.ACTIONS`) drive a
    maze.
    A kind that does not fit into the given time gives way to `free`, and many objects that do
    not fit into the frame to fewer, unless their number was asked for. Raises UserError for
    unknown words, and where no scene fits into the frame.
    """
    if split not in SPLITS:
        raise UserError(f"unknown split {split!r}", f"choose one of {', '.join(SPLITS)}")
    known = (*SCENE_KINDS, COLLISION)
    if kind is not None and kind not in known:
        raise UserError(f"unknown kind of scene {kind!r}", f"known: {', '.join(known)}")
    if num_objects is not None and not 1 <= num_objects <= 4:
        raise UserError(f"{num_objects} objects are not possible", "ask for 1 to 4")
    unit = min(width_px, height_px)
    lots = Lots(
        rng=stream(split, seed),
        split=split,
        seed=seed,
        width=width_px / unit,
        height=height_px / unit,
        num_frames=num_frames,
        fps=fps,
    )
    chosen = kind
    if kind is None:
        is_open = motion != "any" or num_objects is not None or num_frames == 1
        chosen = "free"
        if actions is not None:
            chosen = "maze"
        elif not is_open and not lots.chance(FREE_SHARE):
            chosen = lots.pick(SCENE_KINDS[1:])
    count = draw_count(lots) if num_objects is None else num_objects
    ways: list[Callable[[], SceneSpec | None]] = []
    if chosen == "maze":
        ways.append(partial(plan_maze, lots, actions))
        count = 1
    elif chosen == COLLISION:
        ways.append(partial(_plan_collision, lots, num_objects))
    elif chosen != "free":
        ways.append(partial(_PLANS[chosen or ""], lots))
        count = 1
    fewest = count if num_objects is not None else 1
    ways += [partial(plan_free, lots, motion, number) for number in range(count, fewest - 1, -1)]
    for way in ways:
        for _ in range(_TRIES):
            plan = way()
            if plan is not None:
                return plan
    raise UserError(
        f"no scene of this kind fits into {width_px}x{height_px}, {num_frames} frames at {fps}/s",
        "ask for fewer objects, or for more frames",
    )


def _plan_collision(lots: Lots, num_objects: int | None) -> SceneSpec | None:
    """Plan an open scene; None where no two objects meet in it."""
    count = 2 + int(lots.rng.integers(3)) if num_objects is None else num_objects
    plan = plan_free(lots, "moving", count)
    if plan is None:
        return None
    happened = move(plan, lots.times()).events
    return plan if any(event.kind == "collide" for event in happened) else None
