"""The funnel: what came in, what was lost where and why, and whether seconds add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestration.ledger import read_ledger
from orchestration.report_parts.wording import counted, meaning, plain, share
from schemas.catalog import Catalog

_TOTALS_SQL = """
select
    (select count(*) from sources) as num_files,
    (select count(distinct video_id) from sources) as num_distinct,
    (select count(*) from current_surveys) as num_surveyed,
    (select coalesce(sum(duration_s), 0) from current_surveys) as surveyed_s,
    (select coalesce(sum(abs(unaccounted_ticks)), 0)::bigint from ledger) as unaccounted_ticks,
    (select count(*) from current_shots) as num_shots,
    (select count(*) from current_clips) as num_clips,
    (select coalesce(sum(duration_s), 0) from current_clips) as clips_s,
    (select count(*) from keepers) as num_kept,
    (select coalesce(sum(duration_s), 0) from current_clips join keepers using (clip_id)) as kept_s,
    (select count(distinct k.clip_id) from keepers k join best_captions using (clip_id)
        where kind <> 'source')
        as num_captioned,
    (select count(distinct group_id) from current_duplicates) as num_groups,
    (select count(*) from current_failures) as num_failures
"""

_RULES_SQL = """
select position, name, "column", minimum, maximum, reason from current_rules order by position
"""

_FAILURES_SQL = """
select uri, stage, reason, message, lost_s from current_failures order by stage, uri, reason limit ?
"""

_MAX_FAILURES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One line of the chart: `start` and `width` are shares of the surveyed seconds.

    `kind`: `total`, `offcut`, `dropped`, `duplicate` or `kept`.
    """

    label: str
    kind: str
    stage: str
    meaning: str
    count: str
    num: int
    seconds: float
    start: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """Everything that the first two sections say; no `problems` where all adds up."""

    totals: dict[str, Any]
    bars: list[Bar]
    rules: list[dict[str, Any]]
    failures: list[dict[str, Any]]
    files_line: str
    failed_s: float
    problems: tuple[str, ...]

    @property
    def offcuts(self) -> list[Bar]:
        """What the split left out of clips."""
        return [bar for bar in self.bars if bar.kind == "offcut"]

    @property
    def drops(self) -> list[Bar]:
        """What rules and duplicates took from the clips."""
        return [bar for bar in self.bars if bar.kind in {"dropped", "duplicate"}]


def read_funnel(catalog: Catalog) -> Funnel:
    """Return the funnel of the chosen settings."""
    totals = catalog.rows(_TOTALS_SQL)[0]
    rules = catalog.rows(_RULES_SQL)
    bars = _bars(catalog.rows("select * from funnel"), rules)
    ledger = read_ledger(catalog)
    return Funnel(
        totals=totals,
        bars=bars,
        rules=rules,
        failures=catalog.rows(_FAILURES_SQL, [_MAX_FAILURES]),
        files_line=_files_line(totals),
        failed_s=ledger.failed_s,
        problems=ledger.problems,
    )


def _bars(rows: list[dict[str, Any]], rules: list[dict[str, Any]]) -> list[Bar]:
    """Return the chart: totals start at the left, each loss ends where the rest ends."""
    surveyed = next((r for r in rows if r["reason"] == "surveyed"), None)
    whole = float(surveyed["duration_s"] or 0.0) if surveyed else 0.0
    left = whole
    bars: list[Bar] = []
    for row in rows:
        stage, reason, num = row["stage"], row["reason"], row["num_clips"]
        seconds = float(row["duration_s"] or 0.0)
        if stage == "ingest" or (stage == "survey" and reason != "surveyed"):
            continue  # files that failed: their length is unknown, they are listed below
        label, kind, noun = plain(reason), "dropped", "clip"
        if reason == "surveyed":
            label, kind, noun = "video that was read", "total", "video"
        elif (stage, reason) == ("split", "clips"):
            label, kind, left = "clips", "total", seconds
        elif stage == "split":
            kind, noun = "offcut", "part"
        elif stage == "dedupe":
            kind = "duplicate"
        elif stage == "kept":
            kind, left = "kept", seconds
        is_loss = kind in {"offcut", "dropped", "duplicate"}
        left -= seconds if is_loss else 0.0
        bars.append(
            Bar(
                label=label,
                kind=kind,
                stage=stage,
                meaning=_meaning(reason, stage, rules),
                count=counted(num, noun),
                num=num,
                seconds=seconds,
                start=share(left, whole) if is_loss else 0.0,
                width=share(seconds, whole),
            )
        )
    return bars


def _meaning(reason: str, stage: str, rules: list[dict[str, Any]]) -> str:
    if reason == "surveyed":
        return "every frame decoded once and measured"
    if reason == "kept":
        return "passes every rule, the best of its near-duplicates"
    if (stage, reason) == ("split", "clips"):
        return "parts of one shot each, without its transitions"
    return meaning(reason, rules if stage == "judge" else [])


def _files_line(totals: dict[str, Any]) -> str:
    copies = totals["num_files"] - totals["num_distinct"]
    lost = totals["num_distinct"] - totals["num_surveyed"]
    parts = [f"{totals['num_surveyed']:,} read"]
    if lost:
        parts.append(f"{lost:,} not readable")
    if copies:
        parts.append(counted(copies, "byte-identical copy", "byte-identical copies"))
    return f"{counted(totals['num_files'], 'file')} = {' + '.join(parts)}"
