"""Checkpoints: a folder that is either whole or not there.

    step_00000400/
      weights.safetensors     parameters as trained
      ema.safetensors         their moving average, which sampling uses
      optimizer.safetensors   optimizer state, `parameter/key`
      checkpoint.json         settings, counters, and the SHA-256 of each file above

The folder is written under another name and renamed when complete.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from schemas.errors import UserError
from schemas.ids import content_id, file_sha256

FORMAT = "rushes-checkpoint-1"
_JSON = "checkpoint.json"
_TENSOR_FILES = ("weights", "ema", "optimizer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A checkpoint as read: tensors by name, and all that JSON holds in `state`."""

    path: Path
    checkpoint_id: str
    weights: dict[str, Tensor]
    ema: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    state: dict[str, Any]


def save(
    folder: Path,
    *,
    step: int,
    weights: dict[str, Tensor],
    ema: dict[str, Tensor],
    optimizer: dict[str, Tensor],
    state: dict[str, Any],
    keep: int,
) -> tuple[Path, str]:
    """Write a checkpoint and return its path and id; older ones beyond the last `keep` go.

    The id hashes the bytes of the weights and of their average.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step_{step:08d}"
    partial = folder / f".{path.name}.{os.getpid()}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for name, tensors in zip(_TENSOR_FILES, (weights, ema, optimizer), strict=True):
        save_file({k: v.detach().contiguous() for k, v in tensors.items()}, _file(partial, name))
    hashes = {name: file_sha256(_file(partial, name)) for name in _TENSOR_FILES}
    checkpoint_id = content_id("ckpt", hashes["weights"], hashes["ema"])
    document = {"format": FORMAT, "checkpoint_id": checkpoint_id, "sha256": hashes, **state}
    (partial / _JSON).write_text(json.dumps(document, indent=2) + "\n")
    shutil.rmtree(path, ignore_errors=True)
    partial.replace(path)
    for old in checkpoints(folder)[:-keep]:
        shutil.rmtree(old)
    return path, checkpoint_id


def checkpoints(folder: Path) -> list[Path]:
    """Return the complete checkpoints in a folder, oldest first."""
    return sorted(p for p in folder.glob("step_*") if (p / _JSON).is_file())


def read_state(path: Path) -> dict[str, Any]:
    """Read what JSON holds. Raises UserError when `path` is no checkpoint of ours."""
    if not (path / _JSON).is_file():
        raise UserError(f"no checkpoint at {path}", "name a folder step_... that training wrote")
    try:
        state = json.loads((path / _JSON).read_text())
        found = state["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise _corrupt(path, f"{_JSON} cannot be read") from error
    if found != FORMAT:
        raise UserError(f"checkpoint {path} has the format {found}, not {FORMAT}", "train it again")
    return dict(state)


def load(path: Path, *, with_optimizer: bool) -> Checkpoint:
    """Read a checkpoint and check every file against its hash.

    Raises UserError when it is missing, damaged or of another format.
    """
    state = read_state(path)
    tensors: dict[str, dict[str, Tensor]] = {"optimizer": {}}
    for name in _TENSOR_FILES if with_optimizer else _TENSOR_FILES[:2]:
        file = _file(path, name)
        if not file.is_file():
            raise _corrupt(path, f"{file.name} is missing")
        if file_sha256(file) != state["sha256"][name]:
            raise _corrupt(path, f"{file.name} has changed since it was written")
        tensors[name] = load_file(file)
    return Checkpoint(path=path, checkpoint_id=state["checkpoint_id"], state=state, **tensors)


def _file(path: Path, name: str) -> Path:
    return path / f"{name}.safetensors"


def _corrupt(path: Path, why: str) -> UserError:
    return UserError(
        f"checkpoint {path} is damaged: {why}",
        "delete that folder; training then resumes from the checkpoint before it",
    )
