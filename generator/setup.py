"""From settings to what a training needs; and what it refuses before anything is decoded."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence

from generator.clips import ClipSize, TrainingClip
from generator.codec import Codec
from generator.data import DrawSettings
from generator.dit import SIZES
from generator.settings import TrainSettings
from generator.tasks import FROM_THE_START
from schemas.datasets import Dataset
from schemas.errors import UserError
from schemas.mix import shares_of, shown_captions

log = logging.getLogger(__name__)


def check(dataset: Dataset, settings: TrainSettings, codec: Codec) -> None:
    """Refuse what cannot be trained, before anything is decoded. Raises UserError."""
    if not dataset.clips:
        raise UserError(
            f"dataset {dataset.name} holds no clips", "freeze it again with a wider selection"
        )
    kinds = {kind for clip in dataset.clips for kind in shown_captions(clip.captions)}
    if not kinds:
        raise UserError(
            f"no clip of dataset {dataset.name} has a caption",
            "caption the clips first (rushes caption), then freeze the dataset again",
        )
    if not shares_of(settings.captions, kinds):
        raise UserError(
            f"dataset {dataset.name} has captions of the kinds {', '.join(sorted(kinds))} only, "
            "and train.captions gives none of them a share",
            "give one a share: --set train.captions."
            + ("source=0.05" if settings.captions.source == 1 else f"{min(kinds)}=1"),
        )
    unknown = set(settings.scores) - {name for clip in dataset.clips for name in clip.scores}
    if settings.scores and unknown == set(settings.scores):
        log.warning("no clip has the scores %s; the model is told none", sorted(unknown))
    size = SIZES[settings.size]
    _, sh, sw = codec.stride
    side = sh * size.patch
    if settings.max_pixels < side * side:
        raise UserError(
            f"max_pixels = {settings.max_pixels} is less than one token of {side}x{side} pixels",
            f"set train.max_pixels to {side * side} or more",
        )
    if (settings.first_token_budget or 0) > settings.token_budget:
        raise UserError(
            f"first_token_budget = {settings.first_token_budget} is more than token_budget = "
            f"{settings.token_budget}, and packs grow",
            "set train.first_token_budget to less",
        )
    if not codec.is_local and not any(getattr(settings.tasks, n) for n in FROM_THE_START):
        raise UserError(
            f"the codec {codec.name} takes known frames at the start only, and train.tasks gives "
            f"none of {', '.join(FROM_THE_START)} a share",
            "give one a share: --set train.tasks.video=1",
        )
    groups = most_groups(settings.max_frames, codec)
    largest = groups * (settings.max_pixels // (side * sw * size.patch))
    if largest > settings.token_budget:
        raise UserError(
            f"one clip may take {largest} tokens, but token_budget is {settings.token_budget}",
            f"set train.token_budget to {largest} or more, or lower max_pixels or max_frames",
        )


def most_groups(max_frames: int, codec: Codec) -> int:
    """Return the most groups that a window of at most so many frames is shown as.

    Frames left over from full groups stand alone, and keyframes may split three groups as well;
    a causal codec has groups of its own.
    """
    st = codec.stride[0]
    if not codec.is_local:
        return len(codec.layout(max_frames))
    return max(n // st + n % st + min(3, n // st) * (st - 1) for n in range(1, max_frames + 1))


def check_workers(settings: TrainSettings, count: int) -> None:
    """Refuse a number of workers among whom the packs of a step cannot be shared out."""
    if settings.packs_per_step % count:
        raise UserError(
            f"{settings.packs_per_step} packs a step cannot be shared out among {count} workers",
            f"ask for a multiple: --set train.packs_per_step={count}",
        )


def clip_size(settings: TrainSettings, codec: Codec) -> ClipSize:
    """Return how clips are brought to the size that these settings train at."""
    return ClipSize(
        max_pixels=settings.max_pixels,
        multiple=codec.stride[1] * SIZES[settings.size].patch,
        fps=settings.fps,
        max_frames=settings.max_frames,
    )


def draw_settings(settings: TrainSettings, codec: Codec) -> DrawSettings:
    """Return what decides the draws of a training."""
    return DrawSettings(
        seed=settings.seed,
        max_frames=settings.max_frames,
        caption_dropout=settings.caption_dropout,
        score_dropout=settings.score_dropout,
        mix=settings.captions,
        tasks=settings.tasks if codec.is_local else settings.tasks.only(FROM_THE_START),
        scores=settings.scores,
    )


def score_units(clips: Sequence[TrainingClip], names: Sequence[str]) -> dict[str, float]:
    """Return the spread of each score around zero: what one unit of the model's input is."""
    units = {}
    for name in names:
        values = [c.scores[name] for c in clips if name in c.scores]
        mean_square = sum(v * v for v in values) / len(values) if values else 0.0
        units[name] = math.sqrt(mean_square) or 1.0
    return units


def checked_weights(
    weights: Mapping[str, float] | None, clips: Sequence[TrainingClip]
) -> tuple[float, ...] | None:
    """Return the weight of each clip. Raises UserError for one below 0, and if all are 0."""
    if weights is None:
        return None
    values = tuple(float(weights.get(clip.clip_id, 1.0)) for clip in clips)
    if not all(math.isfinite(v) and v >= 0 for v in values) or not any(values):
        raise UserError(
            "train.weights gives a clip less than 0, no number, or all of them 0",
            "write an expression such as `1 + motion / 10`",
        )
    return values
