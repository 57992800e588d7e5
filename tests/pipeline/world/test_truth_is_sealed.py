"""What curates, captions and trains never opens the truth of drawn footage."""

import ast
import contextlib
import ctypes
import json
import os
import re
import struct
import subprocess
import sys

import pytest

from pipeline.ingest import find_files
from pipeline.world.footage import draw_footage
from pipeline.world.truth import TABLES, TRUTH_FOLDER

PACKAGES = ("schemas", "pipeline", "captioner", "generator", "orchestration")
MODULE = "pipeline.world.truth"
WRITERS = {f"pipeline/world/{name}.py" for name in ("copies", "defects", "edit", "footage", "reel")}
MEASURES = {"orchestration/truth_check.py", "orchestration/report_parts/planted.py"}
NAMES_IT = re.compile(r"(^|/)truth(/|$)|world\.truth")


def texts(tree):
    """Yield the text constants of a module that are no docstrings."""
    prose = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for child in body if isinstance(body, list) else ():
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                prose.add(id(child.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def imports_it(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(a.name.startswith(MODULE) for a in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and node.level:
            return True  # relative imports are not the style of this house
        if isinstance(node, ast.ImportFrom):
            named = {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
            if any(f"{name}.".startswith(f"{MODULE}.") for name in named):
                return True
    return False


def uses_of(folder):
    """Return the files that import the module, and those that name the folder in a text."""
    importing, naming = set(), set()
    for package in PACKAGES:
        for file in sorted((folder / package).rglob("*.py")):
            tree = ast.parse(file.read_text())
            name = file.relative_to(folder).as_posix()
            if imports_it(tree):
                importing.add(name)
            if any(NAMES_IT.search(text) for text in texts(tree)):
                naming.add(name)
    return importing, naming


def test_only_writers_and_measures_know_the_truth(repository):
    importing, naming = uses_of(repository)
    assert importing == WRITERS | MEASURES
    assert naming == {"pipeline/world/truth.py"}
    assert TRUTH_FOLDER == "truth"


@pytest.mark.parametrize(
    ("line", "is_import"),
    [
        ("from pipeline.world.truth import read_truth", True),
        ("from pipeline.world import truth", True),
        ("import pipeline.world.truth as t", True),
        ("def f():\n    from pipeline.world.truth import read_truth", True),
        ('PATH = "truth/videos.parquet"', False),
        ('def f(p):\n    return p / "truth"', False),
        ('def f(p):\n    return f"{p}/truth/{p}"', False),
        ('__import__("importlib").import_module("pipeline.world.truth")', False),
    ],
)
def test_a_planted_use_is_seen(tmp_path, line, is_import):
    for package in PACKAGES:
        (tmp_path / package).mkdir()
    (tmp_path / "captioner" / "gate.py").write_text(f'"""In truth: prose."""\n{line}\n')
    importing, naming = uses_of(tmp_path)
    assert (importing if is_import else naming) == {"captioner/gate.py"}


class Watch:
    """Sees which files of a folder any process opens while it lasts (Linux's inotify)."""

    OPENED = 0x20 | 0x01

    def __init__(self, folder):
        self.libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(self.libc, "inotify_init1"):
            pytest.skip("opened files are only seen on Linux")
        self.handle = self.libc.inotify_init1(os.O_NONBLOCK)
        assert self.libc.inotify_add_watch(self.handle, str(folder).encode(), self.OPENED) >= 0

    def opened(self):
        """Return the names of the files that were opened since the last call."""
        names = set()
        with contextlib.suppress(BlockingIOError):
            while events := os.read(self.handle, 65536):
                at = 0
                while at < len(events):
                    length = struct.unpack_from("iIII", events, at)[3]
                    names.add(events[at + 16 : at + 16 + length].rstrip(b"\0").decode())
                    at += 16 + length
        return names - {""}  # the folder itself: listing it is no harm


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sealed") / "footage"
    draw_footage(folder, num_videos=2, seed=3)
    return folder


def rushes(code, *arguments, cwd):
    code = f"import sys\n{code}\nfrom orchestration.cli import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_the_truth_is_not_footage(footage):
    assert len(find_files([footage])) == 2
    assert all(TRUTH_FOLDER not in found.path.split("/")[-2] for found in find_files([footage]))


PLANTED_READ = """
import pipeline.ingest
from schemas.errors import UserError
def find_files(paths):
    import pyarrow.parquet
    pyarrow.parquet.read_table(next(paths[0].rglob("shots.parquet")))
    raise UserError("far enough", "")
pipeline.ingest.find_files = find_files
"""


def test_a_planted_read_is_seen(footage, tmp_path):
    watch = Watch(footage / TRUTH_FOLDER)
    done = rushes(PLANTED_READ, "curate", footage, "--catalog", tmp_path / "catalog", cwd=tmp_path)
    assert "far enough" in done.stderr
    assert watch.opened() == {"shots.parquet"}
    assert watch.opened() == set()


@pytest.mark.ray
@pytest.mark.slow
def test_curation_and_captioning_do_not_open_the_truth(footage, tmp_path):
    """In no process: Ray's workers are watched too, and readers that are not Python's."""
    recipe = tmp_path / "recipe.toml"
    paths = json.dumps([str(footage)])
    recipe.write_text(f'[input]\npaths = {paths}\n\n[caption]\nbackend = "measured"\n')
    watch = Watch(footage / TRUTH_FOLDER)
    catalog = tmp_path / "catalog"
    done = rushes("", "run", recipe, "--catalog", catalog, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert watch.opened() == set()
    funnel = json.loads(done.stdout)["funnel"]
    assert sum(row["num_clips"] for row in funnel if row["stage"] == "kept") > 0
    assert list((catalog).rglob("captions")), done.stderr
    # The watch still works: measuring opens every table.
    done = rushes(
        "", "report", "--catalog", catalog, "--truth", footage, "-o", tmp_path / "r.html",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert watch.opened() == {f"{name}.parquet" for name in TABLES}
