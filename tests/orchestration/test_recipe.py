"""Recipes: what `--set` means, what is refused, and that a resolved recipe repeats the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestration.curate import Plan
from orchestration.recipe import Recipe, load_recipe
from schemas.errors import UserError


def section_value(recipe: Recipe, name: str) -> Any:
    section, key = name.split(".")
    return getattr(getattr(recipe, section), key)


@pytest.mark.parametrize(
    ("override", "name", "value"),
    [
        pytest.param("judge.motion_min=5", "judge.motion_min", 5.0, id="a number"),
        pytest.param("judge.motion_min = 0.25", "judge.motion_min", 0.25, id="with spaces"),
        pytest.param("split.window_frames=3", "split.window_frames", 3, id="an integer"),
        pytest.param("split.find_dissolves=false", "split.find_dissolves", False, id="a boolean"),
        pytest.param("caption.backend=measured", "caption.backend", "measured", id="a bare word"),
        pytest.param('caption.backend="measured"', "caption.backend", "measured", id="a string"),
        pytest.param("judge.motion_min=none", "judge.motion_min", None, id="none switches off"),
        pytest.param("input.paths=['a', \"b c\"]", "input.paths", ("a", "b c"), id="a list"),
        pytest.param("caption.kinds=['short']", "caption.kinds", ("short",), id="a list of one"),
        pytest.param("freeze.name=a=b", "freeze.name", "a=b", id="an equals sign in the value"),
    ],
)
def test_an_override_is_read_as_toml_or_as_a_word(override: str, name: str, value: Any) -> None:
    found = section_value(load_recipe(None, [override]), name)
    assert found == value
    assert type(found) is type(value)


def test_the_last_override_counts(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text("[judge]\nmotion_min = 1\n")
    assert load_recipe(path).judge.motion_min == 1
    both = load_recipe(path, ["judge.motion_min=2", "judge.motion_min=3"])
    assert both.judge.motion_min == 3


@pytest.mark.parametrize(
    "override",
    ["judge.motion_min", "motion_min=3", ".motion_min=3", "judge.=3", "a..c=3", "", "=3"],
)
def test_an_override_of_another_form_is_refused(override: str) -> None:
    with pytest.raises(UserError, match="not understood") as caught:
        load_recipe(None, [override])
    assert "section.key=value" in caught.value.hint


def test_an_override_reaches_into_a_section_of_a_section(tmp_path: Path) -> None:
    recipe = load_recipe(None, ["caption.openai.concurrency=3", "caption.openai.model=none"])
    assert recipe.caption is not None
    assert (recipe.caption.openai.concurrency, recipe.caption.openai.model) == (3, None)
    path = tmp_path / "again.toml"
    path.write_text(recipe.to_toml())
    assert load_recipe(path) == recipe
    with pytest.raises(UserError, match=r"unknown setting `caption\.openai\.concurency`") as caught:
        load_recipe(None, ["caption.openai.concurency=3"])
    assert "caption.openai.concurrency" in caught.value.hint
    with pytest.raises(UserError, match=r"`caption\.backend` is not a section"):
        load_recipe(None, ["caption.backend=tiny", "caption.backend.model=x"])


def test_an_override_of_what_is_no_section_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text("judge = 3\n")
    with pytest.raises(UserError, match="not a section"):
        load_recipe(path, ["judge.motion_min=3"])


@pytest.mark.parametrize(
    ("override", "near"),
    [
        ("train.max_minute=3", "train.max_minutes"),
        ("sample.second=3", "sample.seconds"),
        ("world.seeds=3", "world.seed"),
        ("dedupe.distance_maximum=3", "dedupe.distance_max"),
    ],
)
def test_a_mistyped_setting_names_the_nearest(override: str, near: str) -> None:
    with pytest.raises(UserError, match="unknown setting") as caught:
        load_recipe(None, [override])
    assert caught.value.hint == f"did you mean `{near}`?"


def test_a_section_that_needs_a_name_says_so() -> None:
    with pytest.raises(UserError, match=r"freeze\.name"):
        load_recipe(None, ["freeze.where=true"])


def test_a_limit_is_a_finite_number() -> None:
    with pytest.raises(UserError, match=r"judge\.motion_min"):
        load_recipe(None, ["judge.motion_min=inf"])


def shipped(repository: Path) -> list[Path]:
    return sorted((repository / "recipes").glob("*.toml"))


def test_the_recipes_that_come_with_rushes_load(repository: Path) -> None:
    paths = shipped(repository)
    assert {"curate", "demo", "train-small", "world"} <= {path.stem for path in paths}
    for path in paths:
        assert load_recipe(path) == load_recipe(Path(path.stem)), "found by its name alone too"


def test_a_missing_recipe_lists_those_that_come_with_rushes() -> None:
    with pytest.raises(UserError, match="no recipe nope") as caught:
        load_recipe(Path("nope"))
    assert "demo" in caught.value.hint


def test_a_resolved_recipe_repeats_the_run(repository: Path, tmp_path: Path) -> None:
    overrides = ["judge.motion_min=3.25", "split.max_clip_s=7", "input.paths=['a \"b\"', 'ä']"]
    for path in shipped(repository):
        recipe = load_recipe(path, overrides)
        again = tmp_path / path.name
        again.write_text(recipe.to_toml())
        read = load_recipe(again)
        assert read.hash() == recipe.hash()
        assert Plan(read).choices == Plan(recipe).choices
        assert read.to_toml() == recipe.to_toml()


def test_a_rule_that_is_switched_off_stays_off_in_the_resolved_recipe(tmp_path: Path) -> None:
    recipe = load_recipe(None, ["judge.motion_min=none"])
    again = tmp_path / "again.toml"
    again.write_text(recipe.to_toml())
    assert load_recipe(again).judge.motion_min is None


def test_a_changed_setting_changes_its_stage_and_those_that_build_on_it() -> None:
    plain = Plan(load_recipe(None)).choices

    def changed_by(override: str) -> set[str]:
        now = Plan(load_recipe(None, [override])).choices
        return {stage for stage in plain if now[stage] != plain[stage]}

    assert changed_by("judge.motion_min=3") == {"judge"}
    assert changed_by("dedupe.min_bits=6") == {"dedupe"}
    assert changed_by("split.min_clip_s=2") == {"split", "dedupe"}
    assert changed_by("survey.signature_hz=2") == {"survey", "split", "score", "dedupe"}
    assert changed_by("survey.timeout_base_s=9") == set()
    assert changed_by("run.num_workers=1") == set()
