"""Sample from a checkpoint: every task, the files that are given and written, and the rows.

A checkpoint is a folder that training wrote, its id in the catalogue, the newest one there, or
the weights that come with the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from orchestration.progress import say, stage_progress
from orchestration.run import Run
from schemas.catalog import Catalog
from schemas.errors import MediaError, UserError
from schemas.expansion import Expansion
from schemas.ids import content_id, file_sha256
from schemas.records import Counts, Sample, Work

if TYPE_CHECKING:
    from captioner.expanding.settings import ExpandSettings
    from generator.make import Making
    from generator.sample import LoadedCheckpoint
    from generator.settings import SampleSettings

MAX_GIVEN_S = 60.0
"""Of a given video, so much is read."""
_MAX_SIDE_PX = 1920
_TIMEOUT_S = 120.0
_TASK_NAMES = {"text": "text_to_video", "image": "text_to_image"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """A video that was written, and its row."""

    path: Path
    record: Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asked for: a task with its files, before anything is read.

    `size` is None where the given files, or else the training, decide it. `prototype_px`: make it
    small first, of about so many pixels, then at full size.
    """

    prompt: str
    task: str = "text"
    images: tuple[Path, ...] = ()
    videos: tuple[Path, ...] = ()
    at_s: tuple[float, ...] = ()
    strength: float = 0.7
    box: tuple[float, float, float, float] | None = None
    paste: bool = False
    size: tuple[int, int] | None = None
    prototype_px: int | None = None


def find_checkpoint(catalog: Catalog, name: str | None) -> tuple[Path, str]:
    """Return the path and id of a checkpoint: by path, by id, or the newest one.

    Where the catalogue has none, it is the one that comes with the package. Raises UserError
    for a name that is none of these.
    """
    from generator.checkpoint import SHIPPED, named, read_state

    rows = catalog.rows("select checkpoint_id, path from checkpoints order by created_at desc")
    for row in rows:
        if name in (None, row["checkpoint_id"]):
            return catalog.root / row["path"], row["checkpoint_id"]
    name = name or SHIPPED
    path = named(name)
    if not path.exists():
        raise UserError(
            f"no checkpoint `{name}` in {catalog.root}",
            "train one: rushes train generator --dataset NAME",
        )
    return path, str(read_state(path)["checkpoint_id"])


def catalog_for(checkpoint: str | None, root: Path) -> Catalog:
    """Open the catalogue; where the weights lie elsewhere it need not be there, and is made.

    Raises UserError where only a catalogue can say where the checkpoint lies, and there is none.
    """
    from generator.checkpoint import SHIPPED, named

    if named(checkpoint or SHIPPED).exists():
        return Catalog.create(root)
    return Catalog.open(root)


def sample_videos(
    run: Run,
    checkpoint: str | None,
    asked: Sequence[Asked],
    settings: SampleSettings,
    *,
    seeds: Sequence[int] | None = None,
    out: Sequence[Path] | None = None,
    expand: ExpandSettings | None = None,
) -> list[Generated]:
    """Generate one video for each thing asked for; write the files and their rows.

    Without `out` the files go to `<catalog>/samples/<sample id>.mp4`; a name that ends in `.png`
    gets the first frame. With `expand` the generator reads what became of each prompt, and
    what is to be said about that is said.
    """
    from generator.sample import load_checkpoint

    path, checkpoint_id = find_checkpoint(run.catalog, checkpoint)
    loaded = load_checkpoint(path)
    used = list(seeds) if seeds is not None else [settings.seed] * len(asked)
    read = _expanded(run.catalog, checkpoint_id, [one.prompt for one in asked], expand, used)
    done: list[Generated] = []
    with stage_progress("sample", len(asked)) as progress:
        for index, (one, seed) in enumerate(zip(asked, used, strict=True)):
            making, how = _making(loaded, one, read[index].used, settings, seed)
            pixels = _made(loaded, making, how, one)
            target = out[index] if out is not None else None
            done.append(_written(run, pixels, one, read[index], how, checkpoint_id, target, index))
            progress.advance()
    run.seconds["sample"] = progress.elapsed_s
    run.commit(
        [
            Work(
                work_id=content_id("work", "sample", g.record.sample_id, run.run_id, str(g.path)),
                stage="sample",
                settings_hash=settings.hash(g.record.checkpoint_id),
                rows={"samples": [g.record]},
                counts=Counts(num_in=1, num_out=1),
            )
            for g in done
        ]
    )
    return done


def _made(
    loaded: LoadedCheckpoint, making: Making, settings: SampleSettings, asked: Asked
) -> NDArray[np.uint8]:
    """Make it: at once, or small first."""
    from generator.clips import training_size
    from generator.make import enlarge, make

    if asked.prototype_px is None:
        return make(loaded, making, settings)
    if making.images or making.videos:
        raise UserError(
            "a prototype is made from a prompt alone",
            "leave out --prototype, or --image and --video",
        )
    width, height = training_size(
        settings.width_px, settings.height_px, max_pixels=asked.prototype_px, multiple=8
    )
    small = make(
        loaded, making, settings.model_copy(update={"width_px": width, "height_px": height})
    )
    return enlarge(loaded, making.prompt, small, settings)


def _making(
    loaded: LoadedCheckpoint, asked: Asked, prompt: str, settings: SampleSettings, seed: int
) -> tuple[Making, SampleSettings]:
    """Read the given files and return the task with its settings: size, seed, one frame or many."""
    from generator.make import NEEDS, Making

    if asked.task not in NEEDS:
        raise UserError(f"unknown task `{asked.task}`", f"one of {', '.join(NEEDS)}")
    making = Making(
        task=asked.task,  # type: ignore[arg-type]
        prompt=prompt,
        at_s=asked.at_s,
        strength=asked.strength,
        box=asked.box,
        paste=asked.paste,
    )
    files = [*asked.images, *asked.videos]
    raw = [read_given(path, fps=None if path in asked.images else settings.fps) for path in files]
    width, height = _size(loaded, asked, settings, raw)
    changes: dict[str, Any] = {"width_px": width, "height_px": height, "seed": seed}
    if asked.task == "image":
        changes["seconds"] = 1.0 / settings.fps
    sized = [_fitted(pixels, width, height) for pixels in raw]
    images = tuple(pixels[0] for pixels in sized[: len(asked.images)])
    return (
        replace(making, images=images, videos=tuple(sized[len(asked.images) :])),
        settings.model_copy(update=changes),
    )


def _size(
    loaded: LoadedCheckpoint,
    asked: Asked,
    settings: SampleSettings,
    given: Sequence[NDArray[np.uint8]],
) -> tuple[int, int]:
    """Return the size asked for, else the given pictures' own within the training's pixels."""
    from generator.clips import training_size

    if asked.size is not None:
        return asked.size
    if not given:
        return settings.width_px, settings.height_px
    _, height, width, _ = given[0].shape
    limit = loaded.train_settings.max_pixels
    return training_size(width, height, max_pixels=limit, multiple=8)


def read_given(path: Path, *, fps: float | None) -> NDArray[np.uint8]:
    """Return the frames T,H,W,3 of a file at a rate (nearest in time), or its first picture alone.

    Decoded in a child process. Raises UserError for what is not there or cannot be decoded.
    """
    from pipeline.containment import Contained
    from pipeline.reader import read_start

    if not path.is_file():
        raise UserError(f"no such file: {path}", "name an image or a video file")
    with Contained() as child:
        try:
            pixels, times_s = child.call(
                read_start,
                _TIMEOUT_S,
                path,
                max_frames=1 if fps is None else int(MAX_GIVEN_S * 60),
                max_side_px=_MAX_SIDE_PX if fps is None else 640,
            )
        except MediaError as error:
            raise UserError(f"{path} cannot be read: {error.reason}", str(error)) from error
    if fps is None:
        return pixels
    gap = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 1.0 / fps
    wanted = np.arange(max(1, round((times_s[-1] + gap) * fps))) / fps
    nearest = np.abs(times_s[None] - wanted[:, None]).argmin(1)
    chosen: NDArray[np.uint8] = pixels[nearest]
    return chosen


def _fitted(pixels_THWC: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Cut the middle of frames to an aspect, and scale it to the size."""
    from generator.make import resized

    _, h, w, _ = pixels_THWC.shape
    if (w, h) == (width, height):
        return pixels_THWC
    scale = max(width / w, height / h)
    cut_w, cut_h = min(w, round(width / scale)), min(h, round(height / scale))
    top, left = (h - cut_h) // 2, (w - cut_w) // 2
    return resized(
        np.ascontiguousarray(pixels_THWC[:, top : top + cut_h, left : left + cut_w]), width, height
    )


def _written(
    run: Run,
    pixels: NDArray[np.uint8],
    asked: Asked,
    read: Expansion,
    settings: SampleSettings,
    checkpoint_id: str,
    target: Path | None,
    index: int,
) -> Generated:
    """Write one video, or one picture, and return its row."""
    from pipeline.media import Mp4Writer, write_picture

    folder = run.catalog.root / "samples"
    path = target if target is not None else folder / f".{run.run_id}-{index}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".png":
        write_picture(path, pixels[0])
    else:
        Mp4Writer().write(path, pixels, fps=settings.fps)
    sha256 = file_sha256(path)
    sample_id = content_id("smp", sha256)
    if target is None:
        path = path.rename(folder / f"{sample_id}.mp4")
    inside = path.resolve().is_relative_to(run.catalog.root)
    shown = path.resolve().relative_to(run.catalog.root) if inside else path.resolve()
    record = Sample(
        sample_id=sample_id,
        checkpoint_id=checkpoint_id,
        path=str(shown),
        sha256=sha256,
        prompt=asked.prompt,
        expanded_prompt=read.used,
        expander=read.expander,
        task=_TASK_NAMES.get(asked.task, asked.task),
        inputs=[str(path) for path in (*asked.images, *asked.videos)],
        seed=settings.seed,
        num_steps=settings.num_steps,
        guidance_scale=settings.guidance_scale,
        settings_json=settings.model_dump_json(),
        width_px=pixels.shape[2],
        height_px=pixels.shape[1],
        num_frames=len(pixels),
        fps=settings.fps,
        run_id=run.run_id,
        created_at=datetime.now(UTC),
    )
    return Generated(path=path, record=record)


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


def said(generated: Sequence[Generated]) -> None:
    """Say where the videos are."""
    for one in generated:
        say(f"{one.path}  ({one.record.sample_id})")
