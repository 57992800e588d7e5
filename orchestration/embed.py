"""Vectors for every clip that survives and has none of this model yet."""

from __future__ import annotations

from dataclasses import dataclass

from captioner.embedding import EmbedSettings, load_embedder, model_name
from orchestration.run import Resources, Run

_BATCHES_PER_CALL = 4
"""A worker gets so many batches at once, and decodes one while it embeds another."""

_TODO_SQL = """
select clip_id from survivors
where clip_id not in (select clip_id from embeddings where model = ?)
order by clip_id
"""

_COUNTS_SQL = """
select count(*) filter (len(vector) > 0) as num_embedded,
    count(*) filter (len(vector) = 0) as num_outside
from embeddings
where model = ? and clip_id in (select clip_id from survivors)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What a run of `embed` did, and how many survivors have a vector of the model now.

    `num_clips` were asked about by this run; `num_outside` of all survivors are outside the
    model's domain; `num_missing` could not be decoded. `model` is empty where embeddings are
    switched off.
    """

    model: str = ""
    num_clips: int = 0
    num_embedded: int = 0
    num_outside: int = 0
    num_missing: int = 0


def embed_survivors(run: Run, settings: EmbedSettings) -> Embedded:
    """Embed the survivors that have no vector of this model yet, and commit.

    Does nothing where the settings say `off`. Vectors of other models stay. Raises UserError
    where the model's weights are missing or damaged.
    """
    if settings.model == "off":
        return Embedded()
    model = model_name(load_embedder(settings))
    todo = run.catalog.column(_TODO_SQL, [model])
    if todo:
        _embed(run, settings, todo)
    (counts,) = run.catalog.rows(_COUNTS_SQL, [model])
    missing = len(run.catalog.column(_TODO_SQL, [model]))
    return Embedded(model=model, num_clips=len(todo), num_missing=missing, **counts)


def _embed(run: Run, settings: EmbedSettings, clip_ids: list[str]) -> None:
    from captioner.embed_stage import EmbedWorker
    from pipeline.reader import ClipReader

    arguments = {
        "root": run.catalog.root,
        "settings": settings,
        "choices": run.catalog.choices(),
        "make_reader": ClipReader,
        "run_id": run.run_id,
    }
    num_workers = settings.num_workers
    if num_workers is None and settings.model == "open_clip":
        num_workers = 1
    results = run.work(
        "embed",
        clip_ids,
        EmbedWorker,
        arguments,
        batch_size=_BATCHES_PER_CALL * settings.batch_size,
        items_per_result=settings.batch_size,
        unit="clips",
        resources=Resources(
            num_workers=num_workers, num_cpus=settings.num_cpus, num_gpus=settings.num_gpus
        ),
    )
    run.commit_stream(results)
