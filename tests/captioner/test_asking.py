from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from captioner.asking import ask
from captioner.backend import Captioner
from captioner.request import Answer, Attempt, CaptionRequest
from captioner.rows import Try
from captioner.settings import CaptionSettings
from schemas.frames import Frames
from tests.captioner.drawings import make_request
from tests.captioner.fakes import ScriptedCaptioner, good_answer

SETTINGS = CaptionSettings(max_attempts=3)


def requests(count: int) -> list[CaptionRequest]:
    pixels = np.zeros((8, 4, 4, 3), np.uint8)
    clip = Frames(pixels_THWC=pixels, times_s=np.arange(8) / 4)
    return [
        replace(make_request([], f"clip_{i}"), clip=clip, frame_indices=tuple(range(8)))
        for i in range(count)
    ]


def by_status(
    captioner: Captioner, attempt: Attempt, pairs: Sequence[tuple[CaptionRequest, Answer]]
) -> list[Try]:
    return [
        Try(
            captioner=captioner,
            attempt=attempt,
            request=request,
            answer=answer,
            status=answer.status,
            caption=answer.caption,
        )
        for request, answer in pairs
    ]


def failing(request: CaptionRequest, status: str) -> Answer:
    return Answer(request_id=request.request_id, status=status)


def test_answers_are_matched_by_id_and_not_by_place() -> None:
    captioner = ScriptedCaptioner(lambda request, _: good_answer(request, request.clip_id + "."))
    asked = ask(captioner, requests(5), SETTINGS, by_status)
    for number, one in enumerate(asked):
        assert one.good is not None and one.good.caption is not None
        assert one.good.caption.long.endswith(f"clip_{number}.")


def test_a_failure_is_asked_again_alone_and_kept() -> None:
    def script(request: CaptionRequest, attempt: Attempt) -> Answer:
        bad = request.clip_id == "clip_1" and attempt.number == 0
        return failing(request, "repeated") if bad else good_answer(request)

    captioner = ScriptedCaptioner(script)
    asked = ask(captioner, requests(3), SETTINGS, by_status)
    assert [one.status for one in asked] == ["ok", "ok", "ok"]
    assert [ids for ids, _ in captioner.calls] == [["clip_0", "clip_1", "clip_2"], ["clip_1"]]
    assert [one.status for one in asked[1].failed] == ["repeated"]
    assert asked[1].good is not None and asked[1].good.attempt.number == 1


def test_nobody_is_asked_more_often_than_allowed() -> None:
    captioner = ScriptedCaptioner(lambda request, _: failing(request, "invalid_json"))
    (asked,) = ask(captioner, requests(1), SETTINGS, by_status)
    assert asked.good is None
    assert asked.status == "invalid_json"
    assert len(asked.failed) == len(captioner.calls) == SETTINGS.max_attempts
    assert [one.attempt.number for one in asked.failed] == [0, 1, 2]


def test_what_cannot_be_cured_is_asked_once() -> None:
    captioner = ScriptedCaptioner(lambda request, _: failing(request, "out_of_domain"))
    (asked,) = ask(captioner, requests(1), SETTINGS, by_status)
    assert asked.status == "out_of_domain"
    assert len(captioner.calls) == 1


@pytest.mark.parametrize(
    ("stray", "status"),
    [
        pytest.param(None, "error", id="no answer"),
        pytest.param("clip_0", "swapped", id="another clip's id"),
        pytest.param("clip_9", "swapped", id="the id of nobody"),
    ],
)
def test_an_answer_without_its_own_id_is_no_answer(stray: str | None, status: str) -> None:
    def script(request: CaptionRequest, attempt: Attempt) -> Answer | None:
        if request.clip_id != "clip_1":
            return good_answer(request)
        return None if stray is None else replace(good_answer(request), request_id=stray)

    asked = ask(ScriptedCaptioner(script), requests(3), SETTINGS, by_status)
    assert {one.status for one in asked[1].failed} == {status}
    assert asked[1].good is None
    assert asked[2].good is not None
    assert (asked[0].good is None) == (stray == "clip_0")


def test_fewer_frames_keep_their_own_times() -> None:
    captioner = ScriptedCaptioner(lambda request, _: good_answer(request))
    ask(captioner, requests(1), SETTINGS, by_status, first=Attempt(num_frames=3))
    shown = captioner.seen["clip_0"]
    assert shown.frame_indices == (0, 4, 7)
    assert shown.clip is not None
    assert shown.clip.times_s.tolist() == [0.0, 1.0, 1.75]
