import numpy as np
import pytest
import torch

from generator import sample as sampling
from generator.sample import SampleSettings, sample
from generator.step_cache import StepCache

PROMPT = "A red circle moves up."


def quick(**changes):
    options = {"width_px": 16, "height_px": 16, "seconds": 1.0, "num_steps": 6}
    return SampleSettings(**{**options, **changes})


@pytest.fixture
def counted(wild):
    """Return a model, and the lists that count how often its first and last block ran."""
    loaded = wild()
    first, last = [], []
    blocks = loaded.denoiser.dit.blocks
    blocks[0].register_forward_hook(lambda *_: first.append(1))
    blocks[-1].register_forward_hook(lambda *_: last.append(1))
    return loaded, first, last


def test_without_a_threshold_no_cache_is_made(counted, monkeypatch):
    loaded, first, last = counted
    monkeypatch.setattr(sampling, "StepCache", None)
    sample(loaded, PROMPT, quick(cache_threshold=0.0))
    assert (len(first), len(last)) == (6, 6)


def test_with_a_huge_threshold_only_the_first_step_runs_in_full(counted):
    loaded, first, last = counted
    sample(loaded, PROMPT, quick(cache_threshold=1e9))
    assert (len(first), len(last)) == (6, 1)


def test_a_small_threshold_skips_steps_and_stays_close_to_no_cache(counted):
    loaded, _, last = counted
    found, full = [], []
    for threshold in (0.0, 0.08, 1e9):
        last.clear()
        video = sample(loaded, PROMPT, quick(num_steps=20, cache_threshold=threshold))
        found.append(video.astype(float))
        full.append(len(last))
    plain, small, large = found
    assert full[0] == 20 > full[1] > full[2] == 1
    assert 0 < np.abs(small - plain).mean() < 0.2 * np.abs(large - plain).mean()


def test_every_share_of_windows_has_a_cache_of_its_own(counted, monkeypatch):
    loaded, first, last = counted
    # Windows of 2 x 2 x 4 tokens, two of them with and without the prompt at a time.
    monkeypatch.setattr(sampling, "_TOKENS_AT_ONCE", 64)
    how = quick(width_px=64, height_px=64, window_tokens=16, cache_threshold=1e9)
    sample(loaded, PROMPT, how)
    assert len(first) == 6 * len(last)
    assert len(last) > 3


def test_every_network_has_a_cache_of_its_own(counted, wild, monkeypatch):
    loaded, _, last = counted
    other, others_last = wild(), []
    other.denoiser.dit.blocks[-1].register_forward_hook(lambda *_: others_last.append(1))
    monkeypatch.setattr(sampling, "load_checkpoint", lambda path: other)
    how = quick(guidance="auto", guide_checkpoint="other", cache_threshold=1e9)
    sample(loaded, PROMPT, how)
    assert (len(last), len(others_last)) == (1, 1)


def test_a_threshold_that_nothing_stays_under_changes_nothing(wild):
    loaded = wild()
    how = {"width_px": 64, "height_px": 64, "window_tokens": 16}
    np.testing.assert_array_equal(
        sample(loaded, PROMPT, quick(**how, cache_threshold=1e-9)),
        sample(loaded, PROMPT, quick(**how)),
    )


def test_what_is_reused_is_what_the_other_blocks_added():
    cache = StepCache(0.5)
    first, last = torch.ones(3, 2), torch.full((3, 2), 5.0)
    assert cache.reuse(first) is None
    cache.keep(first, last)
    assert (cache.reuse(first * 1.1) == first * 1.1 + 4.0).all()
    assert (cache.num_full, cache.num_reused) == (1, 1)


def test_small_changes_add_up_to_a_full_run():
    cache = StepCache(0.25)
    state = torch.ones(3, 2)
    cache.keep(state, state)
    reused = []
    for _ in range(6):
        state = state * 1.1
        reused.append(cache.reuse(state) is not None)
        if not reused[-1]:
            cache.keep(state, state)
    assert reused == [True, True, False, True, True, False]
    assert (cache.num_full, cache.num_reused) == (3, 4)


def test_a_threshold_of_zero_reuses_nothing_that_has_changed():
    cache = StepCache(0.0)
    state = torch.ones(3, 2)
    cache.keep(state, state)
    assert cache.reuse(state * 1.0001) is None
