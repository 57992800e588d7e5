"""The report: one HTML file that holds everything it shows and asks nothing of the network.

It reads the catalogue's views and stored frames, the loss curve and the generated videos, so
it can be made of any catalogue at any time. File names, captions and messages are others'
text: the template escapes all of them, and a policy in the page forbids scripts and requests.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment

from orchestration.report_parts import templates, wording
from orchestration.report_parts.clips import (
    FRAMES_PER_MEMBER,
    chosen_clips,
    chosen_groups,
    make_groups,
    read_cards,
    videos_of,
)
from orchestration.report_parts.funnel import Funnel, read_funnel
from orchestration.report_parts.making import read_examples, read_making
from orchestration.report_parts.pictures import Album
from orchestration.report_parts.strips import chosen_videos, read_strips
from orchestration.report_parts.training import (
    CURVE_HEIGHT,
    CURVE_WIDTH,
    Shown,
    TrainingRun,
    read_samples,
    read_training,
)
from orchestration.report_parts.truth_table import truth_rows
from orchestration.truth_check import TruthMeasures
from schemas.catalog import Catalog
from schemas.errors import UserError


def write_report(
    catalog: Catalog,
    out: Path,
    *,
    title: str,
    truth: TruthMeasures | None = None,
    timings: Mapping[str, float] | None = None,
    max_clips: int = 60,
) -> Path:
    """Write the report of a catalogue to the file `out` and return its path.

    At most `max_clips` kept clips, as many dropped ones and as many videos are shown, and
    half as many groups of near-duplicates; numbers always count all. `timings` are seconds
    per stage. Raises UserError where `out` cannot be written.
    """
    _prepare(out)
    page = (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=title,
            style=templates.style(),
            made_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            catalog_name=catalog.root.name,
            truth=truth,
            truth_rows=list(truth_rows(truth)) if truth else [],
            **_contents(catalog, timings, max(max_clips, 0)),
        )
    )
    _write(out, page)
    return out


def _contents(
    catalog: Catalog, timings: Mapping[str, float] | None, max_clips: int
) -> dict[str, Any]:
    """Return what the sections show; pictures are read last, all at once."""
    funnel = read_funnel(catalog)
    kept_ids, dropped_ids = chosen_clips(catalog, max_clips)
    group_rows = chosen_groups(catalog, max_clips // 2)
    video_ids = chosen_videos(catalog, max_clips)
    clip_ids = [*kept_ids, *dropped_ids, *(row["clip_id"] for row in group_rows)]
    album = Album(catalog, [*video_ids, *videos_of(catalog, clip_ids)])
    cards = read_cards(catalog, album, clip_ids, funnel.rules)
    strips = read_strips(catalog, album, video_ids)
    album.develop()
    kept, dropped = set(kept_ids), set(dropped_ids)
    trainings, samples = read_training(catalog), read_samples(catalog)
    uris = catalog.rows("select min(uri) as first, max(uri) as last from sources")[0]
    return {
        "funnel": funnel,
        "totals": funnel.totals,
        "folder": wording.common_folder(uris["first"] or "", uris["last"] or ""),
        "sentence": _sentence(funnel, trainings, samples),
        "strips": strips,
        "kept": [card for card in cards.values() if card.clip_id in kept],
        "dropped": [card for card in cards.values() if card.clip_id in dropped],
        "num_dropped": sum(bar.num for bar in funnel.bars if bar.kind == "dropped"),
        "groups": make_groups(group_rows, cards),
        "examples": read_examples(catalog),
        "trainings": trainings,
        "samples": samples,
        "num_samples": catalog.column("select count(*) from samples")[0],
        "making": read_making(catalog, timings),
    }


def _sentence(funnel: Funnel, trainings: list[TrainingRun], samples: list[Shown]) -> str:
    """Return what went in and what came out, with numbers."""
    totals, counted = funnel.totals, wording.counted
    text = (
        f"{counted(totals['num_files'], 'file')} with "
        f"{wording.duration(totals['surveyed_s'])} of video went in; "
        f"{counted(totals['num_kept'], 'clip')} with "
        f"{wording.duration(totals['kept_s'])} came out"
    )
    if totals["surveyed_s"]:
        text += f" ({wording.percent(totals['kept_s'], totals['surveyed_s'])} of the time)"
    num_captioned, num_kept = totals["num_captioned"], totals["num_kept"]
    if num_captioned and num_captioned == num_kept:
        text += ", each with a caption"
    elif num_captioned:
        text += f", {num_captioned:,} of them with a caption"
    if trainings:
        newest = trainings[-1].checkpoint
        text += f"; a video model was trained on them for {counted(newest['step'], 'step')}"
    if samples:
        text += f"{' and' if trainings else ';'} {counted(len(samples), 'generated video')} "
        text += "plays below" if len(samples) == 1 else "play below"
    return text + "."


def _environment() -> Environment:
    environment = templates.environment()
    environment.filters.update(
        duration=wording.duration,
        number=wording.number,
        plain=wording.plain,
        short_id=wording.short_id,
        seconds=partial(_fixed, digits=3),
        loss=lambda value: "none" if math.isnan(value) else f"{value:.4f}",
    )
    environment.globals.update(
        counted=wording.counted,
        listed=wording.listed,
        percent=wording.percent,
        frames_per_member=FRAMES_PER_MEMBER,
        labels={
            "boundary": "Shot boundaries",
            "defect": "Defects",
            "broken file": "Broken files",
            "pair of files": "Pairs of files that share footage",
        },
        curve_width=CURVE_WIDTH,
        curve_height=CURVE_HEIGHT,
    )
    return environment


def _fixed(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}"


def _prepare(out: Path) -> None:
    """Make the folder that the page goes to. Raises UserError before any work is done."""
    if out.is_dir():
        raise UserError(f"{out} is a folder", "name a file: report.html")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(out, error) from error


def _write(out: Path, page: str) -> None:
    """Write the page under another name and rename it: whole or absent."""
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        # A file name may hold bytes that are no text; they become character references.
        temporary.write_text(page, encoding="utf-8", errors="xmlcharrefreplace")
        temporary.replace(out)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _unwritable(out, error) from error


def _unwritable(out: Path, error: OSError) -> UserError:
    return UserError(f"cannot write the report {out}: {error.strerror}", "name another file")
