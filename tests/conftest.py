"""Shared by all tests: drawn pictures, ready-made records, a local Ray and the real footage."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest

from schemas.catalog import Catalog
from schemas.ids import clip_id, new_run_id, video_id
from schemas.records import (
    Caption,
    Choice,
    Clip,
    ClipScores,
    Counts,
    Duplicate,
    Failure,
    Offcut,
    Rule,
    Source,
    Split,
    Survey,
    Video,
    Work,
)

REPOSITORY = Path(__file__).resolve().parent.parent


class Draw:
    """Pictures whose content is known: smooth random texture, seen by a camera that moves."""

    @staticmethod
    def texture(seed: int, width: int, height: int, *, contrast: float = 45.0) -> np.ndarray:
        """Return H x W x 3 uint8 with detail at several sizes and a hue of its own."""
        rng = np.random.default_rng(seed)
        picture = np.zeros((height, width, 3), np.float32)
        for sigma, weight in ((2.0, 0.5), (6.0, 1.0), (16.0, 1.0)):
            noise = rng.standard_normal((height, width, 3)).astype(np.float32)
            layer = cv2.GaussianBlur(noise, (0, 0), sigma)
            picture += weight * layer / layer.std()
        tint = rng.uniform(70, 185, 3)
        return np.clip(picture / picture.std() * contrast + tint, 0, 255).astype(np.uint8)

    @staticmethod
    def view(
        canvas: np.ndarray, x: float, y: float, width: int, height: int, zoom: float = 1.0
    ) -> np.ndarray:
        """Return what a camera sees whose middle points at (x, y) of the canvas."""
        matrix = np.array(
            [
                [1 / zoom, 0, x - (width - 1) / (2 * zoom)],
                [0, 1 / zoom, y - (height - 1) / (2 * zoom)],
            ]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(canvas, matrix, (width, height), flags=flags)

    @classmethod
    def shot(
        cls,
        seed: int,
        num_frames: int,
        *,
        width: int = 192,
        height: int = 108,
        pan_px: float = 0.0,
        tilt_px: float = 0.0,
        zoom_per_frame: float = 0.0,
        ball_px: float = 0.0,
    ) -> list[np.ndarray]:
        """Return frames of one take; `pan_px`, `tilt_px` move the camera right and down."""
        room_x = math.ceil(abs(pan_px) * num_frames) + 8
        room_y = math.ceil(abs(tilt_px) * num_frames) + 8
        canvas = cls.texture(seed, width + 2 * room_x, height + 2 * room_y)
        x = canvas.shape[1] / 2 - pan_px * num_frames / 2
        y = canvas.shape[0] / 2 - tilt_px * num_frames / 2
        frames = []
        for t in range(num_frames):
            zoom = (1 + zoom_per_frame) ** t
            seen = cls.view(canvas, x + pan_px * t, y + tilt_px * t, width, height, zoom)
            if ball_px:
                reach = width - 24
                place = abs((ball_px * t) % (2 * reach) - reach)
                centre = (12 + round(place), height // 2)
                cv2.circle(seen, centre, height // 8, (250, 60, 40), -1)
            frames.append(seen)
        return frames

    @staticmethod
    def fade(frames: Sequence[np.ndarray], *, out: int = 0, into: int = 0) -> list[np.ndarray]:
        """Return the frames with the last `out` going to black, the first `into` coming from it."""
        done = [frame.copy() for frame in frames]
        for index in range(out):
            at = len(done) - out + index
            done[at] = (done[at] * (1 - (index + 1) / (out + 1))).astype(np.uint8)
        for index in range(into):
            done[index] = (done[index] * ((index + 1) / (into + 1))).astype(np.uint8)
        return done

    @staticmethod
    def black(num_frames: int, width: int = 192, height: int = 108) -> list[np.ndarray]:
        return [np.zeros((height, width, 3), np.uint8)] * num_frames


class Make:
    """Records with sensible values, so that a test states only what it is about."""

    START = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
    HASHES: ClassVar = {
        stage: f"set_{stage}" for stage in ("survey", "split", "score", "judge", "dedupe")
    }

    @staticmethod
    def video(name: str, **changes: Any) -> Video:
        sha256 = hashlib.sha256(name.encode()).hexdigest()
        values = {
            "video_id": video_id(sha256),
            "sha256": sha256,
            "container": "mov,mp4",
            "codec": "h264",
            "pixel_format": "yuv420p",
            "width_px": 320,
            "height_px": 180,
            "fps": 24.0,
            "time_base_num": 1,
            "time_base_den": 24,
            "num_packets": 240,
            "duration_s": 10.0,
            "stated_duration_s": 10.0,
            "rotation_deg": 0,
            "has_audio": False,
        }
        return Video(**{**values, **changes})

    @classmethod
    def source(cls, video: Video, uri: str) -> Source:
        return Source(uri=uri, video_id=video.video_id, num_bytes=1000, modified_at=cls.START)

    @classmethod
    def survey(cls, video: Video, **changes: Any) -> Survey:
        num_frames = changes.get("num_frames", video.num_packets)
        calm = [1.0] * num_frames
        values = {
            "video_id": video.video_id,
            "survey_version": cls.HASHES["survey"],
            "num_frames": num_frames,
            "is_vfr": False,
            "decoder": "test",
            "random_reader": "pyav",
            "random_reader_note": "",
            "width_px": video.width_px,
            "height_px": video.height_px,
            "fps": video.fps,
            "duration_s": num_frames / video.fps,
            "time_base_num": video.time_base_num,
            "time_base_den": video.time_base_den,
            "end_pts": num_frames,
            "num_bad_packets": 0,
            "pts": list(range(num_frames)),
            "luma_mean": [120.0] * num_frames,
            "luma_std": [45.0] * num_frames,
            "dark_share": [0.0] * num_frames,
            "bright_share": [0.0] * num_frames,
            "saturation": [60.0] * num_frames,
            "content_change": calm,
            "histogram_change": [0.0] * num_frames,
            "local_motion": calm,
            "shift_x": [0.0] * num_frames,
            "shift_y": [0.0] * num_frames,
            "zoom": [0.0] * num_frames,
            "shift_agreement": calm,
            "frame_hash": [0x0F0F0F0F0F0F0F0F] * num_frames,
        }
        return Survey(**{**values, **changes})

    @staticmethod
    def clip(video: Video, start: int, end: int, **changes: Any) -> Clip:
        rate = video.time_base_den / video.time_base_num
        values = {
            "clip_id": clip_id(video.video_id, start, end),
            "video_id": video.video_id,
            "start_frame": start,
            "end_frame": end,
            "start_pts": start,
            "end_pts": end,
            "time_base_num": video.time_base_num,
            "time_base_den": video.time_base_den,
            "start_s": start / rate,
            "end_s": end / rate,
            "duration_s": (end - start) / rate,
            "num_frames": end - start,
            "fps": video.fps,
            "width_px": video.width_px,
            "height_px": video.height_px,
        }
        return Clip(**{**values, **changes})

    @classmethod
    def split(cls, clip: Clip, **changes: Any) -> Split:
        values = {
            "settings_hash": cls.HASHES["split"],
            "clip_id": clip.clip_id,
            "video_id": clip.video_id,
            "shot_index": 0,
        }
        return Split(**{**values, **changes})

    @classmethod
    def offcut(cls, video: Video, start: int, end: int, reason: str = "transition") -> Offcut:
        rate = video.time_base_den / video.time_base_num
        return Offcut(
            video_id=video.video_id,
            settings_hash=cls.HASHES["split"],
            start_frame=start,
            end_frame=end,
            start_pts=start,
            end_pts=end,
            start_s=start / rate,
            end_s=end / rate,
            duration_s=(end - start) / rate,
            reason=reason,
        )

    @classmethod
    def scores(cls, clip: Clip, **changes: Any) -> ClipScores:
        """Return scores that the default rules keep."""
        values = {
            "clip_id": clip.clip_id,
            "version": cls.HASHES["score"],
            "motion": 20.0,
            "motion_peak": 30.0,
            "still_share": 0.0,
            "camera_motion": 0.0,
            "pan_x": 0.0,
            "pan_y": 0.0,
            "zoom": 0.0,
            "shake": 0.0,
            "sharpness": 0.05,
            "brightness": 120.0,
            "contrast": 45.0,
            "dark_share": 0.0,
            "bright_share": 0.0,
            "saturation": 60.0,
            "border_share": 0.0,
            "num_sampled_frames": 3,
        }
        return ClipScores(**{**values, **changes})

    @classmethod
    def duplicate(cls, clip: Clip, group: str, **changes: Any) -> Duplicate:
        values = {
            "clip_id": clip.clip_id,
            "group_id": group,
            "nearest_clip_id": clip.clip_id,
            "distance": 0.1,
            "method": "frame_hash_sequence",
            "settings_hash": cls.HASHES["dedupe"],
        }
        return Duplicate(**{**values, **changes})

    @classmethod
    def rule(cls, position: int, column: str, reason: str, **limits: float | None) -> Rule:
        return Rule(
            settings_hash=cls.HASHES["judge"],
            position=position,
            name=f"{column}_limit",
            column=column,
            minimum=limits.get("minimum"),
            maximum=limits.get("maximum"),
            reason=reason,
        )

    @classmethod
    def caption(cls, clip: Clip, text: str, **changes: Any) -> Caption:
        values = {
            "caption_id": f"cap_{clip.clip_id}_{text}",
            "clip_id": clip.clip_id,
            "video_id": clip.video_id,
            "start_s": clip.start_s,
            "end_s": clip.end_s,
            "kind": "long",
            "language": "en",
            "text": text,
            "status": "ok",
            "captioner": "test",
            "model": "rules",
            "revision": "1",
            "prompt_hash": "",
            "frame_times_s": [0.0],
            "frames_digest": "",
            "settings_hash": "set_caption",
            "created_at": cls.START,
        }
        return Caption(**{**values, **changes})

    @staticmethod
    def failure(uri: str, reason: str, **changes: Any) -> Failure:
        values = {"video_id": None, "stage": "ingest", "message": "", "run_id": "run_1"}
        return Failure(uri=uri, reason=reason, **{**values, **changes})

    @staticmethod
    def work(
        name: str, stage: str = "ingest", settings_hash: str = "", **rows: Sequence[object]
    ) -> Work:
        return Work(
            work_id=f"work_{name}",
            stage=stage,
            settings_hash=settings_hash,
            rows={table: list(records) for table, records in rows.items()},
            counts=Counts(num_in=1, num_out=1),
        )

    @classmethod
    def chosen(cls, minutes: int = 0, **hashes: str) -> list[Choice]:
        """Return choices for all stages, at a time of their own."""
        return [
            Choice(
                stage=stage,
                settings_hash=digest,
                settings_json="{}",
                run_id="run_1",
                chosen_at=cls.START + timedelta(minutes=minutes),
            )
            for stage, digest in {**cls.HASHES, **hashes}.items()
        ]

    @classmethod
    def catalog(
        cls,
        root: Path,
        *,
        names: Sequence[str] = ("a", "b", "c"),
        rules: Sequence[Rule] = (),
        folder: str = "/footage",
    ) -> Catalog:
        """Return a catalogue of videos of 240 frames: an offcut of 40, two clips of 100."""
        catalog = Catalog.create(root)
        works = [cls.work("choose", "choose", choices=cls.chosen(), rules=rules)]
        for name in names:
            video = cls.video(name)
            clips = [cls.clip(video, 40, 140), cls.clip(video, 140, 240)]
            works.append(
                cls.work(
                    f"video {name}",
                    sources=[cls.source(video, f"{folder}/{name}.mp4")],
                    videos=[video],
                    surveys=[cls.survey(video)],
                    clips=clips,
                    splits=[cls.split(clip) for clip in clips],
                    offcuts=[cls.offcut(video, 0, 40)],
                    clip_scores=[cls.scores(clip) for clip in clips],
                )
            )
        catalog.commit(works, new_run_id())
        return catalog


@pytest.fixture(scope="session")
def draw() -> type[Draw]:
    """Draws pictures and takes."""
    return Draw


@pytest.fixture(scope="session")
def make() -> type[Make]:
    """Makes records and small catalogues."""
    return Make


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds the packages."""
    return REPOSITORY


@pytest.fixture(scope="session")
def media_folder() -> Path:
    """The real footage; the test is skipped where there is none."""
    given = os.environ.get("RUSHES_MEDIA")
    folder = Path(given) if given else REPOSITORY.parent / "shared" / "media"
    if not (folder / "manifest.csv").is_file():
        pytest.skip("the real footage is not here: set RUSHES_MEDIA")
    return folder


@pytest.fixture(scope="session")
def local_ray() -> Iterator[int]:
    """One Ray on this machine for all tests that need it; yields its number of CPUs."""
    from orchestration.cluster import ray_session

    with ray_session(None, 2) as num_cpus:
        yield num_cpus


@pytest.fixture
def world_files(tmp_path: Path) -> Any:
    """Returns a function that lists every file under the test's folder with its content's hash."""

    def listing(root: Path = tmp_path) -> dict[str, str]:
        return {
            str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }

    return listing
