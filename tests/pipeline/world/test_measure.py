import pytest

from pipeline.world.measure import Boundary, compare_boundaries, compare_pairs


def cut(frame):
    return Boundary(start_frame=frame, end_frame=frame, kind="cut")


def fade(start, end):
    return Boundary(start_frame=start, end_frame=end, kind="fade")


CASES = {
    "all right": ([cut(30), fade(80, 100)], [cut(30), fade(80, 100)], 2),
    "within the tolerance": ([cut(32)], [cut(30)], 1),
    "outside the tolerance": ([cut(33)], [cut(30)], 0),
    "before a fade": ([cut(78)], [fade(80, 100)], 1),
    "far before a fade": ([cut(77)], [fade(80, 100)], 0),
    "inside a fade": ([cut(91)], [fade(80, 100)], 1),
    "one fade found as two cuts": ([cut(81), cut(99)], [fade(80, 100)], 1),
    "two cuts found as one fade": ([fade(30, 60)], [cut(31), cut(59)], 1),
    "nothing found": ([], [cut(30)], 0),
    "nothing true": ([cut(30)], [], 0),
    "greed would lose one": ([fade(30, 42), cut(31)], [cut(31), cut(42)], 2),
    "an earlier choice is revised": ([cut(41), cut(39)], [cut(40), cut(43)], 2),
}


@pytest.mark.parametrize("found,true,matched", CASES.values(), ids=CASES)
def test_boundaries_match_one_to_one_within_the_tolerance(found, true, matched):
    result = compare_boundaries({"a": found}, {"a": true}, tolerance_frames=2)
    assert result.num_matched == matched
    assert result.precision == (matched / len(found) if found else 1)
    assert result.recall == (matched / len(true) if true else 1)


def test_boundaries_of_another_file_do_not_match():
    result = compare_boundaries({"a": [cut(30)], "c": [cut(5)]}, {"a": [cut(30)], "b": [cut(5)]})
    assert (result.num_true, result.num_found, result.num_matched) == (2, 2, 1)
    assert result.f1 == pytest.approx(0.5)


def test_kinds_are_counted_beside_the_matches():
    found = {"a": [cut(30), cut(90)]}
    true = {"a": [cut(30), fade(80, 100), fade(150, 160)]}
    result = compare_boundaries(found, true)
    assert result.num_matched == 2
    assert result.num_same_kind == 1
    assert result.by_kind == {"cut": (1, 1), "fade": (1, 2)}
    assert result.by_found_kind == {"cut": (2, 2)}


def test_precision_is_by_found_kind_and_recall_by_true_kind():
    found = {"a": [cut(30), cut(60), fade(90, 95)]}
    true = {"a": [cut(30), fade(80, 100), fade(150, 160)]}
    kinds = {item.kind: item for item in compare_boundaries(found, true).kinds()}
    assert (kinds["cut"].precision, kinds["cut"].recall) == (0.5, 1)
    assert (kinds["fade"].precision, kinds["fade"].recall) == (1, 0.5)
    assert kinds["cut"].f1 == pytest.approx(2 / 3)


def test_a_wider_tolerance_never_matches_less():
    found = {"a": [cut(f) for f in (3, 9, 31, 62)]}
    true = {"a": [cut(10), cut(30), fade(50, 60)]}
    matched = [compare_boundaries(found, true, tolerance_frames=t).num_matched for t in range(12)]
    assert matched == sorted(matched)
    assert matched[:3] == [0, 2, 3]


def test_pairs_ignore_order_and_repeats():
    result = compare_pairs([("b", "a"), ("a", "b"), ("a", "c")], [("a", "b"), ("c", "d")])
    assert (result.num_found, result.num_true, result.num_matched) == (2, 2, 1)
    assert (result.precision, result.recall) == (0.5, 0.5)


def test_no_pairs_are_perfect_and_a_pair_of_one_file_is_refused():
    assert compare_pairs([], []).f1 == 1
    with pytest.raises(ValueError, match="itself"):
        compare_pairs([("a", "a")], [])
