"""Fine-tuning small checkpoints of real classes on drawn clips: it learns, stops and goes on."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from captioner.backends.transformers import TransformersCaptioner
from captioner.backends.transformers_inputs import IGNORED, collate
from captioner.backends.transformers_model import Loaded, load_model
from captioner.finetune import finetune
from captioner.finetuning.examples import Lesson, Teacher, answer_loss, divide, make_lesson
from captioner.finetuning.settings import FinetuneSettings, FinetuneStep
from captioner.parse import json_schema
from captioner.request import Attempt
from captioner.requests import ClipRow, make_requests
from captioner.settings import CaptionSettings, TransformersSettings
from schemas.datasets import Dataset, DatasetClip
from schemas.errors import MediaError, UserError
from schemas.frames import ClipRef, Frames
from tests.captioner import checkpoints

COLOURS = {
    "red": (220, 20, 20),
    "green": (20, 200, 40),
    "blue": (30, 40, 220),
    "yellow": (230, 220, 30),
}


class Reader:
    """Draws each clip in its colour, with a bar that tells the frame; broken clips raise."""

    def read(
        self, clip: ClipRef, *, frame_offsets: Sequence[int], width_px: int, height_px: int
    ) -> Frames:
        if "broken" in clip.clip_id:
            raise MediaError("decode_failed", "no frame")
        pixels = np.zeros((len(frame_offsets), height_px, width_px, 3), np.uint8)
        pixels[:] = COLOURS[clip.clip_id.split("_")[1]]
        for row, offset in enumerate(frame_offsets):
            pixels[row, :, : 1 + offset % width_px] //= 2
        times = np.array([clip.frame_times_s[offset] for offset in frame_offsets])
        return Frames(pixels_THWC=pixels, times_s=times)


def clip(colour: str, *, num_frames: int = 20, video: str = "", **captions: str) -> DatasetClip:
    return DatasetClip(
        ref=ClipRef(
            clip_id=f"clip_{colour}",
            video_id=video or f"video_{colour}",
            uri="nowhere.mp4",
            start_frame=0,
            frame_pts=tuple(range(num_frames)),
            end_pts=num_frames,
            time_base_num=1,
            time_base_den=10,
            width_px=48,
            height_px=32,
            reader="pyav",
        ),
        fps=10.0,
        captions=captions,
        scores={},
    )


def dataset(*clips: DatasetClip) -> Dataset:
    return Dataset(dataset_id="ds_1", name="test", clips=clips)


FOUR = dataset(
    clip("red", long="A red picture gets darker."),
    clip("green", num_frames=31, long="Green stays, and that is all."),
    clip("blue", num_frames=11, long="The blue of the sea."),
    clip("yellow", long="Nothing but yellow light here."),
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    makers = {
        "qwen3_vl": checkpoints.make_qwen3_vl,
        "smolvlm": checkpoints.make_smolvlm,
        "llava_onevision": checkpoints.make_llava_onevision,
    }
    made: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in made:
            made[kind] = makers[kind](tmp_path_factory.mktemp(kind))
        return made[kind]

    return folder


def model(folder: Path, **settings: Any) -> TransformersSettings:
    return TransformersSettings(
        **{"model": str(folder), "device": "cpu", "dtype": "float32", "max_frames": 4, **settings}
    )


def answers(own: TransformersSettings, data: Dataset) -> dict[str, str]:
    """Caption the clips as a user does, with the settings that training left."""
    captioner = TransformersCaptioner(CaptionSettings(backend="transformers", transformers=own))
    requests = []
    for one in data.clips:
        row = ClipRow(ref=one.ref, start_s=0, end_s=1, fps=one.fps, scores={}, stored=())
        requests += make_requests(row, captioner.view, CaptionSettings(), Reader())
    attempt = Attempt(prompting="prose", max_new_tokens=40, repetition_penalty=1.0)
    return {a.request_id: a.text for a in captioner.answer(requests, attempt)}


def likeness(found: dict[str, str], data: Dataset) -> float:
    return float(
        np.mean(
            [
                SequenceMatcher(None, found[one.ref.clip_id], one.captions["long"]).ratio()
                for one in data.clips
            ]
        )
    )


@pytest.mark.parametrize(
    ("kind", "method", "rate"), [("qwen3_vl", "lora", 2e-2), ("smolvlm", "full", 5e-3)]
)
def test_a_model_learns_its_captions_and_is_loaded_again(
    folders: Callable[[str], Path], tmp_path: Path, kind: str, method: str, rate: float
) -> None:
    own = model(folders(kind))
    settings = FinetuneSettings(
        transformers=own,
        method=method,
        steps=60,
        batch_size=4,
        micro_batch_size=4,
        learning_rate=rate,
        dropout=0.0,
        held_out=0.0,
    )
    seen: list[FinetuneStep] = []
    result = finetune(settings, FOUR, Reader(), tmp_path, on_step=seen.append)
    assert [report.step for report in seen] == list(range(1, 61))
    assert result.loss < 0.3 * seen[0].loss
    assert result.path == tmp_path / ("adapter" if method == "lora" else "model")
    trained = {"adapter": str(result.path)} if method == "lora" else {"model": str(result.path)}
    after = answers(own.model_copy(update=trained), FOUR)
    assert likeness(answers(own, FOUR), FOUR) < 0.4
    assert likeness(after, FOUR) > 0.9, after
    if method == "lora":  # an adapter is trained on where it was left
        more = settings.model_copy(
            update={"transformers": own.model_copy(update=trained), "steps": 1}
        )
        finetune(more, FOUR, Reader(), tmp_path / "more", on_step=seen.append)
        assert seen[-1].loss < 0.1 * seen[0].loss
    told = json.loads((tmp_path / "finetune.json").read_text())
    assert (told["dataset_id"], told["num_clips"]) == ("ds_1", 4)


def test_held_out_loss_is_measured_before_and_after(
    folders: Callable[[str], Path], tmp_path: Path
) -> None:
    names = ("red", "red_2", "green", "blue", "yellow")
    data = dataset(*[clip(name, long="A picture of one colour gets darker.") for name in names])
    settings = FinetuneSettings(
        transformers=model(folders("qwen3_vl")),
        steps=20,
        batch_size=4,
        micro_batch_size=4,
        learning_rate=2e-2,
        held_out=0.2,
    )
    result = finetune(settings, data, Reader(), tmp_path)
    assert (result.num_clips, result.num_held_out) == (4, 1)
    assert result.held_out_before is not None
    assert result.held_out_after is not None
    assert result.held_out_after < result.held_out_before


def test_a_resumed_run_ends_as_one_that_never_stopped(
    folders: Callable[[str], Path], tmp_path: Path
) -> None:
    data = dataset(*FOUR.clips, clip("green_again", long="Green again, for a while."))
    settings = FinetuneSettings(
        transformers=model(folders("qwen3_vl")),
        steps=6,
        batch_size=2,
        learning_rate=1e-2,
        dropout=0.2,
        held_out=0.2,
        checkpoint_every=2,
    )
    whole = finetune(settings, data, Reader(), tmp_path / "whole")

    def stop(report: FinetuneStep) -> None:
        if report.step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finetune(settings, data, Reader(), tmp_path / "broken", on_step=stop)
    assert not (tmp_path / "broken" / "adapter").exists()
    again: list[FinetuneStep] = []
    resumed = finetune(
        settings, data, Reader(), tmp_path / "broken", resume=True, on_step=again.append
    )
    assert [report.step for report in again] == [5, 6]
    for name in ("adapter/adapter_model.safetensors", "losses.csv"):
        both = [(tmp_path / run / name).read_bytes() for run in ("whole", "broken")]
        assert both[0] == both[1]
    assert replace(resumed, path=whole.path) == whole
    with pytest.raises(UserError, match="other settings"):
        finetune(
            settings.model_copy(update={"learning_rate": 1e-3}),
            data,
            Reader(),
            tmp_path / "broken",
            resume=True,
        )


def teacher(loaded: Loaded, **settings: Any) -> Teacher:
    own = TransformersSettings(**{"max_frames": 4, **settings})
    return Teacher(loaded, Reader(), own, language="en", max_tokens=4000)


def lesson(colour: str, text: str, num_frames: int = 20) -> Lesson:
    return Lesson(clip=clip(colour, num_frames=num_frames), prompting="prose", answer=text)


@pytest.mark.parametrize("kind", ["qwen3_vl", "smolvlm", "llava_onevision"])
def test_only_the_answer_and_its_end_count(folders: Callable[[str], Path], kind: str) -> None:
    loaded = load_model(model(folders(kind)))
    prepared = teacher(loaded).prepare(lesson("red", "A red picture."))
    assert prepared is not None
    ids, labels = prepared.inputs["input_ids"][0], prepared.inputs["labels"][0]
    counted = loaded.tokenizer.decode(labels[labels != IGNORED])
    assert counted.strip() == f"A red picture.{loaded.tokenizer.eos_token}"
    start = int((labels == IGNORED).sum())
    assert (labels[start:] == ids[start:]).all()
    assert (labels[:start] == IGNORED).all()
    prompt = loaded.tokenizer.decode(ids[:start])
    assert prompt.rstrip().endswith(("assistant", "Assistant:"))


@pytest.mark.parametrize("kind", ["qwen3_vl", "smolvlm"])
def test_a_batch_loses_as_much_as_its_clips_alone(
    folders: Callable[[str], Path], kind: str
) -> None:
    """The model's own loss over whole sequences, token by token, is what the short cut gives."""
    import torch

    loaded = load_model(model(folders(kind)))
    tutor = teacher(loaded)
    texts = ["A red picture.", "It is green, and stays so for as long as we look.", "Blue."]
    made = [
        tutor.prepare(lesson(colour, text, 8 + 9 * i))
        for i, (colour, text) in enumerate(zip(COLOURS, texts, strict=False))
    ]
    batch = [one for one in made if one is not None]
    assert len(batch) == 3
    alone = 0.0
    with torch.inference_mode():
        for one in batch:
            counted = int((one.inputs["labels"] != IGNORED).sum())
            alone += float(loaded.model(**collate([one], 0, loaded.kind)).loss) * counted
        together = float(answer_loss(loaded.model, batch, loaded))
    assert together == pytest.approx(alone, rel=1e-4)


def test_gradients_add_up_over_small_batches(
    folders: Callable[[str], Path], tmp_path: Path
) -> None:
    losses = []
    for size in (1, 4):
        settings = FinetuneSettings(
            transformers=model(folders("qwen3_vl")),
            steps=3,
            batch_size=4,
            micro_batch_size=size,
            learning_rate=1e-2,
            dropout=0.0,
            held_out=0.0,
        )
        seen: list[FinetuneStep] = []
        finetune(settings, FOUR, Reader(), tmp_path / str(size), on_step=seen.append)
        losses.append([report.loss for report in seen])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert losses[0][2] < losses[0][0]


def test_what_cannot_be_read_or_is_too_long_is_left_out_whole(
    folders: Callable[[str], Path], tmp_path: Path
) -> None:
    data = dataset(
        FOUR.clips[0],
        clip("red_broken", long="Never seen."),
        clip("blue", long="Far too long for so few tokens. " * 60),
    )
    settings = FinetuneSettings(
        transformers=model(folders("qwen3_vl")),
        steps=2,
        batch_size=3,
        max_tokens=400,
        held_out=0.0,
    )
    seen: list[FinetuneStep] = []
    finetune(settings, data, Reader(), tmp_path, on_step=seen.append)
    assert [report.num_clips for report in seen] == [1, 1]
    with pytest.raises(UserError, match="could be learnt from"):
        finetune(settings, dataset(data.clips[1]), Reader(), tmp_path / "none")
    with pytest.raises(UserError, match="has a caption to learn from"):
        finetune(settings, dataset(clip("red")), Reader(), tmp_path / "none")


def test_a_lesson_asks_for_every_field_and_takes_corrections() -> None:
    structured = json.dumps(
        {"short": "A dog.", "subjects": [{"name": "dog"}], "long": "Old.", "details": {"x": 1}}
    )
    both = clip("red", structured=structured, long="A corrected text.", short="")
    found = make_lesson(both, "auto")
    assert found is not None
    assert found.prompting == "full"
    answer = json.loads(found.answer)
    assert list(answer) == list(json_schema("full")["properties"])
    assert (answer["short"], answer["long"]) == ("A dog.", "A corrected text.")
    assert answer["subjects"] == [{"name": "dog", "attributes": [], "count": 1}]
    prose = make_lesson(both, "prose")
    assert prose == Lesson(clip=both, prompting="prose", answer="A corrected text.")
    assert make_lesson(clip("red", short="Short."), "full") is None
    auto = make_lesson(clip("red", short="Short."), "auto")
    assert auto is not None
    assert (auto.prompting, auto.answer) == ("prose", "Short.")


def test_clips_of_one_video_are_never_on_both_sides() -> None:
    lessons = [
        Lesson(clip=clip(f"red_{i}", video=f"video_{i % 10}"), prompting="prose", answer="x")
        for i in range(100)
    ]
    for seed in range(5):
        learnt, held = divide(lessons, 0.15, seed)
        assert len(held) == 20
        assert len(learnt) == 80
        videos = [{one.clip.ref.video_id for one in side} for side in (learnt, held)]
        assert not videos[0] & videos[1]
    assert divide(lessons, 0.15, 0) != divide(lessons, 0.15, 1)
    assert divide(lessons[:1], 0.5, 0) == (lessons[:1], [])
    one_video = [replace(one, clip=clip(f"red_{i}", video="v")) for i, one in enumerate(lessons)]
    assert len(divide(one_video, 0.15, 0)[1]) == 15
