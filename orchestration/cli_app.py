"""The command line's one app, and the options that verbs share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="rushes",
    help="Turn raw video into a captioned, deduplicated dataset, and train a video model on it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

EXIT_USER_ERROR = 1
EXIT_UNBALANCED = 3
EXIT_INTERRUPTED = 130

CatalogOption = Annotated[Path, typer.Option("--catalog", help="Folder of the catalogue.")]
RecipeOption = Annotated[
    Path | None, typer.Option("--recipe", help="A recipe (.toml); else the defaults.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Override a setting; repeatable."),
]
AddressOption = Annotated[
    str | None, typer.Option("--address", help="Join this Ray cluster instead of starting one.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
DEFAULT_CATALOG = Path("catalog")


def say(text: str) -> None:
    """Write one line to stderr: everything that is not data goes there."""
    sys.stderr.write(text + "\n")
