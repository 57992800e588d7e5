"""Requests -> what a model is given: frames with their exact times, prompt, padded batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from captioner.prompting import caption_prompt
from captioner.request import Attempt, CaptionRequest
from captioner.shown import ShownFrames, shown_frames
from schemas.frames import Frames

IGNORED = -100
"""What stands in `labels` for tokens that training does not count."""
_CLOCK_HZ = 1000
"""Frames a second of the clock that frame numbers count where the real rate varies."""
_MAX_OFF_S = 0.005
"""A frame's number tells its time where it is off by no more than this."""
_MIN_FRAMES = 2
"""Models merge frames in pairs and refuse videos that are shorter."""
_DROPS_EMPTY_PICTURES = frozenset({"idefics2", "idefics3", "smolvlm"})
"""Kinds that take pictures of nothing but zeros for padding and leave them out."""
_PICTURES = frozenset({"pixel_values", "pixel_attention_mask"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One request ready for the model: tensors of a batch of one, prompt tokens unpadded."""

    request_id: str
    inputs: dict[str, Any]

    @property
    def num_tokens(self) -> int:
        """Length of the prompt, pictures included."""
        return int(self.inputs["input_ids"].shape[1])


def video_metadata(request: CaptionRequest, shown: ShownFrames) -> dict[str, Any]:
    """Return the fields of transformers' VideoMetadata that make it tell the frames' real times.

    It computes a time as frame number / rate. Where the clip's rate varies, or its frames do
    not begin with the request, that is wrong; there, frame numbers count milliseconds.
    """
    height, width = shown.pixels_THWC.shape[1:3]
    size = {"width": width, "height": height, "duration": request.duration_s}
    numbers = shown.indices
    if numbers is not None and request.fps > 0:
        off = [abs(n / request.fps - t) for n, t in zip(numbers, shown.times_s, strict=True)]
        if max(off) <= _MAX_OFF_S:
            return {
                "total_num_frames": max(request.num_frames, numbers[-1] + 1),
                "fps": request.fps,
                "frames_indices": list(numbers),
                **size,
            }
    return {
        "total_num_frames": max(1, round(request.duration_s * _CLOCK_HZ)),
        "fps": float(_CLOCK_HZ),
        "frames_indices": [round(time * _CLOCK_HZ) for time in shown.times_s],
        **size,
    }


class Prompter:
    """Makes prompts for one model: as a video, or as images for models that take no videos."""

    def __init__(self, processor: Any, *, as_images: bool | None, language: str) -> None:
        """Take a model's processor; `as_images` None asks it whether it takes videos."""
        takes_videos = getattr(processor, "video_processor", None) is not None
        self._processor = processor
        self._language = language
        self._as_images = not takes_videos if as_images is None else as_images
        self._labels = self._as_images and _keeps_order(processor)

    def prepare(self, request: CaptionRequest, attempt: Attempt) -> Prepared | None:
        """Return the tensors for one request; None where there is no frame to show.

        Raises OSError for a picture that cannot be read, and what the processor raises for
        frames that it refuses.
        """
        shown = shown_frames(request, attempt.num_frames)
        if shown is None:
            return None
        arguments: dict[str, Any] = {}
        if self._as_images:
            content = _images(shown, label=self._labels)
        else:
            content, arguments = _video(request, shown)
        text = {"type": "text", "text": self._text(request, shown, attempt)}
        messages = [{"role": "user", "content": [*content, text]}]
        tensors = apply_template(self._processor, messages, arguments)
        return Prepared(request_id=request.request_id, inputs=tensors)

    def _text(self, request: CaptionRequest, shown: ShownFrames, attempt: Attempt) -> str:
        """Return the prompt with the times of the frames that are shown, and of no others."""
        seen = Frames(pixels_THWC=shown.pixels_THWC, times_s=np.array(shown.times_s))
        prompt = caption_prompt(replace(request, clip=seen), attempt, language=self._language)
        if attempt.prompting == "full":
            return prompt.text
        # The other prompts tell no times, SmolVLM tells whole seconds, many models none.
        times = ", ".join(f"{time:.2f}" for time in shown.times_s)
        return f"The frames are taken at {times} seconds.\n{prompt.text}"


def apply_template(
    processor: Any, messages: Sequence[Any], arguments: dict[str, Any]
) -> dict[str, Any]:
    """Return the tensors of one conversation, up to where the answer begins. No thinking."""
    thinking = "enable_thinking" in str(processor.chat_template)
    found = processor.apply_chat_template(
        [list(messages)],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
        processor_kwargs={"padding": False, **arguments},
        **({"enable_thinking": False} if thinking else {}),
    )
    return dict(found)


def batches(prepared: Sequence[Prepared], kind: str, size: int) -> list[list[Prepared]]:
    """Return the requests in batches of at most `size` that one model call can take together.

    Tensors go together where they agree in all but their first dimension; the pictures of
    models that leave empty ones out may also differ in number. Long prompts come first.
    """
    alike: dict[tuple[Any, ...], list[Prepared]] = {}
    for one in sorted(prepared, key=lambda one: -one.num_tokens):
        alike.setdefault(_form(one, kind), []).append(one)
    groups = alike.values()
    return [group[i : i + size] for group in groups for i in range(0, len(group), size)]


def collate(batch: Sequence[Prepared], pad_token_id: int, kind: str) -> dict[str, Any]:
    """Return the tensors of a batch: prompts padded on the left, everything else joined.

    What a request's row holds is what it would hold alone, but for padding.
    """
    import torch
    from torch.nn.functional import pad

    length = max(one.num_tokens for one in batch)
    joined: dict[str, Any] = {}
    for name, first in batch[0].inputs.items():
        values = [one.inputs[name] for one in batch]
        if is_text(batch[0], first):
            fill = {"input_ids": pad_token_id, "labels": IGNORED}.get(name, 0)
            values = [pad(v, (length - v.shape[1], 0), value=fill) for v in values]
        elif kind in _DROPS_EMPTY_PICTURES and name in _PICTURES:
            most = max(v.shape[1] for v in values)
            values = [pad(v, (0, 0) * (v.ndim - 2) + (0, most - v.shape[1])) for v in values]
        joined[name] = torch.cat(values)
    return joined


def _form(one: Prepared, kind: str) -> tuple[Any, ...]:
    form: list[Any] = []
    for name, value in sorted(one.inputs.items()):
        if not hasattr(value, "shape"):
            return (one.request_id,)  # a kind of input that we do not know how to join
        if is_text(one, value):
            form.append(name)
        elif kind in _DROPS_EMPTY_PICTURES and name in _PICTURES:
            form.append((name, *value.shape[2:]))
        else:
            form.append((name, *value.shape[1:]))
    return tuple(form)


def is_text(one: Prepared, value: Any) -> bool:
    """Return whether a tensor has one entry per token of the prompt, and is padded like it."""
    ids = one.inputs["input_ids"]
    return bool(value.shape == ids.shape and not value.is_floating_point())


def _keeps_order(processor: Any) -> bool:
    """Return whether the chat template leaves texts between pictures where they are."""
    picture = {"type": "image"}
    content = [{"type": "text", "text": "(a)"}, picture, {"type": "text", "text": "(b)"}, picture]
    text = str(
        processor.apply_chat_template([{"role": "user", "content": content}], tokenize=False)
    )
    start, end = text.find("(a)"), text.find("(b)")
    return 0 <= start < end and bool(text[start + 3 : end].strip())


def _video(
    request: CaptionRequest, shown: ShownFrames
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    from transformers.video_utils import VideoMetadata

    shown = _at_least(shown, _MIN_FRAMES)
    metadata = VideoMetadata(**video_metadata(request, shown))
    arguments = {"do_sample_frames": False, "video_metadata": [[metadata]]}
    return [{"type": "video", "video": shown.pixels_THWC}], arguments


def _images(shown: ShownFrames, *, label: bool) -> list[dict[str, Any]]:
    from PIL import Image

    content: list[dict[str, Any]] = []
    for picture, time_s in zip(shown.pixels_THWC, shown.times_s, strict=True):
        if label:
            content.append({"type": "text", "text": f"Frame at {time_s:.2f} s:"})
        content.append({"type": "image", "image": Image.fromarray(picture)})
    return content


def _at_least(shown: ShownFrames, count: int) -> ShownFrames:
    """Return the frames with the last repeated until there are `count`."""
    missing = count - len(shown.times_s)
    if missing <= 0:
        return shown
    last = shown.pixels_THWC[-1:]
    return ShownFrames(
        pixels_THWC=np.concatenate([shown.pixels_THWC, *[last] * missing]),
        times_s=shown.times_s + shown.times_s[-1:] * missing,
        indices=None if shown.indices is None else shown.indices + shown.indices[-1:] * missing,
    )
