"""The worker over a real catalogue: real files, real frames; only the captioner is scripted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from captioner.backend import load_backend
from captioner.caption import Event
from captioner.request import Answer, Attempt, CaptionRequest, FrameView
from captioner.settings import CaptionSettings
from captioner.stage import CaptionWorker
from orchestration.curate import curate
from orchestration.recipe import Recipe, parse_settings
from orchestration.run import open_run
from pipeline.media import write_video
from pipeline.reader import ClipReader
from schemas.catalog import Catalog
from schemas.records import Caption, Work
from tests.captioner.fakes import Script, ScriptedCaptioner, good_answer

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory, draw: Any, local_ray: int) -> Catalog:
    """Three videos of one shot each: 2 s, 3 s and 9 s."""
    folder = tmp_path_factory.mktemp("footage")
    for number, seconds in enumerate((2, 3, 9)):
        shot = draw.shot(90 + number, 12 * seconds, width=96, height=64, pan_px=1.0, ball_px=3)
        write_video(folder / f"{number}.mp4", shot, fps=12)
    opened = Catalog.create(tmp_path_factory.mktemp("captioned") / "catalog")
    with open_run(opened, "curate", parse_settings(Recipe, {}, "test")) as run:
        curate(run, [folder])
    assert len(opened.column("select clip_id from survivors")) == 3
    return opened


def describe(
    catalog: Catalog, script: Script, view: FrameView | None = None, **settings: Any
) -> tuple[list[Work], ScriptedCaptioner, CaptionWorker]:
    """Run the worker over every survivor; `tiny` is the scripted captioner."""
    scripted = ScriptedCaptioner(script, view)

    def load(name: str, known: CaptionSettings, writer: object) -> Any:
        return scripted if name == "tiny" else load_backend(name, known)

    values = {"backend": "tiny", "check_facts": False, "aligner": "off", **settings}
    worker = CaptionWorker(
        catalog.root, CaptionSettings(**values), catalog.choices(), ClipReader, load=load
    )
    clips = catalog.column("select clip_id from survivors order by duration_s")
    return list(worker(clips)), scripted, worker


def rows(works: list[Work], **wanted: object) -> list[Caption]:
    found = [row for work in works for row in work.rows["captions"]]
    return [r for r in found if all(getattr(r, key) == value for key, value in wanted.items())]


def numbered(request: CaptionRequest, attempt: Attempt) -> Answer:
    return good_answer(request, f'A sign reads "{request.request_id}".')


def test_every_clip_gets_every_kind_once_with_its_own_words(catalog: Catalog) -> None:
    works, scripted, _ = describe(catalog, numbered, batch_size=2)
    for clip_id in catalog.column("select clip_id from survivors"):
        own = rows(works, clip_id=clip_id)
        assert sorted(row.kind for row in own) == ["long", "medium", "short", "structured"]
        assert {row.status for row in own} == {"ok"}
        (long,) = rows(works, clip_id=clip_id, kind="long")
        assert clip_id in long.text
    assert sum(work.counts.num_out for work in works) == 3
    assert [len(ids) for ids, _ in scripted.calls] == [1, 2]


def test_frames_are_those_of_the_clip_at_their_own_times(catalog: Catalog) -> None:
    view = FrameView(source="clip", max_frames=100, fps=4.0, max_side_px=48)
    works, scripted, _ = describe(catalog, numbered, view)
    shown = sorted(scripted.seen.values(), key=lambda request: request.duration_s)
    for request, seconds in zip(shown, (2, 3, 9), strict=True):
        assert request.clip is not None
        assert request.clip.pixels_THWC.shape == (4 * seconds, 32, 48, 3)
        assert request.frame_indices == tuple(range(0, 12 * seconds, 3))
        assert request.clip.times_s == pytest.approx([i / 4 for i in range(4 * seconds)])
        (row,) = rows(works, clip_id=request.clip_id, kind="short")
        assert row.frame_times_s == pytest.approx(request.clip.times_s)
    assert len({row.frames_digest for row in rows(works, kind="short")}) == 3


def test_a_failed_try_stays_visible_beside_the_good_one(catalog: Catalog) -> None:
    def script(request: CaptionRequest, attempt: Attempt) -> Answer:
        if attempt.number == 0:
            return Answer(request_id=request.request_id, text="I'm sorry, I cannot help with that.")
        return good_answer(request, f'A sign reads "{request.request_id}".')

    works, _, _ = describe(catalog, script)
    failed = [row for row in rows(works) if row.status != "ok"]
    assert len(failed) == 3
    assert {(row.status, row.attempt, row.raw) for row in failed} == {
        ("refused", 0, "I'm sorry, I cannot help with that.")
    }
    good = rows(works, status="ok")
    assert {row.attempt for row in good} == {1}
    assert json.loads(good[0].sampling)["number"] == 1


def test_what_the_first_cannot_describe_falls_to_the_next(catalog: Catalog) -> None:
    def script(request: CaptionRequest, attempt: Attempt) -> Answer:
        if request.duration_s < 2.5:
            return Answer(request_id=request.request_id, status="out_of_domain", message="strange")
        return numbered(request, attempt)

    works, _, _ = describe(catalog, script)
    (refused,) = rows(works, status="out_of_domain")
    assert refused.message == "strange"
    measured = rows(works, captioner="measured")
    assert {row.clip_id for row in measured} == {refused.clip_id}
    assert sorted(row.kind for row in measured) == ["long", "medium", "short", "structured"]
    assert {row.settings_hash for row in rows(works)} == {refused.settings_hash}
    assert sum(work.counts.num_out for work in works) == 3


def test_a_clip_that_nobody_could_describe_is_counted_as_failed(catalog: Catalog) -> None:
    works, _, _ = describe(
        catalog, lambda r, _: Answer(request_id=r.request_id, status="error"), fallbacks=()
    )
    assert sum(work.counts.num_failed for work in works) == 3
    assert {row.status for row in rows(works)} == {"error"}


def test_a_long_clip_is_told_by_windows_in_source_time(catalog: Catalog) -> None:
    def script(request: CaptionRequest, attempt: Attempt) -> Answer:
        answer = numbered(request, attempt)
        assert answer.caption is not None
        event = Event(
            start_s=0.5, end_s=1.0, text=f'A wave breaks by the sign "{request.request_id}".'
        )
        caption = answer.caption.model_copy(update={"events": (event,)})
        return Answer(request_id=request.request_id, caption=caption)

    works, scripted, _ = describe(catalog, script, window_s=3.0)
    (long,) = catalog.rows("select clip_id, start_s, end_s from survivors where duration_s > 5")
    windows = rows(works, clip_id=long["clip_id"], kind="window")
    assert [row.start_s for row in windows] == pytest.approx([0, 3, 6])
    assert [row.end_s for row in windows] == pytest.approx([3, 6, 9])
    first, *_ = (r for r in scripted.seen.values() if r.request_id.endswith("#0001"))
    assert first.clip is not None
    assert first.clip.times_s[0] == pytest.approx(0.0)
    assert first.frame_indices[0] == 0
    (whole,) = rows(works, clip_id=long["clip_id"], kind="structured")
    events = json.loads(whole.text)["events"]
    starts = [event["start_s"] for event in events]
    assert starts == pytest.approx([0.5, 3.5, 6.5])
    assert (whole.start_s, whole.end_s) == (long["start_s"], long["end_s"])


def test_a_file_that_is_gone_costs_its_own_clip_only(catalog: Catalog, tmp_path: Path) -> None:
    (uri,) = catalog.column("select uri from survivors where duration_s > 5")
    away = tmp_path / "away.mp4"
    Path(uri).rename(away)
    try:
        works, _, _ = describe(catalog, numbered, fallbacks=())
    finally:
        away.rename(uri)
    assert sum(work.counts.num_out for work in works) == 2
    (failure,) = [row for work in works for row in work.rows["failures"]]
    assert (failure.uri, failure.stage, failure.reason) == (uri, "caption", "file_missing")


def test_waiting_for_frames_is_measured(catalog: Catalog) -> None:
    _, _, worker = describe(catalog, numbered, batch_size=1)
    assert 0 < worker.waited_s < 20
