from dataclasses import replace
from random import Random

import pytest

from schemas.facts import (
    Difference,
    EventFacts,
    Facts,
    ObjectFacts,
    canonical,
    differences,
    from_json,
    match_objects,
    reorder,
    to_json,
)
from tests.schemas.wording_cases import draw_facts

RED = ObjectFacts(colour="red", shape="circle", action="move", direction="left")
BLUE = ObjectFacts(colour="blue", shape="star", action="fall")
GREY = ObjectFacts(colour="green", shape="square", action="rest")


def shuffled(facts: Facts, rng: Random) -> Facts:
    order = list(range(len(facts.objects)))
    rng.shuffle(order)
    return reorder(facts, order)


def test_canonical_facts_do_not_depend_on_the_order_of_objects():
    rng = Random(1)
    for _ in range(1000):
        facts = draw_facts(rng)
        assert canonical(shuffled(facts, rng)) == canonical(facts)


def test_canonical_facts_stay_as_they_are():
    rng = Random(2)
    for _ in range(1000):
        facts = canonical(draw_facts(rng))
        assert canonical(facts) == facts


def test_objects_alike_are_told_apart_by_their_events():
    leave = EventFacts(kind="leave", subject=1)
    one = Facts(objects=(RED, RED), events=(EventFacts(kind="collide", subject=0, target=1), leave))
    other = replace(one, events=(one.events[0], EventFacts(kind="leave", subject=0)))
    assert canonical(one) == canonical(other)


def test_json_gives_the_same_facts_back():
    rng = Random(3)
    for _ in range(1000):
        facts = draw_facts(rng)
        assert from_json(to_json(facts)) == facts


def test_json_leaves_out_what_is_not_stated():
    assert (
        to_json(Facts(objects=(ObjectFacts(colour="red"),))) == '{"objects": [{"colour": "red"}]}'
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "3",
        "{",
        '{"weather": "fine"}',
        '{"objects": [{"colour": "beige"}]}',
        '{"camera": "handheld"}',
        '{"events": [{"kind": "leave", "subject": 0}]}',
    ],
)
def test_json_that_is_not_facts_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        from_json(text)


def test_equal_facts_do_not_differ():
    rng = Random(4)
    for _ in range(500):
        facts = draw_facts(rng)
        if len({(item.colour, item.shape) for item in facts.objects}) == len(facts.objects):
            assert differences(facts, shuffled(facts, rng)) == ()


def test_a_changed_attribute_is_the_one_difference():
    one = Facts(objects=(RED, BLUE), camera="still")
    other = Facts(objects=(BLUE, replace(RED, direction="right")), camera="still")
    assert differences(one, other) == (
        Difference(path="objects[0].direction", one="left", other="right"),
    )


def test_an_object_too_many_is_one_difference():
    one, other = Facts(objects=(RED, BLUE)), Facts(objects=(RED, GREY, BLUE))
    assert differences(one, other) == (Difference(path="objects[1]", one=None, other=GREY),)
    assert differences(other, one) == (Difference(path="objects[1]", one=GREY, other=None),)


def test_events_are_compared_as_a_whole_and_in_order():
    hit = EventFacts(kind="collide", subject=0, target=1)
    leave = EventFacts(kind="leave", subject=0)
    one = Facts(objects=(RED, BLUE), events=(hit, leave))
    other = Facts(objects=(RED, BLUE), events=(leave, hit))
    assert [item.path for item in differences(one, other)] == ["events"]


def test_objects_are_matched_by_what_names_them_first():
    one = Facts(objects=(RED, BLUE))
    other = Facts(objects=(replace(BLUE, action="move", direction="left"), RED))
    assert match_objects(one, other) == [(0, 1), (1, 0)]


@pytest.mark.parametrize("end", [{"subject": 2}, {"subject": 0, "target": 5}, {"subject": -1}])
def test_events_name_objects_that_are_there(end):
    with pytest.raises(ValueError, match="names object"):
        Facts(objects=(RED, BLUE), events=(EventFacts(kind="collide", **end),))
