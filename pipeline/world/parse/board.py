"""Find the board of a maze in a frame, and its coins.

The corners of a cell are never covered for long, so the board shows there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.world.maze import CELLS, COIN_SHARE, Cell, next_cell
from pipeline.world.paint import Cover, cover, lay, outline_px
from pipeline.world.parse.plane import AXES, Floats
from pipeline.world.parse.redraw import likeness
from pipeline.world.parse.sight import Sight
from pipeline.world.vocabulary import BACKGROUND_RGB, COIN, Rgb

MIN_GAP = 14.0
"""Ways are lighter than walls by this much at least (8-bit levels)."""
MAX_UNEVEN = 0.3
"""How much the corners of one level differ, over the gap between the two levels."""
MIN_LIKENESS = 0.9
"""Least correlation of the drawn board with the picture, away from coloured things."""
MAX_AWAY = 36.0
"""How far ways and walls may be from the colours that they should have (RGB distance)."""
CORNER = 0.38
"""Where a corner is looked at: in cells from the middle of its cell."""
MIN_COIN = 0.38
"""So much of a coin has to be seen at first; compression takes a part of its colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardSight:
    """A board as it is seen: `left`, `top` is the middle of its first cell, in pixels."""

    columns: int
    rows: int
    cell_px: float
    left: float
    top: float
    walls: frozenset[Cell]
    light: Rgb
    dark: Rgb

    def after(self, cell: Cell, action: str) -> Cell | None:
        """Return the cell that an action leads to, None where a wall stands."""
        return next_cell(cell, action, (self.columns, self.rows), self.walls)


def find_board(frames: NDArray[np.uint8]) -> BoardSight | None:
    """Return the board that frames (N, H, W, 3) show, None where there is none. Cheap."""
    count, height, width = frames.shape[:3]
    unit = min(height, width)
    cell_px = unit / CELLS
    columns, rows = (max(2, int(side / unit * CELLS + 1e-6)) for side in (width, height))
    left = (width - columns * cell_px) / 2 - 0.5 + cell_px / 2
    top = (height - rows * cell_px) / 2 - 0.5 + cell_px / 2
    sides = np.array([-CORNER, CORNER])
    x = np.rint(left + (np.arange(columns)[:, None] + sides) * cell_px).astype(int)
    y = np.rint(top + (np.arange(rows)[:, None] + sides) * cell_px).astype(int)
    # frames, rows, columns, two by two corners, RGB
    corners = frames[:, y[:, None, :, None], x[None, :, None, :]].astype(np.float32)
    corners = np.moveaxis(corners, 0, 2).reshape(rows, columns, 4 * count, 3)
    cells = np.median(corners, axis=2)
    grey = cells.mean(axis=2)
    ordered = np.sort(grey, axis=None)
    steps = np.diff(ordered)
    split = int(steps.argmax())
    if steps[split] < MIN_GAP / 2:
        return None
    limit = (ordered[split] + ordered[split + 1]) / 2
    is_wall = grey < limit
    light, dark = (np.median(cells[part], axis=0) for part in (~is_wall, is_wall))
    gap = float((light - dark).mean())
    if gap < MIN_GAP or steps[split] < 0.5 * gap:
        return None
    usual = np.where(is_wall[:, :, None], dark, light)
    if float(np.abs(cells - usual).max(axis=2).mean()) > MAX_UNEVEN * gap:
        return None
    away = np.abs(corners - usual[:, :, None]).max(axis=3)
    if float(np.median(away)) > MAX_UNEVEN * gap or float((away > 0.4 * gap).mean()) > 0.12:
        return None
    board = BoardSight(
        columns=columns,
        rows=rows,
        cell_px=cell_px,
        left=left,
        top=top,
        walls=frozenset((int(i), int(j)) for j, i in zip(*np.nonzero(is_wall), strict=True)),
        light=_rgb(light),
        dark=_rgb(dark),
    )
    # A pillar of one cell's width makes two levels as well, but not those of ways and walls.
    return board if min(_away(board).values()) < MAX_AWAY else None


def is_drawn(frame: NDArray[np.uint8], board: BoardSight) -> bool:
    """Return whether a frame looks like the board, wherever nothing vivid is."""
    drawn = draw_board(board, (frame.shape[1], frame.shape[0])).astype(np.float32) @ AXES.T
    seen = frame.astype(np.float32) @ AXES.T
    free = np.square(seen[:, :, 1:] - drawn[:, :, 1:]).sum(axis=2) < 20.0**2
    if free.mean() < 0.75:
        return False
    return likeness(seen[free][:, 0], drawn[free][:, 0]) > MIN_LIKENESS


def draw_board(board: BoardSight, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Draw the bare board as `maze` does, H x W x 3."""
    frame = np.empty((size[1], size[0], 3), dtype=np.uint8)
    frame[:] = board.dark
    half = board.cell_px / 2
    for i in range(board.columns):
        for j in range(board.rows):
            if (i, j) not in board.walls:
                x, y = board.left + i * board.cell_px, board.top + j * board.cell_px
                box = [[x - half, y - half], [x + half, y - half], [x + half, y + half]]
                lay(frame, cover([np.array([*box, [x - half, y + half]])], size), board.light)
    return frame


def with_coins(
    ground: NDArray[np.uint8], board: BoardSight, coins: Sequence[Cell]
) -> NDArray[np.uint8]:
    """Return a copy of the drawn board with coins on it."""
    frame = ground.copy()
    for cell in coins:
        lay(frame, _coin_cover(board, cell, (frame.shape[1], frame.shape[0])), COIN)
    return frame


def _coin_cover(board: BoardSight, cell: Cell, size: tuple[int, int]) -> Cover | None:
    x, y = board.left + cell[0] * board.cell_px, board.top + cell[1] * board.cell_px
    return cover([outline_px("circle", x=x, y=y, diameter=COIN_SHARE * board.cell_px)], size)


def resized(board: BoardSight, sight: Sight) -> BoardSight:
    """Return the board in the pixels of a clip that is read at a smaller size."""
    if sight.scale == 1:
        return board
    return replace(
        board,
        cell_px=board.cell_px / sight.scale,
        left=(board.left + 0.5) / sight.scale - 0.5,
        top=(board.top + 0.5) / sight.scale - 0.5,
    )


def find_coins(sight: Sight, board: BoardSight) -> dict[Cell, Floats]:
    """Return for every coin seen at first how much of it is there, frame by frame."""
    coin = (AXES @ np.array(COIN, dtype=np.float32))[1:]
    ground = (AXES @ np.array(board.light, dtype=np.float32))[1:]
    length = float(np.hypot(*(coin - ground)))
    coins = {}
    for i in range(board.columns):
        for j in range(board.rows):
            if (i, j) in board.walls:
                continue
            x, y = board.left + i * board.cell_px, board.top + j * board.cell_px
            disc = _coin_cover(board, (i, j), sight.size)
            if disc is None:
                continue
            part = sight.chroma[:, disc.rows, disc.columns]
            like = np.clip(1 - np.sqrt(np.square(part - coin).sum(axis=3)) / length, 0, 1)
            level = (like * disc.share).sum(axis=(1, 2)) / np.square(disc.share).sum()
            # Around a coin there is none of its colour: this is no yellow player.
            near = round(0.38 * board.cell_px)
            ring = sight.chroma[
                0, round(y) - near : round(y) + near + 1, [round(x - near), round(x + near)]
            ]
            around = np.clip(1 - np.sqrt(np.square(ring - coin).sum(axis=2)) / length, 0, 1)
            if max(level[0], np.median(level[:3])) > MIN_COIN and float(around.mean()) < 0.3:
                coins[i, j] = level
    return coins


def name_colour(board: BoardSight) -> tuple[str, float]:
    """Return the name of a board's colour, and how sure it is."""
    away = _away(board)
    order = sorted(away, key=lambda name: away[name])
    return order[0], float(np.clip(1.5 * (1 - away[order[0]] / away[order[1]]), 0, 1))


def _away(board: BoardSight) -> dict[str, float]:
    """Return how far ways and walls (whichever is worse) are from those of each colour."""
    return {
        name: max(
            math.dist(board.light, [value + 14 for value in rgb]),
            math.dist(board.dark, [0.55 * value for value in rgb]),
        )
        for name, rgb in BACKGROUND_RGB.items()
    }


def _rgb(values: Floats) -> Rgb:
    red, green, blue = (int(v) for v in np.clip(np.rint(values), 0, 255))
    return red, green, blue
