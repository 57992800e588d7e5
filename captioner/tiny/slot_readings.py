"""What the slots of a window say better than the decoder: new colours, and times (pure)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from captioner.tiny.certainty import Told
from captioner.tiny.event_times import event_spans
from schemas.facts import COLOURS

_LAST_MOMENTS = 2
_MIN_CHANCE = 0.5


def read_slots(stated: Told, slots_MCK: NDArray[np.float32], start_s: float, end_s: float) -> Told:
    """Return what is told of a window with new colours and the times of events as seen.

    `slots_MCK` are `captioner.tiny.network.Seen.slots_2BMCK` after attention; `start_s` and
    `end_s` are the window's times in the clip.
    """
    stated = _with_new_colours(stated, slots_MCK)
    length_s = end_s - start_s
    spans_s = tuple(
        (start_s + first * length_s, start_s + last * length_s)
        for first, last in event_spans(stated.facts, slots_MCK)
    )
    return replace(stated, spans_s=spans_s)


def _with_new_colours(stated: Told, slots_MCK: NDArray[np.float32]) -> Told:
    """Take for an object's new colour the one that is seen at last and is no other object's.

    None where no such colour is seen surely enough.
    """
    chances = 1 / (1 + np.exp(-slots_MCK[-_LAST_MOMENTS:, :, 0].mean(axis=0)))
    for item in stated.facts.objects:
        if item.colour is not None:
            chances[COLOURS.index(item.colour)] = 0
    objects, told = list(stated.facts.objects), dict(stated.chances)
    for i, item in enumerate(objects):
        if item.change != "recolour":
            continue
        best = int(chances.argmax())
        is_sure = chances[best] > _MIN_CHANCE
        objects[i] = replace(item, new_colour=COLOURS[best] if is_sure else None)
        told.pop(f"objects[{i}].new_colour", None)
        if is_sure:
            told[f"objects[{i}].new_colour"] = float(chances[best])
        chances[best] = 0
    return replace(stated, facts=replace(stated.facts, objects=tuple(objects)), chances=told)
