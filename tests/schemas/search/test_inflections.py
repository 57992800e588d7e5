import pytest

from schemas.search.inflections import forms_of

TOGETHER = [
    "star stars",
    "move moves moved moving",
    "bounce bounces bounced bouncing",
    "pan pans panned panning",
    "fly flies flew flown flying",
    "fall falls fell fallen falling",
    "box boxes boxed",
    "quick quickly",
    "colour color colours colors colouring",
    "grey gray",
    "child children",
    "stop stops stopped stopping",
    "carry carries carried carrying",
]


@pytest.mark.parametrize("line", TOGETHER)
def test_every_form_of_a_word_finds_every_other(line: str) -> None:
    words = set(line.split())
    for word in words:
        assert words <= set(forms_of(word)), word


@pytest.mark.parametrize(
    ("word", "stranger"),
    [("star", "stare"), ("star", "start"), ("car", "care"), ("pan", "pane"), ("left", "leave"),
     ("sing", "s"), ("bus", "bu"), ("glass", "glas"), ("rose", "rise"), ("ring", "r")],
)  # fmt: skip
def test_words_that_only_begin_alike_are_strangers(word: str, stranger: str) -> None:
    assert stranger not in forms_of(word)
    assert word not in forms_of(stranger)


def test_a_word_comes_first_among_its_forms_and_short_or_foreign_words_have_no_other() -> None:
    assert forms_of("moving")[0] == "moving"
    assert [forms_of(word) for word in ("tv", "4k", "caf\u00e9")] == [
        ("tv",),
        ("4k",),
        ("caf\u00e9",),
    ]
