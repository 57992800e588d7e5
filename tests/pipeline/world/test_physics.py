"""Bodies keep energy and momentum, never enter one another, and fall as they should."""

from itertools import pairwise

import numpy as np
import pytest

from pipeline.world.camera import Room
from pipeline.world.physics import Body, overlap, simulate
from pipeline.world.vocabulary import unit_outline
from schemas.facts import SHAPES

ROOM = Room(-1.0, -0.5, 1.0, 0.5)


def body(x, y, vx, vy, shape="circle", diameter=0.2, **more):
    hull = unit_outline(shape)[:: 2 if shape == "star" else 1] * (diameter / 2)
    return Body(x=x, y=y, vx=vx, vy=vy, hull=hull, mass=diameter**2, **more)


def energy(bodies):
    return sum(0.5 * b.mass * (b.vx**2 + b.vy**2) for b in bodies)


def test_free_motion_is_straight_and_even():
    times = np.arange(10) / 10
    centres, hits = simulate([body(0, 0, 0.3, -0.2)], None, times)
    assert hits == []
    assert centres[:, 0, 0] == pytest.approx(0.3 * times)
    assert centres[:, 0, 1] == pytest.approx(-0.2 * times)


def test_a_simulation_ends_with_the_first_hit_that_is_not_wanted():
    seen = []

    def is_wanted(hits):
        seen.append(len(hits))
        return len(hits) < 2

    with pytest.raises(ValueError, match="shall not show"):
        simulate([body(0, 0, 0.9, 0)], ROOM, np.linspace(0, 20, 201), is_wanted=is_wanted)
    assert seen == [1, 2]


def test_a_wall_throws_back_and_takes_nothing():
    one = body(0.8, 0, 0.5, 0.1)
    centres, hits = simulate([one], ROOM, np.linspace(0, 1, 21))
    assert [hit.other for hit in hits] == [None]
    reach = unit_outline("circle")[:, 0].max() * 0.1
    assert hits[0].time_s == pytest.approx((1.0 - reach - 0.8) / 0.5)
    assert (one.vx, one.vy) == (-0.5, 0.1)
    assert centres[:, 0, 0].max() <= 1.0 - reach + 1e-9


def test_equal_bodies_head_on_swap_their_speeds():
    one, other = body(-0.4, 0, 0.5, 0), body(0.4, 0, -0.2, 0)
    _, hits = simulate([one, other], None, np.linspace(0, 2, 5))
    assert [(hit.one, hit.other) for hit in hits] == [(0, 1)]
    assert (one.vx, other.vx) == pytest.approx((-0.2, 0.5), abs=1e-3)


@pytest.mark.parametrize("seed", range(12))
def test_many_bodies_keep_energy_and_stay_apart(seed):
    rng = np.random.default_rng(seed)
    spots = [(-0.6, -0.2), (0.0, 0.15), (0.6, -0.1), (-0.2, -0.3)]
    bodies = [
        body(x, y, *rng.uniform(-0.6, 0.6, 2), shape=SHAPES[int(rng.integers(4))],
             diameter=float(rng.uniform(0.1, 0.22)))
        for x, y in spots
    ]  # fmt: skip
    before = energy(bodies)
    centres, hits = simulate(bodies, ROOM, np.linspace(0, 6, 200))
    assert any(hit.other is not None for hit in hits)
    assert energy(bodies) == pytest.approx(before)
    for frame in centres:
        placed = [
            Body(x=x, y=y, vx=0, vy=0, hull=b.hull, mass=1)
            for (x, y), b in zip(frame, bodies, strict=True)
        ]
        for i, one in enumerate(placed):
            corners = one.hull + np.array([one.x, one.y])
            assert corners[:, 0].min() >= ROOM.left - 1e-6
            assert corners[:, 1].max() <= ROOM.bottom + 1e-6
            assert not any(overlap(one, other, -1e-6) for other in placed[i + 1 :])


def test_a_collision_keeps_the_momentum():
    bodies = [body(-0.4, 0.02, 0.5, 0, "square"), body(0.3, -0.03, -0.3, 0.05, "triangle", 0.3)]

    def momentum():
        return [sum(b.mass * getattr(b, axis) for b in bodies) for axis in ("vx", "vy")]

    before = momentum()
    _, hits = simulate(bodies, None, np.linspace(0, 2, 9))
    assert len(hits) == 1
    assert momentum() == pytest.approx(before)


def test_a_fixed_body_stays_where_it_is():
    wall = body(0.5, 0, 0, 0, is_fixed=True)
    ball = body(-0.3, 0, 0.5, 0)
    centres, _ = simulate([ball, wall], None, np.linspace(0, 2, 9))
    assert (centres[:, 1] == (0.5, 0)).all()
    assert ball.vx == pytest.approx(-0.5, rel=0.01)  # a circle has 96 corners


def test_a_dropped_body_follows_the_parabola_and_comes_to_rest():
    ball = body(0, -0.3, 0.0, 0.0)
    times = np.arange(0, 12, 0.05)
    centres, hits = simulate([ball], ROOM, times, gravity=1.6, floor_bounce=0.7)
    before = times < hits[0].time_s
    assert centres[before, 0, 1] == pytest.approx(-0.3 + 0.8 * times[before] ** 2)
    assert centres[-1, 0, 1] == pytest.approx(0.5 - ball.hull[:, 1].max())
    assert ball.on_floor
    heights = [centres[(times > a.time_s) & (times < b.time_s), 0, 1].min()
               for a, b in pairwise(hits[:4])]  # fmt: skip
    assert heights == sorted(heights)  # each rise is lower; y points down


def test_the_frame_rate_does_not_change_the_motion():
    def run(rate):
        bodies = [body(-0.5, 0, 0.9, 0.35), body(0.3, 0.1, -0.2, 0.6, "square", 0.25)]
        return simulate(bodies, ROOM, np.arange(5 * rate) / rate)[0]

    assert run(60)[::5] == pytest.approx(run(12), abs=1e-9)
