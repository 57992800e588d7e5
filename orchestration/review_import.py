"""Human correction, the way in: a reviewed file becomes rows that win.

What a person approves or rewrites becomes a caption of the captioner `review`, with the
person's name as model and the hash of the file as revision; `best_captions` prefers it to
every captioner. A caption that is rejected is withdrawn until another is written. A clip that
is kept or dropped by a person stays so under any rules. Nothing is overwritten: every review
is a row, and the latest counts.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.review_decisions import (
    CLIP,
    Decision,
    KnownCaption,
    Problem,
    decide,
    same_text,
)
from orchestration.review_files import read_rows
from orchestration.run import Run
from schemas.catalog import Catalog
from schemas.errors import UserError
from schemas.ids import content_id, settings_hash
from schemas.records import Caption, Counts, Review, Work

CAPTIONER = "review"
"""The captioner of every caption that a person approved, corrected or rejected."""

REJECTED = "rejected"
"""The status of a caption that a person withdrew."""

_SHOWN_PROBLEMS = 5

_KNOWN_CAPTIONS_SQL = """
select distinct on (clip_id, kind, caption_id)
    clip_id, kind, caption_id, text, status, language, created_at
from clip_captions
where clip_id in (select unnest(?)) and kind <> 'window'
order by clip_id, kind, caption_id, created_at desc
"""

_LAST_REVIEWS_SQL = """
select clip_id, kind, text, status, model
from captions
where captioner = 'review' and clip_id in (select unnest(?))
qualify row_number() over (partition by clip_id, kind order by created_at desc, caption_id) = 1
union all
select clip_id, 'clip', '', decision, reviewer
from current_reviews where clip_id in (select unnest(?))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of a review file; its rows are the sum of all counts but `num_conflicts`.

    `num_conflicts` rows say something else than the last review of the same thing; they
    count now, and the earlier ones stay on record. `num_known` rows were imported before.
    """

    num_rows: int
    num_approved: int
    num_corrected: int
    num_rejected: int
    num_clip_verdicts: int
    num_untouched: int
    num_known: int
    num_conflicts: int
    problems: tuple[Problem, ...]
    conflicts: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for `--json`."""
        return asdict(self)


def import_review(
    run: Run, path: Path, *, reviewer: str = "", skip_problems: bool = False
) -> Imported:
    """Take a reviewed file back in: one commit, or nothing.

    `reviewer` signs rows that bear no name. Text that was changed is a correction; text that
    was left as it is counts as approved. Importing a file again changes nothing. Raises
    UserError for a file that cannot be read, and where a row cannot be taken, unless
    `skip_problems`: then the other rows are taken.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", "name a review file") from error
    rows = read_rows(data, path.name)
    file_sha256 = hashlib.sha256(data).hexdigest()
    catalog = run.catalog
    clip_ids = sorted({row.clip_id for _, row in rows})
    known = catalog.rows(_KNOWN_CAPTIONS_SQL, [clip_ids])
    decisions, problems = decide(
        rows,
        _known_clips(catalog, clip_ids),
        {
            (row["clip_id"], row["kind"], row["caption_id"]): KnownCaption(
                caption_id=row["caption_id"],
                text=row["text"],
                status=row["status"],
                language=row["language"],
            )
            for row in known
        },
        reviewer=reviewer,
    )
    if problems and not skip_problems:
        raise _refused(path, problems)
    done = set(catalog.column("select review_id from reviews where file_sha256 = ?", [file_sha256]))
    new = [d for d in decisions if _review_id(d, file_sha256) not in done]
    conflicts = _conflicts(catalog, new, clip_ids)
    if new:
        written_at = [row["created_at"] for row in known]
        run.commit([_work(run, new, file_sha256, written_at)])
    counts = Counter(decision.decision for decision in new)
    return Imported(
        num_rows=len(rows),
        num_approved=counts["approved"],
        num_corrected=counts["corrected"],
        num_rejected=counts["rejected"],
        num_clip_verdicts=sum(1 for d in new if d.kind == CLIP),
        num_untouched=len(rows) - len(decisions) - len(problems),
        num_known=len(decisions) - len(new),
        num_conflicts=len(conflicts),
        problems=tuple(problems),
        conflicts=tuple(conflicts),
    )


def _known_clips(catalog: Catalog, clip_ids: Sequence[str]) -> dict[str, bool]:
    rows = catalog.rows(
        """
        select clip_id, clip_id in (select clip_id from current_clips) as is_current
        from clips where clip_id in (select unnest(?))
        """,
        [list(clip_ids)],
    )
    return {row["clip_id"]: row["is_current"] for row in rows}


def _refused(path: Path, problems: Sequence[Problem]) -> UserError:
    shown = "; ".join(map(str, problems[:_SHOWN_PROBLEMS]))
    more = len(problems) - _SHOWN_PROBLEMS
    return UserError(
        f"{path.name}: nothing was imported: {shown}" + (f"; and {more} more" if more > 0 else ""),
        "mend these rows, or take the others with --skip-problems",
    )


def _conflicts(catalog: Catalog, new: Sequence[Decision], clip_ids: list[str]) -> list[str]:
    """Return where the last review of the same thing said something else."""
    last = {
        (row["clip_id"], row["kind"]): row
        for row in catalog.rows(_LAST_REVIEWS_SQL, [clip_ids, clip_ids])
    }
    found = []
    for decision in new:
        before = last.get((decision.clip_id, decision.kind))
        if before is None:
            continue
        status = decision.decision if decision.kind == CLIP else _status(decision)
        if status != before["status"] or not same_text(decision.text, before["text"]):
            found.append(f"{decision.kind} of {decision.clip_id}: reviewed by {before['model']}")
    return found


def _status(decision: Decision) -> str:
    return REJECTED if decision.decision == "rejected" else "ok"


def _review_id(decision: Decision, file_sha256: str) -> str:
    return content_id("rev", file_sha256, decision.clip_id, decision.kind)


def _work(
    run: Run, decisions: Sequence[Decision], file_sha256: str, written_at: Sequence[datetime]
) -> Work:
    """Return the rows of a review, later than all that it is about: the latest row counts."""
    catalog = run.catalog
    earlier = [*written_at, *catalog.column("select max(created_at) from reviews")]
    now = max([datetime.now(UTC), *(t + timedelta(microseconds=1) for t in earlier if t)])
    digest = settings_hash(CAPTIONER, {"file_sha256": file_sha256})
    clips = {
        row["clip_id"]: row
        for row in catalog.rows(
            "select clip_id, video_id, start_s, end_s from current_clips "
            "where clip_id in (select unnest(?))",
            [[decision.clip_id for decision in decisions]],
        )
    }
    captions: list[object] = []
    reviews: list[object] = []
    for decision in decisions:
        new_id = None
        if decision.kind != CLIP:
            new_id = content_id("cap", decision.clip_id, decision.kind, digest, decision.text)
            captions.append(
                Caption(
                    caption_id=new_id,
                    **clips[decision.clip_id],
                    kind=decision.kind,
                    language=decision.language,
                    text=decision.text,
                    status=_status(decision),
                    captioner=CAPTIONER,
                    model=decision.reviewer,
                    revision=file_sha256,
                    prompt_hash="",
                    frame_times_s=[],
                    frames_digest="",
                    settings_hash=digest,
                    created_at=now,
                    message=decision.note,
                )
            )
        reviews.append(
            Review(
                review_id=_review_id(decision, file_sha256),
                clip_id=decision.clip_id,
                decision=decision.decision,
                caption_id=decision.caption_id,
                new_caption_id=new_id,
                note=decision.note,
                reviewer=decision.reviewer,
                file_sha256=file_sha256,
                run_id=run.run_id,
                created_at=now,
            )
        )
    ids = sorted(_review_id(decision, file_sha256) for decision in decisions)
    return Work(
        work_id=content_id("work", CAPTIONER, *ids),
        stage=CAPTIONER,
        settings_hash=digest,
        rows={"captions": captions, "reviews": reviews},
        counts=Counts(num_in=len(decisions), num_out=len(decisions)),
    )
