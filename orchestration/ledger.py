"""The ledger: every file and every second is accounted for, or the run says so and fails.

video = clips + transitions + trims + too short + failed, to the tick;
clips = kept + dropped by each reason. Every file is a video or a failure.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from schemas.catalog import Catalog

_CHECKS = {
    "files without video or failure": """
        select count(*) from sources s
        where s.video_id not in (select video_id from videos)
          and s.video_id not in (select video_id from failures
              where stage = 'ingest' and video_id is not null)
    """,
    "videos neither surveyed nor failed": "select count(*) from ledger where state = 'missing'",
    "videos whose clips and offcuts do not tile them": """
        select count(*) from ledger where unaccounted_ticks <> 0
    """,
    "clips that were never scored": """
        select count(*) from verdicts where reason = 'not_scored'
    """,
    "splits that name no clip": """
        select count(*) from splits
        where settings_hash = (select settings_hash from current_choices where stage = 'split')
          and clip_id not in (select clip_id from clips)
    """,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Seconds of video, and what does not add up (empty when all does)."""

    num_files: int
    num_videos: int
    video_s: float
    clips_s: float
    transition_s: float
    trim_s: float
    too_short_s: float
    failed_s: float
    kept_s: float
    dropped_s: float
    problems: tuple[str, ...]

    @property
    def is_balanced(self) -> bool:
        """Whether everything is accounted for."""
        return not self.problems

    def lines(self) -> list[str]:
        """Return the ledger as two lines for people."""
        return [
            f"{self.num_files} files, {self.num_videos} videos: {self.video_s:.1f} s = "
            f"clips {self.clips_s:.1f} + transitions {self.transition_s:.1f} + "
            f"trims {self.trim_s:.1f} + too short {self.too_short_s:.1f} + "
            f"failed {self.failed_s:.1f}",
            f"clips {self.clips_s:.1f} s = kept {self.kept_s:.1f} + dropped {self.dropped_s:.1f}",
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for `--json`."""
        return {**asdict(self), "is_balanced": self.is_balanced}


def read_ledger(catalog: Catalog) -> Ledger:
    """Return the ledger of the chosen settings, checked."""

    def one(sql: str) -> Any:
        return catalog.column(sql)[0]

    offcuts = {
        row["reason"]: row["seconds"]
        for row in catalog.rows(
            "select reason, sum(duration_s) as seconds from current_offcuts group by reason"
        )
    }
    totals = catalog.rows(
        """
        select
            count(*) as num_videos,
            coalesce(sum(surveyed_s), 0) as surveyed_s,
            coalesce(sum(failed_s), 0) as failed_s
        from ledger
        """
    )[0]
    clips_s = one("select coalesce(sum(duration_s), 0) from current_clips")
    kept_s = one(
        "select coalesce(sum(duration_s), 0) from current_clips join keepers using (clip_id)"
    )
    problems = [f"{n} {what}" for what, sql in _CHECKS.items() if (n := one(sql))]
    video_s = totals["surveyed_s"] + totals["failed_s"]
    parts = clips_s + sum(offcuts.values()) + totals["failed_s"]
    if abs(video_s - parts) > 1e-6 * max(1.0, video_s):
        problems.append(f"{video_s - parts:.6f} seconds of video in no clip and no offcut")
    return Ledger(
        num_files=one("select count(*) from sources"),
        num_videos=totals["num_videos"],
        video_s=video_s,
        clips_s=clips_s,
        transition_s=offcuts.get("transition", 0.0),
        trim_s=offcuts.get("trim", 0.0),
        too_short_s=offcuts.get("too_short", 0.0),
        failed_s=totals["failed_s"],
        kept_s=kept_s,
        dropped_s=clips_s - kept_s,
        problems=tuple(problems),
    )
