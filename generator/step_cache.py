"""Skip most of the network in steps where it would say what it said before.

The first block always runs. Where its output has changed little since the last full run, what
the other blocks then added is added again (first-block cache, after TeaCache, arXiv 2411.19108).
"""

from __future__ import annotations

from torch import Tensor


class StepCache:
    """The last full run of one pack; `threshold` is the summed relative change that ends it."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.num_full, self.num_reused = 0, 0
        self._first: Tensor | None = None
        self._added: Tensor | None = None
        self._drift = 0.0

    def reuse(self, first_ND: Tensor) -> Tensor | None:
        """Return the output of the last block as far as it can be guessed from the first's."""
        if self._first is None or self._added is None:
            return None
        change = (first_ND - self._first).abs().mean() / self._first.abs().mean()
        self._drift += float(change)
        self._first = first_ND
        if self._drift > self.threshold:
            return None
        self.num_reused += 1
        return first_ND + self._added

    def keep(self, first_ND: Tensor, last_ND: Tensor) -> None:
        """Remember a full run."""
        self._first, self._added, self._drift = first_ND, last_ND - first_ND, 0.0
        self.num_full += 1
