"""The command line as a person meets it: clear errors, nothing written by mistake, clean output."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import typer.main

from orchestration.cli import app, main
from orchestration.curate import Plan
from orchestration.recipe import Recipe
from pipeline.ingest import find_files
from pipeline.stage import score_work_id, split_work_id, survey_work_id
from schemas.catalog import Catalog
from schemas.ids import new_run_id

VERBS = sorted(typer.main.get_command(app).commands)
HEAVY = ("torch", "ray", "av", "cv2", "duckdb", "pyarrow", "numpy", "decord", "scenedetect")


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Rushes = Callable[..., Result]


@pytest.fixture
def rushes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Rushes:
    """Run the command in this process, in an empty current folder."""
    monkeypatch.chdir(tmp_path)

    def run(*args: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["rushes", *map(str, args)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as leave:
            code = leave.code if isinstance(leave.code, int) else 0 if leave.code is None else 1
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


def hash_of(folder: Path) -> str:
    """One hash over every name and every byte under a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(str(path.relative_to(folder)).encode())
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def assert_one_error(result: Result, *words: str) -> None:
    """The user sees `error:` and `hint:`, once each, and no traceback."""
    assert result.code == 1, result
    assert result.out == ""
    lines = result.err.splitlines()
    assert lines[0].startswith("error: ")
    assert sum(line.startswith("error: ") for line in lines) == 1
    assert sum(line.startswith("hint: ") for line in lines) == 1
    assert "Traceback" not in result.err
    for word in words:
        assert word in result.err, (word, result.err)


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """A folder with one file that the listing takes for a video; nobody opens it here."""
    folder = tmp_path / "footage"
    folder.mkdir()
    (folder / "a.mp4").write_bytes(b"not a video")
    return folder


# -- wrong use of what makes a catalogue: one error, and no catalogue appears ------------------


def _recipe(text: str | bytes) -> Callable[[Path], None]:
    data = text if isinstance(text, bytes) else text.encode()
    return lambda folder: (folder / "r.toml").write_bytes(data) and None


def _nothing(_: Path) -> None:
    return None


WRONG_CURATE = [
    pytest.param(
        _recipe("[split]\ntreshold = 2\n"),
        ["--recipe", "r.toml"],
        ["unknown setting `split.treshold`", "r.toml", "adaptive_threshold"],
        id="an unknown setting in a recipe names the nearest",
    ),
    pytest.param(
        _recipe("[jugde]\nmotion_min = 2\n"),
        ["--recipe", "r.toml"],
        ["unknown setting `jugde`", "did you mean `judge`?"],
        id="an unknown section names the nearest",
    ),
    pytest.param(
        _nothing,
        ["--set", "judge.motion_mim=3"],
        ["unknown setting `judge.motion_mim`", "did you mean `judge.motion_min`?"],
        id="an unknown setting in --set names the nearest",
    ),
    pytest.param(
        _nothing,
        ["--set", "judge.xyzzy=3"],
        ["unknown setting `judge.xyzzy`", "known: "],
        id="a setting unlike any lists those that exist",
    ),
    pytest.param(
        _nothing,
        ["--set", "judge.motion_min=fast"],
        ["judge.motion_min", "fast"],
        id="a word where a number belongs",
    ),
    pytest.param(
        _nothing,
        ["--set", "judge.dark_share_max=1.5"],
        ["judge.dark_share_max", "1.5"],
        id="a number out of bounds",
    ),
    pytest.param(_nothing, ["--set", "judge"], ["--set judge"], id="a --set without a value"),
    pytest.param(_nothing, ["--set", "judge.b.c=1"], ["judge.b"], id="a --set that is too deep"),
    pytest.param(_nothing, ["--recipe", "r.toml"], ["no recipe r.toml"], id="a missing recipe"),
    pytest.param(
        _recipe("split = [\n"), ["--recipe", "r.toml"], ["not TOML"], id="a recipe that is no TOML"
    ),
    pytest.param(
        _recipe(b"\xff\xfe\x00\x01"),
        ["--recipe", "r.toml"],
        ["not a text file"],
        id="a binary recipe",
    ),
]


@pytest.mark.parametrize(("prepare", "options", "words"), WRONG_CURATE)
def test_wrong_settings_write_nothing(
    rushes: Rushes,
    tmp_path: Path,
    footage: Path,
    prepare: Callable[[Path], None],
    options: list[str],
    words: list[str],
) -> None:
    prepare(tmp_path)
    result = rushes("curate", footage, "--catalog", "new", *options)
    assert_one_error(result, *words)
    assert not (tmp_path / "new").exists()


def _empty_folder(folder: Path) -> None:
    (folder / "in").mkdir()


def _folder_of_notes(folder: Path) -> None:
    (folder / "in").mkdir()
    (folder / "in" / "notes.txt").write_text("no video")
    (folder / "in" / ".hidden.mp4").write_bytes(b"hidden")


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        pytest.param(_nothing, ["no such file or folder: in"], id="a missing folder"),
        pytest.param(_empty_folder, ["no video files in in"], id="an empty folder"),
        pytest.param(_folder_of_notes, ["no video files in in"], id="a folder without videos"),
    ],
)
def test_wrong_footage_writes_nothing(
    rushes: Rushes, tmp_path: Path, prepare: Callable[[Path], None], words: list[str]
) -> None:
    prepare(tmp_path)
    assert_one_error(rushes("curate", "in", "--catalog", "new"), *words)
    (tmp_path / "r.toml").write_text('[input]\npaths = ["in"]\n')
    assert_one_error(rushes("run", "r.toml", "--catalog", "new"), *words)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("option", "word"), [("--form", "scenes"), ("--split", "held_out")], ids=["form", "split"]
)
def test_footage_of_an_unknown_kind_is_not_drawn(
    rushes: Rushes, tmp_path: Path, option: str, word: str
) -> None:
    assert_one_error(rushes("world", "new", "--videos", 1, option, "film"), "'film'", word)
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_that_names_no_footage_writes_nothing(rushes: Rushes, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text("[judge]\nmotion_min = 1\n")
    assert_one_error(rushes("run", "r.toml", "--catalog", "new"), "names no footage")
    assert not (tmp_path / "new").exists()


def test_a_recipe_with_an_unknown_captioner_is_refused_before_any_work(
    rushes: Rushes, tmp_path: Path, footage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.plan.curate", _must_not_run)
    (tmp_path / "r.toml").write_text(
        f'[input]\npaths = ["{footage}"]\n[caption]\nbackend = "nobody"\n'
    )
    assert_one_error(rushes("run", "r.toml", "--catalog", "new"), "nobody", "measured")
    assert not (tmp_path / "new").exists()


def test_a_recipe_that_trains_on_no_dataset_is_refused_before_any_work(
    rushes: Rushes, tmp_path: Path, footage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.plan.curate", _must_not_run)
    (tmp_path / "r.toml").write_text(f'[input]\npaths = ["{footage}"]\n[train]\nsteps = 1\n')
    assert_one_error(rushes("run", "r.toml", "--catalog", "new"), "[freeze]")
    assert not (tmp_path / "new").exists()


def _must_not_run(*_: object) -> None:
    raise AssertionError("curation was started")


# -- wrong places for a catalogue --------------------------------------------------------------


def test_a_catalogue_that_is_a_file_is_refused(
    rushes: Rushes, tmp_path: Path, footage: Path
) -> None:
    (tmp_path / "taken").write_text("mine")
    assert_one_error(rushes("curate", footage, "--catalog", "taken"), "not a folder", "--catalog")
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_folder_of_other_things_is_refused(rushes: Rushes, tmp_path: Path, footage: Path) -> None:
    before = hash_of(footage)
    assert_one_error(rushes("curate", footage, "--catalog", footage), "not empty", "--catalog")
    assert hash_of(footage) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_cannot_be_written_is_refused(
    rushes: Rushes, tmp_path: Path, footage: Path, make: Any
) -> None:
    shut = tmp_path / "shut"
    shut.mkdir()
    shut.chmod(0o555)
    try:
        result = rushes("curate", footage, "--catalog", shut / "new")
        assert_one_error(result, "cannot write the catalogue")
        assert list(shut.iterdir()) == []
    finally:
        shut.chmod(0o755)
    root = make.catalog(tmp_path / "read_only", names=["a"]).root
    root.chmod(0o555)
    try:
        assert_one_error(rushes("curate", footage, "--catalog", root), "read-only")
    finally:
        root.chmod(0o755)


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        pytest.param(b'{"format_version": 9999}', ["format 9999", "update"], id="newer format"),
        pytest.param(b"{", ["damaged"], id="cut off"),
        pytest.param(b"[]", ["damaged"], id="other JSON"),
        pytest.param(b"\xff\x00", ["damaged"], id="no text"),
        pytest.param(
            b'{"format_version": "one"}',
            ["damaged"],
            id="no number",
        ),
    ],
)
@pytest.mark.parametrize("verb", ["curate", "sql", "funnel", "report"])
def test_a_catalogue_of_another_kind_is_left_alone(
    rushes: Rushes, tmp_path: Path, footage: Path, verb: str, mark: bytes, words: list[str]
) -> None:
    root = tmp_path / "old"
    root.mkdir()
    (root / "catalog.json").write_bytes(mark)
    before = hash_of(root)
    extra = {"curate": [footage], "sql": ["select 1"]}.get(verb, [])
    assert_one_error(rushes(verb, *extra, "--catalog", root), *words)
    assert hash_of(root) == before


@pytest.mark.parametrize(
    "command",
    [
        ["sql", "select 1"],
        ["funnel"],
        ["caption"],
        ["freeze", "first"],
        ["train", "generator", "--dataset", "first"],
        ["sample", "A red circle.", "--checkpoint", "ckpt_0"],
        ["report"],
    ],
    ids=lambda command: command[0],
)
def test_a_missing_catalogue_is_not_made(
    rushes: Rushes, tmp_path: Path, command: list[str]
) -> None:
    assert_one_error(rushes(*command), "no catalogue at catalog", "rushes curate")
    assert list(tmp_path.iterdir()) == []


def test_the_shipped_generator_samples_where_there_is_no_catalogue(
    rushes: Rushes, tmp_path: Path
) -> None:
    done = rushes("sample", "A red circle.", "--size", "32x32", "--seconds", "0.5", "-o", "out.mp4")
    assert done.code == 0, done.err
    assert (tmp_path / "out.mp4").stat().st_size > 0
    assert (tmp_path / "catalog").is_dir()


# -- wrong questions to a catalogue that is there ----------------------------------------------

WRONG_QUESTIONS = [
    pytest.param(["sql", "selec 1"], ["the SQL is not right"], id="bad SQL"),
    pytest.param(["sql", ""], ["one statement"], id="no SQL"),
    pytest.param(["sql", "select 1; select 2"], ["one statement"], id="two statements"),
    pytest.param(["sql", "drop view clips"], ["only SELECT"], id="SQL that drops"),
    pytest.param(["sql", "insert into clips select * from clips"], ["only SELECT"], id="inserts"),
    pytest.param(["sql", "copy clips to 'x.csv'"], ["only SELECT"], id="SQL that writes a file"),
    pytest.param(
        ["sql", "select * from read_text('catalog/catalog.json')"],
        ["outside the catalogue"],
        id="SQL that reads a file",
    ),
    pytest.param(
        ["sql", "select * from clipz"], ["clipz", "tables:", "views:"], id="an unknown table"
    ),
    pytest.param(["sql", "select nope from clips"], ["nope"], id="an unknown column"),
    pytest.param(
        ["sql", "select 1", "--snapshot", "snap_0"], ["no snapshot `snap_0`"], id="a snapshot"
    ),
    pytest.param(["sql", "select 1", "-o", "no/where.txt"], ["cannot write"], id="a bad -o"),
    pytest.param(
        ["funnel", "--set", "split.min_clip_s=2"], ["what-if"], id="a what-if of another stage"
    ),
    pytest.param(
        ["funnel", "--set", "judge.motion_mim=2"],
        ["did you mean `judge.motion_min`?"],
        id="a what-if with an unknown rule",
    ),
    pytest.param(
        ["funnel", "--set", "judge.motion_min=inf"],
        ["judge.motion_min"],
        id="a what-if with an endless number",
    ),
    pytest.param(["freeze", "a/b"], ["no name for a dataset"], id="a name that is a path"),
    pytest.param(["freeze", "x", "--where", "motion >"], ["SQL"], id="a wrong condition"),
    pytest.param(
        ["freeze", "x", "--where", "false"], ["no clip meets the condition"], id="no clip at all"
    ),
    pytest.param(
        ["train", "generator", "--dataset", "nope"], ["no dataset `nope`"], id="unknown dataset"
    ),
    pytest.param(
        ["train", "generator", "--dataset", ".."], ["no dataset `..`"], id="a dataset upwards"
    ),
    pytest.param(
        ["train", "boat", "--dataset", "nope"], ["trains a boat"], id="nothing to be trained"
    ),
    pytest.param(
        ["sample", "A red circle.", "--checkpoint", "ckpt_0"],
        ["no checkpoint `ckpt_0`"],
        id="unknown checkpoint",
    ),
    pytest.param(["sample", "A.", "--size", "big"], ["--size big", "128x72"], id="no size"),
    pytest.param(["sample", "A.", "--size", "64"], ["--size 64"], id="half a size"),
    pytest.param(["sample", "A.", "--size", "0x64"], ["sample.width_px"], id="no width"),
    pytest.param(
        ["sample", "A.", "--size", "\u00b2x\u00b2"],
        ["--size"],
        id="digits that are no numbers",
    ),
    pytest.param(["sample", "A.", "--seconds", "0"], ["sample.seconds"], id="no length"),
    pytest.param(
        ["sample", "A.", "--seconds", "inf"],
        ["sample.seconds"],
        id="endless",
    ),
    pytest.param(
        ["caption", "--backend", "nobody"], ["`caption.backend`", "'measured'"], id="nobody"
    ),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, make: Any) -> Path:
    """A catalogue of two videos; nothing may change it."""
    root: Path = make.catalog(tmp_path_factory.mktemp("small") / "catalog", names=["a", "b"]).root
    return root


@pytest.mark.parametrize(("command", "words"), WRONG_QUESTIONS)
def test_wrong_questions_change_nothing(
    rushes: Rushes, small: Path, tmp_path: Path, command: list[str], words: list[str]
) -> None:
    before = hash_of(small)
    assert_one_error(rushes(*command, "--catalog", small), *words)
    assert hash_of(small) == before
    assert list(tmp_path.iterdir()) == []


# -- wrong calls, help and speed ---------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ["frobnicate"],
        ["curate"],
        ["curate", "x", "--frobnicate"],
        ["world", "x", "--videos", "0"],
        ["world", "x", "--videos", "many"],
        ["world", "x", "--workers", "0"],
        ["train", "generator"],
        ["sample"],
        ["sql", "select 1", "--format", "xml"],
        ["sql", "select 1", "--timeout", "0"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_leaves_with_two(rushes: Rushes, tmp_path: Path, command: list[str]) -> None:
    result = rushes(*command)
    assert result.code == 2
    assert result.out == ""
    assert "rror" in result.err and "Traceback" not in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(rushes: Rushes, verb: str) -> None:
    result = rushes(verb, "--help")
    assert result.code == 0 and result.err == ""
    assert f"Example: rushes {verb}" in result.out


def test_help_needs_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from orchestration.cli import main\n"
        f"for verb in {VERBS!r}:\n"
        "    sys.argv = ['rushes', verb, '--help']\n"
        "    try:\n"
        "        main()\n"
        "    except SystemExit as leave:\n"
        "        assert not leave.code, verb\n"
        f"sys.stderr.write(' '.join(m for m in {HEAVY!r} if m in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


# -- what comes out ----------------------------------------------------------------------------


def test_a_what_if_changes_the_numbers_and_writes_nothing(
    rushes: Rushes, tmp_path: Path, make: Any
) -> None:
    catalog = make.catalog(tmp_path / "catalog", names=["a", "b"])
    before = hash_of(catalog.root)
    as_is = json.loads(rushes("funnel", "--json").out)
    what_if = json.loads(rushes("funnel", "--set", "judge.motion_min=21", "--json").out)

    def num(rows: list[dict[str, Any]], reason: str) -> int:
        return sum(row["num_clips"] for row in rows if row["reason"] == reason)

    assert (num(as_is, "kept"), num(as_is, "too_static")) == (4, 0)
    assert (num(what_if, "kept"), num(what_if, "too_static")) == (0, 4)
    inside = json.loads(rushes("funnel", "--set", "judge.motion_min=20", "--json").out)
    assert num(inside, "kept") == 4, "a clip at the limit is kept"
    assert hash_of(catalog.root) == before


@pytest.mark.parametrize("layout", ["table", "csv", "json", "parquet"])
def test_sql_writes_a_file_and_says_nothing(
    rushes: Rushes, small: Path, tmp_path: Path, layout: str
) -> None:
    query = "select reason, count(*) as num from verdicts group by reason"
    to_file = rushes("sql", query, "--catalog", small, "--format", layout, "-o", "result")
    assert to_file == Result(0, "", "")
    assert (tmp_path / "result").stat().st_size > 0
    if layout in {"table", "csv", "json"}:
        to_stdout = rushes("sql", query, "--catalog", small, "--format", layout)
        assert to_stdout == Result(0, (tmp_path / "result").read_text(), "")


def test_messages_go_to_stderr_and_data_to_stdout(
    rushes: Rushes, tmp_path: Path, make: Any
) -> None:
    make.catalog(tmp_path / "catalog", names=["a"])
    said = rushes("freeze", "first")
    assert said.code == 0 and said.out == "" and "2 clips" in said.err
    printed = rushes("freeze", "first", "--json")
    assert printed.code == 0 and printed.err == ""
    assert json.loads(printed.out)["num_clips"] == 2


def test_freezing_again_changes_nothing_and_other_rows_need_another_name(
    rushes: Rushes, tmp_path: Path, make: Any
) -> None:
    catalog = make.catalog(tmp_path / "catalog", names=["a"])
    first = json.loads(rushes("freeze", "first", "--json").out)
    kept = [catalog.root / "tables", catalog.root / "datasets"]
    before = [hash_of(folder) for folder in kept]
    again = json.loads(rushes("freeze", "first", "--json").out)
    assert again["dataset_id"] == first["dataset_id"]
    assert [hash_of(folder) for folder in kept] == before
    clash = rushes("freeze", "first", "--where", "start_frame < 100")
    assert_one_error(clash, "stands for other rows", "new name")
    assert [hash_of(folder) for folder in kept] == before


def test_freezing_again_writes_no_further_snapshot(
    rushes: Rushes, tmp_path: Path, make: Any
) -> None:
    catalog = make.catalog(tmp_path / "catalog", names=["a"])
    first = json.loads(rushes("freeze", "first", "--json").out)
    before = hash_of(catalog.root)
    assert json.loads(rushes("freeze", "first", "--json").out) == first
    assert_one_error(rushes("freeze", "first", "--where", "start_frame < 100"))
    assert hash_of(catalog.root) == before


def test_a_reader_that_leaves_early_hears_nothing_of_it(small: Path) -> None:
    script = Path(sys.executable).with_name("rushes")
    query = "select range as number, 'x' as filler from range(200000)"
    process = subprocess.Popen(
        [str(script), "sql", query, "--format", "csv", "--catalog", str(small)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) in (0, 1)


# -- the ledger at the end of a run ------------------------------------------------------------


def _curated(root: Path, footage: Path, make: Any, *, is_whole: bool) -> None:
    """Write what curating one file leaves behind; where it is not whole, an offcut is missing."""
    plan = Plan(Recipe())
    (found,) = find_files([footage])
    video = make.video("a")
    hashes = {"survey": plan.survey, "split": plan.split, "score": plan.score}
    offcut = replace(make.offcut(video, 0, 240, "too_short"), settings_hash=plan.split)
    works = [
        replace(
            make.work(
                "ingest",
                sources=[replace(make.source(video, found.path))],
                videos=[video],
            ),
            work_id=found.work_id,
        ),
        replace(
            make.work(
                "survey",
                "survey",
                plan.survey,
                surveys=[make.survey(video, survey_version=plan.survey)],
            ),
            work_id=survey_work_id(video.video_id, plan.survey),
        ),
        replace(
            make.work("split", "split", plan.split, offcuts=[offcut] if is_whole else []),
            work_id=split_work_id(video.video_id, plan.split),
        ),
        replace(
            make.work("score", "score", plan.score),
            work_id=score_work_id(video.video_id, plan.score, plan.split),
        ),
        make.work("choose", "choose", choices=make.chosen(**hashes)),
    ]
    Catalog.create(root).commit(works, new_run_id())


def test_a_run_that_balances_leaves_with_zero(
    rushes: Rushes, tmp_path: Path, footage: Path, make: Any
) -> None:
    _curated(tmp_path / "catalog", footage, make, is_whole=True)
    result = rushes("curate", footage, "--json")
    assert result.code == 0, result.err
    ledger = json.loads(result.out)["ledger"]
    assert ledger["is_balanced"] and ledger["too_short_s"] == 10.0


def test_a_run_that_does_not_balance_leaves_with_three(
    rushes: Rushes, tmp_path: Path, footage: Path, make: Any
) -> None:
    _curated(tmp_path / "catalog", footage, make, is_whole=False)
    result = rushes("curate", footage)
    assert result.code == 3
    assert "ledger: 1 videos whose clips and offcuts do not tile them" in result.err
    assert result.out.startswith("stage"), "the funnel is shown all the same"
    as_json = rushes("curate", footage, "--json")
    assert as_json.code == 3
    assert not json.loads(as_json.out)["ledger"]["is_balanced"]
