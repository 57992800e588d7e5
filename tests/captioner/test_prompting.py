import re

import numpy as np
import pytest

from captioner.prompting import (
    caption_prompt,
    language_name,
    load_prompt,
    prompts_hash,
    summary_prompt,
)
from captioner.request import Attempt, CaptionRequest, StoredFrame
from schemas.frames import Frames


def request(**changes) -> CaptionRequest:
    values = {
        "request_id": "r",
        "clip_id": "c",
        "video_id": "v",
        "start_s": 10.0,
        "end_s": 14.5,
        "duration_s": 4.5,
        "width_px": 64,
        "height_px": 48,
        "fps": 8.0,
        "num_frames": 36,
        "scores": {},
        "frames": (StoredFrame(time_s=0.25, jpeg=b""), StoredFrame(time_s=2.0, jpeg=b"")),
    }
    return CaptionRequest(**values | changes)


def test_the_full_prompt_gives_times_duration_and_language() -> None:
    text = caption_prompt(request(), Attempt(), language="de").text
    assert "4.5 seconds" in text
    assert "0.25, 2 seconds" in text
    assert "German" in text
    assert "{{" not in text and "version:" not in text


def test_decoded_frames_win_over_stored_ones() -> None:
    pixels = np.zeros((3, 4, 4, 3), np.uint8)
    clip = Frames(pixels_THWC=pixels, times_s=np.array([0.0, 0.5, 1.0]))
    text = caption_prompt(
        request(clip=clip, frame_indices=(0, 4, 8)), Attempt(), language="en"
    ).text
    assert text.startswith("You are shown 3 frames") and "0, 0.5, 1 seconds" in text


@pytest.mark.parametrize("prompting", ["full", "simple", "prose"])
def test_the_remark_is_the_last_line(prompting) -> None:
    attempt = Attempt(prompting=prompting, remark="Be brief.")
    plain = caption_prompt(request(), Attempt(prompting=prompting), language="en")
    prompt = caption_prompt(request(), attempt, language="en")
    assert prompt.text == plain.text + "\nBe brief."
    assert prompt.sha256 == plain.sha256


def test_parts_are_data_and_never_filled_in() -> None:
    prompt = summary_prompt(["[0 s - 2 s] A sign: {{language}}\nEND"], Attempt(), language="en")
    assert "[0 s - 2 s] A sign: {{language}} END" in prompt.text


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("nothing", {}),
        ("../settings", {}),
        ("prose", {"language": "English"}),
        ("prose", {"language": "English", "num_frames": 1, "duration_s": 1, "colour": "red"}),
    ],
)
def test_a_wrong_name_or_value_is_an_error(name: str, values) -> None:
    with pytest.raises(ValueError, match="prompt"):
        load_prompt(name, **values)


def test_hashes_name_the_files_not_the_values() -> None:
    values = {"language": "English", "num_frames": 1}
    one = load_prompt("prose", duration_s=1, **values)
    two = load_prompt("prose", duration_s=2, **values)
    assert one.text != two.text and one.sha256 == two.sha256
    assert re.fullmatch("[0-9a-f]{64}", prompts_hash())


def test_languages_are_named_in_english() -> None:
    assert language_name("en-GB") == "English"
    assert language_name("zh-TW") == "Traditional Chinese"
    assert language_name("xx") == "xx"
