"""Two workers train as one does, whoever started them."""

import csv
import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).parent))
from together import train_as_asked

SCRIPT = Path(__file__).parent / "together.py"
TORCHRUN = (
    sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
)  # fmt: skip
TIMEOUT_S = 200


def run(*command):
    """Run a command; where it hangs, it is ended, and ends its workers."""
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"},
    )
    try:
        out, err = process.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.terminate()
        raise AssertionError(f"hangs:\n{process.communicate(timeout=40)[1][-4000:]}") from None
    assert process.returncode == 0, err[-4000:]
    return out


@dataclass
class Ended:
    """What a training left in its folder."""

    folder: Path

    @property
    def losses(self):
        with (self.folder / "losses.csv").open(newline="") as file:
            return [float(row["loss"]) for row in csv.DictReader(file)]

    def tensors(self, step=6):
        path = self.folder / "checkpoints" / f"step_{step:08d}"
        return {n: load_file(path / f"{n}.safetensors") for n in ("weights", "ema", "optimizer")}

    def state(self, step=6):
        return json.loads(
            (self.folder / "checkpoints" / f"step_{step:08d}" / "checkpoint.json").read_text()
        )


def largest_difference(one, two):
    """Return by how much any tensor differs, relative to its largest number (at least 1)."""
    first, second = one.tensors(), two.tensors()
    assert first.keys() == second.keys()
    found = 0.0
    for name in first:
        assert first[name].keys() == second[name].keys()
        for key, value in first[name].items():
            other = second[name][key]
            assert value.shape == other.shape and value.dtype == other.dtype
            if value.numel():
                scale = max(1.0, float(value.abs().max()))
                found = max(found, float((value - other).abs().max()) / scale)
    return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train with one worker and with two, straight through and stopped and taken up again."""
    folder = tmp_path_factory.mktemp("trained")
    torch.set_num_threads(1)
    one = train_as_asked(folder / "one", checkpoint_every=3, keep_checkpoints=9)
    train_as_asked(folder / "one-then-two", checkpoint_every=3, stop_after=4)
    latents = folder / "bad-latents"
    poison(latents, folder)
    train_as_asked(folder / "bad-one", latents=latents, token_budget=32)

    again = {"resume": True, "checkpoint_every": 3}
    plan = [
        {"out": "two", "checkpoint_every": 3},
        {"out": "two-stopped", "checkpoint_every": 3, "stop_after": 4},
        {"out": "two-stopped", **again},
        {"out": "one-then-two", **again},
        {"out": "two-then-one", "checkpoint_every": 3, "stop_after": 4},
        {"out": "bad-two", "latents": latents, "token_budget": 32},
        {"out": "thrifty", "activation_checkpointing": True},
        {"out": "adamw", "optimizer": "adamw", "steps": 3},
        {"out": "no-number", "no_number_after": 3},
        {"out": "timed", "steps": 10**6, "max_minutes": 0.01},
    ]
    text = json.dumps([{**p, "out": folder / p["out"]} for p in plan], default=str)
    (folder / "plan.json").write_text(text)
    run(*TORCHRUN, SCRIPT, "all", folder / "plan.json")

    train_as_asked(folder / "two-then-one", **again)
    train_as_asked(folder / "adamw-one", optimizer="adamw", steps=3)
    return folder, one


def poison(latents, folder):
    """Make latents of which all but three clips' hold numbers that are none."""
    train_as_asked(folder / "first", latents=latents, steps=1)
    for path in sorted(latents.rglob("*.npy"))[3:]:
        values = np.load(path)
        values[:] = np.nan
        np.save(path, values)


def test_two_workers_train_as_one_does(trained):
    folder, result = trained
    one, two = Ended(folder / "one"), Ended(folder / "two")
    np.testing.assert_allclose(two.losses, one.losses, rtol=1e-5)
    assert largest_difference(one, two) < 1e-5
    told = [json.loads((folder / "two" / f"told-{rank}.json").read_text()) for rank in (0, 1)]
    assert told[0] == told[1]
    assert told[0]["loss"] == pytest.approx(result.loss, rel=1e-5)


def test_two_workers_measure_the_same_validation(trained):
    one, two = (Ended(trained[0] / name).state() for name in ("one", "two"))
    assert one["validation"]["step"] == 6
    assert two["validation"] == pytest.approx(one["validation"], rel=1e-5)
    assert two["best"] == pytest.approx(one["best"], rel=1e-5)


def test_two_workers_that_stop_and_resume_equal_an_unbroken_run(trained):
    whole, stopped = Ended(trained[0] / "two"), Ended(trained[0] / "two-stopped")
    assert stopped.losses == whole.losses
    assert stopped.state()["sha256"] == whole.state()["sha256"]


@pytest.mark.parametrize("name", ["one-then-two", "two-then-one"])
def test_a_run_goes_on_with_another_number_of_workers(trained, name):
    whole, changed = Ended(trained[0] / "one"), Ended(trained[0] / name)
    np.testing.assert_allclose(changed.losses, whole.losses, rtol=1e-5)
    assert largest_difference(whole, changed) < 1e-5


def test_bad_latents_stop_neither_worker(trained):
    """A worker whose clips are all bad has nothing to do while the other waits for it."""
    one, two = Ended(trained[0] / "bad-one"), Ended(trained[0] / "bad-two")
    np.testing.assert_allclose(two.losses, one.losses, rtol=1e-5)
    assert largest_difference(one, two) < 1e-5
    skipped = one.tensors()["optimizer"]["clips/skipped"]
    assert 0 < int((skipped > 0).sum()) < len(skipped)
    assert sum(map(math.isfinite, one.losses)) > 1


def test_activations_computed_twice_change_nothing_for_two_workers(trained):
    two, thrifty = Ended(trained[0] / "two"), Ended(trained[0] / "thrifty")
    assert thrifty.losses == two.losses
    assert thrifty.state()["sha256"] == two.state()["sha256"]


def test_two_workers_train_with_adamw_alone(trained):
    one, two = Ended(trained[0] / "adamw-one"), Ended(trained[0] / "adamw")
    np.testing.assert_allclose(two.losses, one.losses, rtol=1e-5)


def test_all_skip_a_step_in_which_one_worker_finds_no_number(trained):
    ended = Ended(trained[0] / "no-number")
    assert [math.isnan(loss) for loss in ended.losses] == [False] * 3 + [True] + [False] * 2
    assert ended.losses[:3] == Ended(trained[0] / "two").losses[:3]
    assert all(w.isfinite().all() for w in ended.tensors()["weights"].values())
    for rank in (0, 1):
        told = json.loads((ended.folder / f"told-{rank}.json").read_text())
        assert told["skipped"] == 1


def test_two_workers_end_at_one_moment(trained):
    told = [json.loads((trained[0] / "timed" / f"told-{rank}.json").read_text()) for rank in (0, 1)]
    assert told[0] == told[1]
    assert 1 <= told[0]["step"] < 10**6


def test_only_the_first_worker_writes(trained):
    left = {path.name for path in (trained[0] / "two").iterdir()} - {"told-0.json", "told-1.json"}
    assert left == {path.name for path in (trained[0] / "one").iterdir()}


@pytest.mark.slow
def test_the_launcher_returns_what_the_first_worker_does_and_names_what_ended_one(tmp_path):
    told = json.loads(run(sys.executable, SCRIPT, "launch", tmp_path))
    assert told["well"][:2] == ["0", 1]
    assert (tmp_path / "checkpoints" / "step_00000001").is_dir()
    assert told["refused"] == ["UserError", "no such thing", "take another"]
    kind, message, hint = told["killed"]
    assert (kind, "worker 1 was ended by SIGKILL" in message) == ("WorkerError", True)
    assert "--resume" in hint


@pytest.mark.ray
@pytest.mark.slow
def test_ray_train_takes_up_again_what_a_lost_worker_broke_off(trained, tmp_path):
    told = json.loads(run(sys.executable, SCRIPT, "ray", tmp_path).splitlines()[-1])
    assert told[:2] == ["0", 6]
    assert (tmp_path / "lost-one").exists()
    whole, ended = Ended(trained[0] / "two"), Ended(tmp_path)
    assert ended.losses == whole.losses
    assert ended.state()["sha256"] == whole.state()["sha256"]
    assert not (tmp_path / "ray").exists()
