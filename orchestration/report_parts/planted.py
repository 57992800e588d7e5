"""Planted defects and broken files against what curation named (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.world.measure import Boundary, KindAgreement
from pipeline.world.truth import DefectTruth, Truth, VideoTruth
from schemas.frames import Box

BAR_TOLERANCE_PX = 2
"""A found crop may be off by this much at each side."""
FADE_COVER = 0.8
"""Black counts as found where a fade that was found takes at least this share of it."""

CROP, FADE = "crop", "fade"
DETECTORS: dict[str, tuple[str, ...]] = {
    "static": ("too_static", "frozen"),
    "slideshow": ("too_static", "frozen"),
    "black": ("too_dark", "too_flat", FADE),
    "dark": ("too_dark",),
    "overexposed": ("over_exposed",),
    "blurred": ("too_blurred",),
    "blocky": (),
    "letterboxed": (CROP, "border_too_large"),
    "pillarboxed": (CROP, "border_too_large"),
    "burned_in_text": (),
    "logo": (),
    "shake": ("too_shaky",),
    "silence": (),
}
"""A planted defect, and what names it: a rule's reason, a crop, or a fade in its place.

Whoever gives curation a detector adds its reason here. What names several defects wrongly
counts against the first of them.
"""

SPOILING = ("static", "slideshow", "black", "dark", "overexposed", "blurred", "blocky", "shake")
"""Defects after which any rule may well drop a clip."""

UNREADABLE_KINDS = ("truncated", "corrupt", "empty", "audio_only")
"""Kinds of files in which there is no picture."""
FAILING_KINDS = (*UNREADABLE_KINDS, "cut_short")
"""Kinds of files that must show as a failure; one that is cut short is read up to the cut."""

Outcome = Literal["found", "other reason", "missed", "no detector yet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundClip:
    """What curation says of one clip.

    `reason` is the verdict's, None where it is kept; `broken` are the reasons of all rules
    that its scores break.
    """

    start_frame: int
    end_frame: int
    reason: str | None
    broken: frozenset[str]
    crop: Box | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What curation found, by file: clips, fades, the reasons of failures."""

    clips: Mapping[str, Sequence[FoundClip]]
    boundaries: Mapping[str, Sequence[Boundary]]
    failures: Mapping[str, str]
    reasons: Collection[str]
    """The reasons that the rules in force can give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedCase:
    """One planted defect: what should be seen, what was seen."""

    file: str
    kind: str
    planted: str
    expected: str
    seen: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectAgreement(KindAgreement):
    """One kind of defect: spans that were planted and found, clips named and named rightly."""

    has_detector: bool


def check_planted(truth: Truth, found: Findings) -> list[PlantedCase]:
    """Return every planted defect and broken file with what was seen of it."""
    defects = [_check_defect(row, found) for row in truth.defects]
    return defects + [_check_file(v, found) for v in truth.videos if v.kind != "normal"]


def count_defects(
    cases: Sequence[PlantedCase], truth: Truth, found: Findings
) -> list[DefectAgreement]:
    """Return precision and recall of every kind of defect that is planted or was named.

    Recall asks whether every clip of a defect's span is named for it, by any rule that its
    scores break. Precision asks of the clips that a verdict or a crop names (the first
    broken rule alone: darkness also stills a picture) whether such a defect is there.
    """
    named: dict[str, int] = {}
    right: dict[str, int] = {}
    for file, clips in found.clips.items():
        rows = [row for row in truth.defects if row.file == file]
        for clip in clips:
            for name in ({clip.reason} if clip.reason else set()) | (
                {CROP} if clip.crop else set()
            ):
                kinds = [kind for kind, names in DETECTORS.items() if name in names]
                here = [row.kind for row in rows if row.kind in kinds and _is_of(clip, row)]
                for kind in sorted(set(here)) or kinds[:1]:
                    named[kind] = named.get(kind, 0) + 1
                    right[kind] = right.get(kind, 0) + bool(here)
    kinds_seen = {case.kind for case in cases if case.kind in DETECTORS} | set(named)
    return [
        DefectAgreement(
            kind=kind,
            num_true=sum(case.kind == kind for case in cases),
            num_true_matched=sum(c.kind == kind and c.outcome == "found" for c in cases),
            num_found=named.get(kind, 0),
            num_found_matched=right.get(kind, 0),
            has_detector=bool(_detectors(kind, found)),
        )
        for kind in DETECTORS
        if kind in kinds_seen
    ]


def _detectors(kind: str, found: Findings) -> tuple[str, ...]:
    """Return what can name a defect under the rules in force."""
    known = {*found.reasons, CROP, FADE}
    return tuple(name for name in DETECTORS.get(kind, ()) if name in known)


def _is_of(clip: FoundClip, row: DefectTruth) -> bool:
    """Whether a clip and a defect share at least half of the shorter one's frames."""
    shared = min(clip.end_frame, row.end_frame) - max(clip.start_frame, row.start_frame)
    lengths = (clip.end_frame - clip.start_frame, row.end_frame - row.start_frame)
    return shared > 0 and 2 * shared >= min(lengths)


def _check_defect(row: DefectTruth, found: Findings) -> PlantedCase:
    """Check that every clip of a defect's span is named for it.

    A span that is in no clip at all was left out, but only a fade names it.
    """
    detectors = _detectors(row.kind, found)
    clips = [clip for clip in found.clips.get(row.file, ()) if _is_of(clip, row)]
    named = [_names(clip, row) & set(detectors) for clip in clips]
    if not clips and FADE in detectors and _is_in_fade(row, found):
        seen, outcome = "left out as a fade", "found"
    else:
        seen = _seen(row, clips)
        outcome = "missed"
        if clips and all(named):
            outcome = "found"
        elif not detectors:
            outcome = "no detector yet"
        elif clips and all(clip.reason for clip in clips):
            outcome = "other reason"
    where = "" if row.width_px is None else f" at {_box_of(row)}"
    return PlantedCase(
        file=row.file,
        kind=row.kind,
        planted=f"{row.kind} ({row.strength:g} {row.unit}), "
        f"frames {row.start_frame} to {row.end_frame}{where}",
        expected=" or ".join(detectors) or "a detector",
        seen=seen,
        outcome=outcome,  # type: ignore[arg-type]
    )


def _names(clip: FoundClip, row: DefectTruth) -> set[str]:
    """Return all that names a defect of this clip; a crop only where it fits the picture."""
    names = set(clip.broken)
    if clip.crop is not None and _fits(clip.crop, row):
        names.add(CROP)
    return names


def _seen(row: DefectTruth, clips: Sequence[FoundClip]) -> str:
    if not clips:
        return "left out by the split"
    shown = set()
    for clip in clips:
        text = f"dropped: {clip.reason}" if clip.reason else "kept"
        others = sorted(clip.broken - {clip.reason})
        text += f" (also {', '.join(others)})" if others else ""
        if row.kind in {"letterboxed", "pillarboxed"}:
            text += f", crop {_shown(clip.crop)}" if clip.crop else ", no crop"
        shown.add(text)
    return "; ".join(sorted(shown))


def _is_in_fade(row: DefectTruth, found: Findings) -> bool:
    covered = sum(
        max(0, min(one.end_frame, row.end_frame) - max(one.start_frame, row.start_frame))
        for one in found.boundaries.get(row.file, ())
        if one.kind == FADE
    )
    return covered >= FADE_COVER * (row.end_frame - row.start_frame)


def _box_of(row: DefectTruth) -> str:
    return f"{row.width_px}x{row.height_px} at {row.x_px}, {row.y_px}"


def _shown(box: Box) -> str:
    return f"{box.width_px}x{box.height_px} at {box.x_px}, {box.y_px}"


def _fits(box: Box, row: DefectTruth) -> bool:
    if row.x_px is None or row.y_px is None or row.width_px is None or row.height_px is None:
        return False
    sides = (
        box.x_px - row.x_px,
        box.y_px - row.y_px,
        box.x_px + box.width_px - row.x_px - row.width_px,
        box.y_px + box.height_px - row.y_px - row.height_px,
    )
    return all(abs(side) <= BAR_TOLERANCE_PX for side in sides)


def _check_file(video: VideoTruth, found: Findings) -> PlantedCase:
    """Check that a broken file failed, and that one under a wrong name did not."""
    failure = found.failures.get(video.file)
    must_fail = video.kind in FAILING_KINDS
    if must_fail:
        is_right = failure is not None
    else:
        is_right = failure is None and bool(found.clips.get(video.file))
    return PlantedCase(
        file=video.file,
        kind=video.kind,
        planted=f"{video.kind.replace('_', ' ')} file",
        expected="a failure with its reason" if must_fail else "read all the same",
        seen=failure or ("no failure" if must_fail or is_right else "no clip"),
        outcome="found" if is_right else "missed",
    )


def wrongly_dropped(truth: Truth, found: Findings) -> list[tuple[str, str, str]]:
    """Return (file, frames, reason) of the clips that a rule dropped without a cause.

    A cause is a defect that the reason names, or one that spoils the picture for other rules.
    """

    def is_excused(file: str, clip: FoundClip) -> bool:
        return any(
            row.file == file
            and _is_of(clip, row)
            and (row.kind in SPOILING or clip.reason in DETECTORS.get(row.kind, ()))
            for row in truth.defects
        )

    return [
        (file, f"{clip.start_frame} to {clip.end_frame}", clip.reason)
        for file in sorted(found.clips)
        for clip in found.clips[file]
        if clip.reason is not None and not is_excused(file, clip)
    ]
