import math
from itertools import pairwise

import pytest
import torch

from generator import flow
from generator.solve import guide, walk, zero_star


@pytest.mark.parametrize("solver", ["euler", "heun", "multistep"])
@pytest.mark.parametrize("t", [1.0, 0.6, 0.05])
def test_one_step_with_the_true_velocity_lands_on_data(solver, t):
    data, noise = torch.randn(3, 4), torch.randn(3, 4)
    timesteps = torch.full((3,), t)
    noisy = flow.noised(data, noise, timesteps)
    velocity = flow.velocity_of(noisy, data, timesteps)
    torch.testing.assert_close(velocity, noise - data, atol=1e-4, rtol=1e-4)
    landed = walk(noisy, [t, 0.0], lambda x, t: flow.velocity_of(x, data, timesteps), solver)
    torch.testing.assert_close(landed, data, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("solver", ["euler", "heun", "multistep"])
def test_any_number_of_steps_along_a_straight_line_is_exact(solver):
    data, noise = torch.randn(2, 3, 4, dtype=torch.float64)
    landed = walk(noise, [1.0, 0.9, 0.3, 0.25, 0.0], lambda x, t: noise - data, solver)
    torch.testing.assert_close(landed, data)


def pulse(x, t):
    return x * math.cos(3.0 * t)


def pulse_error(solver, num_steps, end, bend=1.0):
    """Return the error at `end` of dx/dt = x cos 3t from x(1) = 1, steps even where bend is 1."""
    times = [1.0 + (end - 1.0) * (i / num_steps) ** bend for i in range(num_steps + 1)]
    found = walk(torch.ones(1, dtype=torch.float64), times, pulse, solver)
    return abs(found.item() - math.exp((math.sin(3.0 * end) - math.sin(3.0)) / 3.0))


@pytest.mark.parametrize("end", [0.0, 0.4])
@pytest.mark.parametrize("bend", [1.0, 1.5], ids=["even", "uneven"])
@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("heun", 2), ("multistep", 2)])
def test_halving_the_step_divides_the_error_by_two_to_the_order(solver, order, end, bend):
    errors = [pulse_error(solver, n, end, bend) for n in (64, 128, 256)]
    for coarse, fine in pairwise(errors):
        assert coarse / fine == pytest.approx(2.0**order, rel=0.12)


def test_multistep_is_exact_for_a_velocity_that_changes_evenly():
    times = [1.0, 0.8, 0.77, 0.3, 0.0]
    found = walk(torch.zeros(1, dtype=torch.float64), times, lambda x, t: x * 0 + t, "multistep")
    # The first step knows none before it: Euler's error there, half its square, is all.
    assert found.item() == pytest.approx(-0.5 - 0.2**2 / 2)


@pytest.mark.parametrize(("solver", "calls"), [("euler", 4), ("multistep", 4), ("heun", 7)])
def test_solvers_ask_for_the_velocity_as_often_as_they_say(solver, calls):
    asked = []
    walk(torch.zeros(1), [1.0, 0.7, 0.5, 0.2, 0.0], lambda x, t: asked.append(t) or x, solver)
    assert len(asked) == calls
    assert min(asked) > 0


def test_guidance_scale_one_is_the_conditional_and_zero_the_unconditional():
    with_prompt, without = torch.randn(2, 5)
    torch.testing.assert_close(guide(with_prompt, without, 1.0), with_prompt)
    torch.testing.assert_close(guide(with_prompt, without, 0.0), without)
    torch.testing.assert_close(guide(with_prompt, without, 3.0), 3 * with_prompt - 2 * without)


def test_zero_star_of_equal_velocities_changes_nothing():
    velocity = torch.randn(4, 5)
    torch.testing.assert_close(zero_star(velocity, velocity), velocity)


def test_zero_star_scales_to_the_nearest_multiple():
    conditional, unconditional = torch.randn(2, 3, 5)
    scaled = zero_star(conditional, unconditional)
    assert ((conditional - scaled) * unconditional).sum().abs() < 1e-4
    torch.testing.assert_close(zero_star(conditional, 7 * unconditional), scaled)
    assert (zero_star(conditional, torch.zeros(3, 5)) == 0).all()
