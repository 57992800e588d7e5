import numpy as np
import pytest

from pipeline.world.motion import (
    MAX_PAN_SHARE,
    MAX_ZOOM_LOG,
    camera_path,
    object_path,
    room_of,
)
from pipeline.world.vocabulary import CAMERA_MOVES, DIRECTIONS, SPEEDS

FRAME = {"width_px": 160, "height_px": 96}
SHOT = {**FRAME, "num_frames": 49, "fps": 24.0}
STILL_ROOM = room_of(camera_path("still", **SHOT), **FRAME)


def path(direction, speed="medium", start=(0.5, 0.5), num_frames=49, room=STILL_ROOM):
    return object_path(
        direction=direction,
        speed=speed,
        start=start,
        reach_px=8,
        room=room,
        height_px=96,
        num_frames=num_frames,
        fps=24.0,
    )


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("speed", SPEEDS)
def test_an_object_keeps_its_speed_and_leaves_in_its_direction(direction, speed):
    x, y, _ = path(direction, speed)
    steps = np.hypot(np.diff(x), np.diff(y)) * 24 / 96
    assert np.median(steps) == pytest.approx(SPEEDS[speed])
    step_x, step_y = DIRECTIONS[direction]
    assert x[1] - x[0] == pytest.approx(step_x * SPEEDS[speed] * 4)
    assert y[1] - y[0] == pytest.approx(step_y * SPEEDS[speed] * 4)


def test_a_wall_turns_the_way_and_is_counted():
    x, y, bounces = path("right", "fast", start=(1.0, 0.0), num_frames=24 * 8)
    turns = np.count_nonzero(np.diff(np.sign(np.diff(x))))
    assert bounces == turns > 0
    assert x.min() >= -80 + 8 and x.max() <= 80 - 8
    assert np.ptp(y) == 0


def test_a_short_way_has_no_bounce():
    for direction in DIRECTIONS:
        for start in ((0.0, 0.0), (1.0, 1.0)):
            assert path(direction, "slow", start)[2] == 0


@pytest.mark.parametrize("move", CAMERA_MOVES)
@pytest.mark.parametrize("num_frames", [2, 49, 200])
def test_a_camera_moves_steadily_and_within_its_limits(move, num_frames):
    camera = camera_path(move, **{**SHOT, "num_frames": num_frames})
    for values in (camera.x, camera.y, np.log(camera.zoom)):
        assert np.allclose(np.diff(values), np.diff(values)[0])
        assert values.mean() == pytest.approx(0, abs=1e-9)
    assert np.ptp(camera.x) <= MAX_PAN_SHARE * 160 + 1e-9
    assert np.ptp(camera.y) <= MAX_PAN_SHARE * 96 + 1e-9
    assert np.ptp(np.log(camera.zoom)) <= MAX_ZOOM_LOG + 1e-9
    assert (camera.speed == 0) == (move == "still")


def test_what_is_in_the_room_is_in_every_frame():
    for move in CAMERA_MOVES:
        camera = camera_path(move, **SHOT)
        room = room_of(camera, **FRAME)
        for x, y in ((room.left, room.top), (room.right, room.bottom)):
            assert np.all(np.abs(x - camera.x) * camera.zoom <= 80 + 1e-6)
            assert np.all(np.abs(y - camera.y) * camera.zoom <= 48 + 1e-6)


def test_unknown_moves_and_objects_too_large_are_refused():
    with pytest.raises(ValueError, match="camera move"):
        camera_path("roll", **SHOT)
    with pytest.raises(ValueError, match="does not fit"):
        object_path(
            direction="rest",
            speed="rest",
            start=(0, 0),
            reach_px=60,
            room=STILL_ROOM,
            height_px=96,
            num_frames=2,
            fps=24.0,
        )
