"""The rules of who imports whom hold, and break when they are broken."""

import ast
import shutil
import subprocess
import sys

import pytest

PACKAGES = ("schemas", "pipeline", "captioner", "generator", "orchestration")
VAGUE_NAMES = {"utils", "util", "common", "helpers", "helper", "base", "manager", "misc"}


def run(*command, cwd):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


def contracts(folder):
    return run(
        sys.executable, "-c", "from importlinter.cli import lint_imports; "
        "raise SystemExit(lint_imports(no_cache=True))", cwd=folder,
    )  # fmt: skip


@pytest.fixture
def copy(repository, tmp_path):
    """A copy of the packages and of their rules, to plant a violation in."""
    for package in PACKAGES:
        shutil.copytree(
            repository / package,
            tmp_path / package,
            ignore=shutil.ignore_patterns("__pycache__", "*.so"),
        )
    shutil.copy(repository / "pyproject.toml", tmp_path)
    return tmp_path


def sources(repository):
    return [file for package in PACKAGES for file in sorted((repository / package).rglob("*.py"))]


def test_the_import_contracts_hold(repository):
    found = contracts(repository)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("captioner/caption.py", "import generator.flow"),
        ("pipeline/ingest.py", "from captioner import gate"),
        ("generator/pack.py", "import pipeline.media"),
        ("schemas/ids.py", "import ray"),
        ("schemas/timing.py", "import torch"),
        ("schemas/catalog.py", "from pipeline.ingest import find_files"),
        ("pipeline/judge/rules.py", "import torch"),
        ("pipeline/split/clips.py", "import orchestration.run"),
        ("pipeline/dedupe/groups.py", "import ray"),
        ("pipeline/ingest.py", "from pipeline.world.truth import read_truth"),
        ("orchestration/caption.py", "import pipeline.world.truth"),
    ],
    ids=lambda value: value.replace("/", " "),
)
def test_a_planted_import_breaks_the_contracts(copy, file, line):
    path = copy / file
    path.write_text(f"{path.read_text()}\n{line}\n")
    found = contracts(copy)
    assert found.returncode == 1, found.stdout
    assert "BROKEN" in found.stdout


@pytest.mark.parametrize("module", ["ray", "av", "decord"])
@pytest.mark.parametrize(
    ("file", "is_banned"),
    [
        ("pipeline/ingest.py", True),
        ("schemas/ids.py", True),
        ("captioner/gate.py", True),
        ("generator/flow.py", True),
    ],
)
def test_ray_and_codecs_are_banned_outside_their_places(copy, module, file, is_banned):
    path = copy / file
    path.write_text(f"{path.read_text()}\nimport {module}\n")
    found = run(
        sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID251", file, cwd=copy
    )
    assert (found.returncode == 1) is is_banned, found.stdout
    assert f"`{module}` is banned" in found.stdout


def test_the_places_that_may_import_them_are_clean(repository):
    found = run(
        sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID251", *PACKAGES,
        cwd=repository,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    "module",
    ["orchestration.cli", "schemas.catalog", "schemas.query", "pipeline.judge.rules"],
)
def test_an_import_is_light(repository, module):
    heavy = ("torch", "ray", "av", "cv2", "decord", "transformers", "scenedetect")
    code = f"import sys, {module}; print(sorted(set({heavy!r}) & set(sys.modules)))"
    found = run(sys.executable, "-c", code, cwd=repository)
    assert found.stdout.strip() == "[]", found.stdout + found.stderr


def test_an_init_holds_a_docstring_and_nothing_else(repository):
    for file in sources(repository):
        if file.name == "__init__.py":
            body = ast.parse(file.read_text()).body
            assert len(body) == 1, file
            assert isinstance(body[0], ast.Expr), file
            assert isinstance(body[0].value.value, str), file


def test_every_folder_of_code_is_a_package(repository):
    for file in sources(repository):
        assert (file.parent / "__init__.py").is_file(), file


def test_no_name_is_vague(repository):
    for file in sources(repository):
        names = {file.stem, *(part for part in file.relative_to(repository).parts[:-1])}
        assert not names & VAGUE_NAMES, file


def test_every_file_says_what_it_is(repository):
    for file in sources(repository):
        assert ast.get_docstring(ast.parse(file.read_text())), file


def test_only_the_media_module_opens_a_codec(repository):
    users = {
        file.relative_to(repository).as_posix()
        for file in sources(repository)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or node.names[0].name]
        if name.split(".")[0] in {"av", "decord"}
    }
    assert users == {"pipeline/media.py"}
