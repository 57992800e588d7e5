"""Where training runs: in this process, in workers of ours, in torchrun's, or Ray's."""

import logging
import pickle
from contextlib import ExitStack
from pathlib import Path

import pytest

from generator.settings import TrainSettings
from orchestration import progress, train_workers
from orchestration.progress import StageProgress
from orchestration.recipe import Recipe
from orchestration.run import Run
from orchestration.train_workers import TrainJob, rank, run_job, was_restarted
from schemas.errors import UserError


def job(folder, **settings):
    return TrainJob(
        dataset_folder=folder / "dataset",
        settings=TrainSettings(**settings),
        out_dir=folder / "out",
        resume=False,
        current_dir=Path.cwd(),
    )


@pytest.fixture
def ran(monkeypatch, tmp_path):
    """Return `ran(workers, launcher)`: what a job was given to, where every way is recorded."""
    done = []

    def record(way, result="trained"):
        def take(*arguments, **more):
            done.append((way, arguments, more))
            return result

        return take

    monkeypatch.setattr(TrainJob, "train", record("here"))
    monkeypatch.setattr("generator.launch.launch", record("launch"))
    monkeypatch.setattr("generator.stage.train_on_ray", record("ray"))
    monkeypatch.setattr(Run, "start_ray", record("start ray"))

    def go(num_workers, launcher="torchrun", **settings):
        with ExitStack() as stack:
            run = Run(None, "train", Recipe(), stack=stack)
            assert run_job(run, job(tmp_path, **settings), num_workers, launcher)[0] == "trained"
        return done

    return go


def test_one_worker_is_this_process(ran):
    assert [way for way, _, _ in ran(1)] == ["here"]


def test_several_workers_are_launched(ran):
    [(way, (sent, count), _)] = ran(2, packs_per_step=4)
    assert (way, count) == ("launch", 2)
    assert not sent.resume
    assert pickle.loads(pickle.dumps(sent)) == sent


def test_workers_of_ray_go_on_where_they_were(ran):
    (first, _, _), (second, (sent,), more) = ran(1, "ray")
    assert (first, second) == ("start ray", "ray")
    assert sent.resume
    assert more == {"num_workers": 1, "folder": sent.out_dir}


def test_a_worker_of_torchrun_starts_no_others(ran, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert [way for way, _, _ in ran(1)] == ["here"]


def test_packs_that_cannot_be_shared_out_start_nothing(ran):
    with pytest.raises(UserError, match="3 packs a step cannot be shared out among 2 workers"):
        ran(2, packs_per_step=3)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, (0, False)),
        ({"RANK": "3"}, (0, False)),
        ({"RANK": "3", "WORLD_SIZE": "4"}, (3, False)),
        ({"RANK": "1", "WORLD_SIZE": "2", "TORCHELASTIC_RESTART_COUNT": "1"}, (1, True)),
    ],
    ids=["alone", "a rank of something else", "one of four", "started again"],
)
def test_the_environment_says_who_this_is(monkeypatch, environment, expected):
    for name in ("RANK", "WORLD_SIZE", "TORCHELASTIC_RESTART_COUNT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (rank(), was_restarted()) == expected


@pytest.mark.parametrize(("number", "is_quiet"), [("0", False), ("1", True)])
def test_only_the_first_worker_speaks(monkeypatch, number, is_quiet):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", number)
    monkeypatch.setattr(progress.console, "quiet", False)
    disabled = logging.root.manager.disable
    try:
        train_workers.hush_unless_first()
        assert progress.console.quiet == is_quiet
        assert logging.getLogger("generator.train").isEnabledFor(logging.WARNING) != is_quiet
        assert logging.getLogger("generator.train").isEnabledFor(logging.ERROR)
    finally:
        logging.disable(disabled)


def test_progress_follows_the_loss_curve(monkeypatch, tmp_path):
    monkeypatch.setattr(train_workers, "_LOOK_EVERY_S", 0.01)
    shown = StageProgress("train", 100, None)
    there = job(tmp_path, steps=10, max_minutes=1.0)
    there.out_dir.mkdir()
    curve = there.out_dir / "losses.csv"

    def seen(text, done):
        curve.write_text("step,loss,grad_norm,seconds\n" + text)
        for _ in range(500):
            if shown.done == done:
                return True
            train_workers.threading.Event().wait(0.01)
        return False

    with train_workers._following(there, shown):
        assert seen("1,0.5,1.0,2.0\n2,0.25,1.0,4.0\n", 20)
        assert shown.note == "% done, step 2, loss 0.2500"
        # By the minutes, where these are further; a line that is not yet whole is not read.
        assert seen("1,0.5,1.0,2.0\n3,nan,1.0,45.0\n4,0.1", 75)
