"""The documents say what is: pages are current, links lead somewhere, commands and queries run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer.main

from orchestration import reference
from orchestration.cli import app
from orchestration.recipe import load_recipe
from schemas.catalog import Catalog
from schemas.lens import VIEWS
from schemas.query import select
from schemas.tables import TABLES

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = sorted(
    [
        *(REPOSITORY / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")),
        REPOSITORY / "CHANGELOG.md",
        *(REPOSITORY / "docs").rglob("*.md"),
    ]
)
GROUP: Any = typer.main.get_command(app)
STATES = {"run", "run, first form", "run on random weights only", "not run"}
PROMISES = [
    f"{letter}{number}"
    for letter, count in (("A", 22), ("B", 14), ("C", 7), ("D", 7), ("E", 6))
    for number in range(1, count + 1)
]

per_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY))
)


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def without_blocks(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def inline_code(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def commands(page: Path) -> Iterator[tuple[list[str], bool]]:
    """Yield (words after `rushes`, whether it stands as a whole command) of a page."""
    for block in blocks(page, "console"):
        for line in block.splitlines():
            if line.startswith("$ rushes "):
                yield shlex.split(line.removeprefix("$ rushes "), comments=True), True
    for code in inline_code(without_blocks(page).replace("\\|", "|")):
        if code.startswith("rushes "):
            yield shlex.split(code.removeprefix("rushes ")), False


def parse(words: list[str], *, is_whole: bool) -> None:
    """Parse a command as the command line does; a mention may leave out what is required."""
    verb, *arguments = words
    assert verb in GROUP.commands, f"no verb `{verb}`"
    if not arguments and not is_whole:
        return
    try:
        GROUP.commands[verb].make_context(verb, list(arguments))
    except Exception as error:
        if is_whole or type(error).__name__ != "MissingParameter":
            raise AssertionError(f"rushes {shlex.join(words)}: {error}") from error


# -- the reference -----------------------------------------------------------------------------


@pytest.mark.parametrize("columns", ["40", "200"])
def test_the_reference_is_current(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    folder = REPOSITORY / "docs" / "reference"
    made = reference.pages()
    assert sorted(made) == sorted(path.name for path in folder.iterdir())
    for name, text in made.items():
        assert (folder / name).read_text() == text, f"{name}: run {reference.REMAKE}"


def test_every_verb_has_a_section_and_an_example_that_parses() -> None:
    page = REPOSITORY / "docs" / "reference" / "commands.md"
    text = page.read_text()
    examples = {words[0] for words, is_whole in commands(page) if is_whole}
    for verb, command in GROUP.commands.items():
        assert f"\n## rushes {verb}\n" in text
        assert command.help and command.epilog.startswith(f"Example: rushes {verb}")
        assert verb in examples
        for parameter in command.params:
            assert parameter.help, f"rushes {verb} {parameter.name} has no help"


def settings() -> Iterator[tuple[str, str | None]]:
    for section, models, _ in reference.sections():
        for model in models:
            for name, field in model.model_fields.items():
                yield f"{section}.{name}", field.description


def test_every_setting_appears() -> None:
    text = (REPOSITORY / "docs" / "reference" / "settings.md").read_text()
    assert [name for name, _ in settings() if f"| `{name}` |" not in text] == []


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, meaning in settings() if not meaning] == []


def test_every_table_and_view_appears_with_its_meaning() -> None:
    text = (REPOSITORY / "docs" / "reference" / "tables.md").read_text()
    for name in (*TABLES, *VIEWS):
        section = re.search(rf"^## {name}\n\n(.+)\n", text, re.MULTILINE)
        assert section and len(section[1]) > 10, name


# -- every page --------------------------------------------------------------------------------


@per_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_blocks(page)):
        assert "://" not in target, "pages work offline"
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.+)$", found.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
            assert anchor in slugs, target


@per_page
def test_commands_exist(page: Path) -> None:
    for words, is_whole in commands(page):
        parse(words, is_whole=is_whole)


@per_page
def test_settings_named_in_commands_exist(page: Path) -> None:
    for words, _ in commands(page):
        for before, word in pairwise(words):
            if before == "--set" and "KEY" not in word:
                load_recipe(None, [word])


@per_page
def test_queries_run_on_an_empty_catalogue(page: Path, tmp_path: Path) -> None:
    queries = blocks(page, "sql")
    queries += [words[1] for words, _ in commands(page) if words[0] == "sql" and len(words) > 1]
    catalog = Catalog.create(tmp_path / "catalog")
    for query in queries:
        if "..." not in query and not query.startswith("-"):
            select(catalog, query)


@per_page
def test_files_that_are_named_exist(page: Path) -> None:
    folders = ("schemas/", "pipeline/", "captioner/", "generator/", "orchestration/", "recipes/")
    for code in inline_code(without_blocks(page)):
        path, _, test = code.partition("::")
        if path.startswith((*folders, "tests/", "docs/")) and "NAME" not in path:
            found = REPOSITORY / path
            assert found.exists(), code
            if test:
                assert re.search(rf"^def {test}\(", found.read_text(), re.MULTILINE), code


# -- single pages ------------------------------------------------------------------------------


def test_the_map_names_files_that_exist() -> None:
    page = REPOSITORY / "ARCHITECTURE.md"
    assert len(page.read_text().splitlines()) < 150
    tree = next(block for block in blocks(page, "") if block.startswith("schemas/ "))
    folder = ""
    for line in tree.splitlines():
        if not line.startswith(" "):
            folder = line.split()[0]
            assert (REPOSITORY / folder).is_dir(), line
            continue
        for name in re.findall(r"[\w/]+\.(?:py|sql)|[\w/]+/(?=\s|$)", line):
            assert (REPOSITORY / folder / name).exists(), f"{folder}{name}"


@pytest.mark.parametrize(
    ("page", "column"), [("docs/catalogue.md", "ask"), ("ARCHITECTURE.md", "appends to")]
)
def test_tables_and_views_that_are_named_exist(page: str, column: str) -> None:
    names: list[str] = []
    place = -1
    for line in (REPOSITORY / page).read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if column in cells:
            place = cells.index(column)
        elif place >= 0 and line.startswith("|"):
            names += inline_code(cells[place])
        else:
            place = -1
    assert len(names) > 10
    assert set(names) <= {*TABLES, *VIEWS}, set(names) - {*TABLES, *VIEWS}


def test_the_catalogue_can_be_read_as_the_page_says(tmp_path: Path, make: Any) -> None:
    catalog = make.catalog(tmp_path / "catalog", names=["a", "b"])
    program = blocks(REPOSITORY / "docs" / "catalogue.md", "python")[0]
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(re.findall(r"clip_\w+", done.stdout)) == sorted(
        catalog.column("select clip_id from clips")
    )


def test_every_promise_has_one_row_with_a_state_and_what_shows_it() -> None:
    text = (REPOSITORY / "docs" / "promises.md").read_text().replace("\\|", "")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if re.match(r"\| [A-E]\d+ \|", line)
    ]
    assert [row[0] for row in rows] == PROMISES
    for name, _, state, _, shown in rows:
        assert state in STATES, name
        if state == "not run":
            assert shown == "", f"{name}: what is not run shows nothing"
        else:
            assert "`rushes " in shown, f"{name} names no command"
            assert "::test_" in shown, f"{name} names no test"


def test_the_changelog_has_this_version() -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert f"## [{version}]" in (REPOSITORY / "CHANGELOG.md").read_text()
