"""What training writes down: a line a step, losses by noise level, size and task, TensorBoard."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

NUM_BINS = 10
"""Equal bins of the timestep in [0, 1]."""
_STEP_COLUMNS = ("step", "loss", "grad_norm", "learning_rate", "clips_seen", "tokens", "seconds")
_CELL_COLUMNS = ("step", "kind", "cell", "loss", "num_clips")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipLoss:
    """The loss of one clip as drawn: mean over its unknown tokens, at timestep `t`."""

    index: int
    t: float
    task: str
    size: str
    """Groups x rows x columns of tokens."""
    loss: float
    tokens: int
    """Unknown ones."""


def bin_of(t: float) -> int:
    """Return the bin that a timestep falls into."""
    return min(NUM_BINS - 1, int(t * NUM_BINS))


class LossLog:
    """Files of one training: `losses.csv`, `loss_cells.csv` and TensorBoard's events.

    Lines of steps after `keep_steps` are cut off, so that a resumed training's files are those of
    an unbroken one that is flushed at the same checkpoints. Cells are means over all clips since
    the last line about them.
    """

    def __init__(self, folder: Path, *, keep_steps: int, every: int = 50) -> None:
        self._every = every
        folder.mkdir(parents=True, exist_ok=True)
        self._steps = _Csv(folder / "losses.csv", _STEP_COLUMNS, keep_steps)
        self._cells = _Csv(folder / "loss_cells.csv", _CELL_COLUMNS, keep_steps)
        self._board = _Board(folder / "tensorboard", keep_steps)
        self._sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])

    def __enter__(self) -> LossLog:
        return self

    def step(self, row: Mapping[str, Any], clips: Iterable[ClipLoss]) -> None:
        """Write a step; its lines are on disk when this returns."""
        step = int(row["step"])
        self._steps.write(row)
        self._board.write(step, {f"train/{k}": row[k] for k in _STEP_COLUMNS[1:4]})
        for clip in clips:
            low = bin_of(clip.t) / NUM_BINS
            for key in (
                ("timestep", f"{low:.1f}-{low + 1 / NUM_BINS:.1f}"),
                ("task", clip.task),
                ("size", clip.size),
            ):
                self._sums[key][0] += clip.loss
                self._sums[key][1] += 1
        if step % self._every == 0:
            self.flush(step)

    def validation(self, step: int, values: Mapping[str, float]) -> None:
        """Write what a validation measured."""
        self._board.write(step, {f"validation/{name}": value for name, value in values.items()})
        for name, value in values.items():
            self._cells.write(
                {"step": step, "kind": "validation", "cell": name, "loss": value, "num_clips": 0}
            )

    def flush(self, step: int) -> None:
        """Write the means of the clips since the last time; before a checkpoint none wait."""
        for (kind, cell), (total, count) in sorted(self._sums.items()):
            self._cells.write(
                {
                    "step": step,
                    "kind": kind,
                    "cell": cell,
                    "loss": total / count,
                    "num_clips": int(count),
                }
            )
            self._board.write(step, {f"{kind}/{cell}": total / count})
        self._sums.clear()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._steps.close()
        self._cells.close()
        self._board.close()


class _Csv:
    def __init__(self, path: Path, columns: Sequence[str], keep_steps: int) -> None:
        rows: list[dict[str, str]] = []
        if keep_steps and path.is_file():
            with path.open(newline="") as file:
                rows = [r for r in csv.DictReader(file) if int(r["step"]) <= keep_steps]
        self._file = path.open("w", newline="")
        self._writer = csv.DictWriter(self._file, columns, extrasaction="ignore")
        self._writer.writeheader()
        self._writer.writerows(rows)
        self._file.flush()

    def write(self, row: Mapping[str, Any]) -> None:
        self._writer.writerow(row)
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class _Board:
    """TensorBoard's event files; a resumed training purges the steps that it repeats."""

    def __init__(self, folder: Path, keep_steps: int) -> None:
        from tensorboardX import SummaryWriter

        self._writer = SummaryWriter(str(folder), purge_step=keep_steps + 1)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        self._writer.close()
