"""Clips on the page: contact sheets, the strip of each video, groups of near-duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.report_parts.pictures import Album, Picture
from orchestration.report_parts.wording import breach, number, plain, short_id
from schemas.catalog import Catalog
from schemas.tables import SCORE_COLUMNS

FRAMES_PER_CLIP = 4
FRAMES_PER_MEMBER = 3

# Clip ids are hashes of content, so their order is a fair draw from a large catalogue.
_KEPT_SQL = "select clip_id from keepers order by clip_id limit ?"

_DROPPED_SQL = """
select clip_id from verdicts where not keep
order by row_number() over (partition by reason order by clip_id), reason, clip_id
limit ?
"""

_GROUPS_SQL = """
select d.group_id, d.clip_id, d.nearest_clip_id, d.distance
from current_duplicates d
join (
    select group_id from current_duplicates group by group_id
    order by count(*) desc, group_id limit ?
) shown using (group_id)
order by d.group_id, d.clip_id
"""

_CLIPS_SQL = """
select
    c.*,
    src.uri,
    v.keep,
    v.reason,
    k.clip_id is not null as is_keeper,
    s.* exclude (clip_id, version, batch_id),
    cr.x_px as crop_x_px,
    cr.y_px as crop_y_px,
    cr.width_px as crop_width_px,
    cr.height_px as crop_height_px
from current_clips c
join verdicts v using (clip_id)
left join keepers k using (clip_id)
left join current_scores s using (clip_id)
left join (
    select * from crops
    where settings_hash = (select settings_hash from current_choices where stage = 'score')
) cr using (clip_id)
left join (select video_id, min(uri) as uri from sources group by video_id) src using (video_id)
where c.clip_id in (select unnest(?))
order by src.uri, c.start_frame, c.clip_id
"""

_CAPTIONS_SQL = """
select clip_id, kind, text, captioner, model
from best_captions where clip_id in (select unnest(?))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One clip as shown. `status`: `kept`, `dropped` (by a rule) or `duplicate`.

    `crop` is the picture inside dark bars, as percent of the frame: left, top, width, height.
    """

    clip_id: str
    video_id: str
    uri: str
    start_s: float
    end_s: float
    facts: str
    status: str
    reason: str
    broken: str
    captions: dict[str, str]
    writer: str
    scores: list[tuple[str, str]]
    pictures: list[Picture]
    crop: tuple[float, float, float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A clip in a group of near-duplicates; `role` is in plain words."""

    card: Card
    role: str
    is_keeper: bool
    distance: float
    nearest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Near-duplicates side by side, the keeper first."""

    group_id: str
    members: list[Member]


def chosen_clips(catalog: Catalog, max_clips: int) -> tuple[list[str], list[str]]:
    """Return ids of kept and of dropped clips to show, each reason getting its turn."""
    return catalog.column(_KEPT_SQL, [max_clips]), catalog.column(_DROPPED_SQL, [max_clips])


def chosen_groups(catalog: Catalog, max_groups: int) -> list[dict[str, Any]]:
    """Return the rows of the largest groups of near-duplicates."""
    return catalog.rows(_GROUPS_SQL, [max_groups])


def videos_of(catalog: Catalog, clip_ids: Sequence[str]) -> list[str]:
    """Return the videos that clips come from."""
    sql = "select distinct video_id from current_clips where clip_id in (select unnest(?))"
    return catalog.column(sql, [list(clip_ids)])


def read_cards(
    catalog: Catalog, album: Album, clip_ids: Sequence[str], rules: Sequence[dict[str, Any]]
) -> dict[str, Card]:
    """Return the cards of clips in the order of their files and times."""
    captions: dict[str, dict[str, str]] = {}
    writers: dict[str, str] = {}
    ids = sorted(set(clip_ids))
    for row in catalog.rows(_CAPTIONS_SQL, [ids]):
        captions.setdefault(row["clip_id"], {})[row["kind"]] = row["text"]
        writers[row["clip_id"]] = f"{row['captioner']} {row['model']}"
    return {
        row["clip_id"]: _card(
            row, album, rules, captions.get(row["clip_id"], {}), writers.get(row["clip_id"], "")
        )
        for row in catalog.rows(_CLIPS_SQL, [ids])
    }


def _card(
    row: dict[str, Any],
    album: Album,
    rules: Sequence[dict[str, Any]],
    captions: dict[str, str],
    writer: str,
) -> Card:
    status = "kept" if row["is_keeper"] else "duplicate" if row["keep"] else "dropped"
    reason = {"kept": "", "duplicate": "near_duplicate"}.get(status, row["reason"])
    facts = f"{row['width_px']}x{row['height_px']}, {row['fps']:.4g} fps"
    crop = None
    if row["crop_width_px"] is not None:
        width, height = row["width_px"], row["height_px"]
        crop = (
            100.0 * row["crop_x_px"] / width,
            100.0 * row["crop_y_px"] / height,
            100.0 * row["crop_width_px"] / width,
            100.0 * row["crop_height_px"] / height,
        )
        facts += f", cropped to {row['crop_width_px']}x{row['crop_height_px']}"
    return Card(
        clip_id=row["clip_id"],
        video_id=row["video_id"],
        uri=row["uri"] or row["video_id"],
        start_s=row["start_s"],
        end_s=row["end_s"],
        facts=facts,
        status=status,
        reason=reason,
        broken=breach(row, reason, rules) if status == "dropped" else "",
        captions=captions,
        writer=writer,
        scores=[(plain(n), number(row[n])) for n in SCORE_COLUMNS if row[n] is not None],
        pictures=album.pick(row["video_id"], row["start_frame"], row["end_frame"], FRAMES_PER_CLIP),
        crop=crop,
    )


def make_groups(rows: Sequence[dict[str, Any]], cards: dict[str, Card]) -> list[Group]:
    """Return the groups of near-duplicates, largest first."""
    groups: dict[str, list[Member]] = {}
    for row in rows:
        card = cards[row["clip_id"]]
        role = {
            "kept": "kept: the best of its group",
            "duplicate": "set aside: a better one is kept",
        }.get(card.status, f"dropped by a rule: {plain(card.reason)}")
        groups.setdefault(row["group_id"], []).append(
            Member(
                card=card,
                role=role,
                is_keeper=card.status == "kept",
                distance=row["distance"],
                nearest=short_id(row["nearest_clip_id"]),
            )
        )
    made = [
        Group(group_id=group_id, members=sorted(members, key=lambda m: not m.is_keeper))
        for group_id, members in groups.items()
    ]
    return sorted(made, key=lambda group: (-len(group.members), group.members[0].card.uri))
