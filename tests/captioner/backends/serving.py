"""Servers for the tests: `transformers serve` over a small checkpoint, and one that misbehaves.

Both are real HTTP servers on free ports of this machine.
"""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
LAUNCHER = "tests.captioner.backends.launch_transformers_server"


@contextmanager
def transformers_server(model: Path, log: Path) -> Iterator[str]:
    """Run `transformers serve` over a checkpoint; yield its address up to `/v1`."""
    port = free_port()
    command = [sys.executable, "-m", LAUNCHER, str(model), "--port", str(port)]
    settings = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--device", "cpu"],
            cwd=ROOT,
            env=os.environ | settings,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text(errors='replace')[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=2) as reply:
                if reply.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"no server at {url}: {log.read_text(errors='replace')[-2000:]}")


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it came in."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


@dataclass(slots=True)
class Exchange:
    """One chat request to the unruly server, and the means to answer it, well or badly."""

    handler: "_Handler"
    body: dict[str, Any]
    clip: str
    """The time of the first frame as the message tells it: which clip is asked about."""
    count: int
    """How often this clip has been asked about, from 1."""

    def send(self, status: int, body: bytes, **headers: str) -> None:
        """Send a whole reply; `Retry_After` in `headers` is written `Retry-After`."""
        given = {"Content-Type": "application/json"} | headers
        self.handler.send_response(status)
        for name, value in given.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.send_header("Content-Length", str(len(body)))
        self.handler.end_headers()
        self.handler.wfile.write(body)

    def send_json(self, status: int, value: object, **headers: str) -> None:
        self.send(status, json.dumps(value).encode(), **headers)

    def promise(self, length: int, **headers: str) -> None:
        """Send the head of a good reply whose body will have `length` bytes."""
        self.handler.send_response(200)
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.send_header("Content-Length", str(length))
        self.handler.end_headers()

    def write(self, part: bytes) -> None:
        self.handler.wfile.write(part)
        self.handler.wfile.flush()

    def reset(self) -> None:
        """Break the connection hard, as a crashed server does."""
        linger = struct.pack("ii", 1, 0)
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.handler.close_connection = True
        self.handler.connection.close()


Behaviour = Callable[[Exchange], None]


def completion(exchange: Exchange, **changes: Any) -> dict[str, Any]:
    """Return a good reply as plain data, its text naming the clip; `changes` replace its keys."""
    text = json.dumps({"short": f"Clip {exchange.clip}.", "long": f"A dog in {exchange.clip}."})
    message = {"role": "assistant", "content": text}
    return {
        "id": f"chatcmpl-{exchange.handler.headers['X-Request-Id']}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": exchange.body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    } | changes


def good(exchange: Exchange) -> None:
    """Answer as a good server does."""
    exchange.send_json(200, completion(exchange))


@dataclass
class Unruly:
    """A chat server that does with each clip what it is told to; all others go well."""

    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    otherwise: Behaviour = good
    models: Behaviour | None = None
    seen: list[Seen] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    under_way: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> "Unruly":
        unruly = self

        class Handler(_Handler):
            owner = unruly

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # some handlers sleep on purpose

    def handle_error(self, *_: Any) -> None:
        """Broken connections are the point here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: Unruly

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""

    def do_GET(self) -> None:
        self.owner.seen.append(Seen(path=self.path, headers=dict(self.headers), body={}))
        exchange = Exchange(self, {}, "", 1)
        if self.owner.models is not None:
            self.owner.models(exchange)
            return
        card = {"id": "looker", "root": "org/looker-7b", "created": 1_700_000_000}
        exchange.send_json(200, {"object": "list", "data": [card]})

    def do_POST(self) -> None:
        owner = self.owner
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = body["messages"][0]["content"]
        clip = content if isinstance(content, str) else content[0].get("text", "video")
        with owner.lock:
            owner.seen.append(Seen(path=self.path, headers=dict(self.headers), body=body))
            owner.counts[clip] += 1
            count = owner.counts[clip]
            owner.under_way += 1
            owner.most_at_once = max(owner.most_at_once, owner.under_way)
        try:
            behaviour = owner.behaviours.get(clip, owner.otherwise)
            behaviour(Exchange(self, body, clip, count))
        finally:
            with owner.lock:
                owner.under_way -= 1
