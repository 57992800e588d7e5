"""What the world's parser reads in generated videos, against what their prompts state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from orchestration.report_parts.wording import plain
from schemas.errors import MediaError
from schemas.facts import Facts
from schemas.frames import Frames
from schemas.wording.read import read
from schemas.wording.render import render

_TIMEOUT_S = 60.0
_MAX_FRAMES = 480
_MAX_SIDE_PX = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleReading:
    """A caption of what the parser saw, and how the prompt's statements fare.

    `wrong` names the attributes of which a statement is not shown; `right` of `asked` are.
    """

    text: str
    right: int
    asked: int
    wrong: tuple[str, ...]


def read_generated(root: Path, samples: Sequence[dict[str, Any]]) -> dict[str, SampleReading]:
    """Return sample id -> reading, of those whose prompt states facts of the world.

    The parser sees the file alone, never the prompt. A file that cannot be decoded has none.
    """
    from generator.measure_prompts import compare
    from pipeline.containment import Contained
    from pipeline.reader import read_start
    from pipeline.world.rushes_world import RushesWorld

    asked = {sample["sample_id"]: read(sample["prompt"]) for sample in samples}
    wanted = [s for s in samples if asked[s["sample_id"]] != Facts()]
    found: dict[str, SampleReading] = {}
    if not wanted:
        return found
    world = RushesWorld()
    with Contained() as child:
        for sample in wanted:
            try:
                pixels, times_s = child.call(
                    read_start,
                    _TIMEOUT_S,
                    root / sample["path"],
                    max_frames=_MAX_FRAMES,
                    max_side_px=_MAX_SIDE_PX,
                )
            except MediaError:
                continue
            shown = world.read(
                Frames(pixels_THWC=pixels, times_s=np.asarray(times_s, dtype=np.float64))
            )
            answer = compare(asked[sample["sample_id"]], shown)
            found[sample["sample_id"]] = SampleReading(
                text=render(shown, length="medium") if shown != Facts() else "nothing",
                right=sum(answer.right.values()),
                asked=sum(answer.asked.values()),
                wrong=tuple(
                    plain(name) for name, n in answer.asked.items() if answer.right[name] < n
                ),
            )
    return found
