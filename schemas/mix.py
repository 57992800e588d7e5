"""The training mix: which kind of caption a clip is shown with, drawn each time it is shown.

A frozen dataset holds every caption of a clip; how often each kind is taken is a setting of
the training. Captions of one captioner all sound alike, and a model that learns from nothing
else learns that sound; a few captions that other people wrote keep it open. The defaults, 95 %
recaptions and 5 % source captions, are those of DALL-E 3 (Betker et al. 2023).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import Field, model_validator

from schemas.datasets import Dataset
from schemas.settings import Settings

SOURCE = "source"
"""The kind of a caption that came with the footage."""

RECAPTIONS: tuple[str, ...] = ("long", "medium", "short", "structured")
"""The kinds that a captioner or a person wrote."""

_CHARACTER = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_LETTERS = rf"[^\W_{_CHARACTER}]+"
_WORD = re.compile(rf"[{_CHARACTER}]|{_LETTERS}(?:['\u2019-]{_LETTERS})*")


class CaptionMix(Settings):
    """How often a clip is shown with which kind of caption.

    What a clip lacks goes to what it has: a recaption's share to its other recaptions in
    proportion, that of a missing source caption to the recaptions, and the other way round.
    A kind without a share is never shown.
    """

    source: float = Field(0.05, ge=0, le=1)
    """Share of captions that came with the footage; the rest are recaptions."""
    long: float = Field(0.5, ge=0)
    """Share of long captions among the recaptions; these shares need not add up to one."""
    medium: float = Field(0.3, ge=0)
    """Share of medium captions among the recaptions."""
    short: float = Field(0.2, ge=0)
    """Share of short captions among the recaptions."""
    structured: float = Field(0.0, ge=0)
    """Share of structured captions, JSON as it is, among the recaptions."""

    @model_validator(mode="after")
    def _something_is_shown(self) -> CaptionMix:
        if self.source < 1 and not any(getattr(self, kind) for kind in RECAPTIONS):
            raise ValueError(f"give a share to one of {', '.join(RECAPTIONS)}, or set source to 1")
        return self

    def shares(self) -> dict[str, float]:
        """Return kind -> share of a clip that has every kind; they add up to one."""
        return shares_of(self, (SOURCE, *RECAPTIONS))


def shares_of(mix: CaptionMix, kinds: Collection[str]) -> dict[str, float]:
    """Return kind -> share of a clip that has captions of these kinds.

    The shares add up to one, kinds without a share are left out; empty where nothing that
    the clip has is ever shown.
    """
    weights = {kind: float(getattr(mix, kind)) for kind in RECAPTIONS if kind in kinds}
    weights = {kind: weight for kind, weight in weights.items() if weight > 0}
    total = sum(weights.values())
    source = mix.source if SOURCE in kinds else 0.0
    if mix.source == 1:
        weights, total = {}, 0.0
    if total == 0:
        return {SOURCE: 1.0} if source > 0 else {}
    found = {SOURCE: source} if source > 0 else {}
    return found | {kind: (1 - source) * weight / total for kind, weight in weights.items()}


def choose_kind(mix: CaptionMix, kinds: Collection[str], place: float) -> str | None:
    """Return the kind that a place in `[0, 1)` falls on; None where there is none to show."""
    shares = shares_of(mix, kinds)
    reached = 0.0
    for kind, share in shares.items():
        reached += share
        if place < reached:
            return kind
    return next(reversed(shares), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindReport:
    """One kind of caption in a dataset: its share as asked for and as it will be."""

    kind: str
    asked_share: float
    expected_share: float
    """Over the clips that are shown with a caption; caption dropout comes on top."""
    num_clips: int
    num_missing: int
    mean_words: float
    """Words of a caption of this kind; a Chinese or Japanese character counts as a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MixReport:
    """What a mix makes of a dataset. `kinds` are those with a share or with a caption."""

    num_clips: int
    num_uncaptioned: int
    """Clips without a caption of a kind that is shown; they train without a prompt."""
    mean_words: float
    """Words of the captions shown, weighed by their shares."""
    kinds: tuple[KindReport, ...]

    def lines(self) -> list[str]:
        """Return the report for people, a line per kind and one about what has no caption."""
        found = [
            f"{k.kind:<10} {100 * k.expected_share:5.1f} % of captions shown"
            f" (asked for {100 * k.asked_share:.1f} %), {k.mean_words:.0f} words"
            + (f"; {k.num_missing:,} of {self.num_clips:,} clips have none" * (k.num_missing > 0))
            for k in self.kinds
        ]
        if self.num_uncaptioned:
            found.append(
                f"{self.num_uncaptioned:,} of {self.num_clips:,} clips train without a caption"
            )
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for `--json`."""
        return asdict(self)


def mix_report(dataset: Dataset, mix: CaptionMix) -> MixReport:
    """Return the shares that a mix comes to on a dataset, every clip shown equally often."""
    texts = [shown_captions(clip.captions) for clip in dataset.clips]
    shares = [shares_of(mix, captions.keys()) for captions in texts]
    num_shown = sum(1 for found in shares if found)
    asked = mix.shares()
    kinds = []
    for kind in (SOURCE, *RECAPTIONS):
        words = [count_words(captions[kind]) for captions in texts if kind in captions]
        if not words and kind not in asked:
            continue
        kinds.append(
            KindReport(
                kind=kind,
                asked_share=asked.get(kind, 0.0),
                expected_share=sum(s.get(kind, 0.0) for s in shares) / max(1, num_shown),
                num_clips=len(words),
                num_missing=len(texts) - len(words),
                mean_words=sum(words) / max(1, len(words)),
            )
        )
    shown_words = sum(
        share * count_words(captions[kind])
        for captions, found in zip(texts, shares, strict=True)
        for kind, share in found.items()
    )
    return MixReport(
        num_clips=len(texts),
        num_uncaptioned=len(texts) - num_shown,
        mean_words=shown_words / max(1, num_shown),
        kinds=tuple(kinds),
    )


def shown_captions(captions: Mapping[str, str]) -> dict[str, str]:
    """Return the captions of kinds that training knows, blank ones left out, in a fixed order."""
    return {
        kind: captions[kind] for kind in (SOURCE, *RECAPTIONS) if captions.get(kind, "").strip()
    }


def count_words(text: str) -> int:
    """Return the number of words; a Chinese or Japanese character counts as one."""
    return len(_WORD.findall(text))
