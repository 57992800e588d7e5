"""Every stage that a recipe names, in order: the body of `rushes run` and `rushes demo`.

Running it again resumes: each stage finds what it has done in the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from orchestration.caption import caption
from orchestration.curate import curate
from orchestration.datasets import open_dataset
from orchestration.embed import embed_survivors
from orchestration.footage import draw_footage
from orchestration.generate import train_generator
from orchestration.ledger import Ledger, read_ledger
from orchestration.progress import say
from orchestration.recipe import ExpandSection, Recipe, WorldSettings
from orchestration.run import Run
from orchestration.sampling import Asked, Generated, sample_videos
from schemas.datasets import Dataset
from schemas.errors import UserError
from schemas.freeze import freeze
from schemas.records import Checkpoint, DatasetRecord


@dataclass(slots=True)
class Outcome:
    """What a run made, stage by stage; None where the recipe names no such stage."""

    ledger: Ledger
    dataset: DatasetRecord | None = None
    checkpoint: Checkpoint | None = None
    samples: list[Generated] = field(default_factory=list)
    truth_folder: Path | None = None


def check_recipe(recipe: Recipe) -> None:
    """Raise UserError for what would stop the run later, after hours of work."""
    if not recipe.input.paths and recipe.world is None:
        raise UserError(
            "the recipe names no footage", 'add [input] paths = ["FOLDER"], or a [world] section'
        )
    if recipe.train is not None and recipe.freeze is None:
        raise UserError("the recipe trains on no dataset", 'add [freeze] name = "NAME"')


def run_recipe(run: Run, base: Path) -> Outcome:
    """Run the stages of the run's recipe; relative paths of the recipe start at `base`."""
    recipe = run.recipe
    check_recipe(recipe)
    paths = [base / path for path in recipe.input.paths]
    truth_folder: Path | None = None
    if recipe.world is not None:
        footage = draw_world(recipe.world, base, recipe.run.num_workers)
        truth_folder = footage
        paths.append(footage)
    curate(run, paths)
    outcome = Outcome(ledger=read_ledger(run.catalog), truth_folder=truth_folder)
    if recipe.caption is not None:
        caption(run, recipe.caption)
    if recipe.embed is not None:
        embed_survivors(run, recipe.embed)
    if recipe.freeze is not None:
        outcome.dataset = freeze(run.catalog, recipe.freeze.name, recipe.freeze.where, run.run_id)
        say(
            f"  freeze   {outcome.dataset.num_clips:>6} clips   dataset `{outcome.dataset.name}`, "
            f"{outcome.dataset.duration_s:.0f} s of video"
        )
    run.release_workers()
    if recipe.train is not None:
        dataset = _dataset(run, outcome)
        outcome.checkpoint = train_generator(run, dataset, recipe.train.settings(), resume=True)
    if recipe.sample is not None:
        outcome.samples = _sample(run, recipe, outcome)
    return outcome


def draw_world(settings: WorldSettings, base: Path, num_workers: int | None = None) -> Path:
    """Draw the world's footage, unless it is there already; return its folder."""
    from pipeline.world.footage import is_drawn

    folder = base / settings.folder
    if is_drawn(folder):
        return folder
    drawn = draw_footage(
        folder,
        num_videos=settings.num_videos,
        seed=settings.seed,
        form=settings.form,
        num_workers=num_workers,
    )
    say(f"  world    {len(drawn):>6} videos  in {folder}")
    return folder


def _dataset(run: Run, outcome: Outcome) -> Dataset:
    if outcome.dataset is None:
        raise UserError("the recipe trains on no dataset", 'add [freeze] name = "NAME"')
    return open_dataset(run.catalog, outcome.dataset.name)


def _sample(run: Run, recipe: Recipe, outcome: Outcome) -> list[Generated]:
    """Sample the recipe's prompts, or captions of the dataset, unless that was done already."""
    section = recipe.sample
    assert section is not None
    prompts = list(section.prompts)
    if not prompts:
        captions = [
            clip.captions["short"]
            for clip in _dataset(run, outcome).clips
            if "short" in clip.captions
        ]
        # Long short captions name most: a colour, a background, a direction.
        prompts = sorted(set(captions), key=lambda text: (-len(text), text))[: section.num_prompts]
    # Captions of the dataset are in its style already; a person's prompts may not be.
    expand = (recipe.expand or ExpandSection()).settings() if section.prompts else None
    settings = section.settings()
    checkpoint = outcome.checkpoint.checkpoint_id if outcome.checkpoint else None
    wanted = [(prompt, settings.seed + index) for index, prompt in enumerate(prompts)]
    known = run.catalog.rows(
        """
        select prompt, seed from samples
        where (? is null or checkpoint_id = ?) and num_steps = ? and guidance_scale = ?
          and width_px = ? and height_px = ? and num_frames = ? and fps = ?
        """,
        [
            checkpoint,
            checkpoint,
            settings.num_steps,
            settings.guidance_scale,
            settings.width_px,
            settings.height_px,
            settings.num_frames,
            settings.fps,
        ],
    )
    done = {(row["prompt"], row["seed"]) for row in known}
    todo = [item for item in wanted if item not in done]
    if not todo:
        say(f"  sample   already done: {len(wanted)} videos")
        return []
    generated = sample_videos(
        run,
        checkpoint,
        [Asked(prompt=prompt) for prompt, _ in todo],
        settings,
        seeds=[seed for _, seed in todo],
        expand=expand,
    )
    say(f"  sample   {len(generated):>6} videos  {run.seconds['sample']:7.1f} s")
    return generated
