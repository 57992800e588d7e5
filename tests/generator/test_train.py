import csv
import json
import math
import shutil
from collections import Counter
from dataclasses import asdict, replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from generator import flow
from generator import train as training
from generator.checkpoint import best_checkpoint, checkpoints, load, read_state, save_single
from generator.clips import Encoded, TrainingClip, Unreadable
from generator.dit import SIZES, Size
from generator.guard import GradientNorms
from generator.loss_log import NUM_BINS, ClipLoss, bin_of
from generator.reading import learn_to_read
from generator.sample import load_checkpoint
from generator.settings import TrainSettings
from generator.setup import score_units
from generator.tallies import Tallies
from generator.train import train
from generator.validate import Validation, split_off
from schemas.datasets import Dataset
from schemas.errors import UserError

SMALL = {
    "size": "nano",
    "codec": "pixels",
    "max_pixels": 16 * 16,
    "max_frames": 8,
    "token_budget": 32,
    "warmup": 2,
    "num_threads": 1,
}


def settings(**changes):
    return TrainSettings(**{**SMALL, "steps": 6, **changes})


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Make the smallest size smaller still, so that a step takes little."""
    small = Size(width=64, depth=2, head_width=32, text_depth=1, text_buckets=256)
    monkeypatch.setitem(SIZES, "nano", small)


@pytest.fixture
def drawn(footage):
    return footage(6)


def tensors_equal(first, second):
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


def lines(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def stop_at(step):
    def stop(report):
        if report.step == step:
            raise KeyboardInterrupt

    return stop


def test_stop_and_resume_equals_an_unbroken_run(drawn, tmp_path):
    how = settings(checkpoint_every=3)
    whole = train(drawn.dataset(), drawn, how, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(drawn.dataset(), drawn, how, tmp_path / "broken", on_step=stop_at(5))
    resumed = train(drawn.dataset(), drawn, how, tmp_path / "broken", resume=True)
    one, two = (load(r.checkpoint_path, with_optimizer=True) for r in (whole, resumed))
    assert tensors_equal(one.weights, two.weights)
    assert tensors_equal(one.ema, two.ema)
    assert tensors_equal(one.optimizer, two.optimizer)
    assert one.state["norms"] == two.state["norms"]
    assert whole.checkpoint_id == resumed.checkpoint_id
    assert (whole.num_clips_seen, whole.loss) == (resumed.num_clips_seen, resumed.loss)
    assert whole.clips == resumed.clips
    curves = [
        [(r["step"], r["loss"], r["clips_seen"]) for r in lines(x.losses_path)]
        for x in (whole, resumed)
    ]
    assert curves[0] == curves[1]
    assert [int(step) for step, _, _ in curves[0]] == [1, 2, 3, 4, 5, 6]
    cells = [lines(tmp_path / name / "loss_cells.csv") for name in ("whole", "broken")]
    assert cells[0] == cells[1]
    counted = [int(r["num_clips"]) for r in cells[0] if r["kind"] == "timestep"]
    assert sum(counted) == whole.num_clips_seen


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "adamw"},
        {"packs_per_step": 3},
        {"images_first": 0.6, "first_token_budget": 8},
    ],
    ids=["adamw", "packs", "images first"],
)
def test_other_ways_to_train_resume_as_exactly(drawn, tmp_path, changes):
    how = settings(steps=4, checkpoint_every=2, **changes)
    whole = train(drawn.dataset(), drawn, how, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(drawn.dataset(), drawn, how, tmp_path / "broken", on_step=stop_at(3))
    resumed = train(drawn.dataset(), drawn, how, tmp_path / "broken", resume=True)
    assert resumed.checkpoint_id == whole.checkpoint_id
    assert resumed.clips == whole.clips


def with_structured_captions(footage):
    """Return the dataset of drawings with captions as JSON beside those in prose."""
    dataset = footage.dataset()
    clips = [
        replace(clip, captions=clip.captions | {"structured": json.dumps(asdict(drawing))})
        for clip, drawing in zip(dataset.clips, footage.drawings, strict=True)
    ]
    return replace(dataset, clips=tuple(clips))


def test_a_text_encoder_that_has_read_stays_as_it_is(footage, tmp_path):
    drawn = footage(24)
    dataset = with_structured_captions(drawn)
    how = settings(steps=4, checkpoint_every=2, reading_steps=3)
    whole = train(dataset, drawn, how, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(dataset, drawn, how, tmp_path / "broken", on_step=stop_at(3))
    resumed = train(dataset, drawn, how, tmp_path / "broken", resume=True)
    assert resumed.checkpoint_id == whole.checkpoint_id
    kept = checkpoints(tmp_path / "whole" / "checkpoints")
    begun, ended = (load(path, with_optimizer=True) for path in kept)
    changed = {n for n in begun.weights if not torch.equal(begun.weights[n], ended.weights[n])}
    text = {n for n in begun.weights if n.startswith("text.")}
    assert text & changed == {"text.pool.weight", "text.pool.bias"}
    assert "dit.embed.weight" in changed
    assert not any(name.startswith("text.blocks") for name in ended.optimizer)
    unread = train(dataset, drawn, settings(steps=4), tmp_path / "unread")
    theirs = load(unread.checkpoint_path, with_optimizer=False).weights
    assert not torch.equal(theirs["text.summary"], ended.weights["text.summary"])
    assert unread.reading is None
    assert whole.reading.num_questions == resumed.reading.num_questions > 0
    assert ended.state["reading"]["num_questions"] == whole.reading.num_questions


def test_a_training_that_starts_from_one_that_has_read_keeps_its_text_encoder(footage, tmp_path):
    drawn = footage(24)
    dataset = with_structured_captions(drawn)
    held = {"share": 0.1}
    how = settings(steps=2, reading_steps=3, validation=held)
    first = train(dataset, drawn, how, tmp_path / "first")
    assert 0.0 <= first.reading.accuracy <= 1.0
    how = settings(steps=2, init=str(first.checkpoint_path))
    second = train(drawn.dataset(), drawn, how, tmp_path / "second")
    assert second.reading == first.reading
    theirs = load(first.checkpoint_path, with_optimizer=False).ema
    ours = load(second.checkpoint_path, with_optimizer=False).weights
    assert torch.equal(theirs["text.embed.weight"], ours["text.embed.weight"])
    assert not torch.equal(theirs["dit.embed.weight"], ours["dit.embed.weight"])


def test_the_time_of_reading_counts(footage, tmp_path, monkeypatch):
    drawn = footage(24)
    taken, reports = [], []

    def timed(*args, **settings):
        taken.append(learn_to_read(*args, **settings))
        return taken[0]

    monkeypatch.setattr(training, "learn_to_read", timed)
    how = settings(steps=1, reading_steps=3)
    train(with_structured_captions(drawn), drawn, how, tmp_path, on_step=reports.append)
    assert reports[0].seconds > taken[0].seconds > 0.0


def test_images_come_first_and_packs_grow(drawn, tmp_path):
    reports = []
    how = settings(
        steps=8, checkpoint_every=4, images_first=0.5, first_token_budget=16, token_budget=128
    )
    train(drawn.dataset(), drawn, how, tmp_path, on_step=reports.append)
    tasks = {4: set(), 8: set()}
    for row in lines(tmp_path / "loss_cells.csv"):
        if row["kind"] == "task":
            tasks[int(row["step"])].add(row["cell"])
    assert tasks[4] == {"image"}
    assert "video" in tasks[8]
    seen = [0, *(report.clips_seen for report in reports)]
    images = [after - before for before, after in pairwise(seen[:5])]
    # Frames of four tokens; the budget grows by 14 a step.
    assert images == [4, 7, 11, 14]
    assert all(report.tokens <= 128 for report in reports)


def test_packs_that_shrink_are_refused(drawn, tmp_path):
    with pytest.raises(UserError, match="packs grow"):
        train(drawn.dataset(), drawn, settings(first_token_budget=64), tmp_path)


def test_another_seed_gives_other_weights(drawn, tmp_path):
    ids = {
        train(
            drawn.dataset(), drawn, settings(steps=2, seed=seed), tmp_path / str(seed)
        ).checkpoint_id
        for seed in (0, 1)
    }
    assert len(ids) == 2


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_the_loss_falls(drawn, tmp_path, optimizer):
    def losses(name, rate):
        found = []
        how = settings(
            steps=60, learning_rate=rate, matrix_learning_rate=2 * rate, optimizer=optimizer
        )
        result = train(
            drawn.dataset(), drawn, how, tmp_path / name, on_step=lambda r: found.append(r.loss)
        )
        return found, result

    learned, result = losses("learned", 3e-3)
    # The same clips, noise and timesteps, met by a network that stays as it began.
    stayed, _ = losses("stayed", 1e-9)
    assert sum(learned[-20:]) < 0.8 * sum(stayed[-20:])
    assert result.loss == pytest.approx(sum(learned[-20:]) / 20)
    assert result.step == 60
    assert sorted(result.account.used) == [drawn.clip_id(i) for i in range(6)]


def test_activations_computed_twice_train_the_same_weights(drawn, tmp_path):
    ids = {
        train(
            drawn.dataset(),
            drawn,
            settings(steps=2, activation_checkpointing=flag),
            tmp_path / str(flag),
        ).checkpoint_id
        for flag in (False, True)
    }
    assert len(ids) == 1


def test_minutes_end_a_run_too(drawn, tmp_path):
    result = train(drawn.dataset(), drawn, settings(steps=10**6, max_minutes=0.01), tmp_path)
    assert 1 <= result.step < 10**6
    assert result.checkpoint_path.is_dir()


def test_a_finished_run_resumed_returns_the_same_checkpoint(drawn, tmp_path):
    first = train(drawn.dataset(), drawn, settings(), tmp_path)
    assert all(clip.num_seen for clip in first.clips)
    again = train(drawn.dataset(), drawn, settings(), tmp_path, resume=True)
    assert again == first


def test_only_the_last_checkpoints_are_kept_and_no_partial_one_stays(drawn, tmp_path):
    train(drawn.dataset(), drawn, settings(checkpoint_every=1), tmp_path)
    folder = tmp_path / "checkpoints"
    assert [p.name for p in checkpoints(folder)] == ["step_00000005", "step_00000006"]
    assert len(list(folder.iterdir())) == 2


def test_clips_are_encoded_into_a_folder_that_runs_share(drawn, tmp_path):
    latents, heard = tmp_path / "latents", []
    for name in ("one", "two"):
        train(
            drawn.dataset(),
            drawn,
            settings(steps=1),
            tmp_path / name,
            latents_dir=latents,
            on_clip=heard.append,
        )
    assert drawn.num_reads == 6
    assert [each.is_new for each in heard] == [True] * 6 + [False] * 6
    assert len(list(latents.rglob("*.npy"))) == 6
    assert not (tmp_path / "one" / "latents").exists()


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
    skipped = {clip.clip_id: clip.num_skipped for clip in result.clips if clip.num_skipped}
    assert skipped == Counter(reports[2].skipped_clips)
    weights = load(result.checkpoint_path, with_optimizer=False).weights
    assert all(torch.isfinite(w).all() for w in weights.values())


def test_a_clip_whose_loss_is_no_number_is_named_alone(drawn, tmp_path, monkeypatch):
    real, reports = flow.loss_per_clip, []

    def broken(loss_N, pack):
        sums, counts = real(loss_N, pack)
        if len(reports) == 1:
            sums = sums * torch.where(torch.arange(len(sums)) == 0, torch.nan, 1.0)
        return sums, counts

    monkeypatch.setattr(flow, "loss_per_clip", broken)
    train(drawn.dataset(), drawn, settings(steps=3), tmp_path, on_step=reports.append)
    assert [len(r.skipped_clips) for r in reports] == [0, 1, 0]


@pytest.mark.parametrize("damage", ["missing", "cut short", "not finite"])
def test_clips_with_bad_latents_are_counted_and_training_goes_on(drawn, tmp_path, caplog, damage):
    latents = tmp_path / "latents"
    first = train(drawn.dataset(), drawn, settings(steps=1), tmp_path / "x", latents_dir=latents)
    encoded = []
    spoilt: list[TrainingClip] = []

    def spoil(found: Encoded | Unreadable) -> None:
        encoded.append(found)
        if len(encoded) == 3:
            clip = found.clip
            spoilt.append(clip)
            if damage == "missing":
                clip.path.unlink()
            elif damage == "cut short":
                clip.path.write_bytes(clip.path.read_bytes()[:300])
            else:
                values = np.load(clip.path)
                values[:] = np.nan
                np.save(clip.path, values)

    reports = []
    result = train(
        drawn.dataset(),
        drawn,
        settings(steps=8),
        tmp_path / "y",
        latents_dir=latents,
        on_clip=spoil,
        on_step=reports.append,
    )
    (bad,) = spoilt
    assert first.step == 1
    assert result.step == 8
    assert result.num_skipped_steps == sum(math.isnan(r.loss) for r in reports)
    named = [clip_id for r in reports for clip_id in r.skipped_clips]
    assert set(named) == {bad.clip_id}
    records = {clip.clip_id: clip for clip in result.clips}
    assert records[bad.clip_id].num_skipped == len(named) > 0
    assert records[bad.clip_id].num_seen == 0
    assert math.isnan(records[bad.clip_id].loss)
    others = [clip for clip in result.clips if clip.clip_id != bad.clip_id]
    assert all(clip.num_seen and clip.num_skipped == 0 for clip in others)
    assert f"left out: latents of {bad.clip_id}" in caplog.text


def test_every_clip_has_a_record_of_how_often_and_how_well_it_was_seen(drawn, tmp_path):
    losses = []
    result = train(
        drawn.dataset(),
        drawn,
        settings(steps=30),
        tmp_path,
        on_step=lambda report: losses.append(report.loss),
    )
    assert [clip.clip_id for clip in result.clips] == [drawn.clip_id(i) for i in range(6)]
    seen = [clip.num_seen for clip in result.clips]
    assert sum(seen) == result.num_clips_seen
    assert max(seen) - min(seen) <= 1
    for clip in result.clips:
        assert clip.loss > 0
        assert 0.2 < clip.relative_loss < 5
        assert clip.num_skipped == 0


def test_losses_are_tallied_by_clip_and_against_the_usual_one():
    tallies = Tallies(3)

    def seen(index, loss, t=0.5):
        return ClipLoss(index=index, t=t, task="video", size="1x1x1", loss=loss, tokens=1)

    tallies.add([seen(0, 2.0), seen(1, 4.0), seen(0, 2.0)])
    tallies.add([seen(1, 100.0, t=0.95)])
    clips = [replace(CLIP, clip_id=f"clip_{i}") for i in range(3)]
    tallies.skip(clips, ["clip_2", "clip_1", "clip_2"])
    first, second, never = tallies.records(clips)
    assert (first.num_seen, first.loss, first.num_skipped) == (2, 2.0, 0)
    assert first.relative_loss == pytest.approx(1.0, abs=0.02)
    # Twice the usual loss at its timestep, and the first of its kind at the other.
    assert second.relative_loss == pytest.approx((2.0 + 1.0) / 2, abs=0.05)
    assert second.loss == 52.0
    assert (second.num_skipped, never.num_skipped) == (1, 2)
    assert never.num_seen == 0
    assert math.isnan(never.loss)
    copy = Tallies(3)
    copy.load(tallies.tensors())
    assert copy.records(clips)[:2] == (first, second)
    assert copy.usual[bin_of(0.95)] == 100.0
    assert len(copy.usual) == NUM_BINS


CLIP = TrainingClip(
    clip_id="clip",
    path=None,
    num_frames=4,
    group_frames=4,
    grid=(1, 1),
    num_channels=1,
    fps=8.0,
    captions=(),
    scores={},
)


def test_a_unit_of_a_score_is_its_spread_around_zero():
    clips = [replace(CLIP, scores={"motion": m, "still": 0.0}) for m in (3.0, -4.0)]
    clips.append(replace(CLIP, scores={}))
    units = score_units(clips, ["motion", "still", "unknown"])
    assert units == {"motion": pytest.approx(12.5**0.5), "still": 1.0, "unknown": 1.0}


def test_the_checkpoint_holds_the_units_of_the_scores(drawn, tmp_path):
    how = settings(steps=1, scores=("motion", "zoom"))
    result = train(drawn.dataset(), drawn, how, tmp_path)
    values = [clip.scores["motion"] for clip in drawn.dataset().clips]
    assert read_state(result.checkpoint_path)["score_units"] == {
        "motion": pytest.approx(np.sqrt(np.mean(np.square(values)))),
        "zoom": 1.0,
    }


def test_spikes_of_the_gradient_are_cut_at_three_sigma_above_the_usual():
    norms = GradientNorms()
    values = [1.0, 3.0] * 10
    for number, value in enumerate(values):
        assert norms.limit(100.0) == 100.0, number
        norms.add(value)
    # The moving averages of the first twenty are their plain means: 2, and a sigma of 1.
    assert (norms.mean, norms.square) == (pytest.approx(2.0), pytest.approx(5.0))
    assert norms.limit(100.0) == pytest.approx(5.0)
    assert norms.limit(0.5) == 0.5
    copy = GradientNorms()
    copy.load(norms.state())
    assert copy.limit(100.0) == norms.limit(100.0)


def test_a_spike_counts_as_what_it_is_cut_to():
    norms, calm = GradientNorms(), GradientNorms()
    for value in [1.0, 3.0] * 10:
        norms.add(value)
        calm.add(value)
    norms.add(1e6)
    calm.add(5.0)
    assert norms.state() == calm.state()


def test_training_starts_from_another_one_s_weights_and_units(drawn, tmp_path):
    first = train(drawn.dataset(), drawn, settings(), tmp_path / "first")
    source = load(first.checkpoint_path, with_optimizer=False)
    rates = {"learning_rate": 1e-9, "matrix_learning_rate": 1e-9}
    how = settings(init=str(first.checkpoint_path), steps=2, checkpoint_every=1, **rates)
    # Clips that move twice as much: the model goes on in the units that it has learned.
    other = replace(drawn.dataset(), clips=drawn.dataset().clips[:3])
    second = train(other, drawn, how, tmp_path / "second")
    began = load(second.checkpoint_path, with_optimizer=False)
    for name, value in source.ema.items():
        torch.testing.assert_close(began.weights[name], value, atol=1e-6, rtol=0)
    assert began.state["score_units"] == source.state["score_units"]
    # Once begun, it goes on from its own checkpoints.
    how = how.model_copy(update={"steps": 3})
    shutil.rmtree(tmp_path / "first")
    third = train(other, drawn, how, tmp_path / "second", resume=True)
    assert third.step == 3
    assert (
        load(third.checkpoint_path, with_optimizer=False).state["score_units"]
        == (source.state["score_units"])
    )


def test_a_checkpoint_names_those_that_it_began_from(drawn, tmp_path):
    """As a folder, as one file, and once more begun from either."""
    how = settings(steps=2, images_first=0.5)
    first = train(drawn.dataset(), drawn, how, tmp_path / "first")
    began = settings(steps=1, init=str(first.checkpoint_path))
    train(drawn.dataset(), drawn, began, tmp_path / "second")
    began = began.model_copy(update={"steps": 2})
    second = train(drawn.dataset(), drawn, began, tmp_path / "second", resume=True)
    alone = tmp_path / "second.safetensors"
    save_single(load(second.checkpoint_path, with_optimizer=False), alone)
    began = settings(steps=1, init=str(alone))
    third = train(drawn.dataset(), drawn, began, tmp_path / "third")
    names = [one["checkpoint_id"] for one in read_state(third.checkpoint_path)["earlier"]]
    assert names == [first.checkpoint_id, second.checkpoint_id]
    assert read_state(first.checkpoint_path)["earlier"] == []
    # Nobody else has the folder where it began.
    assert read_state(alone)["settings"]["init"] == ""
    for path in (first.checkpoint_path, second.checkpoint_path, alone, third.checkpoint_path):
        assert load_checkpoint(path).saw_pictures_first
    plain = train(drawn.dataset(), drawn, settings(steps=1), tmp_path / "plain")
    assert not load_checkpoint(plain.checkpoint_path).saw_pictures_first


def test_weights_of_another_shape_cannot_be_started_from(drawn, tmp_path):
    first = train(drawn.dataset(), drawn, settings(steps=1), tmp_path / "first")
    start = str(first.checkpoint_path)
    with pytest.raises(UserError, match="another shape") as caught:
        train(drawn.dataset(), drawn, settings(init=start, size="tiny"), tmp_path / "second")
    assert "train.size=nano" in caught.value.hint
    with pytest.raises(UserError, match="no checkpoint at"):
        train(drawn.dataset(), drawn, settings(init="nowhere"), tmp_path / "third")


def test_a_spike_changes_the_weights_no_more_than_it_may(drawn, tmp_path, monkeypatch):
    limits = []
    clip = torch.nn.utils.clip_grad_norm_
    monkeypatch.setattr(
        training.nn.utils,
        "clip_grad_norm_",
        lambda parameters, limit: limits.append(limit) or clip(parameters, limit),
    )
    reports = []
    train(
        drawn.dataset(),
        drawn,
        settings(steps=30, max_grad_norm=1e3),
        tmp_path,
        on_step=reports.append,
    )
    assert limits[:20] == [1e3] * 20
    norms = [r.grad_norm for r in reports]
    for number, limit in enumerate(limits[20:], 20):
        assert 0 < limit < np.mean(norms[:number]) + 5 * np.std(norms[:number])


def test_clips_are_drawn_by_their_weights(drawn, tmp_path):
    weights = {"clip_0001": 6.0, "clip_0002": 0.0, "clip_0003": 3.0}
    result = train(drawn.dataset(), drawn, settings(steps=30), tmp_path, weights=weights)
    seen = {clip.clip_id: clip.num_seen for clip in result.clips}
    total = sum(seen.values())
    assert seen["clip_0002"] == 0
    # Clips that are not named weigh 1: 12 in all.
    assert seen["clip_0001"] / total == pytest.approx(6 / 12, abs=0.08)
    assert seen["clip_0003"] / total == pytest.approx(3 / 12, abs=0.08)


@pytest.mark.parametrize(
    "weights",
    [{"clip_0001": -1.0}, {"clip_0001": math.nan}, {f"clip_000{i}": 0.0 for i in range(6)}],
    ids=["negative", "no number", "all zero"],
)
def test_weights_that_mean_nothing_are_refused(drawn, tmp_path, weights):
    with pytest.raises(UserError, match=r"train\.weights"):
        train(drawn.dataset(), drawn, settings(), tmp_path, weights=weights)


def held_of(result, how):
    clips = [replace(CLIP, clip_id=clip_id) for clip_id in result.account.used]
    return {clip.clip_id for clip in split_off(clips, how.validation)[1]}


def test_validation_clips_are_never_trained_on(footage, tmp_path, monkeypatch):
    drawn, opened = footage(20), []
    plain = TrainingClip.open
    monkeypatch.setattr(TrainingClip, "open", lambda c: opened.append(c.clip_id) or plain(c))
    monkeypatch.setattr(Validation, "measure", lambda self, *_: {"loss": 1.0})
    how = settings(steps=8, validation={"share": 0.3, "every": 3})
    result = train(drawn.dataset(), drawn, how, tmp_path)
    held = held_of(result, how)
    assert 0 < len(held) < 15
    trained = {clip.clip_id for clip in result.clips}
    assert not trained & held
    assert trained | held == {drawn.clip_id(i) for i in range(20)}
    assert set(opened) == {clip.clip_id for clip in result.clips if clip.num_seen}


def test_validation_measures_with_the_average_and_changes_nothing(footage, tmp_path, monkeypatch):
    drawn, weights = footage(12), []
    plain = Validation.measure

    def measure(self, denoiser, *rest):
        weights.append(denoiser.dit.head.weight.detach().clone())
        assert not denoiser.training
        return plain(self, denoiser, *rest)

    monkeypatch.setattr(Validation, "measure", measure)
    validated, silent = (
        train(drawn.dataset(), drawn, settings(steps=4, validation=how), tmp_path / name)
        for name, how in (
            ("validated", {"share": 0.3, "every": 2}),
            ("silent", {"share": 0.3, "every": 0}),
        )
    )
    assert len(weights) == 3
    found = load(validated.checkpoint_path, with_optimizer=False)
    assert torch.equal(weights[1], found.ema["dit.head.weight"])
    assert validated.checkpoint_id == silent.checkpoint_id
    assert validated.validation == silent.validation
    assert {"loss", "loss/t=0.05", "loss/t=0.95", "step"} <= validated.validation.keys()
    cells = lines(tmp_path / "validated" / "loss_cells.csv")
    steps = [int(r["step"]) for r in cells if (r["kind"], r["cell"]) == ("validation", "loss")]
    assert steps == [2, 4]


@pytest.fixture
def script(monkeypatch):
    """Return a maker of validations whose losses are those of a list."""

    def play(*losses):
        left = list(losses)
        monkeypatch.setattr(Validation, "measure", lambda self, *_: {"loss": left.pop(0)})

    return play


def test_the_best_checkpoint_stays_while_older_ones_go(footage, tmp_path, script):
    drawn = footage(12)
    how = settings(
        steps=10, keep_checkpoints=1, checkpoint_every=100, validation={"share": 0.3, "every": 2}
    )
    script(3.0, 1.0, 2.0, 1.5, 1.0)
    result = train(drawn.dataset(), drawn, how, tmp_path)
    names = [p.name for p in checkpoints(tmp_path / "checkpoints")]
    assert names == ["step_00000004", "step_00000010"]
    assert result.best_path.name == "step_00000004"
    assert result.checkpoint_path.name == "step_00000010"
    assert result.validation == {"loss": 1.0, "step": 10}


def test_a_training_gone_on_with_knows_the_best_loss_so_far(footage, tmp_path, script):
    drawn = footage(12)
    how = settings(steps=8, checkpoint_every=100, validation={"share": 0.3, "every": 2})
    script(3.0, 1.0)
    with pytest.raises(KeyboardInterrupt):
        train(drawn.dataset(), drawn, how, tmp_path, on_step=stop_at(5))
    script(2.0, 1.5)
    result = train(drawn.dataset(), drawn, how, tmp_path, resume=True)
    assert result.best_path.name == "step_00000004"
    assert read_state(result.checkpoint_path)["best"] == 1.0


def test_a_validation_without_a_number_is_no_best(footage, tmp_path, monkeypatch):
    drawn = footage(12)
    monkeypatch.setattr(Validation, "measure", lambda self, *_: {})
    how = settings(steps=2, validation={"share": 0.3, "every": 1})
    result = train(drawn.dataset(), drawn, how, tmp_path)
    assert result.best_path is None
    assert best_checkpoint(tmp_path / "checkpoints") is None


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


@pytest.mark.parametrize(
    ("scores", "warns"), [(("zoom",), True), (("zoom", "motion"), False), ((), False)], ids=str
)
def test_training_says_when_there_is_no_score_to_tell(drawn, tmp_path, caplog, scores, warns):
    train(drawn.dataset(), drawn, settings(steps=1, scores=scores), tmp_path)
    assert ("no clip has the scores" in caplog.text) == warns


def test_a_run_is_not_resumed_with_another_mix(drawn, tmp_path):
    train(drawn.dataset(), drawn, settings(steps=1), tmp_path)
    with pytest.raises(UserError, match="captions was"):
        train(drawn.dataset(), drawn, settings(captions={"short": 1}), tmp_path, resume=True)
    with pytest.raises(UserError, match="tasks was"):
        train(drawn.dataset(), drawn, settings(tasks={"image": 1}), tmp_path, resume=True)


def test_a_dataset_of_unreadable_clips_is_refused_with_the_reason(footage, tmp_path):
    drawn = footage(2, broken={"clip_0000": "file_missing", "clip_0001": "file_missing"})
    with pytest.raises(UserError, match="file_missing"):
        train(drawn.dataset(), drawn, settings(), tmp_path)


@pytest.mark.parametrize(
    ("max_frames", "largest"),
    [(8, 32), (4, 16), (16, 60), (3, 12), (18, 60)],
    ids=["two groups split", "one group split", "fifteen frames", "three frames", "left over"],
)
def test_a_budget_below_one_clip_is_refused(drawn, tmp_path, max_frames, largest):
    how = settings(max_frames=max_frames, token_budget=largest - 1)
    with pytest.raises(UserError, match=f"token_budget is {largest - 1}") as caught:
        train(drawn.dataset(), drawn, how, tmp_path)
    assert f"{largest} or more" in caught.value.hint
    training.check(
        drawn.dataset(),
        settings(max_frames=max_frames, token_budget=largest),
        training.open_codec("pixels"),
    )


def test_pictures_smaller_than_a_token_are_refused(drawn, tmp_path):
    with pytest.raises(UserError, match="less than one token of 16x16 pixels") as caught:
        train(drawn.dataset(), drawn, settings(size="base", max_pixels=200), tmp_path)
    assert "train.max_pixels to 256" in caught.value.hint


def test_a_codec_that_is_not_there_is_refused(drawn, tmp_path):
    with pytest.raises(UserError, match="no codec `missing`"):
        train(drawn.dataset(), drawn, settings(codec="missing"), tmp_path)


@pytest.mark.parametrize(
    "file", ["weights.safetensors", "optimizer.safetensors", "missing", "json", "format"]
)
def test_a_damaged_checkpoint_is_refused_on_resume(drawn, tmp_path, file):
    path = train(drawn.dataset(), drawn, settings(steps=2), tmp_path).checkpoint_path
    message, hint = "damaged", "delete that folder"
    if file == "missing":
        (path / "ema.safetensors").unlink()
    elif file == "json":
        (path / "checkpoint.json").write_text("{")
    elif file == "format":
        (path / "checkpoint.json").write_text('{"format": "rushes-checkpoint-1"}')
        message, hint = "format rushes-checkpoint-1", "train it again"
    else:
        data = bytearray((path / file).read_bytes())
        data[-1] ^= 1
        (path / file).write_bytes(data)
    with pytest.raises(UserError, match=message) as caught:
        train(drawn.dataset(), drawn, settings(), tmp_path, resume=True)
    assert hint in caught.value.hint


def test_resuming_with_other_settings_or_data_is_refused(drawn, footage, tmp_path):
    train(drawn.dataset(), drawn, settings(steps=2), tmp_path)
    with pytest.raises(UserError, match=r"learning_rate was 0\.\d+, is 0\.5"):
        train(drawn.dataset(), drawn, settings(learning_rate=0.5), tmp_path, resume=True)
    other = footage(5)
    with pytest.raises(UserError, match="drawn_6"):
        train(other.dataset(), other, settings(), tmp_path, resume=True)
    longer = train(
        drawn.dataset(),
        drawn,
        settings(steps=4, keep_checkpoints=5, validation={"every": 1}),
        tmp_path,
        resume=True,
    )
    assert longer.step == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"share": 0.4}, r"validation\.share was 0\.3, is 0\.4"),
        ({"share": 0.3, "max_clips": 1}, r"validation\.max_clips was 64, is 1"),
    ],
    ids=["share", "clips"],
)
def test_resuming_with_other_clips_held_out_is_refused(footage, tmp_path, changes, message):
    drawn = footage(12)
    train(drawn.dataset(), drawn, settings(steps=1, validation={"share": 0.3}), tmp_path)
    with pytest.raises(UserError, match=message):
        train(drawn.dataset(), drawn, settings(validation=changes), tmp_path, resume=True)


def test_resuming_where_other_clips_can_be_read_is_refused(footage, tmp_path):
    drawn = footage(6, broken={"clip_0002": "file_missing"})
    train(drawn.dataset(), drawn, settings(steps=1), tmp_path)
    drawn.broken.clear()
    with pytest.raises(UserError, match="trained on 5 clips of the dataset, and 6 can be read"):
        train(drawn.dataset(), drawn, settings(), tmp_path, resume=True)


def test_resuming_with_another_revision_of_the_codec_is_refused(drawn, tmp_path):
    path = train(drawn.dataset(), drawn, settings(steps=1), tmp_path).checkpoint_path
    state = json.loads((path / "checkpoint.json").read_text())
    state["codec"]["revision"] = "99"
    (path / "checkpoint.json").write_text(json.dumps(state))
    with pytest.raises(UserError, match="codec was pixels revision 99, this one is 2"):
        train(drawn.dataset(), drawn, settings(), tmp_path, resume=True)


def test_the_checkpoint_says_how_it_was_made(drawn, tmp_path):
    result = train(drawn.dataset(), drawn, settings(steps=1), tmp_path)
    state = json.loads((result.checkpoint_path / "checkpoint.json").read_text())
    assert state["dataset_id"] == "drawn_6"
    assert state["settings"] == settings(steps=1).model_dump(mode="json")
    assert state["codec"] == {
        "source": "pixels",
        "name": "pixels",
        "revision": "2",
        "stride": [4, 8, 8],
        "num_channels": 768,
    }
    assert state["checkpoint_id"] == result.checkpoint_id
