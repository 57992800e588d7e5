import math
from dataclasses import replace

import numpy as np
import pytest

from generator import measure_tasks
from generator.evaluate import evaluate
from generator.make import Making
from generator.measure_prompts import binding
from generator.measure_tasks import (
    TaskMeasures,
    draw_cases,
    is_plain_motion,
    jerks,
    loop_jump,
    path_of,
    progress,
    rank_correlation,
    seam,
)
from generator.settings import MEASURED_TASKS, EvaluateSettings, SampleSettings
from pipeline.world.rushes_world import RushesWorld
from schemas.errors import UserError
from schemas.facts import Facts, ObjectFacts
from schemas.frames import SeenClip
from schemas.wording.read import read

FPS = 8.0
SETTINGS = SampleSettings(width_px=48, height_px=48, seconds=2.0, fps=FPS, num_steps=1)
WORLD = RushesWorld()


def straight(count=16, velocity=(0.4, -0.2)):
    return np.arange(count)[:, None] / FPS * np.array(velocity)


def test_even_motion_has_no_seam_and_a_kink_is_one():
    path = straight()
    assert seam(path, 8, FPS) == (pytest.approx(0, abs=1e-9), pytest.approx(0, abs=1e-9))
    kinked = path.copy()
    kinked[8:] = path[7] + straight(8, (0.4, 0.8)) + np.array((0.4, 0.8)) / FPS
    jump, usual = seam(kinked, 8, FPS)
    assert jump == pytest.approx(1.0)
    assert usual == pytest.approx(0, abs=1e-9)
    # The same kink elsewhere is none of the seam's.
    assert seam(kinked, 12, FPS)[0] == pytest.approx(0, abs=1e-9)


def test_a_seam_where_the_object_is_not_seen_is_no_number():
    path = straight()
    path[8] = math.nan
    assert math.isnan(seam(path, 8, FPS)[0])


def test_a_circle_loops_and_a_straight_way_does_not():
    angles = np.arange(32) / 32 * 2 * np.pi
    circle = np.stack((np.cos(angles), np.sin(angles)), 1) * 0.3
    place, velocity = loop_jump(circle, FPS)
    usual = np.median(jerks(circle, FPS))
    assert place < 0.02
    assert velocity < 3 * usual
    place, velocity = loop_jump(straight(), FPS)
    assert place > 0.5
    assert velocity == pytest.approx(0, abs=1e-9)


def test_a_cross_fade_goes_forward_and_a_cut_does_not():
    first, last = np.full((8, 8, 3), 20, np.uint8), np.full((8, 8, 3), 220, np.uint8)
    shares = np.linspace(0, 1, 9)[:, None, None, None]
    fade = ((1 - shares) * first + shares * last).astype(np.uint8)
    way = progress(fade, first, last)
    np.testing.assert_allclose(way, shares.ravel(), atol=0.01)
    assert rank_correlation(way) == pytest.approx(1.0)
    assert rank_correlation(way[::-1]) == pytest.approx(-1.0)
    cut = np.stack([first] * 4 + [last] * 4)
    assert np.diff(progress(cut, first, last)).max() == pytest.approx(1.0)


def test_the_path_is_that_of_the_object_of_the_colour():
    facts = Facts(objects=(ObjectFacts(colour="red"), ObjectFacts(colour="blue")))
    tracks = np.stack((np.zeros((4, 2)), np.ones((4, 2)))).astype(np.float32)
    seen = SeenClip(facts=facts, tracks_OT2=tracks)
    np.testing.assert_array_equal(path_of(seen, "blue", 4), np.ones((4, 2)))
    np.testing.assert_array_equal(path_of(seen, "green", 4), np.zeros((4, 2)))
    nothing = SeenClip(facts=Facts(), tracks_OT2=np.zeros((0, 4, 2), np.float32))
    assert np.isnan(path_of(nothing, "red", 4)).all()


def test_cases_are_of_the_split_and_their_prompts_name_what_they_show():
    cases = draw_cases(WORLD, 6, SETTINGS, split="held_out", num_objects=1, first_seed=0)
    for case in cases:
        assert len(case.clip.facts.objects) == 1
        stated = read(case.prompt).objects[0]
        item = case.clip.facts.objects[0]
        assert (stated.colour, stated.shape, stated.size) == (item.colour, item.shape, item.size)
    assert len({case.prompt for case in cases}) == 6
    plain = draw_cases(
        WORLD, 4, SETTINGS, split="seen", num_objects=1, first_seed=0, accept=is_plain_motion
    )
    assert all(is_plain_motion(case.clip.facts) for case in plain)


def test_cases_that_never_occur_are_an_error():
    with pytest.raises(UserError, match="only 0 of 200"):
        draw_cases(
            WORLD,
            1,
            SETTINGS,
            split="seen",
            num_objects=1,
            first_seed=0,
            accept=lambda facts: False,
        )


@pytest.fixture
def measures(wild):
    return TaskMeasures(wild(), WORLD, SETTINGS, num_cases=3, first_seed=0)


@pytest.mark.parametrize("task", ["animate", "extend", "before", "fill"])
def test_the_scene_itself_measures_as_the_reference_row_does(measures, monkeypatch, task):
    cases = measures._cases()
    monkeypatch.setattr(
        measure_tasks,
        "make_batch",
        lambda *_, **__: [case.clip.frames.pixels_THWC for case in cases],
    )
    numbers = measures.run(task).numbers
    for ours, reference in (
        ("end_error", "end_error_of_the_scene"),
        ("seam_velocity_jump", "seam_velocity_jump_of_the_scene"),
        ("place_error", "place_error_of_the_scene"),
    ):
        if ours in numbers:
            assert numbers[ours] == numbers[reference]
    if task == "fill":
        assert numbers["psnr_db"] == 100.0
        assert numbers["place_error"] < 0.03
        assert numbers["place_error_of_a_cross_fade"] > 2 * numbers["place_error"]
    if task in {"extend", "before"}:
        assert numbers["known_psnr_db"] == 100.0
        assert numbers["far_end_error"] < 0.05


def test_another_motion_than_the_scene_s_is_seen(measures, monkeypatch):
    cases = measures._cases()
    monkeypatch.setattr(
        measure_tasks,
        "make_batch",
        lambda *_, **__: [case.clip.frames.pixels_THWC[::-1] for case in cases],
    )
    numbers = measures.run("animate").numbers
    assert numbers["end_error"] > 5 * numbers["end_error_of_the_scene"]
    assert numbers["direction"]["share"] == 0


def test_edits_are_right_where_the_colour_is_the_one_asked_for(measures, monkeypatch):
    cases = measures._cases()
    monkeypatch.setattr(
        measure_tasks,
        "make_batch",
        lambda *_, **__: [case.clip.frames.pixels_THWC for case in cases],
    )
    numbers = measures.run("edit").numbers
    assert numbers["changed/1"]["share"] == 0
    assert numbers["path_error/1"] < 0.03
    # Red for cyan, and so on: what is asked for is on the other side of the circle.
    monkeypatch.setattr(
        measure_tasks,
        "make_batch",
        lambda *_, **__: [255 - case.clip.frames.pixels_THWC for case in cases],
    )
    assert measures.run("inside").numbers["outside_psnr_db"] < 20


@pytest.mark.parametrize("task", MEASURED_TASKS)
def test_every_task_is_measured_with_a_network_that_knows_nothing(measures, task):
    measured = measures.run(task)
    assert measured.numbers
    assert measured.sheets
    for clip, given in measured.sheets:
        assert len(clip) == len(given)
    is_given = {any(given) for _, given in measured.sheets}
    assert is_given == {task not in {"edit", "inside", "prototype"}}


def test_what_is_given_reaches_the_sampler(measures, monkeypatch):
    asked = []

    def record(loaded, makings, settings, *, seeds):
        asked.append((makings, settings.num_frames))
        return [case.clip.frames.pixels_THWC for case in measures._cases()]

    monkeypatch.setattr(measure_tasks, "make_batch", record)
    for task in ("extend", "connect", "loop"):
        measures.run(task)
    assert [makings[0].task for makings, _ in asked] == ["extend", "connect", "loop"]
    assert [count for _, count in asked] == [8, 8, 12]
    assert all(isinstance(m, Making) and m.prompt for makings, _ in asked for m in makings)


def test_binding_counts_pairs_and_swaps():
    red, blue = ObjectFacts(colour="red", shape="star"), ObjectFacts(colour="blue", shape="circle")
    asked = Facts(objects=(red, blue))
    swapped = Facts(objects=(replace(red, shape="circle"), replace(blue, shape="star")))
    one_colour = Facts(objects=(red, replace(blue, colour="red")))
    found = binding([asked] * 4, [asked, swapped, one_colour, Facts()])
    assert (found["shown"]["share"], found["shown"]["n"]) == (0.5, 4)
    assert (found["right"]["share"], found["right"]["n"]) == (0.5, 2)
    assert found["swapped"]["share"] == 0.5
    alike = Facts(objects=(red, red))
    assert binding([alike], [alike])["shown"]["n"] == 0


def test_an_evaluation_holds_every_part_with_its_reference_rows(wild):
    settings = EvaluateSettings(
        num_prompts=3,
        num_objects=(1, 2),
        splits=("seen",),
        sizes=((56, 48, 1.0), (48, 48, 0.125)),
        num_sized=2,
        tasks=("animate",),
        num_cases=2,
        num_steps=1,
        width_px=48,
        height_px=48,
    )
    parts = []
    found = evaluate(wild(), WORLD, settings, parts.append)
    assert parts == [
        "prompts: seen, 1 object",
        "prompts: seen, 2 objects",
        "size 56x48, 1 s",
        "size 48x48, 0.125 s",
        "task animate",
    ]
    one = found.numbers["prompts"]["seen, 1 object"]
    assert {"model", "scenes", "codec", "other_prompt", "seconds_per_sample"} <= set(one)
    assert one["scenes"]["all"]["share"] > one["model"]["all"]["share"]
    assert one["scenes"]["colour"]["n"] == 3
    assert "binding" in found.numbers["prompts"]["seen, 2 objects"]
    sheets = found.sheets["size 56x48, 1 s"]
    assert [clip.shape for clip, _ in sheets] == [(8, 48, 56, 3)] * 2
