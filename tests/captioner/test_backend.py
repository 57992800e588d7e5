import pytest
from pydantic import ValidationError

from captioner.backend import load_backend, pick_evenly
from captioner.identity import caption_settings_hash
from captioner.settings import CaptionSettings
from schemas.errors import UserError
from tests.captioner.fakes import ScriptedCaptioner

CAPTIONER = ScriptedCaptioner(lambda *_: None)
CAPTIONER.name = "tiny"


def hash_of(**changes: object) -> str:
    return caption_settings_hash(CaptionSettings.model_validate(changes), CAPTIONER)


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_size": 4},
        {"num_workers": 3, "num_gpus": 1},
        {"openai": {"model": "other"}},
        {"transformers": {"device": "cuda"}},
    ],
    ids=str,
)
def test_what_changes_the_speed_only_is_the_same_work(changes: dict[str, object]) -> None:
    assert hash_of(**changes) == hash_of()


@pytest.mark.parametrize(
    "changes",
    [
        {"kinds": ["long"]},
        {"window_s": 10.0},
        {"seed": 1},
        {"fallbacks": []},
        {"tiny": {"weights": "mine.safetensors"}},
        {"fallbacks": ["openai"], "openai": {"model": "other"}},
    ],
    ids=str,
)
def test_what_shapes_the_text_is_other_work(changes: dict[str, object]) -> None:
    assert hash_of(**changes) != hash_of()


def test_a_server_may_move_without_a_new_caption() -> None:
    with_server = {"fallbacks": ["openai"]}
    moved = hash_of(**with_server, openai={"base_url": "http://elsewhere/v1", "concurrency": 2})
    assert moved == hash_of(**with_server)


def test_an_unknown_captioner_is_named() -> None:
    with pytest.raises(UserError, match="unknown captioner `nobody`"):
        load_backend("nobody", CaptionSettings())
    with pytest.raises(ValidationError, match="nobody"):
        CaptionSettings.model_validate({"fallbacks": ["nobody"]})


@pytest.mark.parametrize("kinds", [(), ("long", "long"), ("source",)], ids=str)
def test_kinds_are_named_once_and_are_ours_to_write(kinds: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError):
        CaptionSettings.model_validate({"kinds": kinds})


@pytest.mark.parametrize(
    ("count", "limit", "chosen"),
    [(3, 8, [0, 1, 2]), (9, 3, [0, 4, 8]), (10, 1, [5]), (0, 4, [])],
)
def test_frames_are_picked_evenly(count: int, limit: int, chosen: list[int]) -> None:
    assert pick_evenly(count, limit) == chosen
