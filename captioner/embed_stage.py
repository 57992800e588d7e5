"""The embedding worker: clip ids in, rows of `embeddings` out. It knows nothing of Ray."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from captioner.embedding import Embedder, EmbedSettings, load_embedder, model_name
from captioner.prefetch import prefetch
from captioner.requests import ClipRow, ClipRows, make_requests
from captioner.settings import CaptionSettings
from schemas.errors import MediaError
from schemas.frames import FrameReader, Frames
from schemas.ids import content_id, set_digest
from schemas.records import Counts, Embedding, Failure, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One clip and its frames, or why there are none."""

    clip: ClipRow
    frames: Frames | None = None
    failure: MediaError | None = None


class EmbedWorker:
    """Clip ids to `embeddings`; while a batch is embedded, the next one is decoded."""

    def __init__(
        self,
        root: Path,
        settings: EmbedSettings,
        choices: Mapping[str, str],
        make_reader: Callable[[], FrameReader],
        run_id: str = "",
        load: Callable[[EmbedSettings], Embedder] = load_embedder,
    ) -> None:
        self.clips = ClipRows(root, choices)
        self.settings = settings
        self.reader = make_reader()
        self.run_id = run_id
        self.embedder = load(settings)
        self.model = model_name(self.embedder)

    def __call__(self, items: Sequence[str]) -> Iterator[Work]:
        """Yield one work per batch of clips."""
        size = self.settings.batch_size
        batches = [items[i : i + size] for i in range(0, len(items), size)]
        ready = prefetch(batches, self._see)
        for ids in batches:
            yield self._work(ids, next(ready))

    def _see(self, ids: Sequence[str]) -> list[_Seen]:
        seen = []
        for clip in self.clips.read(ids):
            try:
                (request,) = make_requests(clip, self.embedder.view, CaptionSettings(), self.reader)
                seen.append(_Seen(clip=clip, frames=request.clip))
            except MediaError as error:
                seen.append(_Seen(clip=clip, failure=error))
        return seen

    def _work(self, ids: Sequence[str], seen: Sequence[_Seen]) -> Work:
        shown = [(one.clip, one.frames) for one in seen if one.frames is not None]
        vectors_BD = self.embedder.embed_clips([frames for _, frames in shown])
        rows: list[object] = [
            Embedding(
                clip_id=clip.ref.clip_id,
                model=self.model,
                vector=[] if np.isnan(vector_D).any() else vector_D.tolist(),
            )
            for (clip, _), vector_D in zip(shown, vectors_BD, strict=True)
        ]
        failures: list[object] = [
            Failure(
                uri=one.clip.ref.uri,
                video_id=one.clip.ref.video_id,
                clip_id=one.clip.ref.clip_id,
                stage="embed",
                reason=one.failure.reason,
                message=str(one.failure),
                run_id=self.run_id,
            )
            for one in seen
            if one.failure is not None
        ]
        done = [clip.ref.clip_id for clip, _ in shown]
        seconds = {one.clip.ref.clip_id: one.clip.ref.duration_s for one in seen}
        done_s = sum(seconds[clip_id] for clip_id in done)
        return Work(
            # What came of it is a part of the name: a clip that failed may do well next time.
            work_id=content_id("work", "embed", self.model, set_digest(ids), set_digest(done)),
            stage="embed",
            settings_hash=self.model,
            rows={"embeddings": rows, "failures": failures},
            counts=Counts(
                num_in=len(ids),
                num_out=len(done),
                num_failed=len(ids) - len(done),
                seconds_in=sum(seconds.values()),
                seconds_out=done_s,
                seconds_failed=sum(seconds.values()) - done_s,
            ),
        )
