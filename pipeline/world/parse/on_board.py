"""Read the maze: its board, the player's walk over it, and the coins that it takes.

The corners of a cell are never covered, so the board shows there; between them, the player
stands where its actions led it, one cell in equal times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.maze import ACTIONS, CELLS, COIN_SHARE, PLAYER_SHARE, Cell, num_actions_of
from pipeline.world.paint import cover, lay, outline_px
from pipeline.world.parse.plane import AXES, COLOUR_NAMES, Floats
from pipeline.world.parse.reading import CameraReading, EventReading, ObjectReading, Reading
from pipeline.world.parse.redraw import Sighting, costs_of, settle
from pipeline.world.parse.segment import Blob, find_blobs
from pipeline.world.parse.sight import Sight, look_at
from pipeline.world.vocabulary import BACKGROUND_RGB, COIN, Rgb
from schemas.facts import EventFacts, Facts, ObjectFacts

MIN_GAP = 14.0
"""Ways are lighter than walls by this much at least (8-bit levels)."""
MAX_UNEVEN = 0.2
"""How much the corners of one level differ, over the gap between the two levels."""
MIN_LIKENESS = 0.9
"""Least correlation of the drawn board with the picture, away from coloured things."""
CORNER = 0.38
"""Where a corner is looked at: in cells from the middle of its cell."""
MIN_OPACITY = 0.62
PLAYER_MASS = (0.12, 1.9)
"""Of the coloured part of a player, over the area of its disc."""
STEADY = 0.16
"""A walk in equal times explains the player's places to within so many cells (RMS)."""
MAX_LOOKS = 6
LATE = 2
"""A coin that goes within so many frames of the player's touch goes because of it."""


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
        to = (cell[0] + ACTIONS[action][0], cell[1] + ACTIONS[action][1])
        inside = 0 <= to[0] < self.columns and 0 <= to[1] < self.rows
        return to if inside and to not in self.walls else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """The player's cells, one more than its actions, each of which takes `step_s`.

    `error_cells`: RMS distance of where it is seen from where the walk says. `step_s` is 0
    where no walk in equal times explains it: then `actions` are the moves alone, and begin at
    `starts_s`.
    """

    cells: tuple[Cell, ...]
    actions: tuple[str, ...]
    starts_s: tuple[float, ...]
    step_s: float
    error_cells: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardReading(Reading):
    """A reading of a maze: its board, and the walk (None for a single frame)."""

    board: BoardSight
    walk: Walk | None
    coins: tuple[Cell, ...]


def read_board(pixels_THWC: NDArray[np.uint8], times_s: Floats) -> BoardReading | None:
    """Read a clip that shows a player on a board; None for any other clip."""
    return _read(pixels_THWC, np.asarray(times_s, dtype=np.float64), None)


def read_actions(
    pixels_THWC: NDArray[np.uint8], times_s: Floats, num_actions: int | None = None
) -> Walk | None:
    """Return the actions that a clip shows, None where it is no maze or a single frame.

    `num_actions`: how many filled the clip, where that is known. Running into a wall looks
    like `stay`.
    """
    reading = _read(pixels_THWC, np.asarray(times_s, dtype=np.float64), num_actions)
    return None if reading is None else reading.walk


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
    return BoardSight(
        columns=columns,
        rows=rows,
        cell_px=cell_px,
        left=left,
        top=top,
        walls=frozenset((int(i), int(j)) for j, i in zip(*np.nonzero(is_wall), strict=True)),
        light=_rgb(light),
        dark=_rgb(dark),
    )


def _read(
    pixels: NDArray[np.uint8], times_s: Floats, num_actions: int | None
) -> BoardReading | None:
    if find_board(pixels[:1]) is None:
        return None
    # The arms of a star reach into corners, but not at all times.
    found = find_board(pixels[[0, len(pixels) // 2, -1]])
    if found is None or not _is_drawn(pixels[0], found):
        return None
    sight = look_at(pixels, times_s)
    board = _resized(found, sight)
    coins = _coins(sight, board)
    player = _player(sight, board, list(coins))
    if player is None:
        return None
    colour, blobs = player
    places = np.full((sight.count, 2), np.nan)
    for t, blob in blobs.items():
        places[t] = (blob.x - board.left) / board.cell_px, (blob.y - board.top) / board.cell_px
    walk = find_walk(places, sight.times_s, sight.step_s * sight.count, num_actions)
    style, shape, style_sure, shape_sure = _look(sight, pixels, board, colour, blobs, walk)
    events = _events(sight, board, walk, coins, places)
    item = ObjectFacts(colour=colour, shape=shape, action=None if walk is None else "move")
    background, background_sure = _name_ground(board)
    facts = Facts(
        objects=(item,),
        events=tuple(EventFacts(kind=e.kind, subject=e.subject, target=e.target) for e in events),
        prop="coins" if coins else None,
        background_kind="maze",
        background_colour=background,
        camera=None if walk is None else "still",
        style=style,
    )
    none = (0.0,) * sight.count
    return BoardReading(
        facts=facts,
        objects=(_object(sight, found, colour, shape, places, blobs, shape_sure),),
        candidates=(),
        events=tuple(events),
        camera=CameraReading(
            move=facts.camera, shift_x_px=none, shift_y_px=none, log_zoom=none, confidence=1.0
        ),
        num_objects_per_frame=tuple(int(t in blobs) for t in range(sight.count)),
        cuts=(),
        confidence={
            "style": style_sure,
            "background_kind": 1.0,
            "background_colour": background_sure,
        },
        board=found,
        walk=walk,
        coins=tuple(coins),
    )


def _is_drawn(frame: NDArray[np.uint8], board: BoardSight) -> bool:
    """Return whether a frame looks like the board, wherever nothing vivid is."""
    drawn = draw_board(board, (frame.shape[1], frame.shape[0])).astype(np.float32) @ AXES.T
    seen = frame.astype(np.float32) @ AXES.T
    free = np.square(seen[:, :, 1:] - drawn[:, :, 1:]).sum(axis=2) < 20.0**2
    if free.mean() < 0.75:
        return False
    return bool(np.corrcoef(seen[free][:, 0], drawn[free][:, 0])[0, 1] > MIN_LIKENESS)


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


def _resized(board: BoardSight, sight: Sight) -> BoardSight:
    """Return the board in the pixels of a clip that is read at a smaller size."""
    if sight.scale == 1:
        return board
    return BoardSight(
        columns=board.columns,
        rows=board.rows,
        cell_px=board.cell_px / sight.scale,
        left=(board.left + 0.5) / sight.scale - 0.5,
        top=(board.top + 0.5) / sight.scale - 0.5,
        walls=board.walls,
        light=board.light,
        dark=board.dark,
    )


def _coins(sight: Sight, board: BoardSight) -> dict[Cell, Floats]:
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
            spot = outline_px("circle", x=x, y=y, diameter=COIN_SHARE * board.cell_px)
            disc = cover([spot], sight.size)
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
            if level[0] > 0.5 and float(around.mean()) < 0.3:
                coins[i, j] = level
    return coins


def _player(
    sight: Sight, board: BoardSight, coins: Sequence[Cell]
) -> tuple[str, dict[int, Blob]] | None:
    """Return the colour of the one vivid thing of a player's size, and where it is."""
    disc = (PLAYER_SHARE * board.cell_px / 2) ** 2 * np.pi
    low, high = PLAYER_MASS[0] * disc, PLAYER_MASS[1] * disc
    by_colour: dict[int, dict[int, Blob]] = {}
    for blob in find_blobs(sight.coverage, min_mass=max(2.0, 0.08 * disc)):
        cell = (blob.x - board.left) / board.cell_px, (blob.y - board.top) / board.cell_px
        is_coin = any(np.hypot(cell[0] - c[0], cell[1] - c[1]) < 0.15 for c in coins)
        if not blob.is_solid or (is_coin and blob.mass < 0.45 * disc):
            continue
        frames = by_colour.setdefault(blob.colour, {})
        if blob.frame not in frames or blob.mass > frames[blob.frame].mass:
            frames[blob.frame] = blob
    if not by_colour:
        return None
    colour = max(by_colour, key=lambda k: sum(b.mass for b in by_colour[k].values()))
    blobs = by_colour[colour]
    mass = float(np.median([b.mass for b in blobs.values()]))
    opacity = float(np.median([b.opacity for b in blobs.values()]))
    if not low < mass < high or opacity < MIN_OPACITY or len(blobs) < 0.5 * sight.count:
        return None
    others = [frames for other, frames in by_colour.items() if other != colour]
    strange = sum(blob.mass > max(0.6 * mass, 0.35 * disc) for f in others for blob in f.values())
    if strange > 0.3 * sight.count:
        return None
    return COLOUR_NAMES[colour], blobs


def find_walk(
    places: Floats, times_s: Floats, duration_s: float, num_actions: int | None = None
) -> Walk | None:
    """Return the walk in equal times that explains the player's places (T, 2) in cells.

    `duration_s`: to the end of the last frame. None for a single frame.
    """
    if len(places) < 2:
        return None
    usual = num_actions_of(duration_s)
    numbers = sorted({usual, *range(1, max(2 * CELLS, len(places) // 2) + 1)})
    walks = [
        walk
        for number in (numbers if num_actions is None else [num_actions])
        if (walk := _steady_walk(places, times_s, duration_s, number)) is not None
    ]
    # Several numbers of steps explain one who never moves.
    best = min(
        walks,
        key=lambda w: (round(w.error_cells, 2), len(w.actions) != usual, len(w.actions)),
        default=None,
    )
    if best is not None and best.error_cells < STEADY:
        return best
    return _free_walk(places, times_s)


def _steady_walk(places: Floats, times_s: Floats, duration_s: float, number: int) -> Walk | None:
    seen = np.isfinite(places[:, 0])
    if number < 1 or seen.sum() < 2:
        return None
    step_s = duration_s / number
    marks = np.arange(number) * step_s
    at = np.stack([np.interp(marks, times_s[seen], places[seen, k]) for k in (0, 1)], axis=1)
    cells = [(round(float(u)), round(float(v))) for u, v in at]
    # The end of the last step comes after the last frame.
    end = places[seen][-1] - cells[-1]
    gone = max((float(times_s[seen][-1]) - float(marks[-1])) / step_s, 0.1)
    last = np.rint(np.clip(end / gone, -1, 1)).astype(int)
    cells.append((cells[-1][0] + int(last[0]), cells[-1][1] + int(last[1])))
    if any(abs(a[0] - b[0]) + abs(a[1] - b[1]) > 1 for a, b in pairwise(cells)):
        return None
    track = np.array(cells, dtype=np.float64)
    ends = np.arange(number + 1) * step_s
    told = np.stack([np.interp(times_s, ends, track[:, k]) for k in (0, 1)], axis=1)
    error = float(np.sqrt(np.square(places - told)[seen].sum(axis=1).mean()))
    return Walk(
        cells=tuple(cells),
        actions=_actions(cells),
        starts_s=tuple(marks.tolist()),
        step_s=step_s,
        error_cells=error,
    )


def _free_walk(places: Floats, times_s: Floats) -> Walk:
    """Return the cells that are reached one after another, in whatever times."""
    cells: list[Cell] = []
    starts: list[float] = []
    left_s = 0.0
    for place, time_s in zip(places, times_s, strict=True):
        if not np.isfinite(place[0]):
            continue
        cell = (round(float(place[0])), round(float(place[1])))
        is_there = float(np.hypot(place[0] - cell[0], place[1] - cell[1])) < 0.35
        if not cells:
            cells.append(cell)
        while is_there and cells[-1] != cell:
            ahead = np.array(cell) - cells[-1]
            axis = int(np.abs(ahead).argmax())
            step = [0, 0]
            step[axis] = int(np.sign(ahead[axis]))
            cells.append((cells[-1][0] + step[0], cells[-1][1] + step[1]))
            starts.append(left_s)
        if float(np.hypot(*(place - np.array(cells[-1])))) < 0.2:
            left_s = float(time_s)
    return Walk(
        cells=tuple(cells),
        actions=_actions(cells),
        starts_s=tuple(starts),
        step_s=0.0,
        error_cells=float("inf"),
    )


def _actions(cells: Sequence[Cell]) -> tuple[str, ...]:
    names = {step: name for name, step in ACTIONS.items()}
    return tuple(names[b[0] - a[0], b[1] - a[1]] for a, b in pairwise(cells))


def _events(
    sight: Sight, board: BoardSight, walk: Walk | None, coins: dict[Cell, Floats], places: Floats
) -> list[EventReading]:
    """Return one `go` for every straight way and one `collect` for every coin taken, in order."""
    if walk is None:
        return []
    events = []
    going = ""
    for action, start_s in zip(walk.actions, walk.starts_s, strict=True):
        if action not in ("stay", going):
            frame = int(np.searchsorted(sight.times_s, start_s - 1e-9))
            events.append(EventReading(kind="go", frame=frame, subject=0, target=action))
        going = "" if action == "stay" else action
    for cell, level in coins.items():
        frame = _gone(level)
        touched = _touched(walk, cell, sight.times_s)
        if frame is None:
            continue
        if touched is not None and abs(frame - touched) <= LATE:
            frame = touched
        away = np.hypot(places[:, 0] - cell[0], places[:, 1] - cell[1])[frame - 1 : frame + 1]
        if np.isfinite(away).any() and float(np.nanmin(away)) < 1.0:
            events.append(EventReading(kind="collect", frame=frame, subject=0, target="coins"))
    events.sort(key=lambda event: event.frame)
    return [event for event in events if event.frame < sight.count]


def _gone(level: Floats) -> int | None:
    """Return the first frame from which a coin is no more seen, None where it stays."""
    there = np.flatnonzero(level > 0.5 * np.median(level[:3]))
    frame = int(there[-1]) + 1
    return frame if frame < len(level) else None


def _touched(walk: Walk, cell: Cell, times_s: Floats) -> int | None:
    """Return the first frame in which a steady walk has brought the player to a coin."""
    if cell not in walk.cells or not walk.step_s:
        return None
    time_s = (walk.cells.index(cell) - (PLAYER_SHARE + COIN_SHARE) / 2) * walk.step_s
    frame = int(np.searchsorted(times_s, max(time_s, 0.0) - 1e-9))
    return frame if 0 < frame < len(times_s) else None


def _look(
    sight: Sight,
    pixels: NDArray[np.uint8],
    board: BoardSight,
    colour: str,
    blobs: dict[int, Blob],
    walk: Walk | None,
) -> tuple[str, str, float, float]:
    """Return style and shape of the player, and how sure each is."""
    frames = sorted(blobs)
    frames = frames[:: -(-len(frames) // MAX_LOOKS)]
    ground = draw_board(board, sight.size)
    sightings = []
    for t in frames:
        picture = pixels[t]
        if sight.scale != 1:
            picture = cv2.resize(picture, sight.size, interpolation=cv2.INTER_AREA)
        blob = blobs[t]
        sightings.append(
            Sighting(
                picture=picture,
                ground=ground,
                x=blob.x,
                y=blob.y,
                diameter=2 * float(np.sqrt(blob.mass / np.pi)),
            )
        )
    cost = costs_of(sightings, colour, has_shadow=False, diameter=PLAYER_SHARE * board.cell_px)
    style, shapes, style_sure, sure = settle([cost])
    return style, shapes[0], style_sure, sure[0]


def _name_ground(board: BoardSight) -> tuple[str, float]:
    light, dark = np.array(board.light, dtype=float), np.array(board.dark, dtype=float)
    away = {
        name: float(np.hypot(*(light - base - 14, dark - 0.55 * base)).sum())
        for name, rgb in BACKGROUND_RGB.items()
        if (base := np.array(rgb, dtype=float)) is not None
    }
    order = sorted(away, key=lambda name: away[name])
    return order[0], float(np.clip(1.5 * (1 - away[order[0]] / away[order[1]]), 0, 1))


def _object(
    sight: Sight,
    board: BoardSight,
    colour: str,
    shape: str,
    places: Floats,
    blobs: dict[int, Blob],
    sure: float,
) -> ObjectReading:
    nothing = float("nan")
    return ObjectReading(
        colour=colour,
        shape=shape,
        x_px=tuple((board.left + places[:, 0] * board.cell_px).tolist()),
        y_px=tuple((board.top + places[:, 1] * board.cell_px).tolist()),
        diameter_px=tuple(
            PLAYER_SHARE * board.cell_px if t in blobs else nothing for t in range(sight.count)
        ),
        angle_deg=(0.0,) * sight.count,
        opacity=tuple(blobs[t].opacity if t in blobs else nothing for t in range(sight.count)),
        seen=tuple(t in blobs for t in range(sight.count)),
        confidence={"object": 1.0, "shape": sure},
    )


def _rgb(values: Floats) -> Rgb:
    red, green, blue = (int(v) for v in np.clip(np.rint(values), 0, 255))
    return red, green, blue
