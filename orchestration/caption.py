"""Captions for every clip that survives and has none by this captioner yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from captioner.backend import load_backend
from captioner.identity import caption_settings_hash
from captioner.request import Attempt
from captioner.settings import CaptionSettings
from orchestration.run import Resources, Run
from schemas.ids import content_id, set_digest
from schemas.records import Caption, Work

_BATCHES_PER_CALL = 4
"""A worker gets so many batches at once, and decodes one while it describes another."""
_MODELS = ("transformers", "openai", "vllm")
"""Captioners that may write the same words about clips that differ."""
_VLLM_BATCH = 256
"""Clips per start of vLLM's engines, whose frames are in memory together."""
MAX_SHARED = 3
"""A long caption of a model that stands on more clips than this is no description."""

_TODO_SQL = """
select clip_id from survivors
where clip_id not in
    (select clip_id from captions where settings_hash = ? and clip_id is not null)
order by clip_id
"""

_LONG_SQL = """
select clip_id, text, attempt from captions
where settings_hash = ? and kind = 'long' and status = 'ok' and captioner = ?
qualify row_number() over (partition by clip_id order by created_at desc, caption_id) = 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Captioned:
    """What a run of the captioner did: clips asked about, and how many texts had what status."""

    num_clips: int
    statuses: dict[str, int]


def caption(run: Run, settings: CaptionSettings) -> Captioned:
    """Write captions for the survivors that lack them.

    Captions of other settings stay: recaptioning appends. The views then prefer these. Where
    a model has written one text for many clips, those are asked about once more.
    """
    captioner = load_backend(settings.backend, settings)
    settings_hash = caption_settings_hash(settings, captioner)
    captioner.close()
    todo = run.catalog.column(_TODO_SQL, [settings_hash])
    _describe(run, settings, todo, None)
    if todo and settings.backend in _MODELS:
        _ask_again(run, settings, settings_hash)
    run.choose({"caption": (settings_hash, settings.model_dump(mode="json"))})
    return Captioned(num_clips=len(todo), statuses=count_statuses(run, settings_hash))


def count_statuses(run: Run, settings_hash: str) -> dict[str, int]:
    """Return how many clips have what status, by their last row of these settings."""
    rows = run.catalog.rows(
        """
        select status, count(*) as num_clips
        from (
            select status from captions
            where settings_hash = ? and clip_id is not null and kind <> 'window'
            qualify row_number() over (
                partition by clip_id order by created_at desc, status = 'ok' desc, attempt desc
            ) = 1
        )
        group by status order by num_clips desc
        """,
        [settings_hash],
    )
    return {row["status"]: row["num_clips"] for row in rows}


def _describe(
    run: Run, settings: CaptionSettings, clip_ids: list[str], first: Attempt | None
) -> None:
    from captioner.stage import CaptionWorker
    from pipeline.media import Mp4Writer
    from pipeline.reader import ClipReader

    arguments: dict[str, Any] = {
        "root": run.catalog.root,
        "settings": settings,
        "choices": run.catalog.choices(),
        "make_reader": ClipReader,
        "make_writer": Mp4Writer,
        "first": first,
        "run_id": run.run_id,
    }
    if settings.backend == "vllm":
        # It brings its own Ray actors, starts them with every batch, and is driven from here.
        size = max(settings.batch_size, _VLLM_BATCH)
        arguments["settings"] = settings.model_copy(update={"batch_size": size})
        if clip_ids:
            run.commit_stream(CaptionWorker(**arguments)(clip_ids))
        return
    num_workers = settings.num_workers
    if num_workers is None and settings.backend in _MODELS:
        num_workers = 1
    results = run.work(
        "caption",
        clip_ids,
        CaptionWorker,
        arguments,
        batch_size=_BATCHES_PER_CALL * settings.batch_size,
        items_per_result=settings.batch_size,
        unit="clips",
        resources=Resources(
            num_workers=num_workers, num_cpus=settings.num_cpus, num_gpus=settings.num_gpus
        ),
    )
    run.commit_stream(results)


def _ask_again(run: Run, settings: CaptionSettings, settings_hash: str) -> None:
    """Ask once more about clips that share one text; what is shared still is a `duplicate`."""
    from captioner.ladder import next_attempt

    shared = _shared(run, settings, settings_hash)
    start = Attempt(max_new_tokens=settings.max_new_tokens, seed=settings.seed)
    attempt = next_attempt(settings, start, "duplicate", request_id="")
    if shared and attempt is not None:
        _describe(run, settings, shared, attempt)
        shared = _shared(run, settings, settings_hash)
    if shared:
        run.commit([_mark_duplicates(run, settings_hash, shared)])


def _shared(run: Run, settings: CaptionSettings, settings_hash: str) -> list[str]:
    from captioner.gate import find_shared

    rows = run.catalog.rows(_LONG_SQL, [settings_hash, settings.backend])
    texts = {row["clip_id"]: row["text"] for row in rows}
    return sorted(find_shared(texts, limit=MAX_SHARED))


def _mark_duplicates(run: Run, settings_hash: str, clip_ids: list[str]) -> Work:
    """Return rows that say of these clips that their newest captions are no descriptions."""
    rows = run.catalog.rows(
        """
        select * exclude (batch_id) from captions
        where settings_hash = ? and kind = 'long' and clip_id in (select unnest(?))
        qualify row_number() over (partition by clip_id order by created_at desc, caption_id) = 1
        """,
        [settings_hash, clip_ids],
    )
    now = datetime.now(UTC)
    marks: list[object] = [
        Caption(
            **{
                **row,
                "caption_id": content_id("cap", row["caption_id"], "duplicate"),
                "kind": "structured",
                "status": "duplicate",
                "message": f"the same text stands on more than {MAX_SHARED} clips",
                "created_at": now,
            }
        )
        for row in rows
    ]
    return Work(
        work_id=content_id("work", "caption", settings_hash, "duplicate", set_digest(clip_ids)),
        stage="caption",
        settings_hash=settings_hash,
        rows={"captions": marks},
    )
