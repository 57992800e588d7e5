"""Progress of long work on stderr: a bar with rate and end on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_LINE_EVERY_S = 15.0
"""Seconds between lines where there is no terminal to draw a bar on."""

console = Console(stderr=True, highlight=False, soft_wrap=True)
"""Everything that is not data goes here."""


class StageProgress:
    """Counts the items of one stage and shows how far it is."""

    def __init__(self, name: str, total: int, bar: Progress | None) -> None:
        self.name, self.total, self.done, self.note = name, total, 0, ""
        self.started = time.monotonic()
        self._said = self.started
        self._bar = bar
        self._task = bar.add_task(name, total=total, note="") if bar else None

    def advance(self, count: int = 1, note: str = "") -> None:
        """Count items as done; `note` is shown beside the bar."""
        self.done += count
        self.note = note or self.note
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=count, note=self.note)
        elif time.monotonic() - self._said > _LINE_EVERY_S:
            self._said = time.monotonic()
            console.print(f"  {self.name} {self.done}/{self.total} {self.note}")

    @property
    def elapsed_s(self) -> float:
        """Seconds since the stage started."""
        return time.monotonic() - self.started


@contextmanager
def stage_progress(name: str, total: int) -> Iterator[StageProgress]:
    """Show the progress of a stage while the block runs."""
    if not console.is_terminal or not sys.stderr.isatty():
        yield StageProgress(name, total, None)
        return
    with Progress(
        TextColumn("{task.description:<9}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        transient=True,
    ) as bar:
        yield StageProgress(name, total, bar)


def say(text: str) -> None:
    """Print one line for the person at the terminal."""
    console.print(text)
