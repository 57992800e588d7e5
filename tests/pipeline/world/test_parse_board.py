"""A drawn game is read back: board, player, walk and coins; nothing else is taken for one."""

import dataclasses

import cv2
import numpy as np
import pytest

from pipeline.media import Decoding, write_video
from pipeline.world.maze import ACTIONS
from pipeline.world.parse.board import find_board
from pipeline.world.parse.on_board import read_actions, read_board
from pipeline.world.parse.walk import find_walk
from pipeline.world.rushes_world import RushesWorld
from pipeline.world.vocabulary import OBJECT_COLOURS
from schemas.facts import differences

SMALL = {"width_px": 64, "height_px": 64, "num_frames": 16, "fps": 8}
SIZES = {
    "64x64x16": SMALL,
    "96x64x32": {"width_px": 96, "height_px": 64, "num_frames": 32, "fps": 8},
    "128x128x24": {"width_px": 128, "height_px": 128, "num_frames": 24, "fps": 12},
    "32x32x16": {"width_px": 32, "height_px": 32, "num_frames": 16, "fps": 8},
    "64x64x8 at 4/s": {"width_px": 64, "height_px": 64, "num_frames": 8, "fps": 4},
}


def game(seed, size=SMALL, **more):
    return RushesWorld().scene(seed=seed, split="seen", kind="maze", **size, **more)


def times(drawn):
    return np.arange(drawn.truth.num_frames) / drawn.truth.fps


def read(drawn):
    return read_board(drawn.pixels_THWC, times(drawn))


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_drawn_game_is_read_back(size):
    for seed in range(50, 62):
        drawn = game(seed, size)
        reading = read(drawn)
        assert reading is not None, seed
        assert differences(drawn.truth.facts, reading.facts) == (), seed
        told = [(e.kind, e.frame, e.target) for e in drawn.truth.events]
        assert [(e.kind, e.frame, e.target) for e in reading.events] == told, seed


def test_a_single_frame_states_no_motion():
    drawn = game(3)
    reading = read_board(drawn.pixels_THWC[:1], np.zeros(1))
    item = dataclasses.replace(drawn.truth.facts.objects[0], action=None)
    still = dataclasses.replace(drawn.truth.facts, objects=(item,), events=(), camera=None)
    assert reading.facts == still
    assert reading.walk is None


def test_a_compressed_game_is_read_back(tmp_path):
    for seed in range(5):
        drawn = game(seed)
        write_video(tmp_path / "game.mp4", drawn.pixels_THWC, fps=8, crf=30)
        pixels = np.stack([frame.rgb(64, 64) for frame in Decoding(tmp_path / "game.mp4")])
        reading = read_board(pixels, times(drawn))
        assert differences(drawn.truth.facts, reading.facts) == (), seed


def test_actions_are_given_back_and_a_bump_is_a_stay():
    rng = np.random.default_rng(2)
    for seed in range(8):
        actions = tuple(str(a) for a in rng.choice(list(ACTIONS), size=7))
        drawn = game(seed, {**SMALL, "num_frames": 24}, actions=actions)
        board = find_board(drawn.pixels_THWC[[0, 12, 23]])
        walk = read_actions(drawn.pixels_THWC, times(drawn), num_actions=7)
        cell = walk.cells[0]
        for action, done in zip(actions, walk.actions, strict=True):
            to = board.after(cell, action)
            assert done == ("stay" if to in (None, cell) else action), seed
            cell = to or cell


@pytest.mark.parametrize("order", [[0] * 5 + [*range(1, 16)], [*range(9), *[8] * 6, *range(9, 16)]])
def test_a_walk_in_uneven_times_still_has_its_moves(order):
    drawn = game(0)
    moves = tuple(action for action in drawn.truth.actions if action != "stay")
    walk = read_actions(drawn.pixels_THWC[order], np.arange(len(order)) / 8)
    # The last step is on its way only, and may not count.
    assert tuple(a for a in walk.actions if a != "stay") in (moves, moves[:-1])


def test_a_coin_that_goes_by_itself_is_not_collected():
    drawn = game(0)
    reading = read(drawn)
    pixels = drawn.pixels_THWC.copy()
    # The coin that is taken last goes in the third frame already.
    frame = max(e.frame for e in reading.events if e.kind == "collect")
    coin = max(reading.coins, key=reading.walk.cells.index)
    x = round(reading.board.left + coin[0] * reading.board.cell_px)
    y = round(reading.board.top + coin[1] * reading.board.cell_px)
    pixels[2 : frame - 1, y - 3 : y + 4, x - 3 : x + 4] = reading.board.light
    pixels[frame - 1] = pixels[frame]
    told = read_board(pixels, times(drawn)).events
    assert [e for e in told if e.kind == "collect"] == [
        e for e in reading.events if e.kind == "collect" and e.frame != frame
    ]


def others():
    world = RushesWorld()
    for kind in ("free", "gravity", "pillar", "trail", "candle", "spill", "bite", "views", "floor"):
        for seed in range(4):
            yield world.scene(seed=seed, split="seen", kind=kind, **SMALL).pixels_THWC
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (16, 64, 64, 3)).astype(np.uint8)
    yield noise
    yield np.stack([cv2.GaussianBlur(frame, (0, 0), 4) for frame in noise])
    blocks = cv2.resize(noise[0, :9, :9, 0] // 2 + 60, (64, 64), interpolation=cv2.INTER_NEAREST)
    yield np.repeat(blocks[None, :, :, None], 3, axis=3)
    # A pillar of one cell's width, black or white, and a player before it.
    for level in (12, 246):
        pillar = np.full((16, 60, 60, 3), 132, dtype=np.uint8)
        pillar[:, :, 24:36] = level
        pillar[:, 27:33, 3:9] = OBJECT_COLOURS["blue"]
        yield pillar
    for level in (0, 90, 255):
        yield np.full((16, 64, 64, 3), level, dtype=np.uint8)


def test_nothing_else_is_a_board():
    for pixels in others():
        assert read_board(pixels, np.arange(len(pixels)) / 8) is None


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_faded_player_is_none(level):
    for seed in range(6):
        drawn = game(seed)
        faded = ((drawn.pixels_THWC.astype(int) + level) // 2).astype(np.uint8)
        assert read_board(faded, times(drawn)) is None, seed


def test_find_walk_takes_the_number_of_steps_that_fits():
    cells = np.array([[0, 0], [1, 0], [1, 0], [1, 1], [1, 2]])
    clock = np.arange(20) / 10
    ends = np.arange(5) * 0.5
    places = np.stack([np.interp(clock, ends, cells[:, k]) for k in (0, 1)], axis=1)
    walk = find_walk(places, clock, 2.0)
    assert walk.actions == ("right", "stay", "down", "down")
    assert walk.step_s == 0.5
    assert walk.error_cells < 1e-6
