"""Many clips of different sizes in one row of tokens, with no padding between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from generator.codec import Layout, starts_of
from generator.patchify import Grid, num_tokens, patchify, positions, unpatchify


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One clip to be packed: its latents, and which of them are known.

    `starts` are the times of the groups' first frames, in frames: those of `layout` one after
    another unless said otherwise. Known latents go in at t = 0 and are not to be predicted.
    """

    latents_CGHW: Tensor
    layout: Layout
    fps: float
    known_GHW: Tensor
    """Which tokens (patches of latents) are known."""
    starts: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Clips one after another: N tokens in all, `lengths[i]` of them belong to clip i.

    Clips of equal size stand side by side where the builder put them so; attention then
    takes them as one batch.
    """

    tokens_NC: Tensor
    positions_N5: Tensor
    """When, where and how long (see patchify.py)."""
    known_N: Tensor
    grids: tuple[Grid, ...]

    @property
    def lengths(self) -> tuple[int, ...]:
        """Tokens of each clip; they add up to N."""
        return tuple(num_tokens(grid) for grid in self.grids)

    def per_token(self, values_B: Tensor) -> Tensor:
        """Repeat one value per clip for each of its tokens."""
        counts = torch.tensor(self.lengths, device=values_B.device)
        return values_B.repeat_interleave(counts, dim=0)

    def timesteps(self, values_B: Tensor) -> Tensor:
        """Return the timestep of every token: its clip's, or 0 where it is known."""
        return self.per_token(values_B).masked_fill(self.known_N, 0.0)

    def with_tokens(self, tokens_NC: Tensor) -> Pack:
        """Return the pack with other tokens in the same places."""
        return replace(self, tokens_NC=tokens_NC)

    def repeated(self, count: int) -> Pack:
        """Return all clips `count` times over."""
        return Pack(
            tokens_NC=self.tokens_NC.repeat(count, 1),
            positions_N5=self.positions_N5.repeat(count, 1),
            known_N=self.known_N.repeat(count),
            grids=self.grids * count,
        )

    def to(self, device: torch.device) -> Pack:
        """Return the pack with its tensors on `device`."""
        return Pack(
            tokens_NC=self.tokens_NC.to(device, non_blocking=True),
            positions_N5=self.positions_N5.to(device, non_blocking=True),
            known_N=self.known_N.to(device, non_blocking=True),
            grids=self.grids,
        )


def pack(items: Sequence[Item], patch: int = 1) -> Pack:
    """Pack clips; rows and columns of their latents must be multiples of `patch`."""
    grids: list[Grid] = []
    where: list[Tensor] = []
    for item in items:
        _, g, h, w = item.latents_CGHW.shape
        grid = (g, h // patch, w // patch)
        starts = starts_of(item.layout) if item.starts is None else item.starts
        grids.append(grid)
        where.append(
            positions(
                grid,
                starts_s=[start / item.fps for start in starts],
                durations_s=[frames / item.fps for frames in item.layout],
                single=[frames == 1 for frames in item.layout],
            )
        )
    return Pack(
        tokens_NC=torch.cat([patchify(item.latents_CGHW, patch) for item in items]),
        positions_N5=torch.cat(where),
        known_N=torch.cat([item.known_GHW.flatten() for item in items]),
        grids=tuple(grids),
    )


def unpack(tokens_NC: Tensor, grids: Sequence[Grid], patch: int = 1) -> list[Tensor]:
    """Undo `pack`: return the latents C,G,H,W of every clip."""
    parts = torch.split(tokens_NC, [num_tokens(grid) for grid in grids])
    return [unpatchify(part, grid, patch) for part, grid in zip(parts, grids, strict=True)]
