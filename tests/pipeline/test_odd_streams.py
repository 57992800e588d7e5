"""Streams whose timestamps or seeking cannot be trusted are still read frame by frame."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from pipeline.media import Decoding, read_decord, read_pyav, write_video
from pipeline.survey.survey import SurveySettings, compare_decord, survey_file

NUM_FRAMES = 40


@pytest.fixture(scope="module")
def frames(draw):
    return draw.shot(1, NUM_FRAMES, width=160, height=96, pan_px=2.5)


def write_with_b_frames(path, frames, codec="libx264"):
    """Write frames with B-frames, which decode in another order than they are shown in."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.codec_context.max_b_frames = 3
        stream.codec_context.gop_size = 12
        stream.options = {"crf": "18", "bf": "3"}
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("suffix", [".avi", ".mkv", ".mp4", ".h264"])
def test_b_frames_come_in_order_none_is_lost_and_each_can_be_fetched(suffix, frames, tmp_path):
    path = tmp_path / f"v{suffix}"
    write_with_b_frames(path, frames)
    decoding = Decoding(path)
    seen = [(p.pts, p.rgb(160, 96)) for p in decoding]
    assert (len(seen), decoding.num_out_of_order) == (NUM_FRAMES, 0)
    for (_, pixels), drawn in zip(seen, frames, strict=True):
        assert np.abs(pixels.astype(int) - drawn).mean() < 12
    for place in (39, 13, 0, 24):
        (found,) = read_pyav(path, [seen[place][0]], 160, 96)
        assert np.array_equal(found, seen[place][1])


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mp4", "libx265"), (".mp4", "libx264"), (".mpg", "mpeg2video")]
)
def test_decord_is_chosen_only_where_every_frame_is_the_right_one(suffix, codec, frames, tmp_path):
    path = tmp_path / f"v{suffix}"
    write_video(path, frames, fps=24, codec=codec, keyframe_every=12)
    survey, _, _, _ = survey_file(path, "vid", SurveySettings())
    note = compare_decord(path, survey.num_frames, survey.frame_hash)
    if note == "":
        seen = [p.rgb(160, 96) for p in Decoding(path)]
        order = [*range(1, NUM_FRAMES, 2), *range(0, NUM_FRAMES, 2)]
        for place, pixels in zip(order, read_decord(path, order, 160, 96), strict=True):
            own = np.abs(pixels.astype(int) - seen[place]).mean()
            assert all(own <= np.abs(pixels.astype(int) - other).mean() for other in seen)
    elif codec == "libx264":
        pytest.fail(f"decord reads plain H.264, but: {note}")
