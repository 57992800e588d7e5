"""The scores of a request by name; absent and NaN are the same."""

from __future__ import annotations

import math
from collections.abc import Mapping

from captioner.measured.limits import Band


class Scores:
    """Reads scores so that what was not measured says nothing."""

    def __init__(self, values: Mapping[str, float]) -> None:
        self._values = values

    def get(self, name: str) -> float:
        """Return the score, NaN where it was not measured. No comparison with NaN holds."""
        return float(self._values.get(name, math.nan))

    def side(self, name: str, band: Band) -> str | None:
        """Return the side of the band on which the score clearly lies."""
        return band.side(self.get(name))
