"""Do samples get better with compute? One training, the same prompts and seeds at each checkpoint.

python benchmarks/compute.py --run RUN_FOLDER --shares 0.03125 0.125 1 --n 128 --seconds 0.125

`RUN_FOLDER` is that of a training which kept its checkpoints (`train.keep_checkpoints`). Of each
share of its tokens the nearest checkpoint is taken; the learning rate had not come down at the
earlier ones, which costs them something. The slope is that of the share right over the doublings of
compute, with a 95 % interval over the prompts (bootstrap).
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.attributes import item_of, losses
from generator import checkpoint
from generator.dit import SIZES, flops_forward
from generator.make import Making, make_batch
from generator.measure_prompts import Answer, answer, shares
from generator.measure_tasks import Case, draw_cases
from generator.sample import LoadedCheckpoint, load_checkpoint
from generator.settings import EvaluateSettings, SampleSettings
from generator.text import NUM_SUMMARIES
from pipeline.world.rushes_world import RushesWorld
from schemas.wording.read import read

FIRST_SEED = 4_000_000
_BATCH = 32
_RESAMPLES = 2000
_LOSS_AT = 0.7
_STEP = "step_"
_WORDS = 40
"""Of a caption, about."""


def seen_by_step(run: Path) -> dict[int, tuple[int, int]]:
    """Return how many tokens and clips a training had seen after each step, from its log."""
    tokens = 0
    found: dict[int, tuple[int, int]] = {}
    with (run / "losses.csv").open() as file:
        for row in csv.DictReader(file):
            tokens += int(row["tokens"])
            found[int(row["step"])] = tokens, int(row["clips_seen"])
    return found


def training_flops(loaded: LoadedCheckpoint, tokens: int, clips: int) -> float:
    """Return the operations of a training on so many tokens of so many clips of mean length."""
    size, channels = SIZES[loaded.train_settings.size], loaded.codec.num_channels
    per_clip = flops_forward(size, channels, [tokens // clips], (NUM_SUMMARIES + _WORDS) / 2)
    return 3.0 * clips * per_clip


def answers(
    loaded: LoadedCheckpoint, cases: list[Case], sampling: SampleSettings, world: RushesWorld
) -> list[Answer]:
    """Sample every case's prompt from its seed and compare."""
    found = []
    for first in range(0, len(cases), _BATCH):
        part = cases[first : first + _BATCH]
        makings = [Making(prompt=case.prompt) for case in part]
        videos = make_batch(loaded, makings, sampling, seeds=[case.seed for case in part])
        for case, video in zip(part, videos, strict=True):
            found.append(answer(read(case.prompt), video, sampling.fps, world))
    return found


def slope(
    right_KN: NDArray[np.float64], doublings_K: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Return the rise of the mean of each row over a doubling, and its 95 % interval."""
    rng = np.random.default_rng(0)
    n = right_KN.shape[1]
    picks = [np.arange(n), *rng.integers(n, size=(_RESAMPLES, n))]
    found = [np.polyfit(doublings_K, right_KN[:, pick].mean(1), 1)[0] for pick in picks]
    low, high = np.quantile(found[1:], (0.025, 0.975))
    return float(found[0]), float(low), float(high)


def main() -> None:
    """Measure and print a line for each checkpoint, then the slopes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--shares", type=float, nargs="+", default=(1 / 32, 1 / 8, 1.0))
    parser.add_argument("--n", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=0.125)
    parser.add_argument("--guidance", type=float, default=2.0)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    world = RushesWorld()
    sampling = EvaluateSettings(seconds=args.seconds, guidance_scale=args.guidance).sample()
    cases = draw_cases(world, args.n, sampling, split="seen", num_objects=1, first_seed=FIRST_SEED)
    prompts = {i: case.prompt for i, case in enumerate(cases)}
    seen = seen_by_step(args.run)
    there = [
        int(p.name.removeprefix(_STEP)) for p in checkpoint.checkpoints(args.run / "checkpoints")
    ]
    total = seen[there[-1]][0]
    rows: list[dict[str, Any]] = []
    part_KN, all_KN = [], []
    for share in sorted(args.shares):
        step = min(there, key=lambda one: abs(seen[one][0] - share * total))
        loaded = load_checkpoint(args.run / "checkpoints" / f"{_STEP}{step:08d}")
        items = [item_of(loaded, case, sampling.fps) for case in cases]
        found = answers(loaded, cases, sampling, world)
        part_KN.append([sum(a.right.values()) / sum(a.asked.values()) for a in found])
        all_KN.append([float(a.all_correct) for a in found])
        row: dict[str, Any] = {
            "step": step,
            "tokens": seen[step][0],
            "training_pflop": training_flops(loaded, *seen[step]) / 1e15,
            "loss": float(losses(loaded, items, prompts, _LOSS_AT, 0).mean()),
            "right": float(np.mean(part_KN[-1])),
            **{name: share.plain() for name, share in shares(found).items()},
        }
        rows.append(row)
        print(
            f"step {step:6d}  {row['tokens'] / 1e6:6.2f} M tokens"
            f"  {row['training_pflop']:6.2f} PFLOP  loss {row['loss']:.3f}"
            f"  right {row['right']:.3f}  all {row['all']['share']:.3f}",
            flush=True,
        )
    doublings = np.log2([row["training_pflop"] for row in rows])
    slopes = {
        name: dict(zip(("slope", "low", "high"), slope(np.array(values), doublings), strict=True))
        for name, values in (("right", part_KN), ("all", all_KN))
    }
    for name, found_slope in slopes.items():
        print(name, "a doubling:", {k: round(v, 4) for k, v in found_slope.items()})
    if args.out:
        settings = {k: v for k, v in vars(args).items() if k not in ("out", "run")}
        args.out.write_text(
            json.dumps({"settings": settings, "rows": rows, "slopes": slopes}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
