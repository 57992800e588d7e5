import numpy as np
import pytest

from captioner.tiny.certainty import Told
from captioner.tiny.slot_readings import read_slots
from schemas.facts import COLOURS, EventFacts, Facts, ObjectFacts

MOMENTS = 8


def slots(**seen):
    """Slots in which each colour is seen in the given moments."""
    found = np.full((MOMENTS, len(COLOURS), 13), -5, dtype=np.float32)
    for colour, moments in seen.items():
        found[list(moments), COLOURS.index(colour), 0] = 5
    return found


def told(*objects, events=()):
    chances = {f"objects[{i}].new_colour": 0.4 for i, item in enumerate(objects) if item.new_colour}
    return Told(facts=Facts(objects=objects, events=events), chances=chances)


def turns(new_colour):
    return ObjectFacts(colour="red", shape="star", change="recolour", new_colour=new_colour)


def test_the_new_colour_is_the_one_that_is_seen_at_last():
    pink = ObjectFacts(colour="pink", shape="circle")
    seen = slots(red=range(4), cyan=range(4, 8), pink=range(8))
    found = read_slots(told(turns("blue"), pink), seen, 0.0, 2.0)
    assert found.facts.objects == (turns("cyan"), pink)
    assert found.chances["objects[0].new_colour"] > 0.9


def test_no_new_colour_is_told_where_none_is_seen():
    found = read_slots(told(turns("blue")), slots(red=range(8)), 0.0, 2.0)
    assert found.facts.objects == (turns(None),)
    assert not found.chances


def test_other_changes_keep_what_was_written():
    grows = ObjectFacts(colour="red", change="grow")
    assert read_slots(told(grows), slots(cyan=range(8)), 0.0, 2.0).facts.objects == (grows,)


def test_events_get_the_times_of_their_window():
    red = ObjectFacts(colour="red")
    stated = told(red, events=(EventFacts(kind="hide", subject=0, target="pillar"),))
    found = read_slots(stated, slots(red=range(4)), 10.0, 12.0)
    assert found.spans_s == (pytest.approx((10.75, 11.5)),)
