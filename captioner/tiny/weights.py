"""Weights and checkpoints as safetensors files: written whole or not at all."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from captioner.tiny.network import NetworkShape, TinyNetwork
from captioner.tiny.vocabulary import TOKENS
from schemas.errors import UserError
from schemas.ids import content_id

FORMAT = "rushes-tiny-captioner-1"
CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Tensors by name (`network/...`, `match/...`), and what the file says of itself."""

    tensors: dict[str, Tensor]
    about: dict[str, Any]

    @property
    def shape(self) -> NetworkShape:
        """The sizes of the network."""
        plain = dict(self.about["shape"])
        return NetworkShape(**(plain | {"stem_widths": tuple(plain["stem_widths"])}))

    def part(self, start: str) -> dict[str, Tensor]:
        """Return the tensors under one name, in float32."""
        begin = f"{start}/"
        return {
            name.removeprefix(begin): value.float()
            for name, value in self.tensors.items()
            if name.startswith(begin)
        }

    def fill(self, network: nn.Module, start: str = "network") -> None:
        """Give a module these weights. Raises UserError where they are of other sizes."""
        try:
            network.load_state_dict(self.part(start))
        except RuntimeError as error:
            raise UserError(
                "these weights belong to a captioner of other sizes",
                "set the sizes that they were trained with, or train anew",
            ) from error


def save_weights(
    path: Path,
    network: TinyNetwork,
    *,
    match: nn.Module | None = None,
    about: dict[str, Any] | None = None,
) -> Path:
    """Write the weights, with the sizes and words that they belong to.

    They are kept in bfloat16, the matcher's matrices in eight bits: with 1,000 clips, texts
    find theirs as often with these.
    """
    tensors = {f"network/{name}": value for name, value in network.state_dict().items()}
    if match is not None:
        tensors |= {f"match/{name}": value for name, value in match.state_dict().items()}
    kept = {name: _shortened(name, value.detach()) for name, value in tensors.items()}
    plain = {
        "format": FORMAT,
        "shape": asdict(network.shape),
        "vocabulary": content_id("words", *TOKENS),
        **(about or {}),
    }
    _save(path, kept, plain)
    return path


def _shortened(name: str, value: Tensor) -> Tensor:
    is_coarse = name.startswith("match/") and value.ndim == 2
    return value.to(torch.float8_e4m3fn if is_coarse else torch.bfloat16).contiguous()


def load_weights(path: Path) -> Weights:
    """Read weights. Raises UserError where they are missing, damaged or of another vocabulary."""
    if not path.is_file():
        raise UserError(
            f"no weights of the tiny captioner at {path}",
            "name a file that training wrote, or none for those that are shipped",
        )
    tensors, about = _load(path)
    if about.get("format") != FORMAT or about.get("vocabulary") != content_id("words", *TOKENS):
        raise UserError(
            f"the weights at {path} were written by another version of the tiny captioner",
            "train it again, or install the version that wrote them",
        )
    return Weights(tensors=tensors, about=about)


def save_run(folder: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Write the checkpoint of a run, which replaces the one before."""
    _save(folder / CHECKPOINT, {k: v.detach().contiguous() for k, v in tensors.items()}, state)


def newest_run(folder: Path) -> Path | None:
    """Return the checkpoint of a run, if there is one."""
    path = folder / CHECKPOINT
    return path if path.is_file() else None


def load_run(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint. Raises UserError where it is damaged."""
    return _load(path)


def _save(path: Path, tensors: dict[str, Tensor], plain: dict[str, Any]) -> None:
    partial = path.with_suffix(f".{os.getpid()}.partial")
    # Tensors that share memory cannot be written, so each is copied.
    own = {name: value.clone() for name, value in tensors.items()}
    save_file(own, partial, metadata={"about": json.dumps(plain)})
    partial.replace(path)


def _load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as stored:
            about = json.loads((stored.metadata() or {})["about"])
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise UserError(f"{path} is damaged: {error}", "fetch or train it again") from error
    assert all(isinstance(value, torch.Tensor) for value in tensors.values())
    return tensors, about
