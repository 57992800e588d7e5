"""Curation from files to keepers: each stage asks the catalogue what is left, does it, commits.

Ids come from content and settings, so "what is left" is a set difference. A changed setting
gives a new settings hash: that stage and those that build on it have work again, the others
have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestration.progress import say
from orchestration.recipe import Recipe
from orchestration.run import Run
from pipeline.dedupe.alignment import Match
from pipeline.dedupe.groups import group_matches
from pipeline.embedded import embedded_clips, match_embedded
from pipeline.ingest import FoundFile, find_files
from pipeline.judge.rules import rules_of
from pipeline.split.boundaries import SPLIT_CODE_VERSION
from schemas.ids import content_id, set_digest
from schemas.records import Counts, Video, Work


@dataclass(frozen=True)
class Plan:
    """The settings hashes of a recipe: what the rows of each stage will carry."""

    recipe: Recipe
    embeddings: str = ""
    """Digest of the embeddings that the dedupe compares; empty where it compares none."""

    @cached_property
    def survey(self) -> str:
        """Version of the survey."""
        return self.recipe.survey.version()

    @cached_property
    def split(self) -> str:
        """Hash of the split, on that survey."""
        return self.recipe.split.hash(SPLIT_CODE_VERSION, self.survey)

    @cached_property
    def score(self) -> str:
        """Version of the scores, on that survey."""
        return self.recipe.score.version(self.survey)

    @cached_property
    def judge(self) -> str:
        """Hash of the rules."""
        return self.recipe.judge.hash()

    @cached_property
    def dedupe(self) -> str:
        """Hash of the dedupe, among that split's clips and with these embeddings."""
        compared = [self.embeddings] if self.embeddings else []
        return self.recipe.dedupe.hash(self.survey, self.split, *compared)

    @property
    def choices(self) -> dict[str, str]:
        """Stage -> settings hash."""
        names = ("survey", "split", "score", "judge", "dedupe")
        return {name: getattr(self, name) for name in names}

    @property
    def choices_with_values(self) -> dict[str, tuple[str, Any]]:
        """Stage -> settings hash and the settings themselves."""
        return {
            name: (digest, getattr(self.recipe, name).model_dump(mode="json"))
            for name, digest in self.choices.items()
        }


def curate(run: Run, paths: Sequence[Path]) -> None:
    """Ingest, survey, split, score, judge and dedupe all that is not done yet.

    The views show the new settings once all stages are through; in a catalogue that shows
    nothing yet they do so from the start, so that progress can be queried.
    """
    files = find_files(paths)
    plan = Plan(run.recipe)
    if not run.catalog.choices():
        run.choose(plan.choices_with_values)
    _ingest(run, files)
    _survey(run, plan)
    _split(run, plan)
    _score(run, plan)
    _judge(run, plan)
    plan = _dedupe(run, plan)
    run.choose(plan.choices_with_values)


def _ingest(run: Run, files: Sequence[FoundFile]) -> None:
    from pipeline.stage import IngestWorker

    done = run.catalog.done("ingest")
    todo = [file for file in files if file.work_id not in done]
    arguments = {"settings": run.recipe.ingest, "run_id": run.run_id}
    results = run.work("ingest", todo, IngestWorker, arguments, unit="files")
    run.commit_stream(_once_per_video(run, results))


def _once_per_video(run: Run, works: Iterator[Work]) -> Iterator[Work]:
    """Drop the `videos` row of a byte-identical copy; its `sources` row stays."""
    known: set[str] | None = None
    for work in works:
        if known is None:
            known = set(run.catalog.column("select video_id from videos"))
        videos = [video for video in work.rows.get("videos", []) if isinstance(video, Video)]
        new: list[object] = [video for video in videos if video.video_id not in known]
        known.update(video.video_id for video in videos)
        yield replace(work, rows={**work.rows, "videos": new})


def _survey(run: Run, plan: Plan) -> None:
    from pipeline.stage import SurveyItem, SurveyWorker, survey_work_id

    done = run.catalog.done("survey")
    rows = run.catalog.rows(
        """
        select v.video_id, min(s.uri) as uri, any_value(v.duration_s) as duration_s,
            any_value(v.stated_duration_s) as stated_duration_s
        from videos v join sources s using (video_id)
        group by v.video_id
        order by duration_s desc, v.video_id
        """
    )
    todo = [
        SurveyItem(**row)
        for row in rows
        if survey_work_id(row["video_id"], plan.survey) not in done
    ]
    arguments = {"settings": run.recipe.survey, "run_id": run.run_id}
    run.commit_stream(run.work("survey", todo, SurveyWorker, arguments))


def _surveyed(run: Run, plan: Plan) -> list[str]:
    return run.catalog.column(
        "select video_id from surveys where survey_version = ? order by video_id", [plan.survey]
    )


def _split(run: Run, plan: Plan) -> None:
    from pipeline.stage import SplitWorker, split_work_id

    done = run.catalog.done("split")
    todo = [v for v in _surveyed(run, plan) if split_work_id(v, plan.split) not in done]
    arguments = {
        "root": run.catalog.root,
        "settings": run.recipe.split,
        "settings_hash": plan.split,
        "survey_version": plan.survey,
    }
    run.commit_stream(run.work("split", todo, SplitWorker, arguments, batch_size=16))


def _score(run: Run, plan: Plan) -> None:
    from pipeline.stage import ScoreWorker, score_work_id

    done = run.catalog.done("score")
    todo = [v for v in _surveyed(run, plan) if score_work_id(v, plan.score, plan.split) not in done]
    arguments = {
        "root": run.catalog.root,
        "settings": run.recipe.score,
        "survey_version": plan.survey,
        "split_hash": plan.split,
    }
    run.commit_stream(run.work("score", todo, ScoreWorker, arguments, batch_size=16))


def _clip_ids(run: Run, plan: Plan) -> list[str]:
    return run.catalog.column(
        "select clip_id from splits where settings_hash = ? order by clip_id", [plan.split]
    )


def _judge(run: Run, plan: Plan) -> None:
    from pipeline.stage import JudgeWorker

    clips = _clip_ids(run, plan)
    work_id = content_id("work", "judge", plan.judge, plan.score, set_digest(clips))
    if not clips or work_id in run.catalog.done("judge"):
        return
    rules = rules_of(run.recipe.judge, plan.judge)
    known = run.catalog.column("select 1 from rules where settings_hash = ?", [plan.judge])
    arguments = {"root": run.catalog.root, "rules": rules, "choices": plan.choices}
    results = run.work("judge", clips, JudgeWorker, arguments, batch_size=4096, unit="clips")
    tallies = list(results)
    kept = [tally for tally in tallies if tally.reason is None]
    dropped = [tally for tally in tallies if tally.reason is not None]
    counts = Counts(
        num_in=len(clips),
        num_out=sum(tally.num_clips for tally in kept),
        num_rejected=sum(tally.num_clips for tally in dropped),
        seconds_in=sum(tally.duration_s for tally in tallies),
        seconds_out=sum(tally.duration_s for tally in kept),
        seconds_rejected=sum(tally.duration_s for tally in dropped),
    )
    rows: dict[str, list[object]] = {} if known else {"rules": list(rules)}
    run.commit(
        [
            Work(
                work_id=work_id,
                stage="judge",
                settings_hash=plan.judge,
                rows=rows,
                counts=counts,
            )
        ]
    )


def _dedupe(run: Run, plan: Plan) -> Plan:
    """Group near-duplicates; return the plan with the embeddings that were compared."""
    from pipeline.stage import DedupeWorker

    settings = run.recipe.dedupe
    clips = _clip_ids(run, plan)
    embedded = embedded_clips(run.catalog, plan.split, settings)
    plan = replace(plan, embeddings=embedded.digest)
    work_id = content_id("work", "dedupe", plan.dedupe, set_digest(clips))
    if not clips or work_id in run.catalog.done("dedupe"):
        return plan
    arguments: Mapping[str, Any] = {
        "root": run.catalog.root,
        "choices": plan.choices,
        "settings": settings,
    }
    matches: list[Match] = []
    for found in run.work("dedupe", clips, DedupeWorker, arguments, batch_size=64, unit="clips"):
        matches += found
    if settings.semantic_similarity is not None:
        semantic = match_embedded(run.catalog, plan.split, settings, embedded)
        matches += semantic.matches
        say(
            f"  {'semantic':<8} {semantic.num_clips:>6} clips   {semantic.num_alike:,} of "
            f"{semantic.num_pairs:,} pairs alike"
        )
    known = {
        (row["clip_id"], row["group_id"], row["nearest_clip_id"], row["distance"])
        for row in run.catalog.rows(
            "select clip_id, group_id, nearest_clip_id, distance from duplicates "
            "where settings_hash = ?",
            [plan.dedupe],
        )
    }
    groups = group_matches(matches, plan.dedupe)
    new: list[object] = [
        d for d in groups if (d.clip_id, d.group_id, d.nearest_clip_id, d.distance) not in known
    ]
    counts = Counts(num_in=len(clips), num_out=len(clips))
    run.commit(
        [
            Work(
                work_id=work_id,
                stage="dedupe",
                settings_hash=plan.dedupe,
                rows={"duplicates": new},
                counts=counts,
            )
        ]
    )
    return plan
