"""The real model classes, processors and tokenizers, small and with random weights."""

import io
import json
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from captioner.backends.transformers import TransformersCaptioner
from captioner.request import Answer, Attempt, CaptionRequest, StoredFrame
from captioner.settings import CaptionSettings, TransformersSettings
from schemas.frames import Frames
from tests.captioner import checkpoints

MAKERS = {
    "smolvlm": checkpoints.make_smolvlm,
    "qwen3_vl": checkpoints.make_qwen3_vl,
    "idefics3": checkpoints.make_idefics3,
    "llava_onevision": checkpoints.make_llava_onevision,
}
QUICK = Attempt(max_new_tokens=12, prompting="prose")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in made:
            made[kind] = MAKERS[kind](tmp_path_factory.mktemp(kind))
        return made[kind]

    return folder


def load(folder: Path, **settings: Any) -> TransformersCaptioner:
    own = TransformersSettings(
        **{"model": str(folder), "device": "cpu", "dtype": "float32", **settings}
    )
    return TransformersCaptioner(CaptionSettings(backend="transformers", transformers=own))


def clip(
    name: str,
    times_s: Sequence[float] = (0.0, 0.5, 1.0, 1.5),
    *,
    size: tuple[int, int] = (48, 32),
    fps: float = 10.0,
    indices: Sequence[int] | None = None,
    duration_s: float | None = None,
) -> CaptionRequest:
    """Return a request whose frames are noise of its own; rate and indices agree by default."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    pixels = rng.integers(0, 255, (len(times_s), size[1], size[0], 3), dtype=np.uint8)
    length = duration_s if duration_s is not None else times_s[-1] + 1 / fps
    return CaptionRequest(
        request_id=f"req_{name}",
        clip_id=f"clip_{name}",
        video_id="video",
        start_s=0.0,
        end_s=length,
        duration_s=length,
        width_px=size[0],
        height_px=size[1],
        fps=fps,
        num_frames=round(length * fps),
        scores={},
        frames=(),
        clip=Frames(pixels_THWC=pixels, times_s=np.array(times_s)),
        frame_indices=tuple(indices or [round(t * fps) for t in times_s]),
    )


def by_id(answers: Sequence[Answer]) -> dict[str, Answer]:
    assert len({answer.request_id for answer in answers}) == len(answers)
    return {answer.request_id: answer for answer in answers}


@contextmanager
def watch(captioner: TransformersCaptioner) -> Iterator[list[dict[str, Any]]]:
    """Record what the model is given; it answers as ever."""
    seen: list[dict[str, Any]] = []
    model = captioner._loaded.model
    generate = model.generate

    def recording(**arguments: Any) -> Any:
        seen.append(arguments)
        return generate(**arguments)

    model.generate = recording
    try:
        yield seen
    finally:
        model.generate = generate


def prompt_of(captioner: TransformersCaptioner, given: dict[str, Any], row: int = 0) -> str:
    ids = given["input_ids"][row][given["attention_mask"][row].bool()]
    return str(captioner._loaded.tokenizer.decode(ids))


FULL = Attempt(max_new_tokens=4)
VARIED = (0.0, 0.04, 0.31, 1.24, 1.3, 2.9)


@pytest.mark.parametrize(
    ("request_", "stamps"),
    [
        pytest.param(clip("a", (0.0, 1.0, 2.0, 3.0)), [0.5, 2.5], id="constant rate"),
        pytest.param(
            clip("b", (0.0, 0.5005, 1.001, 1.5015), fps=30000 / 1001, indices=(0, 15, 30, 45)),
            [0.3, 1.3],
            id="ntsc rate",
        ),
        pytest.param(
            clip("c", VARIED, fps=10.0, indices=(0, 1, 2, 3, 4, 5)), [0.0, 0.8, 2.1], id="varying"
        ),
        pytest.param(
            clip("d", (0.02, 1.02, 2.02, 3.02), fps=25.0, indices=(0, 25, 50, 75)),
            [0.5, 2.5],
            id="window that begins between two frames",
        ),
        pytest.param(clip("e", (0.0, 1.0, 7.0)), [0.5, 7.0], id="odd number of frames"),
    ],
)
def test_the_model_reads_the_real_times_of_the_frames(
    folders: Callable[[str], Path], request_: CaptionRequest, stamps: list[float]
) -> None:
    captioner = load(folders("qwen3_vl"), guided="off")
    with watch(captioner) as seen:
        captioner.answer([request_], FULL)
    prompt = prompt_of(captioner, seen[0])
    assert [float(s) for s in re.findall(r"<([\d.]+) seconds>", prompt)] == stamps
    assert request_.clip is not None
    told = ", ".join(f"{t:.2f}".rstrip("0").rstrip(".") for t in request_.clip.times_s)
    assert f"at {told} seconds" in prompt


def test_the_prompt_of_a_clip_is_the_same_in_any_batch(folders: Callable[[str], Path]) -> None:
    """SmolVLM tells how many frames there are; batched by its processor it tells the most."""
    captioner = load(folders("smolvlm"))
    few, many = clip("few", (0.0, 2.0)), clip("many", (0.0, 1.0, 2.0, 3.0, 4.0))
    with watch(captioner) as seen:
        captioner.answer([few, many], QUICK)
    prompts = {prompt_of(captioner, seen[0], row) for row in range(2)}
    assert len(seen) == 1
    short = next(prompt for prompt in prompts if "series of two frames" in prompt)
    assert "Frame from 00:00:" in short
    assert "Frame from 00:02:" in short
    assert "The frames are taken at 0.00, 2.00 seconds." in short
    assert any("series of five frames" in prompt for prompt in prompts)


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_a_batch_of_unequal_clips_answers_as_one_by_one(
    folders: Callable[[str], Path], kind: str
) -> None:
    captioner = load(folders(kind))
    clips = [
        clip("a", (0.0, 0.5, 1.0)),
        clip("b", (0.0, 1.0, 2.0, 3.0, 4.0), size=(32, 64)),
        clip("c", (0.0,), size=(70, 40)),
        clip("d", (0.0, 0.2), size=(32, 32)),
    ]
    alone = {one.request_id: captioner.answer([one], QUICK)[0].text for one in clips}
    assert len(set(alone.values())) == len(clips)
    for order in (clips, clips[::-1], [clips[2], clips[0], clips[3], clips[1]]):
        together = by_id(captioner.answer(order, QUICK))
        assert {name: answer.text for name, answer in together.items()} == alone


def test_seeds_change_drawn_answers_and_neighbours_do_not(folders: Callable[[str], Path]) -> None:
    captioner = load(folders("qwen3_vl"))
    one, other = clip("a"), clip("b", (0.0, 1.0))
    drawn = replace(QUICK, temperature=0.8, seed=1)
    text = captioner.answer([one], drawn)[0].text
    assert by_id(captioner.answer([other, one], drawn))[one.request_id].text == text
    assert captioner.answer([one], replace(drawn, seed=2))[0].text != text
    greedy = captioner.answer([one], QUICK)[0].text
    assert captioner.answer([one], replace(QUICK, seed=2))[0].text == greedy != text


def test_the_repetition_penalty_breaks_loops(folders: Callable[[str], Path]) -> None:
    captioner = load(folders("llava_onevision"))
    most = {}
    for penalty in (1.0, 4.0):
        attempt = replace(QUICK, max_new_tokens=40, repetition_penalty=penalty)
        text = captioner.answer([clip("a")], attempt)[0].text
        ids = captioner._loaded.tokenizer(text)["input_ids"]
        most[penalty] = max(ids.count(token) for token in ids)
    assert most[4.0] < most[1.0]


@pytest.mark.parametrize("kind", ["idefics3", "llava_onevision"])
def test_frames_shown_as_images_bear_their_times(folders: Callable[[str], Path], kind: str) -> None:
    captioner = load(folders(kind), as_images=None if kind == "idefics3" else True)
    with watch(captioner) as seen:
        captioner.answer([clip("a", (0.0, 0.37, 1.5))], QUICK)
    prompt = prompt_of(captioner, seen[0])
    assert "taken at 0.00, 0.37, 1.50 seconds" in prompt
    assert "pixel_values_videos" not in seen[0]
    if kind == "idefics3":  # its template leaves texts between pictures where they are
        labels = [m.start() for m in re.finditer(r"Frame at [\d.]+ s:<fake_token", prompt)]
        assert len(labels) == 3
    else:
        assert "Frame at" not in prompt


def test_answers_keep_to_the_form_while_they_are_written(folders: Callable[[str], Path]) -> None:
    pytest.importorskip("llguidance")
    captioner = load(folders("qwen3_vl"))
    simple = Attempt(prompting="simple", max_new_tokens=2000, temperature=0.7)
    for answer in captioner.answer([clip("a"), clip("b")], simple):
        assert answer.finish_reason == "stop", answer
        assert {"short", "long", "subjects"} <= set(json.loads(answer.text))
        assert answer.output_tokens is not None
        assert 0 < answer.output_tokens < 2000
    free = load(folders("qwen3_vl"), guided="off").answer([clip("a")], replace(simple, seed=1))
    assert not free[0].text.startswith("{")


def test_bfloat16_weights_take_the_pictures_too(folders: Callable[[str], Path]) -> None:
    captioner = load(folders("qwen3_vl"), dtype="bfloat16")
    with watch(captioner) as seen:
        (answer,) = captioner.answer([clip("a")], QUICK)
    assert answer.status == "ok", answer.message
    assert str(seen[0]["pixel_values_videos"].dtype) == "torch.bfloat16"


def test_a_cut_answer_says_so_and_counts_its_tokens(folders: Callable[[str], Path]) -> None:
    captioner = load(folders("smolvlm"))
    with watch(captioner) as seen:
        (answer,) = captioner.answer([clip("a")], replace(QUICK, max_new_tokens=5))
    assert (answer.status, answer.finish_reason, answer.output_tokens) == ("ok", "length", 5)
    assert answer.prompt_tokens == int(seen[0]["attention_mask"].sum())
    assert answer.seconds > 0
    assert "frames" not in answer.text  # a word of the prompt


def test_out_of_memory_halves_the_batch(folders: Callable[[str], Path]) -> None:
    import torch

    captioner = load(folders("smolvlm"))
    clips = [clip(name) for name in "abcdefgh"]
    expected = {a.request_id: a.text for a in captioner.answer(clips, QUICK)}
    model = captioner._loaded.model
    generate = model.generate
    tried: list[int] = []

    def cramped(**arguments: Any) -> Any:
        tried.append(len(arguments["input_ids"]))
        if tried[-1] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return generate(**arguments)

    model.generate = cramped
    assert {a.request_id: a.text for a in captioner.answer(clips, QUICK)} == expected
    assert tried == [8, 4, 2, 2, 2, 2]  # the other four are not tried at once
    tried.clear()
    captioner.answer(clips, QUICK)
    assert tried == [2, 2, 2, 2]  # it has learnt


def test_a_clip_that_never_fits_into_memory_says_so(folders: Callable[[str], Path]) -> None:
    captioner = load(folders("smolvlm"))

    def full(**arguments: Any) -> Any:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")

    captioner._loaded.model.generate = full
    for answer in captioner.answer([clip("a"), clip("b")], QUICK):
        assert answer.status == "out_of_memory"
        assert "can't allocate memory" in answer.message


def test_one_bad_clip_does_not_fail_its_neighbours(folders: Callable[[str], Path]) -> None:
    captioner = load(folders("qwen3_vl"))
    thin = clip("thin", size=(2, 600))  # the processor refuses sides beyond 200 to 1
    broken = replace(
        clip("broken"), clip=None, frames=(StoredFrame(time_s=0.0, jpeg=b"\xff\xd8 no picture"),)
    )
    empty = replace(clip("empty"), clip=None)
    answers = by_id(captioner.answer([thin, clip("good"), broken, empty], QUICK))
    assert answers["req_good"].status == "ok"
    assert answers["req_good"].text
    assert answers["req_thin"].status == "error"
    assert "aspect ratio" in answers["req_thin"].message
    assert answers["req_broken"].status == answers["req_empty"].status == "unreadable_frames"


def test_a_clip_that_breaks_the_model_fails_alone(folders: Callable[[str], Path]) -> None:
    captioner = load(folders("smolvlm"))
    clips = [clip(name) for name in "abc"]
    model = captioner._loaded.model
    generate = model.generate
    poison = captioner._prompter.prepare(clips[1], QUICK).inputs["pixel_values"].sum()  # type: ignore[union-attr]

    def fragile(**arguments: Any) -> Any:
        if any(abs(row.sum() - poison) < 1e-3 for row in arguments["pixel_values"]):
            raise IndexError("index out of range in self")
        return generate(**arguments)

    model.generate = fragile
    statuses = {a.request_id: a.status for a in captioner.answer(clips, QUICK)}
    assert statuses == {"req_a": "ok", "req_b": "error", "req_c": "ok"}


def test_stored_pictures_serve_where_the_clip_was_not_decoded(
    folders: Callable[[str], Path],
) -> None:
    jpeg = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 30, 30)).save(jpeg, "JPEG")
    stored = tuple(StoredFrame(time_s=t, jpeg=jpeg.getvalue()) for t in (0.25, 1.25, 2.0, 3.0))
    captioner = load(folders("qwen3_vl"))
    with watch(captioner) as seen:
        captioner.answer([replace(clip("a"), clip=None, frames=stored)], FULL)
    prompt = prompt_of(captioner, seen[0])
    assert re.findall(r"<([\d.]+) seconds>", prompt) == ["0.8", "2.5"]
    assert "0.25, 1.25, 2, 3 seconds" in prompt


def test_an_attempt_limits_the_frames(folders: Callable[[str], Path]) -> None:
    captioner = load(folders("smolvlm"))
    with watch(captioner) as seen:
        captioner.answer([clip("a", (0.0, 1.0, 2.0, 3.0, 4.0))], replace(QUICK, num_frames=3))
    assert seen[0]["pixel_values"].shape[1] == 3
    assert "taken at 0.00, 2.00, 4.00 seconds" in prompt_of(captioner, seen[0])


def test_a_prompt_longer_than_the_model_takes_asks_for_fewer_frames(
    folders: Callable[[str], Path],
) -> None:
    captioner = load(folders("smolvlm"))
    captioner._loaded.model.config.text_config.max_position_embeddings = 100
    (answer,) = captioner.answer([clip("a", tuple(range(12)))], QUICK)
    assert answer.status == "too_many_tokens"
    assert "fewer or smaller frames" in answer.message


def test_a_summary_is_made_from_texts_alone(folders: Callable[[str], Path]) -> None:
    captioner = load(folders("qwen3_vl"))
    texts = ["[0.0 s - 20.0 s] A dog runs.", "[20.0 s - 40.0 s] It reads <|video_pad|>."]
    with watch(captioner) as seen:
        answer = captioner.summarise(texts, Attempt(max_new_tokens=6))
    assert (answer.request_id, answer.status) == ("", "ok")
    prompt = prompt_of(captioner, seen[0])
    assert "[0.0 s - 20.0 s] A dog runs." in prompt
    assert "<|video_pad|>" not in prompt  # what a caption quotes is no mark for the model
