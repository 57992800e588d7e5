"""Run a function in a child process that can be killed.

FFmpeg can crash and decord can wait for ever while it holds the interpreter, so a thread
with a time limit saves nobody. A `Contained` keeps one child alive over many calls (start-up
costs about half a second), kills it when a call outlasts its limit, and starts another.
The child limits its own memory, dies with its parent, and finds our packages by the
interpreter's own path (`-P`: a stranger's `pipeline/` in the current directory is not seen).
"""

from __future__ import annotations

import importlib
import os
import pickle
import select
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO, ParamSpec, TypeVar

from schemas.errors import MediaError

P = ParamSpec("P")
R = TypeVar("R")

_LENGTH_BYTES = 8
_START = "from pipeline.containment import serve; serve()"
_THREAD_LIMITS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
}


class Contained:
    """A child process that runs functions by reference; use as a context manager."""

    def __init__(self, *, memory_limit_mb: int = 8192) -> None:
        self.memory_limit_mb = memory_limit_mb
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Contained:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(
        self, function: Callable[P, R], timeout_s: float, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Return `function(*args, **kwargs)` as run by the child.

        `function` is a module-level function of our packages; arguments and result are
        pickled. What it raises is raised here. Raises MediaError `timeout` when it takes
        longer than `timeout_s`, `crashed` when the child dies (the signal is named), and
        `out_of_memory` when it passes the memory limit; the child is replaced after each.
        """
        child = self._running_child()
        request = pickle.dumps((function.__module__, function.__qualname__, args, kwargs))
        try:
            assert child.stdin is not None and child.stdout is not None
            _send(child.stdin, request)
            answer = _receive(child.stdout, time.monotonic() + timeout_s)
        except TimeoutError:
            self.close()
            raise MediaError("timeout", f"no result within {timeout_s:.0f} s") from None
        except (EOFError, BrokenPipeError):
            code = child.wait()
            self.close()
            what = f"signal {-code}" if code < 0 else f"exit status {code}"
            raise MediaError("crashed", f"the decoding process ended with {what}") from None
        ok, value = pickle.loads(answer)
        if not ok:
            raise value
        return value  # type: ignore[no-any-return]

    def close(self) -> None:
        """Kill the child, if there is one; the next call starts another."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
        child.wait()

    def _running_child(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, str(self.memory_limit_mb)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **_THREAD_LIMITS},
                start_new_session=True,  # Ctrl-C reaches the parent only, which then ends us
            )
        return self._child

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:  # the interpreter may be shutting down
            return


def _send(pipe: Any, message: bytes) -> None:
    pipe.write(len(message).to_bytes(_LENGTH_BYTES, "big"))
    pipe.write(message)
    pipe.flush()


def _receive(pipe: Any, deadline: float) -> bytes:
    length = int.from_bytes(_read_exactly(pipe, _LENGTH_BYTES, deadline), "big")
    return _read_exactly(pipe, length, deadline)


def _read_exactly(pipe: Any, count: int, deadline: float) -> bytes:
    """Read `count` bytes before `deadline` (monotonic seconds), past any buffering."""
    descriptor = pipe.fileno()
    parts: list[bytes] = []
    while count:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            raise TimeoutError
        part = os.read(descriptor, min(count, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def serve() -> None:
    """Answer calls on standard input until it closes; the child's whole life."""
    _die_with_parent()
    _limit_memory(int(sys.argv[1]))
    requests: BinaryIO = os.fdopen(os.dup(0), "rb")
    answers: BinaryIO = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not print into the answers
    while header := requests.read(_LENGTH_BYTES):
        body = requests.read(int.from_bytes(header, "big"))
        answer = _answer(body)
        _send(answers, answer)


def _answer(body: bytes) -> bytes:
    try:
        module, name, args, kwargs = pickle.loads(body)
        function = getattr(importlib.import_module(module), name)
        return pickle.dumps((True, function(*args, **kwargs)), protocol=pickle.HIGHEST_PROTOCOL)
    except MemoryError as error:
        failure: Exception = MediaError("out_of_memory", str(error) or "memory limit reached")
    except MediaError as error:
        failure = error
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{last.name}, line {last.lineno}"
        failure = MediaError("decode_error", f"{type(error).__name__}: {error} ({where})")
    return pickle.dumps((False, failure))


def _die_with_parent() -> None:
    """Ask Linux to kill this process when its parent ends, however it ends."""
    if sys.platform == "linux":
        import ctypes
        import signal

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def _limit_memory(limit_mb: int) -> None:
    import resource

    limit = limit_mb << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
