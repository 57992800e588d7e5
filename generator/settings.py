"""Settings of the codec's training, the generator's and the sampler: what recipes say of them."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Literal, get_args

from pydantic import Field

from generator.tasks import TaskMix
from schemas.mix import CaptionMix
from schemas.settings import Settings


class ValidationSettings(Settings):
    """What is measured while training goes on."""

    every: int = Field(500, ge=0)
    """Steps between two validations; 0 for none but the last."""
    share: float = Field(0.02, ge=0, lt=1)
    """Share of the clips that are kept for validation and never trained on."""
    max_clips: int = Field(64, ge=1)
    """Clips for validation at most."""
    num_prompts: int = Field(0, ge=0)
    """Captions of those clips that are sampled and read again by the parser."""
    num_steps: int = Field(20, ge=1)
    """Steps of the sampler for these prompts."""
    guidance_scale: float = Field(2.0, ge=0)
    """Guidance for these prompts."""


class TrainSettings(Settings):
    """How to train; the defaults suit two CPU cores and a few minutes."""

    size: Literal["nano", "tiny", "small", "base", "large"] = "tiny"
    """Size of the transformer."""
    codec: str = "shipped"
    """`shipped`, `pixels`, a file of `rushes train codec`, or `wan:FOLDER` and the like."""
    text: str = "own"
    """`own`: an encoder trained along; else a transformers text model, by folder or hub name."""
    init: str = ""
    """Start from these weights: `shipped`, or a checkpoint of the same size, codec and text."""
    max_pixels: int = Field(64 * 64, ge=64)
    """Pixels of one training frame at most; clips keep their aspect."""
    fps: float = Field(8.0, gt=0)
    """Frames a second to train at; slower clips keep their own rate."""
    max_frames: int = Field(16, ge=1)
    """Frames of one training sample at most; longer clips show a window, each time another."""
    token_budget: int = Field(4096, ge=1)
    """Tokens in one pack at most."""
    first_token_budget: int | None = Field(None, ge=1)
    """Tokens in a pack at first, from which packs grow evenly to `token_budget`; None: no growth.

    At first many small steps learn more than few large ones.
    """
    images_first: float = Field(0.0, ge=0, lt=1)
    """Share of the training, from its start, that shows single frames only, without other tasks.

    A frame takes a fraction of a clip's tokens, and teaches as many words.
    """
    reading_steps: int = Field(0, ge=0)
    """Steps before the first in which the text encoder alone learns what captions say.

    It learns from clips that have a structured caption besides one in prose; see reading.py.
    """
    packs_per_step: int = Field(1, ge=1)
    """Packs in one step, shared out among the workers: a multiple of their number."""
    steps: int = Field(1000, ge=1)
    """Optimizer steps at most."""
    max_minutes: float | None = Field(None, gt=0)
    """Minutes of training at most, counted over resumes; None for no limit."""
    optimizer: Literal["muon", "adamw"] = "muon"
    """Of the matrices inside the blocks; everything else is AdamW's."""
    learning_rate: float = Field(2e-3, gt=0)
    """Peak learning rate of AdamW."""
    matrix_learning_rate: float = Field(6e-3, gt=0)
    """Peak learning rate of the matrices inside the blocks, where Muon trains them."""
    warmup: int = Field(20, ge=0)
    """Steps over which the learning rate rises from zero."""
    cooldown: float = Field(1.0, gt=0, le=1)
    """Share of the training, at its end, over which the learning rate falls from its peak.

    What comes late, as clips do after `images_first`, is learned at a high rate only below 1.
    """
    weight_decay: float = Field(0.0, ge=0)
    """Decoupled weight decay of the matrices inside the blocks."""
    ema: float = Field(0.995, ge=0, lt=1)
    """Decay of the moving average of the weights, less during the first steps."""
    max_grad_norm: float = Field(1.0, gt=0)
    """Gradients are scaled down to this norm, and to three sigma above their usual one."""
    shift_base_tokens: float = Field(1.0, gt=0)
    """Clips of more tokens than this train and sample with more noise (see flow.py).

    What the prompt says of place and motion is decided near t = 1, and only learned there: a large
    base leaves too little noise for it.
    """
    timestep_spread: float = Field(1.25, gt=0)
    """Standard deviation of the timesteps' logit."""
    shared_noise: float = Field(0.0, ge=0, lt=1)
    """Share of the noise's variance that all groups of a clip have in common.

    They are drawn alike from the first step on where single frames were trained before clips.
    """
    caption_dropout: float = Field(0.1, ge=0, le=1)
    """Share of clips shown without their caption, for guidance."""
    captions: CaptionMix = CaptionMix()
    """Which kind of caption a clip is shown with, and how often."""
    tasks: TaskMix = TaskMix()
    """Which task a clip is shown under, and how often."""
    scores: tuple[str, ...] = ("motion", "pan_x", "pan_y", "zoom")
    """Measurements of a clip that the model is told, so that they can be asked for."""
    score_dropout: float = Field(0.5, ge=0, le=1)
    """Share of clips shown without them."""
    weights: str = ""
    """An SQL expression over a clip's scores (as in `1 + motion / 10`): how often it is drawn."""
    seed: int = Field(0, ge=0)
    """Seeds weights, order, windows, captions, tasks, timesteps and noise."""
    validation: ValidationSettings = ValidationSettings()
    """What is measured while training goes on."""
    checkpoint_every: int = Field(200, ge=1)
    """Steps between checkpoints; the last step always writes one."""
    keep_checkpoints: int = Field(2, ge=1)
    """Checkpoints to keep besides the best by validation."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Arithmetic of the matrices; `auto` takes bfloat16 where the machine is fast at it."""
    compile: bool = False
    """Compile the blocks (CUDA; on CPUs it does not pay for packs that change)."""
    activation_checkpointing: bool = False
    """Compute activations twice rather than keep them: less memory, a third more time."""
    num_threads: int | None = Field(None, ge=1)
    """CPU threads; None leaves torch's own choice."""

    def changes_from(self, other: Mapping[str, Any]) -> list[str]:
        """Return what keeps a training with these settings from going on from one with others.

        `other` is what `model_dump(mode="json")` gave; a line is `seed was 0, is 1`.
        """
        return changes(kept_settings(self.model_dump(mode="json")), kept_settings(other))


def changes(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], besides: AbstractSet[str] = frozenset()
) -> list[str]:
    """Return what differs between two sets of settings but for some, as `seed was 0, is 1`."""
    return [
        f"{name} was {theirs.get(name)}, is {ours.get(name)}"
        for name in sorted((ours.keys() | theirs.keys()) - besides)
        if ours.get(name) != theirs.get(name)
    ]


def kept_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a training is not gone on without."""
    kept = {name: value for name, value in settings.items() if name not in _MAY_CHANGE_ON_RESUME}
    held = settings.get("validation", {})
    return kept | {f"validation.{name}": held.get(name) for name in ("share", "max_clips")}


_MAY_CHANGE_ON_RESUME = {
    "steps",
    "max_minutes",
    "checkpoint_every",
    "keep_checkpoints",
    "num_threads",
    "compile",
    "activation_checkpointing",
    "validation",
}
"""Settings that say how long, how fast and what is kept, not what is trained."""


class CodecSettings(Settings):
    """How to train the codec; the defaults are those of the shipped weights."""

    init: str = ""
    """Start from this codec: `shipped`, or a file of `rushes train codec`."""
    decoder_only: bool = False
    """Train the decoder alone: latents, and the models that were trained on them, stay good."""
    max_pixels: int = Field(256 * 256, ge=64)
    """Pixels of a frame at most, as decoded and kept."""
    fps: float = Field(16.0, gt=0)
    """Frames a second, as decoded and kept; crops skip up to two frames between two."""
    max_frames: int = Field(96, ge=12)
    """Frames of a clip that are kept, from its middle."""
    max_clips: int = Field(4000, ge=1)
    """Clips that are decoded; of a larger dataset every n-th."""
    crop_px: int = Field(64, ge=8, multiple_of=8)
    """Side of a crop, after it was scaled."""
    batch: int = Field(12, ge=1)
    """Crops in one step."""
    single_share: float = Field(0.15, ge=0, le=1)
    """Share of groups that show one frame."""
    latent_noise: float = Field(0.05, ge=0)
    """Noise on the latents at most, in units of their spread: the decoder gets used to errors."""
    steps: int = Field(100_000, ge=1)
    """Optimizer steps at most."""
    max_minutes: float | None = Field(60.0, gt=0)
    """Minutes of training at most, counted over resumes; None for no limit."""
    learning_rate: float = Field(2e-3, gt=0)
    """Peak learning rate of all but the convolutions inside the blocks (AdamW)."""
    matrix_learning_rate: float = Field(5e-3, gt=0)
    """Peak learning rate of those (Muon)."""
    warmup: int = Field(30, ge=0)
    """Steps over which the learning rate rises from zero."""
    ema: float = Field(0.995, ge=0, lt=1)
    """Decay of the moving average of the weights, less during the first steps."""
    checkpoint_every: int = Field(300, ge=1)
    """Steps between checkpoints."""
    weights: str = ""
    """An SQL expression over the dataset's clips: how often each is drawn; longer ones more."""
    seed: int = Field(0, ge=0)
    """Seeds weights, crops and noise."""
    num_threads: int | None = Field(None, ge=1)
    """CPU threads; None leaves torch's own choice."""


class SampleSettings(Settings):
    """What to sample and how."""

    width_px: int = Field(64, ge=1)
    """Width of the video."""
    height_px: int = Field(64, ge=1)
    """Height of the video."""
    seconds: float = Field(2.0, gt=0)
    """Length of the video; at least one frame."""
    fps: float = Field(8.0, gt=0)
    """Frames a second of the video."""
    seed: int = Field(0, ge=0)
    """Seed of the noise; the same seed gives the same pixels."""
    image_first: bool | None = None
    """Make a video from text in two: its first frame from the prompt, then what follows it.

    None: by models that were trained with `train.images_first`.
    """
    num_steps: int = Field(30, ge=1)
    """Steps from noise to video."""
    solver: Literal["euler", "heun", "multistep"] = "euler"
    """`euler`; `heun` runs the network twice a step; `multistep` uses the step before."""
    guidance_scale: float = Field(2.0, ge=0)
    """How far to go from the prediction without the prompt to the one with it; 1 is no guidance."""
    guidance: Literal["plain", "zero", "auto"] = "plain"
    """`zero`: CFG-Zero*; `auto`: away from an earlier checkpoint (`guide_checkpoint`)."""
    guidance_from: float = Field(1.0, ge=0, le=1)
    """Guide at timesteps below this (arXiv 2404.07724) ..."""
    guidance_to: float = Field(0.0, ge=0, le=1)
    """... and above this."""
    guide_checkpoint: str | None = None
    """Folder of the checkpoint that `auto` leads away from (arXiv 2406.02507)."""
    cache_threshold: float = Field(0.0, ge=0)
    """Skip most of the network while its first block changes less than this; 0: never."""
    window_tokens: int = Field(4096, ge=16)
    """Larger clips are made in overlapping windows of so many tokens."""
    window_seconds: float = Field(4.0, gt=0)
    """Longer clips are made in overlapping windows of so many seconds."""
    motion: float | None = None
    """Strength of motion asked for: the score `motion`, in grey levels a second."""
    camera: Literal["left", "right", "up", "down", "in", "out", "still"] | None = None
    """Camera asked for, by the measured scores `pan_x`, `pan_y` and `zoom`."""
    camera_speed: float = Field(0.15, gt=0)
    """Of that camera: shares of the frame a second."""

    @property
    def num_frames(self) -> int:
        """Frames in the video."""
        return max(1, round(self.seconds * self.fps))

    def scores(self) -> dict[str, float]:
        """Return the scores that are asked for."""
        asked: dict[str, float] = {} if self.motion is None else {"motion": self.motion}
        if self.camera is not None:
            v = self.camera_speed
            x = {"left": -v, "right": v}.get(self.camera, 0.0)
            y = {"up": -v, "down": v}.get(self.camera, 0.0)
            zoom = {"in": v, "out": -v}.get(self.camera, 0.0)
            asked |= {"pan_x": x, "pan_y": y, "zoom": zoom}
        return asked


MeasuredTask = Literal[
    "animate", "extend", "before", "loop", "fill", "connect", "edit", "inside", "prototype"
]
MEASURED_TASKS: tuple[MeasuredTask, ...] = get_args(MeasuredTask)


class EvaluateSettings(Settings):
    """What is measured of a generator, and on how many cases; all but `seed` says how much."""

    num_prompts: int = Field(512, ge=1)
    """Prompts of each split and number of objects."""
    splits: tuple[Literal["seen", "held_out"], ...] = ("seen", "held_out")
    """Combinations of attributes that training footage shows, and those that it never does."""
    num_objects: tuple[int, ...] = (1, 2)
    """Objects in a scene."""
    length: Literal["short", "medium", "long"] = "long"
    """Of the prompts; `long` names every attribute."""
    sizes: tuple[tuple[int, int, float], ...] = (
        (64, 64, 2.0),
        (96, 54, 2.0),
        (54, 96, 2.0),
        (73, 61, 2.0),
        (64, 64, 0.125),
        (64, 64, 1.0),
        (64, 64, 4.0),
    )
    """Width, height and seconds: each is measured by itself."""
    num_sized: int = Field(128, ge=1)
    """Prompts at each of these sizes."""
    tasks: tuple[MeasuredTask, ...] = MEASURED_TASKS
    """Tasks to measure."""
    num_cases: int = Field(64, ge=1)
    """Cases of each task."""
    num_shown: int = Field(16, ge=0)
    """Samples of each measure that are shown in the page."""
    width_px: int = Field(64, ge=1)
    """Width of prompts and tasks."""
    height_px: int = Field(64, ge=1)
    """Height of prompts and tasks."""
    seconds: float = Field(2.0, gt=0)
    """Length of prompts and tasks."""
    fps: float = Field(8.0, gt=0)
    """Frames a second."""
    num_steps: int = Field(30, ge=1)
    """Steps from noise to video."""
    guidance_scale: float = Field(2.0, ge=0)
    """Guidance."""
    image_first: bool | None = None
    """Whether prompts are sampled by their first frame (see `sample.image_first`)."""
    seed: int = Field(0, ge=0)
    """Cases start here: another seed, other cases and other noise."""

    def sample(self, **changes: float) -> SampleSettings:
        """Return how the sampler is run, with some settings changed."""
        names = (
            "width_px",
            "height_px",
            "seconds",
            "fps",
            "num_steps",
            "guidance_scale",
            "image_first",
        )
        return SampleSettings(**{name: getattr(self, name) for name in names} | changes)
