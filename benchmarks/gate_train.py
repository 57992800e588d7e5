"""Train the gate's classifier of sentences on the texts beside this file, and write its weights.

python benchmarks/gate_train.py

Logistic regression over the features of `captioner/gating/registers.py`. The same texts give the
same weights. One core, a minute.
"""

# ruff: noqa: RUF001

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Iterator
from itertools import chain, product
from pathlib import Path
from random import Random

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.gate_good import draw_good, draw_world
from benchmarks.gate_planted import load_phrases
from captioner.gating.loops import split_sentences, unquoted
from captioner.gating.registers import NUM_BUCKETS, REGISTERS, bucket, lexicon
from captioner.prose import finish

Example = tuple[str, str, float]
"""A sentence, its register, its weight."""

_FOLDER = Path(__file__).parent
_WEIGHTS = Path(__file__).resolve().parents[1] / "captioner/gating/registers.npz"
_CHOICE = re.compile(r"\{([^{}]*)\}")
_SLOT = re.compile(r"@([a-z_]+)")
_MAX_OF_LINE = 24
_MAX_SEEN_OF_LINE = 120
_NUM_DRAWN = 500
_OPENINGS = {
    "en": (
        "The video shows {}", "In this clip, {}", "The footage shows {}", "We see {}",
        "In the video, {}", "The scene shows {}", "The camera shows {}", "We can see {}",
        "The video begins with {}", "In the background, {}", "At the end, {}", "Then {}",
    ),
    "zh": (
        "视频中，{}", "画面中，{}", "视频展示了{}", "我们看到{}", "最后，{}", "接着，{}",
        "画面里{}",
    ),
}  # fmt: skip
_FEELINGS = (
    "joy", "love", "life", "peace", "hope", "friendship", "freedom", "nature", "childhood",
    "solitude", "human kindness", "the human spirit", "everyday life", "the passage of time",
    "quiet contentment", "calm", "wonder", "longing", "nostalgia", "community", "belonging",
    "patience", "perseverance", "simple pleasures", "a bygone era", "the power of nature",
    "togetherness", "innocence", "resilience", "craftsmanship", "mystery", "tranquillity",
    "what it means to be alive", "the beauty of small things", "city life", "harmony", "intimacy",
    "tension", "melancholy", "pure happiness", "family", "tradition", "dedication", "adventure",
)  # fmt: skip
_L2 = 3e-6
_NUM_STEPS = 200


def read_examples(path: Path, rng: Random) -> Iterator[Example]:
    """Yield the sentences of a file of patterns; a line of plain ones weighs more."""
    register = ""
    slots = {"feel": list(_FEELINGS)}
    is_chinese = path.stem.endswith("zh")
    for word, kind in lexicon().items():
        if kind.startswith("zh_") == is_chinese:
            slots.setdefault(kind.removeprefix("zh_"), []).append(word)
            if kind.startswith("v_"):
                slots.setdefault(f"s_{kind}", []).append(third_person(word))
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# ") and line[2:] in REGISTERS:
            register = line[2:]
        elif line and not line.startswith("#"):
            if re.fullmatch(r"\{[^{}]*[.。?？!！]\|[^{}]*\}", line):
                yield from ((one, register, 3.0) for one in line[1:-1].split("|"))
                continue
            most = _MAX_SEEN_OF_LINE if register == "seen" else _MAX_OF_LINE
            said = {fill(line, rng, slots) for _ in range(most)}
            yield from ((one, register, 3.0 if len(said) == 1 else 1.0) for one in sorted(said))


def fill(line: str, rng: Random, slots: dict[str, list[str]]) -> str:
    """Return a line with one of every choice, and a word of the kind in every slot."""
    while _CHOICE.search(line):
        line = _CHOICE.sub(lambda match: rng.choice(match[1].split("|")), line)
    line = _SLOT.sub(lambda match: rng.choice(slots[match[1]]), line)
    return line[:1].upper() + line[1:]


def third_person(verb: str) -> str:
    """Return a verb as it stands behind `she`."""
    if re.search(r"(?:s|x|z|ch|sh|o)$", verb):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if re.search(r"[^aeiou]y$", verb) else f"{verb}s"


def good_examples() -> Iterator[Example]:
    """Yield sentences and fields of good captions, as written and as composed from the fields."""
    said: set[str] = set()
    for language, i in product(("en", "zh"), range(_NUM_DRAWN)):
        real = draw_good(Random(f"train {i} {language}"), language)
        bare = real.model_copy(update={"short": "", "medium": "", "long": ""})
        composed = finish(bare, kinds=("long",), language=language, key=f"{i}")["long"]
        texts = [real.long, composed, draw_world(10_000 + i, language).long]
        said |= {sentence for text in texts for sentence in split_sentences(text)}
        said |= {real.setting, real.camera, real.light, real.style, *real.actions}
    yield from ((one, "seen", 2.0) for one in sorted(said) if one)


def foreign_examples() -> Iterator[Example]:
    """Yield pieces of captions in other languages: too short to be told, they pass for English."""
    for name in ("tuned", "tuned_second", "tuned_third"):
        for said in chain.from_iterable(load_phrases(name)["tongues"].values()):
            words = said.rstrip(".").split(" ")
            pieces = {" ".join(words[i : i + 3]) for i in range(0, len(words), 2)}
            yield from ((piece, "seen", 0.5) for piece in sorted(pieces))


def opened(example: Example, rng: Random) -> Example:
    """Return a sentence on what is seen behind an opening."""
    said, register, weight = example
    language = "zh" if re.search(r"[\u3400-\u9fff]", said) else "en"
    opening = rng.choice(_OPENINGS[language])
    return opening.format(said[:1].lower() + said[1:]), register, weight


def train(examples: list[Example]) -> np.ndarray:
    """Return the weights, (buckets, registers), by accelerated full-batch descent."""
    rows = [bucket(unquoted(said)) for said, _, _ in examples]
    sizes = np.array([len(row) for row in rows])
    columns = np.concatenate(rows)
    owner = np.repeat(np.arange(len(rows)), sizes)
    value = np.repeat(1 / np.sqrt(np.maximum(1, sizes)), sizes).astype(np.float32)
    truth = np.array([REGISTERS.index(register) for _, register, _ in examples])
    weight = np.array([w for *_, w in examples])
    totals = np.bincount(truth, weights=weight, minlength=len(REGISTERS))
    share = weight / (totals / totals.sum())[truth] ** 0.5
    share /= share.sum()
    weights = np.zeros((NUM_BUCKETS, len(REGISTERS)), dtype=np.float64)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    target = np.eye(len(REGISTERS))[truth]
    for step in range(1, _NUM_STEPS + 1):
        scores = np.stack(
            [
                np.bincount(owner, weights=weights[columns, k] * value, minlength=len(rows))
                for k in range(len(REGISTERS))
            ],
            axis=1,
        )
        belief = np.exp(scores - scores.max(axis=1, keepdims=True))
        belief /= belief.sum(axis=1, keepdims=True)
        error = (belief - target) * share[:, None]
        gradient = np.stack(
            [
                np.bincount(columns, weights=error[owner, k] * value, minlength=NUM_BUCKETS)
                for k in range(len(REGISTERS))
            ],
            axis=1,
        )
        gradient += _L2 * weights
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        rate = 0.15 * 0.5 * (1 + math.cos(math.pi * step / _NUM_STEPS))
        scaled = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-6)
        weights -= rate * scaled
        if step % 50 == 0:
            loss = -(np.log(belief[np.arange(len(rows)), truth] + 1e-9) * share).sum()
            print(f"step {step}: loss {loss:.4f}")
    return weights


def main() -> None:
    """Train, print the loss, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=_WEIGHTS)
    arguments = parser.parse_args()
    rng = Random("gate")
    examples = [
        example
        for language in ("en", "zh")
        for example in read_examples(_FOLDER / f"gate_texts_{language}.txt", rng)
    ]
    examples += [*good_examples(), *foreign_examples()]
    seen = [example for example in examples if example[1] == "seen"]
    examples += [opened(example, rng) for example in rng.sample(seen, len(seen) // 6)]
    print({name: sum(one[1] == name for one in examples) for name in REGISTERS})
    weights = train(examples)
    scale = np.abs(weights).max() / 127
    np.savez_compressed(
        arguments.out, weights=np.round(weights / scale).astype(np.int8), scale=scale
    )
    print(f"wrote {arguments.out}: {arguments.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
