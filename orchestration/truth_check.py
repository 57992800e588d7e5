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
    DefectAgreement,
    Findings,
    FoundClip,
    PlantedCase,
    check_planted,
    count_defects,
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
    Truth,
    has_truth,
    read_truth,
    true_boundaries,
    true_duplicate_pairs,
)
from schemas.catalog import Catalog
from schemas.clip_rows import crop_of
from schemas.rules import CLIP_COLUMNS
from schemas.tables import SCORE_COLUMNS

_CLIPS_SQL = f"""
select c.video_id, c.start_frame, c.end_frame, v.reason,
    {", ".join(f'c.{name} as "{name}"' for name in CLIP_COLUMNS)},
    {", ".join(f's.{name} as "{name}"' for name in SCORE_COLUMNS)},
    cr.x_px as crop_x_px, cr.y_px as crop_y_px,
    cr.width_px as crop_width_px, cr.height_px as crop_height_px
from current_clips c
join verdicts v using (clip_id)
left join current_scores s using (clip_id)
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
class DuplicateCount:
    """Pairs of files of one kind of near-duplicate: how many there are, how many were found."""

    kind: str
    num_true: int
    num_found: int

    @property
    def recall(self) -> float:
        """Share of the pairs that was found."""
        return self.num_found / self.num_true if self.num_true else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthMeasures:
    """All measures. Boundaries are pooled over the files that were surveyed.

    `not_surveyed` are readable files that curation did not read: none is expected.
    `wrongly_dropped` are (file, frames, reason) of clips of sound shots that a rule dropped.
    `missed_pairs` are (file, file, kind).
    """

    num_files: int
    num_surveyed: int
    not_surveyed: tuple[str, ...]
    boundaries: BoundaryAgreement
    boundary_misses: tuple[BoundaryMiss, ...]
    duplicates: Agreement
    duplicate_kinds: tuple[DuplicateCount, ...]
    missed_pairs: tuple[tuple[str, str, str], ...]
    wrong_pairs: tuple[tuple[str, str], ...]
    defects: tuple[DefectAgreement, ...]
    planted: tuple[PlantedCase, ...]
    wrongly_dropped: tuple[tuple[str, str, str], ...]


def check_against_truth(catalog: Catalog, truth_folder: Path) -> TruthMeasures:
    """Compare what the catalogue's chosen settings found with the truth of the footage.

    `truth_folder` is the folder of the footage, or the `truth` folder in it. Files are told
    by their names. Raises UserError where there is no truth.
    """
    is_inner = truth_folder.name == TRUTH_FOLDER and not has_truth(truth_folder)
    footage = truth_folder.parent if is_inner else truth_folder
    truth = read_truth(footage)
    video_of = _match_files(catalog, footage, [video.file for video in truth.videos])
    surveyed = set(catalog.column("select video_id from current_surveys"))
    readable = [video.file for video in truth.videos if video.kind not in UNREADABLE_KINDS]
    read = {file for file in readable if video_of.get(file) in surveyed}

    boundaries = _found_boundaries(catalog, video_of, read)
    true = {f: b for f, b in true_boundaries(truth.shots).items() if f in read}
    found = _findings(catalog, video_of, boundaries)
    planted = check_planted(truth, found)
    true_pairs = true_duplicate_pairs(truth)
    # Two copies that share next to nothing of their original may be called alike, or not.
    found_pairs = _found_pairs(catalog, video_of) - (_kin(truth) - set(true_pairs))
    return TruthMeasures(
        num_files=len(truth.videos),
        num_surveyed=len(read),
        not_surveyed=tuple(sorted(set(readable) - read)),
        boundaries=compare_boundaries(boundaries, true),
        boundary_misses=tuple(_boundary_misses(boundaries, true)),
        duplicates=compare_pairs(found_pairs, true_pairs),
        duplicate_kinds=tuple(_count_pairs(true_pairs, found_pairs)),
        missed_pairs=tuple(
            (*pair, kind) for pair, kind in sorted(true_pairs.items()) if pair not in found_pairs
        ),
        wrong_pairs=tuple(sorted(found_pairs - set(true_pairs))),
        defects=tuple(count_defects(planted, truth, found)),
        planted=tuple(planted),
        wrongly_dropped=tuple(wrongly_dropped(truth, found)),
    )


def _findings(
    catalog: Catalog, video_of: Mapping[str, str], boundaries: Mapping[str, Sequence[Boundary]]
) -> Findings:
    rules = catalog.rows('select "column", minimum, maximum, reason from current_rules')
    clips: dict[str, list[FoundClip]] = {}
    for row in catalog.rows(_CLIPS_SQL):
        clips.setdefault(row["video_id"], []).append(_found_clip(row, rules))
    return Findings(
        clips={file: clips.get(video, []) for file, video in video_of.items()},
        boundaries=boundaries,
        failures=_failures(catalog),
        reasons={rule["reason"] for rule in rules},
    )


def _found_clip(row: Mapping[str, Any], rules: Sequence[Mapping[str, Any]]) -> FoundClip:
    broken = {
        rule["reason"]
        for rule in rules
        if (value := row[rule["column"]]) is not None
        and (
            (rule["minimum"] is not None and value < rule["minimum"])
            or (rule["maximum"] is not None and value > rule["maximum"])
        )
    }
    return FoundClip(
        start_frame=row["start_frame"],
        end_frame=row["end_frame"],
        reason=row["reason"],
        broken=frozenset(broken),
        crop=crop_of(row),
    )


def _count_pairs(
    true: Mapping[tuple[str, str], str], found: set[tuple[str, str]]
) -> list[DuplicateCount]:
    return [
        DuplicateCount(
            kind=kind,
            num_true=sum(one == kind for one in true.values()),
            num_found=sum(one == kind and pair in found for pair, one in true.items()),
        )
        for kind in sorted(set(true.values()))
    ]


def _kin(truth: Truth) -> set[tuple[str, str]]:
    """Return all pairs of files that stem from one original."""
    families: dict[str, set[str]] = {}
    for row in truth.duplicates:
        families.setdefault(row.group_id, set()).update((row.file, row.reference))
    return {pair for files in families.values() for pair in combinations(sorted(files), 2)}


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
