"""What a server's reply means: bytes and a status in, an outcome out. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from captioner.backends.openai_secrets import Secrets

MAX_MESSAGE_CHARS = 300
_MATCHED_CHARS = 20_000
_TOO_MUCH = re.compile(
    r"context[ _]length|context[ _]window|context[ _]size|max_model_len|maximum model length"
    r"|too many (?:input )?tokens|prompt is too long|input is too long|maximum number of tokens"
    r"|exceeds? the (?:maximum|model'?s) (?:number of )?(?:input |prompt )?(?:tokens|length)"
    r"|longer than the (?:model'?s|maximum)|at most \d+ (?:image|video)|too many images"
    r"|maximum number of images|request entity too large|payload too large",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content_filter|content[ _]policy|content management policy|moderation|flagged|"
    r"safety system|responsibleaipolicy",
    re.IGNORECASE,
)
_NO_MONEY = re.compile(r"insufficient_quota|exceeded your current quota|billing", re.IGNORECASE)
_TAGS = re.compile(r"<(?:script|style).*?</(?:script|style)>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_DATED = re.compile(r"[-@:_]v?\d{3,}[\d-]*")
_WHOLE_SERVER = {401: "key", 403: "key", 407: "key", 402: "money", 404: "missing", 405: "missing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one request. `status` is one of a caption's, `ok` where there is a text.

    `trouble` names what is wrong with the server and not with this request: `key`, `money`,
    `missing` (no such model or address), `redirect`, `unreachable`, `busy`, `other_model`.
    `reply_id` and `created` are what the server calls its answer.
    """

    status: str = "ok"
    text: str = ""
    message: str = ""
    finish_reason: str = ""
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    trouble: str = ""
    reply_id: str = ""
    created: int | None = None
    seconds: float = 0.0


def read_answer(body: bytes, *, models: tuple[str, ...], secrets: Secrets) -> Outcome:
    """Return the outcome of a reply with a good HTTP status.

    `models` are the names under which the answer may come. Whatever is in the body, the
    result is an outcome; only a JSON object with a message in it is `ok`.
    """
    try:
        # Not a number is no JSON; where it stands for a count, only the count is lost.
        data = json.loads(body.decode("utf-8"), parse_constant=lambda _: None)
    except UnicodeDecodeError:
        return _failed("the answer is not UTF-8")
    except (ValueError, RecursionError):
        return _failed(f"the answer is no JSON: {_shown(body, secrets)}")
    if not isinstance(data, dict):
        return _failed("the answer is no JSON object")
    if data.get("error"):
        return _failed(f"the server reports: {_shown(body, secrets)}")
    choice = _first_choice(data.get("choices"))
    if choice is None:
        return _failed("the answer holds no choice")
    served = data.get("model")
    if isinstance(served, str) and served and not any(is_same_model(served, m) for m in models):
        return Outcome(
            status="error",
            trouble="other_model",
            message=f"answered by the model `{secrets.hide(served)[:100]}`, not `{models[0]}`",
        )
    return _read_choice(choice, data, secrets)


def _first_choice(choices: Any) -> dict[str, Any] | None:
    if not isinstance(choices, list):
        return None
    found = [c for c in choices if isinstance(c, dict) and isinstance(c.get("message"), dict)]
    return next((c for c in found if c.get("index") == 0), found[0] if found else None)


def _read_choice(choice: dict[str, Any], data: dict[str, Any], secrets: Secrets) -> Outcome:
    message = choice["message"]
    text = secrets.hide_own(_text_of(message.get("content")))
    reason = choice.get("finish_reason")
    reason = secrets.hide(reason)[:40] if isinstance(reason, str) else ""
    refusal = message.get("refusal")
    status, remark = "ok", ""
    if isinstance(refusal, str) and refusal.strip():
        status, remark = "refused", secrets.hide(refusal.strip())[:MAX_MESSAGE_CHARS]
    elif reason == "content_filter":
        status, remark = "refused", "the server's content filter"
    elif reason == "length":
        status, remark = "truncated", "the limit of tokens was reached"
    elif not _is_unicode(text):
        status, text, remark = "error", "", "the answer holds half characters"
    elif not text.strip():
        status, remark = "empty", "the message has no content"
    usage = data.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return Outcome(
        status=status,
        text=text if _is_unicode(text) else "",
        message=remark,
        finish_reason=reason,
        prompt_tokens=_count(usage.get("prompt_tokens")),
        output_tokens=_count(usage.get("completion_tokens")),
        reply_id=data["id"][:200] if isinstance(data.get("id"), str) else "",
        created=_count(data.get("created")),
    )


def read_refusal(http_status: int, body: bytes, secrets: Secrets) -> Outcome:
    """Return the outcome of a reply with an HTTP status of 400 or more."""
    text = matched_text(body)
    message = f"HTTP {http_status}: {_shown(body, secrets)}"
    if is_too_much(http_status, text):
        return Outcome(status="too_many_tokens", message=message)
    if http_status in (400, 403, 422) and _FILTERED.search(text):
        return Outcome(status="refused", message=message)
    if http_status == 429:
        trouble = "money" if _NO_MONEY.search(text) else "busy"
        return Outcome(status="error", message=message, trouble=trouble)
    trouble = _WHOLE_SERVER.get(http_status, "")
    return Outcome(status="error", message=message, trouble=trouble)


def is_worth_a_retry(http_status: int, body: bytes) -> bool:
    """Whether the same request may go well later: not where it is too long, or unpaid."""
    if http_status not in (408, 409, 425, 429, 500, 502, 503, 504):
        return False
    text = matched_text(body)
    return not is_too_much(http_status, text) and not (
        http_status == 429 and _NO_MONEY.search(text)
    )


def is_too_much(http_status: int, text: str) -> bool:
    """Whether a refusal says that the prompt, its pictures or the answer are too long."""
    return http_status == 413 or (http_status in (400, 422, 500) and bool(_TOO_MUCH.search(text)))


def matched_text(body: bytes) -> str:
    """Return the start of a body as text, for looking at."""
    return body[:_MATCHED_CHARS].decode("utf-8", errors="replace")


def read_complaint(body: bytes) -> str:
    """Return what a refusal says: the message and the field it names, without our request.

    Servers in Python answer with a list of what is wrong, each with the offending input; that
    input is left out, for it names every field that we sent.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return matched_text(body)
    if not isinstance(data, dict):
        return matched_text(body)
    error = data.get("error", data.get("detail", data.get("message", data)))
    if isinstance(error, dict):
        named = [error.get(key) for key in ("message", "param", "code") if error.get(key)]
        return " ".join(str(part) for part in named) or json.dumps(error)[:_MATCHED_CHARS]
    if isinstance(error, list):
        told = [e for e in error if isinstance(e, dict)]
        return " ".join(f"{e.get('loc', '')} {e.get('msg', '')}" for e in told)
    return str(error)


def is_same_model(served: str, asked: str) -> bool:
    """Whether two names can stand for one model: a path, a tag or a date may be missing."""
    left, right = sorted((_plain_name(served), _plain_name(asked)), key=len)
    return right == left or (right.startswith(left) and bool(_DATED.fullmatch(right[len(left) :])))


def _plain_name(name: str) -> str:
    last = name.lower().split("@")[0].rstrip("/").replace("\\", "/").rsplit("/", 1)[-1]
    return last.removesuffix(":latest").removesuffix(".gguf")


def _text_of(content: Any) -> str:
    """Return a message's text: a string, or a list of parts in newer servers."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [part.get("text") for part in content if isinstance(part, dict)]
    return "".join(part for part in parts if isinstance(part, str))


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _count(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        return None
    return value


def _failed(message: str) -> Outcome:
    return Outcome(status="error", message=message)


def _shown(body: bytes, secrets: Secrets) -> str:
    """Return a short line of what a body says, without keys."""
    line = " ".join(_TAGS.sub(" ", secrets.hide(read_complaint(body))).split())
    line = "".join(c for c in line if c.isprintable())
    return line[:MAX_MESSAGE_CHARS] or "(an empty body)"
