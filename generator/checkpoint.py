"""Checkpoints: a folder that is either whole or not there.

    step_00000400/
      weights.safetensors     parameters as trained
      ema.safetensors         their moving average, which sampling uses
      optimizer.safetensors   optimizer state, `parameter/key`; losses of the clips, `clips/key`
      checkpoint.json         settings, counters, and the SHA-256 of each file above

The folder is written under another name and renamed when complete. `best.json` beside the folders
names the one with the lowest validation loss, which is kept as long as it is that.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from schemas.errors import UserError
from schemas.ids import content_id, file_sha256

SHIPPED = "shipped"
"""Names the checkpoint that comes with the package."""

FORMAT = "rushes-checkpoint-7"
_JSON = "checkpoint.json"
_BEST = "best.json"
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

    The best one stays (see `mark_best`).

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
    best = best_checkpoint(folder)
    for old in checkpoints(folder)[:-keep]:
        if old != best:
            shutil.rmtree(old)
    return path, checkpoint_id


def mark_best(path: Path, loss: float) -> None:
    """Note that a checkpoint has the lowest validation loss so far."""
    partial = path.parent / f".{_BEST}.partial"
    partial.write_text(json.dumps({"checkpoint": path.name, "loss": loss}) + "\n")
    partial.replace(path.parent / _BEST)


def best_checkpoint(folder: Path) -> Path | None:
    """Return the checkpoint with the lowest validation loss, if one was measured and is there."""
    try:
        path = folder / str(json.loads((folder / _BEST).read_text())["checkpoint"])
    except (OSError, ValueError, KeyError):
        return None
    return path if (path / _JSON).is_file() else None


def checkpoints(folder: Path) -> list[Path]:
    """Return the complete checkpoints in a folder, oldest first."""
    return sorted(p for p in folder.glob("step_*") if (p / _JSON).is_file())


def shipped_path() -> Path:
    """Return where the checkpoint that comes with the package lies."""
    return Path(str(files("generator") / "shipped" / "generator.safetensors"))


def named(name: str) -> Path:
    """Return the path of a checkpoint: that of the shipped one where the name is `shipped`."""
    return shipped_path() if name == SHIPPED else Path(name)


def save_single(found: Checkpoint, out: Path) -> str:
    """Write a checkpoint's averaged weights as one file in half precision; return its id.

    The file says what the folder says, but for where the training's first weights lay on its
    machine; training cannot be resumed from it.
    """
    tensors = {name: value.half().contiguous() for name, value in found.ema.items()}
    state = {k: v for k, v in found.state.items() if k != "sha256"}
    state["settings"] = state["settings"] | {"init": ""}
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".partial")
    save_file(tensors, partial, metadata={"checkpoint": json.dumps(state)})
    partial.replace(out)
    return str(state["checkpoint_id"])


def _state_of_single(path: Path) -> dict[str, Any]:
    """Return what the header of a file of `save_single` says; no weights are read."""
    try:
        with safe_open(path, framework="pt") as file:
            state = json.loads((file.metadata() or {})["checkpoint"])
            return _checked_format(path, state)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} holds no checkpoint of ours", "name one that rushes wrote"
        ) from error


def _checked_format(path: Path, state: dict[str, Any]) -> dict[str, Any]:
    if state["format"] != FORMAT:
        raise UserError(
            f"checkpoint {path} has the format {state['format']}, not {FORMAT}", "train it again"
        )
    return state


def read_state(path: Path) -> dict[str, Any]:
    """Read what JSON holds. Raises UserError when `path` is no checkpoint of ours."""
    if path.is_file():
        return _state_of_single(path)
    if not (path / _JSON).is_file():
        raise UserError(f"no checkpoint at {path}", "name a folder step_... that training wrote")
    try:
        return _checked_format(path, json.loads((path / _JSON).read_text()))
    except (ValueError, KeyError, TypeError) as error:
        raise _corrupt(path, f"{_JSON} cannot be read") from error


def load(path: Path, *, with_optimizer: bool) -> Checkpoint:
    """Read a checkpoint and check every file against its hash.

    Raises UserError when it is missing, damaged or of another format.
    """
    state = read_state(path)
    if path.is_file():
        weights = {name: value.float() for name, value in load_file(path).items()}
        return Checkpoint(
            path=path,
            checkpoint_id=state["checkpoint_id"],
            weights=weights,
            ema=weights,
            optimizer={},
            state=state,
        )
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
