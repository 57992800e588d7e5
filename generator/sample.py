"""Sample video from a checkpoint: any prompt, any size, any length, and every task.

loaded = load_checkpoint(Path("step_00001000"))
pixels = sample(loaded, "a small red circle moves left", SampleSettings(seconds=2))
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generator import checkpoint, flow
from generator.codec import Codec, starts_of
from generator.codecs import open_codec
from generator.compose import Canvas, canvas
from generator.dit import SIZES
from generator.pack import Item, Pack, pack, unpack
from generator.parallel import autocast, autocast_dtype
from generator.patchify import COLUMN, ROW
from generator.settings import SampleSettings, TrainSettings
from generator.solve import guide, walk, zero_star
from generator.step_cache import StepCache
from generator.train import check_text, new_denoiser
from generator.windows import Window, weights_of, windows_of
from schemas.errors import UserError

_TOKENS_AT_ONCE = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedCheckpoint:
    """A model ready to sample: the averaged weights, the codec, and how it was trained."""

    checkpoint_id: str
    path: Path | None
    denoiser: flow.Denoiser
    codec: Codec
    train_settings: TrainSettings
    score_units: Mapping[str, float]
    longest_s: float
    """Length of the longest clip that it learned from: the latest time that it knows."""
    device: torch.device
    earlier: tuple[Mapping[str, Any], ...] = ()
    """The trainings whose weights it began with (`train.init`), the oldest first."""

    @property
    def saw_pictures_first(self) -> bool:
        """Whether single frames alone were learned before clips, here or in an earlier training."""
        here = self.train_settings.images_first > 0
        return here or any(one["images_first"] > 0 for one in self.earlier)

    @property
    def patch(self) -> int:
        """Rows and columns of latents in one token."""
        return SIZES[self.train_settings.size].patch

    @classmethod
    def of(
        cls,
        denoiser: flow.Denoiser,
        codec: Codec,
        settings: TrainSettings,
        units: Mapping[str, float],
        longest_s: float,
        device: torch.device,
    ) -> LoadedCheckpoint:
        """Wrap a network that is in memory, as it is."""
        return cls(
            checkpoint_id="",
            path=None,
            denoiser=denoiser,
            codec=codec,
            train_settings=settings,
            score_units=units,
            longest_s=longest_s,
            device=device,
        )


def load_checkpoint(path: Path, *, averaged: bool = True) -> LoadedCheckpoint:
    """Load a checkpoint: a folder that training wrote, or the file of one that is shipped.

    `averaged`: the moving average of the weights, else the weights as trained. Raises UserError
    when it is missing or damaged, or when its codec is another than the one that is here.
    """
    found = checkpoint.load(path, with_optimizer=False)
    settings = TrainSettings.model_validate(found.state["settings"])
    codec = checked_codec(path, found.state["codec"])
    denoiser = new_denoiser(settings, codec)
    check_text(path, found.state, denoiser)
    try:
        denoiser.load_state_dict(found.ema if averaged else found.weights)
    except RuntimeError as error:
        raise UserError(
            f"checkpoint {path} is of another shape than {settings.size}",
            "use the version of rushes that trained it",
        ) from error
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return LoadedCheckpoint(
        checkpoint_id=found.checkpoint_id,
        path=path,
        denoiser=denoiser.eval().to(device),
        codec=codec,
        train_settings=settings,
        score_units=found.state["score_units"],
        longest_s=found.state["longest_s"],
        device=device,
        earlier=tuple(found.state["earlier"]),
    )


def checked_codec(path: Path, named: Mapping[str, Any]) -> Codec:
    """Return the codec that a checkpoint names. Raises UserError where another is found."""
    codec = open_codec(named["source"])
    if codec.revision != named["revision"]:
        raise UserError(
            f"checkpoint {path} was trained with revision {named['revision']} of the codec "
            f"`{named['source']}`, here is {codec.revision}",
            "use the codec that it was trained with: its samples would be noise",
        )
    return codec


def checked_guide(loaded: LoadedCheckpoint, path: Path) -> LoadedCheckpoint:
    """Load the checkpoint that guidance `auto` leads away from.

    Raises UserError where its tokens are others than the model's own.
    """
    guide = load_checkpoint(path)
    ours, theirs = loaded.codec, guide.codec
    if ours.revision != theirs.revision or loaded.patch != guide.patch:
        raise UserError(
            f"checkpoint {path} cannot guide: it reads {theirs.name} {theirs.revision} in patches "
            f"of {guide.patch}, the model reads {ours.name} {ours.revision} in patches of "
            f"{loaded.patch}",
            "name an earlier checkpoint of the same training",
        )
    return guide


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One video to be sampled."""

    prompt: str
    seed: int
    canvas: Canvas


def sample(loaded: LoadedCheckpoint, prompt: str, settings: SampleSettings) -> NDArray[np.uint8]:
    """Return one video T,H,W,3 of exactly the size asked for."""
    return sample_batch(loaded, [prompt], settings)[0]


def sample_batch(
    loaded: LoadedCheckpoint,
    prompts: Sequence[str],
    settings: SampleSettings,
    *,
    seeds: Sequence[int] | None = None,
) -> list[NDArray[np.uint8]]:
    """Return one video per prompt, each from its own seed if `seeds` are given."""
    every_seed = [settings.seed] * len(prompts) if seeds is None else list(seeds)
    return sample_requests(
        loaded,
        [
            Request(prompt=prompt, seed=seed, canvas=blank(loaded, settings))
            for prompt, seed in zip(prompts, every_seed, strict=True)
        ],
        settings,
    )


def blank(loaded: LoadedCheckpoint, settings: SampleSettings) -> Canvas:
    """Return a clip of which nothing is known."""
    return canvas(
        loaded.codec,
        loaded.patch,
        (),
        num_frames=settings.num_frames,
        width_px=settings.width_px,
        height_px=settings.height_px,
        fps=settings.fps,
    )


def sample_requests(
    loaded: LoadedCheckpoint, requests: Sequence[Request], settings: SampleSettings
) -> list[NDArray[np.uint8]]:
    """Return a video per request, each of its own canvas' size.

    The size, length and seed of `settings` are not used. Clips run together as long as they
    hold few tokens; what comes out does not depend on that beyond rounding.
    """
    videos: list[NDArray[np.uint8]] = []
    for part in _shares(loaded, requests):
        for request, latents in zip(part, denoise(loaded, part, settings), strict=True):
            canvas = request.canvas
            videos.append(
                loaded.codec.decode(
                    latents, canvas.layout, width_px=canvas.width_px, height_px=canvas.height_px
                )
            )
    return videos


def _shares(loaded: LoadedCheckpoint, requests: Sequence[Request]) -> list[list[Request]]:
    """Split requests into lists that run together: few tokens, and the same timesteps for all."""
    shares: list[list[Request]] = []
    tokens = _TOKENS_AT_ONCE + 1
    last: tuple[object, ...] = ()
    for request in requests:
        canvas = request.canvas
        count = canvas.known_GHW.numel() * 2
        alike = (canvas.known_GHW.shape, canvas.layout, canvas.fps, canvas.strength)
        if tokens + count > _TOKENS_AT_ONCE or alike != last:
            shares.append([])
            tokens, last = 0, alike
        shares[-1].append(request)
        tokens += count
    return shares


def denoise(
    loaded: LoadedCheckpoint, requests: Sequence[Request], settings: SampleSettings
) -> list[Tensor]:
    """Walk every request from its noise to clean latents C,G,h,w, on the CPU."""
    if settings.guidance == "auto" and settings.guide_checkpoint is None:
        raise UserError(
            "guidance `auto` leads away from an earlier checkpoint, and none is named",
            "name one: --set sample.guide_checkpoint=FOLDER",
        )
    walkers = _Walkers(loaded, requests, settings)
    return walkers.walk()


class _Walkers:
    """The windows of all requests, packed once; each step predicts them all."""

    def __init__(
        self, loaded: LoadedCheckpoint, requests: Sequence[Request], settings: SampleSettings
    ) -> None:
        self.loaded = loaded
        self.settings = settings
        self.requests = requests
        self.device = loaded.device
        self.dtype = autocast_dtype(loaded.train_settings.precision, self.device)
        self.parts: list[tuple[int, Window, Tensor]] = []
        for index, request in enumerate(requests):
            for window in _windows(request.canvas, settings):
                known_GHW = request.canvas.known_GHW[window.groups, window.rows, window.columns]
                if not known_GHW.all():
                    self.parts.append((index, window, weights_of(window)))
        self.guide = None
        if settings.guidance == "auto" and settings.guide_checkpoint is not None:
            self.guide = checked_guide(loaded, Path(settings.guide_checkpoint))
        self.caches: dict[tuple[int, str], StepCache] = {}
        self.told: dict[tuple[int, str], flow.Told] = {}
        self.shares = self._packs()

    @torch.no_grad()
    def walk(self) -> list[Tensor]:
        """Return the clean latents of every request."""
        state = torch.cat([self._start(request).flatten() for request in self.requests])
        times = self._times()
        out = walk(state, times, self._velocity, self.settings.solver)
        return self._split(out)

    def _start(self, request: Request) -> Tensor:
        """Return the noisy latents that a request begins with; what is known stays as it is."""
        canvas = request.canvas
        rng = torch.Generator().manual_seed(request.seed)
        noise = torch.randn(canvas.latents_CGHW.shape, generator=rng)
        shared = self.loaded.train_settings.shared_noise
        noise = flow.share_noise(noise.transpose(0, 1), rng, shared).transpose(0, 1)
        noisy = torch.lerp(canvas.latents_CGHW, noise, canvas.strength)
        return torch.where(self._known(canvas), canvas.latents_CGHW, noisy)

    def _known(self, canvas: Canvas) -> Tensor:
        patch = self.loaded.patch
        known = canvas.known_GHW.repeat_interleave(patch, 1).repeat_interleave(patch, 2)
        return known[None]

    def _times(self) -> list[float]:
        """Return the timesteps, shifted for the size of the largest window."""
        strength = max(request.canvas.strength for request in self.requests)
        tokens = max((math.prod(window.shape) for _, window, _ in self.parts), default=1)
        shift = flow.shift_of(tokens, self.loaded.train_settings.shift_base_tokens)
        even = torch.linspace(1.0, 0.0, self.settings.num_steps + 1)
        times: list[float] = flow.shifted(even, shift).tolist()
        if strength < 1.0:
            times = [strength, *(t for t in times if t < strength)]
        return times

    def _split(self, state: Tensor) -> list[Tensor]:
        shapes = [request.canvas.latents_CGHW.shape for request in self.requests]
        parts = torch.split(state, [shape.numel() for shape in shapes])
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    def _velocity(self, state: Tensor, t: float) -> Tensor:
        """Return the velocity of all requests, zero where they are known."""
        latents = self._split(state)
        settings = self.settings
        guided = (
            settings.guidance_scale != 1.0 and settings.guidance_to <= t <= settings.guidance_from
        )
        velocities = [torch.zeros_like(x) for x in latents]
        weights = [torch.zeros(x.shape[1:]) for x in latents]
        for number, share in enumerate(self.shares):
            items = [self._item(latents[i], window, self.requests[i]) for i, window, _ in share]
            found = self._predict(number, items, [self.requests[i] for i, _, _ in share], t, guided)
            for (index, window, weight), velocity in zip(share, found, strict=True):
                where, weight = self._place(window, weight)
                velocities[index][(slice(None), *where)] += weight * velocity
                weights[index][where] += weight
        out = []
        for request, velocity, weight in zip(self.requests, velocities, weights, strict=True):
            known = self._known(request.canvas)
            out.append((velocity / weight.clamp_min(1e-6)).masked_fill(known, 0.0).flatten())
        return torch.cat(out)

    def _packs(self) -> list[list[tuple[int, Window, Tensor]]]:
        """Return the windows that run together."""
        shares: list[list[tuple[int, Window, Tensor]]] = []
        tokens = _TOKENS_AT_ONCE + 1
        for part in self.parts:
            g, h, w = part[1].shape
            if tokens + 2 * g * h * w > _TOKENS_AT_ONCE:
                shares.append([])
                tokens = 0
            shares[-1].append(part)
            tokens += 2 * g * h * w
        return shares

    def _place(self, window: Window, weight: Tensor) -> tuple[tuple[slice, slice, slice], Tensor]:
        """Return where a window lies in the latents, and its weights there."""
        p = self.loaded.patch
        rows = slice(window.rows.start * p, window.rows.stop * p)
        columns = slice(window.columns.start * p, window.columns.stop * p)
        wide = weight.repeat_interleave(p, 1).repeat_interleave(p, 2)
        return (window.groups, rows, columns), wide

    def _item(self, latents: Tensor, window: Window, request: Request) -> _Part:
        canvas = request.canvas
        where, _ = self._place(window, torch.ones(1, 1, 1))
        layout = canvas.layout[window.groups]
        starts = starts_of(canvas.layout)[window.groups]
        lasts = sum(layout) / canvas.fps
        first_s = canvas.start_s + starts[0] / canvas.fps
        # What lies later than any training clip looks like the end of the longest.
        first_s = max(0.0, min(first_s, self.loaded.longest_s - lasts))
        moved_frames = first_s * canvas.fps - starts[0]
        grid = canvas.known_GHW.shape[1:]
        return _Part(
            item=Item(
                latents_CGHW=latents[(slice(None), *where)],
                layout=layout,
                fps=canvas.fps,
                known_GHW=canvas.known_GHW[window.groups, window.rows, window.columns],
                starts=tuple(start + moved_frames for start in starts),
            ),
            place=(window.rows.start, window.columns.start, grid[0], grid[1]),
        )

    def _predict(
        self,
        number: int,
        parts: Sequence[_Part],
        requests: Sequence[Request],
        t: float,
        guided: bool,
    ) -> list[Tensor]:
        """Return the velocity of each window, guided as the settings say."""
        patch = self.loaded.patch
        one = moved(pack([p.item for p in parts], patch), parts).to(self.device)
        prompts = [request.prompt for request in requests]
        if not guided:
            return unpack(self._run(number, "with", self.loaded, one, prompts, t), one.grids, patch)
        if self.guide is not None:
            with_prompt = self._run(number, "with", self.loaded, one, prompts, t)
            partial_run = self._run(number, "without", self.guide, one, prompts, t)
        else:
            both = self._run(
                number, "both", self.loaded, one.repeated(2), [*prompts, *[""] * len(prompts)], t
            )
            with_prompt, partial_run = both.chunk(2)
        found = []
        for yes, no in zip(
            unpack(with_prompt, one.grids, patch),
            unpack(partial_run, one.grids, patch),
            strict=True,
        ):
            if self.settings.guidance == "zero":
                no = zero_star(yes, no)
            found.append(guide(yes, no, self.settings.guidance_scale))
        return found

    def _run(
        self,
        number: int,
        what: str,
        loaded: LoadedCheckpoint,
        noisy: Pack,
        prompts: Sequence[str],
        t: float,
    ) -> Tensor:
        """Return the velocity N,C of a pack, on the CPU."""
        timesteps_N = noisy.timesteps(torch.full((len(noisy.grids),), t, device=self.device))
        cache = None
        if self.settings.cache_threshold > 0:
            cache = self.caches.setdefault((number, what), StepCache(self.settings.cache_threshold))
        with autocast(self.device, self.dtype):
            if (number, what) not in self.told:
                with_scores = len(prompts) // 2 if what == "both" else len(prompts)
                self.told[number, what] = self._tell(loaded, prompts, with_scores)
            clean_NC = loaded.denoiser(noisy, timesteps_N, self.told[number, what], cache)
        velocity_NC: Tensor = (noisy.tokens_NC - clean_NC) / max(t, 1e-3)
        return velocity_NC.masked_fill(noisy.known_N[:, None], 0.0).cpu()

    def _tell(
        self, loaded: LoadedCheckpoint, prompts: Sequence[str], with_scores: int
    ) -> flow.Told:
        """Return what a network is told: prompts, and with the first so many the scores asked for.

        It is the same at every step.
        """
        asked = {
            name: value / loaded.score_units.get(name, 1.0)
            for name, value in self.settings.scores().items()
            if name in loaded.denoiser.scores
        }
        scores = [asked if i < with_scores else {} for i in range(len(prompts))]
        return loaded.denoiser.tell(prompts, scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A window's item, and where it lies: first row and column, rows and columns of the whole."""

    item: Item
    place: tuple[int, int, int, int]


def moved(packed: Pack, parts: Sequence[_Part]) -> Pack:
    """Return a pack in which windows of a picture lie where they lie in the whole picture."""
    positions = packed.positions_N5.clone()
    first = 0
    for (g, h, w), part in zip(packed.grids, parts, strict=True):
        top, left, rows, columns = part.place
        if (h, w) != (rows, columns):
            own = positions[first : first + g * h * w]
            own[:, ROW] = (own[:, ROW] + 0.5) * h / rows + top / rows - 0.5
            own[:, COLUMN] = (own[:, COLUMN] * h + w / 2 + left - columns / 2) / rows
        first += g * h * w
    return replace(packed, positions_N5=positions)


def _windows(canvas: Canvas, settings: SampleSettings) -> tuple[Window, ...]:
    """Return the windows in which a clip is denoised."""
    grid = tuple(canvas.known_GHW.shape)
    longest = max(canvas.layout)
    max_groups = max(2, int(settings.window_seconds * canvas.fps / longest))
    return windows_of(
        (grid[0], grid[1], grid[2]), max_groups=max_groups, max_tokens=settings.window_tokens
    )
