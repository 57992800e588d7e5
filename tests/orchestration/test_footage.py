"""What a recipe says about the world's footage is what is drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.plan import draw_world
from orchestration.recipe import load_recipe
from pipeline.world import slots
from pipeline.world.truth import read_truth


def test_a_recipe_chooses_the_form_of_the_footage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "CLEAN_SHOTS", 2)
    overrides = ["world.num_videos=1", "world.folder=drawn", "world.seed=3"]
    recipe = load_recipe(Path("world"), overrides)
    assert recipe.world is not None
    folder = draw_world(recipe.world, tmp_path, num_workers=1)
    assert folder == tmp_path / "drawn"
    shots = read_truth(folder).shots
    assert [shot.transition_out for shot in shots] == ["cut", "end"]
    before = (folder / "video_000.mp4").stat().st_mtime_ns
    assert draw_world(recipe.world, tmp_path) == folder
    assert (folder / "video_000.mp4").stat().st_mtime_ns == before, "drawn once"


def test_the_recipe_of_clean_footage_keeps_scenes_at_rest() -> None:
    judge = load_recipe(Path("world")).judge
    assert (judge.motion_min, judge.still_share_max, judge.sharpness_min) == (None, None, None)
    assert judge.contrast_min is not None and judge.contrast_min < 0.25
    assert load_recipe(None).world is None
    assert load_recipe(None, ["world.seed=1"]).world.form == "raw"  # type: ignore[union-attr]
