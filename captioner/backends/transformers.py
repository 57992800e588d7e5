"""A captioner that runs a video or multi-image model of the Hugging Face hub in this process.

Every request goes through the model's processor alone, and only its tensors are joined with
others'. So a clip's prompt, with its frame times, is the same in any batch, and a clip that the
processor refuses fails alone.
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from captioner.backends import transformers_inputs as inputs
from captioner.backends.transformers_decoding import Decoded, Form, Wanted, decode, row_seed
from captioner.backends.transformers_inputs import Prepared, Prompter
from captioner.backends.transformers_model import load_model
from captioner.parse import json_schema
from captioner.prompting import prompts_hash, summary_prompt
from captioner.request import Answer, Attempt, CaptionRequest, FrameView, Prompting
from captioner.settings import CaptionSettings

log = logging.getLogger(__name__)


class TransformersCaptioner:
    """Describes clips by a model with weights; also makes one text of several."""

    name = "transformers"

    def __init__(self, settings: CaptionSettings) -> None:
        """Load the model. Raises UserError where that is impossible, saying what to do."""
        own = settings.transformers
        self._settings = own
        self._language = settings.language
        self._loaded = load_model(own)
        self.model = self._loaded.name
        self.revision = self._loaded.revision
        self.prompt_hash = prompts_hash()
        self.view = FrameView(
            source="clip", max_frames=own.max_frames, fps=own.fps, max_side_px=own.max_side_px
        )
        self._prompter = Prompter(
            self._loaded.processor, as_images=own.as_images, language=settings.language
        )
        self._batch_size = own.batch_size
        self._forms: dict[Prompting, Form | None] = {}

    def answer(self, requests: Sequence[CaptionRequest], attempt: Attempt) -> list[Answer]:
        """Return one answer per request, each bearing its request's id, in no certain order.

        A request without frames gets `unreadable_frames`; one that the processor or the
        model refuses, `error` with the reason; one that is too large, `out_of_memory` or
        `too_many_tokens`.
        """
        answers: list[Answer] = []
        prepared: list[Prepared] = []
        for request in requests:
            try:
                one = self._prompter.prepare(request, attempt)
            except OSError as error:  # what PIL raises for bytes that are no picture
                answers.append(_failed(request.request_id, "unreadable_frames", error))
                continue
            except Exception as error:  # processors raise whatever they like
                log.warning("clip %s cannot be shown: %s", request.clip_id, error)
                answers.append(_failed(request.request_id, _told(error)[0], error))
                continue
            if one is None:
                answers.append(Answer(request_id=request.request_id, status="unreadable_frames"))
            else:
                prepared.append(one)
        for batch in inputs.batches(prepared, self._loaded.kind, self._batch_size):
            answers += self._answer_batch(batch, attempt)
        return answers

    def summarise(self, texts: Sequence[str], attempt: Attempt) -> Answer:
        """Return what the model makes of the captions of consecutive parts; no pictures."""
        plain = [self._without_marks(text) for text in texts]
        prompt = summary_prompt(plain, attempt, language=self._language)
        messages = [{"role": "user", "content": [{"type": "text", "text": prompt.text}]}]
        try:
            tensors = inputs.apply_template(self._loaded.processor, messages, {})
        except Exception as error:
            return _failed("", "error", error)
        prepared = Prepared(request_id="", inputs=tensors)
        return self._answer_batch([prepared], replace(attempt, prompting="full"))[0]

    def close(self) -> None:
        """Free the memory of the model."""
        self._loaded.model = None
        self._forms.clear()
        _free_memory()

    def _answer_batch(self, batch: Sequence[Prepared], attempt: Attempt) -> list[Answer]:
        """Answer a batch; where it does not fit or fails, its halves, down to one request."""
        if len(batch) > self._batch_size:  # a batch before it did not fit
            return self._answer_halves(batch, attempt)
        started = time.perf_counter()
        failure: tuple[str, str] | None = None
        try:
            found = self._decode(batch, attempt)
        except Exception as error:
            # Only words are kept: the traceback would keep the tensors, too.
            failure = _told(error)
        if failure is not None:
            return self._divided(batch, attempt, *failure)
        seconds = (time.perf_counter() - started) / len(batch)
        return [
            Answer(
                request_id=one.request_id,
                text=row.text,
                language=self._language,
                finish_reason=row.finish_reason,
                prompt_tokens=one.num_tokens,
                output_tokens=row.num_tokens,
                seconds=seconds,
            )
            for one, row in zip(batch, found, strict=True)
        ]

    def _divided(
        self, batch: Sequence[Prepared], attempt: Attempt, status: str, message: str
    ) -> list[Answer]:
        """Answer the halves of a batch that failed; a request that fails alone gets its status."""
        if status == "out_of_memory":
            _free_memory()
        if len(batch) == 1:
            log.warning("request %s failed: %s", batch[0].request_id, message)
            return [Answer(request_id=batch[0].request_id, status=status, message=message)]
        middle = len(batch) // 2
        if status == "out_of_memory" and middle < self._batch_size:
            self._batch_size = middle
            log.warning("out of memory with %d clips at once; from now on %d", len(batch), middle)
        return self._answer_halves(batch, attempt)

    def _answer_halves(self, batch: Sequence[Prepared], attempt: Attempt) -> list[Answer]:
        middle = len(batch) // 2
        halves = (batch[:middle], batch[middle:])
        return [answer for half in halves for answer in self._answer_batch(half, attempt)]

    def _decode(self, batch: Sequence[Prepared], attempt: Attempt) -> list[Decoded]:
        loaded = self._loaded
        tensors = inputs.collate(batch, loaded.tokenizer.pad_token_id, loaded.kind)
        room = self._room(tensors["input_ids"].shape[1])
        wanted = Wanted(
            max_new_tokens=min(attempt.max_new_tokens, room),
            repetition_penalty=attempt.repetition_penalty,
            temperature=attempt.temperature,
            row_seeds=tuple(row_seed(attempt.seed, one.request_id) for one in batch),
        )
        return decode(
            loaded.model,
            loaded.tokenizer,
            {name: self._placed(value) for name, value in tensors.items()},
            wanted,
            self._form(attempt.prompting),
        )

    def _room(self, prompt_tokens: int) -> int:
        """Return how many tokens fit behind the prompt. Raises PromptTooLongError for none."""
        limit = getattr(self._loaded.model.config.get_text_config(), "max_position_embeddings", 0)
        if limit and prompt_tokens >= limit:
            raise PromptTooLongError(
                f"the prompt has {prompt_tokens} tokens, the model takes {limit}: show fewer or "
                "smaller frames"
            )
        return int(limit - prompt_tokens) if limit else 1 << 30

    def _placed(self, value: Any) -> Any:
        """Return a tensor on the model's device, numbers with a point in the model's type."""
        model = self._loaded.model
        if value.is_floating_point():
            return value.to(model.device, model.dtype)
        return value.to(model.device)

    def _form(self, prompting: Prompting) -> Form | None:
        """Return the form of an answer, compiled once, or None where it is left to the parser."""
        if self._settings.guided == "off" or prompting == "prose":
            return None
        if prompting not in self._forms:
            self._forms[prompting] = None
            try:
                self._forms[prompting] = Form(
                    self._loaded.tokenizer,
                    self._loaded.model.config.get_text_config().vocab_size,
                    json_schema(prompting),
                )
            except ImportError:
                log.info("llguidance is not installed; answers are parsed and repaired")
            except ValueError as error:  # a tokenizer or a schema that it cannot use
                log.warning("answers are parsed and repaired: %s", error)
        return self._forms[prompting]

    def _without_marks(self, text: str) -> str:
        """Return a text without what the tokenizer would take for marks of its own."""
        for mark in self._loaded.tokenizer.all_special_tokens:
            text = text.replace(mark, " ")
        return text


class PromptTooLongError(ValueError):
    """A prompt has more tokens than the model takes; fewer frames have fewer."""


def _failed(request_id: str, status: str, error: BaseException) -> Answer:
    return Answer(request_id=request_id, status=status, message=_told(error)[1])


def _told(error: BaseException) -> tuple[str, str]:
    """Return the status and the message of a failure."""
    import torch

    line = (str(error).strip().splitlines() or [""])[0]
    message = f"{type(error).__name__}: {line}"
    if isinstance(error, PromptTooLongError):
        return "too_many_tokens", message
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return "out_of_memory", message
    is_memory = "out of memory" in line or "can't allocate memory" in line
    return "out_of_memory" if is_memory and isinstance(error, RuntimeError) else "error", message


def _free_memory() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
