import json
import random

import duckdb
import pytest

from schemas.facts import EventFacts, Facts, ObjectFacts, to_json
from schemas.search.stated import asked_facts, held, held_sql, needs_pairing, statements

RED_CIRCLE = ObjectFacts(colour="red", shape="circle", action="move", direction="left")
BLUE_STAR = ObjectFacts(colour="blue", shape="star", size="small", bounces=True)
CLIPS = [
    Facts(objects=(RED_CIRCLE, BLUE_STAR), camera="pan_left", background_kind="maze"),
    Facts(objects=(BLUE_STAR,), events=(EventFacts(kind="leave", subject=0),), style="flat"),
    Facts(
        objects=(RED_CIRCLE, RED_CIRCLE),
        events=(EventFacts(kind="collide", subject=0, target=1),),
        views=("wide", "close"),
    ),
    Facts(),
]


def upper(asked: Facts, clips: list[Facts] = CLIPS) -> list[int]:
    connection = duckdb.connect()
    connection.execute("create table stated (n bigint, facts varchar)")
    connection.executemany("insert into stated values (?, ?)", [
        (n, to_json(clip)) for n, clip in enumerate(clips)
    ])  # fmt: skip
    return [n for _, n in sorted(connection.execute(held_sql(asked, "stated")).fetchall())]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("red", "colour red"),
        ("something red", "colour red"),
        ("a red circle", "colour red, shape circle"),
        ("bouncing", "bounces True"),
        ("a bouncing star", "shape star, bounces True"),
        ("something bounces", "bounces True"),
        ("pans left", "camera pan_left"),
        ("checkered", "background_kind checker"),
        ("a slow star", "shape star, action move, speed slow"),
        ("something collides with a red star",
         "object there, colour red, shape star, events collide"),
        ("two circles", "shape circle, shape circle"),
        ("\u7ea2\u8272\u7684\u5706\u5411\u5de6\u79fb\u52a8",
         "colour red, shape circle, action move, direction left"),
        ("\u955c\u5934\u5411\u5de6\u79fb\u52a8", "camera pan_left"),
        ("a dog on a beach", ""),
        ("a red dog", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_query_states_what_a_sentence_with_these_words_would(words: str, expected: str) -> None:
    found = [f"{name} {value}" for name, _, value in statements(asked_facts(words).facts)]
    assert found == (expected.split(", ") if expected else [])


def test_a_query_that_is_read_in_part_says_so() -> None:
    assert asked_facts("a red circle moves left").is_whole
    partly = asked_facts("The camera pans left. Somebody plays a violin.")
    assert (partly.facts.camera, partly.is_whole) == ("pan_left", False)


@pytest.mark.parametrize(
    ("asked", "num_held"),
    [
        (Facts(objects=(ObjectFacts(colour="red", shape="circle"),)), [2, 0, 2, 0]),
        (Facts(objects=(ObjectFacts(colour="red", shape="star"),)), [1, 1, 1, 0]),
        (Facts(objects=(ObjectFacts(bounces=True),)), [1, 1, 0, 0]),
        (Facts(camera="pan_left", style="flat"), [1, 1, 0, 0]),
        (Facts(objects=(ObjectFacts(), ObjectFacts())), [2, 1, 2, 0]),
        (Facts(views=("close",)), [0, 0, 1, 0]),
        (Facts(objects=(ObjectFacts(colour="red"), ObjectFacts(colour="red"))), [1, 0, 2, 0]),
        (
            Facts(
                objects=(ObjectFacts(colour="red"), ObjectFacts(shape="circle")),
                events=(EventFacts(kind="collide", subject=0, target=1),),
            ),
            [1, 0, 3, 0],
        ),
        (
            Facts(
                objects=(ObjectFacts(shape="circle"),),
                events=(EventFacts(kind="leave", subject=0),),
            ),
            [1, 1, 1, 0],
        ),
    ],
)
def test_the_statements_that_hold_are_counted_with_objects_paired_one_to_one(
    asked: Facts, num_held: list[int]
) -> None:
    assert [len(held(asked, clip)) for clip in CLIPS] == num_held


def test_an_event_holds_only_of_the_objects_that_it_names() -> None:
    clip = Facts(
        objects=(RED_CIRCLE, BLUE_STAR), events=(EventFacts(kind="leave", subject=1),)
    )  # fmt: skip
    leaves = EventFacts(kind="leave", subject=0)
    right = Facts(objects=(ObjectFacts(colour="blue"),), events=(leaves,))
    wrong = Facts(objects=(ObjectFacts(colour="red"),), events=(leaves,))
    assert len(held(right, clip)) == 2
    assert len(held(wrong, clip)) == 1


def drawn_facts(rng: random.Random) -> Facts:
    def item() -> ObjectFacts:
        return ObjectFacts(
            colour=rng.choice([None, "red", "blue"]),
            shape=rng.choice([None, "circle", "star"]),
            bounces=rng.random() < 0.3,
            place=rng.choice([None, "top", "left"]),
        )

    objects = tuple(item() for _ in range(rng.randint(0, 3)))
    events = ()
    if len(objects) > 1:
        events = (EventFacts(kind=rng.choice(["collide", "bite"]), subject=0, target=1),)
    return Facts(
        objects=objects,
        events=events,
        camera=rng.choice([None, "still", "zoom_in"]),
        views=rng.choice([(), ("wide",), ("close", "wide")]),
    )


def test_duckdb_never_counts_less_than_holds_and_the_same_where_nothing_is_paired() -> None:
    rng = random.Random(3)
    clips = [drawn_facts(rng) for _ in range(60)]
    for _ in range(40):
        asked = drawn_facts(rng)
        exact = [len(held(asked, clip)) for clip in clips]
        rough = upper(asked, clips)
        assert all(a >= b for a, b in zip(rough, exact, strict=True))
        if not needs_pairing(asked):
            assert rough == exact


def test_facts_with_more_or_of_another_version_do_no_harm() -> None:
    connection = duckdb.connect()
    connection.execute("create table stated (n bigint, facts varchar)")
    strange = {"objects": [{"colour": "red", "taste": "sweet"}, {}], "planet": 4}
    connection.execute("insert into stated values (0, ?)", [json.dumps(strange)])
    asked = Facts(objects=(ObjectFacts(colour="red"),), camera="still")
    assert connection.execute(held_sql(asked, "stated")).fetchall() == [(0, 1)]
