"""How often training draws each clip, by an SQL expression over what the catalogue knows of it."""

from __future__ import annotations

from schemas.catalog import Catalog
from schemas.datasets import Dataset
from schemas.errors import UserError
from schemas.query import select


def clip_weights(catalog: Catalog, dataset: Dataset, expression: str) -> dict[str, float] | None:
    """Return clip id -> weight; None where there is no expression.

    Columns are those of `survivors` and of `clip_difficulty`. Where the expression is null the
    weight is 1. Raises UserError for wrong SQL and for what is no number.
    """
    if not expression.strip():
        return None
    # Alone first: text that closes the bracket and goes on is no expression.
    joined = "survivors left join clip_difficulty using (clip_id)"
    select(catalog, f"select (\n{expression}\n)::double as weight from {joined} limit 1")
    found = select(
        catalog, f"select clip_id, (\n{expression}\n)::double as weight from {joined}"
    ).to_pydict()
    members = {clip.ref.clip_id for clip in dataset.clips}
    weights = {
        clip_id: weight
        for clip_id, weight in zip(found["clip_id"], found["weight"], strict=True)
        if clip_id in members and weight is not None
    }
    if not weights:
        raise UserError(
            f"the weights `{expression}` say nothing of any clip of dataset {dataset.name}",
            'see the columns: rushes sql "describe survivors"',
        )
    return weights
