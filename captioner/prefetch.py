"""Read the frames of the next clips while the model is busy with these."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

Batch = TypeVar("Batch")
Result = TypeVar("Result")

_POLL_S = 0.1
"""How soon the reading thread sees that nobody wants more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read(Generic[Result]):
    value: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    error: BaseException | None


def prefetch(
    batches: Iterable[Batch], read: Callable[[Batch], Result], *, depth: int = 2
) -> Generator[Result, None, None]:
    """Yield `read(batch)` of every batch, in order, read ahead by a thread.

    At most `depth` results wait, beside the one being read and the one in use, so memory stays
    bounded. One thread walks `batches` and calls `read`, one batch at a time; neither may be
    used elsewhere meanwhile. An exception of either is raised here, behind the results that
    came before it. Closing the iterator early lets the thread finish what it reads, and waits
    for that. Reading starts with the first `next`.
    """
    if depth < 1:
        raise ValueError(f"depth is at least 1, not {depth}")
    ready: queue.Queue[_Read[Result] | _End] = queue.Queue(depth)
    stop = threading.Event()

    def put(item: _Read[Result] | _End) -> None:
        while not stop.is_set():
            try:
                ready.put(item, timeout=_POLL_S)
                break
            except queue.Full:
                continue

    def run() -> None:
        error: BaseException | None = None
        try:
            for batch in batches:
                if stop.is_set():
                    break
                put(_Read(value=read(batch)))
        except BaseException as caught:
            error = caught
        put(_End(error=error))

    return _yield(ready, stop, threading.Thread(target=run, name="prefetch", daemon=True))


def _yield(
    ready: queue.Queue[_Read[Result] | _End], stop: threading.Event, thread: threading.Thread
) -> Generator[Result, None, None]:
    thread.start()
    try:
        while True:
            item = ready.get()
            if isinstance(item, _Read):
                yield item.value
            elif item.error is not None:
                raise item.error
            else:
                return
    finally:
        stop.set()
        thread.join()
