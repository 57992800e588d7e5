from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from captioner.checking import Checker
from captioner.request import Answer, Attempt, CaptionRequest
from captioner.rows import Try
from captioner.settings import CaptionSettings
from captioner.world_words import tell
from schemas.facts import Facts, ObjectFacts
from tests.captioner.drawings import DARK_GREEN, RED, draw_disc, make_request
from tests.captioner.fakes import GOOD, ScriptedCaptioner, good_answer

CAPTIONER = ScriptedCaptioner(lambda *_: None)
BEACH = [draw_disc(DARK_GREEN, RED)] * 2


def judged(answer: Answer, request: CaptionRequest | None = None, **checker: Any) -> Try:
    settings = CaptionSettings(**checker.pop("settings", {"check_facts": False}))
    made = Checker(settings, **checker)
    return made(CAPTIONER, Attempt(), [(request or make_request(BEACH), answer)])[0]


def written(**fields: Any) -> Answer:
    plain = {"short": "A dog runs.", "medium": GOOD, "long": GOOD, **fields}
    return Answer(request_id="clip_a", text=json.dumps(plain))


def test_a_models_json_becomes_a_caption() -> None:
    one = judged(written(setting="a beach"))
    assert one.status == "ok"
    assert one.caption is not None and one.caption.setting == "a beach"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(request_id="clip_a", text="I cannot describe this video."), "refused"),
        (Answer(request_id="clip_a", text=""), "empty"),
        (Answer(request_id="clip_a", status="timeout"), "timeout"),
        (written(events=[{"start_s": 1, "end_s": 99, "text": "It ends."}]), "bad_times"),
        (written(long="The cat sits. " * 9), "repeated"),
    ],
    ids=["refused", "empty", "as reported", "bad_times", "repeated"],
)
def test_a_failure_is_named(answer: Answer, status: str) -> None:
    one = judged(answer)
    assert (one.status, one.caption) == (status, None)


def test_praise_is_taken_out_and_the_rest_stays() -> None:
    praise = "Overall, the video captures the essence of a perfect day."
    one = judged(written(long=f"{GOOD} {praise}"))
    assert one.status == "ok"
    assert one.caption is not None and one.caption.long == GOOD


def facts(colour: str, shape: str, direction: str) -> Facts:
    item = ObjectFacts(colour=colour, shape=shape, action="move", direction=direction, speed="fast")
    return Facts(objects=(item,), background_kind="plain", background_colour="navy")


def test_what_world_pixels_contradict_is_put_right() -> None:
    sight = SimpleNamespace(facts=lambda request: facts("red", "circle", "left"))
    said = tell(facts("red", "circle", "right"), key="a")
    checker = Checker(CaptionSettings(), sight=sight)  # type: ignore[arg-type]
    answer = Answer(request_id="clip_a", caption=said)
    request = replace(make_request([]), scores={})
    (one,) = checker(CAPTIONER, Attempt(), [(request, answer)])
    assert one.status == "ok"
    assert one.caption is not None
    assert "left" in one.caption.long and "right" not in one.caption.long
    assert any("right" in correction.said for correction in one.corrections)


def test_another_clips_caption_is_contradicted() -> None:
    sight = SimpleNamespace(facts=lambda request: facts("red", "circle", "left"))
    other = Facts(
        objects=(
            ObjectFacts(colour="blue", shape="star", action="rest"),
            ObjectFacts(
                colour="green", shape="square", action="move", direction="up", speed="slow"
            ),
        ),
        background_kind="bricks",
        background_colour="cream",
    )
    answer = Answer(request_id="clip_a", caption=tell(other, key="a"))
    checker = Checker(CaptionSettings(), sight=sight)  # type: ignore[arg-type]
    (one,) = checker(CAPTIONER, Attempt(), [(replace(make_request([]), scores={}), answer)])
    assert one.status == "contradicted"


class LengthAligner:
    name = "by length"

    def align(self, requests: Any, texts: list[str]) -> list[float | None]:
        return [None if "None" in text else len(text) / 1000 for text in texts]


def test_a_caption_that_does_not_fit_fails_and_one_without_a_score_does_not() -> None:
    settings = {"check_facts": False, "min_alignment": 0.1}
    fits = judged(good_answer(make_request(BEACH)), settings=settings, aligner=LengthAligner())
    assert fits.status == "ok"
    assert fits.alignment is not None and fits.alignment > 0.1
    assert fits.aligner == "by length"
    strict = {**settings, "min_alignment": 0.9}
    poor = judged(good_answer(make_request(BEACH)), settings=strict, aligner=LengthAligner())
    assert poor.status == "misaligned"
    unknown = good_answer(make_request(BEACH), "None stays behind.")
    assert judged(unknown, settings=strict, aligner=LengthAligner()).status == "ok"
