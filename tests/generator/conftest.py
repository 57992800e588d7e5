"""A drawn stand-in for a frozen dataset and its decoder: coloured shapes that move."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from generator import dit
from generator.clips import TrainingClip
from generator.codec import PixelCodec
from generator.flow import Denoiser
from generator.sample import LoadedCheckpoint
from generator.settings import TrainSettings
from schemas.datasets import Dataset, DatasetClip
from schemas.errors import MediaError
from schemas.frames import ClipRef, Frames

COLOURS = {
    "red": (220, 40, 40),
    "green": (40, 190, 60),
    "blue": (50, 80, 230),
    "yellow": (235, 215, 50),
    "white": (240, 240, 240),
    "purple": (160, 60, 200),
}
GROUNDS = {
    "dark green": (20, 70, 30),
    "dark blue": (20, 30, 90),
    "grey": (120, 120, 120),
    "brown": (110, 70, 40),
    "black": (15, 15, 15),
}
WAYS = {"to the right": (1, 0), "to the left": (-1, 0), "up": (0, -1), "down": (0, 1)}
SIZES = ((160, 90), (128, 128), (90, 160), (160, 120))


@dataclass(frozen=True)
class Drawing:
    """What one clip shows."""

    colour: str
    ground: str
    way: str
    shape: str
    width: int
    height: int
    num_frames: int
    fps: float
    phase: float

    @property
    def caption(self) -> str:
        return (
            f"A {self.colour} {self.shape} moves {self.way} over a {self.ground} background; "
            "the camera is still."
        )

    @property
    def scores(self) -> dict[str, float]:
        """Two scores of our own making; their values do not matter, only that they differ."""
        return {"motion": 5.0 + 20.0 * self.phase, "pan_x": self.phase - 0.5}

    def frame(self, index: int, width: int, height: int) -> NDArray[np.uint8]:
        """Draw one frame at any size: area-averaged by drawing twice as fine."""
        w, h = 2 * width, 2 * height
        y, x = np.mgrid[0:h, 0:w].astype(np.float32)
        x, y = (x + 0.5) / h - w / h / 2, (y + 0.5) / h - 0.5
        weave = 0.9 + 0.1 * np.sin(40 * x + self.phase * 7) * np.sin(40 * y + self.phase * 3)
        pixels = np.array(GROUNDS[self.ground], np.float32) * weave[..., None]
        dx, dy = WAYS[self.way]
        way = (index / self.fps - self.num_frames / self.fps / 2) * 0.35
        across = self.phase - 0.5
        cx = dx * way * w / h + (across * 0.5 if dx == 0 else 0.0)
        cy = dy * way + (across * 0.5 if dy == 0 else 0.0)
        u, v = x - cx, y - cy
        radius = 0.17
        inside = {
            "circle": u * u + v * v < radius * radius,
            "square": np.maximum(abs(u), abs(v)) < radius * 0.9,
            "triangle": (v < radius * 0.8) & (v > 2 * abs(u) - radius),
        }[self.shape]
        pixels[inside] = COLOURS[self.colour]
        small = pixels.reshape(height, 2, width, 2, 3).mean((1, 3))
        return small.round().clip(0, 255).astype(np.uint8)


def drawings(count: int, seed: int = 0) -> list[Drawing]:
    """Return `count` different drawings, every size and way in turn."""
    rng = np.random.default_rng(seed)
    colours, grounds, ways = list(COLOURS), list(GROUNDS), list(WAYS)
    return [
        Drawing(
            colour=colours[rng.integers(len(colours))],
            ground=grounds[rng.integers(len(grounds))],
            way=ways[index % 4],
            shape=("circle", "square", "triangle")[rng.integers(3)],
            width=SIZES[index // 4 % len(SIZES)][0],
            height=SIZES[index // 4 % len(SIZES)][1],
            num_frames=int(rng.integers(40, 73)),
            fps=24.0,
            phase=float(rng.random()),
        )
        for index in range(count)
    ]


@dataclass
class DrawnFootage:
    """A dataset of drawings and the reader of its clips; `broken` clips cannot be read."""

    drawings: list[Drawing]
    broken: dict[str, str] = field(default_factory=dict)
    num_reads: int = 0

    def clip_id(self, index: int) -> str:
        return f"clip_{index:04d}"

    def dataset(self, *, captions: bool = True) -> Dataset:
        clips = [
            DatasetClip(
                ref=ClipRef(
                    clip_id=self.clip_id(index),
                    video_id=f"vid_{index}",
                    uri=f"drawn:{index}",
                    start_frame=0,
                    frame_pts=tuple(range(d.num_frames)),
                    end_pts=d.num_frames,
                    time_base_num=1,
                    time_base_den=int(d.fps),
                    width_px=d.width,
                    height_px=d.height,
                    reader="pyav",
                ),
                fps=d.fps,
                captions={"medium": d.caption, "short": f"A {d.colour} {d.shape}."}
                if captions
                else {},
                scores=d.scores,
            )
            for index, d in enumerate(self.drawings)
        ]
        return Dataset(dataset_id=f"drawn_{len(clips)}", name="drawn", clips=tuple(clips))

    def read(
        self, clip: ClipRef, *, frame_offsets: Sequence[int], width_px: int, height_px: int
    ) -> Frames:
        self.num_reads += 1
        if clip.clip_id in self.broken:
            raise MediaError(self.broken[clip.clip_id], "drawn to fail")
        drawing = self.drawings[int(clip.uri.removeprefix("drawn:"))]
        pixels = np.stack([drawing.frame(i, width_px, height_px) for i in frame_offsets])
        times = np.array([clip.frame_times_s[i] for i in frame_offsets])
        return Frames(pixels_THWC=pixels, times_s=times)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Work this small is quicker on one thread than two can meet over it."""
    torch.set_num_threads(1)


@pytest.fixture
def footage():
    """Return a maker of drawn footage: `footage(12)`, `footage(12, broken={...})`."""

    def make(count: int, **options) -> DrawnFootage:
        return DrawnFootage(drawings(count), **options)

    return make


@pytest.fixture
def cached(tmp_path: Path) -> Callable[..., TrainingClip]:
    """Return a maker of clips in the latent cache, of two channels.

    Channel 0 holds the place in the file, channel 1 noise of the clip's own.
    """

    def make(
        number: int = 0,
        *,
        num_frames: int = 12,
        grid: tuple[int, int] = (2, 2),
        captions: Mapping[str, str] | None = None,
        scores: Mapping[str, float] | None = None,
    ) -> TrainingClip:
        count = num_frames // 4 + num_frames
        rng = np.random.default_rng([7, number])
        latents = rng.standard_normal((count, 2, *grid)).astype(np.float16)
        latents[:, 0] = np.arange(count)[:, None, None]
        path = tmp_path / f"cached_{number}.npy"
        np.save(path, latents)
        return TrainingClip(
            clip_id=f"clip_{number}",
            path=path,
            num_frames=num_frames,
            group_frames=4,
            grid=grid,
            num_channels=2,
            fps=8.0,
            captions=tuple((captions or {"medium": f"caption {number}"}).items()),
            scores=scores or {},
        )

    return make


def awaken(module: torch.nn.Module, scale: float = 0.1) -> None:
    """Give every parameter a random part, so that nothing is hidden behind a zero."""
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=rng) * scale)


@pytest.fixture
def awake() -> Callable[..., torch.nn.Module]:
    """Return `awake(module)`: the module with a random part added to every parameter."""

    def wake(module: torch.nn.Module, scale: float = 0.1) -> torch.nn.Module:
        awaken(module, scale)
        return module

    return wake


@pytest.fixture
def wild() -> Callable[..., LoadedCheckpoint]:
    """Return a maker of models to sample from that were never trained: awake, on pixels."""

    def make(*, scores: tuple[str, ...] = (), size: str = "nano") -> LoadedCheckpoint:
        torch.manual_seed(0)
        codec = PixelCodec()
        denoiser = Denoiser(dit.SIZES[size], codec.num_channels, scores=scores)
        awaken(denoiser, 0.05)
        return LoadedCheckpoint.of(
            denoiser.eval(),
            codec,
            TrainSettings(size=size, codec="pixels", scores=scores, precision="float32"),
            dict.fromkeys(scores, 2.0),
            4.0,
            torch.device("cpu"),
        )

    return make
