"""The funnel as it is, or as it would be under other rules: no pixel is touched."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa

from orchestration.recipe import load_recipe
from pipeline.judge.rules import JudgeSettings, rules_of
from schemas.catalog import Catalog
from schemas.errors import UserError


def read_funnel(catalog: Catalog, overrides: Sequence[str]) -> pa.Table:
    """Return `stage, reason, num_clips, duration_s`, in the order of the stages.

    `overrides` are `judge.KEY=VALUE` on top of the rules that the catalogue has chosen.
    Raises UserError for an override of anything else: that would need work, not a look.
    """
    sql = "select stage, reason, num_clips, duration_s from funnel"
    if not overrides:
        return catalog.query(sql)
    for override in overrides:
        if not override.strip().startswith("judge."):
            raise UserError(
                f"--set {override}: the funnel's what-if changes rules only",
                "write --set judge.KEY=VALUE, or curate again with the other setting",
            )
    chosen = catalog.column(
        "select settings_json from choices where stage = 'judge' order by chosen_at desc limit 1"
    )
    base = json.loads(chosen[0]) if chosen else {}
    changed = load_recipe(None, overrides).judge.model_dump(exclude_unset=True)
    settings = JudgeSettings.model_validate({**base, **changed})
    rules = rules_of(settings, "what-if")
    return catalog.lens(rules=rules).sql(sql).to_arrow_table()
