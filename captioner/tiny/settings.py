"""Every hyperparameter of the tiny captioner's training."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from schemas.settings import Settings


class TinySettings(Settings):
    """How the tiny captioner is trained: the recipe's section `captioner`."""

    steps: int = Field(default=6000, ge=1)
    """Optimiser updates of encoder and decoder."""

    max_minutes: float | None = Field(default=None, gt=0)
    """Training time after which the rate of learning has come down to zero; none for no limit."""

    batch_size: int = Field(default=32, ge=1)
    """Clips per update."""

    matrix_rate: float = Field(default=0.02, gt=0)
    """Highest learning rate of the weight matrices (Muon)."""

    other_rate: float = Field(default=2e-3, gt=0)
    """Highest learning rate of all else (Adam)."""

    warmup_steps: int = Field(default=100, ge=0)
    """Updates during which the rate rises from zero."""

    cooldown_share: float = Field(default=0.5, gt=0, le=1)
    """Share of training, at its end, in which the rate falls to zero in a straight line."""

    weight_decay: float = Field(default=0.05, ge=0)
    """Pull of the weight matrices towards zero, times the learning rate."""

    average_decay: float = Field(default=0.999, ge=0, lt=1)
    """Share that the average of the weights, which is used, keeps at each update."""

    seed: int = 0
    """Seed of weights, batches and damage."""

    num_threads: int | None = Field(default=None, ge=1)
    """CPU threads; none leaves it to the machine."""

    width: int = Field(default=160, ge=16)
    """Width of the encoder's tokens; a multiple of `heads`."""

    heads: int = Field(default=5, ge=1)
    """Heads of attention in the encoder."""

    stem_widths: tuple[int, int] = (32, 96)
    """Channels after the first two convolutions."""

    mix_blocks: int = Field(default=2, ge=1)
    """Blocks over patches."""

    slot_blocks: int = Field(default=4, ge=1)
    """Blocks over slots and latents."""

    decoder_width: int = Field(default=128, ge=16)
    """Width of the decoder's tokens; a multiple of its four heads."""

    decoder_blocks: int = Field(default=2, ge=1)
    """Blocks of the decoder."""

    scenes_per_shard: int = Field(default=500, ge=1)
    """Scenes that are drawn and stored together, of one size."""

    shards_in_use: int = Field(default=40, ge=1)
    """Batches are drawn from so many shards at a time."""

    shards_at_first: int = Field(default=4, ge=1)
    """Batches are drawn from so many shards at first, so that training need not wait for all."""

    grow_every: int = Field(default=60, ge=1)
    """Updates after which one more shard joins them, until `shards_in_use` are there."""

    first_shard: int = Field(default=0, ge=0)
    """Number of the first shard; training that goes on from weights should see others."""

    views_per_scene: float = Field(default=3.0, gt=0)
    """How often a scene is shown before another takes its place, on average."""

    data_seed: int = Field(default=777, ge=0)
    """Seed of the sizes, lengths and rates of what is drawn."""

    rare_share: float = Field(default=0.3, ge=0, le=1)
    """Share of scenes drawn of one of `rare_kinds`; the rest is left to the world's lot."""

    rare_kinds: tuple[str, ...] = Field(default=("collision", "maze", "views"), min_length=1)
    """Kinds of scene that the lot draws too rarely to be learned from, all equally often."""

    first_scene_seed: int = Field(default=10_000_000, ge=0)
    """Seed of the first scene; the next scenes have the next seeds, all in the split `train`."""

    main_size_share: float = Field(default=0.3, ge=0, le=1)
    """Share of every second shard that has 64 x 64 pixels and 16 frames at 8 a second, as all
    others have."""

    sizes_px: tuple[tuple[int, int], ...] = (
        (96, 64),
        (64, 96),
        (114, 64),
        (64, 114),
        (80, 64),
        (64, 80),
        (64, 64),
    )
    """Widths and heights of the other shards."""

    rates: tuple[float, ...] = (4, 5, 6, 8, 8, 10, 12, 15)
    """Frames per second of the other shards."""

    durations_s: tuple[float, float] = (1.6, 3.2)
    """Shortest and longest clip of the other shards (8 to 24 frames)."""

    short_share: float = Field(default=0.15, ge=0, le=1)
    """Share of clips whose caption is the short one."""

    mirror_share: float = Field(default=0.5, ge=0, le=1)
    """Share of clips shown in a mirror, of those whose mirror image belongs to the split."""

    damage_share: float = Field(default=0.25, ge=0, le=1)
    """Share of clips that are compressed, blurred, noisy or of other contrast."""

    negative_share: float = Field(default=0.06, ge=0, le=1)
    """Share of clips that show no scene of the world; they teach only to refuse."""

    validate_every: int = Field(default=500, ge=1)
    """Updates between two readings of the validation scenes."""

    validation_scenes: int = Field(default=192, ge=1)
    """Scenes of the split `seen` that are read then."""

    checkpoint_every: int = Field(default=250, ge=1)
    """Updates between checkpoints."""

    match_steps: int = Field(default=3000, ge=0)
    """Updates of the matching of text and clips, which follows on the finished encoder."""

    match_scenes: int = Field(default=20_000, ge=2)
    """Scenes that matching is trained on; what the encoder sees in them is kept in memory."""

    match_batch: int = Field(default=128, ge=2)
    """Clips per update of matching."""

    match_rate: float = Field(default=2e-3, gt=0)
    """Highest learning rate of matching."""

    vocabulary_texts: int = Field(default=12_000, ge=1)
    """Texts from which the words of matching are gathered."""

    match_width: int = Field(default=256, ge=8)
    """Numbers in the embedding of a clip or text."""

    @model_validator(mode="after")
    def _sizes_agree(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of heads {self.heads}")
        if self.match_scenes > self.shards_in_use * self.scenes_per_shard:
            raise ValueError(
                f"matching wants {self.match_scenes} scenes, but {self.shards_in_use} shards of "
                f"{self.scenes_per_shard} are kept"
            )
        return self
