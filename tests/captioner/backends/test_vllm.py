"""vLLM through Ray Data: configuration, rows and answers; and Ray's own stage around them."""

import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from captioner.backends.vllm import VllmCaptioner, engine_arguments, make_config, run_vllm
from captioner.backends.vllm_rows import (
    ERROR,
    NAME,
    REQUEST,
    keep_output,
    make_row,
    pack,
    read_row,
    sampling_params,
)
from captioner.parse import json_schema
from captioner.request import Attempt, CaptionRequest, StoredFrame
from captioner.settings import CaptionSettings, VllmSettings
from schemas.errors import UserError
from schemas.frames import Frames
from schemas.vision_imports import ready_vision
from tests.captioner.backends.pretend_vllm import write_vllm
from tests.captioner.checkpoints import make_qwen3_vl

pytest.importorskip("aiohttp", reason="ray.data.llm cannot be imported without it")


def request(name: str, *, value: int = 50, times_s: tuple[float, ...] = (0.0, 0.4, 1.68)) -> Any:
    pixels = np.full((len(times_s), 16, 24, 3), value, np.uint8)
    return CaptionRequest(
        request_id=name,
        clip_id=name,
        video_id="video",
        start_s=0.0,
        end_s=2.0,
        duration_s=2.0,
        width_px=24,
        height_px=16,
        fps=25.0,
        num_frames=50,
        scores={},
        frames=(),
        clip=Frames(pixels_THWC=pixels, times_s=np.array(times_s)),
        frame_indices=tuple(round(time * 25) for time in times_s),
    )


def settings(**own: Any) -> CaptionSettings:
    return CaptionSettings.model_validate({"backend": "vllm", "vllm": own, "batch_size": 4})


class Plain:
    """A processor whose template only says what is where."""

    def apply_chat_template(self, messages: Any, **how: Any) -> str:
        assert how == {"tokenize": False, "add_generation_prompt": True}
        parts = [part.get("text", f"<{part['type']}>") for part in messages[0]["content"]]
        return "\n".join(parts)


def row_of(one: CaptionRequest, attempt: Attempt | None = None, **own: Any) -> dict[str, Any]:
    row = pack(one)
    made = make_row(row, processor=Plain(), settings=settings(**own), attempt=attempt or Attempt())
    return row | made


def test_a_row_holds_the_frames_with_times_that_the_engine_computes_right() -> None:
    row = row_of(request("a"))
    ((pixels, metadata),) = row["multimodal_data"]["video"]
    assert pixels.shape == (3, 16, 24, 3) and pixels.dtype == np.uint8
    told = [index / metadata["fps"] for index in metadata["frames_indices"]]
    assert told == pytest.approx([0.0, 0.4, 1.68], abs=0.005)
    assert metadata["do_sample_frames"] is False, "or vLLM would choose frames by itself"
    assert row["prompt"].startswith("<video>\n") and "0, 0.4, 1.68 seconds" in row["prompt"]
    assert REQUEST not in row, "the frames are not carried twice"
    assert row[NAME] == "a" and row[ERROR] == ""


def test_the_metadata_are_fields_that_transformers_takes() -> None:
    ready_vision()
    from transformers.video_utils import VideoMetadata

    metadata = row_of(request("a"))["multimodal_data"]["video"][0][1]
    VideoMetadata(**{key: metadata[key] for key in metadata if key != "do_sample_frames"})


def test_times_of_a_varying_rate_are_told_in_milliseconds() -> None:
    metadata = row_of(request("a", times_s=(0.0, 0.013, 0.531)))["multimodal_data"]["video"][0][1]
    told = [index / metadata["fps"] for index in metadata["frames_indices"]]
    assert told == pytest.approx([0.0, 0.013, 0.531], abs=0.0006)


def test_a_single_frame_is_shown_twice_for_models_that_pair_frames() -> None:
    ((pixels, metadata),) = row_of(request("a", times_s=(0.4,)))["multimodal_data"]["video"]
    assert len(pixels) == len(metadata["frames_indices"]) == 2


def test_images_follow_their_times() -> None:
    row = row_of(request("a"), send="images")
    assert row["prompt"].startswith("[0.00 s]\n<image>\n[0.40 s]\n<image>\n[1.68 s]\n<image>\n")
    assert [image.size for image in row["multimodal_data"]["image"]] == [(24, 16)] * 3
    assert len(set(row["multimodal_uuids"]["image"])) == 3


def test_an_attempt_can_see_fewer_frames() -> None:
    row = row_of(request("a"), Attempt(num_frames=2))
    assert len(row["multimodal_data"]["video"][0][0]) == 2


def test_one_clip_keeps_its_name_in_the_engine_and_other_times_make_another() -> None:
    first = row_of(request("a"))["multimodal_uuids"]
    assert row_of(request("b"), Attempt(seed=3, prompting="prose"))["multimodal_uuids"] == first
    assert row_of(request("a", times_s=(0.0, 0.4, 1.8)))["multimodal_uuids"] != first
    assert row_of(request("a", value=51))["multimodal_uuids"] != first
    assert row_of(request("a"), Attempt(num_frames=2))["multimodal_uuids"] != first


@pytest.mark.parametrize("frames", [(), (StoredFrame(time_s=0.0, jpeg=b"no picture"),)])
def test_unreadable_frames_make_a_row_that_passes_the_engine_by(frames: Any) -> None:
    row = row_of(dataclasses.replace(request("a"), clip=None, frames=frames))
    assert row[ERROR] and "multimodal_data" not in row
    answer = read_row(row, "en")
    assert (answer.request_id, answer.status) == ("a", "unreadable_frames") and answer.message


def test_sampling_is_guided_by_the_schema_unless_prose_is_wanted() -> None:
    attempt = Attempt(seed=2**40 + 1, temperature=0.4, repetition_penalty=1.15, max_new_tokens=77)
    params = sampling_params(attempt)
    assert params.pop("structured_outputs") == {"json": json_schema("full")}
    assert params == {
        "temperature": 0.4,
        "seed": 1,
        "max_tokens": 77,
        "repetition_penalty": 1.15,
    }
    assert "structured_outputs" not in sampling_params(Attempt(prompting="prose"))


def finished(**changes: Any) -> dict[str, Any]:
    """A row as Ray's stage of vLLM leaves it: its own columns beside ours."""
    return {
        NAME: "clip-7",
        "max_new_tokens": 64,
        ERROR: "",
        "prompt": "<video> Describe",
        "prompt_token_ids": [1, 2],
        "num_input_tokens": 812,
        "generated_tokens": [5] * 20,
        "generated_text": '{"short": "A dog runs."}',
        "num_generated_tokens": 20,
        "embeddings": None,
        "metrics": {},
        "logprobs": None,
        "prompt_logprobs": None,
        "request_id": 3,
        "batch_uuid": "f00d",
        "time_taken_llm": 1.25,
        "params": "SamplingParams(n=1)",
    } | changes


def test_a_finished_row_is_an_answer() -> None:
    kept = keep_output(finished())
    assert kept[NAME] == "clip-7" and "request_id" not in kept
    answer = read_row(kept, "de")
    assert (answer.request_id, answer.status, answer.language) == ("clip-7", "ok", "de")
    assert answer.text == '{"short": "A dog runs."}' and answer.finish_reason == "stop"
    assert (answer.prompt_tokens, answer.output_tokens, answer.seconds) == (812, 20, 1.25)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"num_generated_tokens": 64}, "truncated"),
        ({"generated_text": " "}, "empty"),
        (
            {
                ERROR: "ValueError: The decoder prompt (length 5000) is longer than the maximum "
                "model length of 4096."
            },
            "too_many_tokens",
        ),
        ({ERROR: "RuntimeError: CUDA error"}, "error"),
    ],
)
def test_a_row_that_went_wrong_has_its_status(changes: dict[str, Any], status: str) -> None:
    # Rows with an error do not pass through `keep_output`, and their numbers mean nothing.
    row = finished(**changes)
    answer = read_row(row if row[ERROR] else keep_output(row), "en")
    assert (answer.request_id, answer.status) == ("clip-7", status) and answer.message


def test_the_configuration_is_made_by_ray_itself() -> None:
    config = make_config(settings(num_copies=3, tensor_parallel_size=2, revision="abc"))
    assert type(config).__name__ == "vLLMEngineProcessorConfig"
    assert config.model_source == "Qwen/Qwen3-VL-2B-Instruct"
    assert config.concurrency == (1, 3) and config.batch_size == 4
    assert config.should_continue_on_error is True
    assert config.engine_kwargs["revision"] == "abc"
    assert config.engine_kwargs["tensor_parallel_size"] == 2
    assert config.engine_kwargs["limit_mm_per_prompt"] == {"video": 1}
    for stage in ("chat_template", "tokenize", "detokenize", "prepare_multimodal"):
        assert getattr(config, f"{stage}_stage") is False


def test_arguments_of_the_engine_are_passed_on_but_not_said_twice() -> None:
    own = VllmSettings(send="images", max_frames=9, engine_kwargs={"max_num_seqs": 16})
    arguments = engine_arguments(own)
    assert arguments["max_num_seqs"] == 16 and arguments["limit_mm_per_prompt"] == {"image": 9}
    with pytest.raises(UserError, match="cannot hold `model`") as caught:
        engine_arguments(VllmSettings(engine_kwargs={"model": "other"}))
    assert caught.value.hint == "set caption.vllm.model"


def test_what_ray_refuses_is_named() -> None:
    odd: Any = "no environment"
    with pytest.raises(UserError, match=r"Ray refuses .* runtime_env"):
        make_config(settings(), runtime_env=odd)


def test_without_vllm_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match="vLLM is not installed") as caught:
        VllmCaptioner(settings())
    assert "rushes[vllm]" in caught.value.hint
    with pytest.raises(UserError, match="vLLM is not installed"):
        next(run_vllm([request("a")], settings(), Attempt()))


@pytest.fixture(scope="module")
def pretended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Ray with a GPU that is only counted, a pretended vLLM, and a real processor on disk."""
    ray = pytest.importorskip("ray")
    folder = tmp_path_factory.mktemp("vllm")
    package = write_vllm(folder / "package")
    model = make_qwen3_vl(folder / "model")
    if ray.is_initialized():
        pytest.skip("Ray runs already, without a GPU")
    root = Path(__file__).resolve().parents[3]
    ray.init(
        num_cpus=2,
        num_gpus=1,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=150 << 20,
        runtime_env={
            "env_vars": {"PYTHONPATH": f"{package}:{root}", "OMP_NUM_THREADS": "1"},
        },
    )
    sys.path.insert(0, str(package))
    yield package, model
    sys.path.remove(str(package))
    sys.modules.pop("vllm", None)
    ray.shutdown()


@pytest.mark.ray
@pytest.mark.slow
def test_rows_reach_the_engine_through_ray_as_they_were_made(pretended: tuple[Path, Path]) -> None:
    _, model = pretended
    own = settings(model=str(model), max_model_len=4096)
    unreadable = request("unreadable", times_s=())
    # The pretended engine goes wrong at pictures of 13 (too long) and 14, and never stops at 15.
    values = {"good": 50, "long": 13, "bad": 14, "endless": 15, "other": 60}
    requests = [request(name, value=value) for name, value in values.items()]
    captioner = VllmCaptioner(own)
    found = captioner.answer([*requests, unreadable], Attempt(max_new_tokens=32, seed=5))
    answers = {answer.request_id: answer for answer in found}
    assert {name: answer.status for name, answer in answers.items()} == {
        "good": "ok",
        "other": "ok",
        "long": "too_many_tokens",
        "bad": "error",
        "endless": "truncated",
        "unreadable": "unreadable_frames",
    }
    assert "does not like this one" in answers["bad"].message
    for name in ("good", "other"):
        told = json.loads(answers[name].text)
        (video,) = told["data"]["video"]
        pixels, metadata = video["tuple"]
        assert pixels == {"array": ["uint8", [3, 16, 24, 3]], "mean": values[name]}
        assert metadata["fps"] == 25.0 and metadata["do_sample_frames"] is False
        assert metadata["frames_indices"] == [0, 10, 42]
        assert told["prompt"].startswith("<|im_start|>user\n<|vision_start|><|video_pad|>")
        assert told["sampling"]["max_tokens"] == 32 and told["sampling"]["seed"] == 5
        assert told["schema"] == json_schema("full")
        assert told["engine"]["limit_mm_per_prompt"] == {"video": 1}
        assert told["engine"]["max_model_len"] == 4096
        assert len(told["uuids"]["video"]) == 1
        assert (answers[name].prompt_tokens, answers[name].output_tokens) == (3, 7)


@pytest.mark.ray
@pytest.mark.slow
def test_a_ray_dataset_of_packed_requests_is_read_as_it_is(pretended: tuple[Path, Path]) -> None:
    import ray.data

    _, model = pretended
    rows = [pack(request(f"clip{i}", value=20 + i)) for i in range(6)]
    own = settings(model=str(model), send="images")
    answers = list(run_vllm(ray.data.from_items(rows), own, Attempt(prompting="prose")))
    assert sorted(answer.request_id for answer in answers) == [f"clip{i}" for i in range(6)]
    for answer in answers:
        told = json.loads(answer.text)
        pictures = told["data"]["image"]
        assert [picture["picture"] for picture in pictures] == [["RGB", 24, 16]] * 3
        value = int(pictures[0]["mean"])
        assert answer.request_id == f"clip{value - 20}", "the answer is about its own clip"
        assert told["schema"] is None
