import numpy as np
import pytest

from captioner.request import FrameView
from captioner.views import choose_frames, fit_size


def view(**changes: object) -> FrameView:
    return FrameView(**{"source": "clip", "max_frames": 1000, **changes})


def test_frames_come_at_the_rate_asked_for() -> None:
    times = np.arange(100) / 25
    places = choose_frames(times, (0.0, 4.0), view(fps=5.0))
    assert places == list(range(0, 100, 5))


def test_a_slower_video_shows_every_frame_once() -> None:
    times = np.arange(8) / 4
    assert choose_frames(times, (0.0, 2.0), view(fps=30.0)) == list(range(8))


def test_a_window_shows_its_own_frames_only() -> None:
    times = np.arange(100) / 10
    places = choose_frames(times, (3.0, 5.0), view(fps=10.0))
    assert places == list(range(30, 50))


def test_uneven_times_are_followed() -> None:
    times = [0.0, 0.1, 0.2, 0.9, 1.0, 3.5]
    assert choose_frames(times, (0.0, 4.0), view(fps=1.0)) == [0, 4, 5]


def test_there_are_never_more_frames_than_allowed() -> None:
    places = choose_frames(np.arange(1000) / 25, (0.0, 40.0), view(fps=5.0, max_frames=8))
    assert len(places) == 8
    assert places[0] == 0
    assert places[-1] == 995


def test_a_span_without_frames_shows_none() -> None:
    assert choose_frames([0.0, 1.0], (1.5, 2.0), view()) == []


@pytest.mark.parametrize(
    ("limits", "size"),
    [
        ({}, (1920, 1080)),
        ({"max_side_px": 512}, (512, 288)),
        ({"max_short_side_px": 64}, (114, 64)),
        ({"max_side_px": 4000}, (1920, 1080)),
    ],
)
def test_frames_keep_their_shape_and_are_never_enlarged(limits: dict, size: tuple) -> None:
    assert fit_size(1920, 1080, view(**limits)) == size
