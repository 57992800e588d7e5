"""Scenes for these tests: random facts by the grammar, and a few drawn clips."""

from functools import cache
from random import Random

from captioner.tiny.sequence import Control, Writer
from pipeline.world.rushes_world import RushesWorld
from schemas.facts import Facts
from schemas.frames import TrackedClip


def random_writing(seed: int, control: Control = "long") -> Writer:
    """Return a sequence in which every token is drawn from those that are legal."""
    rng = Random(seed)
    writer = Writer(control)
    while not writer.is_done:
        writer.push(rng.choice(writer.legal()))
    return writer


def random_facts(seed: int) -> Facts:
    return random_writing(seed).facts()


@cache
def drawn(count: int, *, split: str = "train", first_seed: int = 0) -> tuple[TrackedClip, ...]:
    world = RushesWorld()
    return tuple(
        world.draw_tracked(
            seed=first_seed + i, split=split, width_px=64, height_px=64, num_frames=16, fps=8
        )
        for i in range(count)
    )
