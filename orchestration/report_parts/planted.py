"""Planted defects against what was found of them (pure): shots, bars, broken files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.world.truth import ShotTruth, VideoTruth

BAR_TOLERANCE_PX = 2
"""A found crop may be off by this much at each side."""

DEFECT_REASONS: dict[str, tuple[str, ...]] = {
    "static": ("too_static", "frozen"),
    "dark": ("too_dark",),
    "overexposed": ("over_exposed",),
}
"""A planted defect of a shot, and the reasons that name it."""

UNREADABLE_KINDS = ("truncated", "corrupt")
"""Kinds of files in which there is no picture."""

FAILING_KINDS = (*UNREADABLE_KINDS, "cut_short")
"""Kinds of files that must show as a failure; one that is cut short is read up to the cut."""

Outcome = Literal["found", "other reason", "missed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedCase:
    """One planted defect: what should be seen, what was seen."""

    file: str
    planted: str
    expected: str
    seen: str
    outcome: Outcome


def check_planted(
    shots: Sequence[ShotTruth],
    videos: Sequence[VideoTruth],
    clips_of: Mapping[str, Sequence[Mapping[str, Any]]],
    failures: Mapping[str, str],
) -> list[PlantedCase]:
    """Return every planted defect with what was seen of it.

    `clips_of` maps a file to its clips: frames, reason of the verdict, crop or nulls.
    `failures` maps a file to the reason of its failure.
    """
    spoiled = [_check_shot(shot, clips_of.get(shot.file, ())) for shot in shots if shot.defect]
    return spoiled + _check_files(videos, clips_of, failures)


def _overlap(clip: Mapping[str, Any], shot: ShotTruth) -> int:
    return int(min(clip["end_frame"], shot.end_frame) - max(clip["start_frame"], shot.start_frame))


def _is_of(clip: Mapping[str, Any], shot: ShotTruth) -> bool:
    """Whether a clip and a shot share at least half of the shorter one's frames."""
    lengths = (clip["end_frame"] - clip["start_frame"], shot.end_frame - shot.start_frame)
    return bool(2 * _overlap(clip, shot) >= min(lengths))


def _check_shot(shot: ShotTruth, clips: Sequence[Mapping[str, Any]]) -> PlantedCase:
    """Check that every clip of a spoiled shot was dropped, and for the right reason.

    A shot that is in no clip at all was left out, but nothing named its defect.
    """
    planted = str(shot.defect)
    reasons = DEFECT_REASONS.get(planted, ())
    seen = sorted({clip["reason"] or "kept" for clip in clips if _is_of(clip, shot)})
    outcome: Outcome = "missed"
    if seen and set(seen) <= set(reasons):
        outcome = "found"
    elif "kept" not in seen:
        outcome = "other reason"
    return PlantedCase(
        file=shot.file,
        planted=f"{planted} shot, frames {shot.start_frame} to {shot.end_frame}",
        expected=f"dropped: {' or '.join(reasons)}",
        seen=", ".join(r if r == "kept" else f"dropped: {r}" for r in seen)
        or "left out by the split",
        outcome=outcome,
    )


def _check_files(
    videos: Sequence[VideoTruth],
    clips_of: Mapping[str, Sequence[Mapping[str, Any]]],
    failures: Mapping[str, str],
) -> list[PlantedCase]:
    cases = []
    for video in videos:
        if video.kind == "letterboxed":
            cases.append(_check_bars(video, clips_of.get(video.file, [])))
        elif video.kind in FAILING_KINDS:
            failure = failures.get(video.file)
            cases.append(
                PlantedCase(
                    file=video.file,
                    planted=f"{video.kind.replace('_', ' ')} file",
                    expected="a failure with its reason",
                    seen=failure or "no failure",
                    outcome="found" if failure else "missed",
                )
            )
    return cases


def _check_bars(video: VideoTruth, clips: Sequence[Mapping[str, Any]]) -> PlantedCase:
    """Check the crop of every clip of a letterboxed file against the true bars."""
    height = video.height_px - video.bar_top_px - video.bar_bottom_px
    true = (0, video.bar_top_px, video.width_px, height)
    boxes = [
        None
        if clip["width_px"] is None
        else (clip["x_px"], clip["y_px"], clip["width_px"], clip["height_px"])
        for clip in clips
    ]
    hits = [
        box is not None
        and abs(box[0] - true[0]) <= BAR_TOLERANCE_PX
        and abs(box[1] - true[1]) <= BAR_TOLERANCE_PX
        and abs(box[0] + box[2] - true[0] - true[2]) <= BAR_TOLERANCE_PX
        and abs(box[1] + box[3] - true[1] - true[3]) <= BAR_TOLERANCE_PX
        for box in boxes
    ]
    shown = sorted({f"{b[2]}x{b[3]} at {b[0]}, {b[1]}" if b else "no crop" for b in boxes})
    return PlantedCase(
        file=video.file,
        planted=f"bars of {video.bar_top_px} and {video.bar_bottom_px} px",
        expected=f"crop {true[2]}x{true[3]} at {true[0]}, {true[1]}",
        seen=f"{sum(hits)} of {len(hits)} clips: {'; '.join(shown) or 'no clip'}",
        outcome="found" if hits and all(hits) else "missed",
    )


def wrongly_dropped(
    shots: Sequence[ShotTruth], clips_of: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[tuple[str, str, str]]:
    """Return the clips that a rule dropped and that touch no spoiled shot."""
    spoiled: dict[str, list[ShotTruth]] = {}
    for shot in shots:
        spoiled.setdefault(shot.file, [])
        if shot.defect is not None:
            spoiled[shot.file].append(shot)
    return [
        (file, f"{clip['start_frame']} to {clip['end_frame']}", clip["reason"])
        for file in sorted(spoiled)
        for clip in clips_of.get(file, ())
        if clip["reason"] is not None and not any(_is_of(clip, s) for s in spoiled[file])
    ]
