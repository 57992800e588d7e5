"""Start the workers of a training on this machine, as torchrun does; by Ray: `stage.py`."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import torch

from schemas.errors import UserError

T = TypeVar("T")


class WorkerError(UserError):
    """A worker ended otherwise than it should: its number and its traceback, or its exit code."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "go on from the last checkpoint with --resume")


def launch(job: Callable[[], T], num_workers: int) -> T:
    """Run a picklable `job` in so many processes that find each other; return the first's result.

    Where one fails, the others are stopped. Raises the UserError of a worker as it is, and
    WorkerError for anything else that ended one early.
    """
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=num_workers,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="localhost",
        max_restarts=0,
        monitor_interval=0.1,
    )
    with TemporaryDirectory(prefix="rushes-") as folder, _quiet(), _signals_put_back():
        try:
            results = elastic_launch(config, _work)(job, num_workers, folder)
        except ChildFailedError as error:
            codes = {rank: failure.exitcode for rank, failure in error.failures.items()}
            raise _cause(Path(folder), codes) from None
        except SignalException as error:
            if error.sigval == signal.SIGINT:
                raise KeyboardInterrupt from None
            raise
    first: T = results[0]
    return first


def _work(job: Callable[[], T], num_workers: int, folder: str) -> T:
    """Run the job in a worker; what ends it is left in `folder` for the one who started it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # end in silence: the launcher speaks
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // num_workers))
    try:
        return job()
    except Exception as error:
        rank = os.environ["RANK"]
        told = error if isinstance(error, UserError) else None
        text = f"worker {rank} failed:\n{traceback.format_exc()}"
        (Path(folder) / f"{time.time_ns():020}-{rank}").write_bytes(pickle.dumps((told, text)))
        raise


def _cause(folder: Path, codes: dict[int, int]) -> Exception:
    """Return what ended the first worker that failed; the others then failed for want of it."""
    for rank, code in codes.items():
        if code < 0 and code != -signal.SIGTERM:
            name = signal.Signals(-code).name
            return WorkerError(f"worker {rank} was ended by {name}; was there memory for it?")
    found = [pickle.loads(path.read_bytes()) for path in sorted(folder.iterdir())]
    for told, _ in found:
        if told is not None:
            return UserError(told.message, told.hint)
    return WorkerError(found[0][1] if found else f"workers ended with exit codes {codes}")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the launcher from logging what is raised anyway."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(disabled)


@contextmanager
def _signals_put_back() -> Iterator[None]:
    """Give the signals that the launcher takes to their former owners again."""
    taken = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT]
    handlers = {number: signal.getsignal(number) for number in taken}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
