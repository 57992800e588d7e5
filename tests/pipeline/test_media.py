import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest

from pipeline.media import (
    SOUND_CODECS,
    Decoding,
    Mp4Writer,
    Sound,
    probe,
    read_decord,
    read_pyav,
    write_sound,
    write_video,
)
from pipeline.reader import ClipReader, read_clip_frames
from schemas.errors import MediaError
from schemas.frames import Box, ClipRef
from schemas.timing import TimeBase

FORMS = {
    "mp4 h264": (".mp4", "libx264", "h264"),
    "mkv h264": (".mkv", "libx264", "h264"),
    "mov h264": (".mov", "libx264", "h264"),
    "webm vp9": (".webm", "libvpx-vp9", "vp9"),
    "avi mpeg4": (".avi", "mpeg4", "mpeg4"),
    "mov mpeg4": (".mov", "mpeg4", "mpeg4"),
    "mp4 hevc": (".mp4", "libx265", "hevc"),
    "mpg mpeg2": (".mpg", "mpeg2video", "mpeg2video"),
    "ts h264": (".ts", "libx264", "h264"),
}
FPS = Fraction(24)
WITHOUT_DECORD = {"mp4 hevc", "mpg mpeg2", "ts h264"}
"""Decord misses frames of these next to keyframes; PyAV never does."""


@pytest.fixture(scope="module")
def frames(draw):
    return draw.shot(1, 40, width=160, height=96, pan_px=2.5)


@pytest.fixture(scope="module", params=FORMS.values(), ids=FORMS)
def video(request, frames, tmp_path_factory):
    suffix, encoder, codec = request.param
    if encoder not in av.codecs_available:
        pytest.skip(f"no {encoder} in this build")
    path = tmp_path_factory.mktemp("video") / f"v{suffix}"
    assert write_video(path, frames, fps=FPS, codec=encoder, keyframe_every=12) == 40
    return path, codec


@pytest.fixture(scope="module")
def mp4(frames, tmp_path_factory):
    path = tmp_path_factory.mktemp("mp4") / "v.mp4"
    write_video(path, frames, fps=FPS, keyframe_every=12)
    return path


def decoded(path):
    return [(picture.pts, picture.rgb(*picture.displayed_size)) for picture in Decoding(path)]


def test_a_probe_says_what_was_written(video):
    path, codec = video
    found = probe(path)
    assert (found.codec, found.num_packets, found.has_audio) == (codec, 40, False)
    assert (found.width_px, found.height_px, found.rotation_deg) == (160, 96, 0)
    assert found.fps == pytest.approx(24, rel=0.001)
    assert found.duration_s == pytest.approx(40 / 24, abs=0.003)


def test_frames_come_in_order_at_the_containers_times(video, frames):
    path, _ = video
    decoding = Decoding(path)
    pictures = list(decoding)
    with av.open(str(path)) as container:
        pts = sorted(packet.pts for packet in container.demux(video=0) if packet.pts is not None)
    assert [picture.pts for picture in pictures] == pts
    assert (decoding.num_bad_packets, decoding.num_out_of_order) == (0, 0)
    assert isinstance(decoding.time_base, TimeBase)
    times = [decoding.time_base.seconds(p.pts - pictures[0].pts) for p in pictures]
    assert times == pytest.approx([i / 24 for i in range(40)], abs=0.001)
    for picture, frame in list(zip(pictures, frames, strict=True))[::5]:
        # The camera pans, so a frame is nearest to itself.
        error = np.abs(picture.rgb(160, 96).astype(int) - frame).mean()
        others = [np.abs(picture.rgb(160, 96).astype(int) - other).mean() for other in frames]
        assert error == min(others)
        assert error < 12


@pytest.mark.parametrize(
    "wanted", [[0], [39], [12, 11, 13], [31, 3, 17, 0, 39, 3], list(range(39, -1, -1))]
)
def test_random_access_equals_sequential_decoding(video, wanted, request):
    path, _ = video
    frames = decoded(path)
    found = read_pyav(path, [frames[i][0] for i in wanted], 160, 96)
    assert all(np.array_equal(f, frames[i][1]) for f, i in zip(found, wanted, strict=True))
    if not any(form in request.node.callspec.id for form in WITHOUT_DECORD):
        found = read_decord(path, wanted, 160, 96)
        assert all(np.array_equal(f, frames[i][1]) for f, i in zip(found, wanted, strict=True))


def test_a_time_at_which_no_frame_starts_is_named(mp4):
    with pytest.raises(MediaError, match="no frame at 7 ticks") as error:
        read_pyav(mp4, [0, 7], 160, 96)
    assert error.value.reason == "frame_not_found"


def test_decord_names_its_failure(mp4):
    with pytest.raises(MediaError) as error:
        read_decord(mp4, [40], 160, 96)
    assert error.value.reason == "decord_failed"


def test_the_same_frames_give_the_same_bytes(frames, tmp_path):
    for name in "ab":
        write_video(tmp_path / f"{name}.mp4", frames, fps=FPS)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


RATE_HZ = 24000


def tone(seconds):
    times_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    samples = 0.4 * np.sin(2 * np.pi * 440 * times_s)
    samples[: RATE_HZ // 2] = 0
    return Sound(samples=samples.astype(np.float32), rate_hz=RATE_HZ)


def heard(path):
    """Return the decoded samples of a file and their rate."""
    with av.open(str(path)) as container:
        blocks = [np.ravel(frame.to_ndarray()) for frame in container.decode(audio=0)]
        samples = np.concatenate(blocks)
        scale = np.iinfo(samples.dtype).max if samples.dtype.kind == "i" else 1
        return samples.astype(np.float32) / scale, container.streams.audio[0].rate


WITH_SOUND = [
    ("v.mp4", "libx264", "aac"),
    ("v.mp4", "libx265", "aac"),
    ("v.mkv", "libx264", "opus"),
    ("v.webm", "libvpx-vp9", "opus"),
    ("v.webm", "libsvtav1", "opus"),
    ("v.avi", "mpeg4", "mp3"),
    ("v.mov", "mjpeg", "pcm_s16le"),
    ("v.ts", "libx264", "aac"),
]


@pytest.mark.parametrize(("name", "codec", "expected"), WITH_SOUND, ids=lambda value: value)
def test_sound_is_written_beside_the_picture(tmp_path, frames, capfd, name, codec, expected):
    paths = [tmp_path / folder / name for folder in "ab"]
    for path in paths:
        path.parent.mkdir()
        assert write_video(path, frames, fps=FPS, codec=codec, sound=tone(40 / FPS)) == 40
    assert paths[0].read_bytes() == paths[1].read_bytes()
    scan = probe(paths[0])
    assert scan.has_audio and scan.num_packets == 40
    assert (scan.width_px, scan.height_px) == frames[0].shape[1::-1]
    assert sum(1 for _ in Decoding(paths[0])) == 40
    samples, rate = heard(paths[0])
    with av.open(str(paths[0])) as container:
        assert container.streams.audio[0].codec_context.codec.canonical_name == expected
    assert len(samples) / rate == pytest.approx(40 / FPS, abs=0.12)
    quiet, loud = samples[: int(0.4 * rate)], samples[int(0.7 * rate) : int(1.5 * rate)]
    assert np.abs(quiet).max() < 0.01
    assert np.sqrt(np.mean(loud**2)) == pytest.approx(0.4 / np.sqrt(2), rel=0.1)
    assert capfd.readouterr() == ("", "")


def test_sound_alone_has_no_video_stream(tmp_path):
    write_sound(tmp_path / "v.mp4", tone(1))
    assert len(heard(tmp_path / "v.mp4")[0]) > 0.9 * RATE_HZ
    with pytest.raises(MediaError, match="no_video_stream"):
        probe(tmp_path / "v.mp4")
    assert set(SOUND_CODECS) == {".avi", ".mkv", ".mov", ".webm"}


@pytest.mark.parametrize("size", [(161, 97), (161, 96), (160, 97), (33, 17), (2, 2)])
def test_odd_sizes_are_padded_by_their_own_edge(tmp_path, draw, size):
    width, height = size
    frame = draw.texture(3, width, height)
    Mp4Writer().write(tmp_path / "v.mp4", np.stack([frame] * 3), fps=10)
    (_, picture), *_ = decoded(tmp_path / "v.mp4")
    assert picture.shape == (height + height % 2, width + width % 2, 3)
    assert np.abs(picture[:height, :width].astype(int) - frame).mean() < 14


def test_no_frame_makes_no_video(tmp_path):
    with pytest.raises(ValueError, match="at least one frame"):
        write_video(tmp_path / "v.mp4", [], fps=24)


def test_rates_that_are_no_whole_number_are_kept(tmp_path, frames):
    write_video(tmp_path / "v.mp4", frames[:30], fps=Fraction(30000, 1001))
    found = probe(tmp_path / "v.mp4")
    assert found.fps == pytest.approx(30000 / 1001)
    assert found.duration_s == pytest.approx(30 * 1001 / 30000)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_pictures_come_out_as_displayed(tmp_path, frames, mp4, turn):
    """A display matrix in the container turns the picture; random access turns it too."""
    path = tmp_path / "turned.mp4"
    path.write_bytes(turned(mp4.read_bytes(), turn))
    upright, found = decoded(mp4), decoded(path)
    assert probe(path).rotation_deg == turn
    expected = [np.rot90(picture, k=-(turn // 90)) for _, picture in upright]
    assert all(np.array_equal(a, b) for (_, a), b in zip(found, expected, strict=True))
    height, width = expected[0].shape[:2]
    (again,) = read_pyav(path, [found[7][0]], width, height)
    assert np.array_equal(again, expected[7])


def turned(content, degrees):
    """Put a rotation into the track header of an mp4: its 3 x 3 matrix of fixed-point numbers."""
    one = 1 << 16
    a, b, c, d = {90: (0, one, -one, 0), 180: (-one, 0, 0, -one), 270: (0, -one, one, 0)}[degrees]
    matrix = [a, b, 0, c, d, 0, 0, 0, 1 << 30]
    start = content.index(b"tkhd") + 4 + 4 + 20 + 8 + 8
    packed = b"".join(value.to_bytes(4, "big", signed=True) for value in matrix)
    return content[:start] + packed + content[start + 36 :]


def audio_only(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path, content: None, "file_missing"),
        (lambda path, content: path.write_bytes(b""), "not_readable"),
        (lambda path, content: path.write_text("no video at all\n" * 99), "not_readable"),
        (lambda path, content: path.write_bytes(content[: len(content) // 2]), "not_readable"),
        (lambda path, content: path.mkdir(), "not_readable"),
        (lambda path, content: audio_only(path), "no_video_stream"),
    ],
    ids=["missing", "empty", "text", "cut before its index", "folder", "audio"],
)
def test_what_cannot_be_opened_says_why(tmp_path, mp4, spoil, reason):
    path = tmp_path / "v.mp4"
    spoil(path, mp4.read_bytes())
    for function in (probe, decoded):
        with pytest.raises(MediaError) as error:
            function(path)
        assert error.value.reason == reason


def test_a_matroska_file_that_was_cut_off_decodes_up_to_there(tmp_path, frames):
    write_video(tmp_path / "v.mkv", frames, fps=FPS, keyframe_every=12)
    content = (tmp_path / "v.mkv").read_bytes()
    whole = decoded(tmp_path / "v.mkv")
    (tmp_path / "cut.mkv").write_bytes(content[: int(len(content) * 0.6)])
    found = decoded(tmp_path / "cut.mkv")
    assert 5 < len(found) < 40
    assert [pts for pts, _ in found] == [pts for pts, _ in whole[: len(found)]]


def test_packets_that_the_decoder_refuses_are_skipped_and_counted(tmp_path, mp4):
    content = bytearray(mp4.read_bytes())
    start, length = content.index(b"mdat") + 4, int.from_bytes(content[:4], "big")
    assert length
    rng = np.random.default_rng(0)
    for at in rng.integers(start + 400, len(content) - 2000, 60):
        content[at] = rng.integers(256)
    path = tmp_path / "noise.mp4"
    path.write_bytes(content)
    pts = [picture.pts for picture in Decoding(path)]
    assert pts == sorted(set(pts))


def test_a_playlist_does_not_reach_other_files_or_the_network(tmp_path, mp4):
    path = tmp_path / "v.mp4"
    path.write_text(f"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n#EXTINF:1,\n{mp4}\n")
    with pytest.raises(MediaError):
        probe(path)
    path.write_text(f"ffconcat version 1.0\nfile '{mp4}'\n")
    with pytest.raises(MediaError):
        decoded(path)


# -- the reader of clips -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def clip(mp4):
    base = probe(mp4).time_base
    pts = [pts for pts, _ in decoded(mp4)]
    return ClipRef(
        clip_id="clip_1",
        video_id="vid_1",
        uri=str(mp4),
        start_frame=10,
        frame_pts=tuple(pts[10:30]),
        end_pts=pts[30],
        time_base_num=base.num,
        time_base_den=base.den,
        width_px=160,
        height_px=96,
        reader="decord",
    )


@pytest.mark.parametrize("reader", ["decord", "pyav"])
def test_a_clips_frames_are_those_of_the_video(mp4, clip, reader):
    whole = decoded(mp4)
    found = read_clip_frames(clip, reader, [19, 0, 7], 160, 96)
    assert np.array_equal(found, np.stack([whole[29][1], whole[10][1], whole[17][1]]))


@pytest.mark.parametrize("reader", ["decord", "pyav"])
def test_a_crop_is_cut_before_the_picture_is_resized(mp4, clip, reader):
    from dataclasses import replace

    cropped = replace(clip, crop=Box(x_px=20, y_px=8, width_px=100, height_px=80))
    whole = decoded(mp4)
    native = read_clip_frames(cropped, reader, [3], 100, 80)
    assert np.array_equal(native[0], whole[13][1][8:88, 20:120])
    half = read_clip_frames(cropped, reader, [3], 50, 40)
    means = native[0].reshape(40, 2, 50, 2, 3).mean(axis=(1, 3))
    assert np.abs(half[0] - means).max() <= 1


def test_the_reader_tells_times_and_refuses_frames_outside_the_clip(clip):
    reader = ClipReader(timeout_s=60)
    try:
        found = reader.read(clip, frame_offsets=[0, 19], width_px=80, height_px=48)
        assert found.pixels_THWC.shape == (2, 48, 80, 3)
        assert found.times_s == pytest.approx([0, 19 / 24])
        for offset in (-1, 20):
            with pytest.raises(IndexError):
                reader.read(clip, frame_offsets=[offset], width_px=80, height_px=48)
    finally:
        reader.close()


def test_where_decord_fails_the_reader_takes_pyav(frames, tmp_path, clip):
    from dataclasses import replace

    path = tmp_path / "v.m2v"
    write_video(path, frames, fps=FPS, codec="mpeg2video", keyframe_every=12)
    whole = decoded(path)
    other = replace(clip, uri=str(path), frame_pts=tuple(pts for pts, _ in whole[10:30]))
    reader = ClipReader(timeout_s=60)
    try:
        found = reader.read(other, frame_offsets=[5], width_px=160, height_px=96)
        assert np.array_equal(found.pixels_THWC[0], whole[15][1])
        gone = replace(other, uri=str(tmp_path / "gone.mp4"))
        with pytest.raises(MediaError) as error:
            reader.read(gone, frame_offsets=[5], width_px=160, height_px=96)
        assert error.value.reason == "file_missing"
    finally:
        reader.close()


def test_importing_the_codecs_prints_nothing(repository):
    done = subprocess.run(
        [sys.executable, "-c", "import pipeline.media"],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("", "")
