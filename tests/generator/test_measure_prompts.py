import math

import numpy as np
import pytest

from generator.measure_prompts import Answer, Share, answer, compare, share_right, shares
from schemas.facts import Facts, ObjectFacts

RED = ObjectFacts(colour="red", shape="circle", size="small", action="move", direction="left")
BLUE = ObjectFacts(colour="blue", shape="square")


def compared(asked, shown):
    found = compare(asked, shown)
    return dict(found.asked), dict(found.right), found.all_correct


def test_a_sample_that_shows_all_that_is_asked_for_is_right():
    facts = Facts(objects=(RED, BLUE), background_colour="navy", camera="still", style="flat")
    asked, right, all_correct = compared(facts, facts)
    assert asked == right
    assert asked == {
        "count": 1,
        "colour": 2,
        "shape": 2,
        "size": 1,
        "action": 1,
        "direction": 1,
        "background_colour": 1,
        "camera": 1,
        "style": 1,
    }
    assert all_correct


def test_objects_are_paired_whatever_their_order():
    shown = Facts(objects=(BLUE, RED))
    assert compared(Facts(objects=(RED, BLUE)), shown) == compared(shown, shown)


def test_what_the_prompt_does_not_name_may_be_anything():
    asked = Facts(objects=(ObjectFacts(colour="red"),))
    shown = Facts(objects=(RED,), background_colour="navy", camera="zoom_in")
    assert compared(asked, shown) == ({"count": 1, "colour": 1}, {"count": 1, "colour": 1}, True)


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [
        (Facts(), {"count", "colour", "shape", "camera"}),
        (Facts(objects=(BLUE,)), {"colour", "shape", "camera"}),
        (Facts(objects=(RED,)), {"camera"}),
        (Facts(objects=(RED, BLUE), camera="still"), {"count"}),
        (Facts(objects=(RED,), camera="pan_left"), {"camera"}),
    ],
    ids=["nothing", "another object", "no camera", "one too many", "another camera"],
)
def test_every_statement_that_is_not_shown_counts_as_wrong(shown, wrong):
    asked = Facts(objects=(ObjectFacts(colour="red", shape="circle"),), camera="still")
    found = compare(asked, shown)
    assert {name for name in found.asked if found.right[name] < found.asked[name]} == wrong
    assert not found.all_correct


def test_of_two_objects_one_may_be_missing():
    asked, right, _ = compared(Facts(objects=(RED, BLUE)), Facts(objects=(BLUE,)))
    assert (asked["colour"], right["colour"]) == (2, 1)
    assert (asked["count"], right["count"]) == (1, 0)
    assert (asked["direction"], right["direction"]) == (1, 0)


def test_flags_count_where_they_are_asked_for_only():
    bouncing = ObjectFacts(colour="red", bounces=True)
    still = ObjectFacts(colour="red")
    assert "bounces" not in compare(Facts(objects=(still,)), Facts(objects=(bouncing,))).asked
    found = compare(Facts(objects=(bouncing,)), Facts(objects=(still,)))
    assert (found.asked["bounces"], found.right["bounces"]) == (1, 0)


def test_the_order_of_views_counts():
    asked = Facts(views=("wide", "close"))
    assert compare(asked, Facts(views=("wide", "close"))).all_correct
    assert not compare(asked, Facts(views=("close", "wide"))).all_correct


# Wilson's interval at 95 %; by hand: (k + z^2/2 -+ z sqrt(k(n-k)/n + z^2/4)) / (n + z^2).
@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (50, 100, 0.4038, 0.5962),
        (1, 1, 0.2065, 1.0),
    ],
)
def test_the_interval_is_wilson_s(right, n, low, high):
    share = Share(right=right, n=n)
    assert share.interval == pytest.approx((low, high), abs=1e-4)
    assert share.plain() == {
        "share": right / n,
        "low": share.interval[0],
        "high": share.interval[1],
        "n": n,
    }


def test_a_share_of_nothing_is_unknown():
    share = Share(right=0, n=0)
    assert math.isnan(share.value)
    assert share.interval == (0.0, 1.0)


def test_shares_are_over_all_prompts():
    answers = [
        Answer(asked={"colour": 2, "camera": 1}, right={"colour": 2, "camera": 1}),
        Answer(asked={"colour": 1}, right={"colour": 0}),
        Answer(asked={}, right={}),
    ]
    assert shares(answers) == {
        "colour": Share(right=2, n=3),
        "camera": Share(right=1, n=1),
        "all": Share(right=2, n=3),
    }


class OneScene:
    """A world whose every picture shows the same."""

    def __init__(self, facts):
        self.facts, self.seen = facts, []

    def read(self, frames):
        self.seen.append(frames)
        return self.facts


def test_a_sample_is_read_with_the_times_of_its_frames():
    world = OneScene(Facts(objects=(RED,)))
    pixels = np.zeros((5, 8, 8, 3), np.uint8)
    assert answer(Facts(objects=(ObjectFacts(colour="red"),)), pixels, 4.0, world).all_correct
    assert world.seen[0].times_s.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize(
    ("prompt", "share"),
    [
        ("A small red circle moves left.", 1.0),
        ("A small blue circle moves left.", 5 / 6),
        ("zxcvb", None),
    ],
)
def test_the_share_right_of_a_prompt_is_over_its_statements(prompt, share):
    pixels = np.zeros((2, 8, 8, 3), np.uint8)
    found = share_right(prompt, pixels, 8.0, OneScene(Facts(objects=(RED,))))
    assert found == (share if share is None else pytest.approx(share))
