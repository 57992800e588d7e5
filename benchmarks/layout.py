"""How fast does the place that a caption names become a place in the picture?

python benchmarks/layout.py --steps 300                    # captions of still pictures, t = 1
python benchmarks/layout.py --steps 300 --frames 16        # captions that tell of motion too
python benchmarks/layout.py --steps 300 --frames 16 --bare  # the same facts as bare words
python benchmarks/layout.py --steps 300 --frames 16 --reading-steps 150
python benchmarks/layout.py --steps 300 --shift 2.8 --spread 1.75

A fresh network learns first frames of drawn scenes, at pure noise or at drawn timesteps. Every 100
steps it predicts frames from pure noise and a caption; the ninth of the picture that stands out
most is taken for the place of the object. Beside it stand the same of the frames themselves (what
can be read so at all) and of predictions from another scene's caption (the floor). With
`--reading-steps`, the text encoder has learned to read before the first step, and stays as it is.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from generator import flow
from generator.codec import Codec
from generator.codecs import open_codec
from generator.dit import SIZES
from generator.optimizer import Optimizer
from generator.pack import Item, Pack, pack
from generator.parallel import autocast, autocast_dtype
from generator.reading import learn_to_read
from pipeline.world.rushes_world import RushesWorld
from schemas.facts import PLACES, Facts, to_plain
from schemas.mix import CaptionMix
from schemas.wording.render import Length, render

_CPU = torch.device("cpu")
_SIDE_PX = 64
_NUM_HELD = 256
_EVERY = 100
_SIZES = tuple(name for name, size in SIZES.items() if size.patch == 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The latents C,h,w of a scene's first frame, its caption, and the number of its place."""

    latents_CHW: Tensor
    caption: str
    structured: str
    """The facts of the scene, as a captioner would give them."""
    place: int


def bare(facts: Facts) -> str:
    """Return the facts of a scene and its object as words that nobody has to understand."""
    named = {**asdict(facts), **asdict(facts.objects[0])}
    return " ".join(f"{name}_{value}" for name, value in named.items() if isinstance(value, str))


def scenes(
    count: int, num_frames: int, codec: Codec, first_seed: int, *, are_bare: bool
) -> list[Scene]:
    """Draw scenes with one object; of clips of one frame, captions tell of no motion."""
    world = RushesWorld()
    found: list[Scene] = []
    seed = first_seed
    while len(found) < count:
        clip = world.draw_tracked(
            seed=seed,
            split="seen",
            width_px=_SIDE_PX,
            height_px=_SIDE_PX,
            num_frames=num_frames,
            fps=8.0,
            kind="free",
            num_objects=1,
        )
        place = clip.facts.objects[0].place
        if place is not None:
            latents = codec.encode(clip.frames.pixels_THWC[:1], (1,))[:, 0]
            length: Length = "long" if seed % 2 else "medium"
            facts = clip.facts
            caption = bare(facts) if are_bare else render(facts, length=length, seed=seed)
            found.append(
                Scene(
                    latents_CHW=latents,
                    caption=caption,
                    structured=json.dumps(to_plain(facts)),
                    place=PLACES.index(place),
                )
            )
        seed += 1
    return found


def packed(found: list[Scene]) -> Pack:
    """Return the frames as one pack."""
    return pack(
        [
            Item(
                latents_CGHW=scene.latents_CHW[:, None],
                layout=(1,),
                fps=8.0,
                known_GHW=torch.zeros((1, *scene.latents_CHW.shape[1:]), dtype=torch.bool),
            )
            for scene in found
        ]
    )


def places(tokens_NC: Tensor, count: int) -> Tensor:
    """Return the ninth of each of `count` pictures whose latents differ most from the median."""
    side = round((len(tokens_NC) / count) ** 0.5)
    x = tokens_NC.reshape(count, side, side, -1)
    away = (x - x.flatten(1, 2).median(1).values[:, None, None]).square().sum(-1)
    third = ((torch.arange(side) + 0.5) * 3 / side).long()
    ninths = torch.nn.functional.one_hot(third[:, None] * 3 + third, 9).float()
    means = torch.einsum("bij,ijk->bk", away, ninths) / ninths.sum((0, 1))
    return means.argmax(1)


@torch.no_grad()
def measure(network: flow.Denoiser, held: list[Scene]) -> dict[str, float]:
    """Predict from pure noise, under each scene's caption and under the next scene's."""
    one = packed(held)
    truth = torch.tensor([scene.place for scene in held])
    noise = torch.randn(one.tokens_NC.shape, generator=torch.Generator().manual_seed(3))
    captions = [scene.caption for scene in held]
    found: dict[str, float] = {}
    for name, told in (("own", captions), ("other", [*captions[1:], *captions[:1]])):
        with autocast(_CPU, autocast_dtype("auto", _CPU)):
            clean = network(
                one.with_tokens(noise), torch.ones(len(noise)), network.tell(told)
            ).float()
        found[f"loss_{name}"] = (clean - one.tokens_NC).square().mean().item()
        found[f"place_{name}"] = (places(clean, len(held)) == truth).float().mean().item()
    found["place_of_frames"] = (places(one.tokens_NC, len(held)) == truth).float().mean().item()
    return found


def main() -> None:
    """Train for so many steps and print one line every hundred."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=4000)
    parser.add_argument("--frames", type=int, default=1, help="of the clips that captions tell of")
    parser.add_argument("--bare", action="store_true", help="captions are facts as bare words")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--shift", type=float, help="of the timesteps; without it all are at t = 1")
    parser.add_argument("--spread", type=float, default=1.75)
    parser.add_argument("--size", default="tiny", choices=_SIZES)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--matrix-learning-rate", type=float, default=6e-3)
    parser.add_argument("--reading-steps", type=int, default=0, help="of 32 captions each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    codec = open_codec("shipped")
    first_seed = 20_000_000 + args.seed * 1_000_000
    count = args.scenes + _NUM_HELD
    drawn = scenes(count, args.frames, codec, first_seed, are_bare=args.bare)
    held, shown = drawn[:_NUM_HELD], drawn[_NUM_HELD:]
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    network = flow.Denoiser(SIZES[args.size], codec.num_channels)
    captions = [{"long": scene.caption, "structured": scene.structured} for scene in drawn]
    report = learn_to_read(
        network,
        captions[_NUM_HELD:],
        captions[:_NUM_HELD],
        CaptionMix(),
        steps=args.reading_steps,
        learning_rate=args.learning_rate,
        matrix_learning_rate=args.matrix_learning_rate,
        use_muon=True,
        seed=args.seed,
        dtype=autocast_dtype("auto", _CPU),
    )
    if report is not None:
        print(json.dumps(asdict(report)), flush=True)
    optimizer = Optimizer(network)
    rows = []
    started = time.perf_counter()
    for step in range(args.steps + 1):
        if step % _EVERY == 0:
            row = {"step": step, "seconds": time.perf_counter() - started} | measure(network, held)
            rows.append(row)
            print(json.dumps({k: round(v, 4) for k, v in row.items()}), flush=True)
        part = [shown[i] for i in rng.integers(len(shown), size=args.batch)]
        one = packed(part)
        t_B = torch.ones(args.batch)
        if args.shift is not None:
            draws = torch.Generator().manual_seed(step)
            t_B = flow.draw_timesteps(args.shift * t_B, draws, spread=args.spread)
        t_N = one.timesteps(t_B)
        noisy = one.with_tokens(flow.noised(one.tokens_NC, torch.randn_like(one.tokens_NC), t_N))
        with autocast(_CPU, autocast_dtype("auto", _CPU)):
            clean = network(noisy, t_N, network.tell([scene.caption for scene in part]))
        loss = flow.loss_per_token(clean, one.tokens_NC, t_N).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step(
            learning_rate=args.learning_rate, matrix_learning_rate=args.matrix_learning_rate
        )
    if args.out:
        settings = {k: v for k, v in vars(args).items() if k != "out"}
        args.out.write_text(json.dumps({"settings": settings, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
