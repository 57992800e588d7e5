"""Clips and texts as vectors of one space, by models that are loaded when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from captioner.request import FrameView
from schemas.errors import UserError
from schemas.frames import Frames
from schemas.search.stated import asked_facts
from schemas.settings import Settings
from schemas.wording.render import render

if TYPE_CHECKING:
    from captioner.aligners import OpenClipAligner
    from captioner.tiny.reader import TinyReader

FRAMES_PER_CLIP = 8
"""Frames that open_clip sees of a clip, spread evenly."""
_OPEN_CLIP_SIDE_PX = 336
_NUM_WORDINGS = 3


class EmbedSettings(Settings):
    """Which model places clips and texts in one space: for search and semantic duplicates."""

    model: Literal["tiny", "open_clip", "off"] = "tiny"
    """`tiny`: ours, for clips of the world. `open_clip`: for any, with weights of yours."""
    weights: str | None = None
    """A checkpoint of the tiny captioner; none takes the weights that come with Rushes."""
    open_clip_model: str = "ViT-B-32"
    """Architecture for `open_clip`; or `local-dir:FOLDER`, or `hf-hub:NAME`."""
    open_clip_weights: str | None = None
    """A checkpoint file, or a tag of open_clip (needs the network once)."""
    batch_size: int = Field(default=32, ge=1)
    """Clips embedded at once."""
    num_workers: int | None = Field(default=None, ge=1)
    """Worker processes; none takes one per CPU for `tiny`, one for `open_clip`."""
    num_cpus: float = Field(default=1.0, ge=0)
    """CPUs that Ray reserves for each worker."""
    num_gpus: float = Field(default=0.0, ge=0)
    """GPUs that Ray reserves for each worker."""


class Embedder(Protocol):
    """Places clips and texts in one space: the nearer, the more of the text the clip shows.

    Rows of the table `embeddings` carry `model_name(embedder)`; `view` says which frames of a
    clip it wants.
    """

    name: str
    revision: str
    dimensions: int
    view: FrameView

    def embed_clips(self, clips: Sequence[Frames]) -> NDArray[np.float32]:
        """Return a unit vector per clip, B x D; a row of NaN for a clip outside the domain."""
        ...

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a unit vector per text, B x D; a row of NaN for a text outside the domain."""
        ...


def model_name(embedder: Embedder) -> str:
    """Return what rows carry: vectors of the same name lie in the same space."""
    return f"{embedder.name} {embedder.revision}"


def load_embedder(settings: EmbedSettings) -> Embedder:
    """Return the model that the settings name, with its weights.

    Raises UserError where it is switched off, and where its weights are missing or damaged.
    """
    if settings.model == "tiny":
        return TinyEmbedder(Path(settings.weights) if settings.weights else None)
    if settings.model == "open_clip":
        return OpenClipEmbedder(settings.open_clip_model, settings.open_clip_weights)
    raise UserError(
        "embeddings are switched off", "set embed.model to `tiny` or `open_clip`, and run again"
    )


class TinyEmbedder:
    """The contrastive head of our own captioner; it knows scenes of the world, and no others."""

    name = "tiny"

    def __init__(self, weights: Path | None = None, reader: TinyReader | None = None) -> None:
        """Load weights, or take a reader that has its own. Raises UserError as `load_embedder`."""
        from captioner.backends.tiny import FPS, SHORT_SIDE_PX
        from captioner.tiny.reader import TinyReader

        self._reader = reader or TinyReader.load(weights)
        self.revision = self._reader.revision
        self.dimensions = int(self._reader.embed_texts(["a red circle"]).shape[1])
        self.view = FrameView(
            source="clip",
            max_frames=4096,
            fps=FPS,
            max_short_side_px=SHORT_SIDE_PX,
            is_whole=True,
        )

    def embed_clips(self, clips: Sequence[Frames]) -> NDArray[np.float32]:
        """Return a unit vector per clip of the world; NaN for what its reader refuses."""
        found = np.full((len(clips), self.dimensions), np.nan, np.float32)
        readings = self._reader.read(clips, control="short") if clips else []
        for place, reading in enumerate(readings):
            if reading.in_domain and reading.point_D is not None:
                found[place] = reading.point_D
        return found

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a unit vector per text that states something of the world; NaN for others.

        The statements are also said in the wording that the model was trained on, so that
        scraps (`bouncing`) and other ways to say it come to the same place.
        """
        found = np.full((len(texts), self.dimensions), np.nan, np.float32)
        for place, text in enumerate(texts):
            asked = asked_facts(text)
            if not asked.num_statements:
                continue
            wordings = [text]
            if asked.is_whole:
                has_style = asked.facts.style is not None or bool(asked.facts.views)
                length: Literal["medium", "long"] = "long" if has_style else "medium"
                wordings = [
                    render(asked.facts, length=length, seed=seed) for seed in range(_NUM_WORDINGS)
                ]
            mean_D = self._reader.embed_texts(wordings).mean(axis=0)
            found[place] = mean_D / max(float(np.linalg.norm(mean_D)), 1e-6)
        return found


class OpenClipEmbedder:
    """An image-text model of open_clip: a clip is the mean of its frames."""

    name = "open_clip"

    def __init__(self, model: str, weights: str | None) -> None:
        """Load an architecture and its weights. Raises UserError as `load_embedder`."""
        from captioner.aligners import OpenClipAligner

        try:
            self._model: OpenClipAligner = OpenClipAligner(model, weights)
        except UserError as error:
            hint = error.hint.replace("caption.open_clip", "embed.open_clip")
            raise UserError(
                error.message, hint.replace("caption.aligner", "embed.model")
            ) from error
        self.revision = self._model.name.removeprefix("open_clip ")
        self.dimensions = len(self._model.embed_text("a picture"))
        self.view = FrameView(
            source="clip",
            max_frames=FRAMES_PER_CLIP,
            max_side_px=_OPEN_CLIP_SIDE_PX,
            is_whole=True,
        )

    def embed_clips(self, clips: Sequence[Frames]) -> NDArray[np.float32]:
        """Return the unit vector of the mean of a clip's frames; NaN for a clip without any."""
        found = np.full((len(clips), self.dimensions), np.nan, np.float32)
        for place, clip in enumerate(clips):
            if len(clip.times_s):
                mean_D = self._model.embed_pictures(list(clip.pixels_THWC)).mean(axis=0)
                found[place] = mean_D / np.linalg.norm(mean_D)
        return found

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a unit vector per text; NaN for one without a word."""
        found = np.full((len(texts), self.dimensions), np.nan, np.float32)
        for place, text in enumerate(texts):
            if text.strip():
                found[place] = self._model.embed_text(text)
        return found
