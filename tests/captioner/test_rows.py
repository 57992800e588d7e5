import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from captioner.facts import Correction
from captioner.request import Answer, Attempt, CaptionRequest, frames_digest
from captioner.rows import Scope, Try, caption_rows, failed_rows
from captioner.settings import CaptionSettings
from schemas.frames import Frames
from schemas.records import Caption
from schemas.tables import to_arrow
from tests.captioner.drawings import DARK_GREEN, RED, draw_disc, make_request
from tests.captioner.fakes import ScriptedCaptioner, good_answer

SCOPE = Scope(
    settings=CaptionSettings(),
    settings_hash="set_1",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def one_try(request: CaptionRequest | None = None, **changes: object) -> Try:
    request = request or make_request([draw_disc(DARK_GREEN, RED)] * 2)
    answer = good_answer(request, prompt_tokens=7, output_tokens=9, text="raw words")
    values = {
        "captioner": ScriptedCaptioner(lambda *_: None),
        "attempt": Attempt(number=1, seed=5),
        "request": request,
        "answer": answer,
        "status": "ok",
        "caption": answer.caption,
        "corrections": (
            Correction(field="camera", said="pans left", measured="still", action="dropped"),
        ),
        "alignment": 0.25,
        "aligner": "tiny",
    }
    return Try(**{**values, **changes})


def make_rows(request: CaptionRequest | None = None) -> list[Caption]:
    return caption_rows(one_try(request), SCOPE)


def test_a_row_says_who_wrote_it_from_what_and_how() -> None:
    rows = make_rows()
    assert [row.kind for row in rows] == ["short", "medium", "long", "structured"]
    for row in rows:
        assert (row.captioner, row.model, row.revision) == ("scripted", "by a script", "1")
        assert (row.prompt_hash, row.settings_hash, row.language) == ("none", "set_1", "en")
        assert row.frame_times_s == [0.0, 1.0]
        assert (row.clip_id, row.video_id, row.start_s, row.end_s) == ("clip_a", "vid_a", 10, 14)
        assert (row.status, row.attempt, json.loads(row.sampling)["seed"]) == ("ok", 1, 5)
        assert (row.prompt_tokens, row.output_tokens, row.alignment) == (7, 9, 0.25)
        assert json.loads(row.corrections[0])["said"] == "pans left"
    assert [row.raw for row in rows] == ["", "", "", "raw words"]
    assert to_arrow("captions", rows, "bat_1").num_rows == 4


def test_the_same_work_gives_the_same_ids_and_other_work_others() -> None:
    ids = [row.caption_id for row in make_rows()]
    assert ids == [row.caption_id for row in make_rows()]
    assert len(set(ids)) == 4
    other = make_rows(replace(make_request([]), request_id="clip_b", clip_id="clip_b"))
    assert not set(ids) & {row.caption_id for row in other}


def test_a_failed_try_is_a_row_with_its_reason() -> None:
    request = make_request([])
    answer = Answer(request_id="clip_a", text="Sorry.", status="refused", message="policy")
    tries = [
        one_try(request, answer=answer, status="refused", caption=None, attempt=Attempt(number=i))
        for i in range(2)
    ]
    rows = failed_rows(tries, SCOPE)
    assert [(row.status, row.message, row.raw, row.text) for row in rows] == [
        ("refused", "policy", "Sorry.", "")
    ] * 2
    assert len({row.caption_id for row in rows}) == 2
    with pytest.raises(ValueError, match="no caption"):
        caption_rows(tries[0], SCOPE)


def test_the_digest_depends_on_every_picture_and_their_order() -> None:
    one, two = draw_disc(DARK_GREEN, RED), draw_disc(DARK_GREEN, None)
    requests = [make_request(jpegs) for jpegs in ([one], [one, two], [two, one], [])]
    assert len({frames_digest(request) for request in requests}) == 4
    pixels = np.zeros((2, 4, 4, 3), np.uint8)
    clip = Frames(pixels_THWC=pixels, times_s=np.arange(2.0))
    changed = Frames(pixels_THWC=pixels + np.uint8(1), times_s=np.arange(2.0))
    digests = {frames_digest(replace(make_request([]), clip=frames)) for frames in (clip, changed)}
    assert len(digests) == 2
