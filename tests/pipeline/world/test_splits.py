"""Training and evaluation cannot share a scene, and impossible twins differ where they say."""

import numpy as np
import pytest

from pipeline.world.choose import choose_scene
from pipeline.world.impossible import BREACHES, impossible_twin
from pipeline.world.rushes_world import RushesWorld
from pipeline.world.splits import SPLITS, is_held_out, split_of
from schemas.facts import COLOURS, DIRECTIONS, SHAPES, SIZES

FRAME = {"width_px": 64, "height_px": 64, "num_frames": 16, "fps": 8}


def plans(split, count=250, **more):
    return [choose_scene(seed, split=split, **FRAME, **more) for seed in range(count)]


def combinations(spec):
    return {
        (colour, item.shape, item.size, item.direction)
        for item in spec.objects
        for colour in (item.colour, item.new_colour)
        if item.size is not None and colour is not None
    }


def test_no_plan_belongs_to_two_splits():
    """Not one plan of a split is a plan of another, whatever the seeds: each bears a mark."""
    drawn = {split: plans(split, 120) for split in SPLITS}
    for split, specs in drawn.items():
        assert {split_of(spec) for spec in specs} == {split}
    seeds = {split: {spec.texture_seed for spec in specs} for split, specs in drawn.items()}
    assert not (seeds["train"] & seeds["seen"] or seeds["train"] & seeds["held_out"])
    assert not seeds["seen"] & seeds["held_out"]


def test_held_out_combinations_are_never_trained_on():
    trained = set().union(*(combinations(spec) for spec in plans("train")))
    held = {
        (item.colour, item.shape, item.size, item.direction)
        for spec in plans("held_out", kind="free")
        for item in spec.objects
    }
    seen = set().union(*(combinations(spec) for spec in plans("seen")))
    assert not trained & held
    assert not seen & held
    assert all(is_held_out(*combination) for combination in held)
    assert len(held) > 80


def test_every_pair_of_values_is_still_trained_on():
    every = [
        (colour, shape, size, way)
        for colour in COLOURS
        for shape in SHAPES
        for size in SIZES
        for way in (*DIRECTIONS, None)
    ]
    kept = [combination for combination in every if not is_held_out(*combination)]
    assert len(kept) / len(every) == pytest.approx(7 / 8, abs=0.02)
    for i in range(4):
        for j in range(i):
            pairs = {(combination[j], combination[i]) for combination in every}
            assert {(combination[j], combination[i]) for combination in kept} == pairs


def test_pixels_of_the_splits_differ_for_equal_seeds():
    world = RushesWorld()
    for seed in range(10):
        clips = [
            world.draw(seed=seed, split=split, **FRAME)[0].pixels_THWC.tobytes() for split in SPLITS
        ]
        assert len(set(clips)) == 3


@pytest.mark.parametrize("breach", BREACHES)
def test_a_twin_equals_its_scene_up_to_one_frame(breach):
    struck = 0
    for seed in range(8):
        plan = choose_scene(seed, kind="free", motion="moving", **FRAME)
        possible, impossible = RushesWorld().twins(plan, breach, width_px=64, height_px=64, fps=8)
        frame = impossible.truth.impossible_frame
        assert frame is not None
        equal = [
            bool((one == other).all())
            for one, other in zip(possible.pixels_THWC, impossible.pixels_THWC, strict=True)
        ]
        later = equal[frame + (breach in ("halt", "reverse")) :]
        if breach == "appear":
            assert all(equal[frame:]) and not any(equal[:frame])
        else:
            assert all(equal[:frame])
            struck += not any(later)
        assert possible.truth.impossible is None
        assert impossible.truth.impossible == breach
        assert impossible.truth.facts == possible.truth.facts
    assert struck >= 7 or breach == "appear"


def test_an_unknown_breach_and_scenes_without_twins_are_refused():
    plan = choose_scene(0, kind="free", **FRAME)
    with pytest.raises(ValueError, match="unknown breach"):
        impossible_twin(plan, "explode")
    with pytest.raises(ValueError, match="no impossible twin"):
        impossible_twin(choose_scene(0, kind="maze", **FRAME), "vanish")


def test_seeds_give_different_scenes():
    specs = plans("train", 60)
    assert len({spec.texture_seed for spec in specs}) == 60
    starts = {(item.x, item.y) for spec in specs if spec.kind == "free" for item in spec.objects}
    assert len(starts) == sum(len(spec.objects) for spec in specs if spec.kind == "free")
    assert np.unique([spec.texture_seed % 3 for spec in specs]).tolist() == [0]
