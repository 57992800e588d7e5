"""The Ray Data wiring of curation: which function, on which items, with how many workers.

Every stage is the same shape: small items (paths, ids) go in, an actor pool works on batches
of them, and finished `Work` streams back to the driver, which commits it. Workers read what
they need from the catalogue, so no pixel and no signal passes through Ray's object store on
the way in. Resume is not Ray's: the caller asks the catalogue what is left to do.
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import ray

from pipeline.containment import Contained
from pipeline.dedupe.alignment import DedupeSettings, Hashes, HashIndex, Match, informative
from pipeline.ingest import FoundFile, IngestSettings, ingest_file
from pipeline.score.clips import FrameMeasures, ScoreSettings, score_clip
from pipeline.split.boundaries import SplitSettings
from pipeline.split.clips import split_video
from pipeline.survey.sampled import Borders
from pipeline.survey.survey import SurveySettings, compare_decord, survey_file
from schemas.catalog import Catalog
from schemas.errors import MediaError
from schemas.ids import content_id
from schemas.records import Clip, Counts, Failure, Rule, Survey, Work
from schemas.rules import judged_sql, reviewed_sql

logger = logging.getLogger(__name__)

T_in = TypeVar("T_in", contravariant=True)
T_out = TypeVar("T_out", covariant=True)
R = TypeVar("R")


class Worker(Protocol[T_in, T_out]):
    """Made once per actor; called with batches of items; knows nothing of Ray."""

    def __call__(self, items: Sequence[T_in]) -> Iterable[T_out]:
        """Return or yield results; an item's failure is a result, never an exception."""
        ...


class _Actor(Generic[R]):
    """Adapts a `Worker` to Ray Data's batches of pickled items."""

    def __init__(self, make: Callable[..., Worker[Any, R]], arguments: Mapping[str, Any]) -> None:
        self.worker = make(**arguments)

    def __call__(self, batch: dict[str, Any]) -> Iterator[dict[str, np.ndarray]]:
        items = [pickle.loads(item) for item in batch["item"]]
        for result in self.worker(items):
            packed = np.empty(1, dtype=object)
            packed[0] = pickle.dumps(result, protocol=pickle.HIGHEST_PROTOCOL)
            yield {"result": packed}


def run_workers(
    items: Sequence[Any],
    make: Callable[..., Worker[Any, R]],
    arguments: Mapping[str, Any],
    *,
    num_workers: int,
    batch_size: int = 1,
    num_cpus: float = 1,
    num_gpus: float = 0,
) -> Iterator[R]:
    """Run a worker class over items with Ray Data and yield results as they are ready.

    `make(**arguments)` runs once in each actor, which reserves `num_cpus` and `num_gpus`.
    Results come in no particular order.
    """
    if not items:
        return
    rows = [{"item": pickle.dumps(item)} for item in items]
    num_batches = -(-len(rows) // batch_size)
    size = max(1, min(num_workers, num_batches))
    # A block is the unit that an actor takes: small blocks let a long video hold up only itself.
    num_blocks = min(len(rows), max(num_batches, 1), 10_000)
    results = ray.data.from_items(rows, override_num_blocks=num_blocks).map_batches(
        _Actor,
        fn_constructor_args=(make, dict(arguments)),
        batch_size=batch_size,
        compute=ray.data.ActorPoolStrategy(size=size),
        num_cpus=num_cpus,
        num_gpus=num_gpus or None,
    )
    # Every result is a block of its own and comes at once, not when its actor's call ends.
    results.context.target_max_block_size = 1
    for batch in results.iter_batches(batch_size=None, prefetch_batches=1):
        for packed in batch["result"]:
            yield pickle.loads(packed)


# -- ingest ------------------------------------------------------------------------------------


class IngestWorker:
    """Files to `sources` and `videos`."""

    def __init__(self, settings: IngestSettings, run_id: str) -> None:
        self.settings, self.run_id = settings, run_id
        self.child = Contained(memory_limit_mb=settings.memory_limit_mb)

    def __call__(self, items: Sequence[FoundFile]) -> Iterator[Work]:
        """Yield one work per file."""
        for found in items:
            yield ingest_file(found, self.settings, self.run_id, self.child)


# -- survey ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyItem:
    """A video to be surveyed: its id, one file that holds it, its length and the stated one."""

    video_id: str
    uri: str
    duration_s: float
    stated_duration_s: float


def survey_work_id(video_id: str, version: str) -> str:
    """Return the name of surveying a video in a certain way."""
    return content_id("work", "survey", video_id, version)


class SurveyWorker:
    """Videos to `surveys`, `frames` and `signatures`; decodes in a child process."""

    def __init__(self, settings: SurveySettings, run_id: str) -> None:
        self.settings, self.run_id = settings, run_id
        self.version = settings.version()
        self.child = Contained(memory_limit_mb=settings.memory_limit_mb)

    def __call__(self, items: Sequence[SurveyItem]) -> Iterator[Work]:
        """Yield one work per video: its survey, or a failure, or both for a broken file."""
        for item in items:
            yield self._survey(item)

    def _survey(self, item: SurveyItem) -> Work:
        limit = self.settings.timeout_s(item.duration_s)
        path = Path(item.uri)
        try:
            survey, frames, signature, last_error = self.child.call(
                survey_file, limit, path, item.video_id, self.settings
            )
        except MediaError as error:
            return self._work(item, {}, self._failure(item, error, item.duration_s))
        survey = self._choose_reader(path, survey, limit)
        rows: dict[str, list[object]] = {
            "surveys": [survey],
            "frames": list(frames),
            "signatures": [signature],
        }
        return self._work(item, rows, self._lost(item, survey, last_error), survey)

    def _lost(self, item: SurveyItem, survey: Survey, last_error: str) -> Failure | None:
        """Return a failure for the part that was promised and did not come.

        Packets that the decoder refused show in the difference to the packet scan; a file
        that was cut off shows in the difference to what its container states. A statement
        that is absurd (more than ten times what is there) costs no seconds: nobody knows.
        """
        slack_s = 2 / survey.fps if survey.fps else 0.0
        undecoded_s = item.duration_s - survey.duration_s
        missing_s = item.stated_duration_s - item.duration_s
        note = (
            f"{survey.num_frames} frames, {survey.duration_s:.3f} of {item.duration_s:.3f} s; "
            f"{survey.num_bad_packets} bad packets; {last_error}"
        ).rstrip("; ")
        if undecoded_s > max(slack_s, 0.01 * item.duration_s):
            return self._failure(item, MediaError("decode_incomplete", note), undecoded_s)
        if missing_s > max(slack_s, 0.5, 0.05 * item.stated_duration_s):
            lost_s = missing_s if item.stated_duration_s <= 10 * item.duration_s else 0.0
            stated = f"the container states {item.stated_duration_s:.3f} s; {note}"
            return self._failure(item, MediaError("cut_short", stated), lost_s)
        if last_error:
            return self._failure(item, MediaError("bad_packets", note), 0.0)
        return None

    def _choose_reader(self, path: Path, survey: Survey, limit_s: float) -> Survey:
        try:
            note = self.child.call(
                compare_decord, limit_s, path, survey.num_frames, survey.frame_hash
            )
        except MediaError as error:
            note = str(error)
        if note:
            return replace(survey, random_reader="pyav", random_reader_note=note)
        return replace(survey, random_reader="decord", random_reader_note="")

    def _failure(self, item: SurveyItem, error: MediaError, lost_s: float) -> Failure:
        return Failure(
            uri=item.uri,
            video_id=item.video_id,
            stage="survey",
            reason=error.reason,
            message=error.message,
            lost_s=lost_s,
            run_id=self.run_id,
        )

    def _work(
        self,
        item: SurveyItem,
        rows: dict[str, list[object]],
        failure: Failure | None,
        survey: Survey | None = None,
    ) -> Work:
        if failure is not None:
            rows["failures"] = [failure]
        seconds = survey.duration_s if survey else 0.0
        lost_s = failure.lost_s if failure else 0.0
        return Work(
            work_id=survey_work_id(item.video_id, self.version),
            stage="survey",
            settings_hash=self.version,
            rows=rows,
            counts=Counts(
                num_in=1,
                num_out=1 if survey else 0,
                num_failed=0 if survey else 1,
                seconds_in=seconds + lost_s,
                seconds_out=seconds,
                seconds_failed=lost_s,
            ),
        )


def load_surveys(catalog: Catalog, video_ids: Sequence[str], version: str) -> list[Survey]:
    """Return the surveys of videos, in the order of their ids."""
    rows = catalog.rows(
        "select * exclude (batch_id) from surveys "
        "where survey_version = ? and video_id in (select unnest(?)) order by video_id",
        [version, list(video_ids)],
    )
    return [Survey(**row) for row in rows]


# -- split -------------------------------------------------------------------------------------


def split_work_id(video_id: str, settings_hash: str) -> str:
    """Return the name of splitting a video in a certain way."""
    return content_id("work", "split", video_id, settings_hash)


class SplitWorker:
    """Video ids to `shots`, `clips`, `splits` and `offcuts`, from stored signals."""

    def __init__(
        self, root: Path, settings: SplitSettings, settings_hash: str, survey_version: str
    ) -> None:
        self.catalog = Catalog.open(root)
        self.settings, self.settings_hash = settings, settings_hash
        self.survey_version = survey_version

    def __call__(self, items: Sequence[str]) -> Iterator[Work]:
        """Yield one work per video."""
        known = set(
            self.catalog.column(
                "select clip_id from clips where video_id in (select unnest(?))", [list(items)]
            )
        )
        for survey in load_surveys(self.catalog, items, self.survey_version):
            found = split_video(survey, self.settings, self.settings_hash)
            kept_s = sum(clip.duration_s for clip in found.clips)
            yield Work(
                work_id=split_work_id(survey.video_id, self.settings_hash),
                stage="split",
                settings_hash=self.settings_hash,
                rows={
                    "shots": list(found.shots),
                    "clips": [clip for clip in found.clips if clip.clip_id not in known],
                    "splits": list(found.splits),
                    "offcuts": list(found.offcuts),
                },
                counts=Counts(
                    num_in=1,
                    num_out=1,
                    seconds_in=survey.duration_s,
                    seconds_out=kept_s,
                    seconds_rejected=sum(offcut.duration_s for offcut in found.offcuts),
                ),
            )


# -- score -------------------------------------------------------------------------------------


def score_work_id(video_id: str, version: str, split_hash: str) -> str:
    """Return the name of scoring the clips that a split cut from a video."""
    return content_id("work", "score", video_id, version, split_hash)


class ScoreWorker:
    """Video ids to `scores`, `clip_scores` and `crops` of their clips."""

    def __init__(
        self, root: Path, settings: ScoreSettings, survey_version: str, split_hash: str
    ) -> None:
        self.catalog = Catalog.open(root)
        self.survey_version, self.split_hash = survey_version, split_hash
        self.version = settings.version(survey_version)

    def __call__(self, items: Sequence[str]) -> Iterator[Work]:
        """Yield one work per video; clips that already have this version are passed over."""
        clips = self._clips(items)
        frames = self._frames(items)
        for survey in load_surveys(self.catalog, items, self.survey_version):
            rows: dict[str, list[object]] = {"scores": [], "clip_scores": [], "crops": []}
            todo = clips.get(survey.video_id, [])
            for clip in todo:
                wide, long, crop = score_clip(
                    clip, survey, frames.get(survey.video_id, []), self.version
                )
                rows["clip_scores"].append(wide)
                rows["scores"] += long
                rows["crops"] += [crop] if crop else []
            seconds = sum(clip.duration_s for clip in todo)
            yield Work(
                work_id=score_work_id(survey.video_id, self.version, self.split_hash),
                stage="score",
                settings_hash=self.version,
                rows=rows,
                counts=Counts(
                    num_in=len(todo), num_out=len(todo), seconds_in=seconds, seconds_out=seconds
                ),
            )

    def _clips(self, video_ids: Sequence[str]) -> dict[str, list[Clip]]:
        rows = self.catalog.rows(
            """
            select c.* exclude (batch_id)
            from splits s join clips c using (clip_id)
            where s.settings_hash = ? and s.video_id in (select unnest(?))
              and c.clip_id not in (select clip_id from clip_scores where version = ?)
            order by c.clip_id
            """,
            [self.split_hash, list(video_ids), self.version],
        )
        clips: dict[str, list[Clip]] = {}
        for row in rows:
            clips.setdefault(row["video_id"], []).append(Clip(**row))
        return clips

    def _frames(self, video_ids: Sequence[str]) -> dict[str, list[FrameMeasures]]:
        rows = self.catalog.rows(
            """
            select video_id, frame_index, sharpness, border_left_px, border_right_px,
                border_top_px, border_bottom_px
            from frames where survey_version = ? and video_id in (select unnest(?))
            order by video_id, frame_index
            """,
            [self.survey_version, list(video_ids)],
        )
        frames: dict[str, list[FrameMeasures]] = {}
        for row in rows:
            borders = Borders(
                row["border_left_px"],
                row["border_right_px"],
                row["border_top_px"],
                row["border_bottom_px"],
            )
            measured = FrameMeasures(row["frame_index"], row["sharpness"], borders)
            frames.setdefault(row["video_id"], []).append(measured)
        return frames


# -- judge -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Clips and seconds that a reason took; `reason` is None for those that are kept."""

    reason: str | None
    num_clips: int
    duration_s: float


class JudgeWorker:
    """Clip ids to tallies, by the very SQL that the view `verdicts` runs."""

    def __init__(self, root: Path, rules: Sequence[Rule], choices: Mapping[str, str]) -> None:
        self.lens = Catalog.open(root).lens(choices)
        self.rules = list(rules)

    def __call__(self, items: Sequence[str]) -> list[Tally]:
        """Return the tallies of a batch of clips of the chosen split."""
        self.lens.execute("create or replace temp table batch (clip_id varchar)")
        self.lens.execute("insert into batch select unnest(?)", [list(items)])
        source = """(
            select c.*, s.* exclude (clip_id, version, batch_id), s.clip_id is not null as is_scored
            from current_clips c
            join batch using (clip_id)
            left join current_scores s using (clip_id)
        )"""
        judged = reviewed_sql(judged_sql(self.rules, source))
        rows = self.lens.execute(
            f"""
            select v.reason, count(*), sum(c.duration_s)
            from ({judged}) v join current_clips c using (clip_id)
            group by v.reason
            """
        ).fetchall()
        return [Tally(reason=r, num_clips=n, duration_s=s) for r, n, s in rows]


# -- dedupe ------------------------------------------------------------------------------------


def load_hashes(root: Path, choices: Mapping[str, str], settings: DedupeSettings) -> list[Hashes]:
    """Return the frame hashes of every clip of the chosen split, in the order of their ids."""
    rows = (
        Catalog.open(root)
        .lens(choices)
        .sql(
            """
            select c.clip_id, c.video_id || ':' || c.shot_index as take, c.start_frame,
                c.end_frame, g.frame_index, g.hashes,
                list_transform(g.frame_index, lambda i: s.luma_mean[i + 1]) as lumas
            from current_clips c
            join signatures g using (video_id)
            join current_surveys s using (video_id)
            where g.survey_version =
                (select settings_hash from current_choices where stage = 'survey')
            order by c.clip_id
            """
        )
        .fetchall()
    )
    found: list[Hashes] = []
    for clip_id, take, start, end, indexes, hashes, lumas in rows:
        places = np.asarray(indexes, np.int64)
        inside = (places >= start) & (places < end)
        chosen = np.ascontiguousarray(np.asarray(hashes, np.int64)[inside])
        light = np.asarray(lumas, np.float32)[inside]
        found.append(informative(clip_id, take, chosen, settings, light))
    return found


class DedupeWorker:
    """Clip ids to their matches among all clips of the chosen split."""

    def __init__(self, root: Path, choices: Mapping[str, str], settings: DedupeSettings) -> None:
        clips = load_hashes(root, choices, settings)
        self.by_id = {clip.clip_id: clip for clip in clips}
        self.index = HashIndex(clips, settings)

    def __call__(self, items: Sequence[str]) -> Iterator[list[Match]]:
        """Yield the matches of each clip with clips of later ids."""
        for clip_id in items:
            yield self.index.matches(self.by_id[clip_id])
