"""The pages of `docs/reference/`, made from the code: nothing there is written twice.

Run `python -P -m orchestration.reference docs/reference` after a change of a command, a
setting, a table or a view; a test compares the pages with what this module makes.
"""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import typer.main
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from orchestration.recipe import (
    CodecSection,
    EvaluateSection,
    Recipe,
    SampleSection,
    TrainSection,
)
from schemas import records
from schemas.lens import VIEWS, open_lens
from schemas.tables import FORMAT_VERSION, TABLES, describe_table

REMAKE = "python -P -m orchestration.reference docs/reference"
_NOTE = f"<!-- Made by `{REMAKE}`; change the code, not this page. -->"
_TYPE_WORDS = {str: "TEXT", int: "INTEGER", float: "NUMBER", Path: "PATH"}
_BOUND_SIGNS: Mapping[type, tuple[str, str]] = {
    Ge: ("ge", ">="),
    Gt: ("gt", ">"),
    Le: ("le", "<="),
    Lt: ("lt", "<"),
}
_VERDICTS_NOTE = (
    "One row per clip of the chosen split: kept, or the reason of the first rule that it breaks. "
    "Made from the rows of `current_rules`; a clip without scores is `not_scored`."
)
_COMMITS_NOTE = "One row per finished batch, appended last: what is not named here does not count."


def pages() -> dict[str, str]:
    """Return file name -> text of every page; the same on every machine and terminal."""
    return {
        "commands.md": commands_page(),
        "settings.md": settings_page(),
        "tables.md": tables_page(),
    }


def commands_page() -> str:
    """Return the page of verbs: usage, arguments, options, example."""
    group: Any = typer.main.get_command(_app())
    parts = [
        "# Commands",
        _NOTE,
        group.help,
        "Data goes to stdout, everything else to stderr. Exit code 0: success; 1: an error that "
        "you can mend (`error:` and `hint:`); 2: a wrong call; 3: the ledger does not balance.",
    ]
    for name, command in group.commands.items():
        parts += [f"## rushes {name}", command.help, _code("console", _usage(name, command))]
        hints = get_type_hints(command.callback)
        rows = [_parameter_row(p, hints.get(p.name)) for p in command.params]
        parts.append(_table(("argument or option", "value", "default", "meaning"), rows))
        example = (command.epilog or "").removeprefix("Example: ")
        parts += ["Example:", _code("console", f"$ {example}")]
    return _join(parts)


def settings_page() -> str:
    """Return the page of settings: one table per section of a recipe."""
    parts = [
        "# Settings",
        _NOTE,
        "A recipe is a TOML file with these sections. `--set section.key=value` overrides one "
        "setting; `none` switches off what may be switched off.",
    ]
    for section, models, is_optional in sections():
        fields_of = [item for model in models for item in model.model_fields.items()]
        rows = [
            (f"`{section}.{name}`", _type_text(field.annotation), *_field_texts(field))
            for name, field in fields_of
        ]
        heads = ("setting", "type", "default", "bounds", "meaning")
        parts += [
            f"## [{section}]",
            _paragraph(models[-1].__doc__),
            "`rushes run` does this only where the recipe has the section." if is_optional else "",
            _table(heads, rows) if rows else "No settings yet.",
        ]
    return _join(parts)


def sections() -> list[tuple[str, list[type[BaseModel]], bool]]:
    """Return (section, models of its settings, whether it may be absent) in a recipe's order."""
    from generator.settings import (
        CodecSettings,
        EvaluateSettings,
        SampleSettings,
        TrainSettings,
    )

    known = []
    for name, field in Recipe.model_fields.items():
        model = next(k for k in _options(field.annotation) if issubclass(k, BaseModel))
        models = [model]
        if model is TrainSection:
            models = [TrainSettings]
        elif model is CodecSection:
            models = [CodecSettings]
        elif model is EvaluateSection:
            models = [EvaluateSettings]
        elif model is SampleSection:
            models = [SampleSection, SampleSettings]
        known.append((name, models, type(None) in get_args(field.annotation)))
    return known


def tables_page() -> str:
    """Return the page of tables and views: what each holds, column by column."""
    parts = [
        "# Tables and views",
        _NOTE,
        f"Format version of the catalogue: {FORMAT_VERSION}. Every table ends with `batch_id`: "
        "the batch that wrote the row; it counts once `commits` has it.",
        "# Tables",
    ]
    for table in TABLES:
        rows = [(f"`{n}`", kind, doc) for n, kind, doc in describe_table(table) if n != "batch_id"]
        parts += [f"## {table}", _table_note(table), _table(("column", "type", "meaning"), rows)]
    parts.append("# Views")
    lens = open_lens({})
    for view in VIEWS:
        columns = [row[0] for row in lens.sql(f'describe "{view}"').fetchall()]
        parts += [f"## {view}", _view_note(view)]
        parts.append(f"Columns: {', '.join(f'`{column}`' for column in columns)}.")
    lens.close()
    return _join(parts)


def _app() -> typer.Typer:
    import orchestration.cli  # noqa: F401  (its verbs join the app)
    from orchestration.cli_app import app

    return app


def _usage(name: str, command: Any) -> str:
    words = [f"rushes {name}"]
    for parameter in command.params:
        if parameter.opts[0].startswith("-"):
            if parameter.required:
                words.append(f"{parameter.opts[-1]} {parameter.name.upper()}")
        else:
            words.append(parameter.name.upper() + ("..." if parameter.nargs == -1 else ""))
    return " ".join([*words, "[OPTIONS]"])


def _parameter_row(parameter: Any, kind: Any) -> tuple[str, str, str, str]:
    is_option = parameter.opts[0].startswith("-")
    shown = ", ".join(parameter.opts) if is_option else parameter.name.upper()
    is_flag = getattr(parameter, "is_flag", False)
    value = "" if is_flag else parameter.metavar or _type_word(kind)
    bounds = [
        f"{sign} {limit}"
        for side, sign in (("min", ">="), ("max", "<="))
        if (limit := getattr(parameter, side, None)) is not None
    ]
    default = "" if is_flag or parameter.default is None else str(parameter.default)
    default = f"`{default}`" if default else "required" if parameter.required else ""
    return f"`{shown}`", " ".join([value, *bounds]).strip(), default, parameter.help or ""


def _type_word(kind: Any) -> str:
    for option in _options(kind):
        if option in _TYPE_WORDS:
            return _TYPE_WORDS[option]
    return "TEXT"


def _options(kind: Any) -> list[Any]:
    """Return the types that an annotation allows, None and list brackets taken off."""
    if get_origin(kind) in (Union, types.UnionType):
        return [o for part in get_args(kind) if part is not type(None) for o in _options(part)]
    if get_origin(kind) is list:
        return _options(get_args(kind)[0])
    return [kind]


def _type_text(kind: Any) -> str:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return " or ".join("none" if a is type(None) else _type_text(a) for a in arguments)
    if origin is Literal:
        return " or ".join(f"`{argument}`" for argument in arguments)
    if origin is tuple:
        return f"list of {_type_text(arguments[0])}"
    words = {str: "text", int: "integer", float: "number", bool: "true or false"}
    return words.get(kind, str(getattr(kind, "__name__", kind)))


def _field_texts(field: FieldInfo) -> tuple[str, str, str]:
    """Return default, bounds and meaning of a setting."""
    default = "required" if field.is_required() else f"`{_toml_text(field.default)}`"
    bounds = []
    for mark in field.metadata:
        if type(mark) in _BOUND_SIGNS:
            attribute, sign = _BOUND_SIGNS[type(mark)]
            bounds.append(f"{sign} {getattr(mark, attribute)}")
    return default, ", ".join(bounds), _paragraph(field.description)


def _toml_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml_text, value))}]"
    if isinstance(value, str):
        return f'"{value}"'
    return "none" if value is None else str(value)


def _table_note(table: str) -> str:
    """Return the head of the record whose fields are the columns; without one, nobody writes."""
    if table == "commits":
        return _COMMITS_NOTE
    columns = {name for name in TABLES[table].names if name != "batch_id"}
    for record in vars(records).values():
        if is_dataclass(record) and {f.name for f in fields(record)} == columns:
            return _paragraph(record.__doc__)
    return "No command writes this table yet."


def _view_note(view: str) -> str:
    """Return the comment at the head of a view's file."""
    if view == "verdicts":
        return _VERDICTS_NOTE
    text = resources.files("schemas").joinpath("views", f"{view}.sql").read_text()
    lines = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return " ".join(lines)


def _paragraph(text: str | None) -> str:
    """Return the first paragraph of a docstring on one line."""
    return re.sub(r"\s+", " ", (text or "").strip().split("\n\n")[0])


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(c.replace('|', chr(92) + '|') for c in r)} |" for r in lines)


def _code(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def _join(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def main() -> None:
    """Write the pages into the folder that is named on the command line."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    main()
