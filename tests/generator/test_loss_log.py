import csv

import pytest

from generator.loss_log import NUM_BINS, ClipLoss, LossLog, bin_of


def clip(loss, *, t=0.25, task="video", size="2x3x4", index=0):
    return ClipLoss(index=index, t=t, task=task, size=size, loss=loss, tokens=24)


def row(step, loss=0.5):
    return {
        "step": step,
        "loss": loss,
        "grad_norm": 0.1,
        "learning_rate": 1e-3,
        "clips_seen": step,
        "tokens": 24,
        "seconds": 0.1,
        "skipped_clips": (),
    }


def lines(folder, name="loss_cells.csv"):
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def cells(folder):
    return [
        (int(r["step"]), r["kind"], r["cell"], float(r["loss"]), int(r["num_clips"]))
        for r in lines(folder)
    ]


@pytest.mark.parametrize(("t", "where"), [(0.0, 0), (0.05, 0), (0.1, 1), (0.95, 9), (1.0, 9)])
def test_timesteps_fall_into_ten_bins(t, where):
    assert bin_of(t) == where < NUM_BINS


def test_every_step_is_a_line_on_disk_at_once(tmp_path):
    with LossLog(tmp_path, keep_steps=0) as log:
        for step in (1, 2):
            log.step(row(step), [])
            found = lines(tmp_path, "losses.csv")
            assert [int(r["step"]) for r in found] == list(range(1, step + 1))
    assert list(found[0]) == [
        "step",
        "loss",
        "grad_norm",
        "learning_rate",
        "clips_seen",
        "tokens",
        "seconds",
    ]


def test_cells_are_means_over_the_clips_since_the_last_line(tmp_path):
    with LossLog(tmp_path, keep_steps=0, every=2) as log:
        log.step(row(1), [clip(1.0), clip(3.0, t=0.95, task="extend")])
        assert cells(tmp_path) == []
        log.step(row(2), [clip(5.0, size="1x1x1")])
        assert cells(tmp_path) == [
            (2, "size", "1x1x1", 5.0, 1),
            (2, "size", "2x3x4", 2.0, 2),
            (2, "task", "extend", 3.0, 1),
            (2, "task", "video", 3.0, 2),
            (2, "timestep", "0.2-0.3", 3.0, 2),
            (2, "timestep", "0.9-1.0", 3.0, 1),
        ]
        log.step(row(3), [clip(7.0)])
        log.step(row(4), [])
        assert {(step, loss) for step, _, _, loss, _ in cells(tmp_path)[6:]} == {(4, 7.0)}


def test_flushing_writes_what_was_gathered_and_no_line_twice(tmp_path):
    with LossLog(tmp_path, keep_steps=0, every=50) as log:
        log.step(row(1), [clip(1.0)])
        log.flush(1)
        log.flush(1)
    assert len(cells(tmp_path)) == 3


def test_validation_is_written_by_name(tmp_path):
    with LossLog(tmp_path, keep_steps=0) as log:
        log.validation(7, {"loss": 0.5, "loss/t=0.05": 0.25})
    assert cells(tmp_path) == [
        (7, "validation", "loss", 0.5, 0),
        (7, "validation", "loss/t=0.05", 0.25, 0),
    ]


def test_lines_after_the_step_gone_on_from_are_cut_off(tmp_path):
    with LossLog(tmp_path, keep_steps=0, every=1) as log:
        for step in (1, 2, 3):
            log.step(row(step), [clip(float(step))])
    with LossLog(tmp_path, keep_steps=2, every=1) as log:
        assert [int(r["step"]) for r in lines(tmp_path, "losses.csv")] == [1, 2]
        log.step(row(3, loss=9.0), [clip(9.0)])
    assert [float(r["loss"]) for r in lines(tmp_path, "losses.csv")] == [0.5, 0.5, 9.0]
    assert [c[3] for c in cells(tmp_path) if c[1] == "task"] == [1.0, 2.0, 9.0]


def test_a_training_from_the_start_keeps_no_old_line(tmp_path):
    for _ in range(2):
        with LossLog(tmp_path, keep_steps=0) as log:
            log.step(row(1), [])
    assert len(lines(tmp_path, "losses.csv")) == 1


def test_tensorboard_hears_of_everything(tmp_path):
    with LossLog(tmp_path, keep_steps=0, every=1) as log:
        log.step(row(1), [clip(1.0)])
        log.validation(1, {"loss": 0.5})
    (events,) = (tmp_path / "tensorboard").iterdir()
    content = events.read_bytes()
    for name in (b"train/loss", b"train/learning_rate", b"task/video", b"validation/loss"):
        assert name in content
