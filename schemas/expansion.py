"""What became of a prompt on its way to the generator."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """A prompt, its expansion, and which of the two the generator gets, with the reasons.

    `used` is `expanded` where that states enough of what `original` asks for, else
    `original`. `intent_recall` is the share (0..1) of what the prompt asks for that `expanded`
    states; None where nothing was expanded or it cannot be told. The style distances are
    excess bits per word against captions of the training set (0 is their own average), of the
    prompt and of `used`; None without such captions. `expander` is `renderer`, `touch`,
    `openai`, `transformers`, `shortened`, `whole` (long enough as it is) or `off`; `model`
    names the weights, empty where there are none. `warnings` are full sentences for the user.
    """

    original: str
    expanded: str
    used: str
    expander: str
    model: str = ""
    intent_recall: float | None = None
    style_distance_before: float | None = None
    style_distance_after: float | None = None
    warnings: tuple[str, ...] = ()

    def to_plain(self) -> dict[str, Any]:
        """Return the record as plain data for JSON."""
        return asdict(self)
