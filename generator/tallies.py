"""What training learns about each clip: how often it was seen, how hard it was, if it was bad."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from generator.clips import TrainingClip
from generator.loss_log import NUM_BINS, ClipLoss, bin_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRecord:
    """What training learned about one clip: how often it was seen and how hard it was.

    `relative_loss` compares with the usual loss at the same noise level: 1 is as hard as others.
    `num_skipped` counts how often it had to be left out.
    """

    clip_id: str
    num_seen: int
    loss: float
    relative_loss: float
    num_skipped: int


PREFIX = "clips/"
"""Of the names of its tensors in a checkpoint."""


class Tallies:
    """Per clip: how often seen, sums of its loss as it is and against the usual one at its t."""

    def __init__(self, num_clips: int) -> None:
        self.seen, self.skipped = torch.zeros(num_clips), torch.zeros(num_clips)
        self.loss = torch.zeros(num_clips, dtype=torch.float64)
        self.relative = torch.zeros(num_clips, dtype=torch.float64)
        self.usual = torch.zeros(NUM_BINS, dtype=torch.float64)

    def add(self, clips: Sequence[ClipLoss]) -> None:
        """Count the clips of a step."""
        for clip in clips:
            where = bin_of(clip.t)
            usual = float(self.usual[where]) or clip.loss
            self.usual[where] = usual + 0.02 * (clip.loss - usual)
            self.seen[clip.index] += 1
            self.loss[clip.index] += clip.loss
            self.relative[clip.index] += clip.loss / max(usual, 1e-12)

    def skip(self, clips: Sequence[TrainingClip], ids: Sequence[str]) -> None:
        """Count clips that had to be left out."""
        counts = Counter(ids)
        if counts:
            for index, clip in enumerate(clips):
                self.skipped[index] += counts[clip.clip_id]

    def records(self, clips: Sequence[TrainingClip]) -> tuple[ClipRecord, ...]:
        """Return the record of every clip."""
        return tuple(
            ClipRecord(
                clip_id=clip.clip_id,
                num_seen=int(seen),
                loss=loss / seen if seen else math.nan,
                relative_loss=relative / seen if seen else math.nan,
                num_skipped=int(skipped),
            )
            for clip, seen, loss, relative, skipped in zip(
                clips,
                self.seen.tolist(),
                self.loss.tolist(),
                self.relative.tolist(),
                self.skipped.tolist(),
                strict=True,
            )
        )

    def tensors(self) -> dict[str, Tensor]:
        """Return what a checkpoint keeps."""
        names = ("seen", "skipped", "loss", "relative", "usual")
        return {f"{PREFIX}{name}": getattr(self, name) for name in names}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take up what `tensors` returned."""
        for name, value in tensors.items():
            setattr(self, name.removeprefix(PREFIX), value.clone())
