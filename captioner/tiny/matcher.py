"""Clips and texts as points of one space: near where the text holds of the clip.

A clip's point is made of what the encoder tells of it: the chances of every fact, colour by
colour, and the latents of the scene. A text's point comes from a small transformer over words.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from captioner.tiny.blocks import NUM_COLOURS, Block
from captioner.tiny.network import OBJECT_HEADS, SCENE_HEADS, SCENE_LATENTS, Seen
from captioner.tiny.words import MAX_WORDS, PAD

_TEXTS_AT_ONCE = 32
_SCENE_TOLD = tuple(name for name in SCENE_HEADS if name != "domain")
_OBJECT_TOLD = tuple(name for name in OBJECT_HEADS if name != "present")


@dataclass(frozen=True, slots=True, kw_only=True)
class MatcherShape:
    """The sizes of a matcher; kept beside its weights."""

    num_words: int
    memory_width: int
    width: int = 256
    text_width: int = 80
    text_heads: int = 4
    text_blocks: int = 2
    scene_width: int = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipTraits:
    """What a matcher takes of a clip: B x F chances of facts, and B x (L * D) scene latents."""

    chances_BF: Tensor
    latents_BK: Tensor


def traits_of(seen: Seen) -> ClipTraits:
    """Return the traits of clips that the encoder has seen."""
    present = seen.objects["present"].sigmoid()
    parts = [present]
    parts += [present * seen.objects[name].softmax(dim=-1) for name in _OBJECT_TOLD]
    objects = torch.cat(parts, dim=-1).flatten(1)
    scene = [seen.scene[name].softmax(dim=-1) for name in _SCENE_TOLD]
    latents = seen.memory_BND[:, -SCENE_LATENTS:].float().flatten(1)
    return ClipTraits(chances_BF=torch.cat([objects, *scene], dim=-1), latents_BK=latents)


class Matcher(nn.Module):
    """Embeds traits and texts; both have length 1."""

    def __init__(self, shape: MatcherShape) -> None:
        super().__init__()
        self.shape = shape
        facts = NUM_COLOURS * sum(OBJECT_HEADS.values())
        facts += sum(SCENE_HEADS[name] for name in _SCENE_TOLD)
        self.facts = nn.Linear(facts, shape.width, bias=False)
        self.scene = nn.Linear(SCENE_LATENTS * shape.memory_width, shape.scene_width)
        self.scene_out = nn.Linear(shape.scene_width, shape.width, bias=False)
        self.words = nn.Embedding(shape.num_words, shape.text_width)
        self.steps = nn.Parameter(torch.randn(MAX_WORDS + 1, shape.text_width) * 0.1)
        self.blocks = nn.ModuleList(
            Block(shape.text_width, shape.text_heads) for _ in range(shape.text_blocks)
        )
        self.norm = nn.LayerNorm(shape.text_width)
        self.text_out = nn.Linear(shape.text_width, shape.width, bias=False)
        self.ease = nn.Linear(shape.text_width, 1)
        self.scale = nn.Parameter(torch.tensor(3.0))
        nn.init.normal_(self.words.weight, std=0.5)

    def embed_clips(self, traits: ClipTraits) -> Tensor:
        """Return clips as B x D points."""
        scene = self.scene_out(F.relu(self.scene(traits.latents_BK)))
        return F.normalize(self.facts(traits.chances_BF) + scene, dim=-1)

    def embed_texts(self, tokens_BN: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return texts as B x D points; for training also what they come from.

        That is the sum over words before it is scaled to length 1 (B x D), and how easily the
        text holds (B). Texts of like lengths go through together, so that little is padded.
        """
        lengths = (tokens_BN != PAD).sum(dim=1)
        order = lengths.argsort()
        parts = [
            self._read(tokens_BN[rows, : int(lengths[rows].max())])
            for rows in torch.split(order, _TEXTS_AT_ONCE)
        ]
        back = order.argsort()
        told, ease = (torch.cat(both)[back] for both in zip(*parts, strict=True))
        return F.normalize(told, dim=-1), told, ease

    def _read(self, tokens_BN: Tensor) -> tuple[Tensor, Tensor]:
        is_word = tokens_BN != PAD
        x = self.words(tokens_BN) + self.steps[: tokens_BN.shape[1]]
        for block in self.blocks:
            x = block(x, is_word_BN=is_word)
        x = self.norm(x) * is_word[..., None]
        # Statements add up, so words do. Each word picks among as many directions as there
        # are in the space; picked after the sum, there would be no more than the text's width.
        told = F.relu(self.text_out(x)).sum(dim=1).float()
        ease = self.ease(x.sum(dim=1) / is_word.sum(dim=1, keepdim=True)).float()
        return told, ease[:, 0]
