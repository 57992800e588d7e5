"""How it was made: runs, the settings that are shown, versions, work per stage; SQL to try."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.report_parts.wording import number
from schemas.catalog import Catalog

MAX_RUNS = 20

_RUNS_SQL = "select * exclude (batch_id) from runs order by started_at desc limit ?"

_CHOICES_SQL = """
select stage, settings_hash, settings_json, run_id
from choices
qualify row_number() over (partition by stage order by chosen_at desc, settings_hash) = 1
order by list_position(['survey', 'split', 'score', 'judge', 'dedupe', 'caption'], stage), stage
"""

_STAGES_SQL = """
select
    stage,
    count(*) as num_works,
    sum(num_in)::bigint as num_in,
    sum(num_out)::bigint as num_out,
    sum(num_rejected)::bigint as num_rejected,
    sum(num_failed)::bigint as num_failed,
    sum(seconds_in) as seconds_in
from commits
where stage not in ('run', 'choose')
group by stage
order by min(committed_at)
"""

QUERIES: tuple[tuple[str, str], ...] = (
    (
        "Which clips move most, and what do they show?",
        """
select regexp_extract(uri, '[^/]*$') as file, round(start_s, 2) as start_s,
       round(duration_s, 2) as duration_s, round(motion, 2) as motion,
       left(caption, 120) as caption_begins
from survivors order by motion desc, clip_id limit 5
""",
    ),
    (
        "What sets dropped clips apart from kept ones?",
        """
select coalesce(reason, 'passes every rule') as verdict, count(*) as clips,
       round(avg(motion), 2) as motion, round(avg(contrast), 1) as contrast,
       round(avg(dark_share), 2) as dark_share, round(avg(bright_share), 2) as bright_share
from verdicts join current_scores using (clip_id)
group by verdict order by clips desc, verdict limit 10
""",
    ),
    (
        "Which videos give the most?",
        """
select regexp_extract(uri, '[^/]*$') as file, count(*) as clips,
       round(sum(duration_s), 2) as kept_s, round(avg(motion), 2) as motion
from survivors group by uri order by kept_s desc, file limit 8
""",
    ),
)
"""Questions and the SQL that answers them, as shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A question, its SQL and the rows that this catalogue gives."""

    question: str
    sql: str
    columns: list[str]
    rows: list[list[str]]
    is_number: list[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What stands behind the numbers; `stages` holds wall-clock seconds where known."""

    runs: list[dict[str, Any]]
    num_runs: int
    choices: list[dict[str, Any]]
    stages: list[dict[str, Any]]
    versions: list[tuple[str, str]]
    recipe_toml: str


def read_examples(catalog: Catalog) -> list[Example]:
    """Return the example queries with their results."""
    return [_example(catalog, question, sql.strip()) for question, sql in QUERIES]


def _example(catalog: Catalog, question: str, sql: str) -> Example:
    table = catalog.query(sql)
    rows = [list(row.values()) for row in table.to_pylist()]
    return Example(
        question=question,
        sql=sql,
        columns=list(table.column_names),
        rows=[[number(value) for value in row] for row in rows],
        is_number=[str(field.type) in {"double", "int64", "int32"} for field in table.schema],
    )


def read_making(catalog: Catalog, timings: Mapping[str, float] | None) -> Making:
    """Return runs (newest first), chosen settings, versions and the work of each stage."""
    runs = catalog.rows(_RUNS_SQL, [MAX_RUNS])
    stages = catalog.rows(_STAGES_SQL)
    known = {stage["stage"] for stage in stages}
    for stage in stages:
        stage["wall_s"] = (timings or {}).get(stage["stage"])
    # A stage that had a time and no work of its own, such as drawing the footage.
    stages += [{"stage": s, "wall_s": t} for s, t in (timings or {}).items() if s not in known]
    newest = runs[0] if runs else {"versions_json": "{}", "recipe_toml": ""}
    try:
        versions = json.loads(newest["versions_json"])
    except ValueError:
        versions = {}
    items = versions.items() if isinstance(versions, dict) else ()
    return Making(
        runs=runs,
        num_runs=catalog.column("select count(*) from runs")[0],
        choices=catalog.rows(_CHOICES_SQL),
        stages=stages,
        versions=sorted((str(name), str(version)) for name, version in items),
        recipe_toml=newest["recipe_toml"],
    )
