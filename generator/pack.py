"""Many clips of different sizes in one row of tokens, with no padding between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from generator.patchify import Grid, patchify, positions, unpatchify


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Clips one after another: N tokens in all, `lengths[i]` of them belong to clip i.

    Clips of equal size stand side by side where the builder put them so; attention then
    takes them as one batch.
    """

    tokens_NC: Tensor
    positions_N3: Tensor
    """Seconds, rows and columns in heights (see patchify.py)."""
    grids: tuple[Grid, ...]

    @property
    def lengths(self) -> tuple[int, ...]:
        """Tokens of each clip; they add up to N."""
        return tuple(t * h * w for t, h, w in self.grids)

    def per_token(self, values_B: Tensor) -> Tensor:
        """Repeat one value per clip for each of its tokens."""
        counts = torch.tensor(self.lengths, device=values_B.device)
        return values_B.repeat_interleave(counts, dim=0)

    def to(self, device: torch.device) -> Pack:
        """Return the pack with its tensors on `device`."""
        return Pack(
            tokens_NC=self.tokens_NC.to(device),
            positions_N3=self.positions_N3.to(device),
            grids=self.grids,
        )


def pack(latents: Sequence[Tensor], seconds_per_latent: Sequence[float]) -> Pack:
    """Pack clips of latents C,T,H,W; one latent spans `seconds_per_latent[i]` seconds of clip i."""
    grids = tuple((x.shape[1], x.shape[2], x.shape[3]) for x in latents)
    where = [
        positions(g, seconds_per_token=s) for g, s in zip(grids, seconds_per_latent, strict=True)
    ]
    return Pack(
        tokens_NC=torch.cat([patchify(x) for x in latents]),
        positions_N3=torch.cat(where),
        grids=grids,
    )


def unpack(tokens_NC: Tensor, grids: Sequence[Grid]) -> list[Tensor]:
    """Undo `pack`: return the latents C,T,H,W of every clip."""
    parts = torch.split(tokens_NC, [t * h * w for t, h, w in grids])
    return [unpatchify(part, grid) for part, grid in zip(parts, grids, strict=True)]
