"""Read clips with the tiny captioner: facts and how certain they are, or a refusal."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from captioner.tiny.certainty import Told, told
from captioner.tiny.evidence import doubts
from captioner.tiny.matcher import Matcher, MatcherShape, traits_of
from captioner.tiny.network import Seen, TinyNetwork, mixed
from captioner.tiny.sequence import Control
from captioner.tiny.slot_readings import read_slots
from captioner.tiny.weights import Weights, load_weights
from captioner.tiny.windows import Window, merge, windows_of
from captioner.tiny.words import Vocabulary
from captioner.tiny.writing import write
from schemas.errors import UserError
from schemas.facts import Facts
from schemas.frames import Frames

SHIPPED = Path(__file__).with_name("shipped") / "tiny.safetensors"
MIN_DOMAIN = 0.5
_BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyReading:
    """What was read of one clip.

    `facts` hold only what is certain enough. `event_spans_s` has start and end of each of their
    events, in seconds of the clip's own times. `confidences` has the chance of each fact that is
    stated: `style`, `objects[1].colour`, `events[0]`, ... `domain` is the chance that the clip
    shows a scene of the world. Where `in_domain` is False nothing of `facts` should be told,
    and `why` says what speaks against it; it is empty otherwise. `point_D` is what
    `TinyReader.embed_clips` gives for the clip, None by weights without matching.
    """

    facts: Facts
    confidences: dict[str, float]
    domain: float
    in_domain: bool
    why: str
    event_spans_s: tuple[tuple[float, float], ...] = ()
    point_D: NDArray[np.float32] | None = None


class TinyReader:
    """Reads clips of any size, length and rate; also places clips and texts in one space."""

    def __init__(self, weights: Weights, revision: str) -> None:
        self.revision = revision
        """Hash of the weights."""
        self._least: dict[str, float] = weights.about.get("least", {})
        self._network = TinyNetwork(weights.shape)
        weights.fill(self._network)
        self._network.eval()
        self._network.stem.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._matcher: Matcher | None = None
        if "matcher" in weights.about:
            self._matcher = Matcher(MatcherShape(**weights.about["matcher"]))
            weights.fill(self._matcher, "match")
            self._matcher.eval()
        self._vocabulary = Vocabulary(tuple(weights.about.get("words", ())))

    @classmethod
    def load(cls, path: Path | None = None) -> TinyReader:
        """Return a reader with the weights at `path`; None takes those that are shipped.

        Raises UserError where they are missing, damaged or of another version.
        """
        chosen = SHIPPED if path is None else path
        weights = load_weights(chosen)
        return cls(weights, hashlib.sha256(chosen.read_bytes()).hexdigest()[:16])

    def read(
        self, clips: Sequence[Frames], *, control: Control = "long", seed: int | None = None
    ) -> list[TinyReading]:
        """Return one reading per clip.

        `short` tells what the objects are and do, before what, and what happens; `long` tells
        every fact. The caption is written greedily, so `seed` changes nothing; it is there for
        captioners that draw by lot.
        """
        del seed
        windows = [windows_of(clip) for clip in clips]
        captions: dict[tuple[int, int], tuple[Told, float]] = {}
        points_ND = self._no_points(len(clips))
        for keys, batch, step in _alike(windows):
            seen = self._see(batch, step)
            # The decoder's products are so small that to convert them costs more than they do.
            written = write(self._network, seen.memory_BND.float(), control)
            domain = seen.scene["domain"][:, 0].sigmoid().tolist()
            slots = seen.slots_2BMCK[1].numpy()
            for n, (i, j) in enumerate(keys):
                window = windows[i][j]
                stated = told(written[n], self._least)
                stated = read_slots(stated, slots[n], window.start_s, window.end_s)
                captions[i, j] = stated, domain[n]
            self._add_points(points_ND, keys, seen)
        points_ND = _of_length_1(points_ND)
        readings = []
        for i, parts in enumerate(windows):
            mine = [captions[i, j] for j in range(len(parts))]
            reading = _reading(parts, [part for part, _ in mine], [c for _, c in mine])
            point_D = points_ND[i] if self._matcher is not None else None
            readings.append(replace(reading, point_D=point_D))
        return readings

    def embed_clips(self, clips: Sequence[Frames]) -> NDArray[np.float32]:
        """Return a point of length 1 per clip, B x D.

        Its product with a text's point is the higher the more of the text holds of the clip.
        """
        self._matching()
        points_ND = self._no_points(len(clips))
        for keys, batch, step in _alike([windows_of(clip) for clip in clips]):
            self._add_points(points_ND, keys, self._see(batch, step))
        return _of_length_1(points_ND)

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a point of length 1 per text, B x D; any text gets one."""
        matcher = self._matching()
        found = []
        with torch.inference_mode():
            for start in range(0, len(texts), 64):
                tokens = self._vocabulary.tokens_of(texts[start : start + 64])
                found.append(matcher.embed_texts(tokens)[0].float().numpy())
        empty = np.zeros((0, matcher.shape.width), dtype=np.float32)
        return _of_length_1(np.concatenate([empty, *found]))

    def _no_points(self, count: int) -> NDArray[np.float32]:
        width = 0 if self._matcher is None else self._matcher.shape.width
        return np.zeros((count, width), dtype=np.float32)

    def _add_points(
        self, points_ND: NDArray[np.float32], keys: list[tuple[int, int]], seen: Seen
    ) -> None:
        """Add the points of windows to those of their clips, where the weights can match."""
        if self._matcher is None:
            return
        with torch.inference_mode():
            found = self._matcher.embed_clips(traits_of(seen)).float().numpy()
        for (i, _), point_D in zip(keys, found, strict=True):
            points_ND[i] += point_D

    def _see(self, batch: torch.Tensor, step: float) -> Seen:
        with torch.inference_mode(), mixed():
            return self._network.encode(batch, torch.arange(batch.shape[1]) * step)

    def _matching(self) -> Matcher:
        if self._matcher is None:
            raise UserError(
                "these weights were trained without matching texts and clips",
                "train with `match_steps` above 0, or use the weights that are shipped",
            )
        return self._matcher


@lru_cache(maxsize=1)
def shipped_reader() -> TinyReader:
    """Return the reader with the shipped weights, loaded once. Raises UserError as `load`."""
    return TinyReader.load()


def _alike(
    windows: list[list[Window]],
) -> list[tuple[list[tuple[int, int]], torch.Tensor, float]]:
    """Return windows of one size and rate together: their (clip, window), frames and time step."""
    groups: dict[tuple[tuple[int, ...], float], list[tuple[int, int]]] = defaultdict(list)
    for i, parts in enumerate(windows):
        for j, part in enumerate(parts):
            times_s = part.frames.times_s
            step = round(float(times_s[1] - times_s[0]), 4)
            groups[part.frames.pixels_THWC.shape, step].append((i, j))
    found = []
    for (_, step), keys in groups.items():
        for start in range(0, len(keys), _BATCH):
            chosen = keys[start : start + _BATCH]
            frames = np.stack([windows[i][j].frames.pixels_THWC for i, j in chosen])
            found.append((chosen, torch.from_numpy(frames), step))
    return found


def _reading(parts: list[Window], read: list[Told], domain: list[float]) -> TinyReading:
    merged = merge(read)
    # An object may be away through a whole window, which then looks like no scene.
    chance = sum(domain) / len(domain)
    why = ""
    if chance < MIN_DOMAIN:
        why = f"the network takes it for no scene of the world ({chance:.2f})"
    elif not merged.facts.objects:
        why = "no object is seen"
    else:
        prop, colour = merged.facts.prop, merged.facts.prop_colour
        for part, own in zip(parts, read, strict=True):
            facts = replace(own.facts, prop=prop, prop_colour=colour)
            why = why or doubts(part.frames.pixels_THWC, facts, may_be_empty=len(parts) > 1)
    return TinyReading(
        facts=merged.facts,
        confidences=merged.chances,
        domain=chance,
        in_domain=not why,
        why=why,
        event_spans_s=merged.spans_s,
    )


def _of_length_1(points: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = points / np.maximum(lengths, 1e-6)
    return scaled
