"""Verbs that train models and sample from them."""

from __future__ import annotations

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
    from orchestration.recipe import Recipe


@app.command(epilog="Example: rushes train generator --dataset first --set train.max_minutes=10")
def train(
    what: Annotated[str, typer.Argument(help="generator, codec or captioner (detector: not yet).")],
    dataset: Annotated[str | None, typer.Option(help="Name of a frozen dataset.")] = None,
    catalog: CatalogOption = DEFAULT_CATALOG,
    recipe: RecipeOption = None,
    overrides: SetOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where it was stopped.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Codec and captioner: folder for what is learned. Generator: one file to write "
            "its averaged weights to, in half precision, besides its checkpoints."
        ),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(help="Captioner only: weights to start from; `shipped` for ours."),
    ] = None,
    negatives: Annotated[
        list[Path] | None,
        typer.Option(help="Captioner only: other footage, to learn what to refuse; repeatable."),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Generator only: processes that train together.")
    ] = 1,
    launcher: Annotated[
        str,
        typer.Option(help="What starts them: torchrun (on this machine) or ray (on a cluster)."),
    ] = "torchrun",
    address: AddressOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a model; stop at any time and go on with --resume.

    `generator` and `codec`: on a frozen dataset. `captioner` without a dataset: our own, on
    footage drawn afresh; with one: the model of [finetune], on the dataset's clips and captions.
    """
    from orchestration.recipe import load_recipe

    loaded = load_recipe(recipe, overrides or [])
    if what == "captioner":
        _train_captioner(loaded, dataset, catalog, resume, out, init, negatives or [], as_json)
    elif what == "generator":
        if dataset is None:
            raise typer.BadParameter("the generator trains on one", param_hint="--dataset")
        _train_generator(
            loaded,
            dataset,
            catalog,
            out=out,
            resume=resume,
            as_json=as_json,
            num_workers=workers,
            launcher=launcher,
            address=address,
        )
    elif what == "codec":
        if dataset is None:
            raise typer.BadParameter("the codec trains on one", param_hint="--dataset")
        _train_codec(loaded, dataset, catalog, out or Path("codec"), resume, as_json)
    else:
        raise UserError(
            f"nothing here trains a {what} yet", "rushes train generator --dataset NAME"
        )


def _train_codec(
    loaded: Recipe, dataset: str, catalog: Path, out: Path, resume: bool, as_json: bool
) -> None:
    from orchestration.recipe import CodecSection
    from orchestration.show import emit_json
    from orchestration.train_codec import train_codec_on

    settings = (loaded.codec or CodecSection()).settings()
    result = train_codec_on(catalog, dataset, settings, out, resume=resume)
    if as_json:
        emit_json(
            {
                "path": str(result.path),
                "revision": result.revision,
                "step": result.step,
                "psnr_db": result.psnr_db,
                "num_clips": result.num_clips,
            }
        )
    else:
        say(f"use it: rushes train generator --set train.codec={result.path}")


def _train_generator(
    loaded: Recipe,
    dataset: str,
    catalog: Path,
    *,
    out: Path | None,
    resume: bool,
    as_json: bool,
    num_workers: int,
    launcher: str,
    address: str | None,
) -> None:
    from dataclasses import asdict

    from generator.checkpoint import load, save_single
    from orchestration.datasets import open_dataset
    from orchestration.generate import train_generator
    from orchestration.recipe import TrainSection
    from orchestration.run import open_run
    from orchestration.show import emit_json
    from orchestration.train_workers import rank
    from schemas.catalog import Catalog

    if launcher not in {"torchrun", "ray"}:
        raise typer.BadParameter("torchrun or ray", param_hint="--launcher")
    section = loaded.train or TrainSection()
    opened = Catalog.open(catalog)
    data = open_dataset(opened, dataset)
    with open_run(opened, "train", loaded, address) as current:
        record = train_generator(
            current,
            data,
            section.settings(),
            resume=resume,
            num_workers=num_workers,
            launcher=launcher,  # type: ignore[arg-type]
        )
    if rank() > 0:
        return
    if out is not None:
        save_single(load(opened.root / record.path, with_optimizer=False), out)
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
