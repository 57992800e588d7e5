"""Checkpoints of fine-tuning: what is trained, its optimizer, and how far the run is.

    step_00000100/
      weights.safetensors     the parameters that are trained, no others
      optimizer.safetensors   optimizer state, `place/key`
      checkpoint.json         step and whatever else the run wants back

The folder is written under another name and renamed when complete.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.errors import UserError

_JSON = "checkpoint.json"


def save_state(
    folder: Path, step: int, model: Any, optimizer: Any, more: Mapping[str, Any], *, keep: int
) -> None:
    """Write a checkpoint; older ones beyond the last `keep` go."""
    from safetensors.torch import save_file

    path = folder / f"step_{step:08d}"
    partial = folder / f".{path.name}.{os.getpid()}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    trained = {name: p.detach().contiguous() for name, p in _trained(model).items()}
    save_file(trained, partial / "weights.safetensors")
    moments = {
        f"{place}/{key}": value.detach().contiguous()
        for place, state in optimizer.state_dict()["state"].items()
        for key, value in state.items()
    }
    save_file(moments, partial / "optimizer.safetensors")
    (partial / _JSON).write_text(json.dumps({"step": step, **more}, indent=2) + "\n")
    shutil.rmtree(path, ignore_errors=True)
    partial.replace(path)
    for old in _whole(folder)[:-keep]:
        shutil.rmtree(old)


def load_state(folder: Path, model: Any, optimizer: Any) -> dict[str, Any] | None:
    """Put the newest checkpoint of a folder into model and optimizer, and return its JSON.

    None where there is no checkpoint. Raises UserError for one that is damaged or of another
    model.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    found = _whole(folder)
    if not found:
        return None
    path = found[-1]
    try:
        weights = load_file(path / "weights.safetensors")
        moments = load_file(path / "optimizer.safetensors")
        document: dict[str, Any] = json.loads((path / _JSON).read_text())
        _put(weights, model)
        state = optimizer.state_dict()
        state["state"] = {}
        for name, value in moments.items():
            place, key = name.split("/")
            state["state"].setdefault(int(place), {})[key] = value
        optimizer.load_state_dict(state)
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise UserError(
            f"checkpoint {path} cannot be taken up: {error}",
            "delete that folder; training then resumes from the checkpoint before it",
        ) from error
    return document


def _put(weights: Mapping[str, Any], model: Any) -> None:
    import torch

    trained = _trained(model)
    if set(weights) != set(trained):
        raise ValueError("it trains other parameters")
    with torch.no_grad():
        for name, parameter in trained.items():
            parameter.copy_(weights[name])


def _trained(model: Any) -> dict[str, Any]:
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def _whole(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("step_*") if (path / _JSON).is_file())
