import duckdb
import numpy as np
import pytest

from schemas.search.words import bm25, count_sql, terms_held, wanted_words

TEXTS = [
    "A star moves left. The star bounces.",
    "Two cars start; one careful driver stares at a costar.",
    "\u4e00\u4e2a\u7ea2\u8272\u7684\u5706\u5411\u5de6\u79fb\u52a8\uff0c\u7ea2\u8272",
    "It moves to\nthe left (slowly).",
    "",
]


def counted(query: str, texts: list[str] = TEXTS) -> dict[int, list[int]]:
    wanted = wanted_words(query)
    connection = duckdb.connect()
    connection.execute("create table texts (n bigint, text varchar)")
    connection.executemany("insert into texts values (?, ?)", list(enumerate(texts)))
    sql, parameters = count_sql(wanted, "texts")
    rows = connection.execute(sql, parameters).fetchall()
    return {row[0]: list(row[2:]) for row in rows}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("star", [2, 0, 0, 0, 0]),
        ("STARS", [2, 0, 0, 0, 0]),
        ("stare", [0, 1, 0, 0, 0]),
        ("moving", [1, 0, 0, 1, 0]),
        ("car", [0, 1, 0, 0, 0]),
        ("\u7ea2\u8272", [0, 0, 2, 0, 0]),
        ("zebra", [0, 0, 0, 0, 0]),
    ],
)
def test_a_term_is_counted_in_all_its_forms_and_as_a_whole_word(
    query: str, expected: list[int]
) -> None:
    assert [counts[0] for counts in counted(query).values()] == expected


def test_idle_words_count_only_where_there_are_no_others() -> None:
    assert [term.shown for term in wanted_words("the star is on a hill").terms] == ["star", "hill"]
    assert [term.shown for term in wanted_words("to be").terms] == ["to", "be"]


def test_a_word_counts_once_however_often_and_in_whatever_form_it_is_asked_for() -> None:
    assert [term.shown for term in wanted_words("moves move moving star").terms] == [
        "moves",
        "star",
    ]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ('"moves left"', [0]),
        ('"to the left"', [3]),
        ("\u201cTO THE  LEFT\u201d star", [3]),
        ('"star" "bounces"', [0]),
        ('"tar"', []),
        ("\u300c\u7ea2\u8272\u7684\u5706\u300d", [2]),
        ('"(slowly)"', [3]),
        ('"a.star"', []),
    ],
)
def test_a_phrase_has_to_stand_in_the_text_whatever_its_case_and_blanks(
    query: str, kept: list[int]
) -> None:
    assert sorted(counted(query)) == kept


def test_what_is_left_of_a_query_without_its_phrases_is_plain() -> None:
    wanted = wanted_words('a red "circle moves" left')
    assert wanted.phrases == ("circle moves",)
    assert wanted.plain.split() == ["a", "red", "left"]


def test_bm25_follows_its_formula() -> None:
    counts = np.array([[2, 0], [1, 1], [0, 0]])
    lengths = np.array([10.0, 20.0, 30.0])
    scores = bm25(counts, lengths, 3)
    idf = np.log1p((3 - np.array([2, 1]) + 0.5) / (np.array([2, 1]) + 0.5))
    first = idf[0] * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 0.5))
    assert scores[0] == pytest.approx(first / (2.2 * idf.sum()))
    assert scores[1] == pytest.approx(idf.sum() * 2.2 / 2.2 / (2.2 * idf.sum()))
    assert scores[2] == 0


def test_a_rare_word_weighs_more_than_a_frequent_one() -> None:
    counts = np.array([[1, 0], [0, 1], [0, 1], [0, 1]])
    scores = bm25(counts, np.full(4, 10.0), 4)
    assert scores[0] > scores[1] == scores[2]


def test_the_terms_held_are_named_as_they_were_asked_for() -> None:
    assert terms_held(wanted_words("stars bounce high"), [1, 0, 2]) == ["stars", "high"]
