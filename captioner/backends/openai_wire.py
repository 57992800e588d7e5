"""One HTTP request at a time to a server that may fail: paced, bounded, tried again."""

from __future__ import annotations

import asyncio
import email.utils
import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from captioner.backends.openai_replies import is_worth_a_retry
from captioner.backends.openai_secrets import Secrets, public_url
from captioner.settings import OpenAISettings

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 8 * 2**20
"""An answer is a few kilobytes; no more than this is ever held."""
MAX_PAUSE_S = 60.0
"""Between two tries, whatever a server asks for."""
_CONNECT_S = 10.0
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


class WireError(Exception):
    """No reply could be had: `trouble` is `unreachable` or `redirect`, or empty otherwise.

    `may_pass` tells whether another try may go better.
    """

    def __init__(self, message: str, trouble: str = "", *, may_pass: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.trouble = trouble
        self.may_pass = may_pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One reply, read to its end. `request_id` is the server's header of that name."""

    status: int
    body: bytes
    request_id: str = ""
    retry_after: str = ""


class Wire:
    """Sends requests to one server from one event loop."""

    def __init__(self, settings: OpenAISettings, secrets: Secrets) -> None:
        self._settings = settings
        self._secrets = secrets
        self._base = public_url(settings.base_url).rstrip("/")
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if secrets.authorization:
            headers["Authorization"] = secrets.authorization
        self._client = httpx.AsyncClient(
            headers=headers,
            follow_redirects=False,
            timeout=httpx.Timeout(
                settings.timeout_s, connect=min(_CONNECT_S, settings.timeout_s / 2), pool=None
            ),
            limits=httpx.Limits(max_connections=settings.concurrency),
            # A proxy of the surroundings cannot reach the server on this machine.
            trust_env=urlsplit(self._base).hostname not in _LOCAL_HOSTS,
        )
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._not_before = 0.0
        self._rng = random.Random()

    @property
    def slots(self) -> asyncio.Semaphore:
        """One is taken for as long as a request is under way; made ready inside it, too."""
        return self._slots

    async def post(self, path: str, body: bytes, *, headers: Mapping[str, str]) -> Reply:
        """Return the reply to a POST, after as many tries as the settings allow.

        A reply with an HTTP error status is a reply; WireError means that none came.
        """
        return await self._try("POST", path, body, headers)

    async def get(self, path: str) -> Reply:
        """Return the reply to a GET; as `post`."""
        return await self._try("GET", path, b"", {})

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _try(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        last = self._settings.max_retries
        for number in range(last + 1):
            retry_after = ""
            try:
                reply = await self._once(method, path, body, headers)
            except WireError as error:
                if number == last or not error.may_pass:
                    raise
                what = error.message
            else:
                if number == last or not is_worth_a_retry(reply.status, reply.body):
                    return reply
                what, retry_after = f"HTTP {reply.status}", reply.retry_after
            pause_s = self._pause_s(number, retry_after)
            log.info("%s: %s; again in %.1f s (%d of %d)", path, what, pause_s, number + 1, last)
            await asyncio.sleep(pause_s)
        raise AssertionError("unreachable")  # the last round returns or raises

    async def _once(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        await self._wait_for_turn()
        limit_s = self._settings.timeout_s
        try:
            # httpx limits each pause; a server that drips byte by byte is stopped by this.
            async with asyncio.timeout(limit_s):
                return await self._exchange(method, path, body, headers)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise WireError(self._told("cannot be reached", error), "unreachable") from None
        except (TimeoutError, httpx.TimeoutException):
            raise WireError(f"no whole answer within {limit_s:g} s") from None
        except httpx.RequestError as error:
            raise WireError(self._told("the connection broke", error)) from None

    async def _exchange(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Reply:
        given = dict(headers)
        if body:
            given["Content-Type"] = "application/json"
        url = f"{self._base}{path}"
        async with self._client.stream(method, url, content=body, headers=given) as response:
            if 300 <= response.status_code < 400:
                target = public_url(response.headers.get("location", ""))
                message = self._secrets.hide(f"the server redirects to {target}")[:300]
                raise WireError(message, "redirect", may_pass=False)
            parts, size = [], 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > MAX_BODY_BYTES:
                    message = f"the answer is longer than {MAX_BODY_BYTES} bytes"
                    raise WireError(message, may_pass=False)
                parts.append(part)
            return Reply(
                status=response.status_code,
                body=b"".join(parts),
                request_id=response.headers.get("x-request-id", ""),
                retry_after=response.headers.get("retry-after", ""),
            )

    async def _wait_for_turn(self) -> None:
        """Begin no more requests a minute than allowed, retries included."""
        per_minute = self._settings.requests_per_minute
        if per_minute is None:
            return
        now = time.monotonic()
        start = max(now, self._not_before)
        self._not_before = start + 60 / per_minute
        await asyncio.sleep(start - now)

    def _pause_s(self, number: int, retry_after: str) -> float:
        asked = read_retry_after(retry_after, now=time.time())
        own = self._settings.first_pause_s * float(2**number) * self._rng.uniform(0.5, 1.0)
        if asked is None:
            return min(own, MAX_PAUSE_S)
        # All that were sent away at once should not come back at once.
        return min(asked + self._rng.uniform(0, self._settings.first_pause_s), MAX_PAUSE_S)

    def _told(self, what: str, error: Exception) -> str:
        return self._secrets.hide(f"{what}: {type(error).__name__}: {error}")


def read_retry_after(value: str, *, now: float) -> float | None:
    """Return the seconds that a `Retry-After` header asks for, or None where it says nothing.

    It holds seconds, or a date of HTTP (RFC 9110, section 10.2.3). `now` is in Unix seconds.
    """
    value = value.strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - now
        except (TypeError, ValueError, OverflowError):
            return None
    return max(0.0, seconds) if seconds < float("inf") else None
