"""Clips that show no scene of the world: drawn ones, and parts of given footage.

They teach the network to refuse. Sizes are those of the batch that they join.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


def draw_negative(
    rng: np.random.Generator, shape: tuple[int, int, int], footage: Sequence[Pixels] = ()
) -> Pixels:
    """Return frames of `shape` (T, H, W) that show no scene; T x H x W x 3.

    Half of them are parts of `footage` (clips, T x H x W x 3 at any size) where there is any.
    """
    if footage and rng.random() < 0.5:
        return _part_of(rng, footage[int(rng.integers(len(footage)))], shape)
    kind = _KINDS[int(rng.integers(len(_KINDS)))]
    pixels = kind(rng, shape)
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def _part_of(rng: np.random.Generator, clip: Pixels, shape: tuple[int, int, int]) -> Pixels:
    count, height, width = shape
    if clip.shape[1] < height or clip.shape[2] < width:
        scale = max(height / clip.shape[1], width / clip.shape[2])
        size = (int(np.ceil(clip.shape[2] * scale)), int(np.ceil(clip.shape[1] * scale)))
        clip = np.stack([cv2.resize(one, size) for one in clip])
    top = int(rng.integers(clip.shape[1] - height + 1))
    left = int(rng.integers(clip.shape[2] - width + 1))
    start = int(rng.integers(max(len(clip) - count, 0) + 1))
    which = (start + np.arange(count)).clip(0, len(clip) - 1)
    part = clip[which, top : top + height, left : left + width]
    return part[:, :, ::-1] if rng.random() < 0.5 else part


def _colour(rng: np.random.Generator) -> Floats:
    return rng.uniform(0, 255, 3).astype(np.float32)


def _noise(rng: np.random.Generator, shape: tuple[int, int, int]) -> Floats:
    """Noise: independent from frame to frame, or standing still."""
    count = shape[0] if rng.random() < 0.5 else 1
    grains = rng.normal(size=(count, *shape[1:], 3 if rng.random() < 0.5 else 1))
    noise = _colour(rng) + grains.astype(np.float32) * np.float32(rng.uniform(10, 90))
    return np.broadcast_to(noise, (*shape, 3))


def _field(rng: np.random.Generator, shape: tuple[int, int, int], slope: float) -> Floats:
    """A random picture whose amplitudes fall with frequency; H x W x 3, mean 0, deviation 1."""
    height, width = shape[1] * 2, shape[2] * 2
    fy, fx = np.meshgrid(np.fft.fftfreq(height), np.fft.rfftfreq(width), indexing="ij")
    fall = np.maximum(np.hypot(fy, fx), 1 / max(height, width)) ** -slope
    fall[0, 0] = 0
    picture = np.stack(
        [np.fft.irfft2(fall * np.exp(2j * np.pi * rng.random(fall.shape))) for _ in range(3)], -1
    )
    mix = rng.uniform(0, 1)
    picture = mix * picture + (1 - mix) * picture[..., :1]
    scaled: Floats = ((picture - picture.mean()) / picture.std()).astype(np.float32)
    return scaled


def _drift(rng: np.random.Generator, picture: Floats, shape: tuple[int, int, int]) -> Floats:
    """A window that moves over a larger picture."""
    count, height, width = shape
    room = np.array([picture.shape[0] - height, picture.shape[1] - width])
    ends = rng.uniform(0, 1, (2, 2)) * room
    if rng.random() < 0.4:
        ends[1] = ends[0]
    path = np.rint(np.linspace(ends[0], ends[1], count)).astype(int)
    return np.stack([picture[y : y + height, x : x + width] for y, x in path])


def _clouds(rng: np.random.Generator, shape: tuple[int, int, int]) -> Floats:
    picture = _field(rng, shape, rng.uniform(0.6, 2.0))
    return _drift(rng, _colour(rng) + picture * rng.uniform(20, 80), shape)


def _photograph(rng: np.random.Generator, shape: tuple[int, int, int]) -> Floats:
    """Regions of different textures with uneven borders, lit unevenly."""
    total = _field(rng, shape, 1.2) * rng.uniform(10, 40) + _colour(rng)
    for _ in range(int(rng.integers(1, 6))):
        mask = _field(rng, shape, rng.uniform(1.2, 2.2))[..., :1] > rng.uniform(-0.5, 1.5)
        other = _colour(rng) + _field(rng, shape, rng.uniform(0.8, 1.6)) * rng.uniform(5, 45)
        total = np.where(mask, other, total)
    light = 1 + 0.3 * _field(rng, shape, 2.5)[..., :1]
    return _drift(rng, total * light, shape)


def _ramp(rng: np.random.Generator, shape: tuple[int, int, int]) -> Floats:
    count, height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    share = (x * np.cos(angle) / width + y * np.sin(angle) / height)[..., None]
    share = (share - share.min()) / max(float(np.ptp(share)), 1e-6)
    picture = _colour(rng) * share + _colour(rng) * (1 - share)
    fade = np.linspace(rng.uniform(0.5, 1), 1, count)[:, None, None, None]
    faded: Floats = (picture[None] * fade).astype(np.float32)
    return faded


def _flat(rng: np.random.Generator, shape: tuple[int, int, int]) -> Floats:
    """One colour: black, white or any, as in fades and test pictures."""
    colour = _colour(rng) if rng.random() < 0.5 else np.zeros(3, dtype=np.float32)
    return np.broadcast_to(colour + (255 if rng.random() < 0.25 else 0), (*shape, 3))


def _blobs(rng: np.random.Generator, shape: tuple[int, int, int]) -> Floats:
    """Moving things of other forms: ellipses, crosses, long bars, many-cornered patches."""
    count, height, width = shape
    unit = min(height, width)
    ground = _GROUNDS[int(rng.integers(len(_GROUNDS)))](rng, shape)
    frames = np.ascontiguousarray(np.clip(ground, 0, 255).astype(np.uint8))
    for _ in range(int(rng.integers(1, 9))):
        corners = _outline(rng) * unit * rng.uniform(0.08, 0.6)
        start, speed = rng.uniform(-0.6, 0.6, 2) * unit, rng.normal(size=2) * unit * 0.02
        spin = rng.normal() * 0.05
        colour = [int(v) for v in _colour(rng)]
        for t in range(count):
            c, s = np.cos(spin * t), np.sin(spin * t)
            points = corners @ np.array([[c, s], [-s, c]]) + start + speed * t
            points = points + np.array([width / 2, height / 2])
            cv2.fillPoly(frames[t], [np.rint(points * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)
    return frames.astype(np.float32)


def _outline(rng: np.random.Generator) -> NDArray[np.float64]:
    form = int(rng.integers(4))
    if form == 0:
        angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        return np.stack([np.cos(angles), np.sin(angles) * rng.uniform(0.25, 0.55)], 1) / 2
    if form == 1:
        side = rng.uniform(0.1, 0.35)
        return np.array([[-1, -side], [1, -side], [1, side], [-1, side]]) / 2
    if form == 2:
        a, b = 0.5, rng.uniform(0.12, 0.2)
        xs = [-b, b, b, a, a, b, b, -b, -b, -a, -a, -b]
        ys = [-a, -a, -b, -b, b, b, a, a, b, b, -b, -b]
        return np.stack([xs, ys], 1)
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(5, 12))))
    radii = rng.uniform(0.15, 0.55, len(angles))
    return np.stack([np.cos(angles) * radii, np.sin(angles) * radii], 1)


def _text(rng: np.random.Generator, shape: tuple[int, int, int]) -> Floats:
    """Lines of letters on a ground, still or scrolling, as in titles and screens."""
    _, height, width = shape
    canvas = np.empty((height * 2, width * 2, 3), dtype=np.uint8)
    canvas[:] = _colour(rng)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 "
    size = rng.uniform(0.25, 0.9)
    for y in range(8, height * 2, max(int(26 * size), 6)):
        line = "".join(letters[int(rng.integers(len(letters)))] for _ in range(30))
        colour = [int(v) for v in _colour(rng)]
        cv2.putText(canvas, line, (2, y), cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)
    return _drift(rng, canvas.astype(np.float32), shape)


_Kind = Callable[[np.random.Generator, tuple[int, int, int]], Floats]
_GROUNDS: tuple[_Kind, ...] = (_flat, _ramp, _clouds, _photograph)
_KINDS: tuple[_Kind, ...] = (_noise, _clouds, _photograph, _photograph, _ramp, _flat, _blobs, _text)
