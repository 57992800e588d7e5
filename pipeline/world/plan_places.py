"""Plans of the scene in perspective and of the maze (pure)."""

from __future__ import annotations

from functools import partial

from pipeline.world.floor import camera_places, project
from pipeline.world.lots import Lots
from pipeline.world.maze import CELLS, PLAYER_SHARE, make_board, num_actions_of
from pipeline.world.spec import ObjectSpec, PropSpec, SceneSpec
from pipeline.world.vocabulary import COIN_COLOURS, unit_outline
from schemas.facts import FLOOR_CAMERA_MOVES

DEPTHS = (2.0, 4.2)
APPARENT = (0.13, 0.45)
"""Between these diameters (units of the frame) an object is seen all the time."""
MIN_APART = 0.05


def plan_floor(lots: Lots) -> SceneSpec | None:
    """Plan one to three things that stand on a floor while the camera travels."""
    background = lots.background_colour()
    move = lots.pick(FLOOR_CAMERA_MOVES) if lots.num_frames > 1 else "still"
    if lots.last_s < 0.6:
        move = "still"
    number = 1 + int(lots.rng.choice(3, p=(0.4, 0.4, 0.2)))
    cx, cz, _ = camera_places(move, lots.times())
    objects: list[ObjectSpec] = []
    edges: list[tuple[float, float]] = []
    for colour in lots.colours(background, number):
        item = lots.fitting(partial(_standing, lots, colour))
        x, y, apparent = project(item, cx, cz)
        outline = unit_outline(item.shape) / 2
        left = x + outline[:, 0].min() * apparent
        right = x + outline[:, 0].max() * apparent
        top = y + outline[:, 1].min() * apparent
        bottom = y + outline[:, 1].max() * apparent
        if apparent.min() < APPARENT[0] or apparent.max() > APPARENT[1]:
            return None
        if max(-left.min(), right.max()) > lots.width / 2:
            return None
        if max(-top.min(), bottom.max()) > lots.height / 2:
            return None
        # Things may pass before one another, but not at first, so that each is seen whole.
        if any(left[0] < b + MIN_APART and a - MIN_APART < right[0] for a, b in edges):
            return None
        edges.append((float(left[0]), float(right[0])))
        objects.append(item)
    return lots.scene(
        "floor",
        tuple(objects),
        grounds=("floor",),
        background_colour=background,
        camera_move=move,
        room=None,
    )


def _standing(lots: Lots, colour: str) -> ObjectSpec:
    return ObjectSpec(
        colour=colour,
        shape=lots.shape(),
        size=None,
        action="rest",
        x=lots.between(-1.6, 1.6),
        y=lots.between(*DEPTHS),
        diameter=lots.between(0.45, 0.8),
    )


def plan_maze(lots: Lots, actions: tuple[str, ...] | None) -> SceneSpec | None:
    """Plan a walk through a maze; `actions` drive the player, else it goes for the coins."""
    background = lots.background_colour()
    colour = lots.colours(background, 1, without=COIN_COLOURS)[0]
    if lots.last_s < 0.6 and actions is None:
        return None
    board = make_board(lots.seed, lots.width, lots.height, num_actions_of(lots.duration_s))
    player = ObjectSpec(
        colour=colour,
        shape=lots.shape(),
        size=None,
        action="move",
        diameter=PLAYER_SHARE / CELLS,
    )
    return lots.scene(
        "maze",
        (player,),
        grounds=("maze",),
        background_colour=background,
        room=None,
        actions=board.way if actions is None else actions,
        prop=PropSpec(kind="coins", colour=None, x=0.0, y=0.0, width=0.0, height=0.0)
        if board.coins
        else None,
    )
