"""The Ray Train wiring of training: one job, in how many workers, on what."""

from __future__ import annotations

import pickle
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import ray
from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
from ray.train.torch import TorchTrainer

from generator.launch import WorkerError
from schemas.errors import UserError

T = TypeVar("T")

_MAX_FAILURES = 3
"""How often training is taken up again, from its last checkpoint, after a worker was lost."""


class _Loop(Generic[T]):
    """What each worker runs. A UserError is its result: trying again would not help.

    It is written down as well, since the others fail where it was one worker's alone.
    """

    def __init__(self, job: Callable[[], T], folder: Path) -> None:
        self.job, self.folder = job, folder

    def __call__(self) -> T | UserError:
        try:
            return self.job()
        except UserError as error:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / f"{uuid.uuid4().hex}.refused").write_bytes(pickle.dumps(error))
            return error


def train_on_ray(job: Callable[[], T], *, num_workers: int, folder: Path) -> T:
    """Run a picklable `job` in so many workers of the cluster that this process has joined.

    Returns the first worker's result. `folder` is one that all nodes share. A lost worker makes
    all of them begin again, so `job` must go on from its own checkpoints. Raises UserError where
    the cluster is too small, that of a worker as it is, and WorkerError for other failures.
    """
    resources = ray.cluster_resources()
    if resources.get("CPU", 0) < num_workers:
        raise UserError(
            f"{num_workers} workers need as many CPUs; the Ray cluster has "
            f"{int(resources.get('CPU', 0))}",
            "ask for fewer workers, or join a larger cluster with --address",
        )
    storage = folder.resolve() / "ray"
    trainer = TorchTrainer(
        _Loop(job, storage),
        scaling_config=ScalingConfig(
            num_workers=num_workers, use_gpu=resources.get("GPU", 0) >= num_workers
        ),
        run_config=RunConfig(
            storage_path=str(storage),
            failure_config=FailureConfig(max_failures=_MAX_FAILURES),
        ),
    )
    try:
        result: T | UserError = trainer.fit().return_value
    except TrainingFailedError as error:
        refused = [pickle.loads(path.read_bytes()) for path in storage.glob("*.refused")]
        raise refused[0] if refused else WorkerError(str(error)) from None
    finally:
        # Nothing but Ray's own marks: our checkpoints lie beside it.
        shutil.rmtree(storage, ignore_errors=True)
    if isinstance(result, UserError):
        raise result
    return result
