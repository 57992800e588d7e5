"""The stream of training batches: which scenes a step sees follows from its number alone."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from functools import lru_cache
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from captioner.tiny.negatives import draw_negative
from captioner.tiny.settings import TinySettings
from captioner.tiny.shards import (
    Shard,
    draw_shard,
    load_shard,
    remove_shard,
    save_shard,
    shard_path,
)
from captioner.tiny.targets import Batch, take
from schemas.errors import UserError
from schemas.frames import World

Pixels = NDArray[np.uint8]
_WAIT_S = 0.2


class Stream:
    """Batches by step. Waits for shards that are not drawn yet, and removes used ones."""

    def __init__(
        self,
        settings: TinySettings,
        folder: Path,
        *,
        negatives: Sequence[Pixels] = (),
        drawer: Drawer | None = None,
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.negatives = negatives
        self.drawer = drawer
        self.open = lru_cache(maxsize=settings.shards_in_use + 8)(self._load)

    def shards_of(self, step: int) -> range:
        """Return the shards that the batch of `step` may come from."""
        settings = self.settings
        shown = step * settings.batch_size / settings.views_per_scene
        first = settings.first_shard + int(shown / settings.scenes_per_shard)
        in_use = settings.shards_at_first + step // settings.grow_every
        return range(first, first + min(in_use, settings.shards_in_use))

    def batch(self, step: int) -> Batch:
        """Return the batch of a step: the same for the same settings, whatever came before."""
        settings = self.settings
        rng = np.random.default_rng([settings.seed, step])
        number = int(rng.choice(self.shards_of(step)))
        shard = self.open(number)
        count = min(settings.batch_size, len(shard.facts))
        rows = rng.choice(len(shard.facts), count, replace=False)
        mirror = shard.can_mirror_N[rows] & (rng.random(count) < settings.mirror_share)
        is_short = rng.random(count) < settings.short_share
        batch = take(shard, rows, mirror, ["short" if short else "long" for short in is_short])
        frames = batch.frames_BTHWC.numpy()
        for i in np.flatnonzero(rng.random(count) < settings.negative_share):
            height, width = frames.shape[2:4]
            frames[i] = draw_negative(rng, (frames.shape[1], height, width), self.negatives)
            batch.is_world_B[i] = 0
        for i in np.flatnonzero(rng.random(count) < settings.damage_share):
            frames[i] = damaged(rng, frames[i])
        self._forget(self.shards_of(step).start)
        return batch

    def _load(self, number: int) -> Shard:
        path = shard_path(self.folder, number)
        while not path.is_file():
            if self.drawer is not None and not self.drawer.is_alive():
                raise UserError(
                    f"the process that draws scenes into {self.folder} has ended",
                    "look for its error above; there may be no room left on the disk",
                )
            time.sleep(_WAIT_S)
        return load_shard(self.folder, number)

    def _forget(self, first: int) -> None:
        if self.drawer is not None:
            self.drawer.want(first)


class Drawer:
    """A process in the background that draws the shards in use and the next ones.

    It removes shards that are not used any more, and ends with its parent.
    """

    def __init__(self, world: World, settings: TinySettings, folder: Path, first: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._first = context.Value("q", first)
        self._process: SpawnProcess = context.Process(
            target=_draw_on, args=(world, settings, folder, self._first, os.getpid()), daemon=True
        )
        self._process.start()

    def want(self, first: int) -> None:
        """Tell the number of the first shard that is still used."""
        self._first.value = first

    def is_alive(self) -> bool:
        """Whether the process is still drawing."""
        return self._process.is_alive()

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join()


def _draw_on(
    world: World, settings: TinySettings, folder: Path, first: object, parent: int
) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    os.nice(5)
    ahead = 4
    number = removed = first.value  # type: ignore[attr-defined]
    while os.getppid() == parent:
        start = first.value  # type: ignore[attr-defined]
        while removed < start:
            remove_shard(folder, removed)
            removed += 1
        number = max(number, start)
        if number >= start + settings.shards_in_use + ahead:
            time.sleep(_WAIT_S)
            continue
        if not shard_path(folder, number).is_file():
            save_shard(folder, number, draw_shard(world, settings, number))
        number += 1


def damaged(rng: np.random.Generator, frames_THWC: Pixels) -> Pixels:
    """Return frames that went through what footage goes through.

    Compression, resizing, noise and another exposure: each by lot, all slight.
    """
    frames = frames_THWC
    if rng.random() < 0.3:
        gain, shift = rng.uniform(0.9, 1.08), rng.uniform(-8, 8)
        frames = _bytes(frames * gain + shift)
    if rng.random() < 0.4:
        height, width = frames.shape[1:3]
        scale = rng.uniform(0.6, 1.0) if rng.random() < 0.6 else rng.uniform(1.2, 2.5)
        small = (max(8, round(width * scale)), max(8, round(height * scale)))
        frames = np.stack(
            [
                cv2.resize(cv2.resize(one, small, interpolation=cv2.INTER_AREA), (width, height))
                for one in frames
            ]
        )
    if rng.random() < 0.25:
        frames = _bytes(frames + rng.normal(scale=rng.uniform(1, 7), size=frames.shape))
    if rng.random() < 0.6:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 96))]
        frames = np.stack([_jpeg(one, quality) for one in frames])
    return frames


def _jpeg(frame: Pixels, quality: list[int]) -> Pixels:
    coded = cv2.imencode(".jpg", frame, quality)[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), dtype=np.uint8)


def _bytes(values: NDArray[np.floating[Any]]) -> Pixels:
    rounded: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded
