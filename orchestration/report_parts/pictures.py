"""Stored frames as small pictures inside the page."""

from __future__ import annotations

import base64
import io
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

from schemas.catalog import Catalog

MAX_SIDE_PX = 160
"""Pictures are made no wider and no higher than this."""

_QUALITY = 68

_INDEX_SQL = """
select video_id, frame_index, time_s
from frames
where video_id in (select unnest(?))
  and survey_version = (select settings_hash from current_choices where stage = 'survey')
order by video_id, frame_index
"""

_JPEG_SQL = """
select f.video_id, f.frame_index, f.jpeg
from frames f
join (select unnest(?) as video_id, unnest(?) as frame_index) wanted
    using (video_id, frame_index)
where f.survey_version = (select settings_hash from current_choices where stage = 'survey')
"""


@dataclass(slots=True)
class Picture:
    """A stored frame on the page; `src` and the size are there once it is developed."""

    time_s: float
    src: str = ""
    width_px: int = 0
    height_px: int = 0


@dataclass(slots=True)
class _Roll:
    frame_index: list[int] = field(default_factory=list)
    time_s: list[float] = field(default_factory=list)


class Album:
    """The stored frames of some videos: pick first, develop once, then show.

    Only the picked frames are read, in one query, and each is encoded once.
    """

    def __init__(self, catalog: Catalog, video_ids: Sequence[str]) -> None:
        self._catalog = catalog
        self._picked: dict[tuple[str, int], Picture] = {}
        self._rolls: dict[str, _Roll] = {}
        for row in catalog.rows(_INDEX_SQL, [sorted(set(video_ids))]):
            roll = self._rolls.setdefault(row["video_id"], _Roll())
            roll.frame_index.append(row["frame_index"])
            roll.time_s.append(row["time_s"])

    def pick(self, video_id: str, start_frame: int, end_frame: int, count: int) -> list[Picture]:
        """Return at most `count` pictures spread evenly over frames `[start, end)`."""
        roll = self._rolls.get(video_id, _Roll())
        first = bisect_left(roll.frame_index, start_frame)
        inside = range(first, bisect_left(roll.frame_index, end_frame))
        num = min(count, len(inside))
        chosen = [inside[((2 * i + 1) * len(inside)) // (2 * num)] for i in range(num)]
        return [
            self._picked.setdefault((video_id, roll.frame_index[i]), Picture(time_s=roll.time_s[i]))
            for i in chosen
        ]

    def develop(self) -> None:
        """Read the picked frames and make their pictures; one that cannot be read stays empty."""
        if not self._picked:
            return
        videos, indexes = zip(*self._picked, strict=True)
        for row in self._catalog.rows(_JPEG_SQL, [list(videos), list(indexes)]):
            picture = self._picked[row["video_id"], row["frame_index"]]
            try:
                picture.src, picture.width_px, picture.height_px = _shrink(row["jpeg"])
            except (OSError, ValueError):
                continue


def _shrink(jpeg: bytes) -> tuple[str, int, int]:
    """Return a JPEG as a data URI no larger than the page needs, and its size in pixels."""
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        picture = image.convert("RGB")
    picture.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=_QUALITY, optimize=True)
    text = base64.b64encode(encoded.getvalue()).decode()
    return f"data:image/jpeg;base64,{text}", picture.width, picture.height
