import pytest

from orchestration.report_parts.sample_reading import read_generated
from pipeline.media import Mp4Writer
from pipeline.world.rushes_world import RushesWorld
from schemas.wording.read import read
from schemas.wording.render import render


@pytest.fixture(scope="module")
def scene():
    return RushesWorld().draw_tracked(
        seed=3,
        split="seen",
        width_px=96,
        height_px=96,
        num_frames=16,
        fps=8.0,
        kind="free",
        num_objects=1,
    )


def written(root, scene, name="a"):
    Mp4Writer().write(root / f"{name}.mp4", scene.frames.pixels_THWC, fps=8.0)
    return {"sample_id": name, "path": f"{name}.mp4"}


def test_a_sample_that_shows_its_prompt_is_read_so(tmp_path, scene):
    prompt = render(scene.facts, length="medium")
    sample = written(tmp_path, scene) | {"prompt": prompt}
    found = read_generated(tmp_path, [sample])["a"]
    assert found.asked >= 5
    assert found.right == found.asked
    assert not found.wrong
    assert read(found.text).objects[0].colour == scene.facts.objects[0].colour


def test_what_a_sample_lacks_is_named(tmp_path, scene):
    item = scene.facts.objects[0]
    other = "blue" if item.colour != "blue" else "red"
    sample = written(tmp_path, scene) | {"prompt": f"A {other} {item.shape}."}
    found = read_generated(tmp_path, [sample])["a"]
    assert "colour" in found.wrong
    assert "shape" not in found.wrong
    assert found.right < found.asked


def test_other_prompts_and_broken_files_have_no_reading(tmp_path, scene):
    (tmp_path / "b.mp4").write_bytes(b"\0\0\0\x18ftypmp42 and no more")
    samples = [
        written(tmp_path, scene) | {"prompt": "Rain on a window at night."},
        {"sample_id": "b", "path": "b.mp4", "prompt": "A red circle moves left."},
    ]
    assert read_generated(tmp_path, samples) == {}
