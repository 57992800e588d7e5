"""One frozen dataclass per row type; column types and units stand in `schemas.tables`.

A record is complete when it is made: a later step adds its own row to its own table and
never fills a hole in an earlier one. `batch_id` is not here: the catalogue adds it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file as found. Byte-identical files share a `video_id`."""

    uri: str
    video_id: str
    num_bytes: int
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """What a scan of the packets tells about a file; nothing is decoded.

    Sizes are as coded; `rotation_deg` is the clockwise turn a player makes to show it.
    """

    video_id: str
    sha256: str
    container: str
    codec: str
    pixel_format: str
    width_px: int
    height_px: int
    fps: float
    time_base_num: int
    time_base_den: int
    num_packets: int
    duration_s: float
    stated_duration_s: float
    rotation_deg: int
    has_audio: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What one decode pass saw: timestamps and signals, one value per frame.

    `width_px` and `height_px` are as displayed. Frame i covers `[pts[i], pts[i+1])` ticks,
    the last one ends at `end_pts`. A signal that compares a frame with the one before is 0
    at frame 0.
    """

    video_id: str
    survey_version: str
    num_frames: int
    is_vfr: bool
    decoder: str
    random_reader: str
    random_reader_note: str
    width_px: int
    height_px: int
    fps: float
    duration_s: float
    time_base_num: int
    time_base_den: int
    end_pts: int
    num_bad_packets: int
    pts: list[int]
    luma_mean: list[float]
    luma_std: list[float]
    dark_share: list[float]
    bright_share: list[float]
    saturation: list[float]
    content_change: list[float]
    histogram_change: list[float]
    local_motion: list[float]
    shift_x: list[float]
    shift_y: list[float]
    zoom: list[float]
    shift_agreement: list[float]
    frame_hash: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledFrame:
    """A stored frame and what was measured on it at native size."""

    video_id: str
    survey_version: str
    frame_index: int
    pts: int
    time_s: float
    width_px: int
    height_px: int
    jpeg: bytes
    sharpness: float
    border_left_px: int
    border_right_px: int
    border_top_px: int
    border_bottom_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Frame hashes at a fixed rate, for finding near-duplicates."""

    video_id: str
    survey_version: str
    rate_hz: float
    frame_index: list[int]
    time_s: list[float]
    hashes: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A continuous take, and how it ends."""

    video_id: str
    settings_hash: str
    shot_index: int
    start_frame: int
    end_frame: int
    start_s: float
    end_s: float
    transition_out: str
    transition_start_frame: int
    transition_end_frame: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """The part of one shot that we keep: a reference, not a file."""

    clip_id: str
    video_id: str
    start_frame: int
    end_frame: int
    start_pts: int
    end_pts: int
    time_base_num: int
    time_base_den: int
    start_s: float
    end_s: float
    duration_s: float
    num_frames: int
    fps: float
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Membership: this recipe's split holds this clip, cut from that shot."""

    settings_hash: str
    clip_id: str
    video_id: str
    shot_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offcut:
    """A part of a video in no clip, with the reason; clips and offcuts tile the video."""

    video_id: str
    settings_hash: str
    start_frame: int
    end_frame: int
    start_pts: int
    end_pts: int
    start_s: float
    end_s: float
    duration_s: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """The rectangle of a clip that is picture, where bars surround it."""

    clip_id: str
    settings_hash: str
    x_px: int
    y_px: int
    width_px: int
    height_px: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One measured number about one clip."""

    clip_id: str
    name: str
    version: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipScores:
    """The model-free scores of a clip, one wide row; units in `schemas.tables`."""

    clip_id: str
    version: str
    motion: float
    motion_peak: float
    still_share: float
    camera_motion: float
    pan_x: float
    pan_y: float
    zoom: float
    shake: float
    sharpness: float
    brightness: float
    contrast: float
    dark_share: float
    bright_share: float
    saturation: float
    border_share: float
    num_sampled_frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """A clip as a point in the space of a model; `vector` is empty outside the model's domain."""

    clip_id: str
    model: str
    vector: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Drop a clip whose `column` is below `minimum` or above `maximum`."""

    settings_hash: str
    position: int
    name: str
    column: str
    minimum: float | None
    maximum: float | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """A clip in a group of near-duplicates; a clip in no group has no row."""

    clip_id: str
    group_id: str
    nearest_clip_id: str
    distance: float
    method: str
    settings_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """A text about a clip, and everything that made it.

    `frame_times_s` are the frames that the captioner saw, counted from the clip's start;
    `frames_digest` hashes their pixels, so that a caption on another clip's frames shows.
    """

    caption_id: str
    clip_id: str | None
    video_id: str
    start_s: float
    end_s: float
    kind: str
    language: str
    text: str
    status: str
    captioner: str
    model: str
    revision: str
    prompt_hash: str
    frame_times_s: list[float]
    frames_digest: str
    settings_hash: str
    created_at: datetime
    attempt: int = 0
    message: str = ""
    corrections: list[str] = field(default_factory=list)
    alignment: float | None = None
    aligner: str = ""
    sampling: str = ""
    raw: str = ""
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a person decided about a clip or one of its captions; the latest decision counts.

    A caption's review comes with a row in `captions` whose captioner is `review`.
    """

    review_id: str
    clip_id: str
    decision: str
    caption_id: str | None
    new_caption_id: str | None
    note: str
    reviewer: str
    file_sha256: str
    run_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRecord:
    """A frozen training set: a name that stands for exact rows for ever."""

    dataset_id: str
    name: str
    path: str
    where_sql: str
    snapshot_id: str
    num_clips: int
    duration_s: float
    run_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetMember:
    """Membership: this dataset holds this clip."""

    dataset_id: str
    clip_id: str
    video_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A saved generator and what it was trained on."""

    checkpoint_id: str
    path: str
    dataset_id: str
    step: int
    num_clips_seen: int
    loss: float
    settings_hash: str
    settings_json: str
    run_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Latent:
    """The cached latents of one clip under one codec and size."""

    clip_id: str
    codec: str
    settings_hash: str
    path: str
    num_frames: int
    fps: float
    width_px: int
    height_px: int
    num_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipLoss:
    """How hard one clip was for one training."""

    clip_id: str
    checkpoint_id: str
    num_seen: int
    loss: float | None
    relative_loss: float | None
    num_skipped: int
    run_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A generated video and what made it."""

    sample_id: str
    checkpoint_id: str
    path: str
    sha256: str
    prompt: str
    task: str
    seed: int
    num_steps: int
    guidance_scale: float
    width_px: int
    height_px: int
    num_frames: int
    fps: float
    run_id: str
    created_at: datetime
    expanded_prompt: str | None = None
    expander: str = "off"
    inputs: list[str] = field(default_factory=list)
    settings_json: str = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One execution of a plan, written when it starts."""

    run_id: str
    verb: str
    recipe_toml: str
    versions_json: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A file, clip or part that could not be done, with the reason; never a fake score."""

    uri: str
    video_id: str | None
    clip_id: str | None = None
    stage: str
    reason: str
    message: str
    lost_s: float = 0.0
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The settings that the `current_*` views show for a stage; the latest row wins."""

    stage: str
    settings_hash: str
    settings_json: str
    run_id: str
    chosen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The ledger line of one batch: items and seconds, in = out + rejected + failed."""

    num_in: int = 0
    num_out: int = 0
    num_rejected: int = 0
    num_failed: int = 0
    seconds_in: float = 0.0
    seconds_out: float = 0.0
    seconds_rejected: float = 0.0
    seconds_failed: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One unit of work as done: its rows for any tables, to be committed whole or not at all.

    `work_id` names the work by content and settings, so the same work is never done twice.
    `rows` maps a table's name to its records.
    """

    work_id: str
    stage: str
    settings_hash: str
    rows: dict[str, list[object]] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
