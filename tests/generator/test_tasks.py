from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError

from generator.tasks import FROM_THE_START, TaskMix, box_mask, draw_picture

TASKS = TaskMix().names()
GROUP = 4


def pictures(task, lengths=range(1, 30), seeds=range(12)):
    """Yield a window's length and how a task shows it, over many draws."""
    for num_frames in lengths:
        for seed in seeds:
            rng = np.random.default_rng([seed, num_frames])
            yield num_frames, draw_picture(task, num_frames, GROUP, rng)


@pytest.mark.parametrize("task", TASKS)
def test_parts_follow_one_another_in_time(task):
    for num_frames, picture in pictures(task):
        ends = [part.start + part.frames for part in picture.parts]
        assert [part.start for part in picture.parts[1:]] == ends[:-1]
        assert picture.parts[0].start >= 0
        assert ends[-1] <= num_frames
        assert picture.num_frames == sum(part.frames for part in picture.parts)
        for part in picture.parts:
            assert part.frames == 1 or (part.frames == GROUP and part.start % GROUP == 0)


@pytest.mark.parametrize("task", [name for name in TASKS if name not in ("image", "animate")])
def test_the_whole_window_is_shown(task):
    for num_frames, picture in pictures(task):
        assert picture.num_frames == num_frames
        assert picture.parts[0].start == 0


def test_animate_leaves_out_the_rest_of_the_group_of_its_known_frame():
    at_an_end = set()
    for num_frames, picture in pictures("animate", range(5, 30)):
        first, last = picture.parts[0], picture.parts[-1]
        assert [p.is_known for p in picture.parts].count(True) == 1
        known = first if first.is_known else last
        assert known.is_known
        assert known.frames == 1
        assert not any(p.is_known for p in picture.parts if p is not known)
        if known is first:
            assert picture.num_frames == num_frames - (GROUP - 1)
            assert last.start + last.frames == num_frames
        else:
            assert first.start == 0
            assert picture.num_frames == (num_frames if num_frames % GROUP else num_frames - 3)
        at_an_end.add(known is first)
    assert at_an_end == {True, False}


@pytest.mark.parametrize("task", ["video", "image", "inside"])
def test_tasks_that_know_no_part_know_none(task):
    for _, picture in pictures(task):
        assert not any(part.is_known for part in picture.parts)


def test_image_shows_one_frame_of_any_place():
    shown = {picture.parts for _, picture in pictures("image", [6], range(200))}
    assert all(len(parts) == 1 and parts[0].frames == 1 for parts in shown)
    assert {parts[0].start for parts in shown} == set(range(6))


@pytest.mark.parametrize("task", ["animate", "extend", "before", "connect", "fill", "keyframes"])
def test_tasks_with_known_frames_show_known_and_unknown_ones(task):
    for _, picture in pictures(task, range(GROUP, 30)):
        assert {part.is_known for part in picture.parts} == {True, False}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("num_frames", [1, 2, 3])
def test_a_window_shorter_than_a_group_is_single_frames(task, num_frames):
    for _, picture in pictures(task, [num_frames]):
        assert {part.frames for part in picture.parts} == {1}
        assert not any(part.is_known for part in picture.parts)


def runs(picture):
    """Return known and unknown stretches in order: K, U, KU, UK, KUK ..."""
    letters = "".join("KU"[not part.is_known] for part in picture.parts)
    return letters[0] + "".join(b for a, b in pairwise(letters) if a != b)


@pytest.mark.parametrize(
    ("task", "shape", "shortest"),
    [("extend", "KU", 5), ("before", "UK", 5), ("connect", "KUK", 12)],
)
def test_what_is_known_stands_where_the_task_says(task, shape, shortest):
    lengths = set()
    for _, picture in pictures(task, range(shortest, 40)):
        assert runs(picture) == shape
        lengths.add(sum(part.is_known for part in picture.parts))
    assert len(lengths) > 3


def test_two_groups_cannot_be_connected_and_are_extended():
    assert {runs(picture) for _, picture in pictures("connect", [8])} == {"KU"}


def test_fill_knows_any_groups():
    shapes = {runs(picture) for _, picture in pictures("fill", [16], range(100))}
    assert {"KU", "UK", "KUK", "UKU"} <= shapes


def test_keyframes_are_single_frames_of_groups_that_are_split():
    counts, places = set(), set()
    for num_frames, picture in pictures("keyframes", [4, 8, 9, 17, 24], range(60)):
        known = [part for part in picture.parts if part.is_known]
        counts.add(len(known))
        assert 1 <= len(known) <= min(3, num_frames // GROUP)
        groups = {part.start // GROUP for part in known}
        assert len(groups) == len(known)
        for part in picture.parts:
            if part.start < num_frames - num_frames % GROUP:
                assert (part.frames == 1) == (part.start // GROUP in groups)
        places |= {part.start % GROUP for part in known}
    assert counts == {1, 2, 3}
    assert places == {0, 1, 2, 3}


def test_inside_has_a_box_within_the_picture():
    for _, picture in pictures("inside", [8], range(200)):
        top, bottom, left, right = picture.box
        assert 0 <= top < bottom <= 1
        assert 0 <= left < right <= 1


@pytest.mark.parametrize("task", [name for name in TASKS if name != "inside"])
def test_no_other_task_has_a_box(task):
    assert {picture.box for _, picture in pictures(task)} == {None}


@pytest.mark.parametrize("task", TASKS)
def test_the_same_random_numbers_draw_the_same_picture(task):
    assert list(pictures(task)) == list(pictures(task))


def test_a_box_is_never_empty():
    rng = np.random.default_rng(0)
    for _ in range(500):
        rows, columns = rng.integers(1, 9, 2)
        height, width = rng.uniform(1e-3, 1.0, 2)
        top, left = rng.uniform(0, 1 - height), rng.uniform(0, 1 - width)
        outside = box_mask((top, top + height, left, left + width), rows, columns)
        assert outside.shape == (rows, columns)
        assert not outside.all()


@pytest.mark.parametrize(
    ("box", "inside"),
    [
        ((0.0, 1.0, 0.0, 1.0), np.ones((4, 8))),
        ((0.0, 0.5, 0.0, 1.0), np.repeat([[1], [1], [0], [0]], 8, 1)),
        ((0.0, 1.0, 0.5, 1.0), np.repeat([[0] * 4 + [1] * 4], 4, 0)),
        ((0.25, 0.5, 0.125, 0.25), np.outer([0, 1, 0, 0], [0, 1] + [0] * 6)),
        ((0.51, 0.52, 0.99, 1.0), np.outer([0, 0, 1, 0], [0] * 7 + [1])),
    ],
    ids=["all", "upper half", "right half", "one patch", "less than a patch"],
)
def test_a_box_holds_the_patches_whose_middle_lies_in_it(box, inside):
    np.testing.assert_array_equal(~box_mask(box, 4, 8), inside.astype(bool))


def test_tasks_are_chosen_in_their_shares():
    mix = TaskMix(
        video=3, image=0, extend=1, **dict.fromkeys(set(TASKS) - {"video", "image", "extend"}, 0)
    )
    places = (np.arange(1000) + 0.5) / 1000
    chosen = [mix.choose(place) for place in places]
    assert {name: chosen.count(name) for name in set(chosen)} == {"video": 750, "extend": 250}
    assert TaskMix().choose(0.0) == "video"
    assert TaskMix().choose(np.nextafter(1.0, 0.0)) == "inside"


def test_a_mix_without_any_share_is_refused():
    with pytest.raises(ValidationError, match="one task at least"):
        TaskMix(**dict.fromkeys(TASKS, 0))


def test_only_the_tasks_allowed_are_left():
    left = TaskMix().only(FROM_THE_START)
    assert {name for name in TASKS if getattr(left, name)} == set(FROM_THE_START)
    assert left.video == TaskMix().video
