"""The review page: pictures, captions in text boxes, and a button that saves JSON lines.

One file without a network: the policy in the page allows its own script by hash and nothing
else. Captions and file names are others' text and only ever stand as text.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from orchestration.report_parts import templates, wording
from orchestration.report_parts.pictures import Album
from orchestration.review_decisions import CLIP
from orchestration.review_files import ReviewRow, write_new
from schemas.catalog import Catalog

_FRAMES_PER_CLIP = 6


def write_page(
    catalog: Catalog,
    path: Path,
    clips: Sequence[Mapping[str, Any]],
    captions: Mapping[tuple[str, str], Mapping[str, Any]],
    rows: Sequence[ReviewRow],
) -> None:
    """Write the page of these clips to a new file.

    `clips` have the columns of `clip_states`, `captions` are known by clip and kind; `rows`
    are what may be reviewed, in the order of the clips. Raises UserError as `write_new` does.
    """
    album = Album(catalog, [clip["video_id"] for clip in clips])
    pictures = {
        clip["clip_id"]: album.pick(
            clip["video_id"], clip["start_frame"], clip["end_frame"], _FRAMES_PER_CLIP
        )
        for clip in clips
    }
    album.develop()
    items: dict[str, list[ReviewRow]] = {clip["clip_id"]: [] for clip in clips}
    for row in rows:
        items[row.clip_id].append(row)
    script = templates.part("review.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = templates.environment()
    environment.filters["plain"] = wording.plain
    page = environment.get_template("review.html.j2").render(
        title=f"Review of {wording.counted(len(clips), 'clip')}",
        style=templates.style(),
        script=Markup(script),
        script_hash=digest,
        file_name=f"{path.stem}.jsonl",
        clips=clips,
        captions=captions,
        items=items,
        pictures=pictures,
        clip_kind=CLIP,
    )
    write_new(path, page.encode("utf-8", errors="xmlcharrefreplace"))
