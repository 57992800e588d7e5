"""Start Ray or join a cluster: the only caller of `ray.init`.

Ray puts the driver's current directory first on its workers' import path, so a stranger's
`pipeline/` lying there would replace ours. A working directory of our own keeps the current
one out; one worker is then asked where it found our packages before any work is given out.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import UserError

_OBJECT_STORE_BYTES = 400 << 20
"""Enough for references and finished rows; pixels never pass through the object store."""


@contextmanager
def ray_session(address: str | None, num_cpus: int | None) -> Iterator[int]:
    """Start or join Ray, yield the number of CPUs, and shut it down.

    Ray that was started by the caller (a notebook, a test) is used and left running.
    Raises UserError when no cluster answers at `address`, or when its workers would import
    other code than ours.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DATA_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized():
        yield int(ray.cluster_resources().get("CPU", 1))
        return
    _quiet()
    with tempfile.TemporaryDirectory(prefix="rushes-") as empty, _native_chatter_off():
        try:
            ray.init(
                address=address,
                num_cpus=None if address else num_cpus,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                configure_logging=True,
                object_store_memory=None if address else _OBJECT_STORE_BYTES,
                runtime_env={"working_dir": empty},
            )
        except ConnectionError as error:
            raise UserError(
                f"no Ray cluster answers at {address}", "start one: ray start --head"
            ) from error
        try:
            _check_workers(ray)
            yield int(ray.cluster_resources().get("CPU", 1))
        finally:
            ray.shutdown()


def _quiet() -> None:
    """Leave the terminal to our own progress; Ray keeps its logs in its session folder."""
    from ray.data import DataContext

    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)


@contextmanager
def _native_chatter_off() -> Iterator[None]:
    """Send what Ray's C++ core writes to file descriptor 2 away; Python's stderr stays.

    The core warns at every actor pool, past any log setting of ours, and would draw over
    the progress bars. What it says is kept in Ray's session folder all the same.
    """
    try:
        saved = os.dup(2)
    except OSError:  # stderr is closed: nothing to protect
        yield
        return
    python_stderr = sys.stderr
    sys.stderr.flush()
    with (
        open(saved, "w", buffering=1, closefd=False) as kept,
        Path(os.devnull).open("w") as nowhere,
    ):
        os.dup2(nowhere.fileno(), 2)
        sys.stderr = kept
        try:
            yield
        finally:
            os.dup2(saved, 2)
            sys.stderr = python_stderr
            os.close(saved)


def _check_workers(ray: object) -> None:
    import pipeline

    ours = str(Path(pipeline.__file__ or "").resolve())
    theirs = ray.get(ray.remote(num_cpus=0)(_package_path).remote())  # type: ignore[attr-defined]
    if ours != theirs:
        raise UserError(
            f"Ray's workers would run other code than this command: {theirs}, not {ours}",
            "install the same Rushes on every node",
        )


def _package_path() -> str:
    import pipeline

    return str(Path(pipeline.__file__ or "").resolve())
