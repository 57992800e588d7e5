"""Verbs that write, correct and find captions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli_app import (
    DEFAULT_CATALOG,
    AddressOption,
    CatalogOption,
    JsonOption,
    RecipeOption,
    SetOption,
    app,
    say,
)
from schemas.errors import UserError

if TYPE_CHECKING:
    from orchestration.review_import import Imported


@app.command(epilog="Example: rushes caption --backend measured")
def caption(
    catalog: CatalogOption = DEFAULT_CATALOG,
    backend: Annotated[str | None, typer.Option(help="Who writes the captions.")] = None,
    model: Annotated[str | None, typer.Option(help="Model of the backend.")] = None,
    recipe: RecipeOption = None,
    overrides: SetOption = None,
    address: AddressOption = None,
    as_json: JsonOption = False,
) -> None:
    """Caption every kept clip that this captioner has not captioned yet."""
    from captioner.settings import CaptionSettings
    from orchestration.caption import caption as do_caption
    from orchestration.recipe import load_recipe
    from orchestration.run import open_run
    from schemas.catalog import Catalog

    asked = list(overrides or [])
    if backend is not None:
        asked.append(f"caption.backend={backend}")
    if model is not None:
        asked.append(_model_override(backend, recipe, model))
    loaded = load_recipe(recipe, asked)
    settings = loaded.caption or CaptionSettings()
    loaded = loaded.model_copy(update={"caption": settings})
    opened = Catalog.open(catalog)
    with open_run(opened, "caption", loaded, address) as current:
        done = do_caption(current, settings)
    if as_json:
        from orchestration.show import emit_json

        emit_json({"num_clips": done.num_clips, "statuses": done.statuses})
    elif done.num_clips == 0:
        say("every kept clip has its captions already")
    else:
        say("".join(f"  {status} {count:,}" for status, count in done.statuses.items()).strip())


def _model_override(backend: str | None, recipe: Path | None, model: str) -> str:
    """Return the override that gives a model to the backend that is asked for."""
    from captioner.settings import CaptionSettings
    from orchestration.recipe import load_recipe

    known = (load_recipe(recipe).caption if recipe else None) or CaptionSettings()
    name = backend or known.backend
    keys = {"tiny": "weights", "transformers": "model", "openai": "model", "vllm": "model"}
    if name not in keys:
        raise UserError(f"the captioner `{name}` has no model to choose", "leave --model out")
    # As a TOML string, so that no name is taken for a number.
    return f"caption.{name}.{keys[name]}={json.dumps(model)}"


@app.command(epilog="Example: rushes review captions.csv --limit 50")
def review(
    file: Annotated[
        Path,
        typer.Argument(help="A .csv for a spreadsheet, .jsonl, or .html: a page to fill in."),
    ],
    back: Annotated[
        bool, typer.Option("--import", help="Take the corrected file back in.")
    ] = False,
    catalog: CatalogOption = DEFAULT_CATALOG,
    where: Annotated[
        str, typer.Option(help="Out: a SQL condition on the view `clip_states`.")
    ] = "true",
    among: Annotated[str, typer.Option(help="Out: clips that are kept, dropped, or all.")] = "kept",
    kinds: Annotated[str, typer.Option(help="Out: kinds of caption.")] = "short,medium,long",
    limit: Annotated[int | None, typer.Option(min=1, help="Out: so many clips by lot.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Out: of the lot.")] = 0,
    reviewer: Annotated[str, typer.Option(help="In: who signs rows without a name.")] = "",
    skip_problems: Annotated[
        bool, typer.Option("--skip-problems", help="In: leave out rows that cannot be taken.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Captions and verdicts out to a file for a person to correct; --import takes it back in."""
    from orchestration.show import emit_json
    from schemas.catalog import Catalog

    opened = Catalog.open(catalog)
    if back:
        from orchestration.recipe import Recipe
        from orchestration.review_import import import_review
        from orchestration.run import open_run

        with open_run(opened, "review", Recipe()) as current:
            taken = import_review(current, file, reviewer=reviewer, skip_problems=skip_problems)
        if as_json:
            emit_json(taken.as_dict())
        else:
            _say_imported(taken)
        return
    from orchestration.review import export_review

    if among not in ("kept", "dropped", "all"):
        raise UserError(f"--among {among}: not understood", "choose kept, dropped or all")
    written = export_review(
        opened,
        file,
        where=where,
        among=among,  # type: ignore[arg-type]
        kinds=[kind.strip() for kind in kinds.split(",")],
        limit=limit,
        seed=seed,
    )
    if as_json:
        emit_json(written.as_dict())
    else:
        say(
            f"{written.path}: {written.num_clips:,} clips, {written.num_captions:,} captions, "
            f"{written.num_missing:,} missing"
        )


def _say_imported(taken: Imported) -> None:
    say(
        f"{taken.num_rows:,} rows: {taken.num_corrected:,} corrected, {taken.num_approved:,} "
        f"approved, {taken.num_rejected:,} rejected, {taken.num_clip_verdicts:,} verdicts on "
        f"clips, {taken.num_untouched:,} untouched, {taken.num_known:,} taken in before"
    )
    for problem in taken.problems:
        say(f"not taken: {problem}")
    for conflict in taken.conflicts:
        say(f"another word than before: {conflict}")


@app.command(epilog='Example: rushes expand "a red circle moves left"')
def expand(
    prompt: Annotated[str | None, typer.Argument(help="What the video is to show.")] = None,
    story: Annotated[
        Path | None, typer.Option(help="A text file: make a list of shots of it instead.")
    ] = None,
    catalog: CatalogOption = DEFAULT_CATALOG,
    dataset: Annotated[
        str | None, typer.Option(help="In the style of this dataset's captions; else the newest.")
    ] = None,
    how: Annotated[
        str | None, typer.Option(help="auto, renderer, openai, transformers or off.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another wording.")] = 0,
    count: Annotated[int, typer.Option("-n", min=1, help="Expansions, from following seeds.")] = 1,
    out: Annotated[
        Path | None, typer.Option("-o", help="Story: a .toml or .json file for the shots.")
    ] = None,
    max_shots: Annotated[int, typer.Option(min=1, help="Story: longer ones are refused.")] = 60,
    recipe: RecipeOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """A short prompt as a caption of the kind that the generator was trained on.

    Nothing that the prompt asks for is lost: where an expansion says less, the prompt is used
    as it is. Chinese prompts are understood. No catalogue is needed.
    """
    from orchestration.expand import expand_prompts, expand_story
    from orchestration.recipe import ExpandSection, load_recipe
    from orchestration.show import emit_json
    from schemas.catalog import Catalog

    if (prompt is None) == (story is None):
        raise UserError("one prompt, or one story", 'rushes expand "PROMPT", or --story FILE')
    asked = [*(overrides or []), *([f"expand.how={how}"] if how else [])]
    settings = (load_recipe(recipe, asked).expand or ExpandSection()).settings()
    is_there = (catalog / "catalog.json").is_file()
    opened = Catalog.open(catalog) if is_there or catalog != DEFAULT_CATALOG else None
    if story is not None:
        from captioner.story import to_json, to_table

        shots = expand_story(story, settings, seed=seed, max_shots=max_shots, out=out)
        typer.echo(to_json(shots) if as_json else to_table(shots))
        for warning in shots.warnings:
            say(f"note: {warning}")
        return
    found = expand_prompts(
        prompt or "", opened, settings, dataset=dataset, seeds=range(seed, seed + count)
    )
    if as_json:
        emit_json([one.to_plain() for one in found])
        return
    for one in found:
        typer.echo(one.used)
        for warning in one.warnings:
            say(f"note: {warning}")


@app.command(epilog="Example: rushes embed --set embed.model=tiny")
def embed(
    catalog: CatalogOption = DEFAULT_CATALOG,
    recipe: RecipeOption = None,
    overrides: SetOption = None,
    address: AddressOption = None,
    as_json: JsonOption = False,
) -> None:
    """Place every kept clip in the space in which `search` compares clips and words."""
    from dataclasses import asdict

    from captioner.embedding import EmbedSettings
    from orchestration.embed import embed_survivors
    from orchestration.recipe import load_recipe
    from orchestration.run import open_run
    from orchestration.show import emit_json
    from schemas.catalog import Catalog

    loaded = load_recipe(recipe, overrides or [])
    opened = Catalog.open(catalog)
    with open_run(opened, "embed", loaded, address) as current:
        done = embed_survivors(current, loaded.embed or EmbedSettings())
    if as_json:
        emit_json(asdict(done))
    else:
        say(
            f"{done.num_embedded:,} clips have a vector of {done.model or 'no model'}, "
            f"{done.num_outside:,} are outside its domain, {done.num_missing:,} are missing"
        )


@app.command(epilog='Example: rushes search "a red circle bounces" --where "duration_s > 2"')
def search(
    words: Annotated[str, typer.Argument(help="What is looked for; quotes ask for a phrase.")],
    catalog: CatalogOption = DEFAULT_CATALOG,
    limit: Annotated[int, typer.Option(min=1, help="At most so many clips.")] = 10,
    where: Annotated[
        str | None, typer.Option(help="A SQL condition on the view `survivors`.")
    ] = None,
    recipe: RecipeOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find clips by what their captions state, by words, and by embeddings where there are some."""
    from dataclasses import asdict

    from orchestration.recipe import load_recipe
    from orchestration.search import search as do_search
    from orchestration.show import emit, emit_json
    from schemas.catalog import Catalog

    loaded = load_recipe(recipe, overrides or [])
    found = do_search(Catalog.open(catalog), words, limit=limit, where=where, settings=loaded.embed)
    if as_json:
        emit_json({"hits": [asdict(hit) for hit in found.hits], "notes": found.notes})
        return
    if found.hits:
        import pyarrow as pa

        emit(pa.Table.from_pylist([asdict(hit) for hit in found.hits]), "table")
    for note in found.notes:
        say(f"note: {note}")
