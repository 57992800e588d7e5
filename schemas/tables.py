"""One Arrow schema per table: the only place for column types, units and versions.

Every column names its unit or meaning in the field's metadata; `rushes sql` users read it
with `describe_table`. `FORMAT_VERSION` is raised whenever a table changes in a way that an
older Rushes cannot read; `schemas.catalog` refuses a newer one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any

import pyarrow as pa

FORMAT_VERSION = 1
"""Of the catalogue as a whole, written to `catalog.json` when it is created."""

_S, _I64, _I32, _F64, _F32, _B = (
    pa.string(),
    pa.int64(),
    pa.int32(),
    pa.float64(),
    pa.float32(),
    pa.bool_(),
)
_TIME = pa.timestamp("us", tz="UTC")
_F32S, _I64S, _I32S, _F64S, _SS = (pa.list_(t) for t in (_F32, _I64, _I32, _F64, _S))


def _table(**columns: tuple[pa.DataType, str]) -> pa.Schema:
    """Build a schema from `name=(type, meaning)`; `batch_id` comes last in every table."""
    columns["batch_id"] = (_S, "the batch that wrote the row; it counts once `commits` has it")
    return pa.schema(
        [pa.field(name, kind, metadata={"doc": doc}) for name, (kind, doc) in columns.items()]
    )


_START_END_S = {
    "start_s": (_F64, "seconds from the video's time zero, inclusive"),
    "end_s": (_F64, "seconds from the video's time zero, exclusive"),
}
_TIME_BASE = {
    "time_base_num": (_I64, "seconds per tick, numerator"),
    "time_base_den": (_I64, "seconds per tick, denominator"),
}
_MADE = {"run_id": (_S, "the run that wrote it"), "created_at": (_TIME, "UTC")}

TABLES: dict[str, pa.Schema] = {
    "sources": _table(
        uri=(_S, "where the file was found"),
        video_id=(_S, "id from the content; byte-identical files share it"),
        num_bytes=(_I64, "bytes"),
        modified_at=(_TIME, "modification time of the file, UTC"),
    ),
    "videos": _table(
        video_id=(_S, "id from the content"),
        sha256=(_S, "SHA-256 of the bytes, 64 hex digits"),
        container=(_S, "FFmpeg's names of the container format"),
        codec=(_S, "FFmpeg's name of the video codec"),
        pixel_format=(_S, "FFmpeg's name of the pixel format"),
        width_px=(_I32, "pixels, as coded"),
        height_px=(_I32, "pixels, as coded"),
        fps=(_F64, "average frames per second as the container states, 0 if it does not"),
        **_TIME_BASE,
        num_packets=(_I64, "video packets counted in the file"),
        duration_s=(_F64, "seconds from the first packet's start to the last one's end"),
        stated_duration_s=(_F64, "seconds that the container states, 0 if none; may be wrong"),
        rotation_deg=(_I32, "clockwise turn for display: 0, 90, 180, 270"),
        has_audio=(_B, "whether an audio stream is present"),
    ),
    "surveys": _table(
        video_id=(_S, "id from the content"),
        survey_version=(_S, "hash of the survey's code version and settings"),
        num_frames=(_I64, "frames decoded"),
        is_vfr=(_B, "whether the gaps between frames differ"),
        decoder=(_S, "library and version of the sequential pass"),
        random_reader=(_S, "`decord` where its frames equal the decoder's, else `pyav`"),
        random_reader_note=(_S, "why, when it is not decord"),
        width_px=(_I32, "pixels, as displayed"),
        height_px=(_I32, "pixels, as displayed"),
        fps=(_F64, "frames per second over the decoded span"),
        duration_s=(_F64, "seconds from the first frame's start to the last one's end"),
        **_TIME_BASE,
        end_pts=(_I64, "ticks, end of the last frame"),
        num_bad_packets=(_I64, "packets that the decoder refused"),
        pts=(_I64S, "ticks, start of each frame"),
        luma_mean=(_F32S, "0..255 per frame"),
        luma_std=(_F32S, "0..128 per frame"),
        dark_share=(_F32S, "share of pixels with luma <= 24"),
        bright_share=(_F32S, "share of pixels with luma >= 250"),
        saturation=(_F32S, "mean HSV saturation, 0..255"),
        content_change=(_F32S, "PySceneDetect ContentDetector's frame score, 0..255"),
        histogram_change=(_F32S, "1 - correlation of luma histograms with the frame before"),
        local_motion=(
            _F32S,
            "mean luma change beyond coding noise and the camera's shift, 0..255",
        ),
        shift_x=(_F32S, "camera shift per frame, share of the width, + is content moving right"),
        shift_y=(_F32S, "camera shift per frame, share of the height, + is content moving down"),
        zoom=(_F32S, "relative growth of the picture per frame, + is zooming in"),
        shift_agreement=(_F32S, "share of textured tiles that agree with the shift, 0..1"),
        frame_hash=(_I64S, "64-bit difference hash per frame, stored as signed"),
    ),
    "frames": _table(
        video_id=(_S, "id from the content"),
        survey_version=(_S, "hash of the survey's code version and settings"),
        frame_index=(_I64, "0-based frame in the video"),
        pts=(_I64, "ticks"),
        time_s=(_F64, "seconds from the video's time zero"),
        width_px=(_I32, "pixels of the stored picture"),
        height_px=(_I32, "pixels of the stored picture"),
        jpeg=(pa.binary(), "the frame as displayed, JPEG"),
        sharpness=(_F32, "variance of the Laplacian over variance of luma, at native size"),
        border_left_px=(_I32, "dark bar, displayed pixels of the video"),
        border_right_px=(_I32, "dark bar, displayed pixels of the video"),
        border_top_px=(_I32, "dark bar, displayed pixels of the video"),
        border_bottom_px=(_I32, "dark bar, displayed pixels of the video"),
    ),
    "signatures": _table(
        video_id=(_S, "id from the content"),
        survey_version=(_S, "hash of the survey's code version and settings"),
        rate_hz=(_F64, "hashes per second asked for"),
        frame_index=(_I32S, "0-based frames hashed"),
        time_s=(_F64S, "seconds from the video's time zero"),
        hashes=(_I64S, "64-bit difference hashes, stored as signed"),
    ),
    "shots": _table(
        video_id=(_S, "id from the content"),
        settings_hash=(_S, "the split's settings"),
        shot_index=(_I32, "0-based, in time order"),
        start_frame=(_I64, "inclusive"),
        end_frame=(_I64, "exclusive; the middle of a gradual transition"),
        **_START_END_S,
        transition_out=(_S, "cut, fade, dissolve, wipe or end"),
        transition_start_frame=(_I64, "first frame of the transition out"),
        transition_end_frame=(_I64, "first frame after it; equal to the start for a cut"),
    ),
    "clips": _table(
        clip_id=(_S, "id from video and span"),
        video_id=(_S, "id from the content"),
        start_frame=(_I64, "inclusive"),
        end_frame=(_I64, "exclusive"),
        start_pts=(_I64, "ticks, inclusive"),
        end_pts=(_I64, "ticks, exclusive"),
        **_TIME_BASE,
        **_START_END_S,
        duration_s=(_F64, "seconds"),
        num_frames=(_I64, "frames"),
        fps=(_F64, "frames per second of the video as decoded"),
        width_px=(_I32, "pixels, as displayed"),
        height_px=(_I32, "pixels, as displayed"),
    ),
    "splits": _table(
        settings_hash=(_S, "the split's settings"),
        clip_id=(_S, "a clip that this split holds"),
        video_id=(_S, "id from the content"),
        shot_index=(_I32, "the shot it was cut from"),
    ),
    "offcuts": _table(
        video_id=(_S, "id from the content"),
        settings_hash=(_S, "the split's settings"),
        start_frame=(_I64, "inclusive"),
        end_frame=(_I64, "exclusive"),
        start_pts=(_I64, "ticks, inclusive"),
        end_pts=(_I64, "ticks, exclusive"),
        **_START_END_S,
        duration_s=(_F64, "seconds"),
        reason=(_S, "transition, trim or too_short"),
    ),
    "crops": _table(
        clip_id=(_S, "the clip"),
        settings_hash=(_S, "version of the score that found the bars"),
        x_px=(_I32, "displayed pixels"),
        y_px=(_I32, "displayed pixels"),
        width_px=(_I32, "displayed pixels"),
        height_px=(_I32, "displayed pixels"),
        reason=(_S, "letterbox or pillarbox or both: `border`"),
    ),
    "scores": _table(
        clip_id=(_S, "the clip"),
        name=(_S, "of the score"),
        version=(_S, "hash of the scorer's version and settings"),
        value=(_F64, "in the score's own unit"),
    ),
    "clip_scores": _table(
        clip_id=(_S, "the clip"),
        version=(_S, "hash of the scorers' version and settings"),
        motion=(_F64, "mean luma change per second beside the camera's, in grey levels of 255"),
        motion_peak=(_F64, "95th percentile of the same"),
        still_share=(_F64, "share of frames equal to the one before"),
        camera_motion=(_F64, "mean camera shift, shares of the frame per second"),
        pan_x=(_F64, "net camera movement right, frame widths per second"),
        pan_y=(_F64, "net camera movement down, frame heights per second"),
        zoom=(_F64, "net relative growth of the picture per second"),
        shake=(_F64, "camera shift that cancels out, shares of the frame per second"),
        sharpness=(_F64, "median over sampled frames of Laplacian variance / luma variance"),
        brightness=(_F64, "mean luma, 0..255"),
        contrast=(_F64, "mean standard deviation of luma within a frame"),
        dark_share=(_F64, "mean share of pixels with luma <= 24"),
        bright_share=(_F64, "mean share of pixels with luma >= 250"),
        saturation=(_F64, "mean HSV saturation, 0..255"),
        border_share=(_F64, "share of the picture's area under dark bars"),
        num_sampled_frames=(_I32, "stored frames inside the clip"),
    ),
    "embeddings": _table(
        clip_id=(_S, "the clip"),
        model=(_S, "name and revision"),
        vector=(_F32S, "unit length; empty where the clip is outside the model's domain"),
    ),
    "rules": _table(
        settings_hash=(_S, "the judge's settings"),
        position=(_I32, "rules are tried in this order; the first broken one gives the reason"),
        name=(_S, "the setting, as in the recipe"),
        column=(_S, "of the clip or its scores"),
        minimum=(_F64, "drop below; null for none"),
        maximum=(_F64, "drop above; null for none"),
        reason=(_S, "snake_case token shown in the funnel"),
    ),
    "duplicates": _table(
        clip_id=(_S, "a clip in a group of near-duplicates"),
        group_id=(_S, "id of the group, from its smallest clip id"),
        nearest_clip_id=(_S, "the member it is closest to"),
        distance=(_F64, "mean Jaccard distance of frame hashes over the aligned part, 0..1"),
        method=(_S, "how it was found"),
        settings_hash=(_S, "the dedupe's settings"),
    ),
    "captions": _table(
        caption_id=(_S, "id from clip, kind, settings and text"),
        clip_id=(_S, "null for a source caption"),
        video_id=(_S, "id from the content"),
        **_START_END_S,
        kind=(_S, "source, short, medium, long, structured, or window (of a long clip)"),
        language=(_S, "BCP 47"),
        text=(_S, "UTF-8"),
        status=(_S, "`ok`, or what was wrong"),
        captioner=(_S, "the backend"),
        model=(_S, "name of the model, or of the rules"),
        revision=(_S, "of the model"),
        prompt_hash=(_S, "hash of the prompt or of the wording"),
        frame_times_s=(_F64S, "frames seen, seconds from the clip's start"),
        frames_digest=(_S, "hash of the pictures seen"),
        settings_hash=(_S, "the captioner's settings"),
        attempt=(_I64, "the how-manieth try it was, from 0; failed tries keep their rows"),
        message=(_S, "what explains the status; empty where nothing is to be said"),
        corrections=(_SS, "what was changed because the measurements contradict it, as JSON"),
        alignment=(_F64, "fit of the caption to the pictures, -1..1; null: not scored"),
        aligner=(_S, "the model that scored it; empty where none did"),
        sampling=(_S, "how the model was asked, as JSON"),
        raw=(_S, "the model's own words, in structured and failed rows; else empty"),
        prompt_tokens=(_I64, "tokens read; null where a captioner counts none"),
        output_tokens=(_I64, "tokens written; null where a captioner counts none"),
        seconds=(_F64, "that the captioner took for this clip, its share of the batch"),
        created_at=(_TIME, "UTC"),
    ),
    "reviews": _table(
        review_id=(_S, "id from what was looked at and the file that brought it back"),
        clip_id=(_S, "the clip"),
        decision=(
            _S,
            "of a caption: approved, corrected or rejected; of a clip: keep, drop, or rules: "
            "what the rules say",
        ),
        caption_id=(_S, "the caption looked at; null for a clip, or where there was none"),
        new_caption_id=(_S, "the row in `captions` that came of it; null for a clip"),
        note=(_S, "what the reviewer remarked"),
        reviewer=(_S, "name"),
        file_sha256=(_S, "of the review file, 64 hex digits"),
        **_MADE,
    ),
    "rights": _table(
        video_id=(_S, "id from the content"),
        licence=(_S, "SPDX where one exists"),
        creator=(_S, "name"),
        source_page=(_S, "URL"),
        consent=(_S, "what the people shown agreed to"),
    ),
    "datasets": _table(
        dataset_id=(_S, "hash of the rows"),
        name=(_S, "given by the user; never reused for other rows"),
        path=(_S, "folder, relative to the catalogue"),
        where_sql=(_S, "the condition on `survivors`"),
        snapshot_id=(_S, "the batches it was taken from"),
        num_clips=(_I64, "clips"),
        duration_s=(_F64, "seconds"),
        **_MADE,
    ),
    "dataset_clips": _table(
        dataset_id=(_S, "the frozen set"),
        clip_id=(_S, "a clip in it"),
        video_id=(_S, "id from the content"),
    ),
    "latents": _table(
        clip_id=(_S, "the clip"),
        codec=(_S, "name and revision"),
        settings_hash=(_S, "size, rate and crop of the encoding"),
        path=(_S, "file that holds the latents, relative to the catalogue"),
        num_frames=(_I64, "frames, at the rate of the encoding"),
        fps=(_F64, "frames per second of the encoding"),
        width_px=(_I32, "pixels of the frames that were encoded"),
        height_px=(_I32, "pixels of the frames that were encoded"),
        num_tokens=(_I64, "latent positions of the clip in full groups of frames"),
    ),
    "clip_losses": _table(
        clip_id=(_S, "the clip"),
        checkpoint_id=(_S, "the training that it was a part of, by its last checkpoint"),
        num_seen=(_I64, "how often it was shown"),
        loss=(_F64, "mean flow-matching loss of its tokens; null where it was never used"),
        relative_loss=(_F64, "the same over the usual loss at its noise levels: 1 is usual"),
        num_skipped=(_I64, "how often it was left out for a number that is none"),
        **_MADE,
    ),
    "checkpoints": _table(
        checkpoint_id=(_S, "hash of the weights"),
        path=(_S, "folder, relative to the catalogue"),
        dataset_id=(_S, "what it was trained on"),
        step=(_I64, "optimiser updates"),
        num_clips_seen=(_I64, "clips, repetitions counted"),
        loss=(_F64, "mean flow-matching loss over the last steps"),
        settings_hash=(_S, "the trainer's settings"),
        settings_json=(_S, "the trainer's settings, readable"),
        **_MADE,
    ),
    "samples": _table(
        sample_id=(_S, "hash of the file"),
        checkpoint_id=(_S, "what generated it"),
        path=(_S, "file, relative to the catalogue where it lies inside"),
        sha256=(_S, "of the file"),
        prompt=(_S, "as given"),
        expanded_prompt=(_S, "what the generator read"),
        expander=(_S, "who expanded the prompt; `off` where nobody did"),
        task=(_S, "text_to_video and so on"),
        inputs=(_SS, "given images and videos, as named"),
        seed=(_I64, "of the noise"),
        num_steps=(_I64, "of the sampler"),
        guidance_scale=(_F64, "1 is none"),
        settings_json=(_S, "the sampler's settings, readable"),
        width_px=(_I32, "pixels"),
        height_px=(_I32, "pixels"),
        num_frames=(_I64, "frames"),
        fps=(_F64, "frames per second"),
        **_MADE,
    ),
    "runs": _table(
        run_id=(_S, "sortable by start"),
        verb=(_S, "the command"),
        recipe_toml=(_S, "the resolved recipe"),
        versions_json=(_S, "Python and packages"),
        started_at=(_TIME, "UTC"),
    ),
    "failures": _table(
        uri=(_S, "where the file was found"),
        video_id=(_S, "null where not even the bytes could be read"),
        clip_id=(_S, "null for a whole file"),
        stage=(_S, "where it failed"),
        reason=(_S, "snake_case token"),
        message=(_S, "what the library said"),
        lost_s=(_F64, "seconds of video that this cost, 0 where unknown"),
        run_id=(_S, "the run"),
    ),
    "choices": _table(
        stage=(_S, "survey, split, score, judge, dedupe or caption"),
        settings_hash=(_S, "what the `current_*` views show"),
        settings_json=(_S, "the settings, readable"),
        run_id=(_S, "the run that chose"),
        chosen_at=(_TIME, "UTC; the latest row of a stage wins"),
    ),
    "commits": _table(
        work_id=(_S, "the work by content and settings; the first batch of a work counts"),
        stage=(_S, "where"),
        settings_hash=(_S, "of the stage"),
        run_id=(_S, "the run"),
        committed_at=(_TIME, "UTC"),
        num_in=(_I64, "items"),
        num_out=(_I64, "items"),
        num_rejected=(_I64, "items"),
        num_failed=(_I64, "items"),
        seconds_in=(_F64, "seconds of video"),
        seconds_out=(_F64, "seconds of video"),
        seconds_rejected=(_F64, "seconds of video"),
        seconds_failed=(_F64, "seconds of video"),
    ),
}
"""Tables by name, in the order in which data flows; `commits` is written last."""

SCORE_COLUMNS: tuple[str, ...] = tuple(
    name for name in TABLES["clip_scores"].names if name not in {"clip_id", "version", "batch_id"}
)
"""The columns of `clip_scores` that hold numbers."""


def to_arrow(table: str, records: Iterable[object], batch_id: str) -> pa.Table:
    """Return records of one type as an Arrow table in the table's schema.

    Raises ValueError when a record's fields are not exactly the table's columns.
    """
    schema = TABLES[table]
    wanted = [name for name in schema.names if name != "batch_id"]
    columns: dict[str, list[Any]] = {name: [] for name in wanted}
    count = 0
    for record in records:
        if not is_dataclass(record) or {f.name for f in fields(record)} != set(wanted):
            raise ValueError(f"{type(record).__name__} is not a row of `{table}`: {wanted}")
        for name in wanted:
            columns[name].append(getattr(record, name))
        count += 1
    columns["batch_id"] = [batch_id] * count
    return pa.table(columns, schema=schema)


def describe_table(table: str) -> list[tuple[str, str, str]]:
    """Return (column, type, meaning) for each column of a table."""
    return [(f.name, str(f.type), f.metadata[b"doc"].decode()) for f in TABLES[table]]
