import io
import json
import math
import re

import numpy as np
import pytest
from PIL import Image, ImageDraw

from captioner.backend import load_backend
from captioner.caption import StructuredCaption
from captioner.measured.colours import ACHROMATIC, NAMES
from captioner.measured.wording import SENTENCES
from captioner.request import Attempt, CaptionRequest
from captioner.settings import CaptionSettings
from tests.captioner.drawings import DARK_GREEN, GREY, RED, draw_disc, make_request, to_jpeg

HUES = [name for name in NAMES if name not in ACHROMATIC]


def describe(request: CaptionRequest) -> StructuredCaption:
    (answer,) = load_backend("measured", CaptionSettings()).answer([request], Attempt())
    assert answer.status == "ok"
    assert answer.request_id == request.request_id
    assert answer.caption is not None
    return answer.caption


def caption(request: CaptionRequest) -> dict[str, str]:
    found = describe(request)
    return {
        "short": found.short,
        "medium": found.medium,
        "long": found.long,
        "structured": json.dumps(found.details),
    }


def facts(request: CaptionRequest) -> dict:
    return describe(request).details


def walk(
    dx: float, dy: float, x: float = 0.5, y: float = 0.5, count: int = 4, colour=RED
) -> list[bytes]:
    """Frames of a disc that goes (dx, dy) of the frame in all, through (x, y)."""
    ways = np.linspace(-0.5, 0.5, count)
    return [draw_disc(DARK_GREEN, colour, x + dx * k, y + dy * k) for k in ways]


@pytest.mark.parametrize(
    ("dx", "dy", "motion", "phrase"),
    [
        (0.4, 0.0, "right", "to the right"),
        (-0.4, 0.0, "left", "to the left"),
        (0.0, -0.5, "up", "upwards"),
        (0.0, 0.5, "down", "downwards"),
        (0.28, 0.5, "down and to the right", "down and to the right"),
        (-0.28, -0.5, "up and to the left", "up and to the left"),
    ],
)
def test_the_way_of_an_area_is_stated(dx: float, dy: float, motion: str, phrase: str) -> None:
    texts = caption(make_request(walk(dx, dy)))
    area = json.loads(texts["structured"])["areas"][0]
    assert (area["colour"], area["motion"]) == ("red", motion)
    for kind in ("short", "medium", "long"):
        assert phrase in texts[kind]
        assert "red" in texts[kind]
    assert "dark green" in texts["short"]


def test_a_turning_area_moves_there_and_back() -> None:
    frames = [draw_disc(DARK_GREEN, RED, x) for x in (0.3, 0.5, 0.7, 0.5, 0.3)]
    assert facts(make_request(frames))["areas"][0]["motion"] == "about"


@pytest.mark.parametrize("dx", [0.035, -0.045])
def test_a_way_near_the_limit_is_not_stated(dx: float) -> None:
    assert "motion" not in facts(make_request(walk(dx, 0.0)))["areas"][0]


def test_a_direction_between_two_is_not_stated() -> None:
    # 0.4 of the width across and 0.3 of the height down: tan is 0.42, between the sectors.
    assert "motion" not in facts(make_request(walk(0.4, 0.3)))["areas"][0]


def test_an_area_is_not_said_to_move_when_the_camera_may() -> None:
    for scores in ({"camera_motion": 0.05, "pan_x": 0.05}, {"camera_motion": 0.035}):
        assert "motion" not in facts(make_request(walk(0.4, 0.0), **scores))["areas"][0]


def test_an_area_that_is_being_covered_does_not_move() -> None:
    frames = []
    for right in (0.7, 0.6, 0.5, 0.42):
        picture = Image.new("RGB", (256, 144), DARK_GREEN)
        ImageDraw.Draw(picture).rectangle((90, 50, 256 * right, 90), fill=RED)
        frames.append(to_jpeg(picture))
    assert "motion" not in facts(make_request(frames))["areas"][0]


@pytest.mark.parametrize(
    ("x", "y", "place"),
    [
        (0.5, 0.5, "in the centre"),
        (0.2, 0.5, "on the left"),
        (0.8, 0.2, "at the upper right"),
        (0.5, 0.8, "at the bottom"),
        (0.35, 0.5, None),
        (0.2, 0.36, None),
    ],
)
def test_a_place_is_stated_only_when_clear(x: float, y: float, place: str | None) -> None:
    area = facts(make_request([draw_disc(GREY, RED, x, y)] * 3))["areas"][0]
    assert area.get("place") == place
    assert area["motion"] == "none"


@pytest.mark.parametrize(
    ("radius", "size"), [(0.06, "small"), (0.073, None), (0.10, None), (0.16, "large")]
)
def test_a_size_is_stated_only_when_clear(radius: float, size: str | None) -> None:
    areas = facts(make_request([draw_disc(GREY, RED, radius=radius)]))["areas"]
    assert areas[0].get("size") == size


@pytest.mark.parametrize("colour", [(122, 118, 120), (150, 120, 120), (110, 125, 110)])
def test_what_hardly_differs_from_the_background_does_not_stand_out(colour) -> None:
    assert "areas" not in facts(make_request([draw_disc(GREY, colour)] * 2))


def test_an_area_that_comes_and_goes_is_not_spoken_of() -> None:
    seen, gone = draw_disc(GREY, RED), draw_disc(GREY, None)
    assert "areas" not in facts(make_request([seen, gone, seen, gone]))
    assert "areas" in facts(make_request([seen, seen, seen, gone]))


def test_specks_and_backgrounds_are_no_areas() -> None:
    for radius in (0.015, 0.3):
        assert "areas" not in facts(make_request([draw_disc(GREY, RED, radius=radius)] * 2))


def test_greyscale_footage_has_no_hue() -> None:
    frames = []
    for k in range(3):
        ramp = np.tile(np.linspace(20 + 40 * k, 220, 256, dtype=np.uint8), (144, 1))
        frames.append(to_jpeg(Image.fromarray(ramp).convert("RGB")))
    texts = caption(make_request(frames, saturation=0.5))
    whole = " ".join(texts.values())
    assert not re.search(rf"\b({'|'.join(HUES)})\b", whole)
    assert "black-and-white" in texts["short"]
    assert json.loads(texts["structured"])["palette"] == "greyscale"


def test_a_black_clip_has_neither_hue_nor_palette() -> None:
    noise = np.random.default_rng(1).integers(0, 9, (3, 144, 256, 3)).astype(np.uint8)
    frames = [to_jpeg(Image.fromarray(pixels)) for pixels in noise]
    found = facts(make_request(frames, brightness=4.0, contrast=1.3, saturation=225.0))
    assert found["light"] == "black"
    assert not found.keys() & {"palette", "colours", "areas", "camera", "background"}


def test_bars_are_not_a_colour_of_the_picture() -> None:
    picture = Image.new("RGB", (256, 144), (0, 0, 0))
    picture.paste((60, 120, 220), (32, 0, 224, 144))
    found = facts(make_request([to_jpeg(picture)] * 2, border_share=0.25, dark_share=0.25))
    assert list(found["colours"]) == ["blue"]
    assert found["bars"] == "sides"


def test_light_behind_bars_is_read_from_the_picture_not_from_the_score() -> None:
    picture = Image.new("RGB", (256, 144), (0, 0, 0))
    picture.paste((230, 230, 230), (64, 0, 192, 144))
    barred = {"border_share": 0.5, "dark_share": 0.6, "brightness": 55.0}
    found = facts(make_request([to_jpeg(picture)] * 2, **barred))
    assert found["light"] == "bright"
    assert "half_is_black" not in found
    assert "light" not in facts(make_request(**barred))


def test_the_light_is_seen_to_change_one_way_only() -> None:
    def levels(*values: int) -> list[bytes]:
        return [draw_disc((v, v, v), None) for v in values]

    assert facts(make_request(levels(40, 70, 100)))["light_change"] == "brighter"
    assert facts(make_request(levels(140, 110, 80)))["light_change"] == "darker"
    assert facts(make_request(levels(100, 101, 99)))["light_change"] == "steady"
    assert "light_change" not in facts(make_request(levels(100, 150, 60, 130)))
    assert "light_change" not in facts(make_request(levels(100, 105, 115)))


CASES = [
    ("brightness", 11.0, "light", "black"),
    ("brightness", 16.0, "light", None),
    ("brightness", 59.0, "light", "dark"),
    ("brightness", 65.0, "light", "dim"),
    ("brightness", 79.0, "light", "medium"),
    ("brightness", 159.0, "light", "medium"),
    ("brightness", 170.0, "light", "light"),
    ("brightness", 179.0, "light", "bright"),
    ("contrast", 19.0, "contrast", "low"),
    ("contrast", 24.0, "contrast", None),
    ("contrast", 65.0, "contrast", None),
    ("contrast", 73.0, "contrast", "high"),
    ("dark_share", 0.51, "half_is_black", None),
    ("dark_share", 0.53, "half_is_black", True),
    ("bright_share", 0.26, "quarter_is_white", None),
    ("bright_share", 0.28, "quarter_is_white", True),
    ("saturation", 3.0, "palette", "greyscale"),
    ("saturation", 6.0, "palette", None),
    ("motion", 5.0, "change", "little"),
    ("motion", 9.0, "change", "modest"),
    ("motion", 13.0, "change", "some"),
    ("motion", 50.0, "change", "marked"),
    ("motion", 75.0, "change", "much"),
    ("motion_peak", 100.0, "has_bursts", None),
    ("motion_peak", 121.0, "has_bursts", True),
    ("camera_motion", 0.029, "camera", "still"),
    ("camera_motion", 0.031, "camera", None),
    ("zoom", 0.031, "zoom", "in"),
    ("zoom", -0.031, "zoom", "out"),
    ("zoom", 0.025, "zoom", None),
    ("shake", 0.11, "camera_is_unsteady", None),
    ("shake", 0.13, "camera_is_unsteady", True),
    ("sharpness", 0.0019, "is_soft", True),
    ("sharpness", 0.004, "is_soft", None),
    ("border_share", 0.031, "bars", "some"),
    ("border_share", 0.02, "bars", None),
]


@pytest.mark.parametrize(("score", "value", "field", "said"), CASES)
def test_each_limit_is_kept_on_both_sides(score: str, value: float, field: str, said) -> None:
    # One frame would tell the light and the palette; two alike let a camera be called still.
    frames = [draw_disc(GREY, None)] * 2 if field == "camera" else []
    assert facts(make_request(frames, **{score: value})).get(field) == said


PANS = [
    ((0.05, 0.0), "right"),
    ((-0.05, 0.0), "left"),
    ((0.0, 0.06), "down"),
    ((0.0, -0.06), "up"),
    ((0.05, 0.08), "down and to the right"),
    ((0.02, 0.0), None),
    ((0.06, 0.04), None),
]


@pytest.mark.parametrize(("pan", "said"), PANS)
def test_the_camera_goes_where_it_was_measured_to_go(pan: tuple[float, float], said) -> None:
    found = facts(make_request(pan_x=pan[0], pan_y=pan[1], camera_motion=math.hypot(*pan)))
    assert found.get("camera") == said


def test_a_wandering_camera_has_no_direction() -> None:
    assert "camera" not in facts(make_request(pan_x=0.05, camera_motion=0.4, shake=0.35))


def test_a_still_camera_is_not_claimed_for_a_flat_picture() -> None:
    assert "camera" not in facts(make_request([draw_disc(GREY, RED)] * 2, contrast=5.0))


def test_a_still_camera_is_not_claimed_where_the_pictures_disagree() -> None:
    rng = np.random.default_rng(3)
    tiles = rng.integers(60, 180, (2, 9, 16, 3)).astype(np.uint8).repeat(16, 1).repeat(16, 2)
    one, other = (to_jpeg(Image.fromarray(tile)) for tile in tiles)
    assert facts(make_request([one, one]))["camera"] == "still"
    assert "camera" not in facts(make_request([one, other]))
    assert "camera" not in facts(make_request([one]))
    assert "camera" not in facts(make_request())


def test_a_moving_camera_is_not_claimed_where_nothing_but_a_large_thing_moves() -> None:
    scores = {"pan_x": 0.06, "camera_motion": 0.06, "zoom": 0.05, "shake": 0.2}
    found = facts(make_request(walk(0.4, 0.0), **scores))
    assert not found.keys() & {"camera", "camera_is_unsteady", "zoom"}


def textured(shift_x: int = 0, shift_y: int = 0, patch: int = 0) -> bytes:
    """A cut of one fixed rough surface, shifted; a patch of `patch` pixels hides a corner."""
    rough = np.random.default_rng(5).integers(30, 220, (40, 60, 1)).astype(np.uint8)
    wide = np.array(Image.fromarray(rough[..., 0]).resize((600, 400), Image.Resampling.BICUBIC))
    cut = wide[120 + shift_y : 264 + shift_y, 160 + shift_x : 416 + shift_x].copy()
    cut[:patch, :patch] = 128
    return to_jpeg(Image.fromarray(cut).convert("RGB"))


NOISY_SCORES = {"pan_x": -0.03, "camera_motion": 0.045, "zoom": 0.028, "motion": 100.0}
"""What cars or hands before a camera on a stand do to the scores."""


def test_a_still_camera_is_seen_behind_large_movement() -> None:
    frames = [textured(patch=size) for size in (80, 0, 100, 60)]
    assert facts(make_request(frames, **NOISY_SCORES))["camera"] == "still"


@pytest.mark.parametrize(
    ("step", "way"), [((2, 0), "right"), ((-2, 0), "left"), ((0, 2), "down"), ((0, -2), "up")]
)
def test_a_slow_drift_is_no_still_camera(step: tuple[int, int], way: str) -> None:
    frames = [textured(step[0] * i, step[1] * i) for i in range(5)]
    found = facts(make_request(frames, camera_motion=0.008))
    assert (found["camera"], found.get("camera_is_slow")) == (way, True)


def test_a_camera_that_goes_here_and_there_moves_about() -> None:
    frames = [textured(x, y) for x, y in ((0, 0), (60, 40), (-50, 60), (70, -80))]
    texts = caption(make_request(frames, camera_motion=0.2, shake=0.19))
    assert json.loads(texts["structured"])["camera"] == "about"
    assert json.loads(texts["structured"])["camera_is_unsteady"]


def test_a_camera_that_drifts_and_comes_back_hardly_moves() -> None:
    frames = [textured(x) for x in (0, 1, 2, 1, 0, -1)]
    found = facts(make_request(frames, camera_motion=0.006))
    assert found.get("camera") in ("still", "nearly still")


def test_the_largest_moving_thing_is_followed_over_a_rough_ground() -> None:
    frames = []
    for x in (20, 70, 120, 170, 220):
        picture = Image.open(io.BytesIO(textured()))
        ImageDraw.Draw(picture).rectangle((x, 60, x + 30, 90), fill=(250, 250, 250))
        frames.append(to_jpeg(picture))
    found = facts(make_request(frames, motion=30.0))
    assert found["camera"] == "still"
    assert found["movement"]["motion"] == "right"
    still = facts(make_request([textured()] * 5))
    assert "movement" not in still


def test_a_sudden_change_of_light_is_an_event_with_its_time() -> None:
    levels = (150, 151, 60, 61)
    request = make_request([draw_disc((v, v, v), None) for v in levels])
    (event,) = describe(request).events
    assert (event.start_s, event.end_s) == (1.0, 2.0)
    assert "darker" in event.text
    assert not describe(make_request([draw_disc((90, 90, 90), None)] * 4)).events


@pytest.mark.parametrize(
    ("colour", "tone"), [((190, 140, 80), "warm"), ((70, 110, 190), "cool"), (GREY, None)]
)
def test_a_tone_is_stated_only_when_clear(colour, tone: str | None) -> None:
    assert facts(make_request([draw_disc(colour, None)] * 2)).get("tone") == tone


def test_every_field_is_filled_from_what_was_found() -> None:
    found = describe(make_request(walk(0.4, 0.0)))
    assert found.subjects[0].name == "red area"
    assert any("to the right" in action for action in found.actions)
    assert "dark green" in found.setting
    assert found.camera == "still"
    assert found.light
    assert found.style


def test_fewer_frames_are_looked_at_where_the_attempt_says_so() -> None:
    captioner = load_backend("measured", CaptionSettings())
    request = make_request(walk(0.4, 0.0))
    (answer,) = captioner.answer([request], Attempt(num_frames=1))
    assert answer.caption is not None
    assert "motion" not in answer.caption.details["areas"][0]


def test_nothing_moves_takes_both_measurements() -> None:
    assert facts(make_request(motion=0.1, still_share=0.99))["change"] == "none"
    assert facts(make_request(motion=0.1, still_share=0.6))["change"] == "little"


SAID_BY = {
    "black": "brightness", "dark": "brightness", "dim": "brightness", "medium": "brightness",
    "light": "brightness", "bright": "brightness", "low_contrast": "contrast",
    "high_contrast": "contrast", "half_is_black": "dark_share",
    "quarter_is_white": "bright_share", "greyscale": "saturation", "camera_still": "camera_motion",
    "camera_moves": "pan_x", "zoom_in": "zoom", "zoom_out": "zoom", "unsteady": "shake",
    "change_none": "motion", "change_little": "motion", "change_modest": "motion",
    "change_some": "motion", "change_marked": "motion", "change_much": "motion",
    "bursts": "motion_peak", "soft": "sharpness", "some_bars": "border_share",
    "bars": "border_share",
}  # fmt: skip


@pytest.mark.parametrize("score", sorted(set(SAID_BY.values())))
@pytest.mark.parametrize("absent", [True, False], ids=["absent", "nan"])
def test_what_was_not_measured_is_not_said(score: str, absent: bool) -> None:
    loud = {
        "brightness": 200.0, "contrast": 90.0, "dark_share": 0.9, "bright_share": 0.9,
        "saturation": 0.0, "zoom": 0.2, "shake": 0.3, "motion": 20.0, "motion_peak": 200.0,
        "sharpness": 0.0001, "camera_motion": 0.1, "pan_x": 0.1, "border_share": 0.001,
    }  # fmt: skip
    request = make_request(**loud)
    scores = dict(request.scores)
    if absent:
        del scores[score]
    else:
        scores[score] = math.nan
    quiet = CaptionRequest(
        **{name: getattr(request, name) for name in request.__slots__ if name != "scores"},
        scores=scores,
    )
    whole = " ".join(caption(quiet).values())
    for key, source in SAID_BY.items():
        if source == score:
            for sentence in SENTENCES[key]:
                start = sentence.split("{")[0].strip()
                assert start not in whole


def test_the_same_clip_always_reads_the_same() -> None:
    request = make_request(walk(0.4, 0.0))
    assert caption(request) == caption(request)


def test_long_captions_of_many_clips_begin_in_many_ways() -> None:
    frames = walk(0.4, 0.0)
    openings = {
        " ".join(caption(make_request(frames, clip_id=f"clip_{i}"))["long"].split()[:3])
        for i in range(24)
    }
    assert len(openings) >= 10


def test_clips_that_differ_in_what_was_measured_read_differently() -> None:
    one = caption(make_request(walk(0.4, 0.0)))
    for other in (walk(-0.4, 0.0), walk(0.4, 0.0, colour=(30, 60, 230))):
        texts = caption(make_request(other))
        assert all(texts[kind] != one[kind] for kind in one)
    assert caption(make_request(brightness=30.0))["short"] != caption(make_request())["short"]


def test_a_long_caption_is_long_and_opens_without_boilerplate() -> None:
    for i in range(12):
        text = caption(make_request(walk(0.4, 0.0), clip_id=f"clip_{i}"))["long"]
        assert 60 <= len(text.split()) <= 120
        assert not re.match(r"(The|This) (video|clip) (shows|depicts)", text)


def test_requests_keep_their_order_and_a_broken_frame_fails_alone() -> None:
    good = make_request([draw_disc(GREY, RED)], clip_id="clip_b")
    cut = draw_disc(GREY, RED)[:200]
    bad = make_request([cut])
    answers = load_backend("measured", CaptionSettings()).answer([bad, good], Attempt())
    assert [a.status for a in answers] == ["unreadable_frames", "ok"]
    assert [a.request_id for a in answers] == [bad.request_id, good.request_id]
    assert answers[0].caption is None
    assert "red" in answers[1].caption.short


@pytest.mark.parametrize("size", [(10, 6), (1, 1), (6, 300)])
def test_tiny_and_narrow_pictures_are_described(size: tuple[int, int]) -> None:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 40)).save(out, "JPEG")
    request = make_request([out.getvalue(), out.getvalue()])
    assert "red" in facts(request)["colours"]


def test_templates_are_filled_from_findings_only() -> None:
    fields = {
        field
        for ways in SENTENCES.values()
        for way in ways
        for field in re.findall(r"{(\w+)}", way)
    }
    assert fields <= {
        "a_area", "A_area", "where", "way", "percent", "place", "colours", "colour", "Colour",
        "background", "Background", "bars", "seconds", "shape", "width", "height", "fps",
        "upper", "Upper", "lower", "second",
    }  # fmt: skip
