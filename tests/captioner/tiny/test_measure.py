import pytest

from captioner.tiny.measure import common_in_order, measure
from schemas.facts import EventFacts, Facts, ObjectFacts

RED = ObjectFacts(colour="red", shape="circle", size="small", action="rest")
BLUE = ObjectFacts(colour="blue", shape="star", action="move", direction="left", speed="slow")
TRUE = Facts(objects=(RED, BLUE), camera="still", background_kind="plain")


def test_measure_finds_nothing_wrong_with_the_truth():
    found = measure([(TRUE, TRUE)])
    assert found.false_share == found.made_up_share == 0
    assert found.exact_share == 1
    assert all(t.precision == t.recall == 1 for t in found.by_attribute.values())


def test_measure_counts_a_wrong_value_against_precision_and_recall():
    wrong = Facts(objects=(RED, BLUE), camera="pan_left", background_kind="plain")
    found = measure([(wrong, TRUE), (TRUE, TRUE)])
    camera = found.by_attribute["camera"]
    assert (camera.num_stated, camera.num_true, camera.num_right) == (2, 2, 1)
    assert found.exact_share == 0.5


def test_measure_counts_what_is_left_out_against_recall_only():
    less = Facts(objects=(RED, ObjectFacts(colour="blue", shape="star")), background_kind="plain")
    found = measure([(less, TRUE)])
    assert found.by_attribute["speed"].precision == 1
    assert found.by_attribute["speed"].recall == 0
    assert found.by_attribute["camera"].recall == 0
    assert found.false_share == 0
    assert found.exact_share == 0


def test_measure_takes_all_that_is_said_of_a_made_up_object_as_false():
    more = Facts(
        objects=(RED, BLUE, ObjectFacts(colour="green", shape="star")),
        camera="still",
        background_kind="plain",
    )
    found = measure([(more, TRUE)])
    assert found.num_made_up_objects == 1
    assert found.made_up_share == pytest.approx(1 / 3)
    # Colour and shape of the green star, and the number of objects.
    stated = sum(t.num_stated for t in found.by_attribute.values())
    assert found.false_share == pytest.approx(3 / stated)


def test_measure_takes_a_wrong_colour_as_one_object_made_up_and_one_missed():
    pink = Facts(
        objects=(RED, ObjectFacts(colour="pink", shape="star")),
        camera="still",
        background_kind="plain",
    )
    found = measure([(pink, TRUE)])
    assert (found.num_made_up_objects, found.num_missed_objects) == (1, 1)
    assert found.by_attribute["count"].num_right == 1


def test_measure_compares_events_in_order_and_by_colour():
    hit, leave = (
        EventFacts(kind="collide", subject=0, target=1),
        EventFacts(kind="leave", subject=1),
    )
    true = Facts(objects=(RED, BLUE), events=(hit, leave))
    turned = Facts(
        objects=(BLUE, RED),
        events=(
            EventFacts(kind="leave", subject=0),
            EventFacts(kind="collide", subject=0, target=1),
        ),
    )
    assert measure([(true, true)]).by_attribute["events"].num_right == 2
    # In another order only one of the two is told in its place.
    assert measure([(turned, true)]).by_attribute["events"].num_right == 1


def test_common_in_order_finds_the_longest_common_sequence():
    a, b, c = ("a", 0, 0), ("b", 0, 0), ("c", 0, 0)
    assert common_in_order([a, b, c], [a, c]) == 2
    assert common_in_order([a, b, c], [c, b, a]) == 1
    assert common_in_order([], [a]) == 0
