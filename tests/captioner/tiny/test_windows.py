from dataclasses import replace

import numpy as np
import pytest

from captioner.tiny.certainty import Told
from captioner.tiny.settings import TinySettings
from captioner.tiny.windows import MAX_FRAMES, MIN_FRAMES, SHOWN_RATES, merge, windows_of
from schemas.facts import EventFacts, Facts, ObjectFacts
from schemas.frames import Frames


def clip(count, fps, width=64, height=64):
    pixels = np.zeros((count, height, width, 3), dtype=np.uint8)
    pixels[:, 0, 0, 0] = np.arange(count) % 256
    return Frames(pixels_THWC=pixels, times_s=np.arange(count) / fps)


def told(facts, chance=0.9, **more):
    chances = {}
    for i, item in enumerate(facts.objects):
        for name in ("colour", "shape", "change", "new_colour", "bounces"):
            if getattr(item, name):
                chances[f"objects[{i}].{name}"] = chance
    chances |= {f"events[{i}]": chance for i in range(len(facts.events))}
    chances |= {n: chance for n in ("camera", "background_kind") if getattr(facts, n)}
    return Told(facts=facts, chances=chances | more, spans_s=((0.0, 1.0),) * len(facts.events))


@pytest.mark.parametrize(
    ("count", "fps", "windows"),
    [(16, 8, 1), (50, 25, 1), (60, 30, 1), (125, 25, 2), (300, 30, 4), (1, 25, 1), (5, 4, 1)],
)
def test_windows_are_of_lengths_that_training_shows(count, fps, windows):
    found = windows_of(clip(count, fps))
    assert len(found) == windows
    for part in found:
        assert MIN_FRAMES <= len(part.frames.times_s) <= MAX_FRAMES
        assert len(part.frames.times_s) % 2 == 0


@pytest.mark.parametrize(("fps", "step"), [(8, 1 / 8), (25, 3 / 25), (24, 3 / 24), (30, 4 / 30),
                                           (60, 8 / 60), (5, 1 / 5), (11, 1 / 11)])  # fmt: skip
def test_windows_keep_real_time_as_nearly_as_training_knows_it(fps, step):
    part = windows_of(clip(3 * fps, fps))[0]
    found = np.diff(part.frames.times_s)
    assert found == pytest.approx(step, rel=0.1)
    assert any(found == pytest.approx(1 / rate) for rate in SHOWN_RATES)
    assert set(TinySettings().rates) == set(SHOWN_RATES)


def test_windows_cover_the_clip_to_its_end():
    parts = windows_of(clip(125, 25))
    firsts = [int(part.frames.pixels_THWC[0, 0, 0, 0]) for part in parts]
    assert firsts[0] == 0
    assert int(parts[-1].frames.pixels_THWC[-1, 0, 0, 0]) >= 122
    assert firsts[1] < int(parts[0].frames.pixels_THWC[-1, 0, 0, 0])


@pytest.mark.parametrize(
    ("size", "fitted"),
    [((1920, 1080), (112, 64)), ((320, 180), (112, 64)), ((90, 160), (64, 112)),
     ((64, 64), (64, 64)), ((48, 40), (80, 64)), ((800, 100), (128, 64))],
)  # fmt: skip
def test_frames_of_any_size_are_fitted(size, fitted):
    part = windows_of(clip(16, 8, *size))[0]
    assert part.frames.pixels_THWC.shape[1:3] == fitted[::-1]


@pytest.mark.parametrize(("count", "fps"), [(16, 8), (125, 25), (125, 30), (5, 4)])
def test_windows_know_their_time_in_the_clip(count, fps):
    late = clip(count, fps)
    late = Frames(pixels_THWC=late.pixels_THWC, times_s=late.times_s + 7)
    parts = windows_of(late)
    assert parts[0].start_s == 7
    for part in parts:
        first = int(part.frames.pixels_THWC[0, 0, 0, 0])
        assert part.start_s == pytest.approx(7 + first / fps)
        last = int(part.frames.pixels_THWC[-1, 0, 0, 0])
        assert 7 + last / fps < part.end_s <= 7 + count / fps + 1e-6


def test_one_window_is_told_as_it_is():
    only = told(Facts(objects=(ObjectFacts(colour="red"),)))
    assert merge([only]) is only


def test_merge_takes_the_beginning_from_the_first_window():
    one = told(Facts(objects=(ObjectFacts(colour="red", place="left", direction="right"),)))
    two = told(Facts(objects=(ObjectFacts(colour="red", place="right", direction="left",
                                          action="move", bounces=True),)))  # fmt: skip
    merged = merge([one, two]).facts.objects
    assert merged == (ObjectFacts(colour="red", place="left", direction="right", bounces=True),)


def test_merge_follows_an_object_through_its_change_of_colour():
    red = ObjectFacts(colour="red", shape="star", change="recolour", new_colour="blue")
    one = told(Facts(objects=(red,)))
    two = told(Facts(objects=(ObjectFacts(colour="blue", shape="star"),),
                     events=(EventFacts(kind="leave", subject=0),)))  # fmt: skip
    merged = merge([one, two]).facts
    assert merged.objects == (red,)
    assert merged.events == (EventFacts(kind="leave", subject=0),)


def test_merge_takes_one_colour_for_another_where_only_that_has_changed():
    red, blue = (ObjectFacts(colour=colour, shape="star") for colour in ("red", "blue"))
    merged = merge([told(Facts(objects=(red,))), told(Facts(objects=(blue,)))]).facts
    assert merged.objects == (
        ObjectFacts(colour="red", shape="star", change="recolour", new_colour="blue"),
    )
    other = ObjectFacts(colour="blue", shape="circle")
    both = merge([told(Facts(objects=(red,))), told(Facts(objects=(other,)))]).facts
    assert both.objects == (red, other)


def test_merge_tells_what_happens_in_order_and_once():
    pair = (ObjectFacts(colour="red"), ObjectFacts(colour="blue"))
    hit = EventFacts(kind="collide", subject=0, target=1)
    one = told(Facts(objects=pair, events=(EventFacts(kind="leave", subject=0), hit)))
    two = told(Facts(objects=pair, events=(hit, EventFacts(kind="return", subject=0))))
    merged = merge([one, replace(two, spans_s=((1.0, 1.5), (1.5, 2.0)))])
    assert [event.kind for event in merged.facts.events] == ["leave", "collide", "return"]
    assert merged.spans_s == ((0.0, 1.0), (0.0, 1.0), (1.5, 2.0))
    assert [merged.chances[f"events[{i}]"] for i in range(3)] == [0.9] * 3


def test_merge_counts_the_first_of_what_happens_again_but_every_way_and_coin():
    pair = (ObjectFacts(colour="red"), ObjectFacts(colour="blue"))
    hit = EventFacts(kind="collide", subject=0, target=1)
    gone = EventFacts(kind="leave", subject=1)
    one = told(Facts(objects=pair, events=(hit, gone)))
    assert merge([one, told(Facts(objects=pair, events=(hit,)))]).facts.events == (hit, gone)
    ways = tuple(EventFacts(kind="go", subject=0, target=way) for way in ("left", "up"))
    one = told(Facts(objects=pair[:1], events=ways))
    assert len(merge([one, one]).facts.events) == 4


def test_merge_votes_on_the_scene_by_certainty():
    sure = told(Facts(camera="pan_left"), 0.95)
    others = [told(Facts(camera="still"), 0.4), told(Facts(camera="still"), 0.4)]
    assert merge([sure, *others]).facts.camera == "pan_left"


def test_merge_says_of_a_late_object_only_what_it_is():
    late = ObjectFacts(colour="pink", shape="star", place="left", size="small")
    merged = merge([told(Facts()), told(Facts(objects=(late,)))])
    assert merged.facts.objects == (ObjectFacts(colour="pink", shape="star"),)
