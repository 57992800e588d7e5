"""What a person is told when a training finds nothing to go on from."""

import os

import torch

from generator import checkpoint
from generator.settings import TrainSettings, kept_settings
from orchestration.generate import begun_otherwise


def begin(folder, **settings):
    """Write the checkpoint of a training that was begun with these settings."""
    tensors = {"a": torch.zeros(1)}
    state = {"settings": TrainSettings(**settings).model_dump(mode="json")}
    path, _ = checkpoint.save(
        folder / "checkpoints",
        step=1,
        weights=tensors,
        ema=tensors,
        optimizer=tensors,
        state=state,
        keep=1,
    )
    return path


def test_the_newest_training_with_other_settings_is_named(tmp_path):
    old = begin(tmp_path / "first-t_1", seed=3)
    begin(tmp_path / "first-t_2", seed=1, steps=7)
    begin(tmp_path / "second-t_1", seed=5)
    os.utime(old, (1, 1))
    told = begun_otherwise(tmp_path / "first-t_3", "first", TrainSettings(ema=0.5))
    assert told.startswith(f"in {tmp_path}/first-t_2: ")
    assert "seed was 1, is 0" in told
    assert "ema was 0.995, is 0.5" in told
    assert "steps" not in told


def test_nothing_is_said_where_training_goes_on_or_begins_for_the_first_time(tmp_path):
    settings = TrainSettings()
    assert begun_otherwise(tmp_path / "first-t_1", "first", settings) == ""
    begin(tmp_path / "first-t_1")
    assert begun_otherwise(tmp_path / "first-t_1", "first", settings) == ""


def test_a_training_of_another_format_is_named_as_such(tmp_path):
    path = begin(tmp_path / "first-t_1")
    text = (path / "checkpoint.json").read_text()
    (path / "checkpoint.json").write_text(text.replace(checkpoint.FORMAT, "rushes-checkpoint-0"))
    told = begun_otherwise(tmp_path / "first-t_2", "first", TrainSettings())
    assert "rushes-checkpoint-0" in told


def test_how_long_and_how_often_validated_is_not_kept():
    one = TrainSettings(steps=5, max_minutes=2, validation={"every": 3})
    other = TrainSettings(validation={"every": 4, "num_prompts": 2})
    assert kept_settings(one.model_dump(mode="json")) == kept_settings(
        other.model_dump(mode="json")
    )
    assert one.changes_from(other.model_dump(mode="json")) == []
    held = TrainSettings(validation={"share": 0.1})
    assert held.changes_from(one.model_dump(mode="json")) == ["validation.share was 0.02, is 0.1"]
