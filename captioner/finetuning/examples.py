"""A frozen dataset -> what a captioner learns from: frames, prompt, and the answer to give."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from captioner.backends import transformers_inputs as inputs
from captioner.backends.transformers_inputs import IGNORED, Prepared, Prompter
from captioner.backends.transformers_model import Loaded
from captioner.caption import StructuredCaption
from captioner.parse import json_schema
from captioner.request import Attempt, CaptionRequest, FrameView, Prompting
from captioner.requests import ClipRow, make_requests
from captioner.settings import CaptionSettings, TransformersSettings
from schemas.datasets import DatasetClip
from schemas.errors import MediaError
from schemas.frames import FrameReader

log = logging.getLogger(__name__)

_PROSE = ("long", "medium", "short")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One clip, how the captioner is asked about it, and what it should answer."""

    clip: DatasetClip
    prompting: Prompting
    answer: str


def make_lesson(clip: DatasetClip, wanted: str) -> Lesson | None:
    """Return what a clip teaches, or None where it has no caption to teach from.

    `wanted` is `full` (the whole structured caption), `prose` (its long text) or `auto`, which
    is `full` where the clip has a structured caption. The texts of the kinds short, medium and
    long take the place of those inside the structured caption, since corrections are made there.
    """
    structured = clip.captions.get("structured", "")
    if wanted != "prose" and structured:
        return Lesson(clip=clip, prompting="full", answer=_as_answer(structured, clip.captions))
    if wanted == "full":
        return None
    text = next((t for kind in _PROSE if (t := clip.captions.get(kind, "").strip())), None)
    return None if text is None else Lesson(clip=clip, prompting="prose", answer=text)


def _as_answer(structured: str, captions: Mapping[str, str]) -> str:
    """Return the JSON that the prompt asks for: every key of the form, in its order."""
    caption = StructuredCaption.model_validate_json(structured)
    given = {kind: captions[kind].strip() for kind in _PROSE if captions.get(kind, "").strip()}
    fields = caption.model_copy(update=given).model_dump(mode="json")
    return json.dumps(
        {name: fields[name] for name in json_schema("full")["properties"]}, ensure_ascii=False
    )


def divide(lessons: Sequence[Lesson], share: float, seed: int) -> tuple[list[Lesson], list[Lesson]]:
    """Return the lessons to learn from, and at least `share` of them held out, if any.

    Clips of one video are never on both sides, unless all are of one video. The seed and the
    ids alone decide. Something is always left to learn from.
    """
    if share == 0 or len(lessons) < 2:
        return list(lessons), []
    videos = {lesson.clip.ref.video_id for lesson in lessons}

    def group(lesson: Lesson) -> str:
        return lesson.clip.ref.video_id if len(videos) > 1 else lesson.clip.ref.clip_id

    groups = sorted(
        {group(lesson) for lesson in lessons},
        key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest(),
    )
    held: set[str] = set()
    for name in groups[:-1]:
        if sum(group(lesson) in held for lesson in lessons) >= share * len(lessons):
            break
        held.add(name)
    return (
        [lesson for lesson in lessons if group(lesson) not in held],
        [lesson for lesson in lessons if group(lesson) in held],
    )


class Teacher:
    """Turns lessons into tensors for one model, frames and prompt as in captioning."""

    def __init__(
        self,
        loaded: Loaded,
        reader: FrameReader,
        settings: TransformersSettings,
        *,
        language: str,
        max_tokens: int,
    ) -> None:
        self._loaded = loaded
        self._reader = reader
        self._max_tokens = max_tokens
        self._view = FrameView(
            source="clip",
            max_frames=settings.max_frames,
            fps=settings.fps,
            max_side_px=settings.max_side_px,
            is_whole=True,
        )
        self._prompter = Prompter(loaded.processor, as_images=settings.as_images, language=language)

    def prepare(self, lesson: Lesson) -> Prepared | None:
        """Return the tensors of a lesson with `labels` that count the answer alone.

        None, with a warning, for a clip that cannot be read or shown, and for one that is too
        long: nothing is cut off, since without its end an answer teaches to stop anywhere, and
        without its pictures a prompt is broken.
        """
        name = lesson.clip.ref.clip_id
        try:
            request = self._request(lesson.clip)
            prepared = self._prompter.prepare(request, Attempt(prompting=lesson.prompting))
        except (MediaError, ValueError) as error:
            log.warning("clip %s is left out: %s", name, error)
            return None
        if prepared is None:
            return None
        prepared = with_answer(prepared, self._answer_ids(lesson.answer))
        if prepared.num_tokens > self._max_tokens:
            log.warning("clip %s is left out: %d tokens", name, prepared.num_tokens)
            return None
        return prepared

    def _request(self, clip: DatasetClip) -> CaptionRequest:
        row = ClipRow(
            ref=clip.ref,
            start_s=0.0,
            end_s=clip.ref.duration_s,
            fps=clip.fps,
            scores=clip.scores,
            stored=(),
        )
        return next(make_requests(row, self._view, CaptionSettings(), self._reader))

    def _answer_ids(self, answer: str) -> list[int]:
        """Return the tokens that the chat template puts behind the prompt, up to the stop."""
        tokenizer = self._loaded.tokenizer
        said = [{"role": "user", "content": [{"type": "text", "text": "?"}]}]
        reply = [{"role": "assistant", "content": [{"type": "text", "text": answer}]}]
        template = self._loaded.processor.apply_chat_template
        prompt = str(template(said, tokenize=False, add_generation_prompt=True))
        whole = str(template([*said, *reply], tokenize=False))
        stop = str(tokenizer.eos_token)
        text = answer + stop
        if whole.startswith(prompt) and stop in whole[len(prompt) :]:
            behind = whole[len(prompt) :]
            text = behind[: behind.rindex(stop) + len(stop)]
        return [int(token) for token in tokenizer(text, add_special_tokens=False)["input_ids"]]


def with_answer(prepared: Prepared, answer_ids: Sequence[int]) -> Prepared:
    """Return a prompt with an answer behind it, and labels that ignore the prompt."""
    import torch

    ids = prepared.inputs["input_ids"]
    answer = torch.tensor([list(answer_ids)], dtype=ids.dtype)
    extended = {}
    for name, value in prepared.inputs.items():
        if name == "input_ids":
            extended[name] = torch.cat([ids, answer], dim=1)
        elif name == "attention_mask":
            extended[name] = torch.cat([value, torch.ones_like(answer)], dim=1)
        elif inputs.is_text(prepared, value):
            extended[name] = torch.cat([value, torch.zeros_like(answer, dtype=value.dtype)], dim=1)
        else:
            extended[name] = value
    extended["labels"] = torch.cat([torch.full_like(ids, IGNORED), answer], dim=1)
    return replace(prepared, inputs=extended)


def num_answer_tokens(prepared: Prepared) -> int:
    """Return how many tokens of a lesson count."""
    return int((prepared.inputs["labels"] != IGNORED).sum())


def answer_loss(model: Any, batch: Sequence[Prepared], loaded: Loaded) -> Any:
    """Return the summed cross-entropy, in nats, of all answer tokens of a batch; with gradient.

    Only the logits behind the prompt are computed: those of a prompt full of pictures would
    take gigabytes. Prompts are padded on the left, so that all answers stand at the end.
    """
    import torch
    from torch.nn.functional import cross_entropy

    tensors = inputs.collate(batch, loaded.tokenizer.pad_token_id, loaded.kind)
    labels = tensors.pop("labels").to(loaded.device)
    kept = max(num_answer_tokens(one) for one in batch)
    placed = {
        name: value.to(loaded.device, loaded.model.dtype)
        if value.is_floating_point()
        else value.to(loaded.device)
        for name, value in tensors.items()
    }
    logits = model(**placed, logits_to_keep=kept + 1, use_cache=False).logits
    # The logit at a place is about the next token; older models ignore `logits_to_keep`.
    told = logits[:, -kept - 1 : -1].float()
    loss: torch.Tensor = cross_entropy(
        told.reshape(-1, told.shape[-1]),
        labels[:, -kept:].reshape(-1),
        ignore_index=IGNORED,
        reduction="sum",
    )
    return loss
