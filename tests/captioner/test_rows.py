import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from captioner.backend import CaptionSettings, caption_settings_hash, load_backend, pick_evenly
from captioner.rows import make_captions
from captioner.request import CaptionText, frames_digest
from schemas.errors import UserError
from schemas.records import Caption
from schemas.tables import to_arrow
from tests.captioner.drawings import DARK_GREEN, RED, draw_disc, make_request

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def make_rows(texts: list[CaptionText] | None = None, **changes: object) -> list[Caption]:
    request = replace(make_request([draw_disc(DARK_GREEN, RED)] * 2), **changes)
    captioner = load_backend("measured", CaptionSettings())
    texts = captioner.caption([request])[0] if texts is None else texts
    return make_captions(request, texts, captioner, settings_hash="set_1", created_at=NOW)


def test_a_row_says_who_wrote_it_and_from_what() -> None:
    rows = make_rows()
    assert [row.kind for row in rows] == ["short", "medium", "long", "structured"]
    for row in rows:
        assert (row.captioner, row.model, row.language) == ("measured", "measurements", "en")
        assert row.revision and row.prompt_hash and row.settings_hash == "set_1"
        assert row.frame_times_s == [0.0, 1.0]
        assert (row.clip_id, row.video_id, row.start_s, row.end_s) == ("clip_a", "vid_a", 10, 14)
        assert row.status == "ok"
    assert to_arrow("captions", rows, "bat_1").num_rows == 4


def test_the_same_work_gives_the_same_ids_and_other_work_others() -> None:
    ids = [row.caption_id for row in make_rows()]
    assert ids == [row.caption_id for row in make_rows()]
    assert len(set(ids)) == 4
    assert not set(ids) & {row.caption_id for row in make_rows(clip_id="clip_b")}


def test_the_digest_depends_on_every_picture_and_their_order() -> None:
    one, two = draw_disc(DARK_GREEN, RED), draw_disc(DARK_GREEN, None)
    frames = [make_request(jpegs).frames for jpegs in ([one], [one, two], [two, one], [])]
    assert len({frames_digest(f) for f in frames}) == 4
    flipped = one[:-9] + bytes([one[-9] ^ 1]) + one[-8:]
    assert frames_digest(make_request([flipped]).frames) != frames_digest(frames[0])
    assert frames_digest(()) == hashlib.sha256().hexdigest()


def test_a_bad_text_is_kept_with_the_reason() -> None:
    texts = [
        CaptionText(kind="short", language="en", text="A red area"),
        CaptionText(kind="long", language="en", text="No.", status="refused"),
    ]
    assert [row.status for row in make_rows(texts)] == ["truncated", "refused"]


@pytest.mark.parametrize("name", ["nobody", "tiny", "transformers", "openai", "vllm"])
def test_an_unknown_backend_is_an_error_that_names_those_there_are(name: str) -> None:
    with pytest.raises(UserError, match=name) as error:
        load_backend(name, CaptionSettings(backend=name))
    assert "measured" in error.value.hint


@pytest.mark.parametrize("change", [{"language": "de"}, {"model": "other"}])
def test_measured_refuses_what_it_cannot_do(change: dict[str, str]) -> None:
    with pytest.raises(UserError):
        load_backend("measured", CaptionSettings(**change))


@pytest.mark.parametrize("kinds", [[], ["short", "short"], ["source"]])
def test_kinds_are_ours_and_each_once(kinds: list[str]) -> None:
    with pytest.raises(ValidationError):
        CaptionSettings(kinds=kinds)


def test_the_settings_hash_ignores_speed_and_follows_the_text() -> None:
    captioner = load_backend("measured", CaptionSettings())
    plain = caption_settings_hash(CaptionSettings(), captioner)
    assert caption_settings_hash(CaptionSettings(batch_size=7), captioner) == plain
    assert caption_settings_hash(CaptionSettings(num_frames=3), captioner) != plain
    captioner.prompt_hash = "other"
    assert caption_settings_hash(CaptionSettings(), captioner) != plain


@pytest.mark.parametrize(
    ("count", "limit", "picked"),
    [(0, 4, []), (3, 4, [0, 1, 2]), (9, 3, [0, 4, 8]), (9, 1, [4]), (100, 2, [0, 99])],
)
def test_frames_are_picked_evenly(count: int, limit: int, picked: list[int]) -> None:
    assert pick_evenly(count, limit) == picked
