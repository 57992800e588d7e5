# ruff: noqa: RUF001
import json
import random
import re

import pytest

from captioner.caption import StructuredCaption
from captioner.parse import json_schema, parse

GOOD = {
    "short": "A brown dog runs.",
    "medium": "A brown dog runs. Two men watch it.",
    "long": 'A brown dog runs past a sign that reads "STOP". Two men watch. It pans left.',
    "subjects": [
        {"name": "dog", "attributes": ["brown", "small"], "count": 1},
        {"name": "man", "attributes": ["tall"], "count": 2},
    ],
    "actions": ["the dog runs to the left", "two men watch"],
    "setting": "a park",
    "camera": "pans left",
    "light": "soft daylight",
    "style": "photographic",
    "text_on_screen": ["STOP"],
    "events": [
        {"start_s": 0.0, "end_s": 2.5, "text": "the dog runs"},
        {"start_s": 2.5, "end_s": 4.0, "text": "the dog stops"},
    ],
    "relations": [{"subject": "dog", "relation": "left of", "object": "man"}],
    "mood": {"text": "calm", "evidence": "slow movements"},
    "story": None,
}
WHOLE = json.dumps(GOOD)


def caption_of(text: str, prompting="full") -> StructuredCaption:
    parsed = parse(text, prompting)
    assert parsed.caption is not None, parsed
    return parsed.caption


def test_a_correct_answer_needs_no_repair() -> None:
    parsed = parse(WHOLE, "full")
    assert (parsed.status, parsed.repairs) == ("ok", ())
    assert parsed.caption == StructuredCaption.model_validate(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{WHOLE}\n```",
        f"Sure! Here is the JSON:\n{WHOLE}\nI hope this helps.",
        f'<think>A {{"short": "draft"}} first.</think>{WHOLE}',
        f"He runs, so I say that.</think>\n{WHOLE}",
        f"{WHOLE}<|im_end|>",
        json.dumps({"caption": GOOD}),
        json.dumps([GOOD]),
        json.dumps({"short": "<one sentence>", "long": "<a paragraph>"}) + WHOLE,
        WHOLE.replace("}]", "},]").replace('"left of"', '"left of",'),
        WHOLE.replace('"story": null', '"story": None, "confidence": 0.9'),
        json.dumps(GOOD, indent=2).replace('",\n', '"\n'),
        WHOLE[:-1],
        re.sub(r'"(short|medium|camera)":', r"\1:", WHOLE),
        WHOLE.replace('"count": 2', '"count": "two"'),
        WHOLE.replace('"count": 2', '"count": 2.0'),
        WHOLE.replace('["brown", "small"]', '"brown, small"'),
        WHOLE.replace('["STOP"]', '"STOP"'),
        WHOLE.replace('"camera": "pans left"', '"Camera Motion": {"pan": "pans left"}'),
        WHOLE.replace('"start_s": 2.5, "end_s": 4.0', '"time": "00:02.5 - 00:04"'),
        WHOLE.replace('"start_s": 2.5, "end_s": 4.0', '"start": "2.5s", "end": "4 seconds"'),
        WHOLE.replace(
            '{"start_s": 2.5, "end_s": 4.0, "text": "the dog stops"}', '"[2.5s - 4s] the dog stops"'
        ),
        WHOLE.replace('\\"STOP\\"', '"STOP"'),
        WHOLE.replace('"a park"', "'a park'"),
    ],
    ids=lambda text: text[:12].replace("\n", "~"),
)
def test_parse_mends_without_losing_a_word(text: str) -> None:
    found = caption_of(text)
    assert found == StructuredCaption.model_validate(GOOD)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", "empty"),
        ("```json\n```", "empty"),
        ("<think>well</think>", "empty"),
        ("<think>well, let me see", "truncated"),
        ("{}", "empty"),
        ('{"short": "", "long": ""}', "empty"),
        ("I'm sorry, I can't help with that.", "refused"),
        ("抱歉，我无法描述这个视频。", "refused"),
        ("A dog runs through a park.", "invalid_json"),
        ('{"error": "overloaded"}', "invalid_json"),
        ("the cat the cat the cat the cat the cat", "repeated"),
        ('["A dog', "truncated"),
    ],
)
def test_parse_says_why_there_is_no_caption(text: str, status: str) -> None:
    parsed = parse(text, "full")
    assert (parsed.caption, parsed.status) == (None, status)


def test_what_is_cut_off_is_left_out_and_said_to_be() -> None:
    place = WHOLE.index('"tall"') + 4
    parsed = parse(WHOLE[:place], "full")
    assert parsed.status == "truncated"
    assert parsed.caption is not None
    assert [subject.name for subject in parsed.caption.subjects] == ["dog"]
    assert parsed.caption.long == GOOD["long"]
    assert parsed.caption.actions == ()


def test_a_text_cut_inside_is_no_text() -> None:
    parsed = parse(WHOLE[: WHOLE.index("watch it")], "full")
    assert parsed.status == "truncated"
    assert parsed.caption is not None
    assert (parsed.caption.short, parsed.caption.medium) == (GOOD["short"], "")


@pytest.mark.parametrize(
    "span",
    [
        '"start_s": -1, "end_s": 2',
        '"start_s": "the end", "end_s": 2',
        '"start_s": NaN, "end_s": 2',
        '"start_s": 1, "end_s": Infinity',
        '"time": "frame 3"',
    ],
)
def test_an_event_without_a_usable_time_is_reported(span: str) -> None:
    parsed = parse(WHOLE.replace('"start_s": 2.5, "end_s": 4.0', span), "full")
    assert parsed.status == "bad_times"
    assert parsed.caption is not None
    assert [event.text for event in parsed.caption.events] == ["the dog runs"]


def test_an_event_said_without_a_time_is_an_action() -> None:
    found = caption_of('{"long": "A dog.", "events": ["the dog barks"]}')
    assert (found.events, found.actions) == ((), ("the dog barks",))


@pytest.mark.parametrize("nothing", ["None", "N/A", "no text", "null", "-", "没有文字"])
def test_a_word_for_nothing_states_nothing(nothing: str) -> None:
    found = caption_of(json.dumps(GOOD | {"text_on_screen": [nothing], "light": nothing}))
    assert (found.text_on_screen, found.light) == ((), "")


def test_a_number_that_is_no_count_is_kept_as_a_word() -> None:
    subjects = [{"name": "bird", "count": "several"}, {"name": "person", "count": 5000}]
    found = caption_of(json.dumps({"short": "Birds.", "subjects": subjects}))
    assert [(s.attributes, s.count) for s in found.subjects] == [(("several",), 1), (("5000",), 1)]


def test_none_of_something_is_no_subject() -> None:
    found = caption_of('{"short": "A road.", "subjects": [{"name": "car", "count": 0}]}')
    assert found.subjects == ()


def test_mood_without_evidence_is_dropped() -> None:
    assert caption_of('{"short": "A dog.", "mood": "happy"}').mood is None
    assert caption_of('{"short": "A dog.", "mood": {"text": "happy"}}').mood is None


def test_prose_is_taken_whole_and_json_where_it_was_written_all_the_same() -> None:
    assert caption_of("A dog runs.\nIt stops.", "prose").long == "A dog runs.\nIt stops."
    assert caption_of('"A dog runs."', "prose").long == "A dog runs."
    assert caption_of(WHOLE, "prose").short == GOOD["short"]


def damaged(rng: random.Random, text: str) -> str:
    """Return a text after some accidents."""
    for _ in range(rng.randint(1, 6)):
        i, j = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        kind = rng.randrange(7)
        if kind == 0:
            text = text[:j]
        elif kind == 1:
            text = text[:i] + text[min(len(text), i + rng.randint(1, 5)) :]
        elif kind == 2:
            text = text[:i] + rng.choice("{}[]\",:\\\n'“”`\0") + text[i:]
        elif kind == 3:
            text = text[:i] + text[i : min(j, i + 80)] + text[i:]
        elif kind == 4:
            text = text.replace('"', "'", rng.randint(1, 9))
        elif kind == 5:
            text = text[i:]
        else:
            text = (
                text[:i]
                + rng.choice(("null", "NaN", "[[", "1e999", "\\uZZ", "-", "//x"))
                + text[i:]
            )
        if not text:
            break
    return text


def leaves(value) -> list:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def test_damaged_answers_never_raise_and_never_state_what_was_not_written() -> None:
    rng = random.Random(7)
    num_captions = 0
    for _ in range(3000):
        text = damaged(rng, WHOLE)
        parsed = parse(text, rng.choice(("full", "simple", "prose")))
        if parsed.caption is None:
            assert parsed.status != "ok"
            continue
        num_captions += 1
        written = re.sub(r"\W", "", text.lower())
        for leaf in leaves(parsed.caption.model_dump(exclude_defaults=True)):
            if not isinstance(leaf, str):
                continue
            for word in re.findall(r"\w+", leaf.lower()):
                assert word in written, (leaf, text)
        for event in parsed.caption.events:
            digits = f"{event.start_s:g}".replace(".", "")
            assert digits in re.sub(r"\D", "", text), (event, text)
    assert num_captions > 1500


@pytest.mark.parametrize("junk", ["{" * 5000, "[" * 5000, '{"a":' * 3000, '"' * 9999, "\\" * 999])
def test_junk_is_refused_in_no_time(junk: str) -> None:
    assert parse(junk, "full").caption is None


def test_the_schema_asks_for_everything_within_bounds() -> None:
    schema = json_schema("full")
    assert set(schema["properties"]) == set(StructuredCaption.model_fields) - {"details"}
    objects = [schema]
    while objects:
        node = objects.pop()
        if node.get("type") == "object":
            assert node["additionalProperties"] is False
            assert node["required"] == list(node["properties"])
            objects += node["properties"].values()
        if node.get("type") == "array":
            assert node["maxItems"] <= 16
            objects.append(node["items"])
        if node.get("type") == "string":
            assert node["maxLength"] <= 2000
        objects += node.get("anyOf", [])


def test_schemas_without_bounds_name_none() -> None:
    text = json.dumps(json_schema("full", bounded=False))
    assert not re.search("max|minimum", text)
    assert len(json_schema("simple")["properties"]) < len(json_schema("full")["properties"])


def test_a_good_answer_fits_the_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(GOOD, json_schema("full"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(GOOD | {"extra": 1}, json_schema("full"))
