"""Ask a captioner until its answers hold: the ladder, clip by clip, in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from captioner.backend import Captioner, pick_evenly
from captioner.ladder import next_attempt
from captioner.request import Answer, Attempt, CaptionRequest
from captioner.rows import Try
from captioner.settings import CaptionSettings
from schemas.frames import Frames

Check = Callable[[Captioner, Attempt, Sequence[tuple[CaptionRequest, Answer]]], list[Try]]
"""Judges the answers of one batch: one `Try` per pair, in order."""


@dataclass(slots=True)
class Asked:
    """What came of one request: the attempt that went well, if any did, and those that failed."""

    request: CaptionRequest
    good: Try | None = None
    failed: list[Try] = field(default_factory=list)

    @property
    def status(self) -> str:
        """`ok`, or the status of the last failure."""
        return "ok" if self.good is not None else self.failed[-1].status


def ask(
    captioner: Captioner,
    requests: Sequence[CaptionRequest],
    settings: CaptionSettings,
    check: Check,
    *,
    first: Attempt | None = None,
) -> list[Asked]:
    """Return what came of every request, in order, each asked up to `max_attempts` times.

    Requests that need the same kind of attempt share a batch. What an attempt looked like
    depends on the settings and the request alone, not on its neighbours.
    """
    asked = [Asked(request=request) for request in requests]
    start = first or Attempt(max_new_tokens=settings.max_new_tokens, seed=settings.seed)
    waiting = [(one, start) for one in asked]
    while waiting:
        again = []
        for attempt, group in _alike(waiting):
            shown = [_thinned(one.request, attempt) for one in group]
            answers = _by_request(captioner.answer(shown, attempt), shown)
            tries = check(captioner, attempt, list(zip(shown, answers, strict=True)))
            for one, done in zip(group, tries, strict=True):
                if done.status == "ok":
                    one.good = done
                    continue
                one.failed.append(done)
                following = next_attempt(
                    settings, attempt, done.status, request_id=one.request.request_id
                )
                if following is not None:
                    again.append((one, following))
        waiting = again
    return asked


def _alike(
    waiting: Sequence[tuple[Asked, Attempt]],
) -> list[tuple[Attempt, list[Asked]]]:
    groups: dict[Attempt, list[Asked]] = {}
    for one, attempt in waiting:
        groups.setdefault(attempt, []).append(one)
    return list(groups.items())


def _thinned(request: CaptionRequest, attempt: Attempt) -> CaptionRequest:
    """Return the request with no more frames than the attempt allows."""
    limit = attempt.num_frames
    if limit is None:
        return request
    stored = tuple(request.frames[i] for i in pick_evenly(len(request.frames), limit))
    if request.clip is None:
        return replace(request, frames=stored)
    kept = pick_evenly(len(request.clip.times_s), limit)
    clip = Frames(pixels_THWC=request.clip.pixels_THWC[kept], times_s=request.clip.times_s[kept])
    indices = tuple(request.frame_indices[i] for i in kept)
    return replace(request, frames=stored, clip=clip, frame_indices=indices)


def _by_request(answers: Sequence[Answer], requests: Sequence[CaptionRequest]) -> list[Answer]:
    """Return one answer per request, matched by id and never by place.

    No answer for a request is an `error`, but `swapped` where the batch holds answers that
    belong to nobody or two for one request, which is `swapped` as well: neither can be trusted.
    """
    wanted = {request.request_id for request in requests}
    found: dict[str, list[Answer]] = {}
    for answer in answers:
        found.setdefault(answer.request_id, []).append(answer)
    is_mixed = any(name not in wanted or len(own) > 1 for name, own in found.items())
    matched = []
    for request in requests:
        own = found.get(request.request_id, [])
        if len(own) == 1:
            matched.append(own[0])
            continue
        status = "swapped" if is_mixed else "error"
        message = "more than one answer" if own else "no answer for this clip"
        matched.append(Answer(request_id=request.request_id, status=status, message=message))
    return matched
