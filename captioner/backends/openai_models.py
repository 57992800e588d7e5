"""Which model a server serves, and what to tell the user where it serves none. Pure."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import Any

from schemas.errors import UserError

_FRESH_S = 86_400.0
_LISTED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """A model as the server names it. `root` is what it was made from, where that is told."""

    name: str
    root: str = ""
    created: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which its answers may come."""
        return (self.name, self.root) if self.root else (self.name,)

    @property
    def revision(self) -> str:
        """What is known of the weights; `unstated` where the server tells nothing."""
        parts = [self.root] if self.root and self.root != self.name else []
        if self.created is not None:
            parts.append(f"created {self.created}")
        return ", ".join(parts) or "unstated"

    @property
    def has_fresh_date(self) -> bool:
        """Whether the date is so new that it may be the time of asking."""
        return self.created is not None and self.created > time.time() - _FRESH_S

    def without_date(self) -> ServedModel:
        """Return the model without its date."""
        return replace(self, created=None)


def pick_model(body: bytes, wanted: str | None, url: str) -> ServedModel:
    """Return the model called `wanted`, or the only one that the server lists.

    `body` is the reply to `GET /models`, empty where there was none. A wanted model that is
    not listed is taken at its word: not every server lists all that it serves.
    """
    cards = _read_cards(body)
    if wanted is not None:
        return next((card for card in cards if card.name == wanted), ServedModel(name=wanted))
    if len(cards) == 1:
        return cards[0]
    if not cards:
        raise UserError(
            f"the server at {url} does not say which model it serves",
            "set caption.openai.model",
        )
    listed = ", ".join(f"`{card.name}`" for card in cards[:_LISTED])
    more = f" and {len(cards) - _LISTED} more" if len(cards) > _LISTED else ""
    raise UserError(
        f"the server at {url} has several models: {listed}{more}",
        "set caption.openai.model to one of them",
    )


def describe_trouble(
    trouble: str, message: str, *, url: str, key_variable: str, model: str | None
) -> UserError:
    """Return the error for a trouble of `openai_replies.Outcome`, with what to do about it."""
    named = f" (model `{model}`)" if model else ""
    what, hint = {
        "key": ("refused the key", f"put a valid key into the variable {key_variable}"),
        "money": ("wants payment", "look at the account's quota and billing"),
        "missing": (
            f"does not know what was asked for{named}",
            "set caption.openai.model, and caption.openai.base_url up to and including `/v1`",
        ),
        "redirect": (
            "sends requests elsewhere, and the key is not sent after them",
            "set caption.openai.base_url to the final address",
        ),
        "unreachable": ("cannot be reached", "start it, or set caption.openai.base_url"),
        "busy": (
            "turned every request away",
            "set caption.openai.requests_per_minute, or a lower caption.openai.concurrency",
        ),
        "other_model": (
            "answers with another model",
            "set caption.openai.answers_as to the name that its answers bear",
        ),
    }[trouble]
    return UserError(f"the server at {url} {what}: {message}", hint)


def _read_cards(body: bytes) -> list[ServedModel]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return []
    items = data.get("data") if isinstance(data, dict) else data
    if not isinstance(items, list):
        return []
    cards = [_read_card(item) for item in items if isinstance(item, dict)]
    return [card for card in cards if card is not None]


def _read_card(item: dict[str, Any]) -> ServedModel | None:
    name, root, created = item.get("id"), item.get("root"), item.get("created")
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        return None
    has_date = isinstance(created, int) and not isinstance(created, bool) and created > 0
    return ServedModel(
        name=name,
        root=root if isinstance(root, str) and root.isprintable() else "",
        created=created if has_date else None,
    )
