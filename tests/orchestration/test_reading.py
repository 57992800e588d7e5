"""`rushes read`: what the parser sees in a file, and nothing in other footage."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.reading import as_text, read_file
from pipeline.media import write_video
from pipeline.world.rushes_world import RushesWorld
from schemas.errors import UserError
from schemas.facts import Facts
from schemas.wording.read import read

SIZE = {"width_px": 128, "height_px": 96, "num_frames": 24, "fps": 12}


@pytest.fixture
def clip(tmp_path):
    drawn = RushesWorld().scene(seed=3, split="seen", kind="free", **SIZE)
    write_video(tmp_path / "clip.mp4", drawn.pixels_THWC, fps=12)
    return tmp_path / "clip.mp4", drawn.truth.facts


def test_a_drawn_clip_is_read_from_its_file(clip):
    path, facts = clip
    assert read_file(path) == facts
    assert read(as_text(facts)) == facts


def test_the_command_prints_a_description_or_json(clip):
    path, facts = clip
    text = CliRunner().invoke(app, ["read", str(path)])
    assert text.exit_code == 0
    assert read(text.stdout) == facts
    plain = json.loads(CliRunner().invoke(app, ["read", "--json", str(path)]).stdout)
    assert plain[0]["file"] == str(path)
    assert [item["colour"] for item in plain[0]["facts"]["objects"]] == [
        item.colour for item in facts.objects
    ]


def test_noise_and_files_that_are_no_video_are_told_apart(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (12, 64, 64, 3), dtype=np.uint8)
    write_video(tmp_path / "noise.mp4", noise, fps=12)
    assert read_file(tmp_path / "noise.mp4") == Facts()
    assert as_text(Facts()) == "nothing of the world can be read here"
    (tmp_path / "text.mp4").write_text("no video")
    for name in ("text.mp4", "missing.mp4"):
        with pytest.raises(UserError):
            read_file(tmp_path / name)


@pytest.mark.media
@pytest.mark.parametrize(
    "name", ["imageio_cockatoo.mp4", "mp_bbb_0_30.webm", "sam2_02_cups.mp4", "sam2_03_blocks.mp4"]
)
def test_real_footage_with_vivid_spots_is_not_of_the_world(media_folder, name):
    found = sorted(media_folder.rglob(name))
    assert found
    assert read_file(found[0]) == Facts()
