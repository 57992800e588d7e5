"""Spoil files the way that transfers and disks do."""

from __future__ import annotations

from pathlib import Path


def truncate_before_index(path: Path, share: float = 0.6) -> None:
    """Cut an mp4 off before its `moov` box, at most `share` of its bytes: it cannot be opened."""
    content = path.read_bytes()
    position = 0
    while position + 8 <= len(content):
        size = int.from_bytes(content[position : position + 4], "big")
        if content[position + 4 : position + 8] == b"moov":
            break
        if size == 1:
            size = int.from_bytes(content[position + 8 : position + 16], "big")
        position += max(size, 8)
    path.write_bytes(content[: min(position, int(len(content) * share))])


def truncate_to_share(path: Path, share: float = 0.6) -> None:
    """Keep the first `share` of a file's bytes; a Matroska file decodes up to there."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def write_text(path: Path) -> None:
    """Write plain text under a video's name."""
    path.write_text("This file bears the name of a video and holds a few lines of text.\n" * 40)
