"""The interface that every captioner fills, and the one place that knows their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from captioner.request import Answer, Attempt, CaptionRequest, FrameView
from captioner.settings import KNOWN_BACKENDS, CaptionSettings
from schemas.errors import UserError
from schemas.frames import FrameWriter


class Captioner(Protocol):
    """Describes clips. The four names go into every row, so that a text can be traced.

    `model` and `revision` name the weights, or the rules where there are none.
    `prompt_hash` names the prompts, or the wording. `view` says which frames it wants.
    """

    name: str
    model: str
    revision: str
    prompt_hash: str
    view: FrameView

    def answer(self, requests: Sequence[CaptionRequest], attempt: Attempt) -> list[Answer]:
        """Return one answer per request, each bearing its request's id, in any order.

        One request that goes wrong gets an answer with a status other than `ok`; it never
        makes its neighbours fail. Raises UserError where no request could ever work: a
        missing model, a refused key.
        """
        ...

    def close(self) -> None:
        """Free what the captioner holds: memory, connections, processes."""
        ...


@runtime_checkable
class Summariser(Protocol):
    """A captioner that can also make one text of several: the windows of a long video."""

    def summarise(self, texts: Sequence[str], attempt: Attempt) -> Answer:
        """Return a structured caption of the whole, from the captions of its parts in order.

        Each text begins with its span (`[0.0 s - 20.0 s] ...`). The request id is empty.
        """
        ...


@runtime_checkable
class Aligner(Protocol):
    """Scores how well texts fit clips: -1 (not at all) .. 1."""

    name: str

    def align(self, requests: Sequence[CaptionRequest], texts: Sequence[str]) -> list[float | None]:
        """Return one score per pair; None where it cannot be told (outside the domain)."""
        ...


def load_backend(
    name: str,
    settings: CaptionSettings,
    make_writer: Callable[[], FrameWriter] | None = None,
) -> Captioner:
    """Return the captioner called `name`, with its weights loaded where it has any.

    `make_writer` makes the writer of mp4 files that a server is sent, where it is sent video.

    Raises UserError for a name that is not in `KNOWN_BACKENDS`, for a language or a model
    that the backend does not have, and for a package that is not installed.
    """
    if name == "measured":
        from captioner.backends.measured import MeasuredCaptioner

        return MeasuredCaptioner(settings)
    if name == "tiny":
        from captioner.backends.tiny import TinyCaptioner

        return TinyCaptioner(settings)
    if name == "transformers":
        from captioner.backends.transformers import TransformersCaptioner

        return TransformersCaptioner(settings)
    if name == "openai":
        from captioner.backends.openai import OpenAICaptioner

        return OpenAICaptioner(settings, make_writer)
    if name == "vllm":
        from captioner.backends.vllm import VllmCaptioner

        return VllmCaptioner(settings)
    raise UserError(
        f"unknown captioner `{name}`",
        f"choose one of: {', '.join(KNOWN_BACKENDS)}",
    )


def pick_evenly(count: int, limit: int) -> list[int]:
    """Return at most `limit` indices below `count`: the first, the last, evenly between.

    With a limit of one it is the middle one.
    """
    if count <= limit:
        return list(range(count))
    if limit == 1:
        return [count // 2]
    return [round(i * (count - 1) / (limit - 1)) for i in range(limit)]
