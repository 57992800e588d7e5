"""A run may be killed at any moment: repeated, it ends with the tables of an unbroken run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
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
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("rushes")), "curate", str(footage)]
        + ["--catalog", str(catalog), *extra],
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


def test_a_run_killed_five_times_ends_like_an_unbroken_one(footage: Path, tmp_path: Path) -> None:
    started = time.monotonic()
    unbroken = start_curate(footage, tmp_path / "unbroken")
    assert unbroken.wait(timeout=240) == 0, unbroken.stderr and unbroken.stderr.read().decode()
    length_s = time.monotonic() - started

    rng = random.Random(5)
    broken = tmp_path / "broken"
    num_killed = 0
    for _ in range(_NUM_KILLS):
        run = start_curate(footage, broken)
        time.sleep(rng.uniform(0.3, 0.95) * length_s)
        if run.poll() is None:
            run.send_signal(signal.SIGKILL)
            num_killed += 1
        run.wait(timeout=60)
    assert num_killed >= 1, "every run ended before it could be killed"
    last = start_curate(footage, broken)
    assert last.wait(timeout=240) == 0, last.stderr and last.stderr.read().decode()

    expected, found = rows_of(tmp_path / "unbroken"), rows_of(broken)
    for table, rows in expected.items():
        assert found[table] == rows, f"table `{table}` differs"
    assert len(expected["clips"]) > 3


def test_a_finished_run_repeated_does_nothing_and_starts_no_ray(
    footage: Path, tmp_path: Path
) -> None:
    catalog = tmp_path / "catalog"
    assert start_curate(footage, catalog).wait(timeout=240) == 0
    before = Catalog.open(catalog).snapshot()
    started = time.monotonic()
    repeated = start_curate(footage, catalog)
    assert repeated.wait(timeout=240) == 0
    assert Catalog.open(catalog).snapshot() == before
    assert time.monotonic() - started < 30

    # Another split threshold: split and what builds on it again, and no video is decoded.
    changed = start_curate(footage, catalog, "--set", "split.min_clip_s=1.4")
    assert changed.wait(timeout=240) == 0
    stages = Catalog.open(catalog).rows(
        "select stage, count(*) as num from commits "
        "where batch_id not in (select batch_id from commits where run_id = "
        "(select min(run_id) from runs)) group by stage"
    )
    assert {row["stage"] for row in stages} == {"run", "split", "score", "judge", "dedupe", "choose"}
