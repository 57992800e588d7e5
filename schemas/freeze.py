"""Freeze: a SQL condition on `survivors` becomes a dataset, exact rows for ever.

The folder holds everything about the clips but their pixels: spans, timestamps of every
frame, crops, scores and captions. Every caption of a clip is there, so which kinds a training
shows, and how often, is the training's own setting (`schemas.mix`). The dataset's hash is over
the rows without their file paths, so the same rows have the same hash on any machine.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.catalog import DATASETS_FOLDER, Catalog
from schemas.datasets import CLIPS_FILE, MANIFEST_FILE
from schemas.errors import UserError
from schemas.ids import content_id
from schemas.query import select
from schemas.records import Counts, DatasetMember, DatasetRecord, Work

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

_CAPTION_SQL = """{
    'kind': kind, 'text': text, 'status': status, 'language': language,
    'captioner': captioner, 'model': model, 'caption_id': caption_id
}"""

_ROWS_SQL = """
select
    s.* exclude (caption, group_id, num_in_group),
    v.sha256,
    sv.random_reader,
    list_slice(sv.pts, s.start_frame + 1, s.end_frame) as frame_pts,
    cr.x_px as crop_x_px,
    cr.y_px as crop_y_px,
    cr.width_px as crop_width_px,
    cr.height_px as crop_height_px,
    best.captions,
    rest.captions as other_captions
from survivors s
join videos v using (video_id)
join current_surveys sv using (video_id)
left join (
    select * from crops
    where settings_hash = (select settings_hash from current_choices where stage = 'score')
) cr using (clip_id)
left join (
    select clip_id, list({caption} order by kind) as captions
    from best_captions
    group by clip_id
) best using (clip_id)
left join (
    select clip_id, list({caption} order by kind, caption_id, status) as captions
    from (
        select distinct on (clip_id, kind, caption_id, status) *
        from clip_captions
        anti join best_captions using (clip_id, kind, caption_id)
    )
    group by clip_id
) rest using (clip_id)
where s.clip_id in (select unnest(?))
order by s.clip_id
""".replace("{caption}", _CAPTION_SQL)


def freeze(catalog: Catalog, name: str, where_sql: str, run_id: str) -> DatasetRecord:
    """Write the dataset `name` from the survivors that meet a condition; return its record.

    Freezing the same rows under the same name again changes nothing. Raises UserError for a
    bad name, a wrong condition, no matching clip, or a name that stands for other rows.
    """
    if not _NAME.fullmatch(name):
        raise UserError(
            f"`{name}` is no name for a dataset", "letters, digits, dot, dash and underscore"
        )
    # Alone first: text that closes the bracket and goes on is no condition.
    select(catalog, f"select (\n{where_sql}\n) as meets from survivors limit 1")
    chosen = select(catalog, f"select clip_id from survivors where (\n{where_sql}\n)")
    clip_ids = chosen.column("clip_id").to_pylist()
    if not clip_ids:
        raise UserError(
            f"no clip meets the condition: {where_sql}",
            'see what there is: rushes sql "select * from survivors limit 5"',
        )
    rows = catalog.query(_ROWS_SQL, [clip_ids])
    if rows.num_rows != len(set(clip_ids)):
        raise UserError(f"this is no condition on survivors: {where_sql}", "see rushes freeze -h")
    digest = rows_hash(rows)
    dataset_id = content_id("data", digest)
    folder = catalog.root / DATASETS_FOLDER / name
    known = _known(folder, dataset_id) if folder.exists() else None
    record = DatasetRecord(
        dataset_id=dataset_id,
        name=name,
        path=f"{DATASETS_FOLDER}/{name}",
        where_sql=known["where_sql"] if known else where_sql,
        snapshot_id=known["snapshot_id"] if known else catalog.snapshot(),
        num_clips=rows.num_rows,
        duration_s=float(sum(rows.column("duration_s").to_pylist())),
        run_id=known["run_id"] if known else run_id,
        created_at=datetime.fromisoformat(known["created_at"]) if known else datetime.now(UTC),
    )
    if known is None:
        _write_folder(folder, rows, record, digest)
    is_new = dataset_id not in catalog.column("select dataset_id from datasets")
    members: list[object] = [
        DatasetMember(dataset_id=dataset_id, clip_id=clip, video_id=video)
        for clip, video in zip(
            rows.column("clip_id").to_pylist(), rows.column("video_id").to_pylist(), strict=True
        )
    ]
    work_id = content_id("work", "freeze", name, dataset_id)
    if work_id not in catalog.done("freeze"):
        counts = Counts(
            num_in=record.num_clips,
            num_out=record.num_clips,
            seconds_in=record.duration_s,
            seconds_out=record.duration_s,
        )
        work = Work(
            work_id=work_id,
            stage="freeze",
            settings_hash="",
            rows={"datasets": [record], "dataset_clips": members if is_new else []},
            counts=counts,
        )
        catalog.commit([work], run_id)
    return record


def rows_hash(rows: pa.Table) -> str:
    """Return the SHA-256 over the rows in their order, file paths left out."""
    digest = hashlib.sha256()
    for row in rows.to_pylist():
        row.pop("uri", None)
        text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        digest.update(text.encode())
        digest.update(b"\n")
    return digest.hexdigest()


def _known(folder: Path, dataset_id: str) -> dict[str, Any]:
    """Return the manifest of a dataset that is there; raise UserError if it has other rows."""
    try:
        known: dict[str, Any] = json.loads((folder / MANIFEST_FILE).read_text())
        known_id = known["dataset_id"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{folder} is not a whole dataset", "remove it and freeze again") from error
    if known_id != dataset_id:
        raise UserError(
            f"the dataset `{folder.name}` stands for other rows", "freeze under a new name"
        )
    return known


def _write_folder(folder: Path, rows: pa.Table, record: DatasetRecord, digest: str) -> None:
    """Write the dataset under another name and rename it: whole or absent."""
    temporary = folder.with_name(f".{folder.name}.{record.run_id}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    pq.write_table(rows, temporary / CLIPS_FILE, compression="zstd")
    manifest: dict[str, Any] = {
        "dataset_id": record.dataset_id,
        "name": record.name,
        "rows_sha256": digest,
        "where_sql": record.where_sql,
        "snapshot_id": record.snapshot_id,
        "num_clips": record.num_clips,
        "duration_s": record.duration_s,
        "created_at": record.created_at.isoformat(),
        "run_id": record.run_id,
    }
    (temporary / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1) + "\n")
    temporary.replace(folder)
