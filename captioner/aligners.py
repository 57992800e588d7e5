"""How well captions fit their clips: models that embed pictures and texts in one space."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from captioner.backend import Aligner
from captioner.request import CaptionRequest
from captioner.settings import CaptionSettings
from captioner.shown import shown_frames
from schemas.errors import UserError
from schemas.ids import file_sha256
from schemas.vision_imports import ready_vision

if TYPE_CHECKING:
    from captioner.world_sight import WorldSight

log = logging.getLogger(__name__)

FRAMES_PER_CLIP = 8
"""Frames of a clip that are compared with its text, spread evenly."""
_BATCH = 64
"""Pictures or texts embedded at once."""
_WHOLE_MODELS = ("local-dir:", "hf-hub:")
"""How names of models begin that bring their own weights."""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])")


def load_aligner(settings: CaptionSettings) -> Aligner | None:
    """Return what scores the fit of captions, as the settings want it; None for none.

    `auto` takes open_clip where its weights are named, else the tiny captioner's own head, else
    nothing. Raises UserError where something is asked for that is not there.
    """
    wanted = settings.aligner
    has_weights = settings.open_clip_weights is not None or settings.open_clip_model.startswith(
        _WHOLE_MODELS
    )
    if wanted == "off":
        return None
    if wanted == "open_clip" or (wanted == "auto" and has_weights):
        return OpenClipAligner(settings.open_clip_model, settings.open_clip_weights)
    try:
        return _load_tiny(settings)
    except UserError as error:
        if wanted == "tiny":
            raise
        log.info("captions are not scored against their clips: %s", error.message)
        return None


class OpenClipAligner:
    """Scores by open_clip: the mean cosine between sampled frames and the text.

    A text that the model cannot take whole is scored by sentences, each counting the same.
    """

    def __init__(self, model: str, weights: str | None) -> None:
        """Load an architecture of open_clip with weights from a file or of a tag.

        `model` may also be `local-dir:FOLDER` or `hf-hub:NAME`, which bring their weights.
        Raises UserError for an unknown name and for weights that are missing or do not fit.
        """
        import torch

        if weights is None and not model.startswith(_WHOLE_MODELS):
            raise UserError(
                f"the aligner open_clip has no weights for {model}",
                "set caption.open_clip_weights to a checkpoint file, or to a tag of open_clip "
                "such as laion2b_s34b_b79k",
            )
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model, self._preprocess, self._tokenizer = _load_open_clip(
            model, weights, self._device
        )
        self._context = int(self._tokenizer.context_length)
        self.name = f"open_clip {model.removeprefix('local-dir:')}{_told(weights)}"

    def align(self, requests: Sequence[CaptionRequest], texts: Sequence[str]) -> list[float | None]:
        """Return the score of each pair, -1..1; None for a clip without frames or an empty text."""
        pictures: list[Any] = []
        pieces: list[str] = []
        spans: list[tuple[slice, slice] | None] = []
        for request, text in zip(requests, texts, strict=True):
            shown, parts = self._pictures(request), self._parts(text)
            if not shown or not parts:
                spans.append(None)
                continue
            spans.append(
                (
                    slice(len(pictures), len(pictures) + len(shown)),
                    slice(len(pieces), len(pieces) + len(parts)),
                )
            )
            pictures += shown
            pieces += parts
        pictures_ND = self._embedded(self._model.encode_image, self._prepared, pictures)
        pieces_ND = self._embedded(self._model.encode_text, self._tokenizer, pieces)
        return [
            None if span is None else float((pictures_ND[span[0]] @ pieces_ND[span[1]].T).mean())
            for span in spans
        ]

    def embed_pictures(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return unit vectors of H x W x 3 pictures, N x D."""
        return self._embedded(self._model.encode_image, self._prepared, pictures)

    def embed_text(self, text: str) -> NDArray[np.float32]:
        """Return the unit vector of a text, or the mean's of its sentences where it is long.

        Raises ValueError for a text without a word.
        """
        parts = self._parts(text)
        if not parts:
            raise ValueError("a text without a word has no place")
        mean_D = self._embedded(self._model.encode_text, self._tokenizer, parts).mean(axis=0)
        unit: NDArray[np.float32] = mean_D / np.linalg.norm(mean_D)
        return unit

    def _pictures(self, request: CaptionRequest) -> list[NDArray[np.uint8]]:
        try:
            shown = shown_frames(request, FRAMES_PER_CLIP)
        except OSError:  # a stored picture that cannot be read
            return []
        return [] if shown is None else list(shown.pixels_THWC)

    def _prepared(self, pictures: Sequence[NDArray[np.uint8]]) -> Any:
        import torch
        from PIL import Image

        return torch.stack([self._preprocess(Image.fromarray(picture)) for picture in pictures])

    def _parts(self, text: str) -> list[str]:
        """Return the text, or its sentences, or their halves: whatever the model takes whole."""
        text = text.strip()
        if not text:
            return []
        if self._num_tokens(text) <= self._context:
            return [text]
        sentences = [part for part in _SENTENCE_END.split(text) if part]
        if len(sentences) == 1:
            words = text.split()
            middle = len(words) // 2 if len(words) > 1 else len(text) // 2
            parts = words if len(words) > 1 else list(text)
            glue = " " if len(words) > 1 else ""
            sentences = [glue.join(parts[:middle]), glue.join(parts[middle:])]
        return [part for sentence in sentences for part in self._parts(sentence)]

    def _num_tokens(self, text: str) -> int:
        """Return the length with the marks for start and end, before any cut."""
        encode = getattr(self._tokenizer, "encode", None)
        if encode is None:  # open_clip's wrapper around a tokenizer of transformers
            return len(self._tokenizer.tokenizer(text)["input_ids"])
        return len(encode(text)) + 2

    def _embedded(
        self, encode: Callable[[Any], Any], prepare: Callable[[Any], Any], items: Sequence[Any]
    ) -> NDArray[np.float32]:
        """Return unit vectors, N x D, computed `_BATCH` at a time."""
        import torch

        rows = []
        with torch.inference_mode():
            for start in range(0, len(items), _BATCH):
                found = encode(prepare(items[start : start + _BATCH]).to(self._device)).float()
                rows.append((found / found.norm(dim=1, keepdim=True)).cpu().numpy())
        return np.concatenate(rows) if rows else np.zeros((0, 1), np.float32)


class TinyAligner:
    """Scores by the contrastive head of our own captioner, for clips of the world alone."""

    def __init__(self, sight: WorldSight) -> None:
        self._sight = sight
        self.name = f"tiny {sight.reader.revision}"

    def align(self, requests: Sequence[CaptionRequest], texts: Sequence[str]) -> list[float | None]:
        """Return the cosine of each pair; None for what was not decoded or is no world clip."""
        return self._sight.align(requests, texts)


def _load_tiny(settings: CaptionSettings) -> TinyAligner:
    from captioner.world_sight import load_sight

    return TinyAligner(load_sight(settings.tiny.weights))


def _load_open_clip(model: str, weights: str | None, device: str) -> tuple[Any, Any, Any]:
    ready_vision()
    import open_clip

    if weights is not None and _looks_like_a_file(weights) and not Path(weights).is_file():
        raise UserError(
            f"no weights at {weights}", "set caption.open_clip_weights to a checkpoint of open_clip"
        )
    try:
        made, _, preprocess = open_clip.create_model_and_transforms(
            model, pretrained=weights, device=device
        )
        return made.eval(), preprocess, open_clip.get_tokenizer(model)
    except Exception as error:  # unknown names, tags without a network, weights that do not fit
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"open_clip cannot load {model} with {weights or 'its own weights'}: {line}",
            "name an architecture (ViT-B-32) and its weights: a file, or a tag where there is a "
            "network; or set caption.aligner to `tiny` or `off`",
        ) from error


def _looks_like_a_file(weights: str) -> bool:
    return "/" in weights or Path(weights).suffix in (".pt", ".pth", ".bin", ".safetensors")


def _told(weights: str | None) -> str:
    """Return how weights are named in rows: their tag, or digits of a file's hash."""
    if weights is None:
        return ""
    return f" {file_sha256(Path(weights))[:12] if Path(weights).is_file() else weights}"
