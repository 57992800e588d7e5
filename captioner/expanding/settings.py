"""What a recipe can say about the expansion of prompts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from captioner.settings import OpenAISettings
from schemas.settings import Settings


class ExpandSettings(Settings):
    """How prompts are expanded before they are sampled."""

    how: Literal["auto", "renderer", "openai", "transformers", "off"] = "auto"
    """`renderer`: offline, by rules. `openai`: a language model behind a server.
    `transformers`: a language model run here. `auto`: the renderer for what it understands,
    else the language model that is named below, if any. `off`: prompts as they are."""

    model: str | None = None
    """Language model for `transformers`: a name on the hub, or a local folder."""

    revision: str | None = None
    """Branch, tag or commit on the hub."""

    device: str = "auto"
    """`cpu`, `cuda`, or `auto`."""

    openai: OpenAISettings = OpenAISettings()
    """The server for `openai`."""

    min_recall: float = Field(0.95, ge=0, le=1)
    """Share of what the prompt asks for that an expansion must say; below, the prompt is used."""

    num_examples: int = Field(4, ge=0, le=32)
    """Captions of the training set that a language model is shown."""

    attempts: int = Field(2, ge=1, le=8)
    """Times that a language model is asked, until an expansion keeps what was asked for."""

    temperature: float = Field(0.3, ge=0)
    """Of the language model; 0 is greedy."""

    max_new_tokens: int = Field(400, ge=16)
    """Length of a language model's answer."""
