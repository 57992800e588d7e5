import csv
import json
import math

import pytest
import torch

from generator import flow
from generator.checkpoint import checkpoints, load
from generator.train import TrainSettings, train
from schemas.datasets import Dataset
from schemas.errors import UserError

SMALL = {
    "size": "nano",
    "max_pixels": 16 * 16,
    "max_frames": 8,
    "token_budget": 24,
    "warmup": 2,
    "num_threads": 1,
}


def settings(**changes):
    return TrainSettings(**{**SMALL, "steps": 6, **changes})


@pytest.fixture
def drawn(footage):
    return footage(6)


def tensors_equal(first, second):
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


def test_stop_and_resume_equals_an_unbroken_run(drawn, tmp_path):
    def stop(report):
        if report.step == 5:
            raise KeyboardInterrupt

    how = settings(checkpoint_every=3)
    whole = train(drawn.dataset(), drawn, how, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(drawn.dataset(), drawn, how, tmp_path / "broken", on_step=stop)
    resumed = train(drawn.dataset(), drawn, how, tmp_path / "broken", resume=True)
    one, two = (load(r.checkpoint_path, with_optimizer=True) for r in (whole, resumed))
    assert tensors_equal(one.weights, two.weights)
    assert tensors_equal(one.ema, two.ema)
    assert tensors_equal(one.optimizer, two.optimizer)
    assert whole.checkpoint_id == resumed.checkpoint_id
    assert (whole.num_clips_seen, whole.loss) == (resumed.num_clips_seen, resumed.loss)
    curves = [
        [(r["step"], r["loss"], r["clips_seen"]) for r in csv.DictReader(x.losses_path.open())]
        for x in (whole, resumed)
    ]
    assert curves[0] == curves[1]
    assert [int(step) for step, _, _ in curves[0]] == [1, 2, 3, 4, 5, 6]


def test_another_seed_gives_other_weights(drawn, tmp_path):
    ids = {
        train(
            drawn.dataset(), drawn, settings(steps=2, seed=seed), tmp_path / str(seed)
        ).checkpoint_id
        for seed in (0, 1)
    }
    assert len(ids) == 2


def test_the_loss_falls(drawn, tmp_path):
    losses = []
    result = train(
        drawn.dataset(),
        drawn,
        settings(steps=60, learning_rate=3e-3),
        tmp_path,
        on_step=lambda report: losses.append(report.loss),
    )
    assert sum(losses[-20:]) < 0.5 * sum(losses[:20])
    assert result.loss == pytest.approx(sum(losses[-20:]) / 20)
    assert result.step == 60
    assert sorted(result.account.used) == [drawn.clip_id(i) for i in range(6)]


def test_minutes_end_a_run_too(drawn, tmp_path):
    result = train(drawn.dataset(), drawn, settings(steps=10**6, max_minutes=0.01), tmp_path)
    assert 1 <= result.step < 10**6
    assert result.checkpoint_path.is_dir()


def test_a_finished_run_resumed_returns_the_same_checkpoint(drawn, tmp_path):
    first = train(drawn.dataset(), drawn, settings(), tmp_path)
    again = train(drawn.dataset(), drawn, settings(), tmp_path, resume=True)
    assert again == first


def test_only_the_last_checkpoints_are_kept_and_no_partial_one_stays(drawn, tmp_path):
    train(drawn.dataset(), drawn, settings(checkpoint_every=1), tmp_path)
    folder = tmp_path / "checkpoints"
    assert [p.name for p in checkpoints(folder)] == ["step_00000005", "step_00000006"]
    assert len(list(folder.iterdir())) == 2


def test_a_step_without_a_number_is_skipped_and_names_its_clips(drawn, tmp_path, monkeypatch):
    real, reports = flow.loss_per_token, []

    def broken(*args):
        loss = real(*args)
        return loss * math.nan if len(reports) == 2 else loss

    monkeypatch.setattr(flow, "loss_per_token", broken)
    result = train(drawn.dataset(), drawn, settings(), tmp_path, on_step=reports.append)
    assert [math.isnan(r.loss) for r in reports] == [False, False, True, False, False, False]
    assert reports[2].skipped_clips
    assert set(reports[2].skipped_clips) <= set(result.account.used)
    assert not any(r.skipped_clips for r in reports if r is not reports[2])
    assert result.num_skipped_steps == 1
    assert math.isfinite(result.loss)
    weights = load(result.checkpoint_path, with_optimizer=False).weights
    assert all(torch.isfinite(w).all() for w in weights.values())


def test_an_empty_dataset_is_refused(drawn, tmp_path):
    with pytest.raises(UserError, match="holds no clips") as caught:
        train(Dataset(dataset_id="e", name="e", clips=()), drawn, settings(), tmp_path)
    assert "freeze" in caught.value.hint


def test_a_dataset_without_captions_is_refused(drawn, tmp_path):
    with pytest.raises(UserError, match="caption") as caught:
        train(drawn.dataset(captions=False), drawn, settings(), tmp_path)
    assert "rushes caption" in caught.value.hint


def test_a_mix_that_shows_no_caption_of_the_dataset_is_refused(drawn, tmp_path):
    how = settings(captions={"source": 0.1, "medium": 0, "short": 0})
    with pytest.raises(UserError, match="medium, short only") as caught:
        train(drawn.dataset(), drawn, how, tmp_path)
    assert "train.captions.medium=1" in caught.value.hint
    with pytest.raises(UserError, match="only") as caught:
        train(drawn.dataset(), drawn, settings(captions={"source": 1}), tmp_path)
    assert "train.captions.source=0.05" in caught.value.hint


def test_training_says_which_captions_it_shows(drawn, tmp_path, caplog):
    with caplog.at_level("INFO", logger="generator.train"):
        result = train(drawn.dataset(), drawn, settings(steps=1), tmp_path)
    shares = {k.kind: (k.expected_share, k.num_missing) for k in result.mix.kinds}
    assert shares == {
        "source": (0.0, 6),
        "long": (0.0, 6),
        "medium": (pytest.approx(0.6), 0),
        "short": (pytest.approx(0.4), 0),
    }
    assert "source       0.0 % of captions shown (asked for 5.0 %)" in caplog.text
    assert "6 of 6 clips have none" in caplog.text


def test_a_run_is_not_resumed_with_another_mix(drawn, tmp_path):
    train(drawn.dataset(), drawn, settings(steps=1), tmp_path)
    with pytest.raises(UserError, match="captions was"):
        train(drawn.dataset(), drawn, settings(captions={"short": 1}), tmp_path, resume=True)


def test_a_dataset_of_unreadable_clips_is_refused_with_the_reason(footage, tmp_path):
    drawn = footage(2, broken={"clip_0000": "file_missing", "clip_0001": "file_missing"})
    with pytest.raises(UserError, match="file_missing"):
        train(drawn.dataset(), drawn, settings(), tmp_path)


def test_a_budget_below_one_clip_is_refused(drawn, tmp_path):
    with pytest.raises(UserError, match="token_budget is 7") as caught:
        train(drawn.dataset(), drawn, settings(token_budget=7), tmp_path)
    assert "8 or more" in caught.value.hint


@pytest.mark.parametrize(
    "file", ["weights.safetensors", "optimizer.safetensors", "missing", "json"]
)
def test_a_damaged_checkpoint_is_refused_on_resume(drawn, tmp_path, file):
    path = train(drawn.dataset(), drawn, settings(steps=2), tmp_path).checkpoint_path
    if file == "missing":
        (path / "ema.safetensors").unlink()
    elif file == "json":
        (path / "checkpoint.json").write_text("{")
    else:
        data = bytearray((path / file).read_bytes())
        data[-1] ^= 1
        (path / file).write_bytes(data)
    with pytest.raises(UserError, match="damaged") as caught:
        train(drawn.dataset(), drawn, settings(), tmp_path, resume=True)
    assert "delete that folder" in caught.value.hint


def test_resuming_with_other_settings_or_data_is_refused(drawn, footage, tmp_path):
    train(drawn.dataset(), drawn, settings(steps=2), tmp_path)
    with pytest.raises(UserError, match=r"learning_rate was 0\.\d+, is 0\.5"):
        train(drawn.dataset(), drawn, settings(learning_rate=0.5), tmp_path, resume=True)
    other = footage(5)
    with pytest.raises(UserError, match="drawn_6"):
        train(other.dataset(), other, settings(), tmp_path, resume=True)
    longer = train(drawn.dataset(), drawn, settings(steps=4), tmp_path, resume=True)
    assert longer.step == 4


def test_the_checkpoint_says_how_it_was_made(drawn, tmp_path):
    result = train(drawn.dataset(), drawn, settings(steps=1), tmp_path)
    state = json.loads((result.checkpoint_path / "checkpoint.json").read_text())
    assert state["dataset_id"] == "drawn_6"
    assert state["settings"] == settings(steps=1).model_dump(mode="json")
    assert state["codec"]["name"] == "pixels"
    assert state["checkpoint_id"] == result.checkpoint_id
