"""Captions of drawn scenes state their facts, and are read back."""

import pytest

from pipeline.world.choose import SCENE_KINDS, choose_scene
from pipeline.world.scene import draw_scene
from schemas.facts import differences
from schemas.wording.read import read
from schemas.wording.render import render


def facts_of(seed, kind, num_frames=32):
    plan = choose_scene(
        seed, split="seen", width_px=24, height_px=16, num_frames=num_frames, fps=8, kind=kind
    )
    return draw_scene(plan, width_px=24, height_px=16, num_frames=num_frames, fps=8).truth.facts


@pytest.mark.parametrize("kind", SCENE_KINDS)
def test_long_captions_state_all_and_short_ones_nothing_else(kind):
    for seed in range(12):
        facts = facts_of(seed, kind)
        for length in ("long", "very_long"):
            text = render(facts, length=length, seed=seed)
            assert read(text) == facts, text
        for length, language in (("short", "en"), ("medium", "en"), ("short", "zh")):
            text = render(facts, length=length, language=language, seed=seed)
            stated = read(text)
            assert len(stated.objects) == len(facts.objects), text
            for found in differences(stated, facts):
                absent = found.one in (None, False, ()) or found.path == "events"
                assert absent, (text, found)
            kinds = [event.kind for event in facts.events]
            assert all(event.kind in kinds for event in stated.events), text
            assert read(render(stated, length=length, language=language, seed=seed + 1)) == stated


def test_a_picture_is_described_without_motion():
    for seed in range(20):
        facts = facts_of(seed, "free", num_frames=1)
        assert facts.camera is None
        assert read(render(facts, length="long", seed=seed)) == facts
