"""Which captions are the same work: the hash that every row carries."""

from __future__ import annotations

from captioner.backend import Captioner
from captioner.settings import CaptionSettings
from schemas.ids import settings_hash

_SPEED_ONLY = {"batch_size", "num_workers", "num_cpus", "num_gpus"}
_BACKENDS = ("tiny", "transformers", "openai", "vllm")
_SPEED_ONLY_OF: dict[str, set[str]] = {
    "transformers": {"device"},
    "openai": {
        "base_url",
        "api_key_env",
        "concurrency",
        "requests_per_minute",
        "timeout_s",
        "max_retries",
        "first_pause_s",
        "answers_as",
    },
    "vllm": {"tensor_parallel_size", "num_copies", "gpu_memory_utilization"},
}
"""Where and how fast a model runs; the model itself is named by the captioner."""


def caption_settings_hash(settings: CaptionSettings, captioner: Captioner) -> str:
    """Return the hash that captions carry: the settings that shape a text, and who wrote it.

    What only changes the speed is left out, and so are the sections of captioners that are
    neither asked first nor a fallback.
    """
    asked = {captioner.name, *settings.fallbacks}
    idle = {name for name in _BACKENDS if name not in asked}
    plain = settings.model_dump(mode="json", exclude=_SPEED_ONLY | idle)
    for name, fast in _SPEED_ONLY_OF.items():
        if name in plain:
            plain[name] = {key: value for key, value in plain[name].items() if key not in fast}
    plain["backend"] = captioner.name
    names = (captioner.name, captioner.model, captioner.revision, captioner.prompt_hash)
    return settings_hash("CaptionSettings", plain, *names)
