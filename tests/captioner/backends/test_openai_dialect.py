"""How a server is asked, and asked in other words after a refusal."""

import json
from typing import Any

import pytest

from captioner.backends.openai_dialect import Dialect, make_body, step_down
from captioner.backends.openai_replies import (
    is_same_model,
    is_worth_a_retry,
    read_complaint,
    read_refusal,
)
from captioner.backends.openai_secrets import Secrets
from captioner.backends.openai_wire import read_retry_after
from captioner.parse import json_schema
from captioner.request import Attempt
from tests.captioner.backends.openai_clips import ask, assert_good, connected, name
from tests.captioner.backends.serving import Exchange, Unruly, good

SCHEMA = {
    "type": "object",
    "properties": {
        "maximum": {"type": "string", "maxLength": 9},
        "counts": {"type": "array", "maxItems": 3, "items": {"type": "integer", "minimum": 1}},
    },
    "required": ["maximum", "counts"],
}


def body_for(dialect: Dialect, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "attempt": Attempt(seed=7, temperature=0.4, repetition_penalty=1.15, max_new_tokens=64),
        "schema": SCHEMA,
        "extra": {},
    }
    return make_body(dialect, **given | changes)


def test_a_body_holds_what_the_attempt_asks_for() -> None:
    body = body_for(Dialect(), extra={"top_k": 20, "temperature": 0.1})
    assert body["seed"] == 7 and body["max_tokens"] == 64 and body["repetition_penalty"] == 1.15
    assert body["temperature"] == 0.1 and body["top_k"] == 20, "extra has the last word"
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert "stream" not in body
    assert 0 <= body_for(Dialect(), attempt=Attempt(seed=2**40 + 5))["seed"] < 2**31
    assert "response_format" not in body_for(Dialect(), schema=None)
    assert "repetition_penalty" not in body_for(Dialect(), attempt=Attempt(repetition_penalty=1.0))


def test_the_form_steps_down_from_schema_to_nothing() -> None:
    dialect, forms = Dialect(), []
    for _ in range(5):
        body = body_for(dialect)
        forms.append(body.get("response_format", {}).get("type"))
        lower = step_down(dialect, body, 400, "response_format is not supported")
        if lower is None:
            break
        dialect = lower
    assert forms == ["json_schema", "json_schema", "json_object", None]


def test_a_loose_schema_keeps_all_but_the_limits() -> None:
    body = body_for(Dialect(form="loose_schema"))
    loose = body["response_format"]["json_schema"]["schema"]
    assert loose["properties"] == {
        "maximum": {"type": "string"},
        "counts": {"type": "array", "items": {"type": "integer"}},
    }
    assert loose["required"] == SCHEMA["required"]
    ours = body_for(Dialect(form="loose_schema"), schema=json_schema("full"))
    plain = ours["response_format"]["json_schema"]["schema"]
    assert plain == json_schema("full", bounded=False)


@pytest.mark.parametrize(
    ("complaint", "changed"),
    [
        (
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            {"limit_name": "max_completion_tokens"},
        ),
        ("Unexpected fields: {'repetition_penalty'}", {"penalty_name": "frequency_penalty"}),
        ("'temperature' does not support 0.4", {"dropped": frozenset({"temperature"})}),
        ("Unknown field: seed", {"dropped": frozenset({"seed"})}),
        ("JSON schema conversion failed: unrecognized schema", {"form": "loose_schema"}),
    ],
)
def test_a_refused_field_is_changed_and_no_other(complaint: str, changed: dict[str, Any]) -> None:
    dialect = Dialect()
    lower = step_down(dialect, body_for(dialect), 422, complaint)
    assert lower == Dialect(**changed)


@pytest.mark.parametrize(
    ("status", "complaint"),
    [(400, "cannot read the image"), (500, "response_format"), (401, "seed")],
)
def test_other_refusals_change_nothing(status: int, complaint: str) -> None:
    assert step_down(Dialect(), body_for(Dialect()), status, complaint) is None


def test_a_form_that_the_settings_demand_is_not_given_up() -> None:
    demanded = Dialect(may_change_form=False)
    loose = step_down(demanded, body_for(demanded), 400, "response_format")
    assert loose is not None and loose.form == "loose_schema"
    assert step_down(loose, body_for(loose), 400, "response_format") is None


def test_a_refusal_that_repeats_our_request_names_only_the_field_it_is_about() -> None:
    detail = [{"loc": ["body", "seed"], "msg": "not allowed", "input": {"temperature": 0.4}}]
    complaint = read_complaint(json.dumps({"detail": detail}).encode())
    assert "seed" in complaint and "temperature" not in complaint


def test_a_server_is_asked_in_the_words_that_it_takes_from_then_on() -> None:
    def picky(exchange: Exchange) -> None:
        body = exchange.body
        if body.get("response_format", {}).get("type") == "json_schema":
            exchange.send_json(400, {"error": {"message": "response_format: no json_schema"}})
        elif "response_format" in body:
            exchange.send_json(404, {"error": {"message": "No endpoint supports response_format"}})
        elif "max_tokens" in body:
            message = "Use 'max_completion_tokens' in place of 'max_tokens'"
            exchange.send_json(400, {"error": {"message": message, "param": "max_tokens"}})
        elif "repetition_penalty" in body or "seed" in body:
            bad = [key for key in ("repetition_penalty", "seed") if key in body]
            exchange.send_json(422, {"detail": f"Unexpected fields in the request: {bad}"})
        else:
            good(exchange)

    with Unruly(otherwise=picky) as server, connected(server.url, concurrency=4) as captioner:
        first = ask(captioner, 1, 2, 3, 4, 5, 6, repetition_penalty=1.1)
        for number in range(1, 7):
            assert_good(first[f"clip{number}"], number)
        server.counts.clear()
        assert_good(ask(captioner, 7, repetition_penalty=1.1)["clip7"], 7)
        assert server.counts[name(7)] == 1, "what was learned is kept"
        last = server.seen[-1].body
        assert last["max_completion_tokens"] == 1024 and last["frequency_penalty"] == 0.1


@pytest.mark.parametrize(
    ("served", "asked", "same"),
    [
        ("looker", "looker", True),
        ("org/looker", "looker", True),
        ("/models/looker@main", "/models/looker", True),
        ("looker:latest", "looker", True),
        ("/m/looker-q4.gguf", "looker-q4", True),
        ("gpt-4o-2024-08-06", "gpt-4o", True),
        ("gpt-4o-mini", "gpt-4o", False),
        ("qwen3-vl-8b", "qwen3-vl-2b", False),
        ("qwen3-vl-2b", "qwen3-vl", False),
        ("looker:13b", "looker:7b", False),
    ],
)
def test_names_of_one_model_are_known_as_such(served: str, asked: str, same: bool) -> None:
    assert is_same_model(served, asked) is same


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0.5 ", 0.5),
        ("-3", 0.0),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 20.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("inf", None),
        ("nan", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    assert read_retry_after(value, now=100.0) == seconds


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 413, 422, 501])
def test_what_the_client_did_wrong_is_not_tried_again(status: int) -> None:
    assert not is_worth_a_retry(status, b"")


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_unless_the_prompt_is_too_long(status: int) -> None:
    assert is_worth_a_retry(status, b"")
    too_long = b'{"error": "the request exceeds the available context size"}'
    assert is_worth_a_retry(status, too_long) is (status != 500)


@pytest.mark.parametrize(
    "message",
    [
        "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
        "the request exceeds the available context size, try increasing it",
        "The decoder prompt (length 9000) is longer than the maximum model length of 4096.",
        "Input validation error: too many tokens, `inputs` + `max_new_tokens` must be <= 4096",
        "context_length_exceeded",
        "At most 4 video(s) may be provided in one prompt.",
        "prompt is too long: 210000 tokens > 200000 maximum",
    ],
)
def test_servers_say_too_long_in_many_ways(message: str) -> None:
    outcome = read_refusal(400, json.dumps({"error": message}).encode(), Secrets())
    assert outcome.status == "too_many_tokens" and outcome.message.startswith("HTTP 400")
