"""Measure search over clips of the world: does what is asked for stand among the first ten?

python benchmarks/search.py --clips 1000 --json benchmarks/results/search.json

Draws clips (split `seen`, seeds from 3,000,000), puts them into a catalogue with captions,
with embeddings and with both, and asks for every value of every attribute in several wordings,
and for all facts of clips. A one-fact query is a hit if any of the ten best holds the fact;
precision is the share of the ten that do. A query of all facts is a hit if its own clip is
among the ten. `--timing` times queries over so many captioned clips instead. One core.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from search_catalogue import write_catalogue

from captioner.embedding import Embedder, EmbedSettings, load_embedder
from captioner.world_words import tell
from orchestration.search import search, search_in
from orchestration.search_corpus import Corpus
from pipeline.world.rushes_world import RushesWorld
from schemas.catalog import Catalog
from schemas.errors import UserError
from schemas.facts import (
    BACKGROUND_COLOURS,
    BACKGROUND_KINDS,
    CAMERA_MOVES,
    CHANGES,
    COLOURS,
    DIRECTIONS,
    PLACES,
    SHAPES,
    SIZES,
    SPEEDS,
    STYLES,
    Facts,
    ObjectFacts,
)
from schemas.frames import Frames
from schemas.wording.render import render

FIRST_SEED = 3_000_000
NUM_ALL_FACTS = 200
NUM_WORDINGS = 3
BY_HAND: dict[str, dict[str, tuple[str, ...]]] = {
    "colour": {c: (f"a {c} object", f"something {c}", c) for c in COLOURS},
    "shape": {s: (f"a {s}", f"there is a {s}", s) for s in SHAPES},
    "size": {s: (f"a {s} object", f"a {s} shape", f"something {s}") for s in SIZES},
    "place": {
        p: (f"an object at the {p.replace('_', ' ')}", f"something in the {p.replace('_', ' ')}")
        for p in PLACES
    },
    "action": {
        "rest": ("an object stays still", "something is at rest"),
        "move": ("an object moves", "something moves at constant speed"),
        "fall": ("an object falls", "something falls down"),
        "fly": ("an object is thrown", "something flies through the air"),
    },
    "direction": {
        d: (f"an object moves {d.replace('_', ' ')}", f"something moves {d.replace('_', ' and ')}")
        for d in DIRECTIONS
    },
    "speed": {
        "slow": ("an object moves slowly", "a slow object"),
        "medium": ("an object moves at medium speed", "something moves at a medium speed"),
        "fast": ("an object moves fast", "something moves quickly", "a fast object"),
    },
    "bounces": {"True": ("an object bounces", "something bounces", "bouncing")},
    "leaves_trail": {"True": ("an object leaves a trail", "something leaves a trail behind")},
    "change": {
        "grow": ("an object grows", "something gets bigger"),
        "shrink": ("an object shrinks", "something gets smaller"),
        "turn": ("an object rotates", "something spins"),
        "recolour": ("an object changes colour", "something changes its colour"),
    },
    "camera": {
        "still": ("the camera is still", "a still camera"),
        "pan_left": ("the camera pans left", "pans left", "a pan to the left"),
        "pan_right": ("the camera pans right", "pans right", "a pan to the right"),
        "tilt_up": ("the camera tilts up", "tilts up"),
        "tilt_down": ("the camera tilts down", "tilts down"),
        "zoom_in": ("the camera zooms in", "zoom in"),
        "zoom_out": ("the camera zooms out", "zoom out"),
    },
    "background_kind": {
        "plain": ("a plain background",),
        "gradient": ("a gradient background", "the background is a gradient"),
        "mottled": ("a mottled background",),
        "checker": ("a checkered background", "a checkerboard"),
        "bricks": ("a brick wall", "a wall of bricks"),
        "hills": ("hills in the background", "distant hills"),
        "floor": ("a tiled floor",),
        "maze": ("a maze",),
    },
    "background_colour": {
        c: (f"a {c.replace('_', ' ')} background", f"the background is {c.replace('_', ' ')}")
        for c in BACKGROUND_COLOURS
    },
    "style": {s: (f"the style is {s}", f"{s} style") for s in STYLES},
}
CHINESE: dict[str, dict[str, tuple[str, ...]]] = {
    "colour": dict(
        zip(
            COLOURS,
            [(f"{c}\u7269\u4f53",) for c in (
                "\u7ea2\u8272", "\u6a59\u8272", "\u9ec4\u8272", "\u7eff\u8272",
                "\u9752\u8272", "\u84dd\u8272", "\u7d2b\u8272", "\u7c89\u8272",
            )],
            strict=True,
        )
    ),
    "shape": {
        "circle": ("\u5706\u5f62", "\u4e00\u4e2a\u5706"),
        "square": ("\u6b63\u65b9\u5f62", "\u65b9\u5757"),
        "triangle": ("\u4e09\u89d2\u5f62",),
        "star": ("\u661f\u661f", "\u4e94\u89d2\u661f"),
    },
    "camera": {
        "pan_left": ("\u955c\u5934\u5411\u5de6\u79fb\u52a8", "\u955c\u5934\u5411\u5de6\u6447"),
        "pan_right": ("\u955c\u5934\u5411\u53f3\u79fb\u52a8",),
        "zoom_in": ("\u955c\u5934\u63a8\u8fd1",),
    },
    "direction": {
        "left": ("\u4e00\u4e2a\u7269\u4f53\u5411\u5de6\u79fb\u52a8",),
        "right": ("\u4e00\u4e2a\u7269\u4f53\u5411\u53f3\u79fb\u52a8",),
    },
    "bounces": {"True": ("\u4e00\u4e2a\u7269\u4f53\u4ece\u8fb9\u7f18\u5f39\u56de",)},
}  # fmt: skip
_VALUES = {
    "colour": COLOURS,
    "shape": SHAPES,
    "size": SIZES,
    "place": PLACES,
    "change": CHANGES,
    "direction": DIRECTIONS,
    "speed": SPEEDS,
    "camera": CAMERA_MOVES,
    "background_kind": BACKGROUND_KINDS,
    "background_colour": BACKGROUND_COLOURS,
    "style": STYLES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A text, and the one fact (attribute, value) or the clip that it asks for."""

    text: str
    source: str
    attribute: str = ""
    value: str = ""
    clip: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The clips of the corpus: pixels and truth, one place each."""

    frames: list[Frames]
    facts: list[Facts]


def main() -> None:
    """Draw, index, ask, report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--weights", help="a checkpoint of the tiny captioner")
    parser.add_argument("--timing", type=int, help="time queries over so many captioned clips")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.timing:
        result = timing(arguments.timing)
    else:
        result = quality(arguments.clips, arguments.weights)
    if arguments.json:
        known = json.loads(arguments.json.read_text()) if arguments.json.exists() else {}
        arguments.json.write_text(json.dumps({**known, **result}, indent=1) + "\n")


def quality(num_clips: int, weights: str | None) -> dict[str, Any]:
    """Return recall and precision at ten of every corpus, by attribute."""
    drawn = draw(num_clips)
    queries = list(all_queries(drawn.facts))
    embedder, vectors = embed(drawn, weights)
    result: dict[str, Any] = {"clips": num_clips, "first_seed": FIRST_SEED, "corpora": {}}
    corpora = [("captions", True, False), ("captions, long texts alone", True, False)]
    if embedder is not None:
        corpora += [("embeddings", False, True), ("both", True, True)]
        result["model"] = f"{embedder.name} {embedder.revision}"
    for name, has_captions, has_vectors in corpora:
        with tempfile.TemporaryDirectory() as folder:
            captions = captions_of(drawn.facts) if has_captions else None
            if captions and "alone" in name:
                captions = [{"long": one["long"]} for one in captions]
            model = result.get("model", "")
            catalogue, ids = write_catalogue(
                Path(folder) / "c",
                num_clips,
                captions=captions,
                vectors=(model, vectors) if has_vectors else None,
            )
            used = embedder if has_vectors else None
            result["corpora"][name] = ask(catalogue, ids, drawn.facts, queries, used)
        report(name, result["corpora"][name])
    return {"quality": result}


def draw(num_clips: int) -> Drawn:
    """Return clips of the split `seen`: 64 x 64 pixels, 16 frames at 8 a second."""
    world = RushesWorld()
    frames, facts = [], []
    for seed in range(FIRST_SEED, FIRST_SEED + num_clips):
        shown, told = world.draw(
            seed=seed, split="seen", width_px=64, height_px=64, num_frames=16, fps=8.0
        )
        frames.append(shown)
        facts.append(told)
    return Drawn(frames=frames, facts=facts)


def embed(drawn: Drawn, weights: str | None) -> tuple[Embedder | None, np.ndarray]:
    """Return the tiny model and a vector per clip; neither where its weights are missing."""
    try:
        embedder = load_embedder(EmbedSettings(weights=weights))
    except (UserError, ImportError) as error:
        print(f"no embeddings: {error}", file=sys.stderr)
        return None, np.zeros((0, 0), np.float32)
    started = time.monotonic()
    batches = [drawn.frames[i : i + 32] for i in range(0, len(drawn.frames), 32)]
    vectors = np.concatenate([embedder.embed_clips(batch) for batch in batches])
    took = time.monotonic() - started
    outside = int(np.isnan(vectors).any(axis=1).sum())
    print(f"embedded {len(vectors) / took:.1f} clips/s, {outside} outside the domain")
    return embedder, vectors


def captions_of(facts: Sequence[Facts]) -> list[dict[str, str]]:
    """Return the true captions of every clip, by kind."""
    found = []
    for number, told in enumerate(facts):
        caption = tell(told, key=f"bench {number}") if told.objects else None
        if caption is None:
            found.append({"long": render(told, length="long", seed=number)})
            continue
        structured = caption.model_dump_json(exclude_none=True)
        found.append({"short": caption.short, "long": caption.long, "structured": structured})
    return found


def all_queries(facts: Sequence[Facts]) -> Iterator[Query]:
    """Yield one-fact queries of facts that some clip holds, and queries of all facts."""
    for source, table in (("by hand", BY_HAND), ("Chinese", CHINESE)):
        for attribute, values in table.items():
            for value, texts in values.items():
                if any(holds(one, attribute, value) for one in facts):
                    for text in texts:
                        yield Query(text=text, source=source, attribute=attribute, value=value)
    for attribute, allowed in _VALUES.items():
        for value in allowed:
            stated = one_fact(attribute, value)
            if any(holds(one, attribute, value) for one in facts):
                length: Any = "long" if attribute == "style" else "medium"
                for seed in range(NUM_WORDINGS):
                    text = render(stated, length=length, seed=90 + seed)
                    yield Query(text=text, source="rendered", attribute=attribute, value=value)
                if attribute != "style":
                    text = render(stated, language="zh", seed=90)
                    yield Query(text=text, source="Chinese", attribute=attribute, value=value)
    chosen = random.Random(5).sample(range(len(facts)), min(NUM_ALL_FACTS, len(facts)))
    for number, clip in enumerate(chosen):
        text = render(facts[clip], length="long", seed=7000 + number)
        yield Query(text=text, source="all facts", clip=clip)
        text = render(facts[clip], length="medium", language="zh", seed=7000 + number)
        yield Query(text=text, source="all facts, Chinese", clip=clip)


def one_fact(attribute: str, value: str) -> Facts:
    """Return the facts that a sentence needs to state one value."""
    if attribute in ("camera", "style", "background_kind", "background_colour"):
        return Facts(**{attribute: value})
    item = ObjectFacts(**{attribute: value})
    if attribute in ("direction", "speed"):
        item = replace(item, action="move")
    if value == "recolour":
        item = replace(item, new_colour="blue")
    return Facts(objects=(item,))


def holds(facts: Facts, attribute: str, value: str) -> bool:
    """Return whether a clip holds a fact; a direction counts of what moves at constant speed."""
    if hasattr(facts, attribute):
        return bool(getattr(facts, attribute) == value)
    for item in facts.objects:
        if attribute in ("direction", "speed") and item.action != "move":
            continue
        if str(getattr(item, attribute)) == value:
            return True
    return False


def ask(
    catalogue: Catalog,
    ids: Sequence[str],
    facts: Sequence[Facts],
    queries: Sequence[Query],
    embedder: Embedder | None,
) -> dict[str, Any]:
    """Return hits and precision, by source of the query and by attribute."""
    place_of = {clip_id: place for place, clip_id in enumerate(ids)}
    rows: dict[tuple[str, str], list[tuple[float, float]]] = {}
    missed = []
    settings = EmbedSettings(model="off")
    corpus = Corpus.open(catalogue)
    for query in queries:
        hits = search_in(corpus, query.text, settings=settings, embedder=embedder).hits
        places = [place_of[hit.clip_id] for hit in hits]
        if query.clip >= 0:
            right = [place == query.clip for place in places]
            precision = float("nan")
        else:
            right = [holds(facts[place], query.attribute, query.value) for place in places]
            num_true = sum(holds(one, query.attribute, query.value) for one in facts)
            precision = sum(right) / min(10, num_true)
        rows.setdefault((query.source, query.attribute), []).append((float(any(right)), precision))
        if not any(right):
            missed.append(query.text)
    table = [
        {"queries": source, "attribute": attribute, **_means(found)}
        for (source, attribute), found in rows.items()
    ]
    sources = dict.fromkeys(source for source, _ in rows)
    totals = {
        source: _means([one for (s, _), found in rows.items() if s == source for one in found])
        for source in sources
    }
    return {"totals": totals, "by_attribute": table, "missed": missed[:40]}


def _means(found: Sequence[tuple[float, float]]) -> dict[str, Any]:
    precision = float(np.mean([p for _, p in found]))
    return {
        "num": len(found),
        "recall_at_10": round(float(np.mean([hit for hit, _ in found])), 4),
        "precision_at_10": None if np.isnan(precision) else round(precision, 4),
    }


def report(name: str, found: dict[str, Any]) -> None:
    """Print one corpus."""
    print(f"\n{name}")
    for source, row in found["totals"].items():
        print(
            f"  {source:<20} {row['num']:>4}  recall {row['recall_at_10']:.3f}  "
            f"precision {row['precision_at_10']}"
        )
    for row in found["by_attribute"]:
        if row["attribute"] and (row["precision_at_10"] or 0) < 0.99:
            print(
                f"    {row['queries']:<10} {row['attribute']:<18} {row['num']:>3}  "
                f"{row['recall_at_10']:.3f}  {row['precision_at_10']}"
            )
    print("  missed:", found["missed"][:12])


def timing(num_clips: int) -> dict[str, Any]:
    """Return seconds per query over a large catalogue of captions made of drawn facts."""
    drawn = draw(200)
    captions = captions_of(drawn.facts)
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((num_clips, 256)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    many = [captions[i % len(captions)] for i in range(num_clips)]
    words = ["a red circle moves left", "the camera pans left", '"moves to the left" star']
    with tempfile.TemporaryDirectory() as folder:
        catalogue, _ = write_catalogue(
            Path(folder) / "c", num_clips, captions=many, vectors=("noise 1", vectors)
        )
        seconds = {}
        for text in [words[0], *words]:
            started, spent = time.monotonic(), time.process_time()
            search(catalogue, text, settings=EmbedSettings(model="off"), embedder=_Noise())
            wall, cpu = time.monotonic() - started, time.process_time() - spent
            seconds[text] = {"wall": round(wall, 2), "cpu": round(cpu, 2)}
    print(seconds)
    return {"timing": {"clips": num_clips, "captions": 3 * num_clips, "seconds": seconds}}


class _Noise:
    """An embedder whose vectors mean nothing: only their number counts here."""

    name = "noise"
    revision = "1"
    dimensions = 256
    view: Any = None

    def embed_clips(self, clips: Sequence[Frames]) -> Any:
        raise NotImplementedError

    def embed_texts(self, texts: Sequence[str]) -> Any:
        return np.full((len(texts), 256), 1 / 16, np.float32)


if __name__ == "__main__":
    main()
