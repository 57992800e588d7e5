"""The ledger: whatever is lost on the way, one of its checks names it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestration.ledger import Ledger, read_ledger
from schemas.catalog import Catalog
from schemas.ids import new_run_id
from schemas.records import Work
from schemas.tables import to_arrow

Change = Callable[[Any, dict[str, list[Any]]], None]


def ledger_of(root: Path, make: Any, change: Change | None = None) -> Ledger:
    """Write one whole video (an offcut of 40 frames, two clips of 100), changed, and read."""
    video = make.video("a")
    clips = [make.clip(video, 40, 140), make.clip(video, 140, 240)]
    rows: dict[str, list[Any]] = {
        "choices": make.chosen(),
        "sources": [make.source(video, "/footage/a.mp4")],
        "videos": [video],
        "surveys": [make.survey(video)],
        "clips": clips,
        "splits": [make.split(clip) for clip in clips],
        "offcuts": [make.offcut(video, 0, 40)],
        "clip_scores": [make.scores(clip) for clip in clips],
        "failures": [],
    }
    if change is not None:
        change(make, rows)
    failed: Work = make.work("fail", "survey", make.HASHES["survey"], failures=rows.pop("failures"))
    catalog = Catalog.create(root)
    catalog.commit([make.work("all", **rows), failed], new_run_id())
    return read_ledger(catalog)


def test_a_whole_video_balances_to_the_tick(tmp_path: Path, make: Any) -> None:
    ledger = ledger_of(tmp_path / "catalog", make)
    assert ledger.problems == () and ledger.is_balanced
    assert (ledger.num_files, ledger.num_videos) == (1, 1)
    assert ledger.video_s == pytest.approx(10.0)
    assert ledger.clips_s == pytest.approx(200 / 24)
    assert ledger.transition_s == pytest.approx(40 / 24)
    assert (ledger.kept_s, ledger.dropped_s) == (pytest.approx(200 / 24), 0.0)
    assert ledger.as_dict()["is_balanced"]


def _no_video(_: Any, rows: dict[str, list[Any]]) -> None:
    rows.update(videos=[], surveys=[], clips=[], splits=[], offcuts=[], clip_scores=[])


def _no_survey(_: Any, rows: dict[str, list[Any]]) -> None:
    rows.update(surveys=[], clips=[], splits=[], offcuts=[], clip_scores=[])


def _no_clip(_: Any, rows: dict[str, list[Any]]) -> None:
    rows["clips"].pop()


def _no_split(_: Any, rows: dict[str, list[Any]]) -> None:
    rows["splits"].pop()


def _no_offcut(_: Any, rows: dict[str, list[Any]]) -> None:
    rows["offcuts"].clear()


def _one_tick_less(make: Any, rows: dict[str, list[Any]]) -> None:
    rows["offcuts"] = [make.offcut(rows["videos"][0], 0, 39)]


def _overlap(make: Any, rows: dict[str, list[Any]]) -> None:
    rows["offcuts"].append(make.offcut(rows["videos"][0], 0, 40, "trim"))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(_no_video, "files without video or failure", id="a video row is missing"),
        pytest.param(
            _no_survey, "videos neither surveyed nor failed", id="a survey row is missing"
        ),
        pytest.param(_no_clip, "splits that name no clip", id="a clip row is missing"),
        pytest.param(_no_clip, "clips and offcuts do not tile", id="a clip's ticks are missing"),
        pytest.param(_no_split, "clips and offcuts do not tile", id="a split row is missing"),
        pytest.param(_no_offcut, "clips and offcuts do not tile", id="an offcut row is missing"),
        pytest.param(_one_tick_less, "clips and offcuts do not tile", id="one tick is missing"),
        pytest.param(_overlap, "clips and offcuts do not tile", id="a span counts twice"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, make: Any, change: Change, problem: str) -> None:
    ledger = ledger_of(tmp_path / "catalog", make, change)
    assert not ledger.is_balanced
    assert any(problem in found for found in ledger.problems), ledger.problems


def test_seconds_that_are_nowhere_are_named(tmp_path: Path, make: Any) -> None:
    def shorter(_: Any, rows: dict[str, list[Any]]) -> None:
        rows["offcuts"] = [replace(rows["offcuts"][0], duration_s=0.0)]

    ledger = ledger_of(tmp_path / "catalog", make, shorter)
    assert any("seconds of video in no clip and no offcut" in p for p in ledger.problems)


def test_a_clip_without_scores_is_dropped_under_its_own_reason(tmp_path: Path, make: Any) -> None:
    def unscored(_: Any, rows: dict[str, list[Any]]) -> None:
        rows["clip_scores"].pop()

    ledger = ledger_of(tmp_path / "catalog", make, unscored)
    assert ledger.dropped_s == pytest.approx(100 / 24)
    rows = Catalog.open(tmp_path / "catalog").rows("select reason from verdicts where not keep")
    assert rows == [{"reason": "not_scored"}]


def test_a_failure_accounts_for_a_file_and_for_a_video(tmp_path: Path, make: Any) -> None:
    def unreadable(make: Any, rows: dict[str, list[Any]]) -> None:
        _no_video(make, rows)
        video_id = rows["sources"][0].video_id
        rows["failures"] = [make.failure("/footage/a.mp4", "not_readable", video_id=video_id)]

    def undecoded(make: Any, rows: dict[str, list[Any]]) -> None:
        _no_survey(make, rows)
        video_id = rows["sources"][0].video_id
        rows["failures"] = [
            make.failure(
                "/footage/a.mp4", "timeout", video_id=video_id, stage="survey", lost_s=10.0
            )
        ]

    first = ledger_of(tmp_path / "unreadable", make, unreadable)
    assert first.is_balanced and first.video_s == 0.0, first.problems
    second = ledger_of(tmp_path / "undecoded", make, undecoded)
    assert second.is_balanced, second.problems
    assert (second.video_s, second.failed_s) == (10.0, 10.0)


def test_rows_of_a_batch_that_was_never_committed_do_not_count(tmp_path: Path, make: Any) -> None:
    catalog = make.catalog(tmp_path / "catalog", names=["a"])
    stray = make.video("stray")
    rows = to_arrow("sources", [make.source(stray, "/footage/stray.mp4")], "batch_dead")
    catalog._append("sources", rows)
    catalog.refresh()
    ledger = read_ledger(catalog)
    assert ledger.num_files == 1 and ledger.is_balanced


def test_the_ledgers_lines_add_up_for_the_reader(tmp_path: Path, make: Any) -> None:
    lines = ledger_of(tmp_path / "catalog", make).lines()
    assert lines == [
        "1 files, 1 videos: 10.0 s = clips 8.3 + transitions 1.7 + trims 0.0 + "
        "too short 0.0 + failed 0.0",
        "clips 8.3 s = kept 8.3 + dropped 0.0",
    ]
