import itertools

import cv2
import numpy as np
import pytest

from pipeline.dedupe.alignment import DedupeSettings, HashIndex, Match, informative, jaccard
from pipeline.dedupe.groups import group_matches
from pipeline.media import write_video
from pipeline.survey.survey import SurveySettings, survey_file

FPS = 24
SETTINGS = DedupeSettings()


@pytest.fixture(scope="module")
def hashes_of(tmp_path_factory):
    """Returns a function from frames to the hashes of a clip that is a whole video."""
    folder = tmp_path_factory.mktemp("dedupe")
    numbers = itertools.count()

    def hashes(frames, name, take=None, suffix=".mp4", **how):
        path = folder / f"{next(numbers)}{suffix}"
        write_video(path, frames, **{"fps": FPS, **how})
        survey, _, signature, _ = survey_file(path, name, SurveySettings())
        lumas = np.array([survey.luma_mean[i] for i in signature.frame_index], np.float32)
        values = np.array(signature.hashes, np.int64)
        return informative(name, take or name, values, SETTINGS, lumas)

    return hashes


def matches(*clips, settings=SETTINGS):
    index = HashIndex(list(clips), settings)
    return [(m.a, m.b) for clip in clips for m in index.matches(clip)]


def smaller(frames, width, height):
    return [cv2.resize(f, (width, height), interpolation=cv2.INTER_AREA) for f in frames]


@pytest.fixture(scope="module")
def footage(draw):
    return draw.shot(30, 120, width=320, height=180, pan_px=2.0, ball_px=3.0)


@pytest.fixture(scope="module")
def original(footage, hashes_of):
    return hashes_of(footage, "clip_a")


COPIES = {
    "encoded again": lambda frames: (frames, {"crf": 38}),
    "another codec": lambda frames: (frames, {"suffix": ".avi", "codec": "mpeg4"}),
    "scaled": lambda frames: (smaller(frames, 160, 90), {}),
    "squeezed": lambda frames: (smaller(frames, 240, 180), {}),
    "trimmed by 1 frame": lambda frames: (frames[1:], {}),
    "trimmed by 3 frames": lambda frames: (frames[3:], {}),
    "trimmed by 17 frames": lambda frames: (frames[17:], {}),
    "excerpt": lambda frames: (frames[40:95], {}),
    "scaled excerpt": lambda frames: (smaller(frames[23:90], 160, 90), {"crf": 32}),
    "a little darker": lambda frames: ([(f * 0.9).astype(np.uint8) for f in frames], {}),
}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_the_same_footage_is_found(footage, original, hashes_of, copy):
    frames, how = copy(footage)
    assert matches(original, hashes_of(frames, "clip_b", **how)) == [("clip_a", "clip_b")]


def test_different_footage_is_not_found(original, draw, hashes_of):
    others = [
        hashes_of(draw.shot(seed, 72, width=320, height=180, pan_px=2.0), f"clip_{seed}")
        for seed in range(40, 48)
    ]
    assert matches(original, *others) == []


def test_pieces_of_one_take_are_not_copies(draw, hashes_of):
    still = draw.shot(31, 96, width=320, height=180, ball_px=3.0)
    first, second = still[:48], still[48:]
    one_take = [hashes_of(first, "clip_a", "v:0"), hashes_of(second, "clip_b", "v:0")]
    assert matches(*one_take) == []
    two_takes = [hashes_of(first, "clip_a", "v:0"), hashes_of(second, "clip_b", "w:0")]
    assert matches(*two_takes) == [("clip_a", "clip_b")]


def test_plain_pictures_are_not_alike(hashes_of):
    plain = [
        hashes_of([np.full((90, 160, 3), level, np.uint8)] * 48, f"clip_{level}")
        for level in (0, 90, 200)
    ]
    assert [clip.length for clip in plain] == [0, 0, 0]
    assert matches(*plain) == []


def test_the_same_pattern_in_another_light_is_no_copy(footage, original, hashes_of):
    dark = [(frame * 0.3).astype(np.uint8) for frame in footage]
    assert matches(original, hashes_of(dark, "clip_b")) == []


def test_a_short_overlap_is_not_enough(footage, hashes_of, draw):
    other = draw.shot(60, 100, width=320, height=180, pan_px=2.0)
    joined = hashes_of([*footage[:30], *other], "clip_b")
    assert matches(hashes_of(footage, "clip_a"), joined) == []


# -- hashes alone ------------------------------------------------------------------------------


def random_clips(count, length=12, seed=0):
    rng = np.random.default_rng(seed)
    return [
        informative(f"clip_{i:03d}", f"take_{i}", rng.integers(-(2**62), 2**62, length), SETTINGS)
        for i in range(count)
    ]


def test_jaccard_is_a_share_of_the_set_bits():
    a = np.array([0b1111, 0], np.uint64)
    b = np.array([0b1111, 0b0011, 0b110000, 0], np.uint64)
    assert jaccard(a, b).tolist() == [[0.0, 0.5, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]


def test_frames_that_are_too_plain_have_no_say_and_keep_their_place():
    hashes = np.array([0b11111, 0b1, -1, 0, 0b111110], np.int64)
    clip = informative("c", "t", hashes, DedupeSettings(min_bits=5))
    assert clip.places.tolist() == [0, 2, 4]


@pytest.mark.parametrize(
    ("shift", "length", "found"),
    [(0, 12, True), (5, 7, True), (0, 4, True), (0, 3, False), (9, 3, False)],
)
def test_a_part_is_found_wherever_it_lies_if_it_is_long_enough(shift, length, found):
    rng = np.random.default_rng(3)
    hashes = rng.integers(-(2**62), 2**62, 12)
    a = informative("clip_a", "1", hashes, SETTINGS)
    b = informative("clip_b", "2", hashes[shift : shift + length], SETTINGS)
    assert bool(matches(a, b)) is found


def test_a_match_does_not_depend_on_the_order_of_the_clips():
    clips = random_clips(6)
    twin = informative("clip_zzz", "twin", clips[2].hashes.view(np.int64), SETTINGS)
    expected = [("clip_002", "clip_zzz")]
    for order in ([*clips, twin], [twin, *clips], [*clips[3:], twin, *clips[:3]]):
        assert matches(*order) == expected


def test_clips_without_a_hash_disturb_nobody():
    empty = [informative(f"clip_{n}", n, np.zeros(3, np.int64), SETTINGS) for n in "acz"]
    clips = random_clips(2)
    twin = informative("clip_twin", "twin", clips[1].hashes.view(np.int64), SETTINGS)
    assert matches(empty[0], clips[0], empty[1], clips[1], twin, empty[2]) == [
        ("clip_001", "clip_twin")
    ]
    assert matches() == []
    assert matches(*empty) == []


# -- groups ------------------------------------------------------------------------------------


def groups(rows):
    found = {}
    for row in rows:
        found.setdefault(row.group_id, set()).add(row.clip_id)
    return sorted(map(sorted, found.values()))


PAIRS = [Match("a", "b", 0.2), Match("b", "c", 0.1), Match("d", "e", 0.3), Match("c", "f", 0.2)]


def test_clips_linked_through_others_share_a_group():
    rows = group_matches(PAIRS, "set_1")
    assert groups(rows) == [["a", "b", "c", "f"], ["d", "e"]]
    assert [row.clip_id for row in rows] == ["a", "b", "c", "d", "e", "f"]
    assert group_matches([], "set_1") == []


def test_groups_do_not_depend_on_the_order_of_matches():
    expected = group_matches(PAIRS, "set_1")
    for order in itertools.permutations(PAIRS):
        assert group_matches(order, "set_1") == expected
    rng = np.random.default_rng(0)
    names = [f"c{i:02d}" for i in range(40)]
    many = []
    for _ in range(60):
        a, b = sorted(rng.choice(names, 2, replace=False))
        many.append(Match(a, b, float(rng.uniform())))
    expected = group_matches(many, "set_1")
    for _ in range(10):
        rng.shuffle(many)
        assert group_matches(many, "set_1") == expected


def test_a_groups_id_comes_from_its_smallest_member():
    small = {row.clip_id: row.group_id for row in group_matches([Match("a", "x", 0.1)], "s")}
    grown = {row.clip_id: row.group_id for row in group_matches(PAIRS, "s")}
    assert small["a"] == small["x"] == grown["a"]


def test_the_nearest_is_the_closest_and_the_first_by_id_of_equals():
    rows = {row.clip_id: row for row in group_matches(PAIRS, "set_1")}
    assert (rows["b"].nearest_clip_id, rows["b"].distance) == ("c", 0.1)
    assert (rows["c"].nearest_clip_id, rows["f"].nearest_clip_id) == ("b", "c")
    equal = group_matches([Match("b", "c", 0.1), Match("a", "c", 0.1)], "set_1")
    assert {row.clip_id: row.nearest_clip_id for row in equal}["c"] == "a"
