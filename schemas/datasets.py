"""Read a frozen dataset: exact clips, captions and scores, self-contained Parquet.

`Catalog.freeze` writes the folder; captioner and generator read it here and need no
catalogue. Pixels stay where they are: every clip is a reference that a `FrameReader` follows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from schemas.clip_rows import clip_ref_of
from schemas.errors import UserError
from schemas.frames import ClipRef
from schemas.tables import SCORE_COLUMNS

CLIPS_FILE = "clips.parquet"
MANIFEST_FILE = "dataset.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetCaption:
    """A caption in a frozen dataset, and who wrote it. `is_best`: the one of its kind to use.

    The others are kept for the record: of other captioners, or with a status that is not `ok`.
    """

    kind: str
    text: str
    status: str
    language: str
    captioner: str
    model: str
    caption_id: str
    is_best: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetClip:
    """One clip of a frozen dataset with its texts and its scores."""

    ref: ClipRef
    fps: float
    captions: dict[str, str]
    """Kind (`source`, `short`, `medium`, `long` ...) -> the best text of that kind."""
    scores: dict[str, float]
    all_captions: tuple[DatasetCaption, ...] = ()
    """Every caption of the clip, the best ones first; those are `captions` with their writers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A frozen training set; `dataset_id` hashes the rows."""

    dataset_id: str
    name: str
    clips: tuple[DatasetClip, ...]


def load_dataset(folder: Path) -> Dataset:
    """Read a frozen dataset from its folder, clips in the order of their ids.

    Raises UserError when the folder holds no dataset.
    """
    manifest_path = folder / MANIFEST_FILE
    if not manifest_path.is_file():
        raise UserError(
            f"no dataset at {folder}", 'freeze one: rushes freeze NAME --where "duration_s >= 1"'
        )
    manifest = json.loads(manifest_path.read_text())
    clips = tuple(_clip(row) for row in pq.read_table(folder / CLIPS_FILE).to_pylist())
    return Dataset(dataset_id=manifest["dataset_id"], name=manifest["name"], clips=clips)


def _clip(row: dict[str, Any]) -> DatasetClip:
    best = [_caption(item, is_best=True) for item in row["captions"] or []]
    others = [_caption(item, is_best=False) for item in row.get("other_captions") or []]
    scores = {name: row[name] for name in SCORE_COLUMNS if row.get(name) is not None}
    return DatasetClip(
        ref=clip_ref_of(row),
        fps=row["fps"],
        captions={caption.kind: caption.text for caption in best},
        scores=scores,
        all_captions=(*best, *others),
    )


def _caption(item: dict[str, Any], *, is_best: bool) -> DatasetCaption:
    """Return a caption; datasets frozen by earlier versions hold the best ones only."""
    return DatasetCaption(
        kind=item["kind"],
        text=item["text"],
        status=item.get("status", "ok"),
        language=item.get("language", ""),
        captioner=item["captioner"],
        model=item.get("model", ""),
        caption_id=item["caption_id"],
        is_best=is_best,
    )
