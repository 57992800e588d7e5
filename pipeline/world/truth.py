"""What is true of drawn footage, as three Parquet tables in `folder/truth/`.

For measures only: curation, captioning and training never read this. Frames are counted from
0 in display order, spans are half-open, pixels are those of the file's own frames with the
centre of the top left pixel at (0, 0).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.world.measure import Boundary
from schemas.errors import UserError

TRUTH_FOLDER = "truth"


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoTruth:
    """One file.

    `kind`: `normal`, `letterboxed`, `near_duplicate` (all of `reference_file`, smaller and
    encoded again), `excerpt` (the part of it that starts at `offset_s`), `truncated` (cannot
    be opened), `cut_short` (opens, and decodes up to the cut), `corrupt` (no video at all).
    `num_frames` are those that can be decoded; sizes include the bars and are 0 where there
    is no picture.
    """

    file: str
    kind: str
    reference_file: str | None
    offset_s: float | None
    fps: float
    num_frames: int
    width_px: int
    height_px: int
    bar_top_px: int
    bar_bottom_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotTruth:
    """One shot of a file that can be decoded.

    `transition_out`: `cut`, `fade` (fade-out, black and fade-in: one boundary), `dissolve`,
    `end`. The frames in `[transition_start_frame, transition_end_frame)` belong to the
    transition; none do at a cut, where both are the next shot's first frame. Where a
    transition takes time, `end_frame` is its middle. `defect`: `static` (nothing moves),
    `dark`, `overexposed` or null. `camera_speed` is explained in `motion.CameraPath`.
    """

    file: str
    shot_index: int
    start_frame: int
    end_frame: int
    transition_out: str
    transition_start_frame: int
    transition_end_frame: int
    defect: str | None
    camera: str
    camera_speed: float
    background_kind: str
    background_colour: str
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectTruth:
    """One object of a shot.

    The lists hold one number per frame in which the shot is at all visible: item i belongs
    to frame `first_frame + i`. They may reach beyond the shot's span into the transitions.
    `direction` and `num_bounces`, like the shot's caption, are those of the shot as it was
    drawn, also where an excerpt or a cut file holds a part of it.
    """

    file: str
    shot_index: int
    object_index: int
    colour: str
    shape: str
    size: str
    direction: str
    speed: str
    num_bounces: int
    first_frame: int
    x_px: tuple[float, ...]
    y_px: tuple[float, ...]
    diameter_px: tuple[float, ...]
    visibility: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """All that is true of one folder of footage."""

    videos: tuple[VideoTruth, ...]
    shots: tuple[ShotTruth, ...]
    objects: tuple[ObjectTruth, ...]


_FLOATS = pa.list_(pa.float32())
VIDEOS_SCHEMA = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("reference_file", pa.string()),
        pa.field("offset_s", pa.float64()),
        pa.field("fps", pa.float64(), nullable=False),
        pa.field("num_frames", pa.int32(), nullable=False),
        pa.field("width_px", pa.int32(), nullable=False),
        pa.field("height_px", pa.int32(), nullable=False),
        pa.field("bar_top_px", pa.int32(), nullable=False),
        pa.field("bar_bottom_px", pa.int32(), nullable=False),
    ]
)
SHOTS_SCHEMA = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False),
        pa.field("shot_index", pa.int32(), nullable=False),
        pa.field("start_frame", pa.int32(), nullable=False),
        pa.field("end_frame", pa.int32(), nullable=False),
        pa.field("transition_out", pa.string(), nullable=False),
        pa.field("transition_start_frame", pa.int32(), nullable=False),
        pa.field("transition_end_frame", pa.int32(), nullable=False),
        pa.field("defect", pa.string()),
        pa.field("camera", pa.string(), nullable=False),
        pa.field("camera_speed", pa.float64(), nullable=False),
        pa.field("background_kind", pa.string(), nullable=False),
        pa.field("background_colour", pa.string(), nullable=False),
        pa.field("caption", pa.string(), nullable=False),
    ]
)
OBJECTS_SCHEMA = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False),
        pa.field("shot_index", pa.int32(), nullable=False),
        pa.field("object_index", pa.int32(), nullable=False),
        pa.field("colour", pa.string(), nullable=False),
        pa.field("shape", pa.string(), nullable=False),
        pa.field("size", pa.string(), nullable=False),
        pa.field("direction", pa.string(), nullable=False),
        pa.field("speed", pa.string(), nullable=False),
        pa.field("num_bounces", pa.int32(), nullable=False),
        pa.field("first_frame", pa.int32(), nullable=False),
        pa.field("x_px", _FLOATS, nullable=False),
        pa.field("y_px", _FLOATS, nullable=False),
        pa.field("diameter_px", _FLOATS, nullable=False),
        pa.field("visibility", _FLOATS, nullable=False),
    ]
)


def write_truth(folder: Path, truth: Truth) -> None:
    """Write `folder/truth/{videos,shots,objects}.parquet`, replacing what is there."""
    target = folder / TRUTH_FOLDER
    target.mkdir(parents=True, exist_ok=True)
    _write(target / "videos.parquet", truth.videos, VIDEOS_SCHEMA)
    _write(target / "shots.parquet", truth.shots, SHOTS_SCHEMA)
    _write(target / "objects.parquet", truth.objects, OBJECTS_SCHEMA)


def read_truth(folder: Path) -> Truth:
    """Read the truth of the footage in `folder`. Raises UserError where there is none."""
    source = folder / TRUTH_FOLDER
    if not (source / "videos.parquet").is_file():
        raise UserError(
            f"no truth beside the footage in {folder}",
            f"draw footage whose truth is known: rushes world {folder} --videos 12 --seed 0",
        )
    objects = []
    for row in _rows(source / "objects.parquet"):
        lists = {key: tuple(value) for key, value in row.items() if isinstance(value, list)}
        objects.append(ObjectTruth(**{**row, **lists}))
    return Truth(
        videos=tuple(VideoTruth(**row) for row in _rows(source / "videos.parquet")),
        shots=tuple(ShotTruth(**row) for row in _rows(source / "shots.parquet")),
        objects=tuple(objects),
    )


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


def true_duplicate_pairs(videos: Sequence[VideoTruth]) -> set[tuple[str, str]]:
    """Return the pairs of files that share footage, each pair in alphabetical order."""
    groups: dict[str, set[str]] = {}
    for video in videos:
        if video.reference_file is not None:
            groups.setdefault(video.reference_file, {video.reference_file}).add(video.file)
    return {
        (one, other) for files in groups.values() for one, other in combinations(sorted(files), 2)
    }


def _write(
    path: Path, rows: Sequence[VideoTruth | ShotTruth | ObjectTruth], schema: pa.Schema
) -> None:
    pq.write_table(pa.Table.from_pylist([asdict(row) for row in rows], schema=schema), path)


def _rows(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows
