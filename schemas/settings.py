"""The base of every recipe section.

Sections live beside the code they configure. They are frozen, refuse unknown keys and
hash to the same value on every machine, so a settings hash in a row names exactly how
the row came to be.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from schemas.ids import settings_hash


class Settings(BaseModel):
    """A recipe section: frozen, no unknown keys, field docstrings become descriptions."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )

    def hash(self, *depends_on: str) -> str:
        """Return the settings hash: this section's name and values, and what it builds on.

        `depends_on` holds the hashes or versions of the stages whose rows this stage reads,
        so that a changed survey gives a changed split.
        """
        return settings_hash(type(self).__name__, self.model_dump(mode="json"), *depends_on)
