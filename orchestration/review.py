"""Human correction, the way out: captions and verdicts in a file for a person to change.

A spreadsheet, JSON lines, or a page that shows the pictures and works without a network.
`orchestration.review_import` takes the file back in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from orchestration.review_decisions import CAPTION_KINDS, CLIP
from orchestration.review_files import ReviewRow, write_csv, write_jsonl
from schemas.catalog import Catalog
from schemas.errors import UserError
from schemas.ids import content_id
from schemas.query import select

Layout = Literal["csv", "jsonl", "html"]
_LAYOUTS = ("csv", "jsonl", "html")
Among = Literal["kept", "dropped", "all"]
_STATES: dict[str, tuple[str, ...]] = {
    "kept": ("kept",),
    "dropped": ("dropped", "near_duplicate"),
    "all": ("kept", "dropped", "near_duplicate"),
}
_CLIPS_SQL = """
select clip_id, video_id, uri, start_frame, end_frame, start_s, end_s, state, reason
from clip_states where clip_id in (select unnest(?))
order by uri, start_s, clip_id
"""

# The best caption of each kind; where none is good, the newest that failed.
_CAPTIONS_SQL = """
select clip_id, kind, caption_id, text, status, language, captioner, model,
    corrections, message
from (
    select *, 0 as place from best_captions
    union all by name
    select * exclude (overlap_s), 1 as place from clip_captions where status <> 'ok'
)
where clip_id in (select unnest(?)) and kind in (select unnest(?))
qualify row_number() over (
    partition by clip_id, kind order by place, created_at desc, attempt desc, caption_id
) = 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What went into a review file. `num_missing`: kinds of caption that a clip lacks."""

    path: Path
    num_clips: int
    num_captions: int
    num_missing: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for `--json`."""
        return {**asdict(self), "path": str(self.path)}


def export_review(
    catalog: Catalog,
    path: Path,
    *,
    where: str = "true",
    among: Among = "kept",
    kinds: Sequence[str] = ("short", "medium", "long"),
    limit: int | None = None,
    seed: int = 0,
    layout: Layout | None = None,
) -> Exported:
    """Write clips and their captions to a new file for a person to correct.

    `where` is a SQL condition on the view `clip_states`, `among` says which of its clips:
    those that are kept, those that are not, or all. `limit` draws so many by `seed`. A clip
    without a good caption of a kind comes with the newest that failed, or with an empty one
    to fill in. Without a `layout` the file's suffix tells it. Raises UserError for a wrong
    condition, kind or suffix, for no clip, and for a file that is there already.
    """
    unknown = [kind for kind in kinds if kind not in CAPTION_KINDS]
    if unknown:
        raise UserError(f"unknown kind `{unknown[0]}`", f"choose of {', '.join(CAPTION_KINDS)}")
    found = layout or path.suffix.removeprefix(".").lower()
    if found not in _LAYOUTS:
        raise UserError(f"{path}: no review file has this suffix", ".csv, .jsonl or .html")
    if path.exists():
        raise UserError(f"{path} is there already", "name another file, or remove that one first")
    clip_ids = _chosen(catalog, where, among)
    if limit is not None:
        clip_ids.sort(key=lambda clip_id: content_id("draw", seed, clip_id))
        clip_ids = clip_ids[: max(0, limit)]
    if not clip_ids:
        raise UserError(
            f"no clip to review: {where}, among {among}",
            'see what there is: rushes sql "select state, reason, count(*) from clip_states '
            'group by all"',
        )
    clips = catalog.rows(_CLIPS_SQL, [clip_ids])
    captions = {
        (row["clip_id"], row["kind"]): row
        for row in catalog.rows(_CAPTIONS_SQL, [clip_ids, list(kinds)])
    }
    rows = [row for clip in clips for row in _rows_of(clip, captions, kinds)]
    if found == "html":
        from orchestration.report_parts.review_page import write_page

        write_page(catalog, path, clips, captions, rows)
    else:
        {"csv": write_csv, "jsonl": write_jsonl}[found](path, rows)
    texts = [row for row in rows if row.kind != CLIP]
    return Exported(
        path=path,
        num_clips=len(clips),
        num_captions=sum(1 for row in texts if row.caption_id),
        num_missing=sum(1 for row in texts if not row.caption_id),
    )


def _chosen(catalog: Catalog, where: str, among: Among) -> list[str]:
    """Return the ids of the clips that meet a user's condition."""
    # Alone first: text that closes the bracket and goes on is no condition.
    select(catalog, f"select (\n{where}\n) as meets from clip_states limit 1")
    chosen = select(catalog, f"select clip_id, state from clip_states where (\n{where}\n)")
    if chosen.column_names != ["clip_id", "state"]:
        raise UserError(f"this is no condition on clip_states: {where}", "see rushes review -h")
    return [row["clip_id"] for row in chosen.to_pylist() if row["state"] in _STATES[among]]


def _rows_of(
    clip: dict[str, Any], captions: dict[tuple[str, str], dict[str, Any]], kinds: Sequence[str]
) -> list[ReviewRow]:
    """Return the rows of one clip: itself, then its captions by kind."""
    place = {
        "clip_id": clip["clip_id"],
        "uri": clip["uri"] or "",
        "start_s": f"{clip['start_s']:.3f}",
        "end_s": f"{clip['end_s']:.3f}",
    }
    rows = [ReviewRow(kind=CLIP, status=clip["reason"] or clip["state"], **place)]
    for kind in kinds:
        found = captions.get((clip["clip_id"], kind))
        if found is not None:
            words = ("text", "status", "language", "captioner", "caption_id")
            rows.append(ReviewRow(kind=kind, **{name: found[name] for name in words}, **place))
        elif kind not in ("source", "structured"):
            rows.append(ReviewRow(kind=kind, status="missing", **place))
    return rows
