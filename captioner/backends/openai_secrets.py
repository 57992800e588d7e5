"""Keys: read from the environment, sent in one header, hidden everywhere else."""

from __future__ import annotations

import json
import logging
import os
import re
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit

from schemas.errors import UserError

_HIDDEN = "[hidden]"
_LOOKS_LIKE_A_KEY = re.compile(
    r"\b(?:sk|pk|hf|gsk|nvapi|xai)[-_][A-Za-z0-9_\-*]{8,}|\b(?:Bearer|Basic)\s+[\w.~+/=\-*]{8,}"
)
_MIN_SECRET_CHARS = 8
"""Shorter ones are no secrets but fillers (`EMPTY`, `none`), and words that captions use."""
_CREDENTIALS_IN_URL = re.compile(r"(?<=://)[^/\s@]+@")
_TALKATIVE_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy")
"""They write addresses and headers at INFO and DEBUG."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What must not be seen: `hide` takes it out of any text. Its own repr shows nothing."""

    authorization: str = field(default="", repr=False)
    """Value of the header, empty where no key is set."""
    words: tuple[str, ...] = field(default=(), repr=False)

    def hide(self, text: str) -> str:
        """Return the text without our key, and without what looks like one."""
        for word in self.words:
            text = text.replace(word, _HIDDEN)
        text = _CREDENTIALS_IN_URL.sub("", text)
        return _LOOKS_LIKE_A_KEY.sub(_HIDDEN, text)

    def hide_own(self, text: str) -> str:
        """Return the text without our key; what else it says stays: a caption may quote a sign."""
        for word in self.words:
            text = text.replace(word, _HIDDEN)
        return text


def read_secrets(variable: str) -> Secrets:
    """Return the key in the environment variable, or no key where it is unset or empty.

    A value that begins with `Bearer ` or `Basic ` is the whole header. Raises UserError,
    which does not show the value, for one that no header can hold.
    """
    value = os.environ.get(variable, "").strip()
    if not value:
        return Secrets()
    if not value.isascii() or not value.isprintable():
        raise UserError(
            f"the environment variable {variable} holds no key",
            "a key is printable ASCII in one line",
        )
    scheme, _, rest = value.partition(" ")
    is_whole = scheme.lower() in ("bearer", "basic") and bool(rest.strip())
    key = rest.strip() if is_whole else value
    forms = (value, key, quote(key, safe=""), json.dumps(key)[1:-1])
    words = tuple(dict.fromkeys(form for form in forms if len(form) >= _MIN_SECRET_CHARS))
    return Secrets(value if is_whole else f"Bearer {key}", words)


def public_url(url: str) -> str:
    """Return an address that may be shown: no user, no password, no query."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "[an address that cannot be read]"
    host = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, f"{host}{port}", parts.path, "", ""))


class _HidingFilter(logging.Filter):
    """Rewrites the records of the HTTP libraries: a server may send a key back in a header."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._secrets.hide(record.getMessage()), ()
        return True


def guard_logs(secrets: Secrets) -> logging.Filter:
    """Hide the key in what the HTTP libraries log, from now on; undone by `unguard_logs`."""
    guard = _HidingFilter(secrets)
    for name in _TALKATIVE_LOGGERS:
        logging.getLogger(name).addFilter(guard)
    return guard


def unguard_logs(guard: logging.Filter) -> None:
    """Take back what `guard_logs` did."""
    for name in _TALKATIVE_LOGGERS:
        logging.getLogger(name).removeFilter(guard)
