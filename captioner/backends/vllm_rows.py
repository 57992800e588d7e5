"""Requests -> rows for Ray's vLLM stage, and its rows -> answers. No Ray, no vLLM.

The stage takes `prompt`, `multimodal_data`, `multimodal_uuids` and `sampling_params` out of a
row and hands them to the engine as they are, so frames go in decoded, with their exact times.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from captioner.backends.openai_replies import MAX_MESSAGE_CHARS, is_too_much
from captioner.backends.transformers_inputs import video_metadata
from captioner.parse import json_schema
from captioner.prompting import caption_prompt
from captioner.request import Answer, Attempt, CaptionRequest, frames_digest
from captioner.settings import CaptionSettings
from captioner.shown import ShownFrames, shown_frames

REQUEST = "packed_request"
"""Column of a packed request: bytes, for Arrow would take arrays within rows apart."""
NAME = "caption_id"
"""Column of the request's id. The stage overwrites `request_id` with a number of its own."""
ERROR = "__inference_error__"
"""Column of Ray's: rows in which it is not empty pass the engine by."""
_LIMIT = "max_new_tokens"
_UNREADABLE = "unreadable_frames: "


def pack(request: CaptionRequest) -> dict[str, Any]:
    """Return a request as a row of a Ray dataset."""
    return {NAME: request.request_id, REQUEST: pickle.dumps(request)}


def make_row(
    row: dict[str, Any], *, processor: Any, settings: CaptionSettings, attempt: Attempt
) -> dict[str, Any]:
    """Take the packed request out of a row and return what the engine wants in its place.

    A request whose frames cannot be read becomes a row with an error, which passes by.
    """
    request: CaptionRequest = pickle.loads(row.pop(REQUEST))
    made: dict[str, Any] = {
        "sampling_params": sampling_params(attempt),
        _LIMIT: attempt.max_new_tokens,
        ERROR: "",
    }
    try:
        shown = shown_frames(request, attempt.num_frames)
    except (OSError, ValueError) as error:
        return made | {"prompt": "", ERROR: f"{_UNREADABLE}{error}"}
    if shown is None:
        return made | {"prompt": "", ERROR: f"{_UNREADABLE}the clip has no frame to show"}
    text = caption_prompt(request, attempt, language=settings.language).text
    if settings.vllm.send == "video":
        shown = _pairable(shown)
        content: list[dict[str, str]] = [{"type": "video"}]
        metadata = {**video_metadata(request, shown), "do_sample_frames": False}
        made["multimodal_data"] = {"video": [(shown.pixels_THWC, metadata)]}
    else:
        content = _image_content(shown)
        made["multimodal_data"] = {"image": [Image.fromarray(p) for p in shown.pixels_THWC]}
    content.append({"type": "text", "text": text})
    made["prompt"] = processor.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
    )
    made["multimodal_uuids"] = _uuids(request, shown, settings.vllm.send)
    return made


def sampling_params(attempt: Attempt) -> dict[str, Any]:
    """Return what vLLM's SamplingParams are made from, guided by our JSON schema."""
    params: dict[str, Any] = {
        "temperature": attempt.temperature,
        "seed": attempt.seed % 2**31,
        "max_tokens": attempt.max_new_tokens,
        "repetition_penalty": attempt.repetition_penalty,
    }
    if attempt.prompting != "prose":
        params["structured_outputs"] = {"json": json_schema(attempt.prompting)}
    return params


def keep_output(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a finished row that an answer is made of."""
    return {
        NAME: row[NAME],
        _LIMIT: row[_LIMIT],
        "generated_text": row["generated_text"],
        "num_input_tokens": row["num_input_tokens"],
        "num_generated_tokens": row["num_generated_tokens"],
        "time_taken_llm": row["time_taken_llm"],
    }


def read_row(row: Mapping[str, Any], language: str) -> Answer:
    """Return the answer that a finished row holds; rows with an error are answers, too.

    Ray's stage does not pass on why the engine stopped. An answer as long as it may be was
    cut short: one that ended by itself in its very last token is asked for again.
    """
    error = str(row.get(ERROR) or "")
    name = str(row[NAME])
    if error.startswith(_UNREADABLE):
        message = error.removeprefix(_UNREADABLE)[:MAX_MESSAGE_CHARS]
        return Answer(request_id=name, status="unreadable_frames", message=message)
    if error:
        status = "too_many_tokens" if is_too_much(400, error) else "error"
        return Answer(request_id=name, status=status, message=error[:MAX_MESSAGE_CHARS])
    text = str(row["generated_text"])
    num_generated = int(row["num_generated_tokens"])
    is_cut = num_generated >= int(row[_LIMIT])
    status, message = "ok", ""
    if is_cut:
        status, message = "truncated", "the limit of tokens was reached"
    elif not text.strip():
        status, message = "empty", "the model wrote nothing"
    return Answer(
        request_id=name,
        text=text,
        language=language,
        status=status,
        message=message,
        finish_reason="length" if is_cut else "stop",
        prompt_tokens=int(row["num_input_tokens"]),
        output_tokens=num_generated,
        seconds=max(0.0, float(row["time_taken_llm"])),
    )


@cache
def load_processor(model: str, revision: str | None) -> Any:
    """Return the model's processor, for its chat template; once per process."""
    from schemas.vision_imports import ready_vision

    ready_vision()
    from transformers import AutoProcessor

    return AutoProcessor.from_pretrained(model, revision=revision)


def _pairable(shown: ShownFrames) -> ShownFrames:
    """Return at least two frames: models merge them in pairs."""
    if len(shown.times_s) > 1:
        return shown
    return ShownFrames(
        pixels_THWC=np.concatenate([shown.pixels_THWC] * 2),
        times_s=shown.times_s * 2,
        indices=None if shown.indices is None else shown.indices * 2,
    )


def _image_content(shown: ShownFrames) -> list[dict[str, str]]:
    content = []
    for time_s in shown.times_s:
        content += [{"type": "text", "text": f"[{time_s:.2f} s]"}, {"type": "image"}]
    return content


def _uuids(request: CaptionRequest, shown: ShownFrames, send: str) -> dict[str, list[str]]:
    """Return names by which the engine keeps encodings from one attempt to the next.

    A video's encoding holds the times as well, so they are in its name.
    """
    told = f"{frames_digest(request)} {request.duration_s} {shown.times_s}"
    name = hashlib.sha256(told.encode()).hexdigest()
    if send == "video":
        return {"video": [name]}
    return {"image": [f"{name}-{i}" for i in range(len(shown.times_s))]}
