"""When things happen in a window, from where the encoder sees the objects (pure)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schemas.facts import COLOURS, EventFacts, Facts

Span = tuple[float, float]
WHOLE: Span = (0.0, 1.0)
_NEAR = 0.04
"""Two objects meet at the first moment at which they are within this of their least distance,
in shorter sides of the frame."""
_X, _Y = 1, 2
"""Places in the slots of `captioner.tiny.network.Seen`; 0 is the logit of being visible."""


def event_spans(facts: Facts, slots_MCK: NDArray[np.float32]) -> list[Span]:
    """Return when each event happens: start and end as shares of the window, half-open.

    `slots_MCK` are the window's `Seen.slots_2BMCK` after attention. An event is placed to the
    moment, and one more to each side; one of which the slots tell nothing (a coin, a candle)
    gets the whole window.
    """
    count = len(slots_MCK)
    spans = []
    for event in facts.events:
        moment = _moment(event, facts, slots_MCK)
        spans.append(
            WHOLE
            if moment is None
            else (max(0, moment - 1) / count, min(count, moment + 2) / count)
        )
    return spans


def _moment(event: EventFacts, facts: Facts, slots_MCK: NDArray[np.float32]) -> int | None:
    if event.subject is None:
        return None
    path_M2, seen_M = _path(facts, event.subject, slots_MCK)
    if event.kind in ("collide", "bite") and isinstance(event.target, int):
        other_M2, other_seen_M = _path(facts, event.target, slots_MCK)
        both = seen_M & other_seen_M
        if not both.any():
            return None
        apart = np.where(both, np.hypot(*(path_M2 - other_M2).T), np.inf)
        return int(np.argmax(apart <= apart.min() + _NEAR))
    if event.kind in ("hide", "leave"):
        return _first(~seen_M & np.maximum.accumulate(seen_M))
    if event.kind in ("reappear", "return"):
        gone = np.maximum.accumulate(~seen_M & np.maximum.accumulate(seen_M))
        return _first(seen_M & gone)
    return None


def _path(
    facts: Facts, number: int, slots_MCK: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return an object's place at every moment (M x 2) and whether it is seen there (M)."""
    item = facts.objects[number]
    own = [COLOURS.index(name) for name in (item.colour, item.new_colour) if name is not None]
    which = slots_MCK[:, own, 0].argmax(axis=1)
    chosen = np.take_along_axis(slots_MCK[:, own], which[:, None, None], axis=1)[:, 0]
    return chosen[:, [_X, _Y]], chosen[:, 0] > 0


def _first(holds_M: NDArray[np.bool_]) -> int | None:
    return int(np.argmax(holds_M)) if holds_M.any() else None
