"""Paths to `Source` and `Video` records: content hash and packet scan, no decoding pass.

Which files count as footage is decided by their suffix when a folder is given; a file
named by itself is always tried.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import Field

from pipeline.containment import Contained
from pipeline.media import Probe, probe
from schemas.errors import MediaError, UserError
from schemas.ids import content_id, file_sha256, video_id
from schemas.records import Counts, Failure, Source, Video, Work
from schemas.settings import Settings

VIDEO_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("3g2", "3gp", "asf", "avi", "f4v", "flv", "gif", "m2ts", "m2v", "m4v", "mjpeg", "mjpg"),
        *("mkv", "mov", "mp4", "mpe", "mpeg", "mpg", "mts", "mxf", "ogm", "ogv", "qt", "ts"),
        *("vob", "webm", "wmv", "y4m"),
    )
)
"""Files with these suffixes are footage; others in a folder are passed over."""


class IngestSettings(Settings):
    """How files are found and scanned."""

    timeout_s: float = Field(60.0, gt=0)
    """Seconds that the packet scan of one file may take."""
    memory_limit_mb: int = Field(8192, ge=512)
    """Address space of a decoding process, in MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file on disk as the listing saw it."""

    path: str
    num_bytes: int
    modified_us: int

    @property
    def work_id(self) -> str:
        """Name of the ingest of this file in this state: a changed file is new work."""
        return content_id("work", "ingest", self.path, self.num_bytes, self.modified_us)


def find_files(paths: Iterable[Path]) -> list[FoundFile]:
    """List footage under `paths`, sorted, each file once, hidden files left out.

    Raises UserError for a path that is not there or a folder without any footage.
    """
    found: dict[str, FoundFile] = {}
    for path in paths:
        if not path.exists():
            raise UserError(f"no such file or folder: {path}", "check the path")
        if path.is_dir():
            inside = [file for file in sorted(path.rglob("*")) if _is_footage(file, path)]
            if not inside:
                shown = " ".join(sorted(VIDEO_SUFFIXES)[:8])
                raise UserError(
                    f"no video files in {path}", f"looked in all subfolders for {shown} ..."
                )
        else:
            inside = [path]
        for file in inside:
            status = file.stat()
            key = str(file.resolve())
            found[key] = FoundFile(
                path=key, num_bytes=status.st_size, modified_us=status.st_mtime_ns // 1000
            )
    return [found[key] for key in sorted(found)]


def _is_footage(file: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
    return file.suffix.lower() in VIDEO_SUFFIXES and not hidden and file.is_file()


def ingest_file(found: FoundFile, settings: IngestSettings, run_id: str, child: Contained) -> Work:
    """Hash and scan one file; return its rows: a source, and a video or a failure."""
    path = Path(found.path)
    try:
        sha256 = file_sha256(path)
    except OSError as error:
        return _failed(found, None, MediaError("not_readable", str(error)), run_id)
    key = video_id(sha256)
    try:
        scan = child.call(probe, settings.timeout_s, path)
    except MediaError as error:
        return _failed(found, key, error, run_id)
    return Work(
        work_id=found.work_id,
        stage="ingest",
        settings_hash="",
        rows={
            "sources": [_source(found, key)],
            "videos": [_video(key, sha256, scan)],
        },
        counts=Counts(num_in=1, num_out=1, seconds_in=scan.duration_s, seconds_out=scan.duration_s),
    )


def _source(found: FoundFile, key: str) -> Source:
    modified = datetime.fromtimestamp(found.modified_us / 1e6, UTC)
    return Source(uri=found.path, video_id=key, num_bytes=found.num_bytes, modified_at=modified)


def _video(key: str, sha256: str, scan: Probe) -> Video:
    return Video(
        video_id=key,
        sha256=sha256,
        container=scan.container,
        codec=scan.codec,
        pixel_format=scan.pixel_format,
        width_px=scan.width_px,
        height_px=scan.height_px,
        fps=scan.fps,
        time_base_num=scan.time_base.num,
        time_base_den=scan.time_base.den,
        num_packets=scan.num_packets,
        duration_s=scan.duration_s,
        stated_duration_s=scan.stated_duration_s,
        rotation_deg=scan.rotation_deg,
        has_audio=scan.has_audio,
    )


def _failed(found: FoundFile, key: str | None, error: MediaError, run_id: str) -> Work:
    failure = Failure(
        uri=found.path,
        video_id=key,
        stage="ingest",
        reason=error.reason,
        message=error.message,
        run_id=run_id,
    )
    rows: dict[str, list[object]] = {"failures": [failure]}
    if key is not None:
        rows["sources"] = [_source(found, key)]
    return Work(
        work_id=found.work_id,
        stage="ingest",
        settings_hash="",
        rows=rows,
        counts=Counts(num_in=1, num_failed=1),
    )
