"""From shards to batches: what the network sees, and what it should say of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from captioner.tiny.blocks import NUM_COLOURS
from captioner.tiny.network import FRAMES_PER_MOMENT, PATCH_PX, SCENE_HEADS
from captioner.tiny.sequence import AFTER_COLOUR, Control, encode, spoken
from captioner.tiny.shards import Shard
from captioner.tiny.vocabulary import FIELD_VALUES, NONE, PAD
from schemas.facts import COLOURS, Facts

MIN_VISIBLE = 0.3
"""A slot is told of an object of which so much is seen."""
IGNORE = -100
_MIRRORED = {"left": "right", "right": "left"}


@dataclass(slots=True, kw_only=True)
class Batch:
    """Clips of one size; letters of shapes as in `network`, C colours, N tokens.

    Where a clip is no scene of the world (`is_world_B` is 0) the rest is of no meaning.
    """

    frames_BTHWC: Tensor
    times_T: Tensor
    is_world_B: Tensor
    tokens_BN: Tensor
    visible_BMC: Tensor
    cells_BMC: Tensor
    """The place of the object's centre, `IGNORE` where it is not seen."""
    state_BMCK: Tensor
    """x, y, log diameter, velocity x and y; NaN where not known."""
    camera_BM3: Tensor
    present_BC: Tensor
    objects: dict[str, Tensor]
    scene: dict[str, Tensor]


def mirrored(facts: Facts) -> Facts:
    """Return the facts of the clip seen in a mirror: left and right change places."""

    def swap(word: str | None) -> str | None:
        if word is None:
            return None
        return "_".join(_MIRRORED.get(part, part) for part in word.split("_"))

    objects = tuple(
        replace(item, place=swap(item.place), direction=swap(item.direction))
        for item in facts.objects
    )
    events = tuple(
        replace(event, target=swap(event.target)) if isinstance(event.target, str) else event
        for event in facts.events
    )
    return replace(facts, objects=objects, events=events, camera=swap(facts.camera))


def take(
    shard: Shard, rows: NDArray[np.int64], mirror: NDArray[np.bool_], controls: list[Control]
) -> Batch:
    """Return the chosen scenes of a shard as a batch, some of them mirrored."""
    order = np.argsort(rows, kind="stable")
    frames = np.empty((len(rows), *shard.frames_NTHWC.shape[1:]), dtype=np.uint8)
    for i in order:
        frames[i] = shard.frames_NTHWC[rows[i]]
    frames[mirror] = frames[mirror, :, :, ::-1]
    tracks, camera = shard.tracks_NOT4[rows].copy(), shard.camera_NT3[rows].copy()
    tracks[mirror, :, :, 0] *= -1
    camera[mirror, :, 0] *= -1
    facts = [
        mirrored(shard.facts[row]) if turned else shard.facts[row]
        for row, turned in zip(rows.tolist(), mirror.tolist(), strict=True)
    ]
    seen: dict[str, Any] = _seen_objects(
        tracks, shard.colours_NOT[rows], camera, shard.times_T, frames.shape
    )
    return Batch(
        frames_BTHWC=torch.from_numpy(frames),
        times_T=torch.from_numpy(shard.times_T).float(),
        is_world_B=torch.ones(len(rows)),
        tokens_BN=tokens_of(facts, controls),
        camera_BM3=_camera_speed(camera, shard.times_T),
        **seen,
        **_told(facts),
    )


def tokens_of(facts: list[Facts], controls: list[Control]) -> Tensor:
    """Return the structured captions, padded to one length."""
    rows = [encode(item, control) for item, control in zip(facts, controls, strict=True)]
    tokens = torch.full((len(rows), max(map(len, rows))), PAD)
    for i, row in enumerate(rows):
        tokens[i, : len(row)] = torch.tensor(row)
    return tokens


def _told(facts: list[Facts]) -> dict[str, Any]:
    count = len(facts)
    present = torch.zeros(count, NUM_COLOURS)
    objects = {name: torch.full((count, NUM_COLOURS), IGNORE) for name in AFTER_COLOUR}
    scene = {name: torch.zeros(count, dtype=torch.long) for name in SCENE_HEADS if name != "domain"}
    for b, item in enumerate(facts):
        for thing in item.objects:
            c = COLOURS.index(thing.colour or "")
            present[b, c] = 1
            for name in AFTER_COLOUR:
                value = getattr(thing, name)
                if isinstance(value, bool):
                    objects[name][b, c] = int(value)
                else:
                    values = (*(v for v in FIELD_VALUES[name] if v != NONE), None)
                    objects[name][b, c] = values.index(value)
        for name in scene:
            if name == "num_views":
                scene[name][b] = len(item.views)
            else:
                values = (*(v for v in FIELD_VALUES[name] if v != NONE), None)
                scene[name][b] = values.index(getattr(item, name))
    return {"present_BC": present, "objects": objects, "scene": scene}


def _seen_objects(
    tracks_BOT4: NDArray[np.float32],
    colours_BOT: NDArray[np.int8],
    camera_BT3: NDArray[np.float32],
    times_T: NDArray[np.float64],
    shape: tuple[int, ...],
) -> dict[str, Tensor]:
    batch, count, height, width, _ = shape
    moments = count // FRAMES_PER_MOMENT
    unit = min(height, width)
    state = np.full((batch, moments, NUM_COLOURS, 5), np.nan, dtype=np.float32)
    visible = np.zeros((batch, moments, NUM_COLOURS), dtype=np.float32)
    cells = np.full((batch, moments, NUM_COLOURS), IGNORE, dtype=np.int64)
    first = tracks_BOT4[:, :, ::2], colours_BOT[:, :, ::2]
    second = tracks_BOT4[:, :, 1::2], colours_BOT[:, :, 1::2]
    middle = (first[0] + second[0]) / 2
    seen = np.minimum(first[0][..., 3], second[0][..., 3]) > MIN_VISIBLE
    seen &= (first[1] == second[1]) & (first[1] >= 0)
    # Where things are in the scene, whatever the camera does; NaN where that is not known.
    zoom = np.exp(camera_BT3[:, None, :, 2:])
    scene = tracks_BOT4[..., :2] / zoom + camera_BT3[:, None, :, :2]
    velocity = (scene[:, :, 1::2] - scene[:, :, ::2]) / (times_T[1] - times_T[0])
    b, o, m = np.nonzero(seen)
    c = first[1][b, o, m]
    visible[b, m, c] = 1
    state[b, m, c, :2] = middle[b, o, m, :2]
    state[b, m, c, 2] = np.log(np.maximum(middle[b, o, m, 2], 0.02))
    state[b, m, c, 3:] = velocity[b, o, m]
    columns = np.floor((middle[..., 0] * unit + width / 2) / PATCH_PX).astype(np.int64)
    rows = np.floor((middle[..., 1] * unit + height / 2) / PATCH_PX).astype(np.int64)
    columns = columns.clip(0, width // PATCH_PX - 1)
    rows = rows.clip(0, height // PATCH_PX - 1)
    cells[b, m, c] = (rows * (width // PATCH_PX) + columns)[b, o, m]
    return {
        "visible_BMC": torch.from_numpy(visible),
        "cells_BMC": torch.from_numpy(cells),
        "state_BMCK": torch.from_numpy(state),
    }


def _camera_speed(camera_BT3: NDArray[np.float32], times_T: NDArray[np.float64]) -> Tensor:
    """Return what the picture's middle does: units per second as seen, and log zoom per second."""
    step = times_T[1] - times_T[0]
    speed = (camera_BT3[:, 1::2] - camera_BT3[:, ::2]) / step
    return torch.from_numpy(speed.astype(np.float32))


def told_facts(shard: Shard, rows: NDArray[np.int64], control: Control) -> list[Facts]:
    """Return what a caption of this control should tell of the chosen scenes."""
    return [spoken(shard.facts[row], control) for row in rows.tolist()]
