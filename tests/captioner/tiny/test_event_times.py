import numpy as np
import pytest

from captioner.tiny.event_times import WHOLE, event_spans
from schemas.facts import COLOURS, EventFacts, Facts, ObjectFacts

MOMENTS = 8
RED, BLUE = ObjectFacts(colour="red"), ObjectFacts(colour="blue")


def slots(**paths):
    """Slots in which the colours of `paths` are seen; a place is x, or None where it is not."""
    found = np.zeros((MOMENTS, len(COLOURS), 13), dtype=np.float32)
    found[:, :, 0] = -5
    for colour, xs in paths.items():
        for moment, x in enumerate(xs):
            if x is not None:
                found[moment, COLOURS.index(colour), :2] = 5, x
    return found


def spans(objects, *events, **paths):
    return event_spans(Facts(objects=objects, events=events), slots(**paths))


def test_a_collision_is_where_the_two_are_nearest():
    hit = EventFacts(kind="collide", subject=0, target=1)
    red = [-0.4, -0.3, -0.2, -0.1, -0.2, -0.3, -0.4, -0.5]
    blue = [0.5, 0.4, 0.3, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert spans((RED, BLUE), hit, red=red, blue=blue) == [(2 / 8, 5 / 8)]


def test_a_bite_is_when_the_eater_comes_to_stay():
    bite = EventFacts(kind="bite", subject=0, target=1)
    red = [-0.5, -0.3, -0.1, -0.1, -0.1, -0.09, -0.1, -0.1]
    assert spans((RED, BLUE), bite, red=red, blue=[0.1] * 8) == [(1 / 8, 4 / 8)]


@pytest.mark.parametrize(("gone", "back"), [("hide", "reappear"), ("leave", "return")])
def test_who_goes_out_of_sight_comes_back_later(gone, back):
    events = tuple(EventFacts(kind=kind, subject=0) for kind in (gone, back))
    red = [0.0, 0.1, 0.2, None, None, 0.5, 0.6, 0.7]
    assert spans((RED,), *events, red=red) == [(2 / 8, 5 / 8), (4 / 8, 7 / 8)]


def test_an_object_is_followed_through_its_change_of_colour():
    item = ObjectFacts(colour="red", change="recolour", new_colour="blue")
    events = (EventFacts(kind="hide", subject=0),)
    red = [0.0, 0.1, 0.2, None, None, None, None, None]
    blue = [None, None, None, 0.3, 0.4, None, None, None]
    assert spans((item,), *events, red=red, blue=blue) == [(4 / 8, 7 / 8)]


def test_what_the_slots_do_not_show_may_be_at_any_time():
    events = (
        EventFacts(kind="put_out", subject=0, target="candle"),
        EventFacts(kind="spill", target="jar"),
        EventFacts(kind="hide", subject=0),
    )
    assert spans((RED,), *events, red=[0.1] * 8) == [WHOLE] * 3
