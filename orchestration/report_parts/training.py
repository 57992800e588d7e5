"""Training and samples: the loss curve, what it was trained on, and the generated videos."""

from __future__ import annotations

import base64
import csv
import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from orchestration.report_parts.sample_reading import SampleReading, read_generated
from orchestration.report_parts.wording import number, plain
from schemas.catalog import Catalog

MAX_SAMPLES = 24
MAX_SAMPLE_BYTES = 8 << 20
MAX_POINTS = 800
CURVE_WIDTH, CURVE_HEIGHT = 1000.0, 300.0

MAX_CELLS = 12
_CELL_GROUPS = {
    "timestep": "noise level (0 is data)",
    "task": "task",
    "size": "size (groups x rows x columns)",
}

_RUNS_SQL = """
select c.*, d.name as dataset, d.num_clips, d.duration_s, d.where_sql
from checkpoints c
left join datasets d using (dataset_id)
order by c.created_at, c.step
"""

_SAMPLES_SQL = "select * from samples order by created_at desc, sample_id limit ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A loss curve as SVG paths in a box of `CURVE_WIDTH` by `CURVE_HEIGHT`, y down.

    Ticks are (percent of the way, label); `first` and `last` are smoothed losses.
    """

    raw: str
    smooth: str
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    num_steps: int
    num_skipped: int
    first: float
    last: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The loss of one kind of clip: over the first fifth of the training and over the last."""

    name: str
    first: float
    last: float
    num_clips: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRun:
    """The newest checkpoint of one training, with its curve where the file is there.

    `cells`: losses by noise level, task and size, under the names of these groups.
    """

    checkpoint: dict[str, Any]
    num_checkpoints: int
    num_parameters: int | None
    settings: list[tuple[str, str]]
    curve: Curve | None
    cells: dict[str, list[Cell]]
    seconds: float | None
    tokens: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A generated video; `src` is empty where `problem` says why it is not on the page.

    `reading`: what the parser saw in it, where its prompt speaks of the world.
    """

    sample: dict[str, Any]
    src: str
    problem: str
    reading: SampleReading | None = None


def read_training(catalog: Catalog) -> list[TrainingRun]:
    """Return the trainings of the catalogue, oldest first."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for row in catalog.rows(_RUNS_SQL):
        runs.setdefault(str(PurePosixPath(row["path"]).parent), []).append(row)
    return [_training_run(catalog.root, rows) for rows in runs.values()]


def _training_run(root: Path, rows: Sequence[dict[str, Any]]) -> TrainingRun:
    newest = rows[-1]
    folder = root / newest["path"]
    # Beside the checkpoints' folder, or wherever above the checkpoint a trainer left it.
    places = [folder.parent.parent, folder.parent, folder]
    points: list[dict[str, float]] = []
    cells: dict[str, list[Cell]] = {}
    for place in places:
        if (place / "losses.csv").is_file():
            points = read_losses(place / "losses.csv")
            cells = read_cells(place / "loss_cells.csv")
            break
    try:
        settings = json.loads(newest["settings_json"])
    except ValueError:
        settings = {}
    values = settings.items() if isinstance(settings, dict) else ()
    return TrainingRun(
        checkpoint=newest,
        num_checkpoints=len(rows),
        num_parameters=count_parameters(folder / "weights.safetensors"),
        settings=[(plain(key), number(value)) for key, value in values],
        curve=draw_curve(points),
        cells=cells,
        seconds=points[-1]["seconds"] if points else None,
        tokens=int(sum(p["tokens"] for p in points)) if points else None,
    )


def read_losses(path: Path) -> list[dict[str, float]]:
    """Return the rows of a `losses.csv` as numbers; a line that is cut short is left out."""
    points = []
    with path.open(newline="", errors="replace") as file:
        for row in csv.DictReader(file):
            try:
                keys = ("step", "loss", "clips_seen", "seconds", "tokens")
                points.append({key: float(row[key]) for key in keys})
            except (KeyError, TypeError, ValueError):
                continue
    return points


def read_cells(path: Path) -> dict[str, list[Cell]]:
    """Return the losses of a `loss_cells.csv` by group; a line that is cut short is left out."""
    rows: list[tuple[float, str, str, float, int]] = []
    try:
        with path.open(newline="", errors="replace") as file:
            for row in csv.DictReader(file):
                try:
                    count = int(row["num_clips"])
                    rows.append(
                        (float(row["step"]), row["kind"], row["cell"], float(row["loss"]), count)
                    )
                except (KeyError, TypeError, ValueError):
                    continue
    except OSError:
        return {}
    end = max((step for step, *_ in rows), default=0.0)
    found: dict[str, list[Cell]] = {}
    for kind, heading in _CELL_GROUPS.items():
        names = sorted({cell for _, k, cell, _, _ in rows if k == kind})
        cells = []
        for name in names:
            mine = [(s, loss, n) for s, k, cell, loss, n in rows if (k, cell) == (kind, name)]
            early = [(loss, n) for s, loss, n in mine if s <= end / 5]
            late = [(loss, n) for s, loss, n in mine if s > 4 * end / 5]
            cells.append(
                Cell(
                    name=plain(name),
                    first=_weighted(early),
                    last=_weighted(late),
                    num_clips=sum(n for _, _, n in mine),
                )
            )
        if cells:
            found[heading] = sorted(cells, key=lambda c: -c.num_clips)[:MAX_CELLS]
            if kind == "timestep":
                found[heading].sort(key=lambda c: c.name)
    return found


def _weighted(values: Sequence[tuple[float, int]]) -> float:
    total = sum(n for _, n in values)
    return sum(loss * n for loss, n in values) / total if total else math.nan


def draw_curve(points: Sequence[dict[str, float]]) -> Curve | None:
    """Return the curve through the losses that are numbers; None for fewer than two."""
    known = [(p["step"], p["loss"]) for p in points if math.isfinite(p["loss"])]
    if len(known) < 2:
        return None
    smooth = _smoothed([loss for _, loss in known])
    losses = sorted(loss for _, loss in known)
    # One wild step must not flatten the rest: the top is the 99.5th percentile.
    top = max(losses[min(len(losses) - 1, math.ceil(0.995 * len(losses)))], *smooth)
    y_ticks = _ticks(min(losses[0], 0.0), top)
    low, high = y_ticks[0], y_ticks[-1]
    first, last = known[0][0], known[-1][0]
    every = math.ceil(len(known) / MAX_POINTS)

    def path(values: Sequence[float]) -> str:
        kept = [i for i in range(len(known)) if i % every == 0 or i == len(known) - 1]
        spots = (
            f"{CURVE_WIDTH * (known[i][0] - first) / max(last - first, 1):.1f} "
            f"{CURVE_HEIGHT * min(max((high - values[i]) / (high - low), 0.0), 1.0):.1f}"
            for i in kept
        )
        return "M" + " L".join(spots)

    return Curve(
        raw=path([loss for _, loss in known]),
        smooth=path(smooth),
        x_ticks=[
            (100 * (t - first) / max(last - first, 1), f"{t:,.0f}")
            for t in _ticks(first, last)
            if first <= t <= last
        ],
        y_ticks=[(100 * (high - t) / (high - low), f"{t:g}") for t in y_ticks],
        num_steps=len(points),
        num_skipped=len(points) - len(known),
        first=smooth[0],
        last=smooth[-1],
    )


def _smoothed(values: Sequence[float]) -> list[float]:
    """Return the centred mean over about a thirtieth of the values."""
    reach = max(1, len(values) // 60)
    sums = [0.0]
    for value in values:
        sums.append(sums[-1] + value)
    found = []
    for i in range(len(values)):
        start, end = max(0, i - reach), min(len(values), i + reach + 1)
        found.append((sums[end] - sums[start]) / (end - start))
    return found


def _ticks(low: float, high: float) -> list[float]:
    """Return four to eight round numbers that reach from below `low` to above `high`."""
    rough = max(high - low, 1e-9) / 4
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(m * unit for m in (1, 2, 5, 10) if m * unit >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, max(last, first + 1) + 1)]


def count_parameters(path: Path) -> int | None:
    """Return the numbers that a safetensors file holds, from its header; None without one."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(length, 100 << 20)))
        tensors = [value for key, value in header.items() if key != "__metadata__"]
        return sum(int(math.prod(tensor["shape"])) for tensor in tensors)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error):
        return None


def read_samples(catalog: Catalog) -> list[Shown]:
    """Return the newest generated videos with their bytes, in the order they were made."""
    rows = catalog.rows(_SAMPLES_SQL, [MAX_SAMPLES])
    shown = [_shown(catalog.root, row) for row in reversed(rows)]
    readings = read_generated(catalog.root, [one.sample for one in shown if one.src])
    return [replace(one, reading=readings.get(one.sample["sample_id"])) for one in shown]


def _shown(root: Path, sample: dict[str, Any]) -> Shown:
    path = root / sample["path"]
    try:
        if path.stat().st_size > MAX_SAMPLE_BYTES:
            return Shown(sample=sample, src="", problem="too large for this page")
        content = path.read_bytes()
    except OSError:
        return Shown(sample=sample, src="", problem="the file is no longer there")
    if content[4:8] != b"ftyp":  # the first box of every mp4: a row may name any file
        return Shown(sample=sample, src="", problem="the file is no mp4 video")
    text = base64.b64encode(content).decode()
    return Shown(sample=sample, src=f"data:video/mp4;base64,{text}", problem="")
