"""The tasks by name: from what a person gives to a finished video.

    made = make(loaded, Making(task="animate", prompt="it moves left", images=(picture,)), settings)

Known frames come back as the codec reconstructs them; `paste` puts the given pixels themselves
in their places, a step of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from generator.codec import layout_of
from generator.compose import (
    Box,
    Canvas,
    Given,
    Pixels,
    canvas,
    edit_canvas,
    paste,
    paste_outside,
)
from generator.sample import (
    LoadedCheckpoint,
    Request,
    blank,
    denoise,
    sample_requests,
)
from generator.settings import SampleSettings
from schemas.errors import UserError

Task = Literal[
    "text", "image", "animate", "extend", "before", "loop", "connect", "fill", "edit", "long"
]
NEEDS: dict[str, tuple[int, int, str]] = {
    "text": (0, 0, "nothing"),
    "image": (0, 0, "nothing"),
    "long": (0, 0, "nothing"),
    "animate": (1, 0, "one image"),
    "extend": (0, 1, "one video"),
    "before": (0, 1, "one video"),
    "loop": (0, 1, "one video"),
    "connect": (0, 2, "two videos"),
    "fill": (2, 0, "two images or more"),
    "edit": (0, 1, "one video"),
}
"""Task -> images and videos that it takes (of images for `fill`, at least), in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What is to be made. Images are H,W,3 and videos T,H,W,3, all of the size to be sampled.

    `at_s` says when each image of `fill` is seen, by default evenly from the first frame to the
    last. `strength` is how much of an edited video is made anew, 0 to 1, inside `box` only
    where one is given.
    """

    task: Task = "text"
    prompt: str
    images: tuple[Pixels, ...] = ()
    videos: tuple[Pixels, ...] = ()
    at_s: tuple[float, ...] = ()
    strength: float = 0.7
    box: Box | None = None
    paste: bool = False
    extend_s: float = 2.0
    """Of `long`: seconds that each extension adds."""


def make(loaded: LoadedCheckpoint, making: Making, settings: SampleSettings) -> NDArray[np.uint8]:
    """Return the finished video T,H,W,3.

    `settings.seconds` is the length of what is made anew: of `extend`, `before`, `loop` and
    `connect` the stretch between or beside the given videos. Raises UserError where the
    task lacks what it needs.
    """
    return make_batch(loaded, [making], settings)[0]


def make_batch(
    loaded: LoadedCheckpoint,
    makings: Sequence[Making],
    settings: SampleSettings,
    *,
    seeds: Sequence[int] | None = None,
) -> list[NDArray[np.uint8]]:
    """Return what `make` returns of each, each from its own seed if `seeds` are given."""
    for making in makings:
        check(making)
    used = [settings.seed] * len(makings) if seeds is None else list(seeds)
    if is_by_picture(loaded, settings):
        makings = _with_first_frames(loaded, makings, settings, used)
    drawn = [
        None if making.task == "long" else compose(loaded, making, settings) for making in makings
    ]
    requests = [
        Request(prompt=making.prompt, seed=seed, canvas=one[0])
        for making, seed, one in zip(makings, used, drawn, strict=True)
        if one is not None
    ]
    sampled = iter(sample_requests(loaded, requests, settings))
    return [
        sample_long(
            loaded,
            making.prompt,
            settings.model_copy(update={"seed": seed}),
            extend_s=making.extend_s,
        )
        if one is None
        else _finished(making, next(sampled), one[1], settings)
        for making, seed, one in zip(makings, used, drawn, strict=True)
    ]


def is_by_picture(loaded: LoadedCheckpoint, settings: SampleSettings) -> bool:
    """Whether a video from text is made by its first frame (see `sample.image_first`)."""
    asked = settings.image_first
    return (loaded.saw_pictures_first if asked is None else asked) and settings.num_frames > 1


def _with_first_frames(
    loaded: LoadedCheckpoint,
    makings: Sequence[Making],
    settings: SampleSettings,
    seeds: Sequence[int],
) -> list[Making]:
    """Return what is made from text as pictures to be animated, each made from its prompt first.

    What a video shows is then settled by the network's pictures, which are better than its
    videos where it saw more of them (arXiv 2311.10709); the rest it has to move.
    """
    found = list(makings)
    places = [i for i, making in enumerate(makings) if making.task == "text"]
    firsts = make_batch(
        loaded,
        [replace(makings[i], task="image") for i in places],
        settings.model_copy(update={"seconds": 1 / settings.fps}),
        seeds=[seeds[i] for i in places],
    )
    for i, first in zip(places, firsts, strict=True):
        found[i] = replace(makings[i], task="animate", images=(first[0],))
    return found


def _finished(
    making: Making, pixels: NDArray[np.uint8], given: Sequence[Given], settings: SampleSettings
) -> NDArray[np.uint8]:
    """Return a sample as its task shows it: pasted where asked for, a loop cut to one round."""
    if making.paste and making.box is not None:
        pixels = paste_outside(pixels, making.videos[0], making.box)
    elif making.paste:
        pixels = paste(pixels, given)
    if making.task == "loop":
        pixels = pixels[: len(making.videos[0]) + settings.num_frames]
    return pixels


def check(making: Making) -> None:
    """Raise UserError where a task is given too little or too much."""
    images, videos, words = NEEDS[making.task]
    enough = len(making.images) >= images if making.task == "fill" else len(making.images) == images
    if not enough or len(making.videos) != videos:
        raise UserError(
            f"the task `{making.task}` takes {words}; given: {len(making.images)} images, "
            f"{len(making.videos)} videos",
            "give them by --image FILE and --video FILE",
        )


def compose(
    loaded: LoadedCheckpoint, making: Making, settings: SampleSettings
) -> tuple[Canvas, tuple[Given, ...]]:
    """Return the clip that a task samples, and the frames that are known in it."""
    if making.task == "edit":
        source = making.videos[0]
        drawn = edit_canvas(
            loaded.codec,
            loaded.patch,
            source,
            fps=settings.fps,
            strength=making.strength,
            box=making.box,
        )
        return drawn, ()
    new = 1 if making.task == "image" else settings.num_frames
    given, total = place(making, settings, new)
    drawn = canvas(
        loaded.codec,
        loaded.patch,
        given,
        num_frames=total,
        width_px=settings.width_px,
        height_px=settings.height_px,
        fps=settings.fps,
    )
    return drawn, given


def place(making: Making, settings: SampleSettings, new: int) -> tuple[tuple[Given, ...], int]:
    """Return where the given frames stand, and the frames of the whole; `new` are made."""
    if making.task == "animate":
        return (Given(pixels_THWC=making.images[0][None], start_frame=0),), new
    if making.task == "fill":
        return _keyframes(making, settings, new), new
    if not making.videos:
        return (), new
    first = making.videos[0]
    if making.task == "extend":
        return (Given(pixels_THWC=first, start_frame=0),), len(first) + new
    if making.task == "before":
        return (Given(pixels_THWC=first, start_frame=new),), new + len(first)
    # A loop ends where it began: as much of the beginning follows as the network can see.
    seen = max(1, int(settings.window_seconds * settings.fps) // 2)
    second = first[:seen] if making.task == "loop" else making.videos[1]
    start = len(first) + new
    return (
        Given(pixels_THWC=first, start_frame=0),
        Given(pixels_THWC=second, start_frame=start),
    ), start + len(second)


def _keyframes(making: Making, settings: SampleSettings, num_frames: int) -> tuple[Given, ...]:
    count = len(making.images)
    if making.at_s and len(making.at_s) != count:
        raise UserError(
            f"{count} images, but {len(making.at_s)} times", "say when each of them is seen"
        )
    last = num_frames - 1
    frames = (
        [round(at * settings.fps) for at in making.at_s]
        if making.at_s
        else [round(i * last / (count - 1)) for i in range(count)]
    )
    return tuple(
        Given(pixels_THWC=image[None], start_frame=frame)
        for image, frame in zip(making.images, frames, strict=True)
    )


def sample_long(
    loaded: LoadedCheckpoint, prompt: str, settings: SampleSettings, *, extend_s: float
) -> NDArray[np.uint8]:
    """Make a long video by extending: each stretch follows the latents of the one before.

    Memory and cost per second do not grow with the length. The first stretch is made as a video of
    its own where that goes by its first frame.
    """
    codec = loaded.codec
    st = codec.stride[0]
    step = max(1, round(extend_s * settings.fps / st))
    context = max(1, int(settings.window_seconds * settings.fps / st) - step)
    layout = layout_of(settings.num_frames, st)
    base = blank(loaded, settings)
    done = base.latents_CGHW[:, :0]
    if is_by_picture(loaded, settings):
        seconds = min(step * st, settings.num_frames) / settings.fps
        first_part = settings.model_copy(update={"seconds": seconds})
        pixels = make(loaded, Making(prompt=prompt), first_part)
        given = (Given(pixels_THWC=pixels, start_frame=0),)
        done = canvas(
            loaded.codec,
            loaded.patch,
            given,
            num_frames=len(pixels),
            width_px=settings.width_px,
            height_px=settings.height_px,
            fps=settings.fps,
        ).latents_CGHW
    while done.shape[1] < len(layout):
        start = done.shape[1]
        first = max(0, start - context)
        end = min(start + step, len(layout))
        latents = base.latents_CGHW[:, first:end].clone()
        latents[:, : start - first] = done[:, first:]
        known = torch.zeros_like(base.known_GHW[first:end])
        known[: start - first] = True
        part = Canvas(
            latents_CGHW=latents,
            known_GHW=known,
            layout=layout[first:end],
            fps=settings.fps,
            width_px=settings.width_px,
            height_px=settings.height_px,
            start_s=first * st / settings.fps,
        )
        request = Request(prompt=prompt, seed=settings.seed + start, canvas=part)
        made = denoise(loaded, [request], settings)[0]
        done = torch.cat((done, made[:, start - first :]), 1)
    return codec.decode(done, layout, width_px=settings.width_px, height_px=settings.height_px)


def enlarge(
    loaded: LoadedCheckpoint,
    prompt: str,
    small: Pixels,
    settings: SampleSettings,
    *,
    strength: float = 0.4,
) -> NDArray[np.uint8]:
    """Make a prototype again at the size of `settings`: its forms stay, its detail is new."""
    wanted = (settings.width_px, settings.height_px)
    source = resized(small, *wanted)
    drawn = edit_canvas(
        loaded.codec, loaded.patch, source, fps=settings.fps, strength=strength, box=None
    )
    return sample_requests(
        loaded, [Request(prompt=prompt, seed=settings.seed, canvas=drawn)], settings
    )[0]


def resized(pixels_THWC: Pixels, width_px: int, height_px: int) -> Pixels:
    """Return frames at another size, bilinear."""
    frames = torch.from_numpy(pixels_THWC).permute(0, 3, 1, 2).float()
    large = torch.nn.functional.interpolate(
        frames, (height_px, width_px), mode="bilinear", align_corners=False, antialias=True
    )
    array: Pixels = large.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return np.ascontiguousarray(array)
