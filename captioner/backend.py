"""The interface that every captioner fills, and the one place that knows their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from pydantic import Field, field_validator

from captioner.request import KINDS, CaptionRequest, CaptionText
from schemas.errors import UserError
from schemas.settings import Settings

KNOWN_BACKENDS: tuple[str, ...] = ("measured",)
"""The names that `load_backend` accepts."""

CaptionKind = Literal["short", "medium", "long", "structured"]


class CaptionSettings(Settings):
    """Who writes the captions, and which kinds."""

    backend: str = "measured"
    """Name of the captioner."""

    model: str | None = None
    """Name of the model, for a backend that offers several; none takes the backend's own."""

    kinds: tuple[CaptionKind, ...] = ("short", "medium", "long", "structured")
    """Kinds of caption to write for every clip."""

    language: str = "en"
    """Language of the captions, BCP 47."""

    num_frames: int = Field(default=8, ge=1, le=64)
    """At most this many stored frames of a clip are looked at, spread evenly."""

    batch_size: int = Field(default=32, ge=1)
    """Clips per call of the captioner."""

    @field_validator("kinds")
    @classmethod
    def _some_kinds_once(cls, kinds: tuple[CaptionKind, ...]) -> tuple[CaptionKind, ...]:
        if not kinds or len(set(kinds)) != len(kinds):
            raise ValueError(f"name each kind once, at least one of {', '.join(KINDS)}")
        return kinds


class Captioner(Protocol):
    """Writes captions. The four names go into every row, so that a text can be traced.

    `model` and `revision` name the weights, or the rules where there are none.
    `prompt_hash` names the prompt, or the wording.
    """

    name: str
    model: str
    revision: str
    prompt_hash: str

    def caption(self, requests: Sequence[CaptionRequest]) -> list[list[CaptionText]]:
        """Return one list of texts per request, in the order of the requests.

        A list holds one text per kind asked for. A clip that cannot be described gets texts
        with a `status` other than `ok`; it never makes its neighbours fail.
        """
        ...


def load_backend(name: str, settings: CaptionSettings) -> Captioner:
    """Return the captioner called `name`, with its weights loaded where it has any.

    Raises UserError for a name that is not in `KNOWN_BACKENDS`, and for a language or a
    model that the backend does not have.
    """
    if name == "measured":
        from captioner.backends.measured import MeasuredCaptioner

        return MeasuredCaptioner(settings)
    raise UserError(
        f"unknown captioner `{name}`",
        f"choose one of: {', '.join(KNOWN_BACKENDS)}",
    )


def caption_settings_hash(settings: CaptionSettings, captioner: Captioner) -> str:
    """Return the hash that captions carry: the settings that shape a text, and who wrote it.

    The batch size is left out: it changes the speed, not the text.
    """
    shaping = settings.model_copy(update={"batch_size": 1, "backend": captioner.name})
    return shaping.hash(captioner.name, captioner.model, captioner.revision, captioner.prompt_hash)


def pick_evenly(count: int, limit: int) -> list[int]:
    """Return at most `limit` indices below `count`: the first, the last, evenly between.

    With a limit of one it is the middle one.
    """
    if count <= limit:
        return list(range(count))
    if limit == 1:
        return [count // 2]
    return [round(i * (count - 1) / (limit - 1)) for i in range(limit)]
