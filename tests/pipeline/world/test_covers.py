"""What is computed for all frames at once is what `paint` says of each."""

import numpy as np
import pytest

from pipeline.world.covers import covers, layers_of
from pipeline.world.paint import SHADOW_SHIFT, cover, outline_px
from schemas.facts import SHAPES

SIZE = (60, 44)
X = np.array([20.3, 58.9, -3.2, 90.0, 31.0])
Y = np.array([17.8, 2.5, 40.1, 20.0, 21.0])
DIAMETER = np.array([9.5, 12.0, 20.0, 15.0, 70.0])
ANGLE_DEG = np.array([0.0, 33.0, -75.0, 190.0, 12.5])


def same(one, other):
    if one is None or other is None:
        return one is other
    return (one.left, one.top) == (other.left, other.top) and np.array_equal(one.share, other.share)


def each(shape, x, y, *, inner=False):
    return [
        cover(
            [outline_px(shape, x=at_x, y=at_y, diameter=size, angle_deg=angle, inner=inner)], SIZE
        )
        for at_x, at_y, size, angle in zip(x, y, DIAMETER, ANGLE_DEG, strict=True)
    ]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("style", ["flat", "outlined", "shaded"])
def test_layers_of_all_frames_are_the_covers_of_each(shape, style):
    layers = layers_of(shape, style, X, Y, DIAMETER, ANGLE_DEG, SIZE)
    assert all(map(same, layers.whole, each(shape, X, Y)))
    assert layers.whole[3] is None and layers.whole[0] is not None
    assert (layers.inner is None) == (style != "outlined")
    assert (layers.shadow is None) == (style != "shaded")
    if layers.inner is not None:
        assert all(map(same, layers.inner, each(shape, X, Y, inner=True)))
    if layers.shadow is not None:
        moved = (X + SHADOW_SHIFT[0] * DIAMETER, Y + SHADOW_SHIFT[1] * DIAMETER)
        assert all(map(same, layers.shadow, each(shape, *moved)))


def test_a_polygon_that_only_touches_the_frame_covers_what_it_covers_alone():
    boxes = np.array(
        [
            [[left, -5.0], [left + 3.0, -5.0], [left + 3.0, 50.0], [left, 50.0]]
            for left in (-9.0, -2.75, 10.0, 58.5, 61.5)
        ]
    )
    found = covers(boxes, SIZE)
    assert all(map(same, found, [cover([box], SIZE) for box in boxes]))
    assert found[0] is None and found[4] is None
