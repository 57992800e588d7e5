"""Train and sample the generator: its functions, the reader and writer lent to it, the rows.

Checkpoints lie under `<catalog>/checkpoints/<dataset>-<settings>`, so the same dataset and
settings find their own checkpoints again and go on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.progress import say, stage_progress
from orchestration.run import Run
from schemas.catalog import DATASETS_FOLDER, Catalog
from schemas.datasets import Dataset, load_dataset
from schemas.errors import UserError
from schemas.expansion import Expansion
from schemas.ids import content_id, file_sha256
from schemas.mix import mix_report
from schemas.records import Checkpoint, Counts, Sample, Work

if TYPE_CHECKING:
    from captioner.expanding.settings import ExpandSettings
    from generator.sample import SampleSettings
    from generator.train import TrainResult, TrainSettings

_LIMITS = {"steps", "max_minutes", "checkpoint_every", "keep_checkpoints", "num_threads"}
"""Settings that say how long and how to keep, not what is trained."""


def open_dataset(catalog: Catalog, name: str) -> Dataset:
    """Load a dataset of the catalogue by name. Raises UserError naming those that exist."""
    folder = catalog.root / DATASETS_FOLDER / name
    if not folder.is_dir() or "/" in name:
        known = sorted(catalog.column("select name from datasets"))
        raise UserError(
            f"no dataset `{name}` in {catalog.root}",
            f"known: {', '.join(known)}"
            if known
            else 'rushes freeze NAME --where "duration_s > 1"',
        )
    return load_dataset(folder)


def train_generator(
    run: Run, dataset: Dataset, settings: TrainSettings, *, resume: bool
) -> Checkpoint:
    """Train on a frozen dataset and record the checkpoint; return its row.

    Training that was finished with these very settings is not repeated. Raises UserError
    where training was begun and `resume` does not say to go on.
    """
    settings_hash = settings.hash(dataset.dataset_id)
    finished = run.catalog.rows(
        "select * exclude (batch_id) from checkpoints where settings_hash = ? "
        "order by step desc limit 1",
        [settings_hash],
    )
    if finished and (run.catalog.root / finished[0]["path"]).is_dir():
        say(f"  train    already done: {finished[0]['path']}")
        return Checkpoint(**finished[0])
    from generator.train import train
    from pipeline.reader import ClipReader

    shape = settings.model_dump(mode="json", exclude=_LIMITS)
    key = content_id("t", dataset.dataset_id, json.dumps(shape, sort_keys=True))[:10]
    folder = run.catalog.root / "checkpoints" / f"{dataset.name}-{key}"
    if (folder / "checkpoints").is_dir() and not resume:
        raise UserError(
            f"training on `{dataset.name}` with these settings was begun already: {folder}",
            "go on with --resume, or train another with --set train.seed=1",
        )
    for line in mix_report(dataset, settings.captions).lines():
        say(f"  captions {line}")
    reader = ClipReader()
    try:
        with stage_progress("train", 100) as progress:
            result = train(
                dataset,
                reader,
                settings,
                folder,
                resume=resume,
                on_step=lambda report: progress.advance(
                    int(100 * report.progress) - progress.done,
                    f"% done, step {report.step}, loss {report.loss:.4f}",
                ),
            )
    finally:
        reader.close()
    run.seconds["train"] = progress.elapsed_s
    num_read = len(dataset.clips) - len(result.account.unreadable)
    say(
        f"  train    {result.step:>6} steps   {progress.elapsed_s:7.1f} s   "
        f"loss {result.loss:.4f}, {num_read} of {len(dataset.clips)} clips"
    )
    return _record_checkpoint(run, dataset, settings, settings_hash, result)


def _record_checkpoint(
    run: Run, dataset: Dataset, settings: TrainSettings, settings_hash: str, result: TrainResult
) -> Checkpoint:
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
        rows={"checkpoints": [record]},
        counts=Counts(num_in=len(dataset.clips), num_out=len(dataset.clips)),
    )
    run.commit([work])
    return record


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """A video that was written, and its row."""

    path: Path
    record: Sample


def find_checkpoint(catalog: Catalog, name: str | None) -> tuple[Path, str]:
    """Return the folder and id of a checkpoint: by folder, by id, or the newest one.

    Raises UserError where there is none.
    """
    if name is not None and Path(name).is_dir():
        rows = catalog.rows("select checkpoint_id, path from checkpoints")
        for row in rows:
            if (catalog.root / row["path"]).resolve() == Path(name).resolve():
                return Path(name), row["checkpoint_id"]
        return Path(name), ""
    rows = catalog.rows(
        "select checkpoint_id, path from checkpoints "
        "where ? is null or checkpoint_id = ? order by created_at desc limit 1",
        [name, name],
    )
    if not rows:
        what = f"no checkpoint `{name}`" if name else "no checkpoint"
        raise UserError(
            f"{what} in {catalog.root}", "train one: rushes train generator --dataset NAME"
        )
    return catalog.root / rows[0]["path"], rows[0]["checkpoint_id"]


def sample_videos(
    run: Run,
    checkpoint: str | None,
    prompts: Sequence[str],
    settings: SampleSettings,
    *,
    seeds: Sequence[int] | None = None,
    out: Sequence[Path] | None = None,
    expand: ExpandSettings | None = None,
) -> list[Generated]:
    """Generate one video per prompt, write the files and their rows.

    Without `out` the files go to `<catalog>/samples/<sample id>.mp4`. With `expand` the
    generator reads what became of each prompt, and what is to be said about that is said.
    """
    from generator.sample import load_checkpoint, sample_batch
    from pipeline.media import Mp4Writer

    path, checkpoint_id = find_checkpoint(run.catalog, checkpoint)
    loaded = load_checkpoint(path)
    used = list(seeds) if seeds is not None else [settings.seed] * len(prompts)
    writer = Mp4Writer()
    read = _expanded(run.catalog, checkpoint_id, prompts, expand, used)
    folder = run.catalog.root / "samples"
    done: list[Generated] = []
    with stage_progress("sample", len(prompts)) as progress:
        for index, (prompt, seed) in enumerate(zip(prompts, used, strict=True)):
            pixels = sample_batch(loaded, [read[index].used], settings, seeds=[seed])[0]
            target = out[index] if out is not None else folder / f".{run.run_id}-{index}.mp4"
            target.parent.mkdir(parents=True, exist_ok=True)
            writer.write(target, pixels, fps=settings.fps)
            sha256 = file_sha256(target)
            sample_id = content_id("smp", sha256)
            if out is None:
                target = target.rename(folder / f"{sample_id}.mp4")
            inside = target.resolve().is_relative_to(run.catalog.root)
            shown = target.resolve().relative_to(run.catalog.root) if inside else target.resolve()
            record = Sample(
                sample_id=sample_id,
                checkpoint_id=checkpoint_id or loaded.checkpoint_id,
                path=str(shown),
                sha256=sha256,
                prompt=prompt,
                expanded_prompt=read[index].used,
                expander=read[index].expander,
                task="text_to_video" if settings.num_frames > 1 else "text_to_image",
                seed=seed,
                num_steps=settings.num_steps,
                guidance_scale=settings.guidance_scale,
                width_px=settings.width_px,
                height_px=settings.height_px,
                num_frames=settings.num_frames,
                fps=settings.fps,
                run_id=run.run_id,
                created_at=datetime.now(UTC),
            )
            done.append(Generated(path=target, record=record))
            progress.advance()
    run.seconds["sample"] = progress.elapsed_s
    works = [
        Work(
            work_id=content_id("work", "sample", g.record.sample_id, run.run_id, str(g.path)),
            stage="sample",
            settings_hash=settings.hash(g.record.checkpoint_id),
            rows={"samples": [g.record]},
            counts=Counts(num_in=1, num_out=1),
        )
        for g in done
    ]
    run.commit(works)
    return done


def _expanded(
    catalog: Catalog,
    checkpoint_id: str,
    prompts: Sequence[str],
    settings: ExpandSettings | None,
    seeds: Sequence[int],
) -> list[Expansion]:
    """Return what the generator reads for each prompt, and say what is to be said about it."""
    if settings is None:
        return [
            Expansion(original=prompt, expanded=prompt, used=prompt, expander="off")
            for prompt in prompts
        ]
    from orchestration.expand import make_expander, say_expansion

    expander = make_expander(catalog, settings, checkpoint_id=checkpoint_id)
    found = []
    for prompt, seed in zip(prompts, seeds, strict=True):
        expansion = expander(prompt, seed)
        say_expansion(expansion)
        found.append(expansion)
    return found
