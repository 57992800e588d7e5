"""The text encoder learns from captions alone what captions say, and then stays as it is."""

from __future__ import annotations

import json
import random

import pytest
import torch

from captioner.world_words import tell
from generator.dit import SIZES
from generator.flow import Denoiser
from generator.reading import learn_to_read, questions, said
from pipeline.world.rushes_world import RushesWorld
from schemas.mix import CaptionMix

MIX = CaptionMix(long=1, medium=1, short=0)


def captions_of_world(count, seed=0):
    """Return captions of drawn clips with one or two objects, as a captioner gives them."""
    found = []
    for number in range(seed, seed + count):
        clip = RushesWorld().draw_tracked(
            seed=number,
            split="seen",
            width_px=16,
            height_px=16,
            num_frames=16,
            fps=8.0,
            kind="free",
            num_objects=1 + (number % 4 == 0),
        )
        one = tell(clip.facts, key=str(number))
        structured = json.dumps({"subjects": [], "details": one.details})
        found.append({"long": one.long, "medium": one.medium, "structured": structured})
    return found


def read(denoiser, shown, held=(), **changes):
    rates = {"learning_rate": 2e-3, "matrix_learning_rate": 6e-3}
    settings = {"steps": 3, "use_muon": True, **rates}
    return learn_to_read(
        denoiser, shown, held, MIX, **settings | {"seed": 0, "dtype": None} | changes
    )


def test_what_json_says_is_found_by_place():
    text = '{"a": {"b": ["x", {"c": 1.5}]}, "yes": true, "no": false, "none": null, "empty": ""}'
    assert said(text) == {"a.b.0": "x", "a.b.1.c": "1.5", "yes": "True"}
    assert said("no JSON") == said("[1]") == said("") == {}


def test_places_are_asked_about_where_captions_differ_and_answers_are_few():
    rng = random.Random(0)
    colours = ("red", "green", "blue")
    captions = [
        {"colour": rng.choice(colours), "same": "x", "prose": f"text {i}"}
        | ({"name": "rare"} if i == 0 else {})
        | ({"trail": "True"} if i % 5 == 0 else {})
        for i in range(1000)
    ]
    found = {q.path: set(q.answers) for q in questions(captions)}
    assert found == {"colour": set(colours), "trail": {None, "True"}}
    assert questions([]) == ()
    few = [{"prose": f"text {i}", "colour": "red" if i < 5 else "blue"} for i in range(10)]
    assert [q.path for q in questions(few)] == ["colour"]


@pytest.mark.timeout(600)
def test_the_encoder_learns_to_read_captions_that_it_has_not_seen():
    torch.manual_seed(0)
    denoiser = Denoiser(SIZES["nano"], 4)
    report = read(denoiser, captions_of_world(1500), captions_of_world(150, 100_000), steps=240)
    assert report.num_questions > 15
    assert report.num_captions == 3000
    # The commonest answers are right for about six in ten.
    assert report.accuracy > 0.85


def test_an_encoder_that_has_read_is_frozen_but_for_the_pool():
    denoiser = Denoiser(SIZES["nano"], 4)
    read(denoiser, captions_of_world(40))
    names = {n for n, p in denoiser.text.named_parameters() if p.requires_grad}
    assert names == {"pool.weight", "pool.bias"}
    assert all(p.requires_grad for p in denoiser.dit.parameters())


def test_the_same_seed_teaches_the_same():
    found = []
    for seed in (0, 0, 1):
        torch.manual_seed(0)
        denoiser = Denoiser(SIZES["nano"], 4)
        read(denoiser, captions_of_world(40), seed=seed)
        found.append(denoiser.text.summary.detach().clone())
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_without_structured_captions_the_encoder_is_trained_along(caplog):
    denoiser = Denoiser(SIZES["nano"], 4)
    plain = [{"long": "A red circle."}, {"structured": '{"a": "b"}'}, {}]
    assert read(denoiser, plain) is None
    assert "no structured captions" in caplog.text
    assert read(denoiser, captions_of_world(40), steps=0) is None
    foreign = Denoiser(SIZES["nano"], 4, text_width=8)
    assert read(foreign, captions_of_world(40)) is None
    for one in (denoiser, foreign):
        assert all(p.requires_grad for p in one.parameters())
