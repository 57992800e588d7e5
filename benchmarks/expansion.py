"""Measure the expansion of prompts: what is kept, what is added, how far from the captions.

python benchmarks/expansion.py --json benchmarks/results/expansion.json

Prompts and the facts that they ask for are in `tests/captioner/prompts_short.json` (written by
hand, in four rounds; the grammar was extended after each, so `as_first_read` is the honest
figure for wordings that nobody has seen) and `prompts_long.json` (135 words and more, put
together from sentences written by hand). The style is that of long captions of drawn clips.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from captioner.expand import count_words, expand_prompt
from captioner.expanding.distance import style_distance
from captioner.expanding.facts_kept import facts_kept
from captioner.expanding.reading import read_prompt
from captioner.expanding.settings import ExpandSettings
from captioner.expanding.style import Style
from pipeline.world.rushes_world import RushesWorld
from schemas.expansion import Expansion
from schemas.facts import Facts, from_json
from schemas.wording.read import read
from schemas.wording.render import render

PROMPTS = Path(__file__).resolve().parents[1] / "tests" / "captioner"
AS_FIRST_READ = {"round 1": 0.810, "round 2": 0.801, "round 3": 0.811, "round 4": 0.664}
"""Share of the facts that were read from the prompts of a round before the grammar had been
extended with any of that round: written down once, it cannot be measured again."""
READ_BY_ENCODER = 96
"""Words and signs that the generator's own text encoder reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of the facts of a set of prompts.

    `recall_read_back`: facts that the grammar reads from what is used. `recall`: those, and
    facts of prompts that are used word for word. `num_added`: prompts to which an expansion
    has added an object or event. `num_warned`: prompts with a warning.
    """

    num_prompts: int
    num_facts: int
    recall: float
    recall_read_back: float
    num_added: int
    num_warned: int
    expanders: dict[str, int]
    ms_per_prompt: float


def main() -> None:
    """Print the measurements, and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--captions", type=int, default=500)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    pairs = drawn_captions(2 * arguments.captions)
    ours, others = pairs[: arguments.captions], pairs[arguments.captions :]
    style = Style.from_captions([long for _, long in ours], pairs=ours)
    short, long = load("prompts_short.json"), load("prompts_long.json")
    chinese = [each for each in short if each[0]["language"] == "zh"]
    english = [each for each in short if each[0]["language"] == "en"]
    found: dict[str, Any] = {"num_captions": arguments.captions, "as_first_read": AS_FIRST_READ}
    used: list[str] = []
    for name, rows, limit, how in (
        ("short, English", english, None, "auto"),
        ("short, Chinese", chinese, None, "auto"),
        ("short, 96 words read", short, READ_BY_ENCODER, "auto"),
        ("long, no limit", long, None, "auto"),
        ("long, 96 words read", long, READ_BY_ENCODER, "auto"),
        ("long, cut off after 96 words", long, READ_BY_ENCODER, "cut"),
    ):
        kept, texts = measure(rows, style, limit, how)
        found[name] = asdict(kept)
        used += texts if name.startswith("short,") and limit is None else []
        print(f"{name}: {kept}")
    prompts = [row["prompt"] for row, _ in short if row["language"] == "en"]
    held_out = [caption for _, caption in others]
    for name, texts in (
        ("prompts", prompts),
        ("used", used[: len(prompts)]),
        ("captions of other clips", [caption for _, caption in ours][: len(prompts)]),
    ):
        found[f"distance of {name}"] = asdict(style_distance(texts, held_out))
        print(f"distance of {name}: {found[f'distance of {name}']}")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


def drawn_captions(count: int) -> list[tuple[str, str]]:
    """Return (short, long) captions of `count` drawn clips."""
    world = RushesWorld()
    found = []
    for seed in range(count):
        facts = world.scene(
            seed=seed, split="train", width_px=64, height_px=64, num_frames=16, fps=8
        ).truth.facts
        found.append(
            (render(facts, length="short", seed=seed), render(facts, length="long", seed=seed))
        )
    return found


def load(name: str) -> list[tuple[dict[str, Any], Facts]]:
    """Return the prompts of a file with the facts that they ask for."""
    rows = json.loads((PROMPTS / name).read_text(encoding="utf-8"))
    return [(row, from_json(json.dumps(row["facts"]))) for row in rows]


def measure(
    rows: Sequence[tuple[dict[str, Any], Facts]], style: Style, limit: int | None, how: str
) -> tuple[Kept, list[str]]:
    """Return what is kept of the prompts, and the texts that are used.

    `how` is `auto`, or `cut`: nothing is done, and the encoder reads the first words.
    """
    num_facts = lost = lost_in_words = num_added = num_warned = 0
    expanders: Counter[str] = Counter()
    used = []
    start = time.perf_counter()
    expansions = [
        cut_off(row["prompt"], limit or 0)
        if how == "cut"
        else expand_prompt(
            row["prompt"], style=style, settings=ExpandSettings(), seed=i, max_tokens=limit
        )
        for i, (row, _) in enumerate(rows)
    ]
    seconds = time.perf_counter() - start
    for (row, facts), expansion in zip(rows, expansions, strict=True):
        kept = facts_kept(facts, read(expansion.used))
        word_for_word = read_prompt(row["prompt"]).statement in expansion.used
        num_facts += kept.num_wanted
        lost += len(kept.missing)
        lost_in_words += 0 if word_for_word else len(kept.missing)
        num_added += bool(kept.added) and not word_for_word
        num_warned += bool(expansion.warnings)
        expanders[expansion.expander] += 1
        used.append(expansion.used)
    measured = Kept(
        num_prompts=len(rows),
        num_facts=num_facts,
        recall=round(1 - lost_in_words / num_facts, 4),
        recall_read_back=round(1 - lost / num_facts, 4),
        num_added=num_added,
        num_warned=num_warned,
        expanders=dict(sorted(expanders.items())),
        ms_per_prompt=round(1000 * seconds / len(rows), 1),
    )
    return measured, used


def cut_off(prompt: str, limit: int) -> Expansion:
    """Return the words that an encoder would read of a prompt that is passed as it is."""
    words = prompt.split()
    while words and count_words(" ".join(words)) > limit:
        words.pop()
    return Expansion(original=prompt, expanded=prompt, used=" ".join(words), expander="off")


if __name__ == "__main__":
    main()
