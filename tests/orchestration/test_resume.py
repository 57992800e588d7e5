"""A run may be killed at any moment: repeated, it ends with the tables of an unbroken run."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.world.rushes_world import RushesWorld
from schemas.catalog import Catalog
from schemas.tables import TABLES

pytestmark = [pytest.mark.ray, pytest.mark.slow]

_UNLIKE = {"batch_id", "run_id", "committed_at", "chosen_at", "created_at", "started_at"}
"""Columns that say when and by which run; they differ between any two runs."""
_OF_RUNS = {"commits", "runs", "choices"}
_NUM_KILLS = 5


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    RushesWorld().draw_footage(folder, num_videos=4, seed=3)
    return folder


def start_curate(footage: Path, catalog: Path, *extra: str) -> subprocess.Popen[bytes]:
    rushes = str(Path(sys.executable).with_name("rushes"))
    return subprocess.Popen(
        [rushes, "curate", str(footage), "--catalog", str(catalog), *extra],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "COLUMNS": "200"},
    )


def rows_of(catalog: Path) -> dict[str, list[str]]:
    opened = Catalog.open(catalog)
    found: dict[str, list[str]] = {}
    for table, schema in TABLES.items():
        if table not in _OF_RUNS:
            names = [name for name in schema.names if name not in _UNLIKE]
            columns = ", ".join(f'"{name}"' for name in names)
            found[table] = sorted(map(str, opened.rows(f'select {columns} from "{table}"')))
    return found


@dataclass(frozen=True)
class Unbroken:
    """The catalogue of a run that nobody disturbed, and how long it took."""

    catalog: Path
    seconds: float


@pytest.fixture(scope="module")
def unbroken(footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Unbroken:
    catalog = tmp_path_factory.mktemp("unbroken") / "catalog"
    started = time.monotonic()
    finish(start_curate(footage, catalog))
    return Unbroken(catalog, time.monotonic() - started)


def finish(run: subprocess.Popen[bytes]) -> None:
    _, errors = run.communicate(timeout=240)
    assert run.returncode == 0, errors.decode()


@pytest.mark.timeout(1800)  # Its kills come at shares of a whole run's time.
def test_a_run_killed_five_times_ends_like_an_unbroken_one(
    footage: Path, unbroken: Unbroken, tmp_path: Path
) -> None:
    rng = random.Random(5)
    broken = tmp_path / "catalog"
    num_killed = 0
    for _ in range(_NUM_KILLS):
        run = start_curate(footage, broken)
        time.sleep(rng.uniform(0.3, 0.95) * unbroken.seconds)
        if run.poll() is None:
            run.send_signal(signal.SIGKILL)
            num_killed += 1
        run.communicate(timeout=60)
    assert num_killed >= 1, "every run ended before it could be killed"
    finish(start_curate(footage, broken))

    expected, found = rows_of(unbroken.catalog), rows_of(broken)
    for table, rows in expected.items():
        assert found[table] == rows, f"table `{table}` differs"
    assert len(expected["clips"]) > 3


def test_a_finished_run_repeated_does_nothing_and_a_new_threshold_decodes_nothing(
    footage: Path, unbroken: Unbroken, tmp_path: Path
) -> None:
    catalog = tmp_path / "catalog"
    shutil.copytree(unbroken.catalog, catalog)
    before = Catalog.open(catalog).snapshot()
    started = time.monotonic()
    finish(start_curate(footage, catalog))
    assert Catalog.open(catalog).snapshot() == before
    assert time.monotonic() - started < unbroken.seconds / 2

    finish(start_curate(footage, catalog, "--set", "split.min_clip_s=1.4"))
    stages = Catalog.open(catalog).column(
        "select distinct stage from commits where run_id <> (select min(run_id) from runs)"
    )
    assert set(stages) == {"run", "split", "score", "judge", "dedupe", "choose"}
