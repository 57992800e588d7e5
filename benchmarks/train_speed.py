"""Speed of training: our packed step beside padding, buckets and a plain step.

python benchmarks/train_speed.py --size tiny --out train_speed.json

All four train the same network on the same clips, of the sizes in `MIX`, each in a process of
its own, in turns. Tokens that are padding are not counted. Padding and buckets run our own step,
so that only the shape of the batch differs; `plain` is a step as it is usually written: batches of
one size, the library's attention, norms and optimizer.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator import flow
from generator.attend import blank_rows
from generator.dit import SIZES, Size, flops_forward
from generator.optimizer import Optimizer
from generator.pack import Item, Pack, pack
from generator.parallel import autocast, autocast_dtype
from generator.patchify import num_tokens
from generator.text import NUM_SUMMARIES, num_words

VARIANTS = ("packed", "padded", "buckets", "plain")
CHANNELS = 16
FPS = 8.0
MIX: tuple[tuple[tuple[int, int, int], float], ...] = (
    ((4, 8, 8), 0.30),
    ((4, 6, 11), 0.15),
    ((4, 11, 6), 0.10),
    ((2, 8, 8), 0.10),
    ((3, 7, 9), 0.10),
    ((6, 8, 8), 0.05),
    ((1, 8, 8), 0.10),
    ((1, 6, 11), 0.05),
    ((8, 6, 6), 0.05),
)
"""Groups, rows and columns of latents, and how often: clips of 64x64 pixels or so and images."""
WORDS = (12, 30, 70)
"""Words of a short, a medium and a long caption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A clip to train on."""

    grid: tuple[int, int, int]
    latents_CGHW: Tensor
    prompt: str

    @property
    def tokens(self) -> int:
        """Its size."""
        return num_tokens(self.grid)


def clips(count: int, seed: int = 0) -> list[Clip]:
    """Draw clips of the mix; latents are noise: what they show costs nothing."""
    rng = np.random.default_rng(seed)
    shares = np.array([share for _, share in MIX])
    found = []
    for _ in range(count):
        grid = MIX[rng.choice(len(MIX), p=shares / shares.sum())][0]
        length = int(rng.choice(WORDS))
        prompt = " ".join(f"w{rng.integers(500)}" for _ in range(length))
        latents = torch.from_numpy(rng.standard_normal((CHANNELS, *grid)).astype(np.float32))
        found.append(Clip(grid=grid, latents_CGHW=latents, prompt=prompt))
    return found


def packed_of(part: list[Clip], patch: int) -> Pack:
    """Pack clips as training does: equal sizes side by side."""
    items = []
    for clip in sorted(part, key=lambda c: (c.tokens, c.grid)):
        g, h, w = clip.grid
        h, w = h // patch * patch, w // patch * patch
        items.append(
            Item(
                latents_CGHW=clip.latents_CGHW[:, :, :h, :w],
                layout=(4,) * g,
                fps=FPS,
                known_GHW=torch.zeros((g, h // patch, w // patch), dtype=torch.bool),
            )
        )
    return pack(items, patch)


def batches(
    variant: str, found: list[Clip], budget: int, patch: int
) -> Iterator[tuple[Pack, list[str], int]]:
    """Yield packs, their prompts, and the tokens in them that are no padding."""
    if variant == "padded":
        longest = max(found, key=lambda c: c.tokens)
        per_batch = max(1, budget * patch**2 // longest.tokens)
        for start in range(0, len(found), per_batch):
            part = found[start : start + per_batch]
            most = max(part, key=lambda c: c.tokens)
            one = packed_of([most] * len(part), patch)
            yield one, [c.prompt for c in part], sum(c.tokens for c in part) // patch**2
        return
    if variant == "packed":
        part: list[Clip] = []
        tokens = 0
        for clip in found:
            if part and tokens + clip.tokens > budget * patch**2:
                yield packed_of(part, patch), [c.prompt for c in part], tokens // patch**2
                part, tokens = [], 0
            part.append(clip)
            tokens += clip.tokens
        return
    # Buckets, and the plain step on them: full batches of one size; the rest waits or is dropped.
    waiting: dict[tuple[int, int, int], list[Clip]] = {}
    for clip in found:
        same = waiting.setdefault(clip.grid, [])
        same.append(clip)
        if (len(same) + 1) * clip.tokens > budget * patch**2:
            tokens = sum(c.tokens for c in same) // patch**2
            yield packed_of(same, patch), [c.prompt for c in same], tokens
            waiting[clip.grid] = []


def left_out(found: list[Clip], budget: int, patch: int) -> int:
    """Return how many clips of one pass buckets do not show: batches that never fill."""
    sizes = Counter(clip.grid for clip in found)
    return sum(
        count % max(1, budget * patch**2 // num_tokens(grid)) for grid, count in sizes.items()
    )


class PlainBlock(nn.Module):
    """A block as it is usually written: B,N,D, one timestep a clip, the library's parts."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        width = size.width
        self.heads = width // size.head_width
        self.norms = nn.ModuleList(nn.RMSNorm(width, elementwise_affine=False) for _ in range(3))
        self.qk_norms = nn.ModuleList(nn.RMSNorm(size.head_width) for _ in range(4))
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.text_q = nn.Linear(width, width, bias=False)
        self.text_kv = nn.Linear(width, 2 * width, bias=False)
        self.text_out = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, size.mlp_ratio * width, bias=False)
        self.down = nn.Linear(size.mlp_ratio * width, width, bias=False)
        self.modulation = nn.Parameter(torch.zeros(6, width))

    def forward(
        self, x: Tensor, shared: Tensor, cos: Tensor, sin: Tensor, text: Tensor, mask: Tensor
    ) -> Tensor:
        """Return the residual after this block."""
        shift1, scale1, gate1, shift2, scale2, gate2 = (shared + self.modulation)[
            :, :, None
        ].unbind(1)
        h = self.norms[0](x) * (1 + scale1) + shift1
        q, k, v = self._heads(self.qkv(h), 3)
        q, k = self._turn(self.qk_norms[0](q), cos, sin), self._turn(self.qk_norms[1](k), cos, sin)
        x = x + gate1 * self.out(self._join(F.scaled_dot_product_attention(q, k, v)))
        (q,) = self._heads(self.text_q(self.norms[1](x)), 1)
        k, v = self._heads(self.text_kv(text), 2)
        q, k = self.qk_norms[2](q), self.qk_norms[3](k)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None])
        x = x + self.text_out(self._join(attended))
        h = self.norms[2](x) * (1 + scale2) + shift2
        return x + gate2 * self.down(F.silu(self.up(h)))

    def _heads(self, x: Tensor, count: int) -> tuple[Tensor, ...]:
        b, n, _ = x.shape
        return x.reshape(b, n, count, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)

    def _join(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2).flatten(2)

    def _turn(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        one, other = x.chunk(2, -1)
        return torch.cat((one * cos - other * sin, other * cos + one * sin), -1)


class Plain(nn.Module):
    """The same network as ours, around plain blocks; embeddings and head are ours."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.ours = flow.Denoiser(size, CHANNELS)
        self.ours.dit.blocks = nn.ModuleList()
        self.blocks = nn.ModuleList(PlainBlock(size) for _ in range(size.depth))

    def forward(self, one: Pack, t_B: Tensor, prompts: list[str]) -> Tensor:
        """Return clean tokens N,C of clips of one size."""
        from generator.dit import _position_features, _timestep_features, rope_angles

        dit, count = self.ours.dit, len(one.grids)
        told = self.ours.tell(prompts)
        condition = dit.embed_timestep(_timestep_features(t_B)) + told.pooled_BD
        shared = dit.condition(condition).unflatten(1, (6, -1))
        x = dit.embed(one.tokens_NC) + dit.embed_position(_position_features(one.positions_N5))
        x = x.unflatten(0, (count, -1))
        angles = rope_angles(one.positions_N5, dit.size.head_width).unflatten(0, (count, -1))
        cos, sin = angles.cos()[:, None], angles.sin()[:, None]
        for number, block in enumerate(self.blocks):
            x = block(x, shared, cos, sin, *told.texts[number % len(told.texts)])
        shift, scale = dit.final_condition(condition)[:, None].chunk(2, -1)
        x = F.rms_norm(x, x.shape[-1:]) * (1 + scale) + shift
        out: Tensor = dit.head(x).flatten(0, 1).float()
        return out


def run(variant: str, size_name: str, budget: int, seconds: float) -> dict[str, float]:
    """Train for so long in this process; return tokens a second, share of peak, memory."""
    size = SIZES[size_name]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = autocast_dtype("auto", device)
    found = clips(4000)
    torch.manual_seed(0)
    network = (Plain(size) if variant == "plain" else flow.Denoiser(size, CHANNELS)).to(device)
    ema = [p.detach().clone() for p in network.parameters()]
    ours = Optimizer(network) if variant != "plain" else None
    plain = torch.optim.AdamW(network.parameters(), lr=1e-3) if variant == "plain" else None
    tokens, rows, flops, steps, started = 0, 0, 0.0, 0, 0.0
    stream = batches(variant, found, budget, size.patch)
    while True:
        batch = next(stream, None)
        if batch is None:
            stream = batches(variant, found, budget, size.patch)
            continue
        one, prompts, useful = batch
        one = one.to(device)
        t_B = torch.rand(len(one.grids), device=device)
        timesteps_N = one.timesteps(t_B)
        noise_NC = torch.randn_like(one.tokens_NC)
        noisy = one.with_tokens(flow.noised(one.tokens_NC, noise_NC, timesteps_N))
        with autocast(device, dtype):
            blank = 0 if variant == "plain" else blank_rows(one.tokens_NC, size.head_width)
            if isinstance(network, Plain):
                clean_NC = network(noisy, t_B, prompts)
            else:
                clean_NC = network(noisy, timesteps_N, network.tell(prompts))
        loss = flow.loss_per_token(clean_NC, one.tokens_NC, timesteps_N).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        if ours is not None:
            ours.step(learning_rate=1e-3, matrix_learning_rate=1e-3)
        else:
            assert plain is not None
            plain.step()
            plain.zero_grad(set_to_none=True)
        with torch.no_grad():
            torch._foreach_lerp_(ema, list(network.parameters()), 0.01)
        if device.type == "cuda":
            torch.cuda.synchronize()
        steps += 1
        if steps == 5:
            started, tokens, rows, flops = time.perf_counter(), 0, 0, 0.0
        elif steps > 5:
            tokens += useful
            rows += len(one.tokens_NC) + blank
            states = mean((NUM_SUMMARIES, mean(map(num_words, prompts))))
            flops += 3 * flops_forward(size, CHANNELS, one.lengths, states)
            if time.perf_counter() - started > seconds:
                break
    taken = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated()
    return {
        "tokens_per_s": tokens / taken,
        "padding_share": 1.0 - tokens / rows,
        "tflops": flops / taken / 1e12,
        "share_of_peak": flops / taken / gemm_flops(device, dtype),
        "peak_gib": peak / 2**30,
        "steps": steps,
    }


def gemm_flops(device: torch.device, dtype: torch.dtype | None) -> float:
    """Return the floating point operations a second of large matrix products."""
    side = 2048 if device.type == "cpu" else 8192
    a = torch.randn(side, side, device=device, dtype=dtype or torch.float32)
    best = 0.0
    for _ in range(8):
        started = time.perf_counter()
        for _ in range(4):
            a @ a
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = max(best, 8 * side**3 / (time.perf_counter() - started))
    return best


def main() -> None:
    """Measure every variant in turns and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="tiny", choices=tuple(SIZES))
    parser.add_argument("--budget", type=int, default=4096, help="tokens in a batch")
    parser.add_argument("--seconds", type=float, default=15.0, help="of each run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", choices=VARIANTS, help="run one, in this process")
    args = parser.parse_args()
    if args.only:
        print(json.dumps(run(args.only, args.size, args.budget, args.seconds)))
        return
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in VARIANTS}
    for _ in range(args.rounds):
        for name in VARIANTS:
            command = [sys.executable, __file__, "--only", name, "--size", args.size]
            command += ["--budget", str(args.budget), "--seconds", str(args.seconds)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            rows[name].append(json.loads(done.stdout.splitlines()[-1]))
    found = clips(4000)
    result = {
        "size": args.size,
        "token_budget": args.budget,
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "clips_left_out_of_4000_by_buckets": left_out(found, args.budget, SIZES[args.size].patch),
        "variants": {
            name: {key: statistics.median(row[key] for row in found_rows) for key in found_rows[0]}
            for name, found_rows in rows.items()
        },
    }
    print(json.dumps(result, indent=1))
    if args.out:
        args.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
