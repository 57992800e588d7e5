"""Measure the world's parser on scenes whose truth is known: attribute by attribute.

python benchmarks/world_parser.py --clips 200 --json parser.json

Runs on one core. Prints shares that are read right, with Wilson's 95 % intervals.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.media import Decoding, write_video
from pipeline.world.choose import SCENE_KINDS, choose_scene
from pipeline.world.parse.read import read_clip
from pipeline.world.parse.reading import Reading
from pipeline.world.scene import draw_scene
from pipeline.world.spec import SceneSpec
from pipeline.world.state import DrawnScene
from schemas.errors import UserError
from schemas.facts import OBJECT_FIELDS, SCENE_VALUES, differences

Pixels = NDArray[np.uint8]
SIZES = ((32, 32), (64, 64), (96, 64), (128, 128), (256, 256), (512, 512))
TIMES = ((8, 6.0), (8, 24.0), (12, 12.0), (16, 16.0), (32, 8.0), (48, 24.0))


@dataclass(slots=True, kw_only=True)
class Cell:
    """What was read right of one kind of clips: per statement, out of how many."""

    name: dict[str, Any]
    right: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    wrong_seeds: list[int] = field(default_factory=list)

    def count(self, statement: str, right: int, total: int = 1) -> None:
        """Add `right` right readings out of `total`."""
        self.right[statement] += right
        self.total[statement] += total

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one row per statement, with Wilson's 95 % interval."""
        for statement, total in self.total.items():
            low, high = wilson(self.right[statement], total)
            yield {
                **self.name,
                "statement": statement,
                "n": total,
                "right": self.right[statement],
                "share": round(self.right[statement] / total, 4),
                "low": round(low, 4),
                "high": round(high, 4),
            }


def wilson(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Return Wilson's interval of a share."""
    share = right / total
    middle = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return (middle - half) / (1 + z * z / total), (middle + half) / (1 + z * z / total)


def coded(pixels: Pixels, fps: float, crf: int | None) -> Pixels:
    """Return the pixels after H.264 at a quality; as they are for None."""
    if crf is None:
        return pixels
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        write_video(path, pixels, fps=fps, codec="libx264", crf=crf)
        pictures = [picture.rgb(pixels.shape[2], pixels.shape[1]) for picture in Decoding(path)]
    return np.stack(pictures)


def planned(seed: int, args: argparse.Namespace, **shape: Any) -> SceneSpec | None:
    """Return a plan, or None where none of this kind fits."""
    try:
        return choose_scene(seed, split=args.split, **shape)
    except UserError:
        return None


def measure(
    args: argparse.Namespace,
    name: dict[str, Any],
    *,
    kind: str = "free",
    num_objects: int | None = None,
    size: tuple[int, int] = (64, 64),
    span: tuple[int, float] = (16, 8.0),
    crf: int | None = None,
) -> Cell:
    """Read `args.clips` clips of one kind and count what is right."""
    cell = Cell(name={**name, "split": args.split, "crf": crf})
    frame: dict[str, Any] = {
        "width_px": size[0],
        "height_px": size[1],
        "num_frames": span[0],
        "fps": span[1],
    }
    done = 0
    for seed in range(args.seed, args.seed + 8 * args.clips):
        if done == args.clips:
            break
        spec = planned(seed, args, kind=kind, num_objects=num_objects, **frame)
        if spec is None or spec.kind != kind:
            continue
        done += 1
        drawn = draw_scene(spec, **frame)
        pixels = coded(drawn.pixels_THWC, span[1], crf)
        start = time.process_time()
        reading = read_clip(pixels, np.arange(span[0]) / span[1])
        cell.seconds += time.process_time() - start
        if not compare(cell, drawn, reading):
            cell.wrong_seeds.append(seed)
    return cell


def compare(cell: Cell, drawn: DrawnScene, reading: Reading) -> bool:
    """Count the statements of one clip; return whether all are right."""
    found = differences(drawn.truth.facts, reading.facts)
    wrong: Counter[str] = Counter()
    for item in found:
        place, _, attribute = item.path.partition(".")
        wrong[attribute or ("count" if place.startswith("objects[") else place)] += 1
    number = len(drawn.truth.facts.objects)
    for name in OBJECT_FIELDS:
        cell.count(name, number - wrong[name], number)
    for name in ("count", "events", "views", *SCENE_VALUES):
        cell.count(name, int(not wrong[name]))
    cell.count("all", int(not found))
    return not found


def nothing_cells(args: argparse.Namespace) -> Iterator[Cell]:
    """Measure clips without an object, half-faded ones, frozen ones and single frames."""
    frame: dict[str, Any] = {"width_px": 64, "height_px": 64, "num_frames": 16, "fps": 8.0}
    times = np.arange(16) / 8.0
    cells: dict[str, Cell] = {}

    def tell(name: str, pixels: Pixels, good: Callable[[Reading], bool]) -> None:
        cell = cells.setdefault(name, Cell(name={"table": "nothing", "clip": name}))
        start = time.process_time()
        reading = read_clip(pixels, times[: len(pixels)])
        cell.seconds += time.process_time() - start
        cell.count("all", int(good(reading)))

    def none(reading: Reading) -> bool:
        return not reading.facts.objects

    for seed in range(args.seed, args.seed + args.clips):
        rng = np.random.default_rng([seed, 3])
        spec = planned(seed, args, kind="free", num_objects=1 + seed % 3, **frame)
        if spec is None:
            continue
        drawn = draw_scene(spec, **frame)
        empty = draw_scene(replace(spec, objects=()), **frame).pixels_THWC
        shape = drawn.pixels_THWC.shape
        uniform = rng.integers(0, 256, shape, dtype=np.uint8)
        deviation = rng.uniform(10, 70)
        gauss = np.clip(rng.normal(128, deviation, shape), 0, 255).astype(np.uint8)
        tell("uniform noise", uniform, none)
        tell("gaussian noise", gauss, none)
        tell("smooth coloured noise", smooth_noise(rng, shape), none)
        tell("blank", np.broadcast_to(rng.integers(0, 256, 3, dtype=np.uint8), shape).copy(), none)
        tell("background alone", empty, none)
        others: dict[str, Any] = {"its background": empty, "noise": uniform}
        others |= {"black": 0.0, "grey": 128.0, "white": 255.0}
        for name, other in others.items():
            half = np.rint(0.5 * drawn.pixels_THWC + 0.5 * np.asarray(other, dtype=np.float64))
            tell(f"half {name}", half.astype(np.uint8), none)

        def rests(reading: Reading, drawn: DrawnScene = drawn) -> bool:
            actions = [item.action for item in reading.facts.objects]
            same = len(actions) == len(drawn.truth.objects)
            return same and set(actions) == {"rest"} and reading.facts.camera == "still"

        tell("frozen", np.repeat(drawn.pixels_THWC[:1], 16, axis=0), rests)
        one = {**frame, "num_frames": 1}
        image = planned(seed, args, kind="free", num_objects=1 + seed % 3, **one)
        if image is None:
            continue
        still = draw_scene(image, **one)

        def as_image(reading: Reading, still: DrawnScene = still) -> bool:
            return not differences(still.truth.facts, reading.facts)

        tell("single frame", still.pixels_THWC, as_image)
    yield from cells.values()


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...]) -> Pixels:
    """Return patches of random colours that melt into one another, and change now and then."""
    cells, phases = int(rng.integers(3, 14)), int(rng.integers(1, 6))
    grid = rng.normal(128, rng.uniform(20, 80), (phases, cells, cells, 3)).astype(np.float32)
    size = (shape[2], shape[1])
    frames = [
        cv2.resize(grid[i * phases // shape[0]], size, interpolation=cv2.INTER_CUBIC)
        for i in range(shape[0])
    ]
    pixels: Pixels = np.clip(np.stack(frames), 0, 255).astype(np.uint8)
    return pixels


def all_cells(args: argparse.Namespace) -> Iterator[Cell]:
    """Measure all tables that are asked for."""
    for crf in (None, 30):
        if "objects" in args.tables:
            for number in (1, 2, 3, 4):
                name = {"table": "objects", "objects": number, "size": "64x64"}
                yield measure(args, name, num_objects=number, crf=crf)
        if "sizes" in args.tables:
            for size in SIZES:
                name = {"table": "sizes", "objects": 2, "size": f"{size[0]}x{size[1]}"}
                yield measure(args, name, num_objects=2, size=size, crf=crf)
        if "times" in args.tables:
            for span in TIMES:
                when = {"table": "times", "frames": span[0], "fps": span[1]}
                yield measure(args, when, num_objects=2, span=span, crf=crf)
        if "kinds" in args.tables:
            for kind in SCENE_KINDS[1:]:
                yield measure(args, {"table": "kinds", "kind": kind}, kind=kind, crf=crf)
    if "nothing" in args.tables:
        yield from nothing_cells(args)


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    tables = ("objects", "sizes", "times", "kinds", "nothing")
    parser.add_argument("--clips", type=int, default=200, help="clips per cell")
    parser.add_argument("--seed", type=int, default=1_000_000, help="the first seed")
    parser.add_argument("--split", choices=("seen", "held_out"), default="seen")
    parser.add_argument("--tables", nargs="+", choices=tables, default=list(tables))
    parser.add_argument("--json", type=Path, help="write all rows here")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    rows: list[dict[str, Any]] = []
    for cell in all_cells(args):
        found = list(cell.rows())
        total = next(row for row in found if row["statement"] == "all")
        milliseconds = 1e3 * cell.seconds / total["n"]
        where = " ".join(f"{k}={v}" for k, v in cell.name.items() if v is not None)
        print(
            f"{where}: {total['share']:.3f} [{total['low']:.3f}, {total['high']:.3f}] "
            f"n={total['n']} {milliseconds:.0f} ms"
        )
        for row in found:
            if row["right"] < row["n"] and row["statement"] != "all":
                print(f"    {row['statement']}: {row['share']:.4f} of {row['n']}", flush=True)
        rows += [{**row, "milliseconds": round(milliseconds, 1)} for row in found]
        rows[-1]["wrong_seeds"] = cell.wrong_seeds
    if args.json:
        settings = {"clips": args.clips, "first_seed": args.seed, "split": args.split}
        args.json.write_text(json.dumps({"settings": settings, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
