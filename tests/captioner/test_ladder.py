import pytest

from captioner.gate import STATUSES
from captioner.ladder import MAX_NEW_TOKENS, attempt_seed, next_attempt
from captioner.request import Attempt
from captioner.settings import CaptionSettings

SETTINGS = CaptionSettings(max_attempts=4, max_new_tokens=512, seed=3)
FIRST = Attempt(max_new_tokens=512, seed=3)
STOPPED = {"ok", "out_of_domain", "unreadable_frames"}


def climb(*statuses: str, settings: CaptionSettings = SETTINGS) -> Attempt:
    attempt: Attempt | None = FIRST
    for status in statuses:
        assert attempt is not None
        attempt = next_attempt(settings, attempt, status, request_id="clip")
    assert attempt is not None
    return attempt


@pytest.mark.parametrize("status", sorted(set(STATUSES) - STOPPED))
def test_every_failure_is_asked_again_and_never_for_ever(status: str) -> None:
    last = climb(status, status, status)
    assert last.number == 3
    assert next_attempt(SETTINGS, last, status, request_id="clip") is None


@pytest.mark.parametrize("status", sorted(STOPPED))
def test_what_no_question_changes_is_not_asked_again(status: str) -> None:
    assert next_attempt(SETTINGS, FIRST, status, request_id="clip") is None


@pytest.mark.parametrize("status", sorted(set(STATUSES) - STOPPED - {"swapped", "error"}))
def test_no_two_attempts_are_the_same(status: str) -> None:
    attempts = [climb(*[status] * n) for n in range(4)]
    asked = {
        (a.temperature, a.seed, a.prompting, a.remark, a.num_frames, a.max_new_tokens)
        for a in attempts
    }
    assert len(asked) == 4


def test_truncated_gets_more_room_then_a_simpler_prompt() -> None:
    once, twice = climb("truncated"), climb("truncated", "truncated")
    assert (once.max_new_tokens, once.prompting) == (1024, "full")
    assert (twice.max_new_tokens, twice.prompting) == (2048, "simple")
    wide = Attempt(max_new_tokens=MAX_NEW_TOKENS)
    again = next_attempt(SETTINGS, wide, "truncated", request_id="c")
    assert again is not None
    assert (again.max_new_tokens, again.prompting) == (MAX_NEW_TOKENS, "simple")


def test_repetition_is_stirred_and_penalised() -> None:
    once = climb("repeated")
    assert once.temperature == pytest.approx(0.4)
    assert once.repetition_penalty == pytest.approx(1.15)
    assert once.seed != FIRST.seed


def test_broken_json_leads_to_simple_then_prose() -> None:
    assert climb("invalid_json").prompting == "simple"
    assert climb("invalid_json", "invalid_json").prompting == "prose"


def test_remarks_name_the_language_and_the_bounds() -> None:
    zh = CaptionSettings(language="zh")
    assert "Simplified Chinese" in climb("off_language", settings=zh).remark
    both = climb("off_language", "bad_times").remark
    assert "English" in both and "seconds" in both


def test_too_much_for_the_device_halves_the_frames() -> None:
    settings = CaptionSettings(backend="transformers")
    shown = settings.transformers.max_frames
    assert climb("out_of_memory", settings=settings).num_frames == shown // 2
    assert climb("out_of_memory", "too_many_tokens", settings=settings).num_frames == shown // 4
    one = next_attempt(settings, Attempt(num_frames=1), "out_of_memory", request_id="c")
    assert one is not None and one.num_frames == 1


def test_a_refusal_is_asked_again_in_neutral_words() -> None:
    once = climb("refused")
    assert once.prompting == "simple" and once.remark


def test_attempts_depend_on_settings_request_and_number_alone() -> None:
    assert climb("duplicate") == climb("duplicate")
    other = next_attempt(SETTINGS, FIRST, "duplicate", request_id="other")
    assert other is not None and other.seed != climb("duplicate").seed
    reseeded = CaptionSettings(max_new_tokens=512, seed=4)
    assert climb("duplicate", settings=reseeded).seed != climb("duplicate").seed
    assert attempt_seed(3, "clip", 1) != attempt_seed(3, "clip", 2)


def test_greedy_attempts_of_many_clips_are_equal() -> None:
    attempts = {next_attempt(SETTINGS, FIRST, "truncated", request_id=str(i)) for i in range(5)}
    assert len(attempts) == 1
