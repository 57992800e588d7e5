"""Draw scenes of the world with their captions on one page, to be looked at by a person.

    python benchmarks/world_sheet.py --out sheet.html --count 100 --seed 0

The page is one HTML file with its pictures inside: five frames of each scene, the short and
the long caption, and what the parser read where it differs from the truth.
"""

from __future__ import annotations

import argparse
import base64
import html
from pathlib import Path

import cv2
import numpy as np

from pipeline.world.choose import SCENE_KINDS
from pipeline.world.rushes_world import RushesWorld, frames_of
from pipeline.world.splits import SPLITS
from pipeline.world.state import DrawnScene
from schemas.facts import differences
from schemas.wording.render import render

FRAMES_SHOWN = 5


def main() -> None:
    """Write the page."""
    arguments = _parser().parse_args()
    world = RushesWorld()
    rows = []
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        kind = arguments.kind
        if arguments.every_kind:
            kind = SCENE_KINDS[seed % len(SCENE_KINDS)]
        drawn = world.scene(
            seed=seed,
            split=arguments.split,
            width_px=arguments.width,
            height_px=arguments.height,
            num_frames=arguments.frames,
            fps=arguments.fps,
            kind=kind,
        )
        rows.append(_row(world, seed, drawn))
    arguments.out.write_text(_PAGE.format(rows="\n".join(rows)))
    print(f"{len(rows)} scenes in {arguments.out}")


def _row(world: RushesWorld, seed: int, drawn: DrawnScene) -> str:
    count = len(drawn.pixels_THWC)
    shown = np.linspace(0, count - 1, min(FRAMES_SHOWN, count)).round().astype(int)
    strip = np.hstack([np.pad(drawn.pixels_THWC[t], ((0, 0), (0, 2), (0, 0))) for t in shown])
    _, png = cv2.imencode(".png", cv2.cvtColor(strip, cv2.COLOR_RGB2BGR))
    picture = base64.b64encode(png.tobytes()).decode()
    facts = drawn.truth.facts
    texts = [render(facts, length=length, seed=seed) for length in ("short", "medium", "long")]
    wrong = differences(facts, world.read(frames_of(drawn)))
    misread = "; ".join(f"{item.path}: {item.one} read as {item.other}" for item in wrong)
    paragraphs = "".join(f"<p>{html.escape(text)}</p>" for text in texts)
    note = f"<p class=wrong>{html.escape(misread)}</p>" if misread else ""
    return (
        f"<tr><td>{seed}</td><td><img src='data:image/png;base64,{picture}'></td>"
        f"<td>{paragraphs}{note}</td></tr>"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=SPLITS, default="seen")
    parser.add_argument("--kind", choices=SCENE_KINDS)
    parser.add_argument("--every-kind", action="store_true", help="one kind after another")
    parser.add_argument("--width", type=int, default=96)
    parser.add_argument("--height", type=int, default=64)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--fps", type=float, default=8)
    return parser


_PAGE = """<!doctype html><meta charset=utf-8><title>Scenes of the world</title>
<style>
body {{ font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222 }}
td {{ vertical-align: top; padding: 6px 12px; border-top: 1px solid #ddd }}
img {{ image-rendering: pixelated; height: 96px }}
p {{ margin: 0 0 6px; max-width: 60em }}
.wrong {{ color: #b00020 }}
</style>
<table>{rows}</table>
"""

if __name__ == "__main__":
    main()
