"""The measures against the truth as one table, for the page, the terminal and programs (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from orchestration.truth_check import TruthMeasures

ALL = "all"
_COLUMNS = pa.schema(
    [
        ("what", pa.string()),
        ("kind", pa.string()),
        ("num_true", pa.int64()),
        ("num_recalled", pa.int64()),
        ("recall", pa.float64()),
        ("num_named", pa.int64()),
        ("num_right", pa.int64()),
        ("precision", pa.float64()),
        ("f1", pa.float64()),
        ("note", pa.string()),
    ]
)


def truth_table(measures: TruthMeasures) -> pa.Table:
    """Return one row per kind of boundary, defect, broken file and near-duplicate.

    `num_recalled` of the `num_true` were found; `num_right` of what was named are true. Of
    defects the first two count planted spans, the others clips. A ratio of nothing is null.
    """
    return pa.Table.from_pylist(list(truth_rows(measures)), schema=_COLUMNS)


def truth_rows(measures: TruthMeasures) -> Iterator[dict[str, Any]]:
    """Return the rows of `truth_table`."""
    whole = measures.boundaries
    counts = (whole.num_true, whole.num_matched, whole.num_found, whole.num_matched)
    note = f"{whole.num_same_kind} of {whole.num_matched} with the right kind"
    yield _row("boundary", ALL, *counts, note)
    for item in whole.kinds():
        yield _row(
            "boundary",
            item.kind,
            item.num_true,
            item.num_true_matched,
            item.num_found,
            item.num_found_matched,
        )
    for defect in measures.defects:
        yield _row(
            "defect",
            defect.kind,
            defect.num_true,
            defect.num_true_matched,
            defect.num_found,
            defect.num_found_matched,
            "" if defect.has_detector else "no detector yet",
        )
    files = [case for case in measures.planted if case.planted.endswith(" file")]
    for kind in dict.fromkeys(case.kind for case in files):
        outcomes = [case.outcome for case in files if case.kind == kind]
        yield _row("broken file", kind, len(outcomes), outcomes.count("found"))
    pairs = measures.duplicates
    counts = (pairs.num_true, pairs.num_matched, pairs.num_found, pairs.num_matched)
    yield _row("pair of files", ALL, *counts)
    for pair in measures.duplicate_kinds:
        yield _row("pair of files", pair.kind, pair.num_true, pair.num_found)


def as_plain(measures: TruthMeasures) -> dict[str, Any]:
    """Return all as plain data: the table, and every case that was missed or wrong."""
    return {
        "num_files": measures.num_files,
        "num_surveyed": measures.num_surveyed,
        "not_surveyed": list(measures.not_surveyed),
        "table": list(truth_rows(measures)),
        "boundary_misses": [asdict(miss) for miss in measures.boundary_misses],
        "planted": [asdict(case) for case in measures.planted],
        "wrongly_dropped": [list(item) for item in measures.wrongly_dropped],
        "missed_pairs": [list(item) for item in measures.missed_pairs],
        "wrong_pairs": [list(item) for item in measures.wrong_pairs],
    }


def _row(
    what: str,
    kind: str,
    num_true: int,
    num_recalled: int,
    num_named: int | None = None,
    num_right: int | None = None,
    note: str = "",
) -> dict[str, Any]:
    recall = num_recalled / num_true if num_true else None
    precision = num_right / num_named if num_named and num_right is not None else None
    f1 = None
    if recall is not None and precision is not None:
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {
        "what": what,
        "kind": kind,
        "num_true": num_true,
        "num_recalled": num_recalled,
        "recall": _rounded(recall),
        "num_named": num_named,
        "num_right": num_right,
        "precision": _rounded(precision),
        "f1": _rounded(f1),
        "note": note,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
