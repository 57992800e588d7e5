"""Frozen datasets of a catalogue by name."""

from __future__ import annotations

from schemas.catalog import DATASETS_FOLDER, Catalog
from schemas.datasets import Dataset, load_dataset
from schemas.errors import UserError


def open_dataset(catalog: Catalog, name: str) -> Dataset:
    """Load a dataset of the catalogue by name. Raises UserError naming those that exist."""
    folder = catalog.root / DATASETS_FOLDER / name
    if not folder.is_dir() or "/" in name:
        known = sorted(catalog.column("select name from datasets"))
        raise UserError(
            f"no dataset `{name}` in {catalog.root}",
            f"known: {', '.join(known)}"
            if known
            else 'rushes freeze NAME --where "duration_s > 1"',
        )
    return load_dataset(folder)
