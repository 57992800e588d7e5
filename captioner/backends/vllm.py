"""vLLM inside Ray Data: a whole dataset of requests through engines on GPUs.

This is no captioner for batches: an engine takes minutes to start, so it is started once
for all requests of one attempt. `ray.data.llm` places the engines and feeds them.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from pydantic import ValidationError

from captioner.backends.vllm_rows import (
    keep_output,
    load_processor,
    make_row,
    pack,
    read_row,
)
from captioner.prompting import prompts_hash
from captioner.request import Answer, Attempt, CaptionRequest, FrameView
from captioner.settings import CaptionSettings, VllmSettings
from schemas.errors import UserError

_OWN_ENGINE_ARGUMENTS = {
    "model": "model",
    "revision": "revision",
    "tokenizer_revision": "revision",
    "tensor_parallel_size": "tensor_parallel_size",
    "max_model_len": "max_model_len",
    "gpu_memory_utilization": "gpu_memory_utilization",
    "limit_mm_per_prompt": "max_frames",
}
"""Arguments of the engine that have settings of their own."""


class VllmCaptioner:
    """Names vLLM's model for the rows, and answers whole lists of requests.

    Every call of `answer` starts the engines and stops them again: call it once with
    everything there is to ask, from the driver.
    """

    name = "vllm"

    def __init__(self, settings: CaptionSettings) -> None:
        """Check the settings. Raises UserError where vLLM is missing or would refuse them."""
        check_installed()
        make_config(settings)
        own = settings.vllm
        self._settings = settings
        self.model = own.model
        self.revision = own.revision or "unstated"
        self.prompt_hash = prompts_hash()
        self.view = FrameView(
            source="clip", max_frames=own.max_frames, fps=own.fps, max_side_px=own.max_side_px
        )

    def answer(self, requests: Sequence[CaptionRequest], attempt: Attempt) -> list[Answer]:
        """Return one answer per request; see `captioner.backend.Captioner`."""
        return list(run_vllm(requests, self._settings, attempt)) if requests else []

    def close(self) -> None:
        """Free nothing: the engines end with each call."""


def run_vllm(
    requests: Any,
    settings: CaptionSettings,
    attempt: Attempt,
    *,
    runtime_env: dict[str, Any] | None = None,
) -> Iterator[Answer]:
    """Yield one answer per request, in any order, while the engines work.

    `requests` is a Ray dataset of rows made by `vllm_rows.pack`, read as it is consumed, or
    an iterable of requests, held in memory. A request that fails is an answer with a status.
    Ray must be running. Raises UserError where vLLM is missing or its settings are wrong.
    """
    check_installed()
    processor = make_processor(settings, attempt, runtime_env=runtime_env)
    rows = processor(_as_dataset(requests, settings))
    for row in rows.iter_rows():
        yield read_row(row, settings.language)


def make_processor(
    settings: CaptionSettings, attempt: Attempt, *, runtime_env: dict[str, Any] | None = None
) -> Any:
    """Return Ray's processor: our rows in, engine, our columns out."""
    from ray.data.llm import build_processor

    return build_processor(
        make_config(settings, runtime_env=runtime_env),
        preprocess=partial(_preprocess, settings=settings, attempt=attempt),
        postprocess=keep_output,
    )


def make_config(settings: CaptionSettings, *, runtime_env: dict[str, Any] | None = None) -> Any:
    """Return Ray's configuration of the engines, checked by its own model.

    Prompts are rendered here and decoded by the engine, so Ray's stages for templates,
    tokens and pictures are off.
    """
    try:
        from ray.data.llm import vLLMEngineProcessorConfig
    except ImportError as error:
        raise UserError(
            f"Ray's part for language models cannot be imported: {error}",
            "pip install 'rushes[vllm]'",
        ) from error
    own = settings.vllm
    try:
        return vLLMEngineProcessorConfig(
            model_source=own.model,
            engine_kwargs=engine_arguments(own),
            concurrency=(1, own.num_copies),
            batch_size=settings.batch_size,
            runtime_env=runtime_env,
            # A clip that fails is an answer with a status; the others go on.
            should_continue_on_error=True,
            log_engine_metrics=False,
            chat_template_stage=False,
            tokenize_stage=False,
            detokenize_stage=False,
            prepare_multimodal_stage=False,
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(
            f"Ray refuses the settings of vLLM: {place}: {first['msg']}", "see caption.vllm"
        ) from error


def engine_arguments(own: VllmSettings) -> dict[str, Any]:
    """Return the arguments of vLLM's engine. Raises UserError for one that is set twice."""
    for name in own.engine_kwargs:
        if name in _OWN_ENGINE_ARGUMENTS:
            raise UserError(
                f"caption.vllm.engine_kwargs cannot hold `{name}`",
                f"set caption.vllm.{_OWN_ENGINE_ARGUMENTS[name]}",
            )
    shown = {"video": 1} if own.send == "video" else {"image": own.max_frames}
    arguments: dict[str, Any] = {
        "tensor_parallel_size": own.tensor_parallel_size,
        "max_model_len": own.max_model_len,
        "gpu_memory_utilization": own.gpu_memory_utilization,
        "limit_mm_per_prompt": shown,
        # The next attempt at a clip finds what it shares with the last.
        "enable_prefix_caching": True,
    }
    if own.revision is not None:
        arguments |= {"revision": own.revision, "tokenizer_revision": own.revision}
    return arguments | dict(own.engine_kwargs)


def check_installed() -> None:
    """Raise UserError where vLLM is not installed."""
    if importlib.util.find_spec("vllm") is None:
        raise UserError(
            "vLLM is not installed",
            "pip install 'rushes[vllm]' on a machine with a GPU, or run `vllm serve` and use "
            'caption.backend = "openai"',
        )


def _preprocess(
    row: dict[str, Any], *, settings: CaptionSettings, attempt: Attempt
) -> dict[str, Any]:
    own = settings.vllm
    processor = load_processor(own.model, own.revision)
    return make_row(row, processor=processor, settings=settings, attempt=attempt)


def _as_dataset(requests: Any, settings: CaptionSettings) -> Any:
    import ray.data

    if isinstance(requests, ray.data.Dataset):
        return requests
    rows = [pack(request) for request in _checked(requests)]
    blocks = max(1, -(-len(rows) // settings.batch_size))
    return ray.data.from_items(rows, override_num_blocks=blocks)


def _checked(requests: Iterable[Any]) -> Iterator[CaptionRequest]:
    for request in requests:
        if not isinstance(request, CaptionRequest):
            raise TypeError(f"a Ray dataset, or requests, not {type(request).__name__}")
        yield request
