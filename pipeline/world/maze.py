"""A small game seen from above: a player walks the ways of a maze, driven by actions.

The board is cut into square cells, `CELLS` along the frame's shorter side. One action takes
the player to the next cell, or nowhere where a wall stands. Coins are collected on the way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.world.camera import Floats
from pipeline.world.paint import cover, lay, lay_object, outline_px, visible_shares
from pipeline.world.spec import SceneSpec
from pipeline.world.state import CameraState, DrawnScene, EventState, ObjectState, SceneTruth
from pipeline.world.stated import facts_of
from pipeline.world.vocabulary import BACKGROUND_RGB, COIN, OBJECT_COLOURS

CELLS = 5
PLAYER_SHARE = 0.62
COIN_SHARE = 0.32
WALL_SHARE = 0.6
"""This share of the cells off the way becomes wall."""
NUM_COINS = 2
ACTION_S = 0.4
"""About how long an action takes."""
ACTIONS: dict[str, tuple[int, int]] = {
    "left": (-1, 0),
    "right": (1, 0),
    "up": (0, -1),
    "down": (0, 1),
    "stay": (0, 0),
}
Cell = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board of `columns` x `rows` cells: where the walls are, the start, and the coins."""

    columns: int
    rows: int
    walls: frozenset[Cell]
    start: Cell
    coins: tuple[Cell, ...]
    way: tuple[str, ...]
    """The actions of a walk that meets the coins."""

    def after(self, cell: Cell, action: str) -> Cell:
        """Return the cell that an action leads to."""
        to = next_cell(cell, action, (self.columns, self.rows), self.walls)
        return cell if to is None else to


def next_cell(
    cell: Cell, action: str, size: tuple[int, int], walls: frozenset[Cell]
) -> Cell | None:
    """Return the cell that an action leads to on a board of `size` (columns, rows).

    None where a wall or the board's edge is in the way.
    """
    to = (cell[0] + ACTIONS[action][0], cell[1] + ACTIONS[action][1])
    inside = 0 <= to[0] < size[0] and 0 <= to[1] < size[1]
    return to if inside and to not in walls else None


def make_board(seed: int, width: float, height: float, num_actions: int) -> Board:
    """Return a board with a walk of `num_actions` steps; the same seed gives the same board.

    `width` and `height` are the frame's, in units.
    """
    rng = np.random.default_rng([seed, 11])
    columns, rows = max(2, int(width * CELLS + 1e-6)), max(2, int(height * CELLS + 1e-6))
    best: list[Cell] = []
    for _ in range(30):
        cells = [(int(rng.integers(columns)), int(rng.integers(rows)))]
        while len(cells) <= num_actions:
            ways = [
                to
                for step in list(ACTIONS.values())[:4]
                if (to := (cells[-1][0] + step[0], cells[-1][1] + step[1])) not in cells
                and 0 <= to[0] < columns
                and 0 <= to[1] < rows
            ]
            if not ways:
                break
            # Going on straight is likelier than turning, so that ways have some length.
            if len(cells) > 1:
                on = (2 * cells[-1][0] - cells[-2][0], 2 * cells[-1][1] - cells[-2][1])
                ways += [on] * 2 * (on in ways)
            cells.append(ways[int(rng.integers(len(ways)))])
        if len(cells) > len(best):
            best = cells
        if len(best) == num_actions + 1:
            break
    names = {step: name for name, step in ACTIONS.items()}
    way = tuple(names[b[0] - a[0], b[1] - a[1]] for a, b in pairwise(best))
    off = [(x, y) for x in range(columns) for y in range(rows) if (x, y) not in best]
    walls = frozenset(cell for cell in off if rng.random() < WALL_SHARE)
    picks = rng.permutation(np.arange(1, max(len(best) - 1, 2)))[:NUM_COINS]
    coins = tuple(best[int(i)] for i in sorted(picks.tolist()) if i < len(best))
    return Board(columns=columns, rows=rows, walls=walls, start=best[0], coins=coins, way=way)


def draw(
    spec: SceneSpec, times_s: Floats, *, width_px: int, height_px: int, fps: float
) -> DrawnScene:
    """Draw a game driven by the plan's actions; see `scene.draw_scene`."""
    count, unit = len(times_s), min(width_px, height_px)
    board = make_board(spec.seed, spec.width, spec.height, num_actions_of(spec.duration_s))
    cells = [board.start]
    for action in spec.actions:
        cells.append(board.after(cells[-1], action))
    step_s = spec.duration_s / max(len(spec.actions), 1)
    cell_px = unit / CELLS
    left = (width_px - board.columns * cell_px) / 2 - 0.5
    top = (height_px - board.rows * cell_px) / 2 - 0.5
    place = np.minimum(times_s / step_s, len(spec.actions))
    index = np.minimum(place.astype(int), max(len(cells) - 2, 0))
    at = np.array(cells, dtype=np.float64)
    ahead = at[np.minimum(index + 1, len(cells) - 1)] - at[index]
    walked = at[index] + ahead * (place - index)[:, None]
    x = left + (walked[:, 0] + 0.5) * cell_px
    y = top + (walked[:, 1] + 0.5) * cell_px
    events = _events(spec, board, cells, step_s, times_s)
    taken = _taken(board, cells, step_s, times_s)
    ground = _ground(spec, board, left, top, cell_px, (width_px, height_px))
    player = spec.objects[0]
    pixels = np.empty((count, height_px, width_px, 3), dtype=np.uint8)
    shown: list[float] = []
    for t in range(count):
        frame = pixels[t]
        frame[:] = ground
        for coin, gone in zip(board.coins, taken, strict=True):
            if gone is None or t < gone:
                spot = outline_px(
                    "circle",
                    x=left + (coin[0] + 0.5) * cell_px,
                    y=top + (coin[1] + 0.5) * cell_px,
                    diameter=COIN_SHARE * cell_px,
                )
                lay(frame, cover([spot], (width_px, height_px)), COIN)
        thing = lay_object(
            frame,
            player.shape,
            OBJECT_COLOURS[player.colour],
            spec.style,
            x=float(x[t]),
            y=float(y[t]),
            diameter=PLAYER_SHARE * cell_px,
        )
        whole = math.pi * (PLAYER_SHARE * cell_px) ** 2 / 4
        shown.append(visible_shares([(0, whole, thing)], (width_px, height_px))[0])
    state = ObjectState(
        object_index=0,
        shape=player.shape,
        x_px=tuple(x.tolist()),
        y_px=tuple(y.tolist()),
        diameter_px=(PLAYER_SHARE * cell_px,) * count,
        angle_deg=(0.0,) * count,
        visibility=tuple(shown),
        colour=(player.colour,) * count,
    )
    still = (0.0,) * count
    truth = SceneTruth(
        width_px=width_px,
        height_px=height_px,
        num_frames=count,
        fps=fps,
        facts=facts_of(spec, events, count),
        camera=CameraState(move="still", speed=0.0, x=still, y=still, zoom=(1.0,) * count),
        objects=(state,),
        events=tuple(events),
        actions=spec.actions,
    )
    return DrawnScene(pixels_THWC=pixels, truth=truth)


def num_actions_of(duration_s: float) -> int:
    """Return how many actions fill a scene."""
    return min(max(round(duration_s / ACTION_S), 1), 2 * CELLS)


def _events(
    spec: SceneSpec, board: Board, cells: Sequence[Cell], step_s: float, times_s: Floats
) -> list[EventState]:
    """Return one `go` for every straight way, and one `collect` for every coin."""
    events = []
    going = ""
    for k, action in enumerate(spec.actions):
        moved = cells[k + 1] != cells[k]
        if moved and action != going:
            frame = int(np.searchsorted(times_s, k * step_s - 1e-9))
            events.append(EventState(kind="go", frame=frame, subject=0, target=action))
        going = action if moved else ""
    for gone in _taken(board, cells, step_s, times_s):
        if gone is not None:
            events.append(EventState(kind="collect", frame=gone, subject=0, target="coins"))
    events.sort(key=lambda event: event.frame)
    return [event for event in events if event.frame < len(times_s)]


def _taken(board: Board, cells: Sequence[Cell], step_s: float, times_s: Floats) -> list[int | None]:
    """Return for every coin the first frame in which it is gone: the player touches it."""
    early = (PLAYER_SHARE + COIN_SHARE) / 2
    frames: list[int | None] = []
    for coin in board.coins:
        steps = [k for k, cell in enumerate(cells) if cell == coin]
        time_s = (steps[0] - early) * step_s if steps else math.inf
        frame = int(np.searchsorted(times_s, max(time_s, 0.0) - 1e-9))
        frames.append(frame if steps and frame < len(times_s) else None)
    return frames


def _ground(
    spec: SceneSpec,
    board: Board,
    left: float,
    top: float,
    cell_px: float,
    size: tuple[int, int],
) -> NDArray[np.uint8]:
    base = np.array(BACKGROUND_RGB[spec.background_colour], dtype=np.float32)
    dark = tuple(int(v) for v in np.clip(base * 0.55, 0, 255))
    light = tuple(int(v) for v in np.clip(base + 14, 0, 255))
    frame = np.empty((size[1], size[0], 3), dtype=np.uint8)
    frame[:] = dark
    for x in range(board.columns):
        for y in range(board.rows):
            if (x, y) not in board.walls:
                x0, y0 = left + x * cell_px, top + y * cell_px
                corners = [[x0, y0], [x0 + cell_px, y0], [x0 + cell_px, y0 + cell_px]]
                box = np.array([*corners, [x0, y0 + cell_px]])
                lay(frame, cover([box], size), (light[0], light[1], light[2]))
    return frame
