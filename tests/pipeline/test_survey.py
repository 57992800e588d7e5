import cv2
import numpy as np
import pytest

from pipeline.media import Decoding, write_video
from pipeline.score.motion import measure_camera, measure_motion
from pipeline.survey.hashing import difference_hash, hamming
from pipeline.survey.sampled import Borders, encode_jpeg, find_borders, sharpness
from pipeline.survey.signals import SIGNAL_NAMES, SignalTrack
from pipeline.survey.survey import SurveySettings, compare_decord, survey_file
from schemas.errors import MediaError

FPS = 24


def track(frames, width=128):
    """Measure frames as the survey does: on a small copy."""
    signals = SignalTrack()
    for frame in frames:
        height = round(frame.shape[0] * width / frame.shape[1])
        small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
        signals.add(np.ascontiguousarray(small[:, :, ::-1]))
    return {name: np.array(values, np.float32) for name, values in signals.values.items()}


def camera(signals):
    return measure_camera(
        *(signals[name] for name in ("shift_x", "shift_y", "zoom", "shift_agreement")), FPS
    )


# -- motion and camera -------------------------------------------------------------------------

MOVES = {
    "pan right": ({"pan_px": 3.0}, ("pan_x", 3.0 * FPS / 256)),
    "pan left": ({"pan_px": -3.0}, ("pan_x", -3.0 * FPS / 256)),
    "tilt down": ({"tilt_px": 2.5}, ("pan_y", 2.5 * FPS / 144)),
    "tilt up": ({"tilt_px": -2.5}, ("pan_y", -2.5 * FPS / 144)),
    "zoom in": ({"zoom_per_frame": 0.012}, ("zoom", 0.012 * FPS)),
    "zoom out": ({"zoom_per_frame": -0.012}, ("zoom", -0.012 * FPS)),
}


@pytest.mark.parametrize(("move", "expected"), MOVES.values(), ids=MOVES)
def test_a_cameras_move_is_measured_with_its_sign_and_speed(draw, move, expected):
    signals = track(draw.shot(5, 30, width=256, height=144, **move))
    found = camera(signals)
    name, speed = expected
    assert getattr(found, name) == pytest.approx(speed, rel=0.25)
    others = {"pan_x", "pan_y", "zoom"} - {name}
    assert all(abs(getattr(found, other)) < 0.2 * abs(speed) for other in others)
    assert found.shake < 0.2 * abs(speed) + 0.02


def test_a_slow_pan_is_seen_if_not_to_its_full_speed(draw):
    found = camera(track(draw.shot(5, 30, width=256, height=144, pan_px=1.0)))
    assert 0.5 < found.pan_x / (FPS / 256) < 1.2


def test_a_still_camera_before_a_moving_object_does_not_move(draw):
    signals = track(draw.shot(6, 30, width=256, height=144, ball_px=5))
    found = camera(signals)
    assert max(abs(found.pan_x), abs(found.pan_y), abs(found.zoom)) < 0.04
    motion = measure_motion(signals["local_motion"], FPS)
    assert motion.mean > 5
    assert motion.still_share < 0.1


def test_a_camera_that_shakes_goes_nowhere(draw):
    canvas = draw.texture(7, 400, 300)
    frames = [draw.view(canvas, 200 + 5 * (t % 2), 150, 256, 144) for t in range(30)]
    found = camera(track(frames))
    assert found.shake > 0.2
    assert abs(found.pan_x) < 0.05


def test_a_picture_that_stands_still_is_still(draw):
    signals = track(draw.shot(8, 1) * 20)
    motion = measure_motion(signals["local_motion"], FPS)
    assert (motion.still_share, motion.mean, motion.peak) == (1.0, 0.0, 0.0)
    assert camera(signals).amount == 0


def test_a_still_picture_with_noise_in_its_pixels_hardly_moves(draw):
    rng = np.random.default_rng(0)
    still = draw.texture(9, 256, 144).astype(np.int16)
    noisy = [
        np.clip(still + rng.integers(-2, 3, still.shape), 0, 255).astype(np.uint8)
        for _ in range(20)
    ]
    signals = track(noisy)
    assert camera(signals).amount < 0.02
    assert signals["local_motion"][1:].mean() < 1.0


def test_a_textured_still_that_was_encoded_stands_still(draw, tmp_path):
    still = [draw.texture(9, 256, 144)] * 48
    write_video(tmp_path / "still.mp4", still, fps=24, crf=20)
    survey, _, _, _ = survey_file(tmp_path / "still.mp4", "vid", SurveySettings())
    motion = measure_motion(np.asarray(survey.local_motion, np.float32), survey.fps)
    assert motion.mean < 0.5
    assert motion.still_share > 0.8


def test_the_camera_is_not_counted_as_motion(draw):
    still = track(draw.shot(10, 30, width=256, height=144, ball_px=4))
    panned = track(draw.shot(10, 30, width=256, height=144, pan_px=3.0))
    unexplained = np.abs(np.diff(panned["luma_mean"])).mean()
    assert panned["local_motion"][1:].mean() < 2.5
    assert still["local_motion"][1:].mean() > 0
    assert unexplained < 5


def test_signals_say_what_light_there_is():
    frames = [np.full((72, 128, 3), level, np.uint8) for level in (0, 24, 25, 249, 250, 255)]
    signals = track(frames)
    assert signals["luma_mean"] == pytest.approx([0, 24, 25, 249, 250, 255], abs=0.5)
    assert signals["dark_share"].tolist() == [1, 1, 0, 0, 0, 0]
    assert signals["bright_share"].tolist() == [0, 0, 0, 0, 1, 1]
    assert signals["luma_std"].max() == signals["saturation"].max() == 0
    red = track([np.full((72, 128, 3), (200, 0, 0), np.uint8)])
    assert red["saturation"].tolist() == [255]


def test_the_first_frame_is_compared_with_none(draw):
    signals = track(draw.shot(11, 3, pan_px=4))
    for name in ("content_change", *SIGNAL_NAMES[6:]):
        assert signals[name][0] == 0, name
    assert signals["content_change"][1] > 0


# -- pictures ----------------------------------------------------------------------------------

BARS = {
    "letterbox": (0, 0, 22, 22),
    "pillarbox": (40, 40, 0, 0),
    "both": (30, 24, 12, 18),
    "one side": (0, 0, 0, 17),
    "thin": (0, 0, 2, 0),
    "none": (0, 0, 0, 0),
}


@pytest.mark.parametrize("bars", BARS.values(), ids=BARS)
@pytest.mark.parametrize("noise", [0, 4], ids=["clean", "noisy"])
def test_borders_are_found_to_the_pixel(draw, bars, noise):
    left, right, top, bottom = bars
    luma = draw.texture(12, 320, 180, contrast=40)[:, :, 1].clip(30, 255)
    framed = np.zeros_like(luma)
    framed[top : 180 - bottom, left : 320 - right] = luma[top : 180 - bottom, left : 320 - right]
    rng = np.random.default_rng(0)
    framed = np.clip(framed.astype(int) + rng.integers(0, noise + 1, framed.shape), 0, 255)
    found = find_borders(framed.astype(np.uint8))
    for side, expected in zip(("left", "right", "top", "bottom"), bars, strict=True):
        assert abs(getattr(found, side) - expected) <= 2, side


@pytest.mark.parametrize("level", [0, 5, 10])
def test_a_picture_that_is_dark_all_over_has_no_border(level):
    assert find_borders(np.full((90, 160), level, np.uint8)) == Borders(0, 0, 0, 0)


def test_a_dark_scene_is_no_bar(draw):
    luma = (draw.texture(13, 160, 90)[:, :, 1] * 0.2 + 8).astype(np.uint8)
    assert find_borders(luma) == Borders(0, 0, 0, 0)


def test_bars_survive_a_codec(tmp_path, draw):
    frames = draw.shot(14, 12, width=320, height=180, pan_px=2)
    for frame in frames:
        np.clip(frame, 40, 255, out=frame)
        frame[:22] = frame[158:] = 0
    write_video(tmp_path / "v.mp4", frames, fps=FPS, crf=30)
    for picture in Decoding(tmp_path / "v.mp4"):
        found = find_borders(picture.luma())
        assert (found.left, found.right) == (0, 0)
        assert abs(found.top - 22) <= 2
        assert abs(found.bottom - 22) <= 2


def test_sharpness_falls_with_blur_and_does_not_follow_contrast(draw):
    rng = np.random.default_rng(0)
    luma = draw.texture(15, 320, 180)[:, :, 0].astype(np.float32) + rng.normal(0, 6, (180, 320))
    blurred = [luma, *(cv2.GaussianBlur(luma, (0, 0), sigma) for sigma in (0.7, 1.5, 3.0, 6.0))]
    values = [sharpness(np.clip(picture, 0, 255).astype(np.uint8)) for picture in blurred]
    assert values == sorted(values, reverse=True)
    assert values[0] > 10 * values[3]
    half = np.clip(luma / 2 + 60, 0, 255).astype(np.uint8)
    assert sharpness(half) == pytest.approx(values[0], rel=0.3)
    assert sharpness(np.full((90, 160), 80, np.uint8)) == 0


def test_a_stored_picture_is_a_jpeg(draw):
    picture = draw.texture(16, 64, 36)
    stored = cv2.imdecode(np.frombuffer(encode_jpeg(picture, 90), np.uint8), cv2.IMREAD_COLOR)
    assert stored.shape == picture.shape
    assert np.abs(stored.astype(int) - picture).mean() < 12


# -- hashes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda grey: cv2.resize(grey, (90, 60), interpolation=cv2.INTER_AREA),
        lambda grey: cv2.resize(grey, (640, 360), interpolation=cv2.INTER_LINEAR),
        lambda grey: (grey * 0.8 + 10).astype(np.uint8),
        lambda grey: cv2.GaussianBlur(grey, (0, 0), 2),
        lambda grey: cv2.imdecode(cv2.imencode(".jpg", grey, [1, 30])[1], 0),
    ],
    ids=["smaller", "larger", "darker", "blurred", "jpeg"],
)
def test_a_hash_survives_what_copies_go_through(draw, change):
    for seed in range(5):
        grey = draw.texture(seed, 320, 180)[:, :, 1]
        one, other = difference_hash(grey), difference_hash(change(grey))
        assert hamming(np.array([one]), np.array([other]))[0] <= 8
        assert -(2**63) <= one < 2**63


def test_hashes_of_different_pictures_differ(draw):
    hashes = np.array([difference_hash(draw.texture(s, 320, 180)[:, :, 1]) for s in range(12)])
    distances = hamming(hashes[:, None], hashes[None, :])
    assert distances[~np.eye(12, dtype=bool)].min() > 8
    assert distances.diagonal().max() == 0


def test_hamming_counts_bits():
    one = np.array([0, -1, 1, -(2**63)], np.int64)
    other = np.array([-1, -1, 3, 0], np.int64)
    assert hamming(one, other).tolist() == [64, 0, 1, 1]


# -- the whole pass ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory, draw):
    path = tmp_path_factory.mktemp("survey") / "v.mp4"
    write_video(path, draw.shot(20, 84, width=320, height=180, pan_px=2), fps=FPS)
    settings = SurveySettings()
    return path, settings, survey_file(path, "vid_1", settings)


def test_every_frame_has_its_signals(surveyed):
    path, settings, (survey, _, _, last_error) = surveyed
    pts = [picture.pts for picture in Decoding(path)]
    assert survey.pts == pts
    assert survey.num_frames == 84
    for name in (*SIGNAL_NAMES, "frame_hash"):
        assert len(getattr(survey, name)) == 84, name
    assert survey.end_pts == pts[-1] + (pts[1] - pts[0])
    assert survey.duration_s == pytest.approx(84 / FPS)
    assert survey.fps == pytest.approx(FPS)
    assert (survey.width_px, survey.height_px, survey.is_vfr) == (320, 180, False)
    assert survey.survey_version == settings.version()
    assert last_error == ""


def test_frames_are_sampled_every_second_from_the_first_on(surveyed):
    _, _, (survey, frames, _, _) = surveyed
    assert [frame.frame_index for frame in frames] == [0, 24, 48, 72]
    assert [frame.time_s for frame in frames] == pytest.approx([0, 1, 2, 3])
    for frame in frames:
        assert frame.pts == survey.pts[frame.frame_index]
        assert (frame.width_px, frame.height_px) == (256, 144)
        picture = cv2.imdecode(np.frombuffer(frame.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape == (144, 256, 3)
        assert frame.sharpness > 0


def test_a_signature_holds_hashes_of_the_frames_it_names(surveyed):
    _, _, (survey, _, signature, _) = surveyed
    assert signature.frame_index == list(range(0, 84, 6))
    assert signature.time_s == pytest.approx([index / FPS for index in signature.frame_index])
    assert signature.hashes == [survey.frame_hash[index] for index in signature.frame_index]


def test_surveying_again_gives_the_same_numbers(surveyed):
    path, settings, first = surveyed
    assert survey_file(path, "vid_1", settings) == first


def test_decord_is_believed_where_its_frames_are_the_same(surveyed):
    path, _, (survey, _, _, _) = surveyed
    assert compare_decord(path, survey.num_frames, survey.frame_hash) == ""
    assert "counts 84 frames" in compare_decord(path, 85, [*survey.frame_hash, 0])
    shifted = survey.frame_hash[12:] + survey.frame_hash[:12]
    assert "differs by" in compare_decord(path, survey.num_frames, shifted)


def test_the_version_follows_what_is_measured_and_not_how_long_it_may_take():
    version = SurveySettings().version()
    assert SurveySettings(timeout_base_s=1, memory_limit_mb=600).version() == version
    assert SurveySettings(sample_every_s=2).version() != version
    assert SurveySettings(signature_hz=2).version() != version


@pytest.mark.parametrize(("duration_s", "limit_s"), [(0, 60), (10, 260), (177, 3600), (1e6, 3600)])
def test_longer_videos_may_take_longer_up_to_a_limit(duration_s, limit_s):
    assert SurveySettings().timeout_s(duration_s) == limit_s


def test_a_file_without_a_frame_says_so(tmp_path, draw):
    write_video(tmp_path / "v.mp4", draw.shot(1, 5), fps=FPS)
    content = bytearray((tmp_path / "v.mp4").read_bytes())
    start = content.index(b"mdat") + 4
    end = content.index(b"moov") - 4
    content[start:end] = bytes(end - start) if end > start else b""
    (tmp_path / "v.mp4").write_bytes(content)
    with pytest.raises(MediaError) as error:
        survey_file(tmp_path / "v.mp4", "vid_1", SurveySettings())
    assert error.value.reason == "no_frames"


@pytest.mark.parametrize("size", [(16, 16), (2, 2), (640, 16), (16, 640)])
def test_tiny_and_narrow_videos_are_surveyed(tmp_path, draw, size):
    width, height = size
    frames = [draw.texture(seed, width, height) for seed in range(3)]
    write_video(tmp_path / "v.mkv", frames, fps=FPS)
    survey, sampled, _, _ = survey_file(tmp_path / "v.mkv", "vid_1", SurveySettings())
    assert (survey.num_frames, survey.width_px, survey.height_px) == (3, width, height)
    assert len(sampled) == 1
