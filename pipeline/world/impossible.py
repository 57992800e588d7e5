"""Break physics on purpose: the impossible twin of a scene, for tests of surprise.

A twin equals its scene up to one frame, and then one thing happens that cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pipeline.world.camera import Floats
from pipeline.world.motion import Motion, Track
from pipeline.world.spec import SceneSpec
from schemas.facts import COLOURS, SHAPES

JUMP = 0.3
RESIZE = 1.6


def impossible_twin(spec: SceneSpec, kind: str, share: float = 0.5) -> SceneSpec:
    """Return the plan that breaks physics by `kind` at `share` of the time.

    Raises ValueError for an unknown kind and for scenes that have no twin (`floor`, `maze`).
    """
    if kind not in BREACHES:
        raise ValueError(f"unknown breach {kind!r}; known: {', '.join(BREACHES)}")
    if spec.kind in ("floor", "maze"):
        raise ValueError(f"a {spec.kind} scene has no impossible twin")
    return replace(spec, impossible=kind, breach_share=share)


def breach(spec: SceneSpec, motion: Motion, times_s: Floats) -> int | None:
    """Change the motion as the plan says; return the first frame that is impossible.

    It strikes the first object that moves, or the first at all. A breach that needs a
    moving object strikes none where all rest.
    """
    if spec.impossible is None or not motion.tracks:
        return None
    frame = min(max(round(spec.breach_share * len(times_s)), 1), len(times_s) - 1)
    moving = [i for i, item in enumerate(spec.objects) if item.action != "rest"]
    track = motion.tracks[moving[0] if moving else 0]
    return BREACHES[spec.impossible](track, frame, spec)


def _teleport(track: Track, frame: int, spec: SceneSpec) -> int:
    """Jump to the other side."""
    at = float(track.x[frame])
    track.x[frame:] += -JUMP if at > 0 else JUMP
    return frame


def _vanish(track: Track, frame: int, spec: SceneSpec) -> int:
    """Be gone from one frame to the next."""
    track.is_there[frame:] = False
    return frame


def _appear(track: Track, frame: int, spec: SceneSpec) -> int:
    """Come from nothing."""
    track.is_there[:frame] = False
    return frame


def _recolour(track: Track, frame: int, spec: SceneSpec) -> int:
    """Take another colour, without cause and beyond what the facts say."""
    taken = {name for item in spec.objects for name in (item.colour, item.new_colour)}
    free = [name for name in COLOURS if name not in taken]
    chosen = free[spec.seed % len(free)]
    track.colours[frame:] = [chosen] * len(track.colours[frame:])
    return frame


def _reshape(track: Track, frame: int, spec: SceneSpec) -> int:
    """Become another shape."""
    others = [name for name in SHAPES if name != track.shapes[0]]
    chosen = others[spec.seed % len(others)]
    track.shapes[frame:] = [chosen] * len(track.shapes[frame:])
    return frame


def _resize(track: Track, frame: int, spec: SceneSpec) -> int:
    """Be smaller or larger at once."""
    track.diameter = np.array(track.diameter)
    track.diameter[frame:] *= 1 / RESIZE if track.diameter[0] > 0.2 else RESIZE
    return frame


def _halt(track: Track, frame: int, spec: SceneSpec) -> int:
    """Stop dead in the middle of a motion."""
    track.x[frame:] = track.x[frame - 1]
    track.y[frame:] = track.y[frame - 1]
    return frame


def _reverse(track: Track, frame: int, spec: SceneSpec) -> int:
    """Turn back where nothing is in the way."""
    for values in (track.x, track.y):
        velocity = values[frame - 1] - values[max(frame - 2, 0)]
        steps = np.arange(1, len(values) - frame + 1)
        values[frame:] = values[frame - 1] - velocity * steps
    return frame


BREACHES: dict[str, Callable[[Track, int, SceneSpec], int]] = {
    "teleport": _teleport,
    "vanish": _vanish,
    "appear": _appear,
    "recolour": _recolour,
    "reshape": _reshape,
    "resize": _resize,
    "halt": _halt,
    "reverse": _reverse,
}
