import json

import pytest

from captioner.expanding.facts_kept import facts_kept
from captioner.story import (
    Shot,
    StorySettings,
    from_toml,
    story_to_shots,
    to_json,
    to_table,
    to_toml,
)
from schemas.errors import UserError
from schemas.facts import EventFacts, Facts, ObjectFacts
from schemas.wording.read import read
from tests.captioner.test_expand import ScriptedChat

WORLD = """A small red circle moves to the right on a plain grey background. It hits a large blue
square. The circle turns yellow, then leaves the frame. The square stays where it is. It shrinks.
The camera zooms in."""
HARBOUR = """Anna, a young woman in a red coat, walks along a foggy harbour. A small brown dog
follows her. The dog has a white tail. She stops at an old lighthouse and looks up.

Later that night, Anna sits by a fire. Her coat hangs on a chair. The dog sleeps beside her. It
dreams of the sea."""
SCRIPT = """FADE IN:

INT. KITCHEN - NIGHT

An old man in a blue apron kneads dough. (5 s)
He wipes his hands.

OLD MAN
Where is everybody?

DISSOLVE TO:

EXT. STREET - MORNING

1. The old man opens a green door.
2. Two children run past him.
"""


def texts(story, **options):
    return [shot.text for shot in story_to_shots(story, **options).shots]


def test_every_shot_of_a_world_story_stands_alone():
    shots = [read(text) for text in texts(WORLD)]
    red, blue = ObjectFacts(colour="red", shape="circle", size="small"), ObjectFacts(
        colour="blue", shape="square", size="large"
    )  # fmt: skip
    hit = Facts(
        objects=(red, blue),
        events=(EventFacts(kind="collide", subject=0, target=1),),
        background_kind="plain",
        background_colour="grey",
    )
    assert facts_kept(hit, shots[1]).missing == () and facts_kept(hit, shots[1]).added == ()
    assert [len(each.objects) for each in shots] == [1, 2, 1, 2, 1]
    assert {each.background_colour for each in shots} == {"grey"}
    assert shots[4].objects[0].colour == "blue" and shots[4].objects[0].change == "shrink"
    assert shots[4].camera == "zoom_in"


def test_a_colour_that_was_taken_on_is_kept():
    assert texts(WORLD)[3].startswith("A small yellow circle leaves the frame.")


def test_people_are_described_again_in_every_shot():
    shots = story_to_shots(HARBOUR).shots
    anna = "Anna, a young woman in a red coat"
    assert [shot.text for shot in shots] == [
        f"{anna}, walks along a foggy harbour.",
        f"A small brown dog follows {anna}. The dog has a white tail.",
        f"{anna}, stops at an old lighthouse and looks up.",
        f"Later that night, {anna}, sits by a fire.",
        "Anna's coat hangs on a chair.",
        f"A small brown dog sleeps beside {anna}.",
        "A small brown dog dreams of the sea.",
    ]
    assert shots[0].subjects == () and shots[5].subjects == ("a small brown dog", anna)
    assert [shot.transition for shot in shots] == ["cut"] * 3 + ["dissolve"] + ["cut"] * 3


def test_a_screenplay_gives_places_times_and_transitions():
    shots = story_to_shots(SCRIPT).shots
    man = "n old man in a blue apron"
    assert [shot.text for shot in shots] == [
        f"The place is inside: kitchen, night. A{man} kneads dough.",
        f"The place is inside: kitchen, night. A{man} wipes his hands.",
        f"The place is inside: kitchen, night. A{man} speaks.",
        f"The place is outside: street, morning. A{man} opens a green door.",
        f"The place is outside: street, morning. Two children run past a{man}.",
    ]
    assert [shot.transition for shot in shots] == ["fade", "cut", "cut", "dissolve", "cut"]
    assert shots[0].seconds == 5.0


@pytest.mark.parametrize(
    ("story", "wanted"),
    [
        (
            "一个红色圆形移动。它撞上一个蓝色方块。然后它离开画面。",
            ["一个红色圆形移动。", "一个红色圆形撞上一个蓝色方块。", "一个红色圆形离开画面。"],
        ),
        ("A boy and a girl meet. They sing.", ["A boy and a girl meet.", "A boy and a girl sing."]),
        ("Two dogs play. They sleep.", ["Two dogs play.", "Two dogs sleep."]),
        (
            "- 3s: a yellow star falls\n- the star bounces",
            ["A yellow star falls.", "A yellow star bounces."],
        ),
        (
            "A tired king sits on a throne. A jester enters. The king laughs.",
            ["A tired king sits on a throne.", "A jester enters.", "A tired king laughs."],
        ),
        ("The sea is rough.", ["The sea is rough."]),
        ("It rains. It pours.", ["It rains.", "It pours."]),
    ],
    ids=["chinese", "both", "plural", "list", "article", "description only", "nobody"],
)  # fmt: skip
def test_later_mentions_become_full_descriptions(story, wanted):
    assert texts(story) == wanted


def test_a_background_holds_until_another_is_named():
    story = "The background is plain grey. A red star falls. It bounces. A blue star falls on a brick wall. It spins."  # noqa: E501
    facts = [read(text) for text in texts(story)]
    assert [each.background_kind for each in facts] == ["plain", "plain", "bricks", "bricks"]


def test_more_words_take_more_time_up_to_the_limit():
    long = "A red star moves " + "slowly and calmly " * 30 + "to the left."
    shots = story_to_shots(f"A star falls. {long}", settings=StorySettings(max_seconds=6)).shots
    assert shots[0].seconds < shots[1].seconds == 6


def test_shot_lists_survive_toml_and_read_well():
    shots = story_to_shots(HARBOUR)
    assert from_toml(to_toml(shots)).shots == shots.shots
    assert json.loads(to_json(shots))["shots"][3]["transition"] == "dissolve"
    table = to_table(shots, width=60)
    assert max(map(len, table.splitlines())) <= 60
    assert "13.5" in table and shots.seconds == sum(shot.seconds for shot in shots.shots)


@pytest.mark.parametrize(
    "text", ["", "shot = 3", "[[shot]]\nseconds = 2", "[[", "[[shot]]\ntext=1"]
)
def test_a_file_that_is_no_shot_list_is_refused(text):
    with pytest.raises(UserError, match="cannot be read"):
        from_toml(text)


def test_empty_and_endless_stories_are_refused():
    with pytest.raises(UserError, match="empty"):
        story_to_shots(" \n ... ")
    with pytest.raises(UserError, match="has 5 shots"):
        story_to_shots("A star falls. " * 5, settings=StorySettings(max_shots=4))
    with pytest.raises(UserError, match="wants a language model"):
        story_to_shots("A star falls.", settings=StorySettings(how="model"))


def test_a_models_shots_are_used_where_they_keep_the_story():
    answer = {
        "shots": [
            {"text": "A small red star falls.", "seconds": 3, "transition": "fade"},
            {"text": "A small red star bounces.", "subjects": ["a small red star"]},
        ]
    }
    chat = ScriptedChat(f"Here it is:\n```json\n{json.dumps(answer)}\n```")
    found = story_to_shots("A small red star falls. It bounces.", chat=chat)
    assert found.made_by == "script"
    assert found.shots[0] == Shot(text="A small red star falls.", seconds=3.0, transition="fade")
    assert "<text>A small red star falls. It bounces.</text>" in chat.asked[0][0][-1]["content"]


@pytest.mark.parametrize(
    "answer",
    [
        "I cannot do that.",
        '{"shots": []}',
        '{"shots": [{"seconds": 2}]}',
        '{"shots": [{"text": "A dog walks through a park in the rain."}]}',
    ],
    ids=["refused", "none", "no text", "another story"],
)
def test_a_models_bad_shots_give_way_to_the_rules(answer):
    found = story_to_shots("A red star falls. It bounces.", chat=ScriptedChat(answer))
    assert found.made_by == "rules" and len(found.shots) == 2
    assert "made by rules" in found.warnings[0]
