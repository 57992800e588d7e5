from itertools import combinations

import numpy as np
import pytest

from pipeline.dedupe.alignment import METHOD as BY_HASHES
from pipeline.dedupe.alignment import DedupeSettings, Match
from pipeline.dedupe.groups import group_matches
from pipeline.dedupe.semantic import METHOD, semantic_matches


def unit(vectors):
    vectors = np.asarray(vectors, np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def clustered(rng, count, num_clusters=12):
    """Return vectors around a few directions, near and far."""
    middles = rng.standard_normal((num_clusters, 8))
    near = rng.standard_normal((count, 8)) * rng.choice([0.02, 0.3, 1.0], (count, 1))
    return unit(middles[rng.integers(0, num_clusters, count)] + near)


def all_pairs(ids, takes, vectors, limit):
    """Return every pair that is alike, by the plainest way there is."""
    order = sorted(range(len(ids)), key=lambda i: ids[i])
    return [
        Match(ids[i], ids[j], max(0.0, 1.0 - float(vectors[i] @ vectors[j])), METHOD)
        for i, j in combinations(order, 2)
        if takes[i] != takes[j] and vectors[i] @ vectors[j] >= limit
    ]


@pytest.mark.parametrize("tile", [1, 7, 64, 1000])
@pytest.mark.parametrize("limit", [0.6, 0.95])
def test_tiles_of_any_size_give_the_groups_of_all_pairs(tile, limit):
    rng = np.random.default_rng(4)
    ids = [f"clip_{i:03d}" for i in rng.permutation(90)]
    takes = [f"take_{i}" for i in rng.integers(0, 60, 90)]
    vectors = clustered(rng, 90)
    found = semantic_matches(ids, takes, vectors, limit, tile=tile)
    pairs = all_pairs(ids, takes, vectors, limit)
    assert found.num_alike == len(pairs) > 50
    assert found.num_pairs == sum(a != b for a, b in combinations(takes, 2))
    assert len(found.matches) <= 2 * len(ids)
    ours, theirs = group_matches(found.matches, "s"), group_matches(pairs, "s")
    assert [(r.clip_id, r.group_id) for r in ours] == [(r.clip_id, r.group_id) for r in theirs]
    assert [r.nearest_clip_id for r in ours] == [r.nearest_clip_id for r in theirs]
    assert [r.distance for r in ours] == pytest.approx([r.distance for r in theirs], abs=1e-6)


def test_the_limit_is_inclusive_and_the_distance_is_one_minus_the_cosine():
    vectors = np.array([[1, 0], [0.6, 0.8], [0, 1]], np.float32)
    (match,) = semantic_matches(["a", "b", "c"], ["x", "y", "z"], vectors, 0.8).matches
    assert (match.a, match.b, match.method) == ("b", "c", METHOD)
    assert match.distance == pytest.approx(0.2, abs=1e-6)


def test_pieces_of_one_take_are_no_copies_of_each_other():
    vectors = unit([[1, 0], [1, 0], [1, 0.001]])
    found = semantic_matches(["a", "b", "c"], ["take", "take", "other"], vectors, 0.9)
    assert {(m.a, m.b) for m in found.matches} == {("a", "c"), ("b", "c")}
    assert found.num_alike == 2


def test_nothing_to_compare_gives_nothing():
    found = semantic_matches([], [], np.zeros((0, 4), np.float32), 0.9)
    assert (found.matches, found.num_pairs) == ((), 0)
    one = semantic_matches(["a"], ["t"], unit([[1, 2]]), 0.9)
    assert (one.matches, one.num_clips) == ((), 1)


def test_lists_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match="2 clips, 1 takes"):
        semantic_matches(["a", "b"], ["t"], unit([[1, 2], [2, 1]]), 0.9)


def test_a_match_by_hashes_is_nearer_than_any_by_embedding():
    matches = [
        Match("a", "b", 0.3, BY_HASHES),
        Match("a", "c", 0.001, METHOD),
        Match("c", "d", 0.1, METHOD),
    ]
    rows = {row.clip_id: row for row in group_matches(matches, "s")}
    assert len({row.group_id for row in rows.values()}) == 1
    told = [(c, rows[c].nearest_clip_id, rows[c].method) for c in "abcd"]
    assert told == [
        ("a", "b", BY_HASHES),
        ("b", "a", BY_HASHES),
        ("c", "a", METHOD),
        ("d", "c", METHOD),
    ]


def test_settings_that_compare_no_embeddings_hash_as_before_there_were_any():
    plain = DedupeSettings()
    assert plain.hash("x") == DedupeSettings(semantic_model="open_clip").hash("x")
    assert plain.hash("x") == "set_4c6752eb542caee13b8c"
    on = DedupeSettings(semantic_similarity=0.9)
    assert len({
        plain.hash("x"), on.hash("x"), on.hash("x", "embedded"),
        DedupeSettings(semantic_similarity=0.8).hash("x"),
        DedupeSettings(semantic_similarity=0.9, semantic_model="open_clip").hash("x"),
    }) == 5  # fmt: skip
