"""Every measure of a generator in one place: prompts, sizes, tasks, beside their reference rows.

The cases are drawn by the world for evaluation, in splits that no training footage belongs to.
Beside the model stand the same measures of the scenes themselves (what the parser can see at
all), of the scenes as the codec gives them back, and of samples read against another prompt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.make import Making, make_batch
from generator.measure_codec import reconstruct
from generator.measure_prompts import Answer, binding, compare, frames_at, shares
from generator.measure_tasks import Case, TaskMeasures, draw_cases
from generator.sample import LoadedCheckpoint
from generator.settings import EvaluateSettings, SampleSettings
from schemas.facts import Facts
from schemas.frames import World
from schemas.wording.read import read

Pixels = NDArray[np.uint8]
Numbers = dict[str, Any]
Sheet = tuple[Pixels, tuple[bool, ...]]

_BATCH = 32
_FIRST_SEED = 10_000
_TASK_SEED = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What was measured: plain numbers for JSON, and pictures by the name of their measure.

    A sheet is a clip T,H,W,3 and, for each frame, whether it was given.
    """

    numbers: Numbers
    sheets: dict[str, tuple[Sheet, ...]]


def evaluate(
    loaded: LoadedCheckpoint,
    world: World,
    settings: EvaluateSettings,
    on_part: Callable[[str], None] = lambda name: None,
) -> Evaluation:
    """Measure all that the settings name; `on_part` hears what is next."""
    numbers: Numbers = {"prompts": {}, "sizes": {}, "tasks": {}}
    sheets: dict[str, tuple[Sheet, ...]] = {}
    for split in settings.splits:
        for count in settings.num_objects:
            name = f"{split}, {count} object{'s' if count > 1 else ''}"
            on_part(f"prompts: {name}")
            found, shown = measure_prompts(
                loaded, world, settings, settings.sample(), split=split, num_objects=count
            )
            numbers["prompts"][name] = found
            sheets[f"prompts: {name}"] = shown
    for width, height, seconds in settings.sizes:
        name = f"{width}x{height}, {seconds:g} s"
        on_part(f"size {name}")
        at_size = settings.sample(width_px=width, height_px=height, seconds=seconds)
        found, shown = measure_prompts(
            loaded, world, settings, at_size, split="seen", num_objects=1, count=settings.num_sized
        )
        numbers["sizes"][name] = found
        sheets[f"size {name}"] = shown
    measures = TaskMeasures(
        loaded,
        world,
        settings.sample(),
        num_cases=settings.num_cases,
        first_seed=_TASK_SEED + settings.seed,
    )
    for task in settings.tasks:
        on_part(f"task {task}")
        measured = measures.run(task)
        numbers["tasks"][task] = dict(measured.numbers)
        sheets[f"task {task}"] = measured.sheets[: settings.num_shown]
    return Evaluation(numbers=numbers, sheets=sheets)


def measure_prompts(
    loaded: LoadedCheckpoint,
    world: World,
    settings: EvaluateSettings,
    sampling: SampleSettings,
    *,
    split: str,
    num_objects: int,
    count: int | None = None,
) -> tuple[Numbers, tuple[Sheet, ...]]:
    """Sample held-out scenes' captions, read the samples, and compare; with reference rows."""
    cases = draw_cases(
        world,
        settings.num_prompts if count is None else count,
        sampling,
        split=split,
        num_objects=num_objects,
        first_seed=_FIRST_SEED + settings.seed,
        length=settings.length,
    )
    started = time.perf_counter()
    videos: list[Pixels] = []
    for start in range(0, len(cases), _BATCH):
        part = cases[start : start + _BATCH]
        makings = [Making(prompt=case.prompt) for case in part]
        videos += make_batch(loaded, makings, sampling, seeds=[case.seed for case in part])
    seconds = time.perf_counter() - started
    asked = [stated(case) for case in cases]
    shown = [_read(world, video, sampling.fps) for video in videos]
    scenes = [case.clip.frames.pixels_THWC for case in cases]
    kept = [_read(world, reconstruct(loaded.codec, scene), sampling.fps) for scene in scenes]
    truth = [_read(world, scene, sampling.fps) for scene in scenes]
    numbers: Numbers = {
        "model": _plain(asked, shown),
        "scenes": _plain(asked, truth),
        "codec": _plain(asked, kept),
        "other_prompt": _plain(asked, [*shown[1:], *shown[:1]]),
        "seconds_per_sample": seconds / len(cases),
    }
    if num_objects == 2:
        numbers["binding"] = binding(asked, shown)
        numbers["binding_of_scenes"] = binding(asked, truth)
    return numbers, tuple((video, (False,) * len(video)) for video in videos[: settings.num_shown])


def stated(case: Case) -> Facts:
    """Return the facts that a case's prompt states."""
    return read(case.prompt)


def _read(world: World, pixels_THWC: Pixels, fps: float) -> Facts:
    return world.read(frames_at(pixels_THWC, fps))


def _plain(asked: Sequence[Facts], shown: Sequence[Facts]) -> dict[str, dict[str, float]]:
    answers: list[Answer] = [compare(a, s) for a, s in zip(asked, shown, strict=True)]
    return {name: share.plain() for name, share in shares(answers).items()}
