"""The weights that come with the package: how large they are, and what they draw."""

from pathlib import Path

import pytest

from generator.checkpoint import SHIPPED, named, read_state
from generator.evaluate import evaluate
from generator.sample import load_checkpoint
from generator.settings import EvaluateSettings
from pipeline.world.rushes_world import RushesWorld

PICTURE = {
    "colour": 0.85,
    "background_colour": 0.9,
    "place": 0.8,
    "size": 0.8,
    "shape": 0.5,
    "all": 0.35,
}
"""Least shares of 48 pictures, well below those that `docs/generator.md` tells of."""
CLIP = {"colour": 0.7, "background_colour": 0.85, "place": 0.6, "shape": 0.4}
"""The same of 24 clips of one second."""


@pytest.fixture(scope="module")
def shipped():
    return load_checkpoint(named(SHIPPED))


def test_all_weights_together_are_small(repository):
    files = list(repository.glob("*/**/shipped/*.safetensors"))
    assert {path.name for path in files} == {
        "generator.safetensors",
        "codec.safetensors",
        "tiny.safetensors",
    }
    assert sum(path.stat().st_size for path in files) <= 20e6


def test_it_was_trained_on_the_shipped_codec():
    state = read_state(named(SHIPPED))
    assert state["codec"]["source"] == "shipped"
    assert Path(named(SHIPPED)).is_file()


@pytest.mark.parametrize(("seconds", "count", "least"), [(0.125, 48, PICTURE), (1.0, 24, CLIP)])
def test_samples_show_what_their_prompts_say(shipped, seconds, count, least):
    settings = EvaluateSettings(
        num_prompts=count,
        splits=("seen",),
        num_objects=(1,),
        sizes=(),
        tasks=(),
        seconds=seconds,
        num_steps=20,
        num_shown=0,
        seed=7,
    )
    found = evaluate(shipped, RushesWorld(), settings).numbers["prompts"]["seen, 1 object"]
    right = {name: found["model"][name]["share"] for name in least}
    assert {name: share for name, share in right.items() if share < least[name]} == {}
    for name, share in right.items():
        assert share > found["other_prompt"][name]["share"]
