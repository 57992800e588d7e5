"""Ids from content: the same input gives the same id, on every machine and in every run.

Only `new_run_id` is random: a run is an event, not a content.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_DIGEST_BYTES = 10
"""80 bits: for ten million ids the chance of one collision is about 4e-11."""

_READ_BYTES = 1 << 20


def content_id(kind: str, *parts: str | int) -> str:
    """Return `kind` and 20 hex digits that depend on every part and on nothing else.

    Parts are length-prefixed, so ("ab", "c") and ("a", "bc") differ.
    """
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in (kind, *parts):
        text = str(part).encode()
        digest.update(len(text).to_bytes(8, "big"))
        digest.update(text)
    return f"{kind}_{digest.hexdigest()}"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hex digits; reads the file once."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def video_id(sha256: str) -> str:
    """Return the id of a video file from the hash of its bytes: copies share it."""
    return content_id("vid", sha256)


def clip_id(video: str, start_pts: int, end_pts: int) -> str:
    """Return the id of the clip `[start_pts, end_pts)` of a video."""
    return content_id("clip", video, start_pts, end_pts)


def settings_hash(name: str, values: Any, *depends_on: str) -> str:
    """Return the hash of named settings (anything JSON can hold) and of what they build on."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return content_id("set", name, text, *depends_on)


def set_digest(ids: Iterable[str]) -> str:
    """Return one digest for a set of ids, whatever their order."""
    return content_id("all", *sorted(set(ids)))


def new_run_id() -> str:
    """Return an id for one execution: sortable by its start in UTC, unique by 32 random bits."""
    return f"run_{datetime.now(UTC):%Y%m%dT%H%M%S}_{secrets.token_hex(4)}"
