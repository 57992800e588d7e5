"""What a recipe says about fine-tuning a captioner, and what a run reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from captioner.settings import TransformersSettings
from schemas.settings import Settings


class FinetuneSettings(Settings):
    """How to fine-tune a captioner; the defaults suit a model of two billion weights on a GPU."""

    transformers: TransformersSettings = TransformersSettings()
    """The model to start from, and how it is shown clips. An adapter there is trained on."""
    method: Literal["lora", "full"] = "lora"
    """Train small matrices beside the weights (wants peft), or the weights themselves."""
    prompting: Literal["auto", "full", "prose"] = "auto"
    """What to learn: the structured caption as JSON, the long text, or JSON where there is one."""
    language: str = "en"
    """Language of the captions, BCP 47; the prompt names it."""
    rank: int = Field(16, ge=1)
    """Rank of the LoRA matrices."""
    alpha: float = Field(32.0, gt=0)
    """LoRA's change of the weights is scaled by alpha / rank."""
    dropout: float = Field(0.05, ge=0, lt=1)
    """Of LoRA's input."""
    learning_rate: float | None = Field(None, gt=0)
    """Peak; none takes 1e-4 for LoRA and 1e-5 for all weights."""
    epochs: int = Field(2, ge=1)
    """Times that every clip is shown."""
    steps: int | None = Field(None, ge=1)
    """Optimizer steps, in place of epochs."""
    batch_size: int = Field(8, ge=1)
    """Clips per optimizer step."""
    micro_batch_size: int = Field(1, ge=1)
    """Clips in memory at once; gradients of a step add up over them."""
    warmup: float = Field(0.03, ge=0, le=1)
    """Share of the steps over which the learning rate rises; then it falls as a cosine to 0."""
    weight_decay: float = Field(0.0, ge=0)
    """Decoupled weight decay."""
    max_grad_norm: float = Field(1.0, gt=0)
    """Gradients are scaled down to this norm."""
    held_out: float = Field(0.05, ge=0, lt=1)
    """Share of the clips that is kept to measure on; by video, at most `max_held_out` of them."""
    max_held_out: int = Field(256, ge=1)
    """Clips to measure on, at most."""
    max_tokens: int = Field(16384, ge=64)
    """Longer clips, prompt and answer together, are left out whole."""
    gradient_checkpointing: bool | None = None
    """Save memory for a third more time; none does so on a GPU."""
    checkpoint_every: int = Field(50, ge=1)
    """Steps between checkpoints."""
    keep_checkpoints: int = Field(2, ge=1)
    """Checkpoints to keep."""
    seed: int = Field(0, ge=0)
    """Seeds matrices, order, dropout and the choice of held-out clips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneStep:
    """One optimizer step; `loss` is the mean over its answers' tokens in nats, NaN if skipped."""

    step: int
    num_steps: int
    loss: float
    learning_rate: float
    num_clips: int
    num_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneResult:
    """Where the run ended. Held-out losses, in nats a token, are None without held-out clips."""

    path: Path
    """The adapter's folder (for `adapter`), or the model's (for `model`)."""
    steps: int
    num_clips: int
    num_held_out: int
    loss: float
    """Mean over the last 20 steps."""
    held_out_before: float | None
    held_out_after: float | None
