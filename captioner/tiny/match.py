"""Train the matching of texts and clips on what the finished encoder sees.

The labels are exact: a text holds of a clip when each of its statements does. Every clip comes
with a text about it and with the same text in which one statement is wrong; each text is held
against all clips of the batch (sigmoid loss, Zhai et al. 2023), and against its wrong twin.
While it trains, a head that is not kept asks of each text which statements it makes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from captioner.tiny.matcher import ClipTraits, Matcher, MatcherShape, traits_of
from captioner.tiny.network import TinyNetwork, mixed
from captioner.tiny.optimizer import Optimizer
from captioner.tiny.progress import TinyStep
from captioner.tiny.settings import TinySettings
from captioner.tiny.shards import Shard
from captioner.tiny.statements import draw_text, said, shown, with_one_wrong, worded
from captioner.tiny.stream import Stream, damaged
from captioner.tiny.words import Vocabulary, gather
from schemas.facts import Facts

_BATCH = 32


def train_matching(
    settings: TinySettings,
    network: TinyNetwork,
    stream: Stream,
    first_shard: int,
    *,
    curve: Path | None = None,
    on_step: Callable[[TinyStep], None] | None = None,
) -> tuple[Matcher, Vocabulary]:
    """Return a matcher for the finished encoder, and the vocabulary of its texts.

    Shards from `first_shard` on are shown to the encoder once and kept as traits.
    """
    torch.manual_seed(settings.seed)
    traits, facts = _look(settings, network, stream, first_shard)
    rng = Random(settings.seed)
    samples = [draw_text(rng.choice(facts), rng) for _ in range(settings.vocabulary_texts)]
    vocabulary = gather(text for text, _ in samples)
    known = sorted({statement for _, stated in samples for statement in said(stated)})
    matcher = Matcher(
        MatcherShape(
            num_words=len(vocabulary),
            memory_width=network.shape.width,
            width=settings.match_width,
        )
    )
    asked = nn.Linear(settings.match_width, len(known))
    optimizer = Optimizer(
        nn.ModuleDict({"matcher": matcher, "asked_head": asked}),
        weight_decay=settings.weight_decay,
    )
    places = {statement: i for i, statement in enumerate(known)}
    for step in range(settings.match_steps):
        rows = rng.sample(range(len(facts)), min(settings.match_batch, len(facts)))
        chosen = ClipTraits(
            chances_BF=traits.chances_BF[rows].float(), latents_BK=traits.latents_BK[rows].float()
        )
        found = _losses(matcher, asked, places, vocabulary, chosen, [facts[i] for i in rows], rng)
        loss = torch.stack(list(found.values())).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(matcher.parameters(), 5.0)
        rate = min(1.0, (step + 1) / 100, 2 * (1 - step / settings.match_steps))
        optimizer.step(
            matrix_rate=rate * settings.matrix_rate, other_rate=rate * settings.match_rate
        )
        report = TinyStep(
            phase="match",
            step=step + 1,
            num_steps=settings.match_steps,
            loss=loss.item(),
            losses={name: round(value.item(), 5) for name, value in found.items()},
            rate=rate,
        )
        if curve is not None:
            with curve.open("a") as file:
                file.write(json.dumps(asdict(report)) + "\n")
        if on_step is not None:
            on_step(report)
    return matcher, vocabulary


def _losses(
    matcher: Matcher,
    asked: nn.Linear,
    places: Mapping[str, int],
    vocabulary: Vocabulary,
    traits: ClipTraits,
    facts: list[Facts],
    rng: Random,
) -> dict[str, Tensor]:
    right = [draw_text(item, rng) for item in facts]
    wrong = [with_one_wrong(stated, rng) or stated for _, stated in right]
    texts = [text for text, _ in right] + [worded(stated, rng) for stated in wrong]
    stated = [said(item) for _, item in right] + [said(item) for item in wrong]
    true = [shown(item) for item in facts]
    holds = torch.tensor([[text <= clip for clip in true] for text in stated]).float()
    with mixed():
        points, told, ease = matcher.embed_texts(vocabulary.tokens_of(texts))
    clips = matcher.embed_clips(traits)
    scale = matcher.scale.exp()
    nearness = points @ clips.T
    logits = scale * nearness + ease[:, None]
    each = F.binary_cross_entropy_with_logits(logits, holds, reduction="none")
    # Of all pairs few hold, so those that do weigh as much as those that do not.
    pairs = (each * holds).sum() / holds.sum() + (each * (1 - holds)).sum() / (1 - holds).sum()
    count = len(facts)
    own = nearness[:count].diagonal() - nearness[count:].diagonal()
    is_wrong = 1 - holds[count:].diagonal()
    twins = (F.softplus(-scale * own) * is_wrong).sum() / is_wrong.sum().clamp(min=1)
    makes = torch.zeros(len(texts), len(places))
    for row, statements in enumerate(stated):
        makes[row, [places[one] for one in statements if one in places]] = 1
    answers = F.binary_cross_entropy_with_logits(asked(told), makes, reduction="none")
    return {"pairs": pairs, "twins": twins, "asked": answers.sum(dim=1).mean() / 10}


@torch.inference_mode()
def _look(
    settings: TinySettings, network: TinyNetwork, stream: Stream, first_shard: int
) -> tuple[ClipTraits, list[Facts]]:
    """Show scenes to the encoder, one in four of them damaged; keep traits in bfloat16."""
    chances, latents, facts = [], [], []
    count = math.ceil(settings.match_scenes / settings.scenes_per_shard)
    rng = np.random.default_rng([settings.seed, 2])
    for number in range(first_shard, first_shard + count):
        shard: Shard = stream.open(number)
        facts += shard.facts
        times = torch.from_numpy(shard.times_T).float()
        for start in range(0, len(shard.facts), _BATCH):
            frames = np.array(shard.frames_NTHWC[start : start + _BATCH])
            for i in np.flatnonzero(rng.random(len(frames)) < settings.damage_share):
                frames[i] = damaged(rng, frames[i])
            with mixed():
                traits = traits_of(network.encode(torch.from_numpy(frames), times))
            chances.append(traits.chances_BF.bfloat16())
            latents.append(traits.latents_BK.bfloat16())
    # Made in inference mode, they could not be learnt from: copies can.
    return (
        ClipTraits(chances_BF=torch.cat(chances).clone(), latents_BK=torch.cat(latents).clone()),
        facts,
    )
