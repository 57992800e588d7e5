"""The real footage: every file is probed or refused with the reason that its notes explain."""

import csv

import numpy as np
import pytest

from pipeline.containment import Contained
from pipeline.media import probe
from pipeline.split.boundaries import SplitSettings, find_boundaries
from pipeline.split.clips import signals_of, split_video
from pipeline.survey.survey import SurveySettings, compare_decord, survey_file
from schemas.errors import MediaError

pytestmark = pytest.mark.media

TIMEOUT_S = 60

REFUSED = {
    "dev/corrupt/st_broken.mp4": "not_readable",
    "dev/corrupt/exo_audioonly_editlist.mp4": "no_video_stream",
}
"""Files that cannot be opened as video: no index, and no picture at all."""

NO_FRAMES = {"dev/corrupt/exo_zero_size_atom.mp4": "no_frames"}
"""Opens, but nothing in it can be decoded."""

BROKEN = {"dev/corrupt/decord_corrupted.mp4": 49, "dev/pop_trailer.ogv": 1340}
"""Packets that the decoder refuses: the frames that FFmpeg's own tool writes, within a few."""

TURNED = {
    "dev/decord_video_90.mov": 90,
    "dev/decord_video_180.mov": 180,
    "dev/st_sideways_movie.mov": 90,
}
DECODED_PIXELS_MAX = 60_000_000
"""Larger files are probed and not decoded here: the whole is to stay under a minute."""


@pytest.fixture(scope="module")
def manifest(media_folder):
    with (media_folder / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 42
    return {row["file"]: row for row in rows}


@pytest.fixture(scope="module")
def probes(media_folder, manifest):
    """What the probe says of each file: a `Probe`, or the reason why not."""
    found = {}
    with Contained() as child:
        for name in manifest:
            try:
                found[name] = child.call(probe, TIMEOUT_S, media_folder / name)
            except MediaError as error:
                found[name] = error.reason
    return found


@pytest.fixture(scope="module")
def surveys(media_folder, manifest):
    """The surveys of the smaller files, or the reason why not."""
    found = {}
    with Contained() as child:
        for name, row in manifest.items():
            size = int(row["width"] or 0) * int(row["height"] or 0)
            if size * int(row["n_frames_ffmpeg"]) > DECODED_PIXELS_MAX:
                continue
            try:
                result = child.call(
                    survey_file, TIMEOUT_S, media_folder / name, name, SurveySettings()
                )
                found[name] = result[0]
            except MediaError as error:
                found[name] = error.reason
    return found


def test_every_file_is_probed_or_refused_for_its_reason(probes):
    refused = {name: found for name, found in probes.items() if isinstance(found, str)}
    assert refused == REFUSED


def test_probes_agree_with_the_manifest(probes, manifest):
    for name, found in probes.items():
        row = manifest[name]
        if isinstance(found, str):
            continue
        assert found.codec == row["video_codec"], name
        assert (found.width_px, found.height_px) == (int(row["width"]), int(row["height"])), name
        assert found.has_audio == bool(row["audio_codec"]), name
        assert found.rotation_deg == TURNED.get(name, 0), name
        if not row["decode_note"] and row["duration_s"]:
            assert found.duration_s == pytest.approx(float(row["duration_s"]), rel=0.02, abs=0.1), (
                name
            )


def test_decoded_frames_are_those_of_ffmpeg(surveys, manifest):
    assert len(surveys) >= 18
    for name, survey in surveys.items():
        expected = int(manifest[name]["n_frames_ffmpeg"])
        if name in REFUSED | NO_FRAMES:
            assert survey == (REFUSED | NO_FRAMES)[name]
        elif name in BROKEN:
            assert abs(survey.num_frames - expected) <= 0.02 * expected + 2, name
        else:
            assert survey.num_frames == expected, name
            assert survey.num_bad_packets == 0, name


def test_every_survey_is_whole(surveys):
    for name, survey in surveys.items():
        if isinstance(survey, str):
            continue
        assert survey.pts == sorted(set(survey.pts)), name
        assert survey.end_pts > survey.pts[-1], name
        for signal in ("luma_mean", "content_change", "local_motion", "shift_x", "frame_hash"):
            values = np.asarray(getattr(survey, signal), np.float64)
            assert len(values) == survey.num_frames, name
            assert np.isfinite(values).all(), name
        if name in TURNED and TURNED[name] != 180:
            assert survey.height_px > survey.width_px, name


def test_clips_and_offcuts_tile_every_video(surveys):
    for name, survey in surveys.items():
        if isinstance(survey, str):
            continue
        rows = split_video(survey, SplitSettings(), "set_1")
        ticks = sum(part.end_pts - part.start_pts for part in (*rows.clips, *rows.offcuts))
        assert ticks == survey.end_pts - survey.pts[0], name


def test_hard_cuts_are_exact(media_folder, manifest):
    name = "dev/exo_bbb_480x360.mp4"
    with Contained() as child:
        survey = child.call(survey_file, 120, media_folder / name, name, SurveySettings())[0]
    found = find_boundaries(signals_of(survey), SplitSettings())
    cuts = [boundary.start for boundary in found if boundary.kind == "cut"]
    assert cuts == [int(frame) for frame in manifest[name]["hard_cut_frames"].split()]


def test_decord_never_hangs_the_run(media_folder, surveys):
    """Each file is compared or gives up in time, in a child that can be killed."""
    with Contained() as child:
        for name, survey in surveys.items():
            if isinstance(survey, str) or name not in {*BROKEN, *TURNED, "dev/exo_sample.mp4"}:
                continue
            try:
                path = media_folder / name
                child.call(compare_decord, 10, path, survey.num_frames, survey.frame_hash)
            except MediaError as error:
                assert error.reason in {"timeout", "decord_failed", "crashed"}, name
