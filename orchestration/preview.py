"""What the trainer will see, as video: the first clips it draws, with tasks and captions.

The very draws, windows, latents and texts of training are decoded; known latents are tinted.
"""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from schemas.datasets import Dataset
from schemas.errors import UserError
from schemas.frames import FrameReader

if TYPE_CHECKING:
    from generator.clips import TrainingClip
    from generator.codec import Codec
    from generator.data import Draw
    from generator.pack import Item
    from generator.settings import TrainSettings

_TINT = np.array([0, 160, 255], dtype=np.float32)
_TINT_SHARE = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """One clip as training draws it."""

    path: Path
    clip_id: str
    counter: int
    task: str
    num_frames: int
    width_px: int
    height_px: int
    fps: float
    start_s: float
    num_tokens: int
    num_known: int
    kind: str | None
    caption: str
    scores: dict[str, float]

    def plain(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {name: getattr(self, name) for name in self.__slots__} | {"path": str(self.path)}


def preview(
    dataset: Dataset,
    reader: FrameReader,
    settings: TrainSettings,
    latents_dir: Path,
    out: Path,
    *,
    count: int,
    start: int = 0,
    weights: dict[str, float] | None = None,
) -> list[Previewed]:
    """Write draws `[start, start + count)` of a training as mp4 files, `index.html` and JSON."""
    from generator.clips import BadLatentsError, prepare
    from generator.codecs import open_codec
    from generator.data import Order, draw, item_of
    from generator.dit import SIZES
    from generator.setup import check, checked_weights, clip_size, draw_settings
    from generator.validate import split_off
    from pipeline.media import Mp4Writer

    codec = open_codec(settings.codec)
    check(dataset, settings, codec)
    found = prepare(
        dataset, reader, codec, clip_size(settings, codec), latents_dir, mix=settings.captions
    )
    if not found.clips:
        raise UserError(f"no clip of dataset {dataset.name} can be read", "see rushes doctor")
    clips, _ = split_off(found.clips, settings.validation)
    draws = draw_settings(settings, codec)
    order = Order(draws.seed, len(clips), checked_weights(weights, clips))
    out.mkdir(parents=True, exist_ok=True)
    shown: list[Previewed] = []
    for counter in range(start, start + count):
        drawn = draw(clips, counter, draws, order)
        clip = clips[drawn.index]
        try:
            item = item_of(clip, drawn, SIZES[settings.size].patch)
        except BadLatentsError:
            continue
        pixels = _decoded(codec, item)
        path = out / f"{counter:06d}_{drawn.task}.mp4"
        Mp4Writer().write(path, pixels, fps=clip.fps)
        shown.append(_told(path, clip, drawn, item, pixels))
    (out / "preview.json").write_text(
        json.dumps([one.plain() for one in shown], indent=1, ensure_ascii=False) + "\n"
    )
    (out / "index.html").write_text(_page(shown))
    return shown


def _decoded(codec: Codec, item: Item) -> NDArray[np.uint8]:
    """Return the frames that an item shows; what is known is tinted."""
    _, _, rows, columns = item.latents_CGHW.shape
    _, sh, sw = codec.stride
    pixels = codec.decode(
        item.latents_CGHW, item.layout, width_px=columns * sw, height_px=rows * sh
    )
    known = item.known_GHW.numpy()
    height, width = pixels.shape[1:3]
    frame = 0
    for group, frames in enumerate(item.layout):
        mask = known[group].repeat(height // known.shape[1], 0)
        mask = mask.repeat(width // known.shape[2], 1)
        part = pixels[frame : frame + frames].astype(np.float32)
        part[:, mask] += _TINT_SHARE * (_TINT - part[:, mask])
        pixels[frame : frame + frames] = part.round().astype(np.uint8)
        frame += frames
    return pixels


def _told(
    path: Path, clip: TrainingClip, drawn: Draw, item: Item, pixels: NDArray[np.uint8]
) -> Previewed:
    return Previewed(
        path=path,
        clip_id=clip.clip_id,
        counter=drawn.counter,
        task=drawn.task,
        num_frames=len(pixels),
        width_px=pixels.shape[2],
        height_px=pixels.shape[1],
        fps=clip.fps,
        start_s=(drawn.start_frame + drawn.picture.parts[0].start) / clip.fps,
        num_tokens=item.known_GHW.numel(),
        num_known=int(item.known_GHW.sum()),
        kind=drawn.kind,
        caption=drawn.caption,
        scores=dict(drawn.scores),
    )


def _page(shown: list[Previewed]) -> str:
    """Return a page that plays every clip beside what the model is told of it."""
    rows = "\n".join(
        f'<figure><video src="{one.path.name}" autoplay loop muted playsinline></video>'
        f"<figcaption><b>{html.escape(one.task)}</b> {one.width_px}x{one.height_px}, "
        f"{one.num_frames} frames at {one.fps:g}/s from {one.start_s:.2f} s, "
        f"{one.num_tokens} tokens, {one.num_known} known<br>{html.escape(one.clip_id)}<br>"
        f"<i>{html.escape(one.kind or 'no caption')}</i> {html.escape(one.caption)}"
        f"</figcaption></figure>"
        for one in shown
    )
    return (
        '<!doctype html><meta charset="utf-8"><title>What the trainer sees</title>'
        "<style>body{font:14px sans-serif;max-width:70em;margin:2em auto}"
        "figure{display:inline-block;width:20em;vertical-align:top;margin:1em}"
        "video{width:100%;image-rendering:pixelated}</style>"
        "<h1>What the trainer sees</h1><p>Decoded from the latents that training reads. "
        f"Known parts are tinted blue.</p>\n{rows}\n"
    )
