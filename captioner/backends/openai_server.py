"""A chat server behind a plain call: many requests at once, one outcome for each."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from captioner.backends.openai_dialect import Dialect, make_body, step_down
from captioner.backends.openai_models import ServedModel, describe_trouble, pick_model
from captioner.backends.openai_replies import (
    Outcome,
    read_answer,
    read_complaint,
    read_refusal,
)
from captioner.backends.openai_secrets import guard_logs, public_url, read_secrets, unguard_logs
from captioner.backends.openai_wire import Reply, Wire, WireError
from captioner.request import Attempt
from captioner.settings import OpenAISettings
from schemas.errors import MediaError, UserError

log = logging.getLogger(__name__)

T = TypeVar("T")
_FATAL = ("key", "money", "missing")
"""What is wrong with the server for every request, at once."""
_STEPS = 8
_REMEMBERED = 20_000
_TOKEN = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatJob:
    """One thing to ask. `make_messages` is called when its turn comes, in another thread.

    An OSError (what PIL raises for a bad picture) or a MediaError from it makes the outcome
    `unreadable_frames`.
    """

    make_messages: Callable[[], Sequence[Mapping[str, Any]]]
    attempt: Attempt
    schema: Mapping[str, Any] | None = None


class _Recent:
    """The last names that were noted: of requests that went out, of answers that came."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def note(self, name: str) -> None:
        self._names[name] = None
        while len(self._names) > _REMEMBERED:
            del self._names[next(iter(self._names))]


class ChatServer:
    """Talks to one server from a thread of its own, so it can be called from anywhere."""

    def __init__(self, settings: OpenAISettings) -> None:
        """Reach the server and learn which model it serves. Raises UserError where it cannot."""
        self._settings = settings
        self._secrets = read_secrets(settings.api_key_env)
        self._shown_url = public_url(settings.base_url)
        fixed = settings.json_schema
        self._dialect = Dialect(
            form="json_schema" if fixed == "auto" else fixed, may_change_form=fixed == "auto"
        )
        self._tokens, self._answers = _Recent(), _Recent()
        self._log_guard = guard_logs(self._secrets)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="openai-captioner", daemon=True
        )
        self._thread.start()
        try:
            self._wire = self._run(self._connect())
            self.model: ServedModel = self._run(self._find_model())
        except BaseException:
            self.close()
            raise

    def ask(self, jobs: Sequence[ChatJob]) -> list[Outcome]:
        """Return one outcome per job, in order. One that fails leaves the others alone.

        Raises UserError where no request could ever go well: a refused key, an unknown
        model, a server that is gone or too busy for every single job.
        """
        outcomes = self._run(self._ask_all(jobs))
        troubles = {outcome.trouble for outcome in outcomes}
        if len(troubles) == 1 and (trouble := troubles.pop()):
            raise self._error(trouble, outcomes[0].message)
        return self._without_repeats(outcomes)

    def complete(
        self,
        messages: Sequence[Mapping[str, Any]],
        attempt: Attempt,
        schema: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Return the outcome of one conversation; as `ask`."""
        job = ChatJob(make_messages=lambda: messages, attempt=attempt, schema=schema)
        return self.ask([job])[0]

    def close(self) -> None:
        """Close connections and end the thread; again is free."""
        if self._loop.is_closed():
            return
        wire = getattr(self, "_wire", None)
        if wire is not None:
            self._run(wire.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        unguard_logs(self._log_guard)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def _connect(self) -> Wire:
        if not re.match(r"https?://[^/]", self._shown_url):
            raise UserError(
                f"`{self._shown_url}` is no address of a server",
                "set caption.openai.base_url to http://... or https://..., up to `/v1`",
            )
        return Wire(self._settings, self._secrets)

    async def _find_model(self) -> ServedModel:
        body = await self._get_models()
        found = pick_model(body, self._settings.model, self._shown_url)
        if found.has_fresh_date:
            # vLLM, SGLang and llama.cpp put the time of asking here. Such a date would give
            # every worker another revision, and every run other captions.
            await asyncio.sleep(1.1)
            again = pick_model(await self._get_models(), self._settings.model, self._shown_url)
            found = found if again.revision == found.revision else found.without_date()
        return found

    async def _get_models(self) -> bytes:
        try:
            reply = await self._wire.get("/models")
        except WireError as error:
            if error.trouble or self._settings.model is None:
                raise self._error(error.trouble or "unreachable", error.message) from None
            return b""
        refused = read_refusal(reply.status, reply.body, self._secrets)
        if reply.status >= 400 and refused.trouble in ("key", "money"):
            raise self._error(refused.trouble, refused.message)
        if reply.status >= 400:
            return b""
        # A name from here goes into every row, so it is cleaned like everything that comes back.
        return self._secrets.hide_own(reply.body.decode("utf-8", errors="replace")).encode()

    async def _ask_all(self, jobs: Sequence[ChatJob]) -> list[Outcome]:
        tasks = [asyncio.create_task(self._ask_one(job)) for job in jobs]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask_one(self, job: ChatJob) -> Outcome:
        async with self._wire.slots:
            begun = time.monotonic()
            try:
                messages = await asyncio.to_thread(job.make_messages)
                outcome = await self._converse(job, messages)
            except (OSError, MediaError) as error:
                outcome = Outcome(
                    status="unreadable_frames", message=self._secrets.hide(str(error))[:300]
                )
            except WireError as error:
                outcome = Outcome(status="error", message=error.message, trouble=error.trouble)
            return replace(outcome, seconds=time.monotonic() - begun)

    async def _converse(self, job: ChatJob, messages: Sequence[Mapping[str, Any]]) -> Outcome:
        """Ask, in other words where the server refuses a field."""
        outcome = Outcome(status="error", message="the server refused every form of the request")
        for _ in range(_STEPS):
            used = self._dialect
            body = make_body(
                used,
                model=self.model.name,
                messages=messages,
                attempt=job.attempt,
                schema=job.schema,
                extra=self._settings.extra_body,
            )
            token = uuid.uuid4().hex
            self._tokens.note(token)
            payload = await asyncio.to_thread(_dump, body)
            headers = {"X-Request-Id": token}
            reply = await self._wire.post("/chat/completions", payload, headers=headers)
            outcome = self._read(reply, token)
            if reply.status < 400 or outcome.status != "error":
                return outcome
            lower = step_down(used, body, reply.status, read_complaint(reply.body))
            if lower is None:
                if outcome.trouble in _FATAL:
                    raise self._error(outcome.trouble, outcome.message)
                return outcome
            if self._dialect == used:
                self._dialect = lower
                log.info("the server refused a field (%s); asking as %s", outcome.message, lower)
        return outcome

    def _read(self, reply: Reply, token: str) -> Outcome:
        if reply.status >= 400:
            return read_refusal(reply.status, reply.body, self._secrets)
        outcome = read_answer(reply.body, models=self._names, secrets=self._secrets)
        # Servers that know the header send it back, in a header or in the answer's id.
        named = _TOKEN.findall(f"{reply.request_id} {outcome.reply_id}")
        if any(name != token and name in self._tokens for name in named):
            return Outcome(status="swapped", message="the answer to another request came back")
        return outcome

    def _without_repeats(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Mark answers that a cache has given twice: same name, same second, same words."""
        marks = [_mark_of(outcome) for outcome in outcomes]
        counts = Counter(mark for mark in marks if mark)
        repeated = {mark for mark, count in counts.items() if count > 1 or mark in self._answers}
        for mark in counts:
            self._answers.note(mark)
        return [
            replace(outcome, status="swapped", text="", message="one answer came to two requests")
            if mark in repeated
            else outcome
            for mark, outcome in zip(marks, outcomes, strict=True)
        ]

    @property
    def _names(self) -> tuple[str, ...]:
        also = self._settings.answers_as
        return (*self.model.names, also) if also else self.model.names

    def _error(self, trouble: str, message: str) -> UserError:
        return describe_trouble(
            trouble,
            message,
            url=self._shown_url,
            key_variable=self._settings.api_key_env,
            model=self.model.name if hasattr(self, "model") else self._settings.model,
        )


def _dump(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body).encode()


def _mark_of(outcome: Outcome) -> str:
    if not outcome.reply_id or outcome.created is None or not outcome.text:
        return ""
    named = f"{outcome.reply_id}\0{outcome.created}\0{outcome.text}"
    return hashlib.sha256(named.encode()).hexdigest()
