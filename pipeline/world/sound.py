"""A simple sound for drawn footage: every shot has a chord of its own that beats (pure)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 24_000
_LOUDNESS = 0.25
_HISS = 0.004
_FIFTH = 1.5

Samples = NDArray[np.float32]


def sample_at(frame: int, fps: float) -> int:
    """Return the first sample of a frame."""
    return round(frame / fps * RATE_HZ)


def make_sound(
    rng: np.random.Generator, spans: list[tuple[int, int]], num_frames: int, fps: float
) -> Samples:
    """Return the sound of a file whose shots are the `spans` of frames, mono float32."""
    total = sample_at(num_frames, fps)
    samples = rng.standard_normal(total, dtype=np.float32) * _HISS
    for start_frame, end_frame in spans:
        start, end = sample_at(start_frame, fps), min(sample_at(end_frame, fps), total)
        times_s = np.arange(end - start, dtype=np.float64) / RATE_HZ
        pitch_hz = 110 * 2 ** (int(rng.integers(0, 25)) / 12)
        beat = 0.6 + 0.4 * np.sin(2 * np.pi * rng.uniform(1, 4) * times_s)
        chord = np.sin(2 * np.pi * pitch_hz * times_s)
        chord += np.sin(2 * np.pi * pitch_hz * _FIFTH * times_s) / 2
        samples[start:end] += (_LOUDNESS * beat * chord).astype(np.float32)
    return samples


def fit(samples: Samples, speed: float, num_frames: int, fps: float) -> Samples:
    """Return the sound played `speed` times as fast, as long as the frames; its pitch rises."""
    wanted = np.arange(sample_at(num_frames, fps), dtype=np.float64) * speed
    known = np.arange(len(samples), dtype=np.float64)
    return np.interp(wanted, known, samples).astype(np.float32)
