"""Verbs that train models and sample from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli_app import (
    DEFAULT_CATALOG,
    CatalogOption,
    JsonOption,
    RecipeOption,
    SetOption,
    app,
    say,
)
from schemas.errors import UserError

if TYPE_CHECKING:
    from orchestration.recipe import Recipe


@app.command(epilog="Example: rushes train generator --dataset first --set train.max_minutes=10")
def train(
    what: Annotated[str, typer.Argument(help="generator or captioner (codec, detector: not yet).")],
    dataset: Annotated[str | None, typer.Option(help="Name of a frozen dataset.")] = None,
    catalog: CatalogOption = DEFAULT_CATALOG,
    recipe: RecipeOption = None,
    overrides: SetOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where it was stopped.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Captioner only: folder for what is learned.")
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(help="Captioner only: weights to start from; `shipped` for ours."),
    ] = None,
    negatives: Annotated[
        list[Path] | None,
        typer.Option(help="Captioner only: other footage, to learn what to refuse; repeatable."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train a model; stop at any time and go on with --resume.

    `generator`: on a frozen dataset. `captioner` without a dataset: our own, on footage drawn
    afresh; with one: the model of [finetune], on the dataset's clips and captions.
    """
    from orchestration.recipe import load_recipe

    loaded = load_recipe(recipe, overrides or [])
    if what == "captioner":
        _train_captioner(loaded, dataset, catalog, resume, out, init, negatives or [], as_json)
    elif what == "generator":
        if dataset is None:
            raise typer.BadParameter("the generator trains on one", param_hint="--dataset")
        _train_generator(loaded, dataset, catalog, resume, as_json)
    else:
        raise UserError(
            f"nothing here trains a {what} yet", "rushes train generator --dataset NAME"
        )


def _train_generator(
    loaded: Recipe, dataset: str, catalog: Path, resume: bool, as_json: bool
) -> None:
    from dataclasses import asdict

    from orchestration.generate import open_dataset, train_generator
    from orchestration.recipe import TrainSection
    from orchestration.run import open_run
    from orchestration.show import emit_json
    from schemas.catalog import Catalog

    section = loaded.train or TrainSection()
    opened = Catalog.open(catalog)
    data = open_dataset(opened, dataset)
    with open_run(opened, "train", loaded) as current:
        record = train_generator(current, data, section.settings(), resume=resume)
    if as_json:
        emit_json(asdict(record))
    else:
        say(f"checkpoint {record.checkpoint_id} in {opened.root / record.path}")


def _train_captioner(
    loaded: Recipe,
    dataset: str | None,
    catalog: Path,
    resume: bool,
    out: Path | None,
    init: str | None,
    negatives: list[Path],
    as_json: bool,
) -> None:
    from orchestration.show import emit_json
    from orchestration.train_captioner import finetune_captioner, train_tiny_captioner

    if dataset is None:
        from orchestration.recipe import CaptionerSection

        trained = train_tiny_captioner(
            (loaded.captioner or CaptionerSection()).settings(),
            out or Path("captioner-tiny"),
            resume=resume,
            init=init,
            negatives=negatives,
        )
        told = {"weights": str(trained.weights_path), "step": trained.step, "f1": trained.f1}
        hint = f"use them: rushes caption --backend tiny --model {trained.weights_path}"
    else:
        from orchestration.recipe import FinetuneSection

        told = finetune_captioner(
            (loaded.finetune or FinetuneSection()).settings(),
            catalog,
            dataset,
            out or Path("captioner-tuned"),
            resume=resume,
        )
        hint = f"use it: rushes caption --backend transformers {told['use']}"
    if as_json:
        emit_json(told)
    else:
        say(hint)


@app.command(epilog='Example: rushes sample "A red circle moves right." -o out.mp4 --seconds 2')
def sample(
    prompt: Annotated[str, typer.Argument(help="What to show.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The mp4 to write.")] = Path("out.mp4"),
    catalog: CatalogOption = DEFAULT_CATALOG,
    checkpoint: Annotated[str | None, typer.Option(help="Id or folder; else the newest.")] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="Pixels.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Length.")] = None,
    fps: Annotated[float | None, typer.Option(help="Frames per second.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the noise.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Of the sampler.")] = None,
    guidance_scale: Annotated[float | None, typer.Option(help="1 is none.")] = None,
    count: Annotated[int, typer.Option("-n", min=1, help="Videos, from following seeds.")] = 1,
    expand: Annotated[
        str,
        typer.Option(help="How the prompt is expanded: auto, renderer, openai, transformers, off."),
    ] = "auto",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Generate video from text at the size and length asked for.

    The prompt is first expanded in the style of the captions that the generator was trained
    on; `--expand off` takes it as it is. `--set expand.KEY=VALUE` says more.
    """
    from dataclasses import asdict

    from orchestration.generate import sample_videos
    from orchestration.recipe import ExpandSection, Recipe, SampleSection, load_recipe
    from orchestration.run import open_run
    from orchestration.show import emit_json
    from schemas.catalog import Catalog

    width, height = _parse_size(size)
    given: dict[str, Any] = {
        "width_px": width,
        "height_px": height,
        "seconds": seconds,
        "fps": fps,
        "seed": seed,
        "num_steps": steps,
        "guidance_scale": guidance_scale,
    }
    section = SampleSection.model_validate({k: v for k, v in given.items() if v is not None})
    settings = section.settings("the command line")
    opened = Catalog.open(catalog)
    paths = [out if count == 1 else out.with_stem(f"{out.stem}-{i + 1}") for i in range(count)]
    asked = load_recipe(None, [f"expand.how={expand}", *(overrides or [])])
    recipe = Recipe(sample=section, expand=asked.expand)
    with open_run(opened, "sample", recipe) as current:
        done = sample_videos(
            current,
            checkpoint,
            [prompt] * count,
            settings,
            seeds=[settings.seed + i for i in range(count)],
            out=paths,
            expand=(asked.expand or ExpandSection()).settings(),
        )
    if as_json:
        emit_json([asdict(generated.record) for generated in done])
    else:
        for generated in done:
            say(f"{generated.path}  ({generated.record.sample_id})")


def _parse_size(text: str | None) -> tuple[int | None, int | None]:
    if text is None:
        return None, None
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal()):
        raise UserError(f"--size {text}: not understood", "write WIDTHxHEIGHT, as in 128x72")
    return int(width), int(height)
