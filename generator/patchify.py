"""Latents to tokens and back, and where each token lies in space and time.

A token is a square patch of the latents of one group of frames. Its position says when the group
starts and how long it lasts, and where the patch's centre is, in units of the clip's height
from the clip's centre. The same scene at another size, frame rate or aspect so keeps its
positions, and the model is asked for a size by the grid of positions that it is given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

Grid = tuple[int, int, int]
"""Tokens along time (groups), height and width; tokens run in that order, width fastest."""

SECONDS, ROW, COLUMN, DURATION, IS_SINGLE = range(5)
"""Columns of a position: middle of the group in seconds, row and column in heights, length of the
group in seconds, and 1 for a group of a single frame, else 0."""


def num_tokens(grid: Grid) -> int:
    """Return how many tokens a grid has."""
    return math.prod(grid)


def patchify(latents_CGHW: Tensor, patch: int = 1) -> Tensor:
    """Return tokens N,(C*patch*patch); H and W must be multiples of the patch."""
    c, g, h, w = latents_CGHW.shape
    split = latents_CGHW.reshape(c, g, h // patch, patch, w // patch, patch)
    return split.permute(1, 2, 4, 0, 3, 5).reshape(-1, c * patch * patch)


def unpatchify(tokens_NC: Tensor, grid: Grid, patch: int = 1) -> Tensor:
    """Undo `patchify`: return latents C,G,H,W of a grid of tokens."""
    g, h, w = grid
    c = tokens_NC.shape[1] // patch**2
    split = tokens_NC.reshape(g, h, w, c, patch, patch).permute(3, 0, 1, 4, 2, 5)
    return split.reshape(c, g, h * patch, w * patch)


NUM_AROUND = 27
"""Tokens that `around` puts side by side."""


def around(tokens_NC: Tensor, grids: Sequence[Grid]) -> Tensor:
    """Return each token with those around it, in its own and the neighbouring groups, N,(27*C).

    Zeros stand beyond the edges. The clips of `grids` follow one another in the tokens.
    """
    nothing = len(tokens_NC)
    places, start = [], 0
    for grid in grids:
        places_PA = _places_around(grid)
        places.append((places_PA + start).where(places_PA >= 0, nothing))
        start += len(places_PA)
    padded_NC = F.pad(tokens_NC, (0, 0, 0, 1))
    return padded_NC[torch.cat(places).to(tokens_NC.device)].flatten(1)


@lru_cache(maxsize=256)
def _places_around(grid: Grid) -> Tensor:
    """Return where in its clip the tokens around each token are, P,27; -1 beyond the edges."""
    g, h, w = grid
    padded = F.pad(torch.arange(num_tokens(grid)).view(grid), (1, 1, 1, 1, 1, 1), value=-1)
    shifted = [
        padded[k : k + g, i : i + h, j : j + w]
        for k in range(3)
        for i in range(3)
        for j in range(3)
    ]
    return torch.stack(shifted, -1).reshape(-1, NUM_AROUND)


def positions(
    grid: Grid, *, starts_s: Sequence[float], durations_s: Sequence[float], single: Sequence[bool]
) -> Tensor:
    """Return N,5 as `SECONDS` ... `IS_SINGLE` say; tokens are square.

    Rows lie in (-0.5, 0.5), columns in (-aspect / 2, aspect / 2).
    """
    g, h, w = grid
    starts, durations = torch.tensor(starts_s), torch.tensor(durations_s)
    rows = (torch.arange(h) + 0.5) / h - 0.5
    columns = ((torch.arange(w) + 0.5) - w / 2) / h
    per_group = torch.stack((starts + durations / 2, durations, torch.tensor(single).float()), 1)
    out = torch.empty(g, h, w, 5)
    out[..., ROW] = rows[:, None]
    out[..., COLUMN] = columns
    out[..., [SECONDS, DURATION, IS_SINGLE]] = per_group[:, None, None].float()
    return out.reshape(-1, 5)
