"""Train the generator: what each worker is given, and the rows of what came of it.

Checkpoints lie under `<catalog>/checkpoints/<dataset>-<settings>`, so the same dataset and
settings find their own checkpoints again and go on. Latents lie under `<catalog>/latents`, named by
all that they depend on, so trainings of one codec and size share them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.progress import say
from orchestration.run import Run
from orchestration.train_workers import (
    Launcher,
    Trained,
    TrainJob,
    hush_unless_first,
    rank,
    run_job,
    was_restarted,
)
from orchestration.weights import clip_weights
from schemas.catalog import DATASETS_FOLDER
from schemas.datasets import Dataset
from schemas.errors import UserError
from schemas.frames import World
from schemas.ids import content_id
from schemas.mix import mix_report
from schemas.records import Checkpoint, ClipLoss, Counts, Latent, Work

if TYPE_CHECKING:
    from generator.settings import TrainSettings

LATENTS_FOLDER = "latents"


def train_generator(
    run: Run,
    dataset: Dataset,
    settings: TrainSettings,
    *,
    resume: bool,
    num_workers: int = 1,
    launcher: Launcher = "torchrun",
) -> Checkpoint:
    """Train on a frozen dataset and record the checkpoint; return its row.

    Training that was finished with these very settings is not repeated. Of workers that torchrun
    started, each calls this and the first records. Raises UserError where training was begun
    and `resume` does not say to go on.
    """
    hush_unless_first()
    settings_hash = settings.hash(dataset.dataset_id)
    finished = run.catalog.rows(
        "select * exclude (batch_id) from checkpoints where settings_hash = ? "
        "order by step desc limit 1",
        [settings_hash],
    )
    if finished and (run.catalog.root / finished[0]["path"]).is_dir():
        say(f"  train    already done: {finished[0]['path']}")
        return Checkpoint(**finished[0])
    from generator.settings import kept_settings

    kept = kept_settings(settings.model_dump(mode="json"))
    key = content_id("t", dataset.dataset_id, json.dumps(kept, sort_keys=True))[:10]
    folder = run.catalog.root / "checkpoints" / f"{dataset.name}-{key}"
    resume = resume or was_restarted()
    if (folder / "checkpoints").is_dir() and not resume:
        raise UserError(
            f"training on `{dataset.name}` with these settings was begun already: {folder}",
            "go on with --resume, or train another with --set train.seed=1",
        )
    if resume and (others := begun_otherwise(folder, dataset.name, settings)):
        say(f"  train    begins anew in {folder}: no training had these settings")
        say(f"  train    {others}")
    for line in mix_report(dataset, settings.captions).lines():
        say(f"  captions {line}")
    job = TrainJob(
        dataset_folder=run.catalog.root / DATASETS_FOLDER / dataset.name,
        settings=settings,
        out_dir=folder,
        latents_dir=run.catalog.root / LATENTS_FOLDER,
        resume=resume,
        weights=clip_weights(run.catalog, dataset, settings.weights),
        make_world=_make_world if settings.validation.num_prompts else None,
        current_dir=Path.cwd(),
    )
    trained, run.seconds["train"] = run_job(run, job, num_workers, launcher)
    result = trained.result
    num_read = len(dataset.clips) - len(result.account.unreadable)
    say(
        f"  train    {result.step:>6} steps   {run.seconds['train']:7.1f} s   "
        f"loss {result.loss:.4f}, {num_read} of {len(dataset.clips)} clips"
    )
    if result.reading is not None:
        say(
            f"  train    text read first: {result.reading.num_questions} questions, "
            f"{result.reading.accuracy:.1%} right about captions kept back"
        )
    for clip in result.clips:
        if clip.num_skipped:
            say(f"  train    left out {clip.num_skipped} times: {clip.clip_id}")
    return _record(run, dataset, settings, settings_hash, trained)


def begun_otherwise(folder: Path, name: str, settings: TrainSettings) -> str:
    """Return how the newest training on this dataset differs, where none is in `folder`.

    Its folder's name comes from the settings: with others, `--resume` finds nothing to go on from.
    """
    from generator.checkpoint import checkpoints, read_state

    if checkpoints(folder / "checkpoints"):
        return ""
    found = [
        path
        for other in folder.parent.glob(f"{name}-*")
        for path in checkpoints(other / "checkpoints")
    ]
    if not found:
        return ""
    newest = max(found, key=lambda path: path.stat().st_mtime)
    try:
        changed = settings.changes_from(read_state(newest)["settings"])
    except UserError as error:
        changed = [str(error)]
    return f"in {newest.parent.parent}: {', '.join(changed) or 'another version of the dataset'}"


def _make_world() -> World:
    """Return the parser that reads validation samples, in whichever process trains."""
    from pipeline.world.rushes_world import RushesWorld

    return RushesWorld()


def _record(
    run: Run, dataset: Dataset, settings: TrainSettings, settings_hash: str, trained: Trained
) -> Checkpoint:
    """Commit the checkpoint, the losses of its clips, and the latents that are not yet known."""
    result = trained.result
    record = Checkpoint(
        checkpoint_id=result.checkpoint_id,
        path=str(result.checkpoint_path.resolve().relative_to(run.catalog.root)),
        dataset_id=dataset.dataset_id,
        step=result.step,
        num_clips_seen=result.num_clips_seen,
        loss=result.loss,
        settings_hash=settings_hash,
        settings_json=settings.model_dump_json(),
        run_id=run.run_id,
        created_at=datetime.now(UTC),
    )
    work = Work(
        work_id=content_id("work", "train", record.checkpoint_id, settings_hash),
        stage="train",
        settings_hash=settings_hash,
        rows={
            "checkpoints": [record],
            "clip_losses": [
                ClipLoss(
                    clip_id=clip.clip_id,
                    checkpoint_id=record.checkpoint_id,
                    num_seen=clip.num_seen,
                    loss=clip.loss if math.isfinite(clip.loss) else None,
                    relative_loss=clip.relative_loss if math.isfinite(clip.relative_loss) else None,
                    num_skipped=clip.num_skipped,
                    run_id=run.run_id,
                    created_at=record.created_at,
                )
                for clip in result.clips
            ],
        },
        counts=Counts(num_in=len(dataset.clips), num_out=len(dataset.clips)),
    )
    if rank() == 0:
        run.commit([*_latents_work(run, trained), work])
    return record


def _latents_work(run: Run, trained: Trained) -> Sequence[Work]:
    """Return the rows of latents that are not in the catalogue, as one piece of work."""
    from generator.clips import Encoded

    root = run.catalog.root
    known = set(run.catalog.column("select path from latents"))
    rows: list[Latent] = []
    for encoded in trained.encoded:
        if not isinstance(encoded, Encoded):
            continue
        path = str(encoded.clip.path.resolve().relative_to(root))
        if path not in known:
            rows.append(
                Latent(
                    clip_id=encoded.clip.clip_id,
                    codec=encoded.codec,
                    settings_hash=encoded.key,
                    path=path,
                    num_frames=encoded.clip.num_frames,
                    fps=encoded.clip.fps,
                    width_px=encoded.width_px,
                    height_px=encoded.height_px,
                    num_tokens=encoded.clip.num_groups * math.prod(encoded.clip.grid),
                )
            )
    if not rows:
        return ()
    work_id = content_id("work", "encode", *sorted(row.path for row in rows))
    return (
        Work(
            work_id=work_id,
            stage="encode",
            settings_hash="",
            rows={"latents": [*rows]},
            counts=Counts(num_in=len(rows), num_out=len(rows)),
        ),
    )
