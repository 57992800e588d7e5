"""What `measured` says of real footage agrees with what was seen by eye."""

import json
import re

import pytest

from captioner.backend import load_backend
from captioner.caption import StructuredCaption
from captioner.facts import check_facts, gather_evidence
from captioner.request import Attempt
from captioner.settings import CaptionSettings
from schemas.facts import SHAPES
from tests.captioner.footage import read_clips
from tests.captioner.real_labels import CAPTIONS, LABELS, TOPICS, find_label, judge

pytestmark = pytest.mark.media

FILES = (
    "dev/dvr_issue53_brightness.avi",
    "dev/exo_bbb_480x360.mp4",
    "dev/exo_video_desks.3gp",
    "dev/imageio_realshort.mp4",
    "dev/intel_asl_again.mkv",
    "dev/mdn_rabbit320.mp4",
    "dev/mp_chaplin.mp4",
    "dev/st_sideways_movie.mov",
    "dev/te_chair22_orig_sd_bar.mp4",
)
"""The smaller files; `benchmarks/captioner_real.py` measures them all."""


@pytest.fixture(scope="module")
def described(media_folder):
    """(file, request, caption) of every clip of `FILES`."""
    captioner = load_backend("measured", CaptionSettings())
    found = []
    for file in FILES:
        requests = read_clips(media_folder / file)
        for request, answer in zip(requests, captioner.answer(requests, Attempt()), strict=True):
            assert answer.caption is not None, file
            found.append((file, request, answer.caption))
    return found


def test_every_label_names_a_file_that_is_there(media_folder):
    assert len(LABELS) >= 60
    for label in LABELS:
        assert (media_folder / label["file"]).is_file(), label["file"]


def test_statements_are_many_and_right(described):
    said, right = {topic: [] for topic in TOPICS}, {topic: [] for topic in TOPICS}
    for file, request, caption in described:
        label = find_label(file, request.start_s)
        assert label is not None, (file, request.start_s)
        judged = judge(caption.details, label)
        for topic in TOPICS:
            said[topic].append(any(about == topic for about, _, _ in judged))
        for topic, _, is_right in judged:
            if is_right is not None:
                right[topic].append(is_right)
    for topic in TOPICS:
        assert sum(said[topic]) >= 0.8 * len(said[topic]), topic
        assert sum(right[topic]) >= 0.85 * len(right[topic]), topic


def test_no_object_is_named(described):
    nouns = {label["subject"] for label in LABELS if label["subject"]}
    shapes = "|".join((*SHAPES, *nouns))
    for file, _, caption in described:
        prose = json.dumps(caption.model_dump(mode="json"))
        assert not re.search(rf"\b({shapes})\b", prose), file


def test_true_captions_in_free_prose_stay_as_they_are(described):
    num_checked = 0
    for file, request, _ in described:
        evidence = gather_evidence(request)
        for item in CAPTIONS:
            if item["file"] == file and abs(item["start_s"] - request.start_s) < 0.3:
                caption = StructuredCaption(long=item["text"])
                checked = check_facts(caption, evidence)
                assert checked.caption == caption, checked.corrections
                num_checked += 1
    assert num_checked >= 5


def test_a_moving_camera_does_not_pass_for_a_still_one(described):
    still = StructuredCaption(long="A thing is seen. The camera remains static throughout.")
    moves = StructuredCaption(long="A thing is seen. The camera pans to the left, handheld.")
    for file, request, _ in described:
        label = find_label(file, request.start_s)
        evidence = gather_evidence(request)
        if label["camera"] is None or evidence.findings.camera in ("", "nearly still"):
            continue
        false, true = (still, moves) if label["camera"]["moves"] else (moves, still)
        assert check_facts(false, evidence).corrections, file
        if not label["camera"]["moves"]:
            assert not check_facts(true, evidence).corrections, file
