"""What each attribute of a caption is worth to a generator: by how much the loss grows without it.

python benchmarks/attributes.py --checkpoint CHECKPOINT --seconds 0.125 --n 128

Held-out scenes with one object are noised, and the loss under their captions is compared with that
under captions of which one attribute was changed to another value, the wording staying the
same. Zero says that the network does not heed the word at this noise level. It sees what is
learned long before the parser finds it in samples.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from generator import flow
from generator.measure_tasks import Case, draw_cases
from generator.pack import Item, pack
from generator.sample import LoadedCheckpoint, load_checkpoint
from generator.settings import EvaluateSettings
from pipeline.world.rushes_world import RushesWorld
from schemas.facts import OBJECT_VALUES, SCENE_VALUES, Facts
from schemas.wording.render import render

OF_OBJECT = ("colour", "shape", "size", "place", "direction", "speed")
OF_SCENE = ("background_kind", "background_colour", "style", "camera")
TIMESTEPS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.97)
FIRST_SEED = 3_000_000
_BATCH = 32
_NOISES = 2


def changed(facts: Facts, name: str, rng: np.random.Generator) -> Facts | None:
    """Return facts with another value of one attribute; None where they do not have it."""
    if name in OF_OBJECT:
        item = facts.objects[0]
        values, now = OBJECT_VALUES[name], getattr(item, name)
    else:
        values, now = SCENE_VALUES[name], getattr(facts, name)
    if now is None:
        return None
    other = str(rng.choice([value for value in values if value != now]))
    if name in OF_OBJECT:
        return replace(facts, objects=(replace(item, **{name: other}),))
    return replace(facts, **{name: other})


def losses(
    loaded: LoadedCheckpoint, items: Sequence[Item], prompts: Mapping[int, str], t: float, seed: int
) -> Tensor:
    """Return the loss at one noise level of the clips that have a prompt, in their order.

    A clip gets the same noise whatever others are asked for.
    """
    found = []
    numbers = sorted(prompts)
    for first in range(0, len(numbers), _BATCH):
        some = numbers[first : first + _BATCH]
        packed = pack([items[i] for i in some], loaded.patch)
        shared = loaded.train_settings.shared_noise
        noise = torch.cat(
            [
                flow.draw_noise(
                    pack([items[i]], loaded.patch), torch.Generator().manual_seed(seed + i), shared
                )
                for i in some
            ]
        )
        timesteps = packed.timesteps(torch.full((len(some),), t))
        with torch.no_grad():
            told = loaded.denoiser.tell([prompts[i] for i in some])
            sums, counts = flow.clip_losses(loaded.denoiser, packed, timesteps, noise, told)
        found.append(sums / counts)
    return torch.cat(found)


def item_of(loaded: LoadedCheckpoint, case: Case, fps: float) -> Item:
    """Return a case's scene as the network gets it, nothing known."""
    pixels = case.clip.frames.pixels_THWC
    layout = loaded.codec.layout(len(pixels))
    latents = loaded.codec.encode(pixels, layout)
    _, g, h, w = latents.shape
    known = torch.zeros((g, h // loaded.patch, w // loaded.patch), dtype=torch.bool)
    return Item(latents_CGHW=latents, layout=layout, fps=fps, known_GHW=known)


def main() -> None:
    """Measure and print a table: noise levels down, attributes across."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=0.125)
    parser.add_argument("--n", type=int, default=128)
    parser.add_argument("--timesteps", type=float, nargs="+", default=TIMESTEPS)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    loaded = load_checkpoint(args.checkpoint)
    sampling = EvaluateSettings(seconds=args.seconds).sample()
    cases = draw_cases(
        RushesWorld(), args.n, sampling, split="seen", num_objects=1, first_seed=FIRST_SEED
    )
    items = [item_of(loaded, case, sampling.fps) for case in cases]
    rng = np.random.default_rng(0)
    prompts = {i: case.prompt for i, case in enumerate(cases)}
    swapped: dict[str, dict[int, str]] = {}
    for name in (*OF_OBJECT, *OF_SCENE):
        facts = {i: changed(case.clip.facts, name, rng) for i, case in enumerate(cases)}
        texts = {i: render(f, length="long", seed=cases[i].seed) for i, f in facts.items() if f}
        found = {i: text for i, text in texts.items() if text != prompts[i]}
        if len(found) >= 8:
            swapped[name] = found
    print(f"{'t':>5} {'loss':>7}" + "".join(f"{name:>19}" for name in swapped))
    rows: dict[str, dict[str, float]] = {}
    for t in args.timesteps:
        own = [losses(loaded, items, prompts, t, k * len(items)) for k in range(_NOISES)]
        row = {"loss": float(torch.stack(own).mean())}
        cells = ""
        for name, texts in swapped.items():
            part = sorted(texts)
            other = [losses(loaded, items, texts, t, k * len(items)) for k in range(_NOISES)]
            grown = (torch.stack(other) - torch.stack(own)[:, part]).mean(0)
            row[name] = float(grown.mean())
            spread = float(grown.std()) / len(part) ** 0.5
            cells += f"{row[name]:+11.4f} ±{spread:.4f}"
        rows[f"{t:g}"] = row
        print(f"{t:5.2f} {row['loss']:7.3f}{cells}", flush=True)
    if args.out:
        args.out.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
