"""Train on drawn footage with several workers; run by `test_parallel.py`, not by pytest.

torchrun ... together.py all PLAN.json    each training of the plan, by workers of torchrun
python together.py launch FOLDER          by our own launcher: one ends well, two do not
python together.py ray FOLDER             by Ray Train, which loses a worker on the way
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

SMALL = {
    "size": "nano",
    "codec": "pixels",
    "max_pixels": 16 * 16,
    "max_frames": 8,
    "token_budget": 64,
    "warmup": 2,
    "num_threads": 1,
    "packs_per_step": 2,
    "steps": 6,
    "validation": {"every": 3, "share": 0.2},
}
NUM_CLIPS = 12


def settings(changes):
    from generator.dit import SIZES, Size
    from generator.settings import TrainSettings

    SIZES["nano"] = Size(width=64, depth=2, head_width=32, text_depth=1, text_buckets=256)
    return TrainSettings(**{**SMALL, **changes})


def train_as_asked(
    out, *, latents=None, resume=False, stop_after=None, no_number_after=None, **changes
):
    """Train into `out`; with `stop_after`, break off in the middle of the run.

    The second worker's loss of the step after `no_number_after` is none.
    """
    import torch
    from conftest import DrawnFootage, drawings

    from generator import flow
    from generator.train import train

    number = real = flow.loss_per_token
    if no_number_after is not None and os.environ["RANK"] == "1":

        def number(*arguments):
            return real(*arguments) * (math.nan if steps[-1] == no_number_after else 1.0)

    steps = [0]
    flow.loss_per_token = number

    def on_step(report):
        steps.append(report.step)
        if report.step == stop_after:
            raise KeyboardInterrupt

    torch.set_num_threads(1)
    drawn = DrawnFootage(drawings(NUM_CLIPS))
    try:
        return train(
            drawn.dataset(),
            drawn,
            settings(changes),
            Path(out),
            latents_dir=latents and Path(latents),
            resume=resume,
            on_step=on_step,
        )
    except KeyboardInterrupt:
        return None
    finally:
        flow.loss_per_token = real


@dataclass
class Job:
    """A training by a worker; the last one may end otherwise."""

    out: Path
    end: str = "well"

    def __call__(self):
        from schemas.errors import UserError

        is_last = os.environ["RANK"] == "1"
        if self.end == "refused" and is_last:
            raise UserError("no such thing", "take another")
        if self.end == "killed" and is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.end in ("refused", "killed"):
            time.sleep(600)
        found = train_as_asked(self.out, steps=1)
        return os.environ["RANK"], found.step, found.checkpoint_id


@dataclass
class LossyJob:
    """A training whose second worker dies once, after its fourth step."""

    out: Path
    mark: Path
    path: str

    def __call__(self):
        sys.path.insert(0, self.path)
        from together import train_as_asked

        lose = os.environ["RANK"] == "1" and not self.mark.exists()
        if lose:
            self.mark.touch()
            train_as_asked(self.out, checkpoint_every=3, resume=True, stop_after=4)
            os.kill(os.getpid(), signal.SIGKILL)
        found = train_as_asked(self.out, checkpoint_every=3, resume=True)
        return os.environ["RANK"], found.step, found.checkpoint_id


def all_of(plan):
    import torch.distributed as dist

    if len(plan) > 1:  # else the trainer joins the others by itself
        dist.init_process_group("gloo")
    rank = os.environ["RANK"]
    for asked in plan:
        found = train_as_asked(**asked)
        if found is not None:
            told = {"step": found.step, "loss": found.loss, "id": found.checkpoint_id}
            told["skipped"] = found.num_skipped_steps
            (Path(asked["out"]) / f"told-{rank}.json").write_text(json.dumps(told))


def launched(folder):
    from generator.launch import launch
    from schemas.errors import UserError

    told = {"well": launch(Job(folder), 2)}
    for end in ("refused", "killed"):
        try:
            launch(Job(folder, end), 2)
        except UserError as error:
            told[end] = (type(error).__name__, error.message, error.hint)
    print(json.dumps(told))


def by_ray(folder):
    from generator.stage import train_on_ray
    from orchestration.cluster import ray_session

    job = LossyJob(folder, folder / "lost-one", str(Path(__file__).parent))
    with ray_session(None, 2):
        print(json.dumps(train_on_ray(job, num_workers=2, folder=folder)))


if __name__ == "__main__":
    what, where = sys.argv[1], Path(sys.argv[2])
    if what == "all":
        all_of(json.loads(where.read_text()))
    elif what == "launch":
        launched(where)
    else:
        by_ray(where)
