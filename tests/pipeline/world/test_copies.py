from dataclasses import replace

import numpy as np
import pytest

from pipeline.world.choose import choose_scene
from pipeline.world.copies import (
    add_bars,
    crop,
    crop_share,
    mirror,
    mirror_facts,
    overlay,
    re_time,
    scale,
    to_grey,
)
from pipeline.world.edit import Join, join
from pipeline.world.scene import draw_scene
from pipeline.world.sound import make_sound, sample_at
from pipeline.world.truth import EventTruth
from schemas.facts import EventFacts, Facts, ObjectFacts, from_json, to_json
from schemas.frames import Box

GIVEN = {"width_px": 160, "height_px": 96, "num_frames": 40, "fps": 20.0}


def take(seed, **how):
    return draw_scene(choose_scene(seed, **{"motion": "moving", **how}, **GIVEN), **GIVEN)


@pytest.fixture(scope="module")
def reel():
    takes = [take(7), take(5, kind="pillar", motion="any"), take(8)]
    joined = join(takes, [Join(kind="cut"), Join(kind="dissolve", num_frames=8)])
    spans = [(shot.start_frame, shot.end_frame) for shot in joined.shots]
    sound = make_sound(np.random.default_rng(0), spans, joined.num_frames, 20.0)
    return replace(joined, sound=sound)


def middles(reel):
    """Return where the largest visible object of each shot is, and its colour, in mid-shot."""
    for row in reel.objects:
        i = len(row.x_px) // 2
        if row.visibility[i] and row.visibility[i] > 0.98:
            yield row, i, row.first_frame + i


COPIES = {
    "scaled": lambda reel: scale(reel, 128, 76),
    "scaled up": lambda reel: scale(reel, 240, 144),
    "cropped": lambda reel: crop(reel, Box(x_px=10, y_px=6, width_px=140, height_px=86)),
    "letterboxed": lambda reel: add_bars(reel, 0.2),
    "mirrored": mirror,
    "re_timed": lambda reel: re_time(reel, 1.25),
    "slowed": lambda reel: re_time(reel, 0.8),
    "overlaid": lambda reel: overlay(reel, 0.2, "HELLO"),
}


@pytest.mark.parametrize("change", COPIES.values(), ids=COPIES)
def test_the_truth_moves_with_the_pixels(reel, change):
    """At the true place of each object, the copy shows what the original shows at its own."""
    copy = change(reel)
    sources = {(row.shot_index, row.shape, row.colour[0]): row for row in reel.objects}
    assert len(sources) == len(reel.objects)
    tested = 0
    for row, i, frame in middles(copy):
        source = sources[row.shot_index, row.shape, row.colour[0]]
        seen = copy.pixels_THWC[frame, round(row.y_px[i]), round(row.x_px[i])].astype(int)
        distances = [
            np.abs(
                reel.pixels_THWC[
                    source.first_frame + j, round(source.y_px[j]), round(source.x_px[j])
                ]
                - seen
            ).max()
            for j in range(len(source.x_px))
        ]
        assert min(distances) < 30
        tested += 1
    assert tested >= 2
    for row in (*copy.objects, *copy.camera):
        lists = [value for name in row.__slots__ if isinstance(value := getattr(row, name), tuple)]
        assert len({len(values) for values in lists}) == 1
        assert row.first_frame + len(lists[0]) <= copy.num_frames
    assert copy.shots[-1].end_frame == copy.num_frames
    assert len(copy.sound) == pytest.approx(sample_at(copy.num_frames, 20.0), abs=2)


def test_a_crop_looks_at_another_middle(reel):
    copy = crop(reel, Box(x_px=20, y_px=0, width_px=120, height_px=96))
    assert copy.camera[0].x == pytest.approx(reel.camera[0].x)
    copy = crop(reel, Box(x_px=40, y_px=0, width_px=120, height_px=96))
    moved = np.subtract(copy.camera[0].x, reel.camera[0].x) * reel.camera[0].zoom
    assert moved == pytest.approx(20)
    assert all(shot.facts is None and shot.left_out for shot in copy.shots)


def test_a_crop_knows_what_it_does_not_know(reel):
    copy = crop(reel, Box(x_px=60, y_px=30, width_px=40, height_px=30))
    values = [value for row in copy.objects for value in row.visibility]
    assert None in values and 0.0 in values
    assert crop_share(reel, 0.25, np.random.default_rng(0)).pixels_THWC[0].size == pytest.approx(
        0.75 * reel.pixels_THWC[0].size, rel=0.03
    )


def test_what_a_mirror_shows_is_told_in_the_facts(reel):
    copy = mirror(reel)
    assert np.array_equal(copy.pixels_THWC[:, :, ::-1], reel.pixels_THWC)
    assert [shot.facts for shot in mirror(copy).shots] == [shot.facts for shot in reel.shots]
    assert mirror(copy).events == reel.events
    for shot in copy.shots:
        facts = from_json(shot.facts)
        for row in copy.objects:
            if row.shot_index == shot.shot_index:
                told = facts.objects[row.object_index]
                assert (told.colour, told.shape) == (row.colour[0], row.shape)


def test_a_mirror_turns_directions_places_and_events():
    facts = Facts(
        objects=(
            ObjectFacts(shape="circle", place="left", action="move", direction="up_right"),
            ObjectFacts(shape="circle", place="right", action="rest"),
        ),
        events=(EventFacts(kind="go", subject=0, target="left"),),
        camera="pan_left",
    )
    turned, order = mirror_facts(facts)
    assert [facts.objects[i].place for i in order] == ["right", "left"]
    assert [item.place for item in turned.objects] == ["left", "right"]
    assert turned.objects[1].direction == "up_left"
    assert turned.events == (EventFacts(kind="go", subject=1, target="right"),)
    assert turned.camera == "pan_right"


def test_a_mirror_renumbers_objects_that_change_their_order(reel):
    """Of two alike, the left one comes first; in the mirror it is the other."""
    alike = (ObjectFacts(colour="red", place="left"), ObjectFacts(colour="red", place="right"))
    shot = replace(reel.shots[0], facts=to_json(Facts(objects=alike)))
    row = next(row for row in reel.objects if row.shot_index == 0)
    rows = tuple(replace(row, object_index=i, x_px=(x,) * 40) for i, x in enumerate((9.0, 150.0)))
    event = EventTruth(file="", shot_index=0, kind="bite", frame=3, subject=0, target="1")
    copy = mirror(replace(reel, shots=(shot,), objects=rows, events=(event,)))
    places = {row.object_index: row.x_px[0] for row in copy.objects}
    assert places == {0: 9.0, 1: 150.0}
    assert {row.object_index: row.x_px[0] for row in copy.objects[:1]} == {1: 150.0}
    assert (copy.events[0].subject, copy.events[0].target) == (1, "0")


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_re_timing_moves_boundaries_and_events(reel, speed):
    copy = re_time(reel, speed)
    assert copy.num_frames == round(reel.num_frames / speed)
    for one, other in zip(reel.shots, copy.shots, strict=True):
        assert other.end_frame == pytest.approx(one.end_frame / speed, abs=1)
        assert other.transition_start_frame == pytest.approx(
            one.transition_start_frame / speed, abs=1
        )
        assert other.facts is None
    assert [row.frame for row in copy.events] == pytest.approx(
        [row.frame / speed for row in reel.events], abs=1
    )
    cut = copy.shots[0].end_frame
    step = np.abs(np.diff(copy.pixels_THWC[: cut + 5].astype(int), axis=0)).mean(axis=(1, 2, 3))
    assert int(step.argmax()) + 1 == cut


def test_an_overlay_covers_its_share_and_is_a_text(reel):
    copy = overlay(reel, 0.2, "HELLO")
    assert np.array_equal(copy.pixels_THWC[:, :76], reel.pixels_THWC[:, :76])
    assert (copy.pixels_THWC[:, 78:] != reel.pixels_THWC[:, 78:]).any(axis=3).mean() > 0.95
    (row,) = copy.defects
    assert row.kind == "burned_in_text" and row.y_px >= 75 and row.y_px + row.height_px <= 98


def test_a_grey_copy_names_no_colour(reel):
    copy = to_grey(reel, 0.0)
    assert (copy.pixels_THWC.max(axis=3) == copy.pixels_THWC.min(axis=3)).all()
    assert {colour for row in copy.objects for colour in row.colour} == {None}
    assert all(shot.facts is None and "colour" in shot.left_out for shot in copy.shots)
