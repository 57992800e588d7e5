"""The strip of each video: its shots in time, coloured by what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.report_parts.pictures import Album, Picture
from orchestration.report_parts.wording import counted, duration, listed, plain, share
from schemas.catalog import Catalog

FRAMES_PER_STRIP = 8

_CHOSEN_SQL = """
select s.video_id
from current_surveys s
left join (select video_id, min(uri) as uri from sources group by video_id) src using (video_id)
order by src.uri, s.video_id limit ?
"""

_VIDEOS_SQL = """
select
    s.video_id, src.uri, s.num_frames, s.width_px, s.height_px, s.fps, s.is_vfr, s.duration_s,
    v.codec, s.pts[1] * s.time_base_num / s.time_base_den as begin_s
from current_surveys s
join videos v using (video_id)
left join (select video_id, min(uri) as uri from sources group by video_id) src using (video_id)
where s.video_id in (select unnest(?))
order by src.uri, s.video_id
"""

_PIECES_SQL = """
select c.video_id, c.start_s, c.end_s, coalesce(v.reason, '') as reason,
    case when k.clip_id is not null then 'kept' when v.keep then 'duplicate' else 'dropped' end
        as kind
from current_clips c
join verdicts v using (clip_id)
left join keepers k using (clip_id)
where c.video_id in (select unnest($1))
union all
select video_id, start_s, end_s, reason, 'offcut'
from current_offcuts where video_id in (select unnest($1))
order by video_id, start_s
"""

# A transition's frames become seconds by the survey's timestamps; past the last frame, its end.
_BOUNDARIES_SQL = """
select
    sh.video_id, sh.end_s, sh.transition_out as kind,
    sv.pts[sh.transition_start_frame + 1] * sv.time_base_num / sv.time_base_den as first_s,
    coalesce(sv.pts[sh.transition_end_frame + 1], sv.end_pts)
        * sv.time_base_num / sv.time_base_den as after_s
from current_shots sh
join current_surveys sv using (video_id)
where sh.video_id in (select unnest(?)) and sh.transition_out <> 'end'
order by sh.video_id, sh.shot_index
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of the strip, in percent of its length; `kind` as in `clips.Card`, or offcut."""

    start: float
    width: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One video: pieces tile it, marks are its shot boundaries."""

    uri: str
    facts: str
    summary: str
    pieces: list[Piece]
    marks: list[Piece]
    pictures: list[Picture]


def chosen_videos(catalog: Catalog, max_videos: int) -> list[str]:
    """Return the videos to show, in the order of their files."""
    return catalog.column(_CHOSEN_SQL, [max_videos])


def read_strips(catalog: Catalog, album: Album, video_ids: Sequence[str]) -> list[Strip]:
    """Return the strips of videos in the order of their files."""
    ids = list(video_ids)
    pieces = _by_video(catalog.rows(_PIECES_SQL, [ids]))
    marks = _by_video(catalog.rows(_BOUNDARIES_SQL, [ids]))
    return [
        _strip(row, pieces.get(row["video_id"], []), marks.get(row["video_id"], []), album)
        for row in catalog.rows(_VIDEOS_SQL, [ids])
    ]


def _by_video(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["video_id"], []).append(row)
    return found


def _strip(
    video: dict[str, Any],
    pieces: Sequence[dict[str, Any]],
    marks: Sequence[dict[str, Any]],
    album: Album,
) -> Strip:
    begin, whole = video["begin_s"], video["duration_s"]

    def piece(start_s: float, end_s: float, kind: str, title: str) -> Piece:
        start = 100.0 * share(start_s - begin, whole)
        return Piece(
            start=start,
            width=100.0 * share(end_s - begin, whole) - start,
            kind=kind,
            title=f"{title}, {start_s:.2f} to {end_s:.2f} s",
        )

    rate = "variable rate" if video["is_vfr"] else f"{video['fps']:.4g} fps"
    return Strip(
        uri=video["uri"] or video["video_id"],
        facts=(
            f"{duration(whole)}, {video['width_px']}x{video['height_px']}, {rate}, "
            f"{video['codec']}, {counted(video['num_frames'], 'frame')}"
        ),
        summary=_summary(pieces, marks),
        pieces=[
            piece(p["start_s"], p["end_s"], p["kind"], _title(p["kind"], p["reason"]))
            for p in pieces
        ],
        marks=[
            piece(m["end_s"], m["end_s"], "cut", "cut")
            if m["kind"] == "cut"
            else piece(m["first_s"], m["after_s"], "gradual", m["kind"])
            for m in marks
        ],
        pictures=album.pick(video["video_id"], 0, video["num_frames"], FRAMES_PER_STRIP),
    )


def _title(kind: str, reason: str) -> str:
    return {
        "kept": "kept",
        "duplicate": "set aside as near-duplicate",
        "dropped": f"dropped: {plain(reason)}",
    }.get(kind, f"left out: {plain(reason)}")


def _summary(pieces: Sequence[dict[str, Any]], marks: Sequence[dict[str, Any]]) -> str:
    """Return in words what the strip shows in colours."""
    parts = [counted(len(marks) + 1, "shot")]
    if marks:
        bounds = [
            f"{m['kind']} at {m['end_s']:.1f} s"
            if m["kind"] == "cut"
            else f"{m['kind']} {m['first_s']:.1f} to {m['after_s']:.1f} s"
            for m in marks
        ]
        shown = bounds if len(bounds) <= 8 else [*bounds[:7], f"{len(bounds) - 7} more"]
        parts[0] += f" ({listed(shown)})"
    tally: dict[str, int] = {}
    for p in pieces:
        if p["kind"] != "offcut":
            words = _title(p["kind"], p["reason"])
            tally[words] = tally.get(words, 0) + 1
    if not tally:
        return f"{parts[0]}. No part is long enough for a clip."
    clips = listed([f"{num} {words}" for words, num in tally.items()])
    return f"{parts[0]}. Clips: {clips}."
