"""The captioning worker: clip ids in, caption rows out; fanned out by the orchestration.

It reads clips from the catalogue, shows their frames to a captioner, has its answers checked,
and turns to the fallbacks for what it could not describe. It knows nothing of Ray.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from captioner.asking import Asked, ask
from captioner.backend import Captioner, Summariser, load_backend
from captioner.caption import StructuredCaption
from captioner.checking import load_checker
from captioner.identity import caption_settings_hash
from captioner.prefetch import prefetch
from captioner.request import Answer, Attempt, CaptionRequest
from captioner.requests import ClipRow, ClipRows, make_requests
from captioner.rows import Scope, Try, caption_rows, failed_rows, window_row
from captioner.settings import CaptionSettings
from captioner.windows import group, merge, shift_events, tell_windows
from schemas.errors import MediaError
from schemas.frames import FrameReader, FrameWriter
from schemas.ids import content_id, set_digest
from schemas.records import Counts, Failure, Work

_FIRST_BATCH_PART = 4
"""The first batch of a call is so many times smaller than the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """One clip and its requests; `failure` where its frames cannot be decoded."""

    clip: ClipRow
    requests: tuple[CaptionRequest, ...] = ()
    failure: MediaError | None = None


@dataclass(slots=True)
class _Told:
    """What came of one clip by one captioner."""

    shown: _Shown
    asked: list[Asked] = field(default_factory=list)
    whole: Try | None = None


class CaptionWorker:
    """Clip ids to `captions`, by one captioner and its fallbacks."""

    def __init__(
        self,
        root: Path,
        settings: CaptionSettings,
        choices: Mapping[str, str],
        make_reader: Callable[[], FrameReader],
        make_writer: Callable[[], FrameWriter] | None = None,
        first: Attempt | None = None,
        run_id: str = "",
        load: Callable[..., Captioner] = load_backend,
    ) -> None:
        self.clips = ClipRows(root, choices)
        self.settings = settings
        self.reader, self.second_reader = make_reader(), make_reader()
        """The second is the fallbacks': the first is busy with the next batch meanwhile."""
        self.make_writer = make_writer
        self.first = first
        self.run_id = run_id
        self.load = load
        self.captioners: dict[str, Captioner] = {}
        self.settings_hash = caption_settings_hash(settings, self._captioner(settings.backend))
        self.check = load_checker(settings)
        self.waited_s = 0.0
        """Seconds in which no frames were there to be looked at."""

    def __call__(self, items: Sequence[str]) -> Iterator[Work]:
        """Yield one work per batch of clips: the rows of all their captions.

        While a batch is described, the frames of the next are decoded.
        """
        batches = _in_batches(items, self.settings.batch_size)
        first = self._captioner(self.settings.backend)
        ready = prefetch(batches, lambda ids: self._show(first, self.clips.read(ids), self.reader))
        with closing(ready):
            for ids in batches:
                begun = time.monotonic()
                shown = next(ready)
                self.waited_s += time.monotonic() - begun
                yield self._work(ids, shown)

    def _captioner(self, name: str) -> Captioner:
        if name not in self.captioners:
            self.captioners[name] = self.load(name, self.settings, self.make_writer)
        return self.captioners[name]

    def _show(
        self, captioner: Captioner, clips: Sequence[ClipRow], reader: FrameReader
    ) -> list[_Shown]:
        shown = []
        for clip in clips:
            try:
                made = make_requests(clip, captioner.view, self.settings, reader)
                shown.append(_Shown(clip=clip, requests=tuple(made)))
            except MediaError as error:
                shown.append(_Shown(clip=clip, failure=error))
        return shown

    def _work(self, ids: Sequence[str], shown: list[_Shown]) -> Work:
        scope = Scope(
            settings=self.settings,
            settings_hash=self.settings_hash,
            created_at=datetime.now(UTC),
        )
        rows: list[object] = []
        done: set[str] = set()
        seconds = {one.clip.ref.clip_id: one.clip.ref.duration_s for one in shown}
        for name in dict.fromkeys((self.settings.backend, *self.settings.fallbacks)):
            captioner = self._captioner(name)
            if name != self.settings.backend:
                left = [one.clip for one in shown if one.clip.ref.clip_id not in done]
                if not left:
                    break
                shown = self._show(captioner, left, self.second_reader)
            for told in self._tell(captioner, shown):
                rows += self._rows(told, scope)
                if told.whole is not None:
                    done.add(told.shown.clip.ref.clip_id)
        failures = self._failures(shown, done)
        return self._as_work(ids, rows, failures, done, seconds)

    def _tell(self, captioner: Captioner, shown: Sequence[_Shown]) -> list[_Told]:
        """Ask about every request of a batch at once, then put windows together."""
        told = [_Told(shown=one) for one in shown if one.failure is None]
        requests = [request for one in told for request in one.shown.requests]
        asked = iter(ask(captioner, requests, self.settings, self.check, first=self.first))
        for one in told:
            one.asked = [next(asked) for _ in one.shown.requests]
            good = [item.good for item in one.asked if item.good is not None]
            if not good:
                continue
            if len(one.shown.requests) == 1:
                one.whole = _in_source_time(good[0])
            else:
                one.whole = self._whole(captioner, one, good)
        return told

    def _whole(self, captioner: Captioner, told: _Told, good: Sequence[Try]) -> Try:
        """Return the caption of a long clip from those of its windows."""
        windows = [
            (one.request.start_s, one.request.end_s, one.caption)
            for one in good
            if one.caption is not None
        ]
        summary = None
        if isinstance(captioner, Summariser):
            summary = self._summary(captioner, windows, good[0])
        clip, count = told.shown.clip, len(told.shown.requests)
        request = replace(
            good[0].request,
            request_id=clip.ref.clip_id,
            start_s=clip.start_s,
            end_s=clip.end_s,
            duration_s=clip.ref.duration_s,
            num_frames=clip.ref.num_frames,
            clip=None,
            frames=(),
            frame_indices=(),
        )
        answers = [one.answer for one in good]
        missing = count - len(good)
        return replace(
            good[0],
            request=request,
            caption=merge(windows, summary),
            corrections=(),
            alignment=None,
            aligner="",
            message=f"{missing} of {count} windows could not be described" if missing else "",
            answer=Answer(
                request_id=clip.ref.clip_id,
                language=good[0].answer.language,
                prompt_tokens=_total([a.prompt_tokens for a in answers]),
                output_tokens=_total([a.output_tokens for a in answers]),
                seconds=sum(a.seconds for a in answers),
            ),
        )

    def _summary(
        self,
        captioner: Summariser,
        windows: Sequence[tuple[float, float, StructuredCaption]],
        example: Try,
    ) -> StructuredCaption | None:
        """Return the captioner's summary of the windows, in rounds where there are many.

        None where no summary came that holds: the windows then speak for themselves.
        """
        spans = [(start_s, end_s) for start_s, end_s, _ in windows]
        texts = tell_windows(windows)
        while True:
            parts = []
            for texts_of_one in group(texts):
                answer = captioner.summarise(texts_of_one, example.attempt)
                start_s, end_s = spans[0][0], spans[-1][1]
                request = replace(
                    example.request,
                    request_id=answer.request_id,
                    start_s=start_s,
                    end_s=end_s,
                    duration_s=end_s - start_s,
                    clip=None,
                    frames=(),
                    scores={},
                )
                judged = self.check(example.captioner, example.attempt, [(request, answer)])[0]
                if judged.status != "ok" or judged.caption is None:
                    return None
                parts.append(judged.caption)
            if len(parts) == 1:
                return parts[0]
            size = -(-len(spans) // len(parts))
            runs = [spans[i : i + size] for i in range(0, len(spans), size)]
            spans = [(run[0][0], run[-1][1]) for run in runs]
            texts = tell_windows([(*span, part) for span, part in zip(spans, parts, strict=True)])

    def _rows(self, told: _Told, scope: Scope) -> list[object]:
        rows: list[object] = []
        for asked in told.asked:
            rows += failed_rows(asked.failed, scope)
            if asked.good is not None and len(told.asked) > 1:
                rows.append(window_row(asked.good, scope))
        if told.whole is not None:
            rows += caption_rows(told.whole, scope)
        return rows

    def _failures(self, shown: Sequence[_Shown], done: set[str]) -> list[Failure]:
        return [
            Failure(
                uri=one.clip.ref.uri,
                video_id=one.clip.ref.video_id,
                clip_id=one.clip.ref.clip_id,
                stage="caption",
                reason=one.failure.reason,
                message=str(one.failure),
                run_id=self.run_id,
            )
            for one in shown
            if one.failure is not None and one.clip.ref.clip_id not in done
        ]

    def _as_work(
        self,
        ids: Sequence[str],
        rows: list[object],
        failures: list[Failure],
        done: set[str],
        seconds: Mapping[str, float],
    ) -> Work:
        # What came of it is in the name: tried again with more success, it is other work.
        number = "" if self.first is None else str(self.first.number)
        name = (set_digest(ids), set_digest(sorted(done)), number)
        return Work(
            work_id=content_id("work", "caption", self.settings_hash, *name),
            stage="caption",
            settings_hash=self.settings_hash,
            rows={"captions": rows, "failures": list(failures)},
            counts=Counts(
                num_in=len(ids),
                num_out=len(done),
                num_failed=len(ids) - len(done),
                seconds_in=sum(seconds.values()),
                seconds_out=sum(s for clip, s in seconds.items() if clip in done),
                seconds_failed=sum(s for clip, s in seconds.items() if clip not in done),
            ),
        )


def _in_batches(items: Sequence[str], size: int) -> list[Sequence[str]]:
    """Return runs of at most `size` items; the first is short, since all wait for its frames."""
    first = max(1, size // _FIRST_BATCH_PART) if len(items) > size else size
    starts = [0, *range(first, len(items), size)]
    return [items[i:j] for i, j in zip(starts, [*starts[1:], len(items)], strict=True)]


def _in_source_time(one: Try) -> Try:
    if one.caption is None or not one.caption.events:
        return one
    return replace(one, caption=shift_events(one.caption, one.request.start_s))


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
