"""Weights trained elsewhere: where they lie, and what a library says that cannot read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

_HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w.-]+")


def places_of(where: str, subfolders: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return a folder or a name of the hub, and the subfolders that may hold a config.json.

    Of a folder those that do, "" for itself; of OWNER/NAME on the hub, all. None are left where
    nothing can be found.
    """
    folder = Path(where).expanduser()
    if not folder.is_dir() and _HUB_NAME.fullmatch(where):
        return where, tuple(subfolders)
    there = tuple(s for s in subfolders if where and (folder / s / "config.json").is_file())
    return str(folder), there


def first_line(error: Exception) -> str:
    """Return what an error says, without the advice that libraries add."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
