"""Captions to what they say: the text encoder learns to read before pictures are made from it.

A picture's error says little of most words: mistaking an object's shape costs a hundredth of its
colour's mistake, and an encoder that learns from nothing else learns it as late. A captioner says
the same things twice, though: as prose, and as a structured caption, in which each stands under a
name of its own. So the encoder may first be asked, for as long as `train.reading_steps` says, what
the structured caption of a clip holds under each name, given another caption of it. What may be
asked is found in the captions themselves: every place in the JSON whose values are few. Each
question has a state of the text's summary to itself, as long as there are as many.

After that the encoder stays as it is, and steps cost less. Trained on, it forgets: of what
`benchmarks/layout.py` measures, 0.62 was left after 300 steps, of an encoder kept as it was 0.97.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.flow import Denoiser
from generator.optimizer import Optimizer
from generator.parallel import autocast
from generator.text import NUM_SUMMARIES, TextEncoder
from schemas.mix import CaptionMix, choose_kind, shares_of

log = logging.getLogger(__name__)

_STRUCTURED = "structured"
_BATCH = 32
"""Captions in one step."""
_MAX_ANSWERS = 64
_FEWEST, _RAREST = 5, 0.01
"""Captions and share of them that give an answer at least, or it is not learned ..."""
_MAX_OTHERS = 0.1
"""... and where more than this share of the captions give such answers, nothing is asked."""
_UNKNOWN = -100
"""The target that a cross-entropy leaves out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A place in structured captions, as `details.facts.camera`, and its answers.

    None, where nothing stands there, is an answer as well.
    """

    path: str
    answers: tuple[str | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingReport:
    """What was learned: the share of right answers about captions that were not learned from."""

    num_questions: int
    num_captions: int
    accuracy: float
    """NaN where no captions were kept back."""
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """The other captions of a clip that are shown, by kind, and what its structured one says."""

    captions: Mapping[str, str]
    said: Mapping[str, str]


def said(structured: str) -> dict[str, str]:
    """Return what stands at each place of a JSON text; nothing for a text that is no object."""
    try:
        value = json.loads(structured)
    except ValueError:
        return {}
    return dict(_leaves(value, "")) if isinstance(value, dict) else {}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _leaves(part, f"{path}.{index}")
    elif value not in (None, "", False):
        yield path, str(value)


def questions(captions: Sequence[Mapping[str, str]]) -> tuple[Question, ...]:
    """Return the places at which captions (as `said` returns them) differ and say few things."""
    by_path: dict[str, Counter[str | None]] = defaultdict(Counter)
    for one in captions:
        for path, value in one.items():
            by_path[path][value] += 1
    fewest = max(_FEWEST, _RAREST * len(captions))
    found = []
    for path, counts in sorted(by_path.items()):
        counts[None] = len(captions) - counts.total()
        common = [answer for answer, n in counts.most_common() if n >= fewest]
        covered = sum(counts[answer] for answer in common)
        if 2 <= len(common) <= _MAX_ANSWERS and covered >= (1 - _MAX_OTHERS) * len(captions):
            found.append(Question(path=path, answers=tuple(common)))
    return tuple(found)


def learn_to_read(
    denoiser: Denoiser,
    captions: Sequence[Mapping[str, str]],
    held: Sequence[Mapping[str, str]],
    mix: CaptionMix,
    *,
    steps: int,
    learning_rate: float,
    matrix_learning_rate: float,
    use_muon: bool,
    seed: int,
    dtype: torch.dtype | None,
) -> ReadingReport | None:
    """Train the text encoder of a network and freeze it; None where that cannot be.

    That is where captions leave nothing to be asked, or the encoder was trained elsewhere.

    `captions` are those of each clip, kind -> text; those of the clips in `held` are not learned
    from. A linear layer on a state of the text's summary answers each question; the loss is the
    sum of their cross-entropies. Captions come in the shares of the mix. Rates fall to zero over
    the second half. The layers are not kept.
    """
    if steps == 0 or not isinstance(denoiser.text, TextEncoder):
        return None
    started = time.perf_counter()
    shown = _texts(captions, mix)
    asked = questions([text.said for text in shown])
    if not asked:
        log.warning("reading: no structured captions, so the text encoder is trained along")
        return None
    rng = np.random.default_rng([seed, 4])
    device = denoiser.device
    width = denoiser.dit.size.width
    answers = nn.ModuleList(nn.Linear(width, len(question.answers)) for question in asked)
    reader = nn.ModuleDict({"text": denoiser.text, "answers": answers}).to(device)
    optimizer = Optimizer(reader, use_muon=use_muon)

    def answer(texts: Sequence[_Text]) -> list[Tensor]:
        shown = [t.captions[choose_kind(mix, t.captions, rng.random()) or ""] for t in texts]
        with autocast(device, dtype):
            summary_BSD, _ = denoiser.tell(shown).texts[0]
            return [
                layer(summary_BSD[:, number % NUM_SUMMARIES]).float()
                for number, layer in enumerate(answers)
            ]

    targets = _targets(shown, asked).to(device)
    for step in range(steps):
        picks = rng.integers(len(shown), size=_BATCH)
        scores = answer([shown[i] for i in picks])
        columns = targets[torch.from_numpy(picks).to(device)].unbind(1)
        loss = sum(_cross_entropy(*pair) for pair in zip(scores, columns, strict=True))
        assert isinstance(loss, Tensor)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        share = min(1.0, 2.0 * (1.0 - step / steps))
        optimizer.step(
            learning_rate=share * learning_rate, matrix_learning_rate=share * matrix_learning_rate
        )
    kept = _texts(held, mix)
    right: list[Tensor] = []
    with torch.no_grad():
        for first in range(0, len(kept), _BATCH):
            part = kept[first : first + _BATCH]
            scores = answer(part)
            found = torch.stack([s.argmax(1) for s in scores], 1).cpu()
            wanted = _targets(part, asked)
            right.append((found == wanted)[wanted != _UNKNOWN])
    denoiser.text.freeze()
    report = ReadingReport(
        num_questions=len(asked),
        num_captions=sum(len(text.captions) for text in shown),
        accuracy=torch.cat(right).float().mean().item() if right else float("nan"),
        seconds=time.perf_counter() - started,
    )
    log.info(
        "reading: %d questions of %d captions, %.3f right about others after %d steps (%.0f s)",
        report.num_questions,
        report.num_captions,
        report.accuracy,
        steps,
        report.seconds,
    )
    return report


def _cross_entropy(scores_BA: Tensor, target_B: Tensor) -> Tensor:
    """Return the mean over the captions that give one of the answers; 0 where none does."""
    total = F.cross_entropy(scores_BA, target_B, ignore_index=_UNKNOWN, reduction="sum")
    return total / len(target_B)


def _texts(clips: Sequence[Mapping[str, str]], mix: CaptionMix) -> list[_Text]:
    """Return the clips that have a structured caption and one of another kind that is shown."""
    found = []
    for captions in clips:
        shares = shares_of(mix, captions.keys() - {_STRUCTURED})
        answers = said(captions.get(_STRUCTURED, ""))
        if shares and answers:
            found.append(_Text(captions={kind: captions[kind] for kind in shares}, said=answers))
    return found


def _targets(texts: Sequence[_Text], asked: Sequence[Question]) -> Tensor:
    """Return the number of each text's answer to each question, N,Q (int64)."""
    numbers = [{answer: i for i, answer in enumerate(q.answers)} for q in asked]
    rows = [
        [known.get(t.said.get(q.path), _UNKNOWN) for q, known in zip(asked, numbers, strict=True)]
        for t in texts
    ]
    return torch.tensor(rows, dtype=torch.int64)
