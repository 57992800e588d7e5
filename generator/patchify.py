"""Latents to tokens and back, and where each token lies in space and time.

A token is a patch of latents. Its position is the centre of the patch: seconds from the
clip's start, then rows and columns in units of the clip's height from the clip's centre.
The same scene at another size, frame rate or aspect so keeps its positions, and the model
is asked for a size by the grid of positions that it is given.
"""

from __future__ import annotations

import torch
from torch import Tensor

Grid = tuple[int, int, int]
"""Tokens along time, height and width; tokens run in that order, width fastest."""


def patchify(latents_CTHW: Tensor, patch: Grid = (1, 1, 1)) -> Tensor:
    """Return tokens N,(C*patch); T, H and W must be multiples of the patch."""
    c, t, h, w = latents_CTHW.shape
    pt, ph, pw = patch
    split = latents_CTHW.reshape(c, t // pt, pt, h // ph, ph, w // pw, pw)
    return split.permute(1, 3, 5, 0, 2, 4, 6).reshape(-1, c * pt * ph * pw)


def unpatchify(tokens_NC: Tensor, grid: Grid, patch: Grid = (1, 1, 1)) -> Tensor:
    """Undo `patchify`: return latents C,T,H,W of a grid of tokens."""
    t, h, w = grid
    pt, ph, pw = patch
    c = tokens_NC.shape[1] // (pt * ph * pw)
    split = tokens_NC.reshape(t, h, w, c, pt, ph, pw)
    return split.permute(3, 0, 4, 1, 5, 2, 6).reshape(c, t * pt, h * ph, w * pw)


def positions(grid: Grid, *, seconds_per_token: float, aspect: float | None = None) -> Tensor:
    """Return N,3: seconds, then rows and columns in heights; `aspect` is width / height.

    Without `aspect` tokens are square. Rows lie in (-0.5, 0.5), columns in
    (-aspect / 2, aspect / 2).
    """
    t, h, w = grid
    wide = w / h if aspect is None else aspect
    seconds = (torch.arange(t) + 0.5) * seconds_per_token
    rows = (torch.arange(h) + 0.5) / h - 0.5
    columns = ((torch.arange(w) + 0.5) / w - 0.5) * wide
    return torch.stack(torch.meshgrid(seconds, rows, columns, indexing="ij"), -1).reshape(-1, 3)
