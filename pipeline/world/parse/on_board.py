"""Read the maze: its board, the player that walks over it, and the coins that it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.maze import PLAYER_SHARE, Cell
from pipeline.world.parse.board import (
    BoardSight,
    draw_board,
    find_board,
    find_coins,
    is_drawn,
    name_colour,
    resized,
    with_coins,
)
from pipeline.world.parse.plane import COLOUR_NAMES, Floats
from pipeline.world.parse.reading import CameraReading, ObjectReading, Reading
from pipeline.world.parse.redraw import Sighting, costs_of, settle
from pipeline.world.parse.segment import Blob, find_blobs
from pipeline.world.parse.sight import Sight, look_at
from pipeline.world.parse.walk import Walk, find_walk, is_there, places_of, walk_events
from schemas.facts import EventFacts, Facts, ObjectFacts

MIN_OPACITY = 0.62
MIN_SOLID = 0.35
"""The player is seen in its full colour in this share of the frames."""
PLAYER_MASS = (0.12, 1.9)
"""Of the coloured part of a player, over the area of its disc."""
MAX_LOOKS = 6


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


def _read(
    pixels: NDArray[np.uint8], times_s: Floats, num_actions: int | None
) -> BoardReading | None:
    if find_board(pixels[:1]) is None:
        return None
    # The arms of a star reach into corners, but not at all times.
    found = find_board(pixels[[0, len(pixels) // 2, -1]])
    if found is None or not is_drawn(pixels[0], found):
        return None
    sight = look_at(pixels, times_s)
    board = resized(found, sight)
    coins = find_coins(sight, board)
    player = _player(sight, board, list(coins))
    if player is None:
        return None
    colour, blobs = player
    places = np.full((sight.count, 2), np.nan)
    for t, blob in blobs.items():
        places[t] = (blob.x - board.left) / board.cell_px, (blob.y - board.top) / board.cell_px
    first = places[min(blobs)]
    coins = {c: level for c, level in coins.items() if np.hypot(*(first - c)) > 0.5}
    walk = find_walk(places, sight.times_s, sight.step_s * sight.count, num_actions)
    # Where a walk is steady, it says more exactly than colours where the player is.
    is_exact = walk is not None and walk.step_s > 0
    shown = places_of(walk, sight.times_s) if walk is not None and is_exact else places
    views = {t: (shown[t], blobs[t].mass) for t in blobs}
    style, shape, style_sure, shape_sure = _look(
        pixels, sight, board, coins, colour, views, is_exact
    )
    events = walk_events(walk, coins, places, sight.times_s)
    item = ObjectFacts(colour=colour, shape=shape, action=None if walk is None else "move")
    background, background_sure = name_colour(board)
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
        if is_coin and blob.mass < 0.45 * disc:
            continue
        frames = by_colour.setdefault(blob.colour, {})
        if blob.frame not in frames or blob.mass > frames[blob.frame].mass:
            frames[blob.frame] = blob
    solid = {k: [b for b in by_colour[k].values() if b.is_solid] for k in by_colour}
    if not any(solid.values()):
        return None
    colour = max(solid, key=lambda k: sum(b.mass for b in solid[k]))
    blobs = by_colour[colour]
    mass = float(np.median([b.mass for b in solid[colour]]))
    opacity = float(np.median([b.opacity for b in solid[colour]]))
    if not low < mass < high or opacity < MIN_OPACITY or len(blobs) < 0.5 * sight.count:
        return None
    if len(solid[colour]) < MIN_SOLID * sight.count:
        return None
    others = [blob for other in solid if other != colour for blob in solid[other]]
    strange = sum(blob.mass > max(0.6 * mass, 0.35 * disc) for blob in others)
    if strange > 0.3 * sight.count:
        return None
    return COLOUR_NAMES[colour], blobs


def _look(
    pixels: NDArray[np.uint8],
    sight: Sight,
    board: BoardSight,
    coins: Mapping[Cell, Floats],
    colour: str,
    shown: dict[int, tuple[Floats, float]],
    is_exact: bool,
) -> tuple[str, str, float, float]:
    """Return style and shape of the player, and how sure each is.

    `shown`: its place in cells, and the area of its colour, by frame.
    """
    frames = sorted(shown)
    frames = frames[:: -(-len(frames) // MAX_LOOKS)]
    bare = draw_board(board, sight.size)
    sightings = []
    for t in frames:
        picture = pixels[t]
        if sight.scale != 1:
            picture = cv2.resize(picture, sight.size, interpolation=cv2.INTER_AREA)
        place, mass = shown[t]
        core_px = 2 * float(np.sqrt(mass / np.pi))
        sightings.append(
            Sighting(
                picture=picture,
                ground=with_coins(bare, board, [c for c in coins if is_there(coins[c], t)]),
                x=board.left + float(place[0]) * board.cell_px,
                y=board.top + float(place[1]) * board.cell_px,
                diameter=PLAYER_SHARE * board.cell_px if is_exact else core_px,
                is_exact=is_exact,
            )
        )
    cost = costs_of(sightings, colour, has_shadow=False)
    style, shapes, style_sure, sure = settle([cost])
    return style, shapes[0], style_sure, sure[0]


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
