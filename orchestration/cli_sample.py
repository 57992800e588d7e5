"""Verbs that show what a generator makes, and what it is trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

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


@app.command(epilog='Example: rushes sample "A red circle moves right." -o out.mp4 --seconds 2')
def sample(
    prompt: Annotated[str, typer.Argument(help="What to show.")],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="The mp4 to write, or a .png of one frame.")
    ] = Path("out.mp4"),
    catalog: CatalogOption = DEFAULT_CATALOG,
    checkpoint: Annotated[
        str | None,
        typer.Option(help="Id, folder, file or `shipped`; else the newest, else the shipped one."),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            help="text, image, animate, extend, before, loop, connect, fill, edit or long; "
            "by default what the given files suggest."
        ),
    ] = None,
    image: Annotated[
        list[Path] | None, typer.Option(help="A known picture; for `fill` two or more.")
    ] = None,
    video: Annotated[
        list[Path] | None, typer.Option(help="A known video; for `connect` two.")
    ] = None,
    at: Annotated[
        list[float] | None, typer.Option(help="Second at which each picture of `fill` is seen.")
    ] = None,
    strength: Annotated[
        float, typer.Option(min=0, max=1, help="Of `edit`: how much is made anew.")
    ] = 0.7,
    inside: Annotated[
        str | None,
        typer.Option(
            metavar="T,B,L,R", help="Of `edit`: change this box only; shares of the picture."
        ),
    ] = None,
    paste: Annotated[
        bool,
        typer.Option("--paste", help="Put the given pixels themselves in their places."),
    ] = False,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="Pixels.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Length of what is made.")] = None,
    fps: Annotated[float | None, typer.Option(help="Frames per second.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the noise.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Of the sampler.")] = None,
    guidance_scale: Annotated[float | None, typer.Option(help="1 is none.")] = None,
    camera: Annotated[
        str | None, typer.Option(help="left, right, up, down, in, out or still.")
    ] = None,
    motion: Annotated[
        float | None, typer.Option(help="Strength of motion, as the score `motion` measures it.")
    ] = None,
    prototype: Annotated[
        int | None,
        typer.Option(min=64, metavar="PIXELS", help="Make it small first, then at full size."),
    ] = None,
    count: Annotated[int, typer.Option("-n", min=1, help="Videos, from following seeds.")] = 1,
    expand: Annotated[
        str,
        typer.Option(help="How the prompt is expanded: auto, renderer, openai, transformers, off."),
    ] = "auto",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Generate video from text, pictures and videos, at the size and length asked for.

    The prompt is first expanded in the style of the captions that the generator was trained
    on; `--expand off` takes it as it is. `--set sample.KEY=VALUE` and `--set expand.KEY=VALUE`
    say more.
    """
    from dataclasses import asdict

    from orchestration.recipe import ExpandSection, Recipe, SampleSection, load_recipe
    from orchestration.run import open_run
    from orchestration.sampling import Asked, catalog_for, said, sample_videos
    from orchestration.show import emit_json

    asked = Asked(
        prompt=prompt,
        task=task or _task(image or [], video or []),
        images=tuple(image or ()),
        videos=tuple(video or ()),
        at_s=tuple(at or ()),
        strength=strength,
        box=_parse_box(inside),
        paste=paste,
        size=_parse_size(size),
        prototype_px=prototype,
    )
    width, height = asked.size or (None, None)
    given: dict[str, Any] = {
        "width_px": width,
        "height_px": height,
        "seconds": seconds,
        "fps": fps,
        "seed": seed,
        "num_steps": steps,
        "guidance_scale": guidance_scale,
        "camera": camera,
        "motion": motion,
    }
    loaded = load_recipe(None, [f"expand.how={expand}", *(overrides or [])])
    told = loaded.sample.model_dump(exclude={"prompts", "num_prompts"}) if loaded.sample else {}
    told |= {key: value for key, value in given.items() if value is not None}
    section = SampleSection.model_validate(told)
    settings = section.settings("the command line")
    paths = [out if count == 1 else out.with_stem(f"{out.stem}-{i + 1}") for i in range(count)]
    recipe = Recipe(sample=section, expand=loaded.expand)
    with open_run(catalog_for(checkpoint, catalog), "sample", recipe) as current:
        done = sample_videos(
            current,
            checkpoint,
            [asked] * count,
            settings,
            seeds=[settings.seed + i for i in range(count)],
            out=paths,
            expand=(loaded.expand or ExpandSection()).settings(),
        )
    if as_json:
        emit_json([asdict(generated.record) for generated in done])
    else:
        said(done)


@app.command(epilog="Example: rushes evaluate --out evaluation")
def evaluate(
    checkpoint: Annotated[
        str | None,
        typer.Option(help="Id, folder, file or `shipped`; else the newest, else the shipped one."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the JSON, the sheets and the page.")] = Path(
        "evaluation"
    ),
    catalog: CatalogOption = DEFAULT_CATALOG,
    recipe: RecipeOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a generator: prompts, sizes and every task, on scenes whose truth is known.

    `--set evaluate.num_prompts=64 --set evaluate.num_cases=8` is a quick look.
    """
    from orchestration.evaluate import evaluate_checkpoint
    from orchestration.recipe import EvaluateSection, load_recipe
    from orchestration.sampling import catalog_for
    from orchestration.show import emit_json

    settings = (load_recipe(recipe, overrides or []).evaluate or EvaluateSection()).settings()
    found = evaluate_checkpoint(catalog_for(checkpoint, catalog), checkpoint, settings, out)
    if as_json:
        emit_json(found)
    else:
        say(f"{out / 'index.html'}")


def _task(images: list[Path], videos: list[Path]) -> str:
    """Return the task that the given files suggest."""
    if len(videos) == 2:
        return "connect"
    if videos:
        return "extend"
    if images:
        return "animate" if len(images) == 1 else "fill"
    return "text"


def _parse_size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal()):
        raise UserError(f"--size {text}: not understood", "write WIDTHxHEIGHT, as in 128x72")
    return int(width), int(height)


def _parse_box(text: str | None) -> tuple[float, float, float, float] | None:
    if text is None:
        return None
    try:
        top, bottom, left, right = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UserError(
            f"--inside {text}: not understood", "write top,bottom,left,right, as in 0.2,0.8,0.3,0.7"
        ) from error
    if not (0 <= top < bottom <= 1 and 0 <= left < right <= 1):
        raise UserError(
            f"--inside {text}: no box within the picture", "numbers from 0 to 1, growing"
        )
    return top, bottom, left, right


@app.command(epilog="Example: rushes preview --dataset first --out preview -n 16")
def preview(
    dataset: Annotated[str, typer.Option(help="Name of a frozen dataset.")],
    out: Annotated[Path, typer.Option(help="Folder for the videos and the page.")] = Path(
        "preview"
    ),
    catalog: CatalogOption = DEFAULT_CATALOG,
    recipe: RecipeOption = None,
    overrides: SetOption = None,
    count: Annotated[int, typer.Option("-n", min=1, help="Clips, as training draws them.")] = 16,
    start: Annotated[int, typer.Option(min=0, help="The first of them, by its number.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Show what the trainer will see: the very clips, windows, tasks and captions, as video."""
    from orchestration.datasets import open_dataset
    from orchestration.generate import LATENTS_FOLDER
    from orchestration.preview import preview as show
    from orchestration.recipe import TrainSection, load_recipe
    from orchestration.show import emit_json
    from orchestration.weights import clip_weights
    from pipeline.reader import ClipReader
    from schemas.catalog import Catalog

    settings = (load_recipe(recipe, overrides or []).train or TrainSection()).settings()
    opened = Catalog.open(catalog)
    data = open_dataset(opened, dataset)
    reader = ClipReader()
    try:
        shown = show(
            data,
            reader,
            settings,
            opened.root / LATENTS_FOLDER,
            out,
            count=count,
            start=start,
            weights=clip_weights(opened, data, settings.weights),
        )
    finally:
        reader.close()
    if as_json:
        emit_json([one.plain() for one in shown])
    else:
        say(f"{len(shown)} clips: {out / 'index.html'}")
