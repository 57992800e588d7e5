"""Probe, decode, read at random, write: the only file that touches a codec.

Every function that opens a file of unknown origin is meant to be called through
`pipeline.containment`, in a child process that can be killed: decord can wait for ever
while it holds the interpreter, and FFmpeg can crash. Files are opened by local path only.
Pictures come out as displayed: rotation is applied, so height and width may be swapped
against the coded size. Sample aspect ratio is not applied.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from schemas.errors import MediaError
from schemas.timing import TimeBase

av.logging.set_level(av.logging.FATAL)

_OPEN_OPTIONS = {"protocol_whitelist": "file"}
DECODER = f"pyav {av.__version__}"
"""Library and version of the sequential pass."""
_BAD_PACKETS_MAX = 2000
"""More refused packets than this, and the rest of the file is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What the container and a scan of its packets say. Sizes as coded, times in ticks."""

    container: str
    codec: str
    pixel_format: str
    width_px: int
    height_px: int
    fps: float
    time_base: TimeBase
    num_packets: int
    duration_ticks: int
    stated_duration_s: float
    """What the container says of this stream, 0 where it says nothing; it may be wrong."""
    rotation_deg: int
    has_audio: bool

    @property
    def duration_s(self) -> float:
        """Seconds from the first packet's start to the last one's end."""
        return self.time_base.seconds(self.duration_ticks)


@dataclass(slots=True)
class Picture:
    """One decoded frame; converted to arrays only in the sizes that are asked for."""

    pts: int
    duration: int
    rotation_deg: int
    _frame: Any

    @property
    def displayed_size(self) -> tuple[int, int]:
        """Width and height in pixels after rotation."""
        return _turned(self._frame.width, self._frame.height, self.rotation_deg)

    def bgr(self, width_px: int, height_px: int) -> NDArray[np.uint8]:
        """Return the picture as displayed, H x W x 3 in OpenCV's order, area-resized."""
        return self._convert(width_px, height_px, "bgr24")

    def rgb(self, width_px: int, height_px: int) -> NDArray[np.uint8]:
        """Return the picture as displayed, H x W x 3 red-green-blue, area-resized."""
        return self._convert(width_px, height_px, "rgb24")

    def luma(self) -> NDArray[np.uint8]:
        """Return the picture's grey levels at native size, H x W, full range."""
        width, height = self.displayed_size
        return self._convert(width, height, "gray")

    def _convert(self, width_px: int, height_px: int, layout: str) -> NDArray[np.uint8]:
        width, height = _turned(width_px, height_px, self.rotation_deg)
        same_size = (width, height) == (self._frame.width, self._frame.height)
        converted = self._frame.reformat(
            width=width,
            height=height,
            format=layout,
            interpolation=None if same_size else "AREA",
        )
        array = converted.to_ndarray()
        if self.rotation_deg:
            array = np.rot90(array, k=-(self.rotation_deg // 90))
        return np.ascontiguousarray(array)


def _turned(width: int, height: int, rotation_deg: int) -> tuple[int, int]:
    return (height, width) if rotation_deg in (90, 270) else (width, height)


def _clockwise(frame: Any) -> int:
    """Return the clockwise turn for display; FFmpeg counts it the other way."""
    return int(round(-frame.rotation / 90) * 90 % 360)


def _open(path: Path) -> Any:
    try:
        return av.open(str(path), metadata_errors="replace", options=dict(_OPEN_OPTIONS))
    except FileNotFoundError as error:
        raise MediaError("file_missing", str(error)) from error
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise MediaError("not_readable", str(error)) from error


def _video_stream(container: Any) -> Any:
    if not container.streams.video:
        kinds = sorted({stream.type for stream in container.streams})
        raise MediaError("no_video_stream", f"streams found: {', '.join(kinds) or 'none'}")
    stream = container.streams.video[0]
    stream.codec_context.thread_count = 1
    return stream


def probe(path: Path) -> Probe:
    """Scan a file's packets and decode one frame for its rotation.

    Raises MediaError: `file_missing`, `not_readable`, `no_video_stream`, `no_decoder`,
    `no_packets`.
    """
    with _open(path) as container:
        stream = _video_stream(container)
        if stream.codec_context is None or stream.codec_context.name is None:
            raise MediaError("no_decoder", f"codec tag {stream.codec_tag}")
        count, first, last = 0, None, None
        rotation, size, layout = 0, (stream.width, stream.height), stream.codec_context.pix_fmt
        seen = False
        gap = _frame_gap(stream)
        try:
            for packet in container.demux(stream):
                if packet.size == 0 and packet.pts is None and packet.dts is None:
                    continue
                count += 1
                pts = packet.pts if packet.pts is not None else packet.dts
                if pts is not None and not packet.is_discard:
                    first = pts if first is None else min(first, pts)
                    last = max(last or pts, pts + (packet.duration or gap))
                if not seen:
                    frame = _first_frame(packet)
                    if frame is not None:
                        seen, rotation = True, _clockwise(frame)
                        layout = frame.format.name
                        size = size if all(size) else (frame.width, frame.height)
        except av.error.FFmpegError as error:
            if count == 0:
                raise MediaError("not_readable", str(error)) from error
        if count == 0:
            raise MediaError("no_packets", "the video stream holds no packet")
        base = Fraction(stream.time_base)
        return Probe(
            container=container.format.name,
            codec=stream.codec_context.codec.canonical_name,
            pixel_format=layout or "",
            width_px=size[0],
            height_px=size[1],
            fps=float(stream.average_rate or 0),
            time_base=TimeBase(base.numerator, base.denominator),
            num_packets=count,
            duration_ticks=(last - first) if first is not None and last is not None else 0,
            stated_duration_s=_stated_s(container, stream),
            rotation_deg=rotation,
            has_audio=bool(container.streams.audio),
        )


def _stated_s(container: Any, stream: Any) -> float:
    """Return the length in seconds that the container states for a stream, 0 if none.

    Matroska keeps it in a tag per stream; the length of the whole file counts only where
    no other stream can be the longer one.
    """
    if stream.duration:
        return float(stream.duration * stream.time_base)
    tag = stream.metadata.get("DURATION", "")
    parts = tag.split(":")
    if len(parts) == 3:
        try:
            return int(parts[0]) * 3600 + int(parts[1]) * 60 + float(parts[2])
        except ValueError:
            return 0.0
    if len(container.streams) == 1 and container.duration:
        return float(container.duration / av.time_base)
    return 0.0


def _first_frame(packet: Any) -> Any:
    try:
        frames = packet.decode()
    except (av.error.FFmpegError, ValueError):
        return None
    return frames[0] if frames else None


def _frame_gap(stream: Any) -> int:
    """Return one frame's length in ticks by the container's rate, at least 1."""
    rate = stream.average_rate or stream.guessed_rate
    return max(1, round(1 / (rate * stream.time_base))) if rate and stream.time_base else 1


class _Clock:
    """Gives each decoded frame its start in ticks, as FFmpeg's best-effort timestamps do.

    The presentation time counts until it has run backwards more often than the decoding
    time. AVI stores decoding times only, so there they count from the start. A frame that
    has neither starts one frame after the last one.
    """

    def __init__(self, container: Any, stream: Any) -> None:
        self.gap = _frame_gap(stream)
        self._has_pts = container.format.name != "avi"
        self._last: int | None = None
        self._last_pts: int | None = None
        self._last_dts: int | None = None
        self._num_bad_pts = self._num_bad_dts = 0

    def time(self, frame: Any) -> int:
        """Return the start of the next frame in display order."""
        if frame.pts is not None:
            self._num_bad_pts += self._last_pts is not None and frame.pts <= self._last_pts
            self._last_pts = frame.pts
        if frame.dts is not None:
            self._num_bad_dts += self._last_dts is not None and frame.dts <= self._last_dts
            self._last_dts = frame.dts
        by_pts = self._has_pts and self._num_bad_pts <= self._num_bad_dts
        time = frame.pts if by_pts and frame.pts is not None else frame.dts
        if time is None and self._has_pts:
            time = frame.pts
        if time is None:
            time = 0 if self._last is None else self._last + self.gap
        self._last = int(time)
        return self._last


class Decoding:
    """One sequential pass over a file's video; iterate for `Picture`s in display order.

    Packets that the decoder refuses are skipped and counted in `num_bad_packets`, as
    FFmpeg's own tool does. Timestamps rise strictly: a frame that does not advance is
    counted in `num_out_of_order` and left out. `last_error` keeps what the library said.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.num_bad_packets = 0
        self.num_out_of_order = 0
        self.last_error = ""
        self.time_base = TimeBase(1, 1)

    def __iter__(self) -> Iterator[Picture]:
        with _open(self.path) as container:
            stream = _video_stream(container)
            base = Fraction(stream.time_base)
            self.time_base = TimeBase(base.numerator, base.denominator)
            clock = _Clock(container, stream)
            last_pts: int | None = None
            for frame in self._frames(container, stream):
                pts = clock.time(frame)
                if last_pts is not None and pts <= last_pts:
                    self.num_out_of_order += 1
                    continue
                last_pts = pts
                yield Picture(pts, int(frame.duration or clock.gap), _clockwise(frame), frame)

    def _frames(self, container: Any, stream: Any) -> Iterator[Any]:
        packets = container.demux(stream)
        while self.num_bad_packets <= _BAD_PACKETS_MAX:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.error.FFmpegError, OSError) as error:
                self.num_bad_packets += 1
                self.last_error = str(error)
                return
            try:
                yield from packet.decode()
            except (av.error.FFmpegError, ValueError) as error:
                self.num_bad_packets += 1
                self.last_error = str(error)


def read_pyav(path: Path, wanted_pts: Sequence[int], width_px: int, height_px: int) -> list[Any]:
    """Return RGB arrays of the frames that start exactly at `wanted_pts` (any order).

    Seeks to the keyframe before the first of them; where that does not lead to the very
    timestamps (streams without an index), decodes from the start. Raises MediaError
    `frame_not_found` naming the first timestamp that is not there.
    """
    wanted = set(wanted_pts)
    found = _collect(path, wanted, width_px, height_px, seek=True)
    if len(found) < len(wanted):
        found = _collect(path, wanted, width_px, height_px, seek=False)
    missing = sorted(wanted - found.keys())
    if missing:
        raise MediaError("frame_not_found", f"no frame at {missing[0]} ticks in {path.name}")
    return [found[pts] for pts in wanted_pts]


_NO_SEEK = frozenset({"avi", "h264", "hevc", "m4v", "mpegvideo", "mjpeg"})
"""Formats without presentation times that can be trusted from the middle of the file on."""


def _collect(
    path: Path, wanted: set[int], width_px: int, height_px: int, *, seek: bool
) -> dict[int, NDArray[np.uint8]]:
    """Return the wanted frames by their start, from a seek on or from the file's start on."""
    decoding = Decoding(path)
    found: dict[int, NDArray[np.uint8]] = {}
    last = max(wanted)
    with _open(path) as container:
        stream = _video_stream(container)
        if seek:
            if container.format.name in _NO_SEEK:
                return found
            try:
                container.seek(min(wanted), stream=stream, backward=True)
            except av.error.FFmpegError:
                return found
        clock = _Clock(container, stream)
        for frame in decoding._frames(container, stream):
            pts = clock.time(frame)
            if pts in wanted and pts not in found:
                picture = Picture(pts, 0, _clockwise(frame), frame)
                found[pts] = picture.rgb(width_px, height_px)
            if pts >= last:
                break
    return found


def read_decord(
    path: Path, frame_indexes: Sequence[int], width_px: int, height_px: int
) -> list[NDArray[np.uint8]]:
    """Return RGB arrays of the frames at 0-based `frame_indexes`, by decord, in that order.

    Only for videos whose survey saw decord's frames equal PyAV's. Raises MediaError
    `decord_failed`.
    """
    import decord

    try:
        reader = decord.VideoReader(
            str(path), ctx=decord.cpu(0), width=width_px, height=height_px, num_threads=1
        )
        if list(frame_indexes) == sorted(frame_indexes):
            return list(reader.get_batch(list(frame_indexes)).asnumpy())
        return [reader[index].asnumpy() for index in frame_indexes]
    except (decord.DECORDError, IndexError, RuntimeError) as error:
        raise MediaError("decord_failed", str(error).splitlines()[0][:300]) from error


def decord_index(path: Path) -> tuple[int, list[int]]:
    """Return how many frames decord counts in a file, and which of them are keyframes.

    Raises MediaError `decord_failed`.
    """
    import decord

    try:
        reader = decord.VideoReader(str(path), ctx=decord.cpu(0), num_threads=1)
        return len(reader), [int(index) for index in reader.get_key_indices()]
    except (decord.DECORDError, RuntimeError) as error:
        raise MediaError("decord_failed", str(error).splitlines()[0][:300]) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """One channel of sound: `samples` float32 in -1..1, `rate_hz` of them a second."""

    samples: NDArray[np.float32]
    rate_hz: int


def write_video(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    *,
    fps: float | Fraction,
    codec: str = "libx264",
    crf: int = 20,
    keyframe_every: int = 48,
    sound: Sound | None = None,
) -> int:
    """Write H x W x 3 RGB frames to `path` (container by suffix); return how many.

    Odd sizes are padded by repeating the last row or column, because 4:2:0 needs even ones.
    `crf` is the encoder's own quality scale; MPEG-4 and MJPEG get a fixed quantiser instead.
    `sound` gets the codec that `SOUND_CODECS` names for the container.
    """
    rate = Fraction(fps).limit_denominator(60000)
    count = 0
    with _create(path) as container:
        stream: Any = None
        track: _SoundTrack | None = None
        for pixels in frames:
            picture = _even(pixels)
            if stream is None:
                stream = _add_stream(container, codec, rate, picture, crf, keyframe_every)
                track = _SoundTrack(container, path, sound) if sound else None
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = count, 1 / rate
            container.mux(stream.encode(frame))
            count += 1
            if track:
                track.write_until(float(count / rate))
        if stream is None:
            raise ValueError("a video has at least one frame")
        container.mux(stream.encode(None))
        if track:
            track.close()
    return count


def write_picture(path: Path, pixels_HWC: NDArray[np.uint8]) -> None:
    """Write one H x W x 3 RGB picture; the format by the suffix (`.png`, `.jpg`)."""
    import cv2

    if not cv2.imwrite(str(path), np.ascontiguousarray(pixels_HWC[..., ::-1])):
        raise OSError(f"{path} cannot be written")


def write_sound(path: Path, sound: Sound) -> None:
    """Write a file that holds sound and no picture."""
    with _create(path) as container:
        _SoundTrack(container, path, sound).close()


def _create(path: Path) -> Any:
    """Open a file to write: bit-exact, with no random ids and no version in it.

    The same frames then give the same bytes.
    """
    return av.open(str(path), "w", container_options={"fflags": "+bitexact"})


SOUND_CODECS = {
    ".avi": "libmp3lame",
    ".mkv": "libopus",
    ".mov": "pcm_s16le",
    ".webm": "libopus",
}
"""The codec of the sound by the file's suffix; AAC in every other."""
_SAMPLES_AT_ONCE = 1024


class _SoundTrack:
    """Encodes sound beside the picture, so that both come interleaved."""

    def __init__(self, container: Any, path: Path, sound: Sound) -> None:
        codec = SOUND_CODECS.get(path.suffix.lower(), "aac")
        self._container, self._sound, self._done = container, sound, 0
        self._stream = container.add_stream(codec, rate=sound.rate_hz, layout="mono")
        self._stream.codec_context.thread_count = 1
        self._stream.codec_context.options = {"flags": "+bitexact"}

    def write_until(self, time_s: float) -> None:
        """Encode what is heard before `time_s`, in whole blocks."""
        until = min(int(time_s * self._sound.rate_hz), len(self._sound.samples))
        while until - self._done >= _SAMPLES_AT_ONCE:
            self._write(self._done + _SAMPLES_AT_ONCE)

    def close(self) -> None:
        """Encode the rest."""
        while self._done < len(self._sound.samples):
            self._write(min(self._done + _SAMPLES_AT_ONCE, len(self._sound.samples)))
        self._container.mux(self._stream.encode(None))

    def _write(self, end: int) -> None:
        block = np.clip(self._sound.samples[self._done : end], -1, 1).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(block[None], format="flt", layout="mono")
        frame.sample_rate = self._sound.rate_hz
        frame.pts, frame.time_base = self._done, Fraction(1, self._sound.rate_hz)
        self._container.mux(self._stream.encode(frame))
        self._done = end


def _even(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    if height % 2 or width % 2:
        pixels = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(pixels)


def _add_stream(
    container: Any, codec: str, rate: Fraction, picture: NDArray[np.uint8], crf: int, gop: int
) -> Any:
    stream = container.add_stream(codec, rate=rate)
    stream.height, stream.width = picture.shape[:2]
    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    stream.codec_context.gop_size = gop
    stream.codec_context.thread_count = 1
    if codec in {"mpeg4", "mpeg2video"}:
        stream.options = {"qscale": "4"}
        stream.codec_context.bit_rate = 2_000_000
    elif codec == "mjpeg":
        stream.options = {"qmin": "3", "qmax": "3"}
    elif codec.startswith("libvpx"):
        stream.options = {"crf": str(crf), "b:v": "0", "deadline": "realtime", "cpu-used": "8"}
        stream.codec_context.bit_rate = 0
    else:
        stream.options = {"crf": str(crf)}
        if codec in {"libx264", "libx265"}:
            stream.options["preset"] = "veryfast"
        if codec == "libx264":
            stream.options["x264-params"] = "mbtree=0"  # macroblock trees are not repeatable
        elif codec == "libx265":
            stream.options["x265-params"] = "pools=none:frame-threads=1:log-level=none"
        elif codec == "libsvtav1":
            os.environ.setdefault("SVT_LOG", "1")  # errors only: it prints its settings otherwise
            stream.options |= {"preset": "8", "svtav1-params": "lp=1"}
    return stream


class Mp4Writer:
    """The `FrameWriter` of the house: H.264 in mp4, which every browser plays."""

    def write(self, path: Path, pixels_THWC: NDArray[np.uint8], *, fps: float) -> None:
        """Write T x H x W x 3 RGB frames to `path`."""
        write_video(path, iter(pixels_THWC), fps=fps, crf=16)


def missing_codecs(decoders: Iterable[str], encoders: Iterable[str]) -> list[str]:
    """Return which of FFmpeg's codec names this build of PyAV lacks."""
    missing: list[str] = []
    for mode, names in (("r", decoders), ("w", encoders)):
        for name in names:
            try:
                av.codec.Codec(name, mode)
            except ValueError:
                missing.append(name)
    return missing
