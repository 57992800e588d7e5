"""Measure timed events of long clips: which are told, when, and in which order.

python benchmarks/captioner_long.py --folder long --json benchmarks/results/captioner_long.json

Draws takes of the world that last `--seconds` (320x180, 24 frames a second; half of them with
objects that meet, half of them ways through a maze), curates them so that each take is one clip,
captions them window by window, and holds the events of the captions, which are in source time,
against what was drawn. An event is right where the drawing has one of its kind and by the same
objects inside its span, or within `SLACK_S` of it; each drawn event counts for one at most.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from captioner.caption import StructuredCaption
from captioner.tiny.measure import named_events
from pipeline.media import write_video
from pipeline.world.choose import COLLISION
from pipeline.world.rushes_world import RushesWorld
from pipeline.world.state import SceneTruth
from schemas.catalog import Catalog
from schemas.facts import EVENT_KINDS, EventFacts
from schemas.wording.read import read

FIRST_SEED = 3_700_000
RATE = 24.0
SLACK_S = 0.25
KINDS = (COLLISION, "maze")
_WHERE = "The background is a maze."
"""Ways are read of a maze only; an event's text alone does not say where it is."""
Timed = tuple[float, float, tuple[str, object, object]]
"""Start and end in seconds, and what happens as `measure.named_events` tells it."""


def draw(folder: Path, count: int, seconds: float) -> dict[str, SceneTruth]:
    """Write `count` takes of each kind; return what is true of each file."""
    folder.mkdir(parents=True, exist_ok=True)
    truths: dict[str, SceneTruth] = {}
    for kind in KINDS:
        seed = FIRST_SEED
        while sum(name.startswith(kind) for name in truths) < count:
            seed += 1
            drawn = RushesWorld().scene(
                seed=seed,
                split="seen",
                width_px=320,
                height_px=180,
                num_frames=round(seconds * RATE),
                fps=RATE,
                kind=kind,
            )
            if any(event.kind in EVENT_KINDS for event in drawn.truth.events):
                name = f"{kind}_{seed}.mp4"
                write_video(folder / name, iter(drawn.pixels_THWC), fps=RATE)
                truths[name] = drawn.truth
    return truths


def happened(truth: SceneTruth) -> list[Timed]:
    """Return the true events of a take."""
    events = [event for event in truth.events if event.kind in EVENT_KINDS]
    stated = tuple(
        EventFacts(kind=event.kind, subject=event.subject, target=event.target) for event in events
    )
    named = named_events(replace(truth.facts, events=stated))
    times_s = [event.frame / RATE for event in events]
    return [(time_s, time_s, one) for time_s, one in zip(times_s, named, strict=True)]


def told(caption: StructuredCaption) -> list[Timed]:
    """Return the events of a caption, as far as their texts read as events of the world."""
    found = []
    for event in caption.events:
        for named in named_events(read(f"{event.text} {_WHERE}")):
            found.append((event.start_s, event.end_s, named))
    return found


def compare(stated: list[Timed], true: list[Timed]) -> dict[str, int | float]:
    """Return counts: stated, true, right, pairs in order, and the seconds of right spans."""
    left = list(true)
    right: list[tuple[Timed, Timed]] = []
    for one in sorted(stated, key=lambda one: one[1] - one[0]):
        match = next(
            (
                other
                for other in left
                if other[2] == one[2] and one[0] - SLACK_S <= other[0] <= one[1] + SLACK_S
            ),
            None,
        )
        if match is not None:
            left.remove(match)
            right.append((one, match))
    pairs = [
        (a[0][0] + a[0][1] - b[0][0] - b[0][1], a[1][0] - b[1][0])
        for a, b in combinations(right, 2)
        if a[1][0] != b[1][0]
    ]
    return {
        "stated": len(stated),
        "true": len(true),
        "right": len(right),
        "pairs": len(pairs),
        "pairs_in_order": sum(ours * theirs > 0 for ours, theirs in pairs),
        "span_s": sum(one[1] - one[0] for one, _ in right),
    }


def main() -> None:
    """Print and write what was counted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="for footage and catalogue")
    parser.add_argument("--takes", type=int, default=8, help="of each kind")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    footage, root = arguments.folder / "footage", arguments.folder / "catalog"
    truths = draw(footage, arguments.takes, arguments.seconds)
    rushes = str(Path(sys.executable).with_name("rushes"))
    for command in (
        ["curate", str(footage), "--set", "split.max_clip_s=600", "--set", "judge.motion_min=0"],
        ["caption", "--backend", "tiny", "--set", "caption.window_s=10"],
    ):
        subprocess.run([rushes, *command, "--catalog", str(root)], check=True)
    rows = (
        Catalog.open(root)
        .lens()
        .sql(
            "select distinct b.text, v.uri from best_captions b "
            "join current_clips c on c.clip_id = b.clip_id "
            "join sources v on v.video_id = c.video_id where b.kind = 'structured'"
        )
    )
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for text, uri in rows.fetchall():
        name = Path(uri).name
        found = compare(told(StructuredCaption.model_validate_json(text)), happened(truths[name]))
        kind = name.split("_")[0]
        sums[kind]["clips"] += 1
        for key, value in found.items():
            sums[kind][key] += value
    result = {
        kind: {
            "clips": int(one["clips"]),
            "true_events": int(one["true"]),
            "precision": round(one["right"] / max(1, one["stated"]), 3),
            "recall": round(one["right"] / max(1, one["true"]), 3),
            "pairs_in_order": round(one["pairs_in_order"] / max(1, one["pairs"]), 3),
            "mean_span_s": round(one["span_s"] / max(1, one["right"]), 2),
        }
        for kind, one in sums.items()
    }
    print(json.dumps(result, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
