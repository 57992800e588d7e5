"""From the places of a player to the actions that drove it over the board (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from pipeline.world.maze import ACTIONS, CELLS, COIN_SHARE, PLAYER_SHARE, Cell, num_actions_of
from pipeline.world.parse.plane import Floats
from pipeline.world.parse.reading import EventReading

STEADY = 0.16
"""A walk in equal times explains the player's places to within so many cells (RMS)."""
LATE = 2
"""A coin that goes within so many frames of the player's touch goes because of it."""


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


def places_of(walk: Walk, times_s: Floats) -> Floats:
    """Return where a steady walk has the player at each time, T x 2 in cells."""
    track = np.array(walk.cells, dtype=np.float64)
    ends = np.arange(len(track)) * walk.step_s
    return np.stack([np.interp(times_s, ends, track[:, k]) for k in (0, 1)], axis=1)


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
    walk = Walk(
        cells=tuple(cells),
        actions=_actions(cells),
        starts_s=tuple(marks.tolist()),
        step_s=step_s,
        error_cells=0.0,
    )
    late = (places - places_of(walk, times_s))[seen]
    return replace(walk, error_cells=float(np.sqrt(np.square(late).sum(axis=1).mean())))


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


def walk_events(
    walk: Walk | None, coins: Mapping[Cell, Floats], places: Floats, times_s: Floats
) -> list[EventReading]:
    """Return one `go` for every straight way and one `collect` for every coin taken, in order."""
    if walk is None:
        return []
    events = []
    going = ""
    for action, start_s in zip(walk.actions, walk.starts_s, strict=True):
        if action not in ("stay", going):
            frame = int(np.searchsorted(times_s, start_s - 1e-9))
            events.append(EventReading(kind="go", frame=frame, subject=0, target=action))
        going = "" if action == "stay" else action
    for cell, level in coins.items():
        gone = _gone(level)
        if gone is None:
            continue
        touched = _touched(walk, cell, times_s)
        is_touched = touched is not None and abs(gone - touched) <= LATE
        frame = touched if touched is not None and is_touched else gone
        away = np.hypot(places[:, 0] - cell[0], places[:, 1] - cell[1])[frame - 1 : frame + 1]
        if is_touched or (np.isfinite(away).any() and float(np.nanmin(away)) < 1.0):
            events.append(EventReading(kind="collect", frame=frame, subject=0, target="coins"))
    events.sort(key=lambda event: event.frame)
    return [event for event in events if event.frame < len(times_s)]


def is_there(level: Floats, frame: int) -> bool:
    """Return whether a coin is still seen in a frame."""
    gone = _gone(level)
    return gone is None or frame < gone


def _gone(level: Floats) -> int | None:
    """Return the first frame from which a coin is no more seen, None where it stays."""
    first = level[:3].max()
    # A player upon its place may look a little like it.
    last = int(np.flatnonzero(level > 0.75 * first)[-1])
    low = np.flatnonzero(level[last:] < 0.5 * first)
    return last + int(low[0]) if len(low) else None


def _touched(walk: Walk, cell: Cell, times_s: Floats) -> int | None:
    """Return the first frame in which a steady walk has brought the player to a coin."""
    if cell not in walk.cells or not walk.step_s:
        return None
    time_s = (walk.cells.index(cell) - (PLAYER_SHARE + COIN_SHARE) / 2) * walk.step_s
    frame = int(np.searchsorted(times_s, max(time_s, 0.0) - 1e-9))
    return frame if 0 < frame < len(times_s) else None
