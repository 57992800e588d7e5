"""What a server takes: fields that it refuses are put in other words, or left out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from captioner.request import Attempt

Form = Literal["json_schema", "loose_schema", "json_object", "off"]
"""`loose_schema` is the schema without limits of length and number, which some servers refuse."""
_NEXT_FORM: dict[Form, Form] = {
    "json_schema": "loose_schema",
    "loose_schema": "json_object",
    "json_object": "off",
}
_LIMITS = ("maxLength", "minLength", "maxItems", "minItems", "minimum", "maximum")
_FORM_WORDS = (
    "response_format",
    "json_schema",
    "json_object",
    "json schema",
    "json mode",
    "structured output",
    "guided",
    "grammar",
)
_OPTIONAL = ("seed", "temperature", "repetition_penalty", "frequency_penalty")
_REFUSALS = (400, 404, 422, 501)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one server wants to be asked; learned from what it refuses, kept for the run."""

    form: Form = "json_schema"
    """How an answer's form is asked for."""
    may_change_form: bool = True
    """Whether to do without the schema where the server refuses it."""
    limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    penalty_name: Literal["repetition_penalty", "frequency_penalty"] = "repetition_penalty"
    """The first is an extension of vLLM, SGLang and others, the second is in the protocol."""
    dropped: frozenset[str] = frozenset()
    """Fields that the server does not take at all."""


def make_body(
    dialect: Dialect,
    *,
    model: str,
    messages: Sequence[Mapping[str, Any]],
    attempt: Attempt,
    schema: Mapping[str, Any] | None,
    extra: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the request as plain data; `extra` has the last word."""
    body: dict[str, Any] = {
        "model": model,
        "messages": list(messages),
        "temperature": attempt.temperature,
        "seed": attempt.seed % 2**31,
        dialect.limit_name: attempt.max_new_tokens,
    }
    if attempt.repetition_penalty != 1:
        as_frequency = round(attempt.repetition_penalty - 1, 6)
        is_plain = dialect.penalty_name == "repetition_penalty"
        body[dialect.penalty_name] = attempt.repetition_penalty if is_plain else as_frequency
    if schema is not None and dialect.form in ("json_schema", "loose_schema"):
        asked = dict(schema) if dialect.form == "json_schema" else _without_limits(schema)
        named = {"name": "caption", "strict": True, "schema": asked}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    elif schema is not None and dialect.form == "json_object":
        body["response_format"] = {"type": "json_object"}
    for name in dialect.dropped:
        body.pop(name, None)
    return body | dict(extra)


def step_down(
    dialect: Dialect, body: Mapping[str, Any], status: int, complaint: str
) -> Dialect | None:
    """Return how to ask instead after a refusal, or None where it is not about a field.

    `complaint` is the server's text. Only what `body` held can have been refused.
    """
    if status not in _REFUSALS:
        return None
    text = complaint.lower()
    if "response_format" in body and any(word in text for word in _FORM_WORDS):
        lower = _NEXT_FORM.get(dialect.form)
        may = dialect.may_change_form or lower == "loose_schema"
        return replace(dialect, form=lower) if lower and may else None
    if "max_tokens" in body and "max_completion_tokens" in text:
        return replace(dialect, limit_name="max_completion_tokens")
    for name in _OPTIONAL:
        if name in body and name in text:
            if name == "repetition_penalty":
                return replace(dialect, penalty_name="frequency_penalty")
            return replace(dialect, dropped=dialect.dropped | {name})
    return None


def _without_limits(value: Any) -> Any:
    """Return a JSON schema without the limits; a property of such a name is kept."""
    if isinstance(value, list):
        return [_without_limits(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: {name: _without_limits(part) for name, part in inner.items()}
        if key == "properties" and isinstance(inner, dict)
        else _without_limits(inner)
        for key, inner in value.items()
        if key not in _LIMITS
    }
