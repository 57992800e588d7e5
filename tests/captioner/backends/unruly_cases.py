"""The ways in which a chat server fails, and what must come of each."""

import email.utils
import gzip
import json
import time
from dataclasses import dataclass

from tests.captioner.backends.serving import Behaviour, Exchange, completion, good


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One failure, and how often its clip is asked about before that is what came of it."""

    name: str
    behave: Behaviour
    status: str
    message: str = ""
    asked: int = 1
    timeout_s: float = 10.0


def _fail_then(count: int, behave: Behaviour) -> Behaviour:
    return lambda x: behave(x) if x.count <= count else good(x)


def _refuse(status: int, message: str, **headers: str) -> Behaviour:
    return lambda x: x.send_json(status, {"error": {"message": message}}, **headers)


def _raw(body: bytes, **headers: str) -> Behaviour:
    return lambda x: x.send(200, body, **headers)


def _changed(**changes: object) -> Behaviour:
    return lambda x: x.send_json(200, completion(x, **changes))


def _said(finish_reason: str | None = "stop", **message: object) -> Behaviour:
    whole = {"role": "assistant", **message}
    return _changed(choices=[{"index": 0, "message": whole, "finish_reason": finish_reason}])


def _http_date(exchange: Exchange) -> None:
    date = email.utils.formatdate(time.time() - 5, usegmt=True)
    exchange.send_json(429, {"error": "slow down"}, Retry_After=date)


def _reset_mid_body(exchange: Exchange) -> None:
    exchange.promise(5_000)
    exchange.write(b'{"choices": [')
    exchange.reset()


def _reset_at_once(exchange: Exchange) -> None:
    exchange.reset()


def _closed_early(exchange: Exchange) -> None:
    exchange.promise(5_000)
    exchange.write(json.dumps(completion(exchange)).encode())
    exchange.handler.close_connection = True


def _drip(exchange: Exchange) -> None:
    """Send a good answer, so slowly that no single pause is long."""
    body = json.dumps(completion(exchange)).encode()
    exchange.promise(30 + len(body))
    for _ in range(30):
        time.sleep(0.05)
        exchange.write(b" ")
    exchange.write(body)


def _sleep(exchange: Exchange) -> None:
    time.sleep(3)


def _cut(exchange: Exchange) -> None:
    exchange.send(200, json.dumps(completion(exchange)).encode()[:60])


def _wrong_type(exchange: Exchange) -> None:
    exchange.send(200, json.dumps(completion(exchange)).encode(), Content_Type="text/html")


def _bad_gzip(exchange: Exchange) -> None:
    exchange.send(200, b"\x1f\x8b" + b"garbage" * 9, Content_Encoding="gzip")


def _bomb(exchange: Exchange) -> None:
    exchange.send(200, gzip.compress(b" " * 40_000_000), Content_Encoding="gzip")


def _enormous(exchange: Exchange) -> None:
    exchange.promise(10**9)
    for _ in range(200):
        exchange.write(b"x" * 2**17)


def _nan_counts(exchange: Exchange) -> None:
    text = json.dumps(completion(exchange, usage={"prompt_tokens": float("nan")}))
    assert "NaN" in text
    exchange.send(200, text.encode())


_HTML = b"<html><head><title>Welcome</title></head><body>Log in to the network</body></html>"
_CONTEXT = (
    "This model's maximum context length is 4096 tokens. However, you requested 5210 tokens "
    "(4186 in the messages, 1024 in the completion)."
)
_VLLM_LIMIT = (
    "'max_tokens' or 'max_completion_tokens' is too large: 1024. This model's maximum context "
    "length is 4096 tokens and your request has 4000 input tokens"
)
_RETRIES = 3
"""What the tests set, so a clip is asked about once more than this."""

CASES = (
    Case(
        name="busy once, seconds",
        behave=_fail_then(1, _refuse(429, "slow down", Retry_After="0.05")),
        status="ok",
        asked=2,
    ),
    Case(name="busy once, date", behave=_fail_then(1, _http_date), status="ok", asked=2),
    Case(name="busy always", behave=_refuse(429, "slow down"), status="error", asked=4),
    *(
        Case(name=f"{code} twice", behave=_fail_then(2, _refuse(code, "x")), status="ok", asked=3)
        for code in (408, 409, 425, 500, 502, 503, 504)
    ),
    Case(
        name="500 always",
        behave=_refuse(500, "CUDA error"),
        status="error",
        message="HTTP 500: CUDA error",
        asked=_RETRIES + 1,
    ),
    Case(name="reset once", behave=_fail_then(1, _reset_at_once), status="ok", asked=2),
    Case(name="reset mid body", behave=_reset_mid_body, status="error", message="broke", asked=4),
    Case(name="closed early", behave=_closed_early, status="error", message="broke", asked=4),
    Case(
        name="drips",
        behave=_drip,
        status="error",
        message="no whole answer",
        asked=4,
        timeout_s=0.5,
    ),
    Case(
        name="silent",
        behave=_sleep,
        status="error",
        message="no whole answer",
        asked=4,
        timeout_s=0.5,
    ),
    Case(name="cut JSON", behave=_cut, status="error", message="no JSON"),
    Case(name="a page", behave=_raw(_HTML), status="error", message="Log in to the network"),
    Case(name="empty body", behave=_raw(b""), status="error", message="empty body"),
    Case(name="a list", behave=_raw(b"[1, 2]"), status="error", message="no JSON object"),
    Case(name="deep", behave=_raw(b"[" * 200_000), status="error", message="no JSON"),
    Case(name="wrong content type", behave=_wrong_type, status="ok"),
    Case(name="error with 200", behave=_changed(error={"message": "no"}), status="error"),
    Case(name="no choices", behave=_changed(choices=[]), status="error", message="no choice"),
    Case(name="choices null", behave=_changed(choices=None), status="error", message="no choice"),
    Case(name="odd choices", behave=_changed(choices=[7, {}]), status="error"),
    Case(name="null content", behave=_said(content=None), status="empty"),
    Case(name="blank content", behave=_said(content=" \n"), status="empty"),
    Case(
        name="content in parts", behave=_said(content=[{"type": "text", "text": "A."}]), status="ok"
    ),
    Case(name="length", behave=_said("length", content='{"short": "A'), status="truncated"),
    Case(name="filter", behave=_said("content_filter", content=""), status="refused"),
    Case(name="refusal", behave=_said(content=None, refusal="No."), status="refused"),
    Case(name="thought only", behave=_said(content=None, reasoning_content="Hm."), status="empty"),
    Case(name="half character", behave=_said(content="A \ud83d dog."), status="error"),
    Case(
        name="not UTF-8", behave=_raw(b'{"choices": "\xff\xfe"}'), status="error", message="UTF-8"
    ),
    Case(name="NaN counts", behave=_nan_counts, status="ok"),
    Case(name="other model", behave=_changed(model="guesser"), status="error", message="`guesser`"),
    Case(name="dated model", behave=_changed(model="looker-2026-01-31"), status="ok"),
    Case(name="gzip garbage", behave=_bad_gzip, status="error", asked=4),
    Case(name="gzip bomb", behave=_bomb, status="error", message="longer than"),
    Case(name="enormous", behave=_enormous, status="error", message="longer than"),
    Case(name="too long", behave=_refuse(400, _CONTEXT), status="too_many_tokens"),
    Case(name="too long, vLLM", behave=_refuse(400, _VLLM_LIMIT), status="too_many_tokens"),
    Case(name="too long, 500", behave=_refuse(500, _CONTEXT), status="too_many_tokens"),
    Case(
        name="too many pictures",
        behave=_refuse(400, "At most 8 image(s) may be provided in one prompt."),
        status="too_many_tokens",
    ),
    Case(
        name="too large", behave=_refuse(413, "Request Entity Too Large"), status="too_many_tokens"
    ),
    Case(
        name="filtered prompt",
        behave=_refuse(400, "The response was filtered: content_filter"),
        status="refused",
    ),
    Case(name="moderated", behave=_refuse(403, "Your input was flagged"), status="refused"),
    Case(name="bad picture", behave=_refuse(400, "cannot identify image file"), status="error"),
    Case(name="unprocessable", behave=_refuse(422, "no"), status="error", message="HTTP 422: no"),
)
