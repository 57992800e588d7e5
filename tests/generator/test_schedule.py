import pytest

from generator.schedule import share_of_rate


@pytest.mark.parametrize("cooldown", [1.0, 0.4])
def test_the_learning_rate_stays_at_its_peak_until_it_cools_down(cooldown):
    shares = [share_of_rate(0, 9, progress / 100, cooldown) for progress in range(101)]
    peak = round(100 * (1 - cooldown))
    assert shares[: peak + 1] == [1.0] * (peak + 1)
    assert all(a > b for a, b in zip(shares[peak:], shares[peak + 1 :], strict=False))
    assert share_of_rate(0, 9, 1 - cooldown / 2, cooldown) == pytest.approx(0.51)
    assert shares[-1] == pytest.approx(0.02)


def test_it_rises_first():
    assert [share_of_rate(3, step, 0.0) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
