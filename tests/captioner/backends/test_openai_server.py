"""The openai backend against `transformers serve` over a small random SmolVLM and Qwen3-VL."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from captioner.backends.openai import OpenAICaptioner
from captioner.request import Attempt, CaptionRequest
from captioner.settings import CaptionSettings
from schemas.frames import Frames
from tests.captioner.backends.serving import transformers_server
from tests.captioner.checkpoints import make_qwen3_vl, make_smolvlm

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("openai")
pytest.importorskip("accelerate")


@pytest.fixture(scope="module", params=["smolvlm", "qwen3_vl"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("served")
    make = {"smolvlm": make_smolvlm, "qwen3_vl": make_qwen3_vl}[request.param]
    model = make(folder / request.param)
    with transformers_server(model, folder / "log.txt") as url:
        yield url, model


@pytest.fixture
def captioner(served: tuple[str, Path]) -> Iterator[OpenAICaptioner]:
    url, model = served
    own = {"base_url": url, "model": str(model), "first_pause_s": 0.01, "max_side_px": 64}
    captioner = OpenAICaptioner(CaptionSettings.model_validate({"openai": own}))
    yield captioner
    captioner.close()


def clip_request(name: str, seed: int, *, num_frames: int = 2) -> CaptionRequest:
    pixels = np.random.default_rng(seed).integers(0, 255, (num_frames, 48, 64, 3), np.uint8)
    pixels[:, : 12 * seed] = 60 * seed
    return CaptionRequest(
        request_id=name,
        clip_id=name,
        video_id="video",
        start_s=0.0,
        end_s=2.0,
        duration_s=2.0,
        width_px=64,
        height_px=48,
        fps=25.0,
        num_frames=50,
        scores={},
        frames=(),
        clip=Frames(pixels_THWC=pixels, times_s=np.arange(num_frames) / 2),
        frame_indices=tuple(range(num_frames)),
    )


def test_a_real_server_describes_pictures_and_counts_its_tokens(
    captioner: OpenAICaptioner,
) -> None:
    attempt = Attempt(max_new_tokens=8, prompting="prose")
    requests = [clip_request(f"clip{i}", i, num_frames=1 + i) for i in range(3)]
    answers = captioner.answer(requests, attempt)
    assert [answer.request_id for answer in answers] == ["clip0", "clip1", "clip2"]
    for answer in answers:
        # Random weights never stop by themselves within eight tokens.
        assert (answer.status, answer.finish_reason) == ("truncated", "length")
        assert answer.output_tokens == 8 and answer.text
    tokens = [answer.prompt_tokens or 0 for answer in answers]
    assert tokens[0] < tokens[1] < tokens[2], "more pictures, more tokens"


def test_greedy_answers_of_a_batch_are_those_of_each_clip_alone(
    captioner: OpenAICaptioner,
) -> None:
    attempt = Attempt(max_new_tokens=12, prompting="prose", repetition_penalty=1.5)
    requests = [clip_request(f"clip{i}", i) for i in range(4)]
    together = {a.request_id: a.text for a in captioner.answer(requests, attempt)}
    alone = {r.request_id: captioner.answer([r], attempt)[0].text for r in reversed(requests)}
    assert together == alone
    assert len(set(together.values())) > 1, "other pictures, other words"


def test_a_refused_field_is_put_in_other_words_once_and_remembered(
    captioner: OpenAICaptioner, caplog: pytest.LogCaptureFixture
) -> None:
    # This server knows no `repetition_penalty`: it answers 422 and names the field.
    attempt = Attempt(max_new_tokens=4, prompting="full", repetition_penalty=1.2)
    with caplog.at_level(logging.INFO, "captioner.backends.openai_server"):
        for _ in range(3):
            answers = captioner.answer([clip_request("one", 1)], attempt)
            assert answers[0].status == "truncated"
    refusals = [r for r in caplog.records if "refused a field" in r.message]
    assert len(refusals) == 1 and "repetition_penalty" in refusals[0].message


def test_a_summary_is_asked_for_in_words_alone(captioner: OpenAICaptioner) -> None:
    parts = ["[0.0 s - 2.0 s] A dog.", "[2.0 s - 4.0 s] A cat."]
    answer = captioner.summarise(parts, Attempt(max_new_tokens=8))
    assert answer.request_id == "" and answer.text and (answer.output_tokens or 0) > 0
