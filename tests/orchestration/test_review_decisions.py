"""What a row of a review means: a decision, nothing, or a problem with its name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestration.review_decisions import Decision, KnownCaption, decide, same_text
from orchestration.review_files import ReviewRow

ROW = ReviewRow(clip_id="clip_1", kind="long", text="A dog.", caption_id="cap_1", reviewer="Bo")
GOOD = KnownCaption(caption_id="cap_1", text="A dog.", status="ok", language="en")
BAD = KnownCaption(caption_id="cap_2", text="A dog and", status="truncated", language="en")
JSON = KnownCaption(caption_id="cap_3", text='{"short": "a dog"}', status="ok", language="en")
KNOWN = {
    ("clip_1", "long", "cap_1"): GOOD,
    ("clip_1", "medium", "cap_2"): BAD,
    ("clip_1", "structured", "cap_3"): JSON,
}
MISSING = {"kind": "short", "caption_id": "", "text": ""}
FAILED = {"kind": "medium", "caption_id": "cap_2", "text": "A dog and"}
STRUCTURED = {"kind": "structured", "caption_id": "cap_3"}
CLIP = {"kind": "clip", "caption_id": "", "text": ""}


def one(signed: str = "", **changes: Any) -> tuple[list[Decision], list[str]]:
    rows = [(7, replace(ROW, **changes))]
    clips = {"clip_1": True, "clip_2": False}
    decisions, problems = decide(rows, clips, KNOWN, reviewer=signed)
    assert all(problem.row == 7 for problem in problems)
    return decisions, [problem.message for problem in problems]


@pytest.mark.parametrize(
    ("changes", "decision", "text"),
    [
        ({}, "approved", "A dog."),
        ({"text": "A dog. \r\n"}, "approved", "A dog."),
        ({"verdict": "OK"}, "approved", "A dog."),
        ({"text": "A fox."}, "corrected", "A fox."),
        ({"text": " A fox.\r\nIt runs. ", "verdict": "ok"}, "corrected", "A fox.\nIt runs."),
        ({"verdict": "rejected"}, "rejected", "A dog."),
        ({"verdict": "Reject", "text": ""}, "rejected", "A dog."),
        ({"language": "nl"}, "corrected", "A dog."),
        ({"verdict": "skip", "text": "A fox."}, None, None),
        (FAILED, None, None),
        ({**FAILED, "verdict": "ok"}, "approved", "A dog and"),
        ({**FAILED, "text": "A dog and a fox."}, "corrected", "A dog and a fox."),
        (MISSING, None, None),
        ({**MISSING, "text": "A dog."}, "corrected", "A dog."),
        ({**STRUCTURED, "text": '{"short": "a fox"}'}, "corrected", '{"short": "a fox"}'),
        (CLIP, None, None),
        ({**CLIP, "verdict": "Keep"}, "keep", ""),
        ({**CLIP, "verdict": "drop"}, "drop", ""),
        ({**CLIP, "verdict": "rules"}, "rules", ""),
    ],
    ids=str,
)
def test_a_row_means_one_decision_or_none(
    changes: dict[str, str], decision: str | None, text: str | None
) -> None:
    decisions, problems = one(**changes)
    assert problems == []
    found = [(d.decision, d.text) for d in decisions]
    assert found == ([] if decision is None else [(decision, text)])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"clip_id": "clip_x"}, "no clip `clip_x`"),
        ({"clip_id": "clip_2"}, "clip_2 is gone"),
        ({"caption_id": "cap_2"}, "`cap_2` is no long caption of clip_1"),
        ({"kind": "epic"}, "unknown kind `epic`"),
        ({"verdict": "maybe"}, "unknown verdict `maybe`"),
        ({"verdict": "drop"}, "unknown verdict `drop` on a caption"),
        ({**CLIP, "verdict": "ok"}, "unknown verdict `ok` on a clip"),
        ({**CLIP, "text": "a dog"}, "a clip has no text"),
        ({"text": " "}, "the text is empty"),
        ({**MISSING, "verdict": "ok"}, "the text is empty"),
        ({**MISSING, "verdict": "rejected"}, "no caption to reject"),
        ({"verdict": "rejected", "text": "A fox."}, "at once"),
        ({"text": "A d\ufffdg"}, "an editor broke"),
        ({"text": "A \x07 dog"}, "an editor broke"),
        ({"text": "dog " * 9000}, "35999 characters"),
        ({"language": "en_US!"}, "no language"),
        ({"reviewer": "x" * 101}, "no name"),
        ({"reviewer": "B\no\x07"}, "no name"),
        ({"reviewer": ""}, "nobody signed"),
        ({**CLIP, "note": "blurred"}, "a note without a verdict"),
        ({**STRUCTURED, "text": '{"short": "a dog"'}, "is JSON"),
        ({**STRUCTURED, "text": "[1]"}, "a JSON object"),
    ],
    ids=str,
)
def test_a_row_that_means_nothing_is_a_problem(changes: dict[str, str], message: str) -> None:
    decisions, problems = one(**changes)
    assert decisions == []
    assert len(problems) == 1 and message in problems[0]


def test_a_row_without_a_name_is_signed_by_whoever_brings_the_file() -> None:
    assert one(signed=" Ann ")[0][0].reviewer == "Bo"
    rows = [(2, replace(ROW, reviewer=""))]
    assert decide(rows, {"clip_1": True}, KNOWN, reviewer=" Ann ")[0][0].reviewer == "Ann"


def test_the_same_thing_twice_in_a_file_is_a_problem() -> None:
    rows = [(2, ROW), (3, replace(ROW, kind="clip", text="", caption_id="", verdict="keep"))]
    decisions, problems = decide([*rows, (4, ROW)], {"clip_1": True}, KNOWN)
    assert [d.decision for d in decisions] == ["approved", "keep"]
    assert [str(p) for p in problems] == ["row 4: the long of clip_1 stands in row 2 already"]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("a\r\nb", "a\nb", True),
        ("a  \nb\n\n", "a\nb", True),
        ("caf\u00e9", "cafe\u0301", True),
        ("a b", "a  b", False),
        ("A dog", "a dog", False),
    ],
)
def test_texts_are_the_same_but_for_what_editors_change(
    one: str, other: str, is_same: bool
) -> None:
    assert same_text(one, other) == is_same
