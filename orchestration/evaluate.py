"""Evaluate a checkpoint: every measure, written as JSON, as contact sheets and as a page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from orchestration.progress import say
from orchestration.report_parts import templates
from orchestration.sampling import find_checkpoint
from schemas.catalog import Catalog

if TYPE_CHECKING:
    from generator.evaluate import Evaluation, Sheet
    from generator.settings import EvaluateSettings

_GAP_PX = 2
_ENLARGE_TO_PX = 64
_GIVEN = (0, 160, 255)
_PAPER = 255


def evaluate_checkpoint(
    catalog: Catalog, name: str | None, settings: EvaluateSettings, out: Path
) -> dict[str, Any]:
    """Measure a checkpoint; write `evaluation.json`, `*.png` and `index.html` into `out`.

    Returns what the JSON holds. Raises UserError for a name that is no checkpoint.
    """
    from generator.evaluate import evaluate
    from generator.sample import load_checkpoint
    from pipeline.media import write_picture
    from pipeline.world.rushes_world import RushesWorld

    path, checkpoint_id = find_checkpoint(catalog, name)
    loaded = load_checkpoint(path)
    evaluation = evaluate(
        loaded,
        RushesWorld(),
        settings,
        on_part=lambda part: say(f"  evaluate  {part}"),
    )
    out.mkdir(parents=True, exist_ok=True)
    found = {
        "checkpoint_id": checkpoint_id,
        "codec": {"name": loaded.codec.name, "revision": loaded.codec.revision},
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": settings.model_dump(mode="json"),
        **evaluation.numbers,
    }
    (out / "evaluation.json").write_text(json.dumps(_finite(found), indent=1) + "\n")
    pictures = {}
    for part, sheets in evaluation.sheets.items():
        if sheets:
            pictures[part] = f"{_file_name(part)}.png"
            write_picture(out / pictures[part], contact_sheet(sheets))
    (out / "index.html").write_text(_page(found, evaluation, pictures), "utf-8")
    return found


def contact_sheet(sheets: Sequence[Sheet]) -> NDArray[np.uint8]:
    """Return H,W,3: a row per clip, a frame beside the other; given frames have a blue edge."""
    largest = max(max(clip.shape[1:3]) for clip, _ in sheets)
    scale = max(1, _ENLARGE_TO_PX // largest)
    edge = 2 * _GAP_PX
    rows = []
    for clip, given in sheets:
        frames = []
        for picture, is_given in zip(clip, given, strict=True):
            large = picture.repeat(scale, 0).repeat(scale, 1)
            height, width, _ = large.shape
            framed = np.full((height + edge, width + edge, 3), _PAPER, dtype=np.uint8)
            if is_given:
                framed[:] = _GIVEN
            framed[_GAP_PX:-_GAP_PX, _GAP_PX:-_GAP_PX] = large
            frames.append(framed)
        rows.append(np.concatenate(frames, 1))
    width = max(row.shape[1] for row in rows)
    filled = [
        np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=_PAPER)
        for row in rows
    ]
    return np.concatenate(filled, 0)


def _file_name(part: str) -> str:
    return "_".join("".join(c if c.isalnum() else " " for c in part).split())


def _finite(value: Any) -> Any:
    """Replace what is no number by None: JSON has no word for it."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _page(found: dict[str, Any], evaluation: Evaluation, pictures: dict[str, str]) -> str:
    environment = templates.environment()
    environment.filters["share"] = _share
    return environment.get_template("evaluation.html.j2").render(
        style=templates.style(),
        found=found,
        prompts=[
            (title, f"{kind}{name}", numbers)
            for title, kind in (("prompts", "prompts: "), ("sizes", "size "))
            for name, numbers in evaluation.numbers[title].items()
        ],
        tasks=evaluation.numbers["tasks"],
        pictures=pictures,
    )


def _share(value: Any) -> str:
    """Return a share with its interval, or a plain number, for the page."""
    if isinstance(value, dict):
        if not value["n"]:
            return "none"
        return f"{value['share']:.3f} ({value['low']:.3f} to {value['high']:.3f}, n {value['n']})"
    return "not measured" if not np.isfinite(value) else f"{value:.3f}"
