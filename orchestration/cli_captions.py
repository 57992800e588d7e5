"""Verbs that write, correct and find captions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

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
