"""Long clips: windows that a model can see, and one caption of the whole. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

from captioner.backend import pick_evenly
from captioner.caption import Event, Relation, StructuredCaption, Subject

MAX_SUMMARY_PARTS = 16
"""Parts that are summarised at once; more are summarised in several rounds."""
MAX_TOLD_PARTS = 8
"""Windows told in the prose of a whole that nobody summarised; its events tell all."""
_TOUCH_S = 1e-6
_LAST_STRETCH = 1.25
"""A clip up to so many windows long stays whole: no tiny last window."""


def split_windows(duration_s: float, window_s: float) -> list[tuple[float, float]]:
    """Return equal half-open windows of a clip, in seconds from its start.

    None is longer than `window_s` by more than a quarter; a short clip is one window.
    """
    if duration_s <= window_s * _LAST_STRETCH:
        return [(0.0, duration_s)]
    count = math.ceil(duration_s / window_s)
    edges = [duration_s * i / count for i in range(count + 1)]
    return list(itertools.pairwise(edges))


def shift_events(caption: StructuredCaption, seconds: float) -> StructuredCaption:
    """Return the caption with its events `seconds` later: from clip time to source time."""
    events = tuple(
        event.model_copy(
            update={"start_s": event.start_s + seconds, "end_s": event.end_s + seconds}
        )
        for event in caption.events
    )
    return caption.model_copy(update={"events": events})


def merge(
    windows: Sequence[tuple[float, float, StructuredCaption]],
    summary: StructuredCaption | None = None,
) -> StructuredCaption:
    """Return one caption of a clip from the captions of its windows, in order of time.

    A window is its start and end in seconds of the source, and its caption whose events count
    from the window's own start. The events of the whole are those of all windows in source
    time; a window without events is one event itself. An event that goes on across a border
    (said in the same words on both sides) is one. Prose, setting and style come from
    `summary` where there is one, else from the windows themselves.
    """
    if not windows:
        raise ValueError("no window to merge")
    events = _joined([event for window in windows for event in _events(*window)])
    captions = [caption for _, _, caption in windows]
    whole = summary if summary is not None else _told(captions)
    return whole.model_copy(
        update={
            "subjects": _subjects([whole, *captions]),
            "actions": _once(action for caption in captions for action in caption.actions),
            "setting": whole.setting or _said(c.setting for c in captions),
            "camera": _said(c.camera for c in captions) or whole.camera,
            "light": _said(c.light for c in captions) or whole.light,
            "style": whole.style or _said(c.style for c in captions),
            "text_on_screen": _once(t for caption in captions for t in caption.text_on_screen),
            "events": events,
            "relations": _relations(captions),
        }
    )


def tell_windows(windows: Sequence[tuple[float, float, StructuredCaption]]) -> list[str]:
    """Return the windows as texts for a summary, each behind its span."""
    return [
        f"[{start_s:.1f} s - {end_s:.1f} s] {caption.long or caption.medium or caption.short}"
        for start_s, end_s, caption in windows
    ]


def group(texts: Sequence[str]) -> list[list[str]]:
    """Return texts in runs of at most `MAX_SUMMARY_PARTS`, as equal in length as can be."""
    count = math.ceil(len(texts) / MAX_SUMMARY_PARTS)
    size = math.ceil(len(texts) / max(1, count))
    return [list(texts[i : i + size]) for i in range(0, len(texts), size)]


def _events(start_s: float, end_s: float, caption: StructuredCaption) -> list[Event]:
    if not caption.events:
        text = caption.short or caption.medium or caption.long
        return [Event(start_s=start_s, end_s=end_s, text=text)] if text else []
    inside = shift_events(caption, start_s).events
    return [
        event.model_copy(update={"end_s": min(event.end_s, end_s)})
        for event in inside
        if event.start_s < end_s
    ]


def _joined(events: list[Event]) -> tuple[Event, ...]:
    joined: list[Event] = []
    for event in sorted(events, key=lambda e: (e.start_s, e.end_s)):
        last = joined[-1] if joined else None
        is_same = last is not None and _plain(last.text) == _plain(event.text)
        if last is not None and is_same and event.start_s <= last.end_s + _TOUCH_S:
            joined[-1] = last.model_copy(update={"end_s": max(last.end_s, event.end_s)})
        else:
            joined.append(event)
    return tuple(joined)


def _told(captions: Sequence[StructuredCaption]) -> StructuredCaption:
    """Return a whole told by its parts: what stays is said once, what is new is added."""
    shorts = _once(c.short for c in captions)
    mediums = _once(c.medium or c.short for c in captions)
    if len(shorts) == 1:
        return captions[0]
    return StructuredCaption(
        short=shorts[0] if shorts else "",
        medium=" ".join(_then(shorts[:1] + shorts[-1:])),
        long=" ".join(_then([mediums[i] for i in pick_evenly(len(mediums), MAX_TOLD_PARTS)])),
    )


def _then(sentences: Sequence[str]) -> list[str]:
    """Return sentences with a word before every later one that says it comes after."""
    words = itertools.cycle(("Then", "After that", "Next"))
    return [
        text if i == 0 else f"{next(words)}, {text[:1].lower()}{text[1:]}"
        for i, text in enumerate(sentences)
    ]


def _subjects(captions: Sequence[StructuredCaption]) -> tuple[Subject, ...]:
    """Return every subject once, with the greatest number seen at one time."""
    found: dict[str, Subject] = {}
    for subject in (s for caption in captions for s in caption.subjects):
        known = found.get(subject.name.lower())
        if known is None:
            found[subject.name.lower()] = subject
        else:
            attributes = _once([*known.attributes, *subject.attributes])
            count = max(known.count, subject.count)
            found[subject.name.lower()] = Subject(
                name=known.name, attributes=attributes, count=count
            )
    return tuple(found.values())


def _relations(captions: Sequence[StructuredCaption]) -> tuple[Relation, ...]:
    return tuple(dict.fromkeys(r for caption in captions for r in caption.relations))


def _said(texts: Iterable[str]) -> str:
    """Return what is said in most windows' words, each wording once, in order."""
    return "; then ".join(_once(texts))


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    kept: dict[str, str] = {}
    for text in texts:
        if text.strip():
            kept.setdefault(_plain(text), text)
    return tuple(kept.values())


def _plain(text: str) -> str:
    return " ".join(text.lower().split()).rstrip(".")
