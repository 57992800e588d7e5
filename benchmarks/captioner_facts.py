"""Measure what the check of facts catches, and what it takes for false that is true.

rushes curate ../shared/media/dev --catalog /tmp/real
python benchmarks/captioner_facts.py --real /tmp/real --scenes 100 --reader parser

Plants one false fact in a true caption, and swaps captions between clips. World scenes are
drawn, written as mp4 and surveyed as any footage; their facts are read by `--reader`: `tiny`,
the captioner's own, or `parser`, the world's, as a stand-in. Texts on screen are given as a
reader that makes no mistake would find them: this project has none.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.captioner_plants import (
    Plant,
    free_caption,
    real_caption,
    real_plants,
    world_captions,
    world_plants,
)
from benchmarks.captioner_real import read_requests
from benchmarks.captioner_wordings import FIFTH, FIRST, FOURTH, SECOND, SIXTH, THIRD
from captioner.backend import load_backend
from captioner.caption import StructuredCaption
from captioner.claims.colour import FAMILIES
from captioner.claims.evidence import Evidence, gather_evidence
from captioner.facts import check_facts, contradiction_score
from captioner.request import Attempt
from captioner.settings import CaptionSettings
from pipeline.media import write_video
from pipeline.world.parse.read import read_clip
from pipeline.world.rushes_world import RushesWorld
from schemas.facts import Facts
from schemas.frames import Frames
from tests.captioner.footage import read_clips
from tests.captioner.real_labels import CAPTIONS, find_label

MAX_CONTRADICTION = 0.5
LIT = 110.0
"""Mean luma of what nobody calls dark."""
ABSENT = 0.0006
"""Share of a colour in the frame where it is largest, under which it is not there."""
NUM_DRAWS = 4
"""Wordings per clip."""


@dataclass(slots=True)
class Tally:
    """Counts by kind: caught of planted."""

    caught: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    hits: list[tuple[str, str]] = field(default_factory=list)

    def add(self, kind: str, caught: bool, example: str = "") -> None:
        """Count one case."""
        self.total[kind] += 1
        self.caught[kind] += caught
        if caught:
            self.hits.append((kind, example))
        else:
            self.missed.append(f"{kind}: {example}")

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return one row per kind."""
        return [
            {
                "table": table,
                "kind": kind,
                "num": total,
                "share": round(self.caught[kind] / total, 4),
            }
            for kind, total in sorted(self.total.items())
        ]


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, help="catalogue of the real footage")
    parser.add_argument("--scenes", type=int, default=100, help="world scenes")
    parser.add_argument("--reader", choices=("parser", "tiny"), default="parser")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    if args.real:
        rows += measure_real(args)
    if args.scenes:
        rows += measure_world(args)
    for row in rows:
        print(f"{row['table']:28} {row['kind']:18} {row['share']:.3f} of {row['num']}")
    if args.json:
        result = {"reader": args.reader, "scenes": args.scenes, "seed": args.seed, "rows": rows}
        args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def measure_real(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the rows for real footage, over the clips that have a label."""
    clips = []
    for file, request in read_requests(args.real):
        label = find_label(file, request.start_s)
        if label is not None:
            clips.append((file, label, request, gather_evidence(request)))
    good, every, knowable = Tally(), Tally(), Tally()
    rng = Random(args.seed)
    wordings = (
        ("first", FIRST),
        ("second", SECOND),
        ("third", THIRD),
        ("fourth", FOURTH),
        ("fifth", FIFTH),
        ("sixth", SIXTH),
    )
    for name, wording in (case for case in wordings for _ in range(NUM_DRAWS)):
        for file, label, _, evidence in clips:
            caption = real_caption(label, rng, wording)
            told = evidence if label["has_text"] else replace(evidence, texts=())
            checked = check_facts(caption, told)
            example = f"{file} {checked.corrections}"
            good.add(f"{name} wording", bool(checked.corrections), example)
            for plant in real_plants(label, rng, wording):
                told = replace(evidence, texts=plant.texts)
                caught = bool(check_facts(plant.caption, told).corrections)
                kind, example = f"{plant.kind}, {name}", f"{file} {plant.caption.long}"
                every.add(kind, caught, example)
                if _can_be_known(plant, evidence):
                    knowable.add(kind, caught, example)
    captions = [real_caption(label, rng) for _, label, _, _ in clips]
    backend = load_backend("measured", CaptionSettings())
    own = [backend.answer([request], Attempt())[0].caption for _, _, request, _ in clips]
    swaps = Tally()
    written = [_by_hand(file, request.start_s) for file, _, request, _ in clips]
    for (file, label, _, evidence), caption in zip(clips, written, strict=True):
        if caption is not None:
            told = evidence if label["has_text"] else replace(evidence, texts=())
            checked = check_facts(caption, told)
            good.add("by hand", bool(checked.corrections), f"{file} {checked.corrections}")
    for name, texts in (("by label", captions), ("by hand", written), ("measured", own)):
        for i, (file, label, _, evidence) in enumerate(clips):
            for j in rng.sample(range(len(clips)), 20):
                other = texts[j]
                if clips[j][0] == file or clips[j][1]["subject"] == label["subject"] or not other:
                    continue
                score = contradiction_score(other, evidence)
                swaps.add(f"{name}: failed", score > MAX_CONTRADICTION)
                swaps.add(f"{name}: any", score > 0)
            mine = texts[i]
            if mine:
                score = contradiction_score(mine, evidence)
                good.add(f"{name}: failed", score > MAX_CONTRADICTION, f"{file} {score}")
    if args.verbose:
        _print_missed(good, knowable)
    return [
        *good.rows("real, false alarms"),
        *every.rows("real, all planted"),
        *knowable.rows("real, can be known"),
        *swaps.rows("real, swapped"),
    ]


def _by_hand(file: str, start_s: float) -> StructuredCaption | None:
    """Return the caption that a person wrote of a clip, None for most."""
    for item in CAPTIONS:
        if item["file"] == file and abs(item["start_s"] - start_s) < 0.3:
            return StructuredCaption(long=item["text"])
    return None


def _can_be_known(plant: Plant, evidence: Evidence) -> bool:
    """Tell whether the evidence holds a measurement that bears on the false fact at all."""
    found = evidence.findings
    if plant.kind == "camera":
        if plant.value == "still":
            return found.camera not in ("", "still", "nearly still")
        if plant.value in ("in", "out"):
            return bool(found.zoom) or found.camera not in ("", "about", "nearly still")
        return found.camera not in ("", "about", "nearly still")
    if plant.kind == "light":
        return found.light != "medium" or found.luma >= LIT
    if plant.kind == "colour":
        named = max(found.presence.get(name, 0.0) for name in FAMILIES[plant.value])
        return found.palette == "greyscale" or named < ABSENT
    return True


def _print_missed(good: Tally, planted: Tally) -> None:
    for kind, changed in good.hits:
        print(f"  true but changed, {kind}: {changed[:240]}")
    for line in planted.missed:
        print("  missed:", line[:240])


def measure_world(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the rows for drawn scenes: with the reader's facts, and by measurement alone."""
    scenes = list(read_scenes(args))
    rows: list[dict[str, Any]] = []
    for name, with_facts in ((f"world, {args.reader}", True), ("world, measured", False)):
        good, planted, swaps = Tally(), Tally(), Tally()
        rng = Random(args.seed)
        own = []
        for number, (truth, evidence) in enumerate(scenes):
            told = evidence if with_facts else replace(evidence, facts=None)
            captions = [world_captions(truth, number), free_caption(truth, rng)]
            own.append(captions[0])
            for caption, kind in zip(captions, ("own wording", "free prose"), strict=True):
                checked = check_facts(caption, told)
                example = f"{checked.corrections} {truth}"
                good.add(kind, bool(checked.corrections), example)
                if args.verbose and checked.corrections:
                    print("  changed:", name, kind, example[:600])
            for kind, wrong in world_plants(truth, rng):
                knows = _world_can_know if with_facts else _measured_can_know
                if not knows(kind, truth, wrong, evidence):
                    continue
                for caption in (world_captions(wrong, number), free_caption(wrong, rng)):
                    if caption == free_caption(truth, rng):
                        continue
                    if not caption.short and kind == "background":
                        continue  # free prose says nothing of the background
                    caught = bool(check_facts(caption, told).corrections)
                    planted.add(kind, caught, f"{caption.long} || {truth}")
        for number, (_, evidence) in enumerate(scenes):
            told = evidence if with_facts else replace(evidence, facts=None)
            good.add("failed", contradiction_score(own[number], told) > MAX_CONTRADICTION)
            for other in rng.sample(range(len(scenes)), min(5, len(scenes))):
                if other != number:
                    score = contradiction_score(own[other], told)
                    swaps.add("failed", score > MAX_CONTRADICTION)
                    swaps.add("any", score > 0)
        if args.verbose:
            _print_missed(good, planted)
        rows += [
            *good.rows(f"{name}, false alarms"),
            *planted.rows(f"{name}, planted"),
            *swaps.rows(f"{name}, swapped"),
        ]
    return rows


def _world_can_know(kind: str, truth: Facts, wrong: Facts, evidence: Evidence) -> bool:
    """Tell whether the reader states the fact at all that the caption has wrong."""
    facts = evidence.facts
    if facts is None:
        return False
    if kind == "camera":
        return facts.camera is not None
    if kind == "background":
        return facts.background_colour is not None
    if kind == "direction":
        return all(item.direction for item in facts.objects if item.action == "move")
    return len(facts.objects) == len(truth.objects)


def _measured_can_know(kind: str, truth: Facts, wrong: Facts, evidence: Evidence) -> bool:
    """Tell whether measurements bear on it: a colour that is nowhere, what was followed."""
    found = evidence.findings
    if kind == "camera":
        return found.camera not in ("", "nearly still", "about")
    if kind == "direction":
        moving = [area for area in found.areas if area.motion not in ("", "none", "about")]
        movers = [item for item in truth.objects if item.action == "move"]
        return len(movers) == 1 and (bool(found.movement.motion) or bool(moving))
    if kind != "colour":
        return False
    new = {item.colour for item in wrong.objects} - {item.colour for item in truth.objects}
    names = {name for colour in new if colour for name in FAMILIES[colour]}
    return max(found.presence.get(name, 0.0) for name in names) < ABSENT


def read_scenes(args: argparse.Namespace) -> Any:
    """Yield (truth, evidence) of scenes that the survey takes for one clip."""
    world = RushesWorld()
    reader: Any = None
    if args.reader == "tiny":
        from captioner.tiny.reader import shipped_reader

        reader = shipped_reader()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(args.seed, args.seed + args.scenes):
            frames, truth = world.draw(
                seed=seed, split="seen", width_px=160, height_px=120, num_frames=48, fps=16.0
            )
            path = Path(folder) / "scene.mp4"
            write_video(path, list(frames.pixels_THWC), fps=16.0)
            requests = read_clips(path)
            if len(requests) != 1:
                continue
            evidence = gather_evidence(requests[0], facts=_read(reader, frames), texts=())
            yield truth, evidence


def _read(reader: Any, frames: Frames) -> Facts | None:
    if reader is None:
        facts = read_clip(frames.pixels_THWC, frames.times_s).facts
        return facts if facts.objects else None
    reading = reader.read([frames])[0]
    return reading.facts if reading.in_domain else None


if __name__ == "__main__":
    main()
