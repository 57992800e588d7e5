"""Rules as SQL: from numbers to verdicts, the same text in the view and in the judge's stage.

Rules are tried in order and the first one broken gives the reason, so each dropped clip
counts under exactly one reason and the funnel's columns add up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from schemas.records import Rule
from schemas.tables import SCORE_COLUMNS

CLIP_COLUMNS: tuple[str, ...] = ("duration_s", "num_frames", "fps", "width_px", "height_px")
"""Columns of the clip itself that a rule may use beside the scores."""

JUDGED_COLUMNS: tuple[str, ...] = (*CLIP_COLUMNS, *SCORE_COLUMNS)
"""Everything that a rule may use."""

NOT_SCORED = "not_scored"
"""The reason of a clip that has no scores: never kept by mistake, never given a fake score."""

REVIEWED = "reviewed"
"""The reason of a clip that a person dropped, whatever the rules say."""


def reason_sql(rules: Sequence[Rule]) -> str:
    """Return a SQL expression over the judged columns and `is_scored`: a reason, or null.

    Raises ValueError for a rule on a column that does not exist or without a limit.
    """
    cases = [f"when not is_scored then '{NOT_SCORED}'"]
    for rule in sorted(rules, key=lambda rule: rule.position):
        if rule.column not in JUDGED_COLUMNS:
            raise ValueError(f"no column `{rule.column}`; rules may use {JUDGED_COLUMNS}")
        if not rule.reason.isidentifier() or rule.reason == REVIEWED:
            raise ValueError(f"a reason is a snake_case token, got `{rule.reason}`")
        tests = []
        if rule.minimum is not None:
            tests.append(f'"{rule.column}" < {_number(rule.minimum)}')
        if rule.maximum is not None:
            tests.append(f'"{rule.column}" > {_number(rule.maximum)}')
        if not tests:
            raise ValueError(f"rule `{rule.name}` has neither a minimum nor a maximum")
        cases.append(f"when {' or '.join(tests)} then '{rule.reason}'")
    return f"case {' '.join(cases)} end"


def judged_sql(rules: Sequence[Rule], source: str) -> str:
    """Return `clip_id, keep, reason` for each row of `source`, a relation of judged columns."""
    return (
        f"select clip_id, reason is null as keep, reason "
        f"from (select clip_id, {reason_sql(rules)} as reason from {source})"
    )


def reviewed_sql(judged: str) -> str:
    """Return the rows of `judged` with a person's word over them, from `current_reviews`.

    A clip without scores stays dropped as that: nobody can keep what was never measured.
    """
    decision = f"case when j.reason is distinct from '{NOT_SCORED}' then r.decision end"
    return (
        f"select clip_id, reason is null as keep, reason from (select j.clip_id, "
        f"case {decision} when 'keep' then null when 'drop' then '{REVIEWED}' else j.reason end "
        f"as reason from ({judged}) j left join current_reviews r using (clip_id))"
    )


def verdict_sql(rules: Sequence[Rule]) -> str:
    """Return the text of the view `verdicts`: the rules' word on the current clips, and people's.

    It reads `current_clips`, `current_scores` and `current_reviews`.
    """
    clips = ", ".join(f"c.{name}" for name in CLIP_COLUMNS)
    scores = ", ".join(f"s.{name}" for name in SCORE_COLUMNS)
    source = (
        f"(select c.clip_id, {clips}, {scores}, s.clip_id is not null as is_scored "
        f"from current_clips c left join current_scores s using (clip_id))"
    )
    return reviewed_sql(judged_sql(rules, source))


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"a limit is a finite number, got {value}")
    return repr(float(value))
