"""The retry ladder: what to change when an answer failed, and when to stop asking. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

from captioner.request import Attempt, Prompting
from captioner.settings import CaptionSettings

MAX_NEW_TOKENS = 4096
"""No answer gets more room; a text that needs it runs in circles."""
_MAX_PENALTY = 1.3
_WARM = 0.4
_WARMEST = 1.0
_SIMPLER: dict[Prompting, Prompting] = {"full": "simple", "simple": "prose", "prose": "prose"}

_Cure = Callable[[CaptionSettings, Attempt], Attempt]


def next_attempt(
    settings: CaptionSettings, attempt: Attempt, status: str, *, request_id: str = ""
) -> Attempt | None:
    """Return how to ask again after `status`, or None where asking this captioner is over.

    Every failure has a cure of its own, which builds on what was tried before; a status that
    is not known is asked again with another seed. None for `ok`, after `max_attempts`, and at
    once for what no second question changes: `out_of_domain`, `unreadable_frames`. The same
    arguments give the same attempt; the seed comes from `settings.seed`, the request and the
    number, but only where it matters: greedy attempts of many clips stay equal, so that they
    can share a batch.
    """
    number = attempt.number + 1
    if status in ("ok", "out_of_domain", "unreadable_frames") or number >= settings.max_attempts:
        return None
    following = replace(_CURES.get(status, _other_seed)(settings, attempt), number=number)
    if following.temperature > 0:
        return replace(following, seed=attempt_seed(settings.seed, request_id, number))
    return following


def attempt_seed(seed: int, request_id: str, number: int) -> int:
    """Return a seed of 32 bits for one attempt at one request."""
    text = f"{seed} {request_id} {number}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "big")


def _more_room(settings: CaptionSettings, attempt: Attempt) -> Attempt:
    """Twice the tokens; once they were doubled, a simpler prompt as well."""
    room = min(max(2 * attempt.max_new_tokens, settings.max_new_tokens), MAX_NEW_TOKENS)
    again = attempt.max_new_tokens > settings.max_new_tokens or room == attempt.max_new_tokens
    prompting = _SIMPLER[attempt.prompting] if again else attempt.prompting
    return replace(attempt, max_new_tokens=room, prompting=prompting)


def _stir(settings: CaptionSettings, attempt: Attempt) -> Attempt:
    penalty = min(max(attempt.repetition_penalty, 1.05) + 0.1, _MAX_PENALTY)
    again = attempt.temperature >= _WARM
    return replace(
        _other_seed(settings, attempt),
        repetition_penalty=round(penalty, 2),
        prompting=_SIMPLER[attempt.prompting] if again else attempt.prompting,
    )


def _simpler(settings: CaptionSettings, attempt: Attempt) -> Attempt:
    if attempt.prompting == "prose":
        return _other_seed(settings, attempt)
    return replace(attempt, prompting=_SIMPLER[attempt.prompting])


def _other_seed(settings: CaptionSettings, attempt: Attempt) -> Attempt:
    warmer = attempt.temperature + 0.3 if attempt.temperature >= _WARM else _WARM
    return replace(attempt, temperature=round(min(warmer, _WARMEST), 2))


def _fewer_frames(settings: CaptionSettings, attempt: Attempt) -> Attempt:
    """Half the frames; how many a backend shows when nothing is said, only it knows."""
    shown = attempt.num_frames
    if shown is None:
        shown = _frames_shown(settings)
    return replace(attempt, num_frames=max(1, shown // 2))


def _frames_shown(settings: CaptionSettings) -> int:
    sections = {
        "transformers": settings.transformers.max_frames,
        "openai": settings.openai.max_frames,
        "vllm": settings.vllm.max_frames,
    }
    return sections.get(settings.backend, settings.num_frames)


def _remarking(remark: str) -> _Cure:
    """Return a cure that says what was wrong; if it was said before, also another seed."""

    def cure(settings: CaptionSettings, attempt: Attempt) -> Attempt:
        if remark not in attempt.remark:
            joined = f"{attempt.remark} {remark}".strip()
            return replace(attempt, remark=joined)
        return _simpler(settings, _other_seed(settings, attempt))

    return cure


def _in_language(settings: CaptionSettings, attempt: Attempt) -> Attempt:
    from captioner.prompting import language_name

    name = language_name(settings.language)
    return _remarking(f"Every word of the answer is in {name}.")(settings, attempt)


def _neutral(settings: CaptionSettings, attempt: Attempt) -> Attempt:
    """The simple prompt first, then prose, each telling only what is on the pictures."""
    remark = "Name colours, shapes, things and movements only; this is an inventory."
    if remark not in attempt.remark:
        joined = f"{attempt.remark} {remark}".strip()
        prompting: Prompting = "prose" if attempt.prompting == "prose" else "simple"
        return replace(attempt, prompting=prompting, remark=joined)
    return _simpler(settings, _other_seed(settings, attempt))


_CURES: dict[str, _Cure] = {
    "truncated": _more_room,
    "repeated": _stir,
    "invalid_json": _simpler,
    "off_language": _in_language,
    "refused": _neutral,
    "bad_times": _remarking(
        "Times are seconds from the start of the clip; none is later than its end, and every "
        "event ends after it starts."
    ),
    "boilerplate": _remarking(
        "Begin with the subject; no word about the video itself or the effect it has."
    ),
    "placeholder": _remarking("Write the description itself, not the form that it has."),
    "echo": _simpler,
    "markup": _remarking("Plain text: no headings, no lists, no emphasis."),
    "too_short": _remarking("Say more: subjects, looks, numbers, actions, place, light, camera."),
    "too_long": _remarking("Be brief."),
    "out_of_memory": _fewer_frames,
    "too_many_tokens": _fewer_frames,
    "duplicate": _other_seed,
    "contradicted": _other_seed,
    "misaligned": _other_seed,
    "empty": _other_seed,
    "swapped": lambda settings, attempt: attempt,
    "error": lambda settings, attempt: attempt,
}
