"""Cached latents to packs: drawn in a seeded order, each clip under a task.

Which clip, which window, which caption and task come next depends on the seed and on one counter
of clips drawn so far, so training resumes exactly from that number, with any number of workers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from generator.clips import BadLatentsError, TrainingClip
from generator.pack import Item, Pack, pack
from generator.schedule import pack_tokens
from generator.tasks import ONLY_IMAGES, Picture, TaskMix, box_mask, draw_picture
from schemas.mix import CaptionMix, choose_kind

_GOLDEN = (5**0.5 - 1) / 2
_FROM_START = 0.8
"""Share of windows and single frames that begin with their clip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One clip as drawn: how its window that begins at `start_frame` is shown, its caption.

    `kind` is None and `caption` empty where the prompt was left out. `scores` are those that
    the model is told.
    """

    counter: int
    index: int
    start_frame: int
    task: str
    picture: Picture
    kind: str | None
    caption: str
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawSettings:
    """All that decides what is drawn, besides the clips."""

    seed: int
    max_frames: int
    caption_dropout: float
    score_dropout: float
    mix: CaptionMix
    tasks: TaskMix
    scores: tuple[str, ...] = ()


class Order:
    """Which of `count` clips comes when: pass after pass over them, each in an order of its own.

    With weights, a pass still has as many places as there are clips; a clip of weight w among
    mean m has w / m of them, rounded up or down by lot (systematic sampling), so that no clip
    of positive weight is left out for ever.
    """

    def __init__(self, seed: int, count: int, weights: Sequence[float] | None = None) -> None:
        self._seed = seed
        self._count = count
        # Kept as an array, and the last passes as well: a dataset may have millions of clips.
        self._shares = None if weights is None else np.asarray(weights) / np.sum(weights) * count
        self._passes: dict[int, NDArray[np.int64]] = {}

    def __getitem__(self, counter: int) -> int:
        """Return the index of clip number `counter` of training."""
        epoch, place = divmod(counter, self._count)
        if epoch not in self._passes:
            self._passes = {e: one for e, one in self._passes.items() if abs(e - epoch) == 1}
            self._passes[epoch] = self.of(epoch)
        return int(self._passes[epoch][place])

    def of(self, epoch: int) -> NDArray[np.int64]:
        """Return the indices of one pass, in their order."""
        rng = np.random.default_rng([self._seed, 0, epoch])
        if self._shares is None:
            return rng.permutation(self._count)
        mixed = rng.permutation(self._count)
        edges = np.cumsum(self._shares[mixed])
        picks = np.searchsorted(edges, np.arange(self._count) + rng.random(), side="right")
        chosen: NDArray[np.int64] = mixed[picks.clip(0, self._count - 1)]
        return rng.permutation(chosen)


def draw(clips: Sequence[TrainingClip], counter: int, settings: DrawSettings, order: Order) -> Draw:
    """Return the clip number `counter` of training: a pure function of its arguments.

    Most windows begin with the clip, as samples do, and the rest at any full group; so do
    single frames. Kinds of caption and tasks come in the shares of their mixes.
    """
    seed = settings.seed
    index = order[counter]
    clip = clips[index]
    rng = np.random.default_rng([seed, 1, counter])
    num_frames = min(settings.max_frames, clip.num_frames)
    if num_frames < clip.num_frames:
        num_frames -= num_frames % clip.group_frames if num_frames > clip.group_frames else 0
    places = 1 + (clip.num_frames - num_frames) // clip.group_frames if clip.is_local else 1
    from_start = rng.random() < _FROM_START
    start = 0 if from_start else int(rng.integers(places)) * clip.group_frames
    dropped = rng.random() < settings.caption_dropout
    kind, caption = None, ""
    captions = dict(clip.captions)
    if not dropped and (
        chosen := choose_kind(settings.mix, captions, place_in_mix(seed, counter, 2))
    ):
        kind, caption = chosen, captions[chosen]
    told = rng.random() >= settings.score_dropout
    task = settings.tasks.choose(place_in_mix(seed, counter, 3))
    if task == "image" and from_start:
        num_frames = 1
    return Draw(
        counter=counter,
        index=index,
        start_frame=start,
        task=task,
        picture=draw_picture(task, num_frames, clip.group_frames, rng, is_local=clip.is_local),
        kind=kind,
        caption=caption,
        scores={n: clip.scores[n] for n in settings.scores if n in clip.scores} if told else {},
    )


def place_in_mix(seed: int, counter: int, stream: int) -> float:
    """Return where in `[0, 1)` a choice for draw number `counter` falls.

    Steps of the golden ratio from a seeded start fill every stretch of draws evenly, so that a
    few hundred draws already keep the shares; independent numbers would take thousands.
    """
    start = np.random.default_rng([seed, stream]).random()
    step = _GOLDEN if stream == 2 else 2**0.5 - 1
    return float((start + counter * step) % 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one pack trains on; `draws[i]` and `pack` clip i are the same clip.

    `bad` names clips that were drawn and whose latents could not be used.
    """

    pack: Pack
    draws: tuple[Draw, ...]
    next_counter: int
    bad: tuple[BadLatentsError, ...] = ()


class PackBuilder:
    """Builds the batch that starts at a counter: as many clips as the token budget holds.

    A clip that does not fit opens the next batch; one that is larger than the budget is a batch
    of its own. Within a batch, clips of equal length stand side by side, in the order drawn.
    """

    def __init__(
        self,
        clips: Sequence[TrainingClip],
        settings: DrawSettings,
        *,
        token_budget: int,
        first_token_budget: int | None = None,
        images_first: float = 0.0,
        patch: int = 1,
        weights: tuple[float, ...] | None = None,
    ) -> None:
        self._clips = clips
        self._settings = settings
        self._token_budget = token_budget
        self._first_token_budget = first_token_budget
        self._images_first = images_first
        self._images = replace(settings, tasks=ONLY_IMAGES)
        self._patch = patch
        self._order = Order(settings.seed, len(clips), weights)

    def draws(self, counter: int, progress: float = 1.0) -> list[Draw]:
        """Return the draws of the batch that starts at a counter, as drawn.

        `progress` is the share of the training that is done: packs grow with it, and images come
        first.
        """
        budget = pack_tokens(self._first_token_budget, self._token_budget, progress)
        settings = self._images if progress < self._images_first else self._settings
        draws: list[Draw] = []
        tokens = 0
        while True:
            drawn = draw(self._clips, counter + len(draws), settings, self._order)
            tokens += self.num_tokens(drawn)
            if draws and tokens > budget:
                return draws
            draws.append(drawn)

    def build(self, counter: int, progress: float = 1.0) -> Batch:
        """Return the batch whose first clip is clip number `counter` of training."""
        draws = self.draws(counter, progress)
        next_counter = counter + len(draws)
        items: list[tuple[Draw, Item]] = []
        bad: list[BadLatentsError] = []
        for drawn in sorted(draws, key=lambda d: (self.num_tokens(d), self._clips[d.index].grid)):
            try:
                items.append((drawn, item_of(self._clips[drawn.index], drawn, self._patch)))
            except BadLatentsError as error:
                bad.append(error)
        return Batch(
            pack=pack([item for _, item in items], self._patch) if items else _EMPTY,
            draws=tuple(drawn for drawn, _ in items),
            next_counter=next_counter,
            bad=tuple(bad),
        )

    def num_tokens(self, drawn: Draw) -> int:
        """Return the tokens that a draw takes."""
        rows, columns = self._clips[drawn.index].grid
        return len(drawn.picture.parts) * (rows // self._patch) * (columns // self._patch)


_EMPTY = Pack(
    tokens_NC=torch.empty(0, 0),
    positions_N5=torch.empty(0, 5),
    known_N=torch.empty(0, dtype=torch.bool),
    grids=(),
)


def item_of(clip: TrainingClip, drawn: Draw, patch: int = 1) -> Item:
    """Read the latents that a draw shows, at their times within the clip.

    Captions say where things are at first, so a window from the middle must not pass for the
    beginning. Raises BadLatentsError where the latents cannot be used.
    """
    stored = clip.open()
    parts = drawn.picture.parts
    places = [clip.index_of(drawn.start_frame + part.start, part.frames) for part in parts]
    values = np.asarray(stored[places], dtype=np.float32)
    if not np.isfinite(values).all():
        raise BadLatentsError(clip.clip_id, "hold numbers that are not finite")
    rows, columns = clip.grid
    known = np.zeros((len(parts), rows // patch, columns // patch), dtype=np.bool_)
    if drawn.picture.box is not None:
        known[:] = box_mask(drawn.picture.box, rows // patch, columns // patch)
    for index, part in enumerate(parts):
        known[index] |= part.is_known
    return Item(
        latents_CGHW=torch.from_numpy(values).transpose(0, 1),
        layout=tuple(part.frames for part in parts),
        fps=clip.fps,
        known_GHW=torch.from_numpy(known),
        starts=tuple(drawn.start_frame + part.start for part in parts),
    )
