"""How the report says numbers, names and reasons (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_REASONS = {
    "transition": "fades, dissolves and black: in no shot",
    "trim": "frames next to a boundary, left out to be safe",
    "too_short": "shorter than the shortest clip asked for",
    "near_duplicate": "the same footage as a clip that is kept",
    "not_scored": "no scores were measured",
    "reviewed": "a person looked and dropped it",
}


def duration(seconds: float) -> str:
    """Return seconds as people say them: `8.2 s`, `5 min 17 s`, `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min"


def counted(number: int, noun: str, nouns: str | None = None) -> str:
    """Return `1 clip`, `3 clips`; `nouns` where the plural is irregular."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def listed(parts: Sequence[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def share(part: float, whole: float) -> float:
    """Return `part / whole` within 0..1, and 0 of nothing."""
    return min(max(part / whole, 0.0), 1.0) if whole > 0 else 0.0


def percent(part: float, whole: float) -> str:
    """Return `59 %`; never 0 % of something, never 100 % of less than all."""
    value = 100.0 * share(part, whole)
    if 0 < value < 1:
        return "under 1 %"
    if 99 < value < 100:
        return "over 99 %"
    return f"{value:.0f} %"


def number(value: Any) -> str:
    """Return a value of a table as text: four significant digits, `none` for null."""
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def plain(token: str) -> str:
    """Return a snake_case token as words: `too_static` becomes `too static`."""
    return token.replace("_", " ")


def meaning(reason: str, rules: Sequence[dict[str, Any]]) -> str:
    """Return what a reason means: the limits of its rules, or our own words for it."""
    limits = [limit(rule) for rule in rules if rule["reason"] == reason]
    return "drops where " + " or ".join(limits) if limits else _REASONS.get(reason, plain(reason))


def limit(rule: dict[str, Any]) -> str:
    """Return when a rule drops a clip: `motion is under 2`."""
    parts = []
    if rule["minimum"] is not None:
        parts.append(f"under {rule['minimum']:g}")
    if rule["maximum"] is not None:
        parts.append(f"over {rule['maximum']:g}")
    return f"{plain(rule['column'])} is {' or '.join(parts)}"


def breach(scores: dict[str, Any], reason: str, rules: Sequence[dict[str, Any]]) -> str:
    """Return the broken rule with the clip's own number: `motion is 0.31; drops under 2`.

    The first rule with this reason that the numbers break; nothing where none is known.
    """
    for rule in rules:
        value = scores.get(rule["column"])
        if rule["reason"] != reason or value is None:
            continue
        low, high = rule["minimum"], rule["maximum"]
        if low is not None and value < low:
            return f"{plain(rule['column'])} is {number(value)}; the rule drops under {low:g}"
        if high is not None and value > high:
            return f"{plain(rule['column'])} is {number(value)}; the rule drops over {high:g}"
    return ""


def short_id(identifier: str) -> str:
    """Return enough of an id to tell it from others on one page."""
    kind, _, rest = identifier.partition("_")
    return f"{kind}_{rest[:8]}" if rest else identifier[:12]


def common_folder(first: str, last: str) -> str:
    """Return the folder that the first and the last of sorted paths, so all of them, share."""
    length = 0
    for one, other in zip(first, last, strict=False):
        if one != other:
            break
        length += 1
    return first[: first[:length].rfind("/") + 1]
