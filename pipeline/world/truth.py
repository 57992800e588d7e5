"""What is true of drawn footage, as Parquet tables in `folder/truth/`: one per kind of row.

For measures only: curation, captioning and training never read this, and a test fails if they
do. Frames are those of the file, counted from 0 in display order; spans are half-open; pixels
are those of the file's own frames, with the centre of the top left pixel at (0, 0). Lists hold
one item per frame: item i belongs to frame `first_frame + i`.

Each truth stands in one place: what a file repeats is in `duplicates`, what is wrong with its
picture or sound is in `defects`, and `videos` says only what kind of file it is.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.world.measure import Boundary
from schemas.errors import UserError

TRUTH_FOLDER = "truth"
MIN_SHARED_S = 1.0
"""Two copies of one original share footage when they share at least this much of it."""

Floats = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoTruth:
    """One file.

    `kind`: `normal`, `mislabelled` (its suffix is another container's), `truncated` (cannot
    be opened), `cut_short` (opens, and decodes up to the cut), `corrupt` (text), `empty`
    (no byte), `audio_only` (no picture). `num_frames` are those that can be decoded; sizes
    are as displayed, bars included, and 0 where there is no picture.
    """

    file: str
    kind: str
    fps: float
    num_frames: int
    width_px: int
    height_px: int
    has_audio: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotTruth:
    """One shot of a file that can be decoded.

    `transition_out`: `cut`, `fade` (fade-out, black or white, and fade-in: one boundary),
    `dissolve`, `wipe`, `end`; `transition_form` is the colour of a fade (`black`, `white`)
    and the way of a wipe (`left`, `right`, `up`, `down`: where its edge goes; `circle`).
    The frames in `[transition_start_frame, transition_end_frame)` belong to the transition;
    none do at a cut, where both are the next shot's first frame. Where a transition takes
    time, `end_frame` is its middle.

    `facts` are `schemas.facts.to_json`, and `caption` is their text; both are of the picture
    inside of bars, and say nothing of defects, text and marks. Both are null where they
    would not be true of this file, and `left_out` says why.
    """

    file: str
    shot_index: int
    start_frame: int
    end_frame: int
    transition_out: str
    transition_form: str | None = None
    transition_start_frame: int
    transition_end_frame: int
    facts: str | None = None
    caption: str | None = None
    left_out: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraTruth:
    """The camera of one shot; see `pipeline.world.state.CameraState`.

    `unit` of `x` and `y`: `px`, or `camera_height` in scenes with a floor. Shots whose
    picture is black have none.
    """

    file: str
    shot_index: int
    first_frame: int
    move: str
    speed: float
    unit: str
    x: Floats
    y: Floats
    zoom: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectTruth:
    """One object of a shot; see `pipeline.world.state.ObjectState`.

    The lists cover all frames in which the shot is at all visible, so they may reach beyond
    the shot's span into the transitions. `object_index` is its place in the shot's facts.
    `colour` is null where the picture is grey, `visibility` where a crop or a banner may cut
    through the object; text and marks that lie over it do not count.
    """

    file: str
    shot_index: int
    object_index: int
    first_frame: int
    shape: str
    x_px: Floats
    y_px: Floats
    diameter_px: Floats
    angle_deg: Floats
    visibility: tuple[float | None, ...]
    colour: tuple[str | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTruth:
    """One event and the first frame of the file that shows it.

    `subject` is an object's index; `target` too, in decimal digits, or a word (see
    `schemas.facts.EventFacts`).
    """

    file: str
    shot_index: int
    kind: str
    frame: int
    subject: int | None
    target: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectTruth:
    """One planted defect: where and how strong; `pipeline.world.defects.UNITS` names units.

    `shot_index` is null where it is not of one shot. The box is where the defect is, null
    where it is the whole picture (or the sound); of bars it is the picture that they leave.
    """

    file: str
    shot_index: int | None
    kind: str
    start_frame: int
    end_frame: int
    strength: float
    unit: str
    x_px: int | None = None
    y_px: int | None = None
    width_px: int | None = None
    height_px: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateTruth:
    """Frames `[start_frame, end_frame)` of a file repeat a span of `reference`.

    `kind` is a key of `pipeline.world.copies.UNITS`, which names the unit of `strength`. All
    copies of one file share a `group_id`.
    """

    group_id: str
    file: str
    reference: str
    kind: str
    strength: float
    unit: str
    start_frame: int
    end_frame: int
    reference_start_frame: int
    reference_end_frame: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """All that is true of one folder of footage; each field is a table of that name."""

    videos: tuple[VideoTruth, ...] = ()
    shots: tuple[ShotTruth, ...] = ()
    camera: tuple[CameraTruth, ...] = ()
    objects: tuple[ObjectTruth, ...] = ()
    events: tuple[EventTruth, ...] = ()
    defects: tuple[DefectTruth, ...] = ()
    duplicates: tuple[DuplicateTruth, ...] = ()


TABLES: Mapping[str, type] = {
    "videos": VideoTruth,
    "shots": ShotTruth,
    "camera": CameraTruth,
    "objects": ObjectTruth,
    "events": EventTruth,
    "defects": DefectTruth,
    "duplicates": DuplicateTruth,
}
_TYPES: Mapping[Any, pa.DataType] = {
    str: pa.string(),
    int: pa.int32(),
    float: pa.float64(),
    bool: pa.bool_(),
    Floats: pa.list_(pa.float32()),
    tuple[float | None, ...]: pa.list_(pa.float32()),
    tuple[str | None, ...]: pa.list_(pa.string()),
}


def schema_of(record: type) -> pa.Schema:
    """Return the columns of a table of truth: those of its record, nullable where `| None`."""
    columns = []
    for name, hint in typing.get_type_hints(record).items():
        options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        kinds = [option for option in options if option is not type(None)]
        columns.append(pa.field(name, _TYPES[kinds[0]], nullable=len(options) > len(kinds)))
    return pa.schema(columns)


def write_truth(folder: Path, truth: Truth) -> None:
    """Write `folder/truth/*.parquet`, replacing what is there."""
    target = folder / TRUTH_FOLDER
    target.mkdir(parents=True, exist_ok=True)
    for name, record in TABLES.items():
        names = [field.name for field in fields(record)]
        rows = [{key: getattr(row, key) for key in names} for row in getattr(truth, name)]
        table = pa.Table.from_pylist(rows, schema=schema_of(record))
        pq.write_table(table, target / f"{name}.parquet")


def has_truth(folder: Path) -> bool:
    """Tell whether the footage in `folder` was drawn to its end: its truth is written last."""
    return all((folder / TRUTH_FOLDER / f"{name}.parquet").is_file() for name in TABLES)


def read_truth(folder: Path) -> Truth:
    """Read the truth of the footage in `folder`. Raises UserError where there is none."""
    if not has_truth(folder):
        raise UserError(
            f"no truth beside the footage in {folder}",
            f"draw footage whose truth is known: rushes world {folder} --videos 12 --seed 0",
        )
    tables = {}
    for name, record in TABLES.items():
        rows = pq.read_table(folder / TRUTH_FOLDER / f"{name}.parquet").to_pylist()
        tables[name] = tuple(record(**{k: _frozen(v) for k, v in row.items()}) for row in rows)
    return Truth(**tables)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def row_order(row: Any) -> tuple[Any, ...]:
    """Return a key that sorts the rows of one table: by file, shot, and what follows."""
    names = ("file", "shot_index", "object_index", "frame", "start_frame", "kind", "reference")
    own = {field.name for field in fields(row)}
    values = [getattr(row, name) for name in names if name in own]
    return tuple((value is not None, value if value is not None else 0) for value in values)


def true_boundaries(shots: Iterable[ShotTruth]) -> dict[str, list[Boundary]]:
    """Return the boundaries of every decodable file; an empty list for a single shot."""
    found: dict[str, list[Boundary]] = {}
    for shot in shots:
        of_file = found.setdefault(shot.file, [])
        if shot.transition_out != "end":
            of_file.append(
                Boundary(
                    start_frame=shot.transition_start_frame,
                    end_frame=shot.transition_end_frame,
                    kind=shot.transition_out,
                )
            )
    return found


BETWEEN_COPIES = "between_copies"
"""The kind of a pair of two copies that hold the same part of their original."""


def true_duplicate_pairs(truth: Truth) -> dict[tuple[str, str], str]:
    """Return the pairs of files that share footage, in alphabetical order, and their kind."""
    fps = {video.file: video.fps for video in truth.videos}
    pairs: dict[tuple[str, str], str] = {}
    for one, other in combinations(truth.duplicates, 2):
        shared = min(one.reference_end_frame, other.reference_end_frame) - max(
            one.reference_start_frame, other.reference_start_frame
        )
        if one.reference == other.reference and shared >= MIN_SHARED_S * fps[one.reference]:
            pairs[_pair(one.file, other.file)] = BETWEEN_COPIES
    pairs |= {_pair(row.file, row.reference): row.kind for row in truth.duplicates}
    return pairs


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)
