"""Measure the tiny captioner on scenes that it has not seen, and on footage of other things.

python benchmarks/captioner_tiny.py --media FOLDER --json benchmarks/results/captioner_tiny.json

Runs on one core. `--media` names a folder of real footage, of which nothing must be read; files
whose name hashes to an odd number were shown in training as what to refuse, the others never.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from captioner.tiny.evidence import doubts
from captioner.tiny.measure import FactMeasure, measure
from captioner.tiny.negatives import draw_negative
from captioner.tiny.reader import TinyReader, TinyReading
from captioner.tiny.statements import only, said, shown, statements, with_one_wrong, worded
from captioner.tiny.windows import windows_of
from pipeline.media import Decoding, write_video
from pipeline.world.choose import SCENE_KINDS
from pipeline.world.rushes_world import RushesWorld, frames_of
from schemas.errors import MediaError, UserError
from schemas.facts import Facts
from schemas.frames import Frames

FIRST_SEED = 3_000_000
MAIN = (64, 64, 16, 8.0)
SIZES = (
    MAIN,
    (96, 64, 16, 8.0),
    (64, 96, 16, 8.0),
    (128, 72, 16, 8.0),
    (320, 180, 50, 25.0),
    (64, 64, 12, 6.0),
    (64, 64, 24, 12.0),
    (64, 64, 45, 15.0),
    (64, 64, 40, 8.0),
)
BATCH = 32
Scene = tuple[Frames, Facts]


def scenes(
    count: int,
    *,
    split: str = "seen",
    shape: tuple[int, int, int, float] = MAIN,
    crf: int | None = None,
    first_seed: int = FIRST_SEED,
    **wish: Any,
) -> Iterator[Scene]:
    """Draw scenes; `wish` goes to `RushesWorld.scene`. With `crf` they go through H.264."""
    world = RushesWorld()
    width, height, frames, fps = shape
    done = 0
    for seed in range(first_seed, first_seed + 20 * count):
        if done == count:
            return
        try:
            drawn = world.scene(
                seed=seed,
                split=split,
                width_px=width,
                height_px=height,
                num_frames=frames,
                fps=fps,
                **wish,
            )
        except UserError:
            continue
        kind = wish.get("kind")
        if kind in ("floor", "maze") and drawn.truth.facts.background_kind != kind:
            continue
        done += 1
        clip = frames_of(drawn)
        yield clip if crf is None else coded(clip, fps, crf), drawn.truth.facts


def coded(clip: Frames, fps: float, crf: int) -> Frames:
    """Return the clip after H.264."""
    height, width = clip.pixels_THWC.shape[1:3]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        write_video(path, clip.pixels_THWC, fps=fps, codec="libx264", crf=crf)
        pixels = np.stack([picture.rgb(width, height) for picture in Decoding(path)])
    return Frames(pixels_THWC=pixels, times_s=clip.times_s[: len(pixels)])


def table(found: FactMeasure, readings: list[TinyReading], seconds: float) -> dict[str, Any]:
    """Return one row of a table as plain data."""
    return {
        "clips": found.num_clips,
        "attributes": {
            name: {
                "precision": round(tally.precision, 4),
                "recall": round(tally.recall, 4),
                "stated": tally.num_stated,
                "true": tally.num_true,
            }
            for name, tally in found.by_attribute.items()
        },
        "false_share_of_facts": round(found.false_share, 4),
        "made_up_share_of_objects": round(found.made_up_share, 4),
        "missed_objects": found.num_missed_objects,
        "all_right_share": round(found.exact_share, 4),
        "accepted_share": round(float(np.mean([one.in_domain for one in readings])), 4),
        "clips_per_s": round(found.num_clips / seconds, 1),
    }


def read_row(reader: TinyReader, chosen: Iterator[Scene]) -> dict[str, Any]:
    """Read scenes and compare with the truth, accepted or not."""
    clips, facts = zip(*chosen, strict=True)
    started = time.perf_counter()
    readings = []
    for start in range(0, len(clips), BATCH):
        readings += reader.read(clips[start : start + BATCH])
    seconds = time.perf_counter() - started
    found = measure((one.facts, true) for one, true in zip(readings, facts, strict=True))
    return table(found, readings, seconds)


def fact_tables(reader: TinyReader, count: int) -> dict[str, Any]:
    """Return precision and recall by split, number of objects, kind, size and damage."""
    rows: dict[str, Any] = {}
    for split in ("seen", "held_out"):
        rows[f"split {split}"] = read_row(reader, scenes(2 * count, split=split))
        report(rows, f"split {split}")
    for split in ("seen", "held_out"):
        for number in (1, 2, 3, 4):
            name = f"{number} objects, {split}"
            rows[name] = read_row(reader, scenes(count, split=split, num_objects=number))
            report(rows, name)
    for kind in SCENE_KINDS:
        rows[f"kind {kind}"] = read_row(reader, scenes(count // 2, kind=kind))
        report(rows, f"kind {kind}")
    for shape in SIZES[1:]:
        name = f"{shape[0]}x{shape[1]}, {shape[2]} frames at {shape[3]:g}/s"
        rows[name] = read_row(reader, scenes(count, shape=shape))
        report(rows, name)
    for crf, shape in ((23, MAIN), (30, MAIN), (23, SIZES[4]), (30, SIZES[4])):
        name = f"H.264 crf {crf}, {shape[0]}x{shape[1]}"
        rows[name] = read_row(reader, scenes(count // 2, shape=shape, crf=crf))
        report(rows, name)
    return rows


def report(rows: dict[str, Any], name: str) -> None:
    """Print one row: what is below 0.95, and what was made up."""
    row = rows[name]
    weak = {
        key: (cell["precision"], cell["recall"])
        for key, cell in row["attributes"].items()
        if min(cell["precision"], cell["recall"]) < 0.95 and max(cell["stated"], cell["true"]) > 9
    }
    print(
        f"{name}: false {row['false_share_of_facts']:.3f}, made up "
        f"{row['made_up_share_of_objects']:.3f}, all right {row['all_right_share']:.2f}, accepted "
        f"{row['accepted_share']:.3f}, {row['clips_per_s']:.0f} clips/s; below 0.95: {weak}",
        flush=True,
    )


def embed(reader: TinyReader, clips: list[Frames]) -> NDArray[np.float32]:
    """Return the clips' points."""
    parts = [reader.embed_clips(clips[i : i + BATCH]) for i in range(0, len(clips), BATCH)]
    return np.concatenate(parts)


def match_tables(reader: TinyReader, count: int) -> dict[str, Any]:
    """Return how texts find clips, and how right texts fare against wrong ones."""
    rows: dict[str, Any] = {}
    for split in ("seen", "held_out"):
        clips, facts = zip(
            *scenes(count, split=split, first_seed=FIRST_SEED + 500_000), strict=True
        )
        points = embed(reader, list(clips))
        rng = Random(7)
        full = [worded(item, rng) for item in facts]
        wrong = [worded(with_one_wrong(item, rng) or item, rng) for item in facts]
        right_points, wrong_points = reader.embed_texts(full), reader.embed_texts(wrong)
        near = right_points @ points.T
        own = near.diagonal()
        other = near[(np.arange(count) + 1) % count, np.arange(count)]
        ranks = (near > own[:, None]).sum(axis=1)
        singles = []
        for item in facts:
            stated = only(item, [rng.choice(statements(item))])
            singles.append((worded(stated, rng), said(stated)))
        true = [shown(item) for item in facts]
        best = np.argsort(-(reader.embed_texts([text for text, _ in singles]) @ points.T), axis=1)
        holds = np.array(
            [
                [stated <= true[j] for j in row[:10]]
                for (_, stated), row in zip(singles, best, strict=True)
            ]
        )
        frequent = [sum(stated <= clip for clip in true) for _, stated in singles]
        rows[split] = {
            "clips": count,
            "right_above_one_wrong_fact": float(
                (own > (wrong_points @ points.T).diagonal()).mean()
            ),
            "right_above_another_clips": float((own > other).mean()),
            "all_facts_recall_at_1": float((ranks < 1).mean()),
            "all_facts_recall_at_10": float((ranks < 10).mean()),
            "one_fact_hit_at_10": float(holds.any(axis=1).mean()),
            "one_fact_precision_at_10": float(
                (holds.sum(axis=1) / np.minimum(10, frequent)).mean()
            ),
        }
        print(split, rows[split], flush=True)
    return rows


def domain_tables(reader: TinyReader, count: int, media: Path | None) -> dict[str, Any]:
    """Return what share of footage that is no scene of the world is read all the same."""
    rng = np.random.default_rng(11)
    drawn = [
        Frames(pixels_THWC=draw_negative(rng, (16, 64, 64)), times_s=np.arange(16) / 8)
        for _ in range(2 * count)
    ]
    rows: dict[str, Any] = {"drawn": refusals(reader, drawn)}
    if media is not None:
        files: dict[str, list[Frames]] = {"shown in training": [], "never shown": []}
        for path in sorted(path for path in media.rglob("*.*") if path.is_file()):
            odd = hashlib.sha256(path.name.encode()).digest()[0] % 2
            files["shown in training" if odd else "never shown"] += parts_of(path)
        rows |= {f"real, {name}": refusals(reader, clips) for name, clips in files.items()}
    print(json.dumps(rows, indent=1), flush=True)
    return rows


def refusals(reader: TinyReader, clips: list[Frames]) -> dict[str, Any]:
    """Return how many clips are accepted by the network alone, and with the evidence."""
    readings = [
        one for i in range(0, len(clips), BATCH) for one in reader.read(clips[i : i + BATCH])
    ]
    return {
        "clips": len(readings),
        "accepted": sum(one.in_domain for one in readings),
        "accepted_by_the_network_alone": sum(one.domain >= 0.5 for one in readings),
        "accepted_by_the_evidence_alone": sum(
            not any(doubts(part.frames.pixels_THWC, one.facts) for part in windows_of(clip))
            for one, clip in zip(readings, clips, strict=True)
        ),
    }


def parts_of(path: Path, *, seconds: float = 2.5, most: int = 12) -> list[Frames]:
    """Return pieces of a file of some seconds each; none where it cannot be decoded."""
    pieces: list[Frames] = []
    pixels: list[NDArray[np.uint8]] = []
    times: list[float] = []
    try:
        decoding = Decoding(path)
        for picture in decoding:
            width, height = picture.displayed_size
            scale = 90 / min(width, height)
            pixels.append(picture.rgb(round(width * scale), round(height * scale)))
            times.append(picture.pts * decoding.time_base.num / decoding.time_base.den)
            if times[-1] - times[0] >= seconds:
                pieces.append(Frames(pixels_THWC=np.stack(pixels), times_s=np.array(times)))
                pixels, times = [], []
            if len(pieces) == most:
                break
    except (MediaError, UserError):
        pass
    if not pieces and len(pixels) > 1:
        pieces.append(Frames(pixels_THWC=np.stack(pixels), times_s=np.array(times)))
    return pieces


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    tables = ("facts", "match", "domain")
    parser.add_argument("--clips", type=int, default=300, help="clips per row")
    parser.add_argument("--corpus", type=int, default=1000, help="clips to find texts in")
    parser.add_argument("--weights", type=Path, help="weights other than those shipped")
    parser.add_argument("--media", type=Path, help="a folder of real footage")
    parser.add_argument("--tables", nargs="+", choices=tables, default=list(tables))
    parser.add_argument("--json", type=Path, help="write all rows here")
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    reader = TinyReader.load(args.weights)
    result: dict[str, Any] = {"revision": reader.revision, "first_seed": FIRST_SEED}
    if "domain" in args.tables:
        result["domain"] = domain_tables(reader, args.clips, args.media)
    if "match" in args.tables:
        result["match"] = match_tables(reader, args.corpus)
    if "facts" in args.tables:
        result["facts"] = fact_tables(reader, args.clips)
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
