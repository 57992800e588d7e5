"""The captioner's network: spacetime patches, slots that follow colours, a causal decoder.

1. Windows of four frames, every second frame, go through strided convolutions: one token for
   every 8 x 8 pixels of two frames.
2. Two blocks mix the tokens over time and within each moment.
3. Slots gather them: at every moment one slot for each colour that an object may have (objects
   of a clip differ in colour) and a few for the scene; then latents for the whole clip.
4. Four blocks of attention over slots and latents: paths, meetings, what the camera does.
5. A causal decoder reads slots and latents and writes `captioner.tiny.sequence`.

Letters of shapes: B clips, T frames, M = T / 2 moments, P places (8 x 8 pixels), S slots of a
moment, L latents, D width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from captioner.tiny.blocks import (
    NUM_COLOURS,
    SCENE_SLOTS,
    Block,
    MixBlock,
    Past,
    Slots,
    Stem,
)
from captioner.tiny.vocabulary import FIELD_OF, MAX_TOKENS, TOKENS, VALUE_OF
from schemas.facts import COLOURS
from schemas.processor import multiplies_bfloat16_fast

PATCH_PX = 8
FRAMES_PER_MOMENT = 2
BRIEF = 16
SLOT_VALUES = 13
SPOT_VALUES = 12
SCENE_LATENTS = 8

OBJECT_HEADS: dict[str, int] = {
    "present": 1,
    "shape": 4,
    "size": 4,
    "place": 10,
    "action": 4,
    "direction": 9,
    "speed": 4,
    "bounces": 2,
    "change": 5,
    "new_colour": 9,
    "leaves_trail": 2,
}
"""What each colour's latent tells, and in how many values; the last of a field may be none."""
SCENE_HEADS: dict[str, int] = {
    "background_kind": 8,
    "background_colour": 8,
    "camera": 11,
    "style": 3,
    "prop": 5,
    "prop_colour": 11,
    "num_views": 4,
    "domain": 1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkShape:
    """The sizes of a network; kept beside its weights."""

    width: int = 160
    stem_widths: tuple[int, int] = (32, 96)
    heads: int = 5
    mix_blocks: int = 2
    slot_blocks: int = 4
    decoder_width: int = 128
    decoder_heads: int = 4
    decoder_blocks: int = 2


@dataclass(slots=True, kw_only=True)
class Seen:
    """What the encoder makes of a batch."""

    memory_BND: Tensor
    """Slots of all moments and latents, N = M * S + L; the latents come last."""
    heat_BMPC: Tensor
    """How likely each colour's object is at each place (logits over places)."""
    spots_BMPK: Tensor
    """What a token tells of the object whose centre it holds: x and y of that centre in
    patches from the token's own, the rest as in `slots_2BMCK` from log diameter on."""
    slots_2BMCK: Tensor
    """Per moment and colour, before and after the attention over the whole clip: is visible
    (logit), x, y, log diameter, velocity x and y, four logits of the shape, three of the style."""
    camera_BM3: Tensor
    """The camera's speed: x, y in units per second, logarithm of magnification per second."""
    objects: dict[str, Tensor]
    """`OBJECT_HEADS`, each B x C x values."""
    scene: dict[str, Tensor]
    """`SCENE_HEADS`, each B x values."""


@dataclass(slots=True, kw_only=True)
class Story:
    """What the decoder keeps while it writes: per block, of all objects, of the one named last."""

    past: list[Past]
    subjects_BCD: Tensor
    brief_B1D: Tensor
    current_B: Tensor
    """The colour of the object last named, -1 for none."""


def mixed() -> torch.autocast:
    """Return a context in which products are taken in bfloat16 where this machine is fast at it."""
    return torch.autocast("cpu", torch.bfloat16, enabled=multiplies_bfloat16_fast())


class TinyNetwork(nn.Module):
    """Reads clips whose shorter side is 64 pixels; sides are multiples of 8, frames even."""

    named: Tensor

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        self.stem = Stem(shape.stem_widths, width)
        self.place = nn.Linear(24, width)
        self.moment = nn.Linear(18, width)
        self.rate = nn.Linear(18, 2 * width)
        self.mix = nn.ModuleList(MixBlock(width, shape.heads) for _ in range(shape.mix_blocks))
        self.gather = Slots(width, shape.heads)
        # Who is who must stay plain beside what is told of each, or the decoder confuses them.
        self.slot_queries = nn.Parameter(0.7 * torch.randn(NUM_COLOURS + SCENE_SLOTS, width))
        self.latents = nn.Parameter(0.7 * torch.randn(NUM_COLOURS + SCENE_LATENTS, width))
        self.sum_objects = nn.Linear(3 * width, width, bias=False)
        self.sum_scene = nn.Linear(width, width, bias=False)
        self.slot_moment = nn.Linear(18, width)
        self.blocks = nn.ModuleList(Block(width, shape.heads) for _ in range(shape.slot_blocks))
        self.norm = nn.LayerNorm(width)
        self.spot_head = nn.Linear(width, SPOT_VALUES)
        self.early_head = nn.Linear(width, SLOT_VALUES)
        self.slot_head = nn.Linear(width, SLOT_VALUES)
        self.camera_head = nn.Linear(SCENE_SLOTS * width, 3)
        self.object_heads = nn.Linear(width, sum(OBJECT_HEADS.values()))
        self.scene_heads = nn.Linear(SCENE_LATENTS * width, sum(SCENE_HEADS.values()))
        self.words = nn.Embedding(len(TOKENS), shape.decoder_width)
        self.steps = nn.Parameter(torch.randn(MAX_TOKENS, shape.decoder_width) * 0.02)
        self.decoder = nn.ModuleList(
            Block(shape.decoder_width, shape.decoder_heads, causal=True, memory=width)
            for _ in range(shape.decoder_blocks)
        )
        # What is being told of: the latent of the object last named, and a brief of all latents.
        self.point = nn.Linear(width, shape.decoder_width, bias=False)
        self.brief = nn.Linear(width, BRIEF)
        self.brief_out = nn.Linear(
            BRIEF * (NUM_COLOURS + SCENE_LATENTS), shape.decoder_width, bias=False
        )
        self.decoder_norm = nn.LayerNorm(shape.decoder_width)
        self.register_buffer("named", torch.tensor(_named_colours()), persistent=False)
        self.word_head = nn.Linear(shape.decoder_width, len(TOKENS))
        self._begin()

    def encode(self, frames_BTHWC: Tensor, times_T: Tensor) -> Seen:
        """Look at clips of one size and rate.

        `frames_BTHWC` is uint8; `times_T` holds the frames' times in seconds, evenly spaced.
        """
        x = self._tokens(frames_BTHWC, times_T)
        for block in self.mix:
            x = block(x)
        slots, heat = self.gather(x)
        early = self.early_head(slots[:, :, :NUM_COLOURS])
        moments = slots.shape[1]
        times = _waves(_moment_times(times_T), 9, 0.25).to(slots.dtype)
        slots = slots + self.slot_moment(times)[None, :, None] + self.slot_queries
        latents = self.latents + self._summaries(slots)
        memory = torch.cat([slots.flatten(1, 2), latents], dim=1)
        for block in self.blocks:
            memory = block(memory)
        memory = self.norm(memory)
        count = moments * (NUM_COLOURS + SCENE_SLOTS)
        slots = memory[:, :count].unflatten(1, (moments, -1))
        latents = memory[:, count:]
        told = self.object_heads(latents[:, :NUM_COLOURS]).float()
        scene = self.scene_heads(latents[:, NUM_COLOURS:].flatten(1)).float()
        late = self.slot_head(slots[:, :, :NUM_COLOURS])
        return Seen(
            memory_BND=memory,
            heat_BMPC=heat.float(),
            spots_BMPK=self.spot_head(x).float(),
            slots_2BMCK=torch.stack([early, late]).float(),
            camera_BM3=self.camera_head(slots[:, :, NUM_COLOURS:].flatten(2)).float(),
            objects=_split(told, OBJECT_HEADS),
            scene=_split(scene, SCENE_HEADS),
        )

    def next_words(self, tokens_BN: Tensor, memory_BND: Tensor) -> Tensor:
        """Return the logits of the token after each of `tokens_BN`: B x N x vocabulary."""
        places = torch.arange(tokens_BN.shape[1])
        named = self.named[tokens_BN]
        # Of each place the last one at or before it that names an object.
        last = torch.where(named >= 0, places, -1).cummax(dim=1).values
        current = torch.where(last >= 0, named.gather(1, last.clamp(min=0)), -1)
        x = self.words(tokens_BN) + self.steps[: tokens_BN.shape[1]]
        x = x + _chosen(self._subjects(memory_BND), current) + self._brief(memory_BND)
        for block in self.decoder:
            x = block(x, memory_BND)
        logits: Tensor = self.word_head(self.decoder_norm(x))
        return logits.float()

    def remember(self, memory_BND: Tensor) -> Story:
        """Return what `next_word` needs to know of the memory."""
        return Story(
            past=[cast(Block, one).remember(memory_BND, MAX_TOKENS) for one in self.decoder],
            subjects_BCD=self._subjects(memory_BND),
            brief_B1D=self._brief(memory_BND),
            current_B=torch.full((len(memory_BND),), -1),
        )

    def next_word(self, tokens_B: Tensor, place: int, story: Story) -> Tensor:
        """Return the logits of what follows the token at `place`, B x vocabulary."""
        named = self.named[tokens_B]
        story.current_B = torch.where(named >= 0, named, story.current_B)
        x = (self.words(tokens_B) + self.steps[place])[:, None]
        x = x + _chosen(story.subjects_BCD, story.current_B[:, None]) + story.brief_B1D
        for block, own in zip(self.decoder, story.past, strict=True):
            x = cast(Block, block).step(x, place, own)
        logits: Tensor = self.word_head(self.decoder_norm(x[:, 0]))
        return logits.float()

    def _subjects(self, memory_BND: Tensor) -> Tensor:
        """Return the colours' latents as the decoder takes them, B x C x D."""
        own = memory_BND[:, -NUM_COLOURS - SCENE_LATENTS : -SCENE_LATENTS]
        subjects: Tensor = self.point(own)
        return subjects

    def _brief(self, memory_BND: Tensor) -> Tensor:
        brief: Tensor = self.brief(memory_BND[:, -NUM_COLOURS - SCENE_LATENTS :]).flatten(1)
        out: Tensor = self.brief_out(F.relu(brief))
        return out[:, None]

    def _summaries(self, slots_BMSD: Tensor) -> Tensor:
        """Return what the latents begin with: how their slots are at first, at last, on average."""
        own = slots_BMSD[:, :, :NUM_COLOURS]
        objects = self.sum_objects(torch.cat([own[:, 0], own[:, -1], own.mean(dim=1)], dim=-1))
        scene = self.sum_scene(slots_BMSD[:, :, NUM_COLOURS:].mean(dim=(1, 2)))
        return torch.cat([objects, scene[:, None].expand(-1, SCENE_LATENTS, -1)], dim=1)

    def _tokens(self, frames_BTHWC: Tensor, times_T: Tensor) -> Tensor:
        batch, count, height, width, _ = frames_BTHWC.shape
        moments = count // FRAMES_PER_MOMENT
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else None
        # The window of moment m: frames 2m - 1 to 2m + 2, with the first and last repeated.
        ends = [frames_BTHWC[:, :1], frames_BTHWC, frames_BTHWC[:, -1:]]
        padded = torch.cat(ends, dim=1)
        parts = [padded[:, i : i + count : FRAMES_PER_MOMENT] for i in range(3)]
        parts.append(
            torch.cat([padded[:, 3::FRAMES_PER_MOMENT], padded[:, -1:]], dim=1)[:, :moments]
        )
        windows = torch.cat(parts, dim=-1).to(dtype or torch.float32).mul_(1 / 127.5).sub_(1)
        seen = self.stem(windows.flatten(0, 1).permute(0, 3, 1, 2))
        x = seen.permute(0, 2, 3, 1).flatten(1, 2).unflatten(0, (batch, moments))
        rate = self.rate(_waves(torch.log2(times_T[1:2] - times_T[0:1]), 9, 1.0).to(x.dtype))
        gain, shift = rate.chunk(2, dim=-1)
        x = x * (1 + gain) + shift
        places = self.place(_places(height, width).to(x.dtype))
        moment = self.moment(_waves(_moment_times(times_T), 9, 0.25).to(x.dtype))
        tokens: Tensor = x + places + moment[:, None]
        return tokens

    def _begin(self) -> None:
        """Start from small weights: what is added back starts near nothing."""
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=module.in_features**-0.5)
                if name.endswith((".out", ".down", ".read", ".time")):
                    nn.init.normal_(module.weight, std=0.3 * module.in_features**-0.5)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
        nn.init.normal_(self.words.weight, std=0.3)


def _chosen(subjects_BCD: Tensor, current_BN: Tensor) -> Tensor:
    """Return the subjects of the colours `current_BN`, B x N x D; zeros for -1."""
    index = current_BN.clamp(min=0)[..., None].expand(-1, -1, subjects_BCD.shape[-1])
    return subjects_BCD.gather(1, index) * (current_BN >= 0)[..., None]


def _named_colours() -> list[int]:
    """Return for every token the colour of the object that it names, or -1."""
    names = ("colour", "subject", "target")
    return [
        COLOURS.index(value) if field in names and value in COLOURS else -1
        for field, value in zip(FIELD_OF, VALUE_OF, strict=True)
    ]


def _split(values: Tensor, sizes: dict[str, int]) -> dict[str, Tensor]:
    parts = torch.split(values, list(sizes.values()), dim=-1)
    return dict(zip(sizes, parts, strict=True))


def _moment_times(times_T: Tensor) -> Tensor:
    return times_T.view(-1, FRAMES_PER_MOMENT).mean(dim=1) - times_T[0]


def _waves(values: Tensor, count: int, lowest_hz: float) -> Tensor:
    """Return sines and cosines of values (shape N): N x 2 `count`, each octave twice."""
    octaves = lowest_hz * 2 ** (torch.arange(count) / 2)
    angles = 2 * math.pi * values[:, None].float() * octaves
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def _places(height: int, width: int) -> Tensor:
    """Return what tells where a token is: in units, and as shares of width and height; P x 24."""
    unit = min(height, width)
    rows = (torch.arange(height // PATCH_PX) + 0.5) * PATCH_PX - height / 2
    columns = (torch.arange(width // PATCH_PX) + 0.5) * PATCH_PX - width / 2
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    values = torch.stack([x / unit, y / unit, x / width, y / height]).flatten(1)
    octaves = torch.tensor([0.5, 1.0, 2.0])
    angles = 2 * math.pi * values[:, :, None] * octaves
    waves = torch.cat([angles.sin(), angles.cos()], dim=-1)
    return waves.permute(1, 0, 2).flatten(1)
