"""What a recipe can say about captions: who writes them, which kinds, how hard to try."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from captioner.backends.openai_secrets import public_url
from captioner.request import KINDS
from schemas.settings import Settings

KNOWN_BACKENDS: tuple[str, ...] = ("tiny", "measured", "transformers", "openai", "vllm")
"""The names that `load_backend` accepts."""

CaptionKind = Literal["short", "medium", "long", "structured"]


class TransformersSettings(Settings):
    """A model of the Hugging Face hub, run in the worker."""

    model: str | None = None
    """Name on the hub, or a local folder; none takes the default for CPU or GPU."""
    revision: str | None = None
    """Branch, tag or commit on the hub."""
    adapter: str | None = None
    """Folder of a LoRA adapter made by `rushes train captioner`."""
    device: str = "auto"
    """`cpu`, `cuda`, `cuda:1`, or `auto`."""
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    """Of the weights."""
    max_frames: int = Field(16, ge=1, le=1024)
    """Frames shown of one clip, at most."""
    fps: float = Field(2.0, gt=0)
    """Frames shown per second, at most."""
    max_side_px: int = Field(512, ge=16)
    """Frames are scaled down to this longer side."""
    as_images: bool | None = None
    """Show frames as several images instead of a video; none asks the model's processor."""
    batch_size: int = Field(8, ge=1)
    """Clips shown to the model at once; halved where memory runs out."""
    guided: Literal["auto", "off"] = "auto"
    """Keep answers to the JSON form while they are written, where llguidance is installed."""
    trust_remote_code: bool = False
    """Let a model bring code of its own. It runs with your rights."""


class OpenAISettings(Settings):
    """A server that speaks the OpenAI chat protocol: vLLM, SGLang, llama.cpp, Ollama, hosted."""

    base_url: str = "http://localhost:8000/v1"
    """Up to and including `/v1`."""
    model: str | None = None
    """As the server names it; none asks the server for its list and takes the only one."""
    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable that holds the key; the key itself is never stored."""
    send: Literal["images", "video"] = "images"
    """Frames as JPEG images, or as one mp4."""
    json_schema: Literal["auto", "json_schema", "json_object", "off"] = "auto"
    """How the answer's form is asked for; `auto` steps down where a server refuses."""
    max_frames: int = Field(16, ge=1, le=1024)
    """Frames shown of one clip, at most."""
    fps: float = Field(2.0, gt=0)
    """Frames shown per second, at most."""
    max_side_px: int = Field(768, ge=16)
    """Frames are scaled down to this longer side."""
    concurrency: int = Field(8, ge=1)
    """Requests under way at once, per worker."""
    requests_per_minute: float | None = Field(None, gt=0)
    """At most so many are begun in a minute, per worker."""
    timeout_s: float = Field(120.0, gt=0)
    """For one answer."""
    max_retries: int = Field(4, ge=0)
    """After 408, 409, 425, 429, 5xx and broken connections, with growing pauses."""
    first_pause_s: float = Field(1.0, gt=0)
    """Before the first of them; each next pause is twice as long, or as the server asks."""
    answers_as: str | None = None
    """The model that answers name, where a proxy serves `model` under another name."""
    extra_body: dict[str, str | int | float | bool] = Field(default_factory=dict)
    """Further fields of the request, for servers that have them."""

    @field_validator("base_url")
    @classmethod
    def _without_credentials(cls, url: str) -> str:
        # Settings are printed and kept with every run; a password in the address would be, too.
        return public_url(url)


class VllmSettings(Settings):
    """vLLM inside Ray Data (`ray.data.llm`); wants the extra `rushes[vllm]` and a GPU."""

    model: str = "Qwen/Qwen3-VL-2B-Instruct"
    """Name on the hub, or a local folder."""
    revision: str | None = None
    """Branch, tag or commit on the hub."""
    send: Literal["video", "images"] = "video"
    """Frames as one video with exact times, or as images for models that take no video."""
    max_frames: int = Field(32, ge=1, le=1024)
    """Frames shown of one clip, at most."""
    fps: float = Field(2.0, gt=0)
    """Frames shown per second, at most."""
    max_side_px: int = Field(768, ge=16)
    """Frames are scaled down to this longer side."""
    tensor_parallel_size: int = Field(1, ge=1)
    """GPUs per copy of the model."""
    num_copies: int = Field(1, ge=1)
    """Copies of the model."""
    max_model_len: int = Field(32768, ge=1024)
    """Tokens of prompt and answer together."""
    gpu_memory_utilization: float = Field(0.9, gt=0, le=1)
    """Share of a GPU's memory that vLLM may take."""
    engine_kwargs: dict[str, str | int | float | bool] = Field(default_factory=dict)
    """Further arguments of the engine; the settings above are not among them."""


class TinySettings(Settings):
    """Our own captioner for footage of the world."""

    weights: str | None = None
    """A checkpoint of `rushes train captioner`; none takes the weights that come with Rushes."""


class CaptionSettings(Settings):
    """Who writes the captions, and which kinds."""

    backend: Literal["tiny", "measured", "transformers", "openai", "vllm"] = "tiny"
    """Name of the captioner."""

    fallbacks: tuple[str, ...] = ("measured",)
    """Captioners that are asked, in order, for clips that the first could not describe."""

    kinds: tuple[CaptionKind, ...] = ("short", "medium", "long", "structured")
    """Kinds of caption to write for every clip."""

    language: str = "en"
    """Language of the captions, BCP 47."""

    num_frames: int = Field(default=8, ge=1, le=64)
    """At most this many stored frames of a clip are looked at, where a captioner reads those."""

    window_s: float = Field(default=20.0, ge=1.0)
    """Longer clips are described window by window, then as a whole."""

    max_attempts: int = Field(default=4, ge=1, le=10)
    """Times that a captioner is asked about one clip, before the fallbacks."""

    max_new_tokens: int = Field(default=1024, ge=16)
    """Length of one answer; the ladder doubles it after a truncated one."""

    seed: int = 0
    """Seeds sampling, from the second attempt on."""

    check_facts: bool = True
    """Correct or drop what contradicts the measurements."""

    min_alignment: float | None = Field(default=None, ge=-1, le=1)
    """Captions that fit their clip less than this fail as `misaligned`; none only writes it."""

    aligner: Literal["auto", "tiny", "open_clip", "off"] = "auto"
    """What scores the fit of caption and clip; `auto`: open_clip with weights, else tiny."""

    open_clip_model: str = "ViT-B-32"
    """Architecture for the aligner `open_clip`."""

    open_clip_weights: str | None = None
    """A checkpoint file, or a tag of open_clip (needs the network once)."""

    batch_size: int = Field(default=32, ge=1)
    """Clips per call of the captioner."""

    num_workers: int | None = Field(default=None, ge=1)
    """Worker processes; none takes one per CPU for small captioners, one for models."""

    num_cpus: float = Field(default=1.0, ge=0)
    """CPUs that Ray reserves for each worker."""

    num_gpus: float = Field(default=0.0, ge=0)
    """GPUs that Ray reserves for each worker."""

    tiny: TinySettings = TinySettings()
    """Our own captioner."""
    transformers: TransformersSettings = TransformersSettings()
    """A model of the hub, run in the workers."""
    openai: OpenAISettings = OpenAISettings()
    """A server."""
    vllm: VllmSettings = VllmSettings()
    """vLLM inside Ray Data."""

    @field_validator("kinds")
    @classmethod
    def _some_kinds_once(cls, kinds: tuple[CaptionKind, ...]) -> tuple[CaptionKind, ...]:
        if not kinds or len(set(kinds)) != len(kinds):
            raise ValueError(f"name each kind once, at least one of {', '.join(KINDS)}")
        return kinds

    @field_validator("fallbacks")
    @classmethod
    def _known_fallbacks(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in names if name not in KNOWN_BACKENDS]
        if unknown:
            raise ValueError(f"unknown captioner `{unknown[0]}`; {', '.join(KNOWN_BACKENDS)}")
        return names
