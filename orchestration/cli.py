"""The command line: verbs that read a recipe, call one function and print one result.

Nothing heavy is imported before a verb needs it, so `--help` answers at once. Data goes to
stdout, everything else to stderr. Exit codes: 0 success, 1 an error that the user can mend,
2 a wrong call, 3 a ledger that does not balance.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

# The verbs of these modules join the app when they are imported.
from orchestration import cli_captions, cli_models, cli_sample  # noqa: F401
from orchestration.cli_app import (
    DEFAULT_CATALOG,
    EXIT_INTERRUPTED,
    EXIT_UNBALANCED,
    EXIT_USER_ERROR,
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
    from orchestration.ledger import Ledger


def main() -> None:
    """Run the command line; the entry point of the script `rushes`."""
    logging.basicConfig(level=os.environ.get("RUSHES_LOG", "WARNING"), stream=sys.stderr)
    # A thread that waits for others gives its core to the decoders, here and in all workers; but
    # not at once: between the operations of a training step it would fall asleep each time.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    try:
        app()
    except UserError as error:
        worker = os.environ.get("RANK", "0")
        who = "" if worker == "0" else f"worker {worker}: "  # of those that torchrun started
        sys.stderr.write(f"{who}error: {error.message}\n")
        if error.hint:
            sys.stderr.write(f"{who}hint: {error.hint}\n")
        sys.exit(EXIT_USER_ERROR)
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped; run the same command again to go on\n")
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output (head, less) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@app.command(epilog="Example: rushes demo --folder demo")
def demo(
    folder: Annotated[Path, typer.Option(help="Where everything goes.")] = Path("demo"),
    recipe: Annotated[Path, typer.Option("--recipe", help="The demo's recipe.")] = Path("demo"),
    overrides: SetOption = None,
    address: AddressOption = None,
    as_json: JsonOption = False,
) -> None:
    """Footage -> curated, captioned catalogue -> trained -> sampled -> report."""
    from orchestration.demo import run_demo

    outcome = run_demo(folder, recipe, overrides or [], address)
    if as_json:
        from orchestration.show import emit_json

        emit_json(outcome.as_dict())
    _exit_by(outcome.ledger)


@app.command(epilog="Example: rushes run recipes/curate.toml --catalog catalog")
def run(
    recipe: Annotated[Path, typer.Argument(help="A recipe (.toml), or the name of one of ours.")],
    catalog: CatalogOption = DEFAULT_CATALOG,
    overrides: SetOption = None,
    address: AddressOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every stage that the recipe names; run it again to resume."""
    from orchestration.plan import run_recipe
    from orchestration.recipe import load_recipe
    from orchestration.run import open_run
    from schemas.catalog import Catalog

    loaded = load_recipe(recipe, overrides or [])
    _check_inputs(loaded)
    opened = Catalog.create(catalog)
    with open_run(opened, "run", loaded, address) as current:
        outcome = run_recipe(current, Path())
    _finish(opened, outcome.ledger, as_json)


@app.command(epilog="Example: rushes world footage --videos 12 --seed 0")
def world(
    folder: Annotated[Path, typer.Argument(help="Where to; made if missing.")],
    videos: Annotated[int, typer.Option("--videos", min=1, help="How many files.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same files.")] = 0,
    split: Annotated[
        str, typer.Option(help="train, or for evaluation: seen, held_out. They never overlap.")
    ] = "train",
    form: Annotated[
        str, typer.Option(help="raw: with defects and copies; scenes: clean takes to train on.")
    ] = "raw",
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Processes that draw scenes; else one per CPU."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Draw footage whose truth is known (`truth/*.parquet`)."""
    from orchestration.footage import draw_footage

    drawn = draw_footage(
        folder, num_videos=videos, seed=seed, split=split, form=form, num_workers=workers
    )
    if as_json:
        from orchestration.show import emit_json

        emit_json([{"path": d.path, "num_frames": d.num_frames, "fps": d.fps} for d in drawn])
    else:
        say(f"{len(drawn)} videos in {folder}, and what is true of them")


@app.command(epilog="Example: rushes read samples/0001.mp4")
def read(
    files: Annotated[list[Path], typer.Argument(help="Short clips: the first frames are read.")],
    as_json: JsonOption = False,
) -> None:
    """What the world's parser sees in a clip: its facts, as a description or as JSON."""
    from orchestration.reading import as_text, read_file
    from orchestration.show import emit_json
    from schemas.facts import to_plain

    found = {str(path): read_file(path) for path in files}
    if as_json:
        emit_json([{"file": name, "facts": to_plain(facts)} for name, facts in found.items()])
        return
    for name, facts in found.items():
        typer.echo(f"{name}: {as_text(facts)}" if len(found) > 1 else as_text(facts))


@app.command(epilog="Example: rushes curate my_videos/ --catalog catalog")
def curate(
    paths: Annotated[list[Path], typer.Argument(help="Video files and folders.")],
    catalog: CatalogOption = DEFAULT_CATALOG,
    recipe: RecipeOption = None,
    overrides: SetOption = None,
    address: AddressOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ingest, survey, split, score, judge and dedupe; nothing is done twice."""
    from orchestration.curate import curate as do_curate
    from orchestration.ledger import read_ledger
    from orchestration.recipe import load_recipe
    from orchestration.run import open_run
    from pipeline.ingest import find_files
    from schemas.catalog import Catalog

    loaded = load_recipe(recipe, overrides or [])
    find_files(paths)  # refuse wrong paths before anything is written
    opened = Catalog.create(catalog)
    with open_run(opened, "curate", loaded, address) as current:
        do_curate(current, paths)
    _finish(opened, read_ledger(opened), as_json)


@app.command(epilog="Example: rushes funnel --set judge.motion_min=5")
def funnel(
    catalog: CatalogOption = DEFAULT_CATALOG,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """In, kept, dropped by reason; with --set judge.KEY=VALUE, what would be."""
    from orchestration.funnel import read_funnel
    from orchestration.show import emit, emit_json
    from schemas.catalog import Catalog

    table = read_funnel(Catalog.open(catalog), overrides or [])
    if as_json:
        emit_json(table.to_pylist())
    else:
        emit(table, "table")


@app.command(epilog='Example: rushes sql "select reason, count(*) from verdicts group by reason"')
def sql(
    query: Annotated[str, typer.Argument(help="One SELECT over tables and views.")],
    catalog: CatalogOption = DEFAULT_CATALOG,
    layout: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
    out: Annotated[Path | None, typer.Option("-o", "--out", help="A file to write.")] = None,
    snapshot: Annotated[str | None, typer.Option(help="Look at this snapshot.")] = None,
    timeout_s: Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds.")] = 60.0,
    memory_mb: Annotated[int, typer.Option("--memory", min=64, help="Megabytes.")] = 4096,
    as_json: JsonOption = False,
) -> None:
    """Ask the catalogue; read-only, and it reaches nothing outside it."""
    from orchestration.show import emit
    from schemas.catalog import Catalog
    from schemas.query import select

    chosen = "json" if as_json else layout
    if chosen not in {"table", "csv", "json", "parquet"}:
        raise typer.BadParameter("table, csv, json or parquet", param_hint="--format")
    opened = Catalog.open(catalog, snapshot=snapshot)
    table = select(opened, query, timeout_s=timeout_s, memory_limit_mb=memory_mb)
    emit(table, chosen, out)  # type: ignore[arg-type]


@app.command(epilog='Example: rushes freeze first --where "duration_s >= 2 and motion > 5"')
def freeze(
    name: Annotated[str, typer.Argument(help="Stands for exactly these rows, for ever.")],
    where: Annotated[str, typer.Option(help="A SQL condition on the view `survivors`.")] = "true",
    catalog: CatalogOption = DEFAULT_CATALOG,
    as_json: JsonOption = False,
) -> None:
    """Freeze a dataset: exact clips, captions and versions."""
    from dataclasses import asdict

    from orchestration.recipe import Recipe
    from orchestration.run import open_run
    from orchestration.show import emit_json
    from schemas.catalog import Catalog
    from schemas.freeze import freeze as do_freeze

    opened = Catalog.open(catalog)
    with open_run(opened, "freeze", Recipe()) as current:
        record = do_freeze(opened, name, where, current.run_id)
    if as_json:
        emit_json(asdict(record))
    else:
        say(
            f"dataset `{name}`: {record.num_clips} clips, {record.duration_s:.1f} s, "
            f"{record.dataset_id}, in {opened.root / record.path}"
        )


@app.command(epilog="Example: rushes report -o report.html --truth footage")
def report(
    catalog: CatalogOption = DEFAULT_CATALOG,
    out: Annotated[Path, typer.Option("-o", "--out", help="The page to write.")] = Path(
        "report.html"
    ),
    truth: Annotated[
        Path | None, typer.Option(help="Drawn footage; measure the catalogue against its truth.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write one self-contained HTML page about a catalogue; with --truth, print its measures."""
    from orchestration.report import write_report
    from orchestration.report_parts.truth_table import as_plain, truth_table
    from orchestration.show import emit, emit_json
    from orchestration.truth_check import check_against_truth
    from schemas.catalog import Catalog

    opened = Catalog.open(catalog)
    measures = check_against_truth(opened, truth) if truth else None
    page = write_report(opened, out, title=opened.root.name, truth=measures)
    if as_json:
        emit_json({"report": page, "measures": as_plain(measures) if measures else None})
        return
    if measures:
        emit(truth_table(measures), "table")
    say(str(page))


@app.command(epilog="Example: rushes doctor --json")
def doctor(catalog: CatalogOption = DEFAULT_CATALOG, as_json: JsonOption = False) -> None:
    """Versions, devices, codecs: what is missing and how to get it."""
    from orchestration.doctor import as_rows, examine
    from orchestration.show import emit_json

    findings = examine(catalog.resolve())
    if as_json:
        emit_json(as_rows(findings))
    else:
        for finding in findings:
            mark = "ok     " if finding.is_well else "MISSING"
            hint = "" if finding.is_well else f"  -> {finding.hint}"
            typer.echo(f"{mark}  {finding.name:<16} {finding.found}{hint}")
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(EXIT_USER_ERROR)


def _check_inputs(recipe: Any) -> None:
    """Refuse a recipe that cannot be run, and wrong paths, before anything is written."""
    from orchestration.plan import check_recipe
    from pipeline.ingest import find_files

    check_recipe(recipe)
    if recipe.input.paths:
        find_files([Path(path) for path in recipe.input.paths])


def _finish(catalog: Any, ledger: Ledger, as_json: bool) -> None:
    """Print funnel and ledger; leave with 3 where it does not balance."""
    from orchestration.funnel import read_funnel
    from orchestration.show import emit, emit_json

    table = read_funnel(catalog, [])
    if as_json:
        emit_json({"funnel": table.to_pylist(), "ledger": ledger.as_dict()})
    else:
        emit(table, "table")
        for line in ledger.lines():
            say(line)
    _exit_by(ledger)


def _exit_by(ledger: Ledger) -> None:
    if not ledger.is_balanced:
        for problem in ledger.problems:
            sys.stderr.write(f"ledger: {problem}\n")
        raise typer.Exit(EXIT_UNBALANCED)
