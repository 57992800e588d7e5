"""Curation against the truth of drawn footage: boundaries, duplicates and planted defects.

For measures only; nothing that curates reads the truth. What was missed is kept as rows, so
that a report can list it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from orchestration.report_parts.planted import (
    UNREADABLE_KINDS,
    PlantedCase,
    check_planted,
    wrongly_dropped,
)
from pipeline.world.measure import (
    Agreement,
    Boundary,
    BoundaryAgreement,
    compare_boundaries,
    compare_pairs,
)
from pipeline.world.truth import (
    TRUTH_FOLDER,
    read_truth,
    true_boundaries,
    true_duplicate_pairs,
)
from schemas.catalog import Catalog

_CLIPS_SQL = """
select c.video_id, c.clip_id, c.start_frame, c.end_frame, v.reason,
    cr.x_px, cr.y_px, cr.width_px, cr.height_px
from current_clips c
join verdicts v using (clip_id)
left join (
    select * from crops
    where settings_hash = (select settings_hash from current_choices where stage = 'score')
) cr using (clip_id)
order by c.video_id, c.start_frame
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryMiss:
    """A true boundary that was not found (`is_missed`), or a found one that is none."""

    file: str
    kind: str
    start_frame: int
    end_frame: int
    is_missed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthMeasures:
    """All measures. Boundaries are pooled over the files that were surveyed.

    `not_surveyed` are readable files that curation did not read: none is expected.
    `wrongly_dropped` are (file, frames, reason) of clips of sound shots that a rule dropped.
    """

    num_files: int
    num_surveyed: int
    not_surveyed: tuple[str, ...]
    boundaries: BoundaryAgreement
    boundary_misses: tuple[BoundaryMiss, ...]
    duplicates: Agreement
    missed_pairs: tuple[tuple[str, str], ...]
    wrong_pairs: tuple[tuple[str, str], ...]
    planted: tuple[PlantedCase, ...]
    wrongly_dropped: tuple[tuple[str, str, str], ...]


def check_against_truth(catalog: Catalog, truth_folder: Path) -> TruthMeasures:
    """Compare what the catalogue's chosen settings found with the truth of the footage.

    `truth_folder` is the folder of the footage, or the `truth` folder in it. Files are told
    by their names. Raises UserError where there is no truth.
    """
    is_inner = truth_folder.name == TRUTH_FOLDER and (truth_folder / "videos.parquet").is_file()
    footage = truth_folder.parent if is_inner else truth_folder
    truth = read_truth(footage)
    video_of = _match_files(catalog, footage, [video.file for video in truth.videos])
    surveyed = set(catalog.column("select video_id from current_surveys"))
    readable = [video.file for video in truth.videos if video.kind not in UNREADABLE_KINDS]
    read = {file for file in readable if video_of.get(file) in surveyed}

    found = _found_boundaries(catalog, video_of, read)
    true = {f: b for f, b in true_boundaries(truth.shots).items() if f in read}
    found_pairs = _found_pairs(catalog, video_of)
    true_pairs = true_duplicate_pairs(truth.videos)
    clips: dict[str, list[dict[str, Any]]] = {}
    for row in catalog.rows(_CLIPS_SQL):
        clips.setdefault(row["video_id"], []).append(row)
    clips_of = {file: clips.get(video, []) for file, video in video_of.items()}
    return TruthMeasures(
        num_files=len(truth.videos),
        num_surveyed=len(read),
        not_surveyed=tuple(sorted(set(readable) - read)),
        boundaries=compare_boundaries(found, true),
        boundary_misses=tuple(_boundary_misses(found, true)),
        duplicates=compare_pairs(found_pairs, true_pairs),
        missed_pairs=tuple(sorted(true_pairs - found_pairs)),
        wrong_pairs=tuple(sorted(found_pairs - true_pairs)),
        planted=tuple(check_planted(truth.shots, truth.videos, clips_of, _failures(catalog))),
        wrongly_dropped=tuple(wrongly_dropped(truth.shots, clips_of)),
    )


def _failures(catalog: Catalog) -> dict[str, str]:
    rows = catalog.rows("select uri, stage, reason from current_failures order by uri, stage")
    return {row["uri"].rpartition("/")[2]: f"{row['reason']} ({row['stage']})" for row in rows}


def _match_files(catalog: Catalog, footage: Path, files: Sequence[str]) -> dict[str, str]:
    """Return file -> video id; a file of that name elsewhere counts only where none is here."""
    wanted = set(files)
    by_name: dict[str, str] = {}
    here = str(footage.resolve())
    for row in catalog.rows("select uri, video_id from sources order by uri"):
        folder, _, name = row["uri"].rpartition("/")
        if name in wanted and (folder == here or name not in by_name):
            by_name[name] = row["video_id"]
    return by_name


def _found_boundaries(
    catalog: Catalog, video_of: Mapping[str, str], files: set[str]
) -> dict[str, list[Boundary]]:
    found: dict[str, list[Boundary]] = {file: [] for file in files}
    file_of = {video_of[file]: file for file in sorted(files)}
    rows = catalog.rows(
        """
        select video_id, transition_start_frame, transition_end_frame, transition_out
        from current_shots where transition_out <> 'end' order by video_id, shot_index
        """
    )
    for row in rows:
        if row["video_id"] in file_of:
            found[file_of[row["video_id"]]].append(
                Boundary(
                    start_frame=row["transition_start_frame"],
                    end_frame=row["transition_end_frame"],
                    kind=row["transition_out"],
                )
            )
    return found


def _boundary_misses(
    found: Mapping[str, Sequence[Boundary]], true: Mapping[str, Sequence[Boundary]]
) -> list[BoundaryMiss]:
    """Return the true boundaries without a partner, and the found ones without."""
    misses = []
    for file in sorted(set(found) | set(true)):
        ours, theirs = found.get(file, ()), true.get(file, ())
        for side, others, is_missed in ((theirs, ours, True), (ours, theirs, False)):
            misses += [
                BoundaryMiss(
                    file=file,
                    kind=one.kind,
                    start_frame=one.start_frame,
                    end_frame=one.end_frame,
                    is_missed=is_missed,
                )
                for one in _alone(side, others)
            ]
    return misses


def _alone(side: Sequence[Boundary], others: Sequence[Boundary]) -> list[Boundary]:
    """Return the boundaries of one side that stay without a partner, as many as do.

    Where two of a side touch the same one of the other, either may stay; those that touch
    none come first.
    """

    def num_matched(ones: Sequence[Boundary]) -> int:
        return compare_boundaries({"": ones}, {"": others}).num_matched

    most = num_matched(side)
    kept = list(side)
    alone = []
    for one in sorted(side, key=lambda one: num_matched([one])):
        if len(kept) == most:
            break
        rest = [other for other in kept if other is not one]
        if num_matched(rest) == most:
            kept = rest
            alone.append(one)
    return sorted(alone, key=lambda one: one.start_frame)


def _found_pairs(catalog: Catalog, video_of: Mapping[str, str]) -> set[tuple[str, str]]:
    """Return pairs of files with clips in one group, and pairs of byte-identical files."""
    rows = catalog.rows(
        """
        select distinct d.group_id, c.video_id
        from current_duplicates d join current_clips c using (clip_id)
        """
    )
    groups: dict[str, set[str]] = {}
    for row in rows:
        groups.setdefault(row["group_id"], set()).add(row["video_id"])
    pairs: set[tuple[str, str]] = set()
    for one, other in combinations(sorted(video_of), 2):
        videos = {video_of[one], video_of[other]}
        if len(videos) == 1 or any(videos <= group for group in groups.values()):
            pairs.add((one, other))
    return pairs
