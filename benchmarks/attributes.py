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
from collections.abc import Sequence
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
    loaded: LoadedCheckpoint, items: Sequence[Item], prompts: Sequence[str], t: float, seed: int
) -> Tensor:
    """Return the loss of each clip under its prompt at one noise level."""
    found = []
    for first in range(0, len(items), _BATCH):
        packed = pack(items[first : first + _BATCH], loaded.patch)
        rng = torch.Generator().manual_seed(seed + first)
        noise = torch.randn(packed.tokens_NC.shape, generator=rng)
        timesteps = packed.timesteps(torch.full((len(packed.grids),), t))
        noisy = packed.with_tokens(flow.noised(packed.tokens_NC, noise, timesteps))
        with torch.no_grad():
            told = loaded.denoiser.tell(prompts[first : first + _BATCH])
            clean = loaded.denoiser(noisy, timesteps, told)
        sums, counts = flow.loss_per_clip(
            flow.loss_per_token(clean, packed.tokens_NC, timesteps), packed
        )
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
    prompts = [case.prompt for case in cases]
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
        own = [losses(loaded, items, prompts, t, 1000 * k) for k in range(_NOISES)]
        row = {"loss": float(torch.stack(own).mean())}
        cells = ""
        for name, texts in swapped.items():
            part = sorted(texts)
            # The same noise for a clip under both captions.
            told = [texts.get(i, prompts[i]) for i in range(len(items))]
            grown = torch.stack(
                [losses(loaded, items, told, t, 1000 * k) - own[k] for k in range(_NOISES)]
            ).mean(0)[part]
            row[name] = float(grown.mean())
            spread = float(grown.std()) / len(part) ** 0.5
            cells += f"{row[name]:+11.4f} ±{spread:.4f}"
        rows[f"{t:g}"] = row
        print(f"{t:5.2f} {row['loss']:7.3f}{cells}", flush=True)
    if args.out:
        args.out.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
