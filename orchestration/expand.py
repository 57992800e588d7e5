"""Prompts -> what the generator reads: in the style of the captions that it was trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.progress import say
from schemas.catalog import DATASETS_FOLDER, Catalog
from schemas.datasets import load_dataset
from schemas.errors import UserError
from schemas.expansion import Expansion

if TYPE_CHECKING:
    from captioner.expanding.settings import ExpandSettings
    from captioner.expanding.style import Style
    from captioner.story import ShotList

STYLE_CAPTIONS = 500
"""Captions that a style is learned from; more make it slower and hardly better."""


def make_expander(
    catalog: Catalog | None,
    settings: ExpandSettings,
    *,
    checkpoint_id: str | None = None,
    dataset: str | None = None,
) -> Callable[[str, int], Expansion]:
    """Return a function from prompt and seed to its expansion.

    The style is that of the dataset named, else of the dataset that the checkpoint was trained
    on, else of the newest one in the catalogue; without any, the house's own wording.
    """
    from captioner.expand import PromptExpander
    from generator.text import MAX_WORDS, num_words

    expander = PromptExpander(
        style=None if catalog is None else find_style(catalog, checkpoint_id, dataset),
        settings=settings,
        max_tokens=MAX_WORDS,
        count_tokens=num_words,
    )

    def expand(prompt: str, seed: int) -> Expansion:
        expander.seed = seed
        return expander.expand(prompt)

    return expand


def find_style(catalog: Catalog, checkpoint_id: str | None, dataset: str | None) -> Style | None:
    """Return the style of a dataset's captions; None where no dataset has captions.

    Raises UserError for a dataset that is named and not there.
    """
    from captioner.expanding.style import Style

    folder = _dataset_folder(catalog, checkpoint_id, dataset)
    if folder is None:
        return None
    clips = load_dataset(folder).clips
    step = max(1, len(clips) // STYLE_CAPTIONS)
    texts = [clip.captions for clip in clips[::step]]
    captions = [found["long"] for found in texts if found.get("long")]
    pairs = [
        (found["short"], found["long"])
        for found in texts
        if found.get("short") and found.get("long")
    ]
    return Style.from_captions(captions, pairs=pairs) if captions else None


def _dataset_folder(
    catalog: Catalog, checkpoint_id: str | None, dataset: str | None
) -> Path | None:
    if dataset is not None:
        folder = catalog.root / DATASETS_FOLDER / dataset
        if not folder.is_dir():
            raise UserError(
                f"no dataset `{dataset}` in {catalog.root}", "see rushes sql 'from datasets'"
            )
        return folder
    rows = catalog.rows(
        """
        select d.path from datasets d
        left join checkpoints c using (dataset_id)
        order by c.checkpoint_id is not distinct from ? desc, d.created_at desc
        limit 1
        """,
        [checkpoint_id],
    )
    return catalog.root / rows[0]["path"] if rows else None


def say_expansion(expansion: Expansion) -> None:
    """Tell on stderr what the generator reads, where that is not the prompt, and any warning."""
    if expansion.used != expansion.original:
        say(f"  prompt   {expansion.used}")
    for warning in expansion.warnings:
        say(f"  note     {warning}")


def expand_prompts(
    prompt: str,
    catalog: Catalog | None,
    settings: ExpandSettings,
    *,
    dataset: str | None,
    seeds: Iterable[int],
) -> list[Expansion]:
    """Return one expansion of a prompt per seed."""
    expand = make_expander(catalog, settings, dataset=dataset)
    return [expand(prompt, seed) for seed in seeds]


def expand_story(
    path: Path,
    settings: ExpandSettings,
    *,
    seed: int,
    max_shots: int,
    out: Path | None,
) -> ShotList:
    """Return the shots of a text file; write them to `out`, a .toml or .json file.

    Raises UserError for a file that cannot be read, and for one that is there already.
    """
    from captioner.expand import load_chat
    from captioner.story import StorySettings, story_to_shots, to_json, to_toml

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {error}", "name a text file (UTF-8)") from error
    if out is not None and out.suffix not in (".toml", ".json"):
        raise UserError(f"-o {out}: not understood", "end its name in .toml or .json")
    chat = load_chat(settings)
    shots = story_to_shots(text, settings=StorySettings(max_shots=max_shots), chat=chat, seed=seed)
    if out is not None:
        try:
            out.write_text(to_toml(shots) if out.suffix == ".toml" else to_json(shots) + "\n")
        except OSError as error:
            raise UserError(f"cannot write {out}: {error.strerror}", "name another -o") from error
    return shots
