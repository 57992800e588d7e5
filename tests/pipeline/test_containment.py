"""Functions to be run in the child live in our packages or in the standard library."""

import ctypes
import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pipeline.containment import Contained
from pipeline.media import probe
from schemas.errors import MediaError
from schemas.ids import content_id
from schemas.timing import Span


@pytest.fixture(scope="module")
def child():
    with Contained(memory_limit_mb=2048) as contained:
        contained.call(content_id, 30, "warm", "up")
        yield contained


def failure(child, function, timeout_s, *args):
    with pytest.raises(MediaError) as error:
        child.call(function, timeout_s, *args)
    return error.value


def is_alive(pid):
    try:
        with Path(f"/proc/{pid}/stat").open() as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_result_comes_back_as_it_is(child):
    assert child.call(content_id, 30, "clip", "a", 1) == content_id("clip", "a", 1)


def test_one_child_survives_many_calls(child):
    pids = {child.call(os.getpid, 30) for _ in range(50)}
    assert len(pids) == 1
    assert pids != {os.getpid()}


def test_arguments_and_results_may_be_large(child):
    data = bytes(range(256)) * 100_000
    assert child.call(bytes, 30, data) == data


def test_a_function_that_sleeps_is_killed_in_time(child):
    pid = child.call(os.getpid, 30)
    started = time.monotonic()
    error = failure(child, time.sleep, 0.5, 60)
    assert error.reason == "timeout"
    assert time.monotonic() - started < 5
    assert not is_alive(pid)
    assert child.call(os.getpid, 30) != pid


def test_a_function_that_crashes_names_the_signal(child):
    error = failure(child, ctypes.string_at, 30, 0)
    assert (error.reason, error.message) == ("crashed", "the decoding process ended with signal 11")
    assert child.call(content_id, 30, "a", "b")


def test_a_function_that_exits_names_the_status(child):
    error = failure(child, os._exit, 30, 3)
    assert (error.reason, error.message) == (
        "crashed",
        "the decoding process ended with exit status 3",
    )


def test_a_function_that_eats_memory_is_stopped(child):
    error = failure(child, bytearray, 30, 4 << 30)
    assert error.reason == "out_of_memory"
    assert child.call(content_id, 30, "a", "b")


def test_what_a_function_prints_does_not_get_into_the_answers(child):
    assert child.call(print, 30, "x" * 100_000) is None
    assert child.call(os.write, 30, 1, b"raw bytes\n") == 10
    assert child.call(content_id, 30, "a", "b") == content_id("a", "b")


def test_a_media_error_keeps_its_reason(child, tmp_path):
    assert failure(child, probe, 30, tmp_path / "none.mp4").reason == "file_missing"


def test_any_other_error_is_told(child):
    error = failure(child, Span, 30, 5, 5)
    assert error.reason == "decode_error"
    assert "ValueError" in error.message
    assert "a span is not empty" in error.message


def test_a_result_that_cannot_travel_is_an_error(child):
    assert failure(child, io.BytesIO().getbuffer().__class__, 30, b"x").reason == "decode_error"
    assert child.call(content_id, 30, "a", "b")


def test_closing_ends_the_child_and_a_call_starts_another():
    contained = Contained()
    pid = contained.call(os.getpid, 30)
    contained.close()
    contained.close()
    assert not is_alive(pid)
    assert contained.call(os.getpid, 30) != pid
    contained.close()


def test_the_child_dies_with_its_parent(repository):
    script = """
    import os, time
    from pipeline.containment import Contained
    contained = Contained()
    print(contained.call(os.getpid, 30), flush=True)
    contained.call(time.sleep, 60, 60)
    """
    parent = subprocess.Popen(
        [sys.executable, "-P", "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": str(repository)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        pid = int(parent.stdout.readline())
        time.sleep(0.2)
        assert is_alive(pid)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
    deadline = time.monotonic() + 2
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(pid)


HOSTILE = 'import pathlib; pathlib.Path(__file__).with_name("was_here").touch()\n'

START = """
import sys
from pathlib import Path
{body}
"""

IN_CHILD = """
from pipeline.containment import Contained
from pipeline.media import probe
from schemas.errors import MediaError
with Contained() as child:
    try:
        child.call(probe, 30, Path("nothing.mp4"))
    except MediaError as error:
        print(error.reason)
"""

IN_RAY = """
from orchestration.cluster import ray_session
from pipeline.stage import run_workers, IngestWorker
from pipeline.ingest import IngestSettings, FoundFile
with ray_session(None, 1):
    found = FoundFile(path=str(Path("nothing.mp4").resolve()), num_bytes=1, modified_us=1)
    arguments = {"settings": IngestSettings(), "run_id": "run_1"}
    works = list(run_workers([found], IngestWorker, arguments, num_workers=1))
    print(works[0].rows["failures"][0].reason)
"""


@pytest.mark.parametrize(
    ("body", "printed"),
    [
        pytest.param(IN_CHILD, "file_missing", id="child"),
        pytest.param(IN_RAY, "not_readable", id="ray", marks=pytest.mark.ray),
    ],
)
def test_a_strangers_package_in_the_current_directory_is_not_imported(
    tmp_path, repository, body, printed
):
    for package in ("pipeline", "schemas"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(HOSTILE)
        (tmp_path / package / "containment.py").write_text(HOSTILE)
    (tmp_path / "av.py").write_text(HOSTILE)
    done = subprocess.run(
        [sys.executable, "-P", "-c", START.format(body=body)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.strip().splitlines()[-1:] == [printed], done.stderr
    assert not list(tmp_path.rglob("was_here"))
