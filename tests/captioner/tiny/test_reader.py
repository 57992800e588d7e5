from itertools import pairwise

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from captioner.tiny.evidence import doubts
from captioner.tiny.measure import measure
from captioner.tiny.negatives import draw_negative
from captioner.tiny.network import NetworkShape, TinyNetwork
from captioner.tiny.reader import SHIPPED, TinyReader
from captioner.tiny.sequence import encode
from captioner.tiny.shards import fit
from captioner.tiny.stream import damaged
from captioner.tiny.weights import load_weights, save_weights
from schemas.errors import UserError
from schemas.facts import Facts
from schemas.frames import Frames
from tests.captioner.tiny.scenes import drawn

SMALL = NetworkShape(
    width=32, stem_widths=(8, 16), heads=2, mix_blocks=1, slot_blocks=1, decoder_width=32
)
shipped = pytest.mark.skipif(not SHIPPED.is_file(), reason="the weights are not here")


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    return save_weights(path, TinyNetwork(SMALL))


def still(pixels, fps=8):
    return Frames(pixels_THWC=pixels, times_s=np.arange(len(pixels)) / fps)


def test_missing_weights_are_told_of(tmp_path):
    with pytest.raises(UserError, match="no weights"):
        TinyReader.load(tmp_path / "none.safetensors")


def test_damaged_weights_are_told_of(untrained, tmp_path):
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(untrained.read_bytes()[:-100])
    with pytest.raises(UserError, match="damaged"):
        TinyReader.load(cut)


def test_weights_of_another_program_are_refused(untrained, tmp_path):
    other = tmp_path / "other.safetensors"
    save_file(load_file(untrained), other, metadata={"about": '{"format": "something else"}'})
    with pytest.raises(UserError, match="another version"):
        load_weights(other)


def test_the_revision_names_the_weights(untrained, tmp_path):
    again = save_weights(tmp_path / "again.safetensors", TinyNetwork(SMALL))
    assert TinyReader.load(untrained).revision == TinyReader.load(untrained).revision
    assert TinyReader.load(untrained).revision != TinyReader.load(again).revision


def test_whatever_is_read_is_valid_and_in_the_order_of_the_clips(untrained):
    reader = TinyReader.load(untrained)
    rng = np.random.default_rng(0)
    clips = [
        still(rng.integers(0, 255, (count, height, width, 3), dtype=np.uint8), fps)
        for count, height, width, fps in [(16, 64, 64, 8), (1, 90, 120, 8), (70, 64, 64, 20),
                                          (16, 64, 64, 8), (5, 48, 200, 3)]
    ]  # fmt: skip
    together = reader.read(clips)
    alone = [reader.read([clip])[0] for clip in clips]
    assert [one.domain for one in together] == pytest.approx(
        [one.domain for one in alone], abs=0.02
    )
    for control in ("short", "long"):
        for reading in reader.read(clips, control=control):
            assert isinstance(reading.facts, Facts)
            assert reading.in_domain == (not reading.why)
            assert all(0 <= chance <= 1 for chance in reading.confidences.values())
    assert encode(alone[0].facts)


def test_matching_wants_weights_that_were_trained_for_it(untrained):
    with pytest.raises(UserError, match="matching"):
        TinyReader.load(untrained).embed_texts(["a red circle"])


def test_evidence_has_no_doubts_about_the_truth():
    rng = np.random.default_rng(1)
    for clip in drawn(60):
        pixels = fit(clip.frames.pixels_THWC)
        assert doubts(pixels, clip.facts) == ""
        assert doubts(damaged(rng, pixels), clip.facts) == ""


def test_evidence_doubts_another_clips_facts_and_noise():
    clips = drawn(60)
    strange = [
        bool(doubts(one.frames.pixels_THWC, other.facts))
        for one, other in pairwise(clips)
        if one.facts.background_colour != other.facts.background_colour
    ]
    assert np.mean(strange) > 0.9
    rng = np.random.default_rng(2)
    accepted = sum(
        not doubts(draw_negative(rng, (16, 64, 64)), clip.facts) for clip in clips for _ in range(3)
    )
    assert accepted <= 2


@shipped
def test_the_shipped_captioner_reads_scenes():
    clips = drawn(40, split="seen", first_seed=6_000_000)
    readings = TinyReader.load().read([clip.frames for clip in clips])
    found = measure((one.facts, clip.facts) for one, clip in zip(readings, clips, strict=True))
    assert found.by_attribute["colour"].recall > 0.95
    assert found.false_share < 0.1
    assert np.mean([one.in_domain for one in readings]) > 0.9


@shipped
def test_the_shipped_captioner_refuses_what_is_no_scene():
    rng = np.random.default_rng(3)
    clips = [still(draw_negative(rng, (16, 64, 64))) for _ in range(60)]
    assert not any(reading.in_domain for reading in TinyReader.load().read(clips))


@shipped
def test_the_shipped_captioner_finds_the_clip_that_a_text_is_about():
    from schemas.wording.render import render

    clips = drawn(40, split="seen", first_seed=6_000_000)
    reader = TinyReader.load()
    points = reader.embed_clips([clip.frames for clip in clips])
    texts = reader.embed_texts([render(clip.facts, length="long", seed=1) for clip in clips])
    best = (texts @ points.T).argmax(axis=1)
    assert (best == np.arange(len(clips))).mean() > 0.8
