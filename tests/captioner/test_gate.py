import pytest

from captioner.gate import check_text


@pytest.mark.parametrize(
    ("kind", "text", "status"),
    [
        ("short", "A red area moves to the right.", "ok"),
        ("short", 'He says "yes."', "ok"),
        ("short", "一个红球。", "ok"),
        ("short", "", "empty"),
        ("long", " \n\t ", "empty"),
        ("long", "...", "empty"),
        ("short", "A red area moves to", "truncated"),
        ("long", "The camera stands still. A red area,", "truncated"),
        ("long", "It is a dark picture. A dog runs. It is a Dark picture!", "repeated"),
        ("long", "Yes. Yes. It is dark.", "ok"),
        ("structured", '{"light":"dark"}', "ok"),
        ("structured", "{}", "empty"),
        ("structured", '{"light":', "invalid_json"),
        ("structured", "[1]", "invalid_json"),
        ("structured", "```json", "invalid_json"),
    ],
)
def test_gate_names_what_is_wrong(kind: str, text: str, status: str) -> None:
    assert check_text(kind, text) == status
