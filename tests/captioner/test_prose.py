import json
import re
from collections import Counter
from random import Random

import pytest

from captioner.caption import Event, Inference, Relation, StructuredCaption, Subject
from captioner.composing.compose import compose
from captioner.composing.phrases import (
    camera_clause,
    noun_phrase,
    plural,
    relation_clause,
    with_place,
)
from captioner.gate import check_text
from captioner.prose import finish, tidy, without_filler
from pipeline.world.rushes_world import RushesWorld
from schemas.wording.read import read
from schemas.wording.render import render

FULL = StructuredCaption(
    subjects=(
        Subject(name="dog", attributes=("brown", "small", "with a red collar")),
        Subject(name="man", attributes=("tall",), count=2),
    ),
    actions=("the dog runs to the left", "two men throw a ball"),
    setting="grassy park",
    camera="pans left slowly, close shot",
    light="soft daylight",
    style="photographic, muted greens",
    text_on_screen=("STOP",),
    events=(
        Event(start_s=2, end_s=4, text="dog sits down"),
        Event(start_s=0, end_s=2, text="dog runs to the left"),
    ),
    relations=(Relation(subject="dog", relation="left of", object="bench"),),
    mood=Inference(text="Cheerful", evidence="the men smile"),
)


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("Sure! Here is the caption: The video shows a dog running.", "A dog running."),
        ("In this clip we see a dog. It runs throughout the video.", "A dog. It runs."),
        ("The camera is still. In the video, a man waves", "The camera is still. A man waves."),
        ("a dog runs\n\n and  stops .", "A dog runs and stops."),
        ("**A dog** runs. `It` stops.", "A dog runs. It stops."),
        ("- A dog runs\n", "A dog runs."),
        ("What appears to be a cup seems to fall.", "A cup falls."),
        ("Two men appear to be asleep, and it seems that a dog barks.", None),
        ("The ball does not appear to be moving.", "The ball does not appear to be moving."),
        ("The circle appears to the left.", "The circle appears to the left."),
        ("A sign reads “appears to be”.", 'A sign reads "appears to be".'),
        ("A dog runs. Overall, the clip is a testament to joy.", "A dog runs."),
        ("Light fills the room, creating a cozy atmosphere.", "Light fills the room."),
        ("A dog runs. There is no text on screen.", "A dog runs."),
        ("A dog runs past,", "A dog runs past."),
        ("这段视频展示了一只狗。它在跑", "一只狗。它在跑。"),
        ("The video shows.", ""),
        ("", ""),
    ],
)
def test_tidy_keeps_the_house_style(text: str, tidied: str | None) -> None:
    language = "zh" if re.search(r"[\u4e00-\u9fff]", text) else "en"
    expected = "Two men are asleep, and a dog barks." if tidied is None else tidied
    assert tidy(text, language=language) == expected
    assert tidy(expected, language=language) == expected


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_house_style_leaves_every_fact_of_the_world(language) -> None:
    world = RushesWorld()
    for seed in range(40):
        _, facts = world.draw(
            seed=seed, split="train", width_px=32, height_px=32, num_frames=4, fps=4
        )
        for length in ("short", "medium", "long"):
            text = render(facts, length=length, language=language, seed=seed)
            assert read(tidy(text, language=language)) == read(text), text


def test_the_models_own_texts_win_where_they_are_long_enough() -> None:
    caption = FULL.model_copy(update={"short": "A dog sits.", "medium": "A dog.", "long": ""})
    texts = finish(caption, kinds=("short", "medium", "long"), language="en", key="c")
    assert texts["short"] == "A dog sits."
    assert len(texts["medium"].split()) > 10
    assert "sits" in texts["long"] and "STOP" in texts["long"]


def test_missing_kinds_are_cut_from_a_longer_text() -> None:
    long = "A brown dog runs past a bench. Two men watch it. The camera pans left."
    texts = finish(StructuredCaption(long=long), kinds=("short", "medium", "long"), language="en")
    assert texts["short"] == "A brown dog runs past a bench."
    assert texts["medium"] == "A brown dog runs past a bench. Two men watch it."
    assert texts["long"] == long


@pytest.mark.parametrize("key", [f"clip-{i}" for i in range(12)])
def test_a_composed_text_states_every_field_and_no_inference(key: str) -> None:
    long = finish(FULL, kinds=("long",), language="en", key=key)["long"]
    for words in (
        "small brown dog with a red collar",
        "two tall men",
        "runs to the left",
        "sits down",
        "throw a ball",
        "grassy park",
        "camera pans left slowly",
        "close shot",
        "soft daylight",
        "muted greens",
        '"STOP"',
        "to the left of the bench",
    ):
        assert words in long.replace("Two", "two"), (words, long)
    assert long.index("runs") < long.index("sits down")
    assert "heerful" not in long
    assert check_text("long", long, language="en") == "ok"


def test_mood_comes_with_its_evidence_and_only_where_asked_for() -> None:
    text = finish(FULL, kinds=("long",), language="en", with_inferences=True)["long"]
    assert text.endswith("The mood is cheerful: the men smile.")


def test_the_same_clip_gets_the_same_text_and_another_another() -> None:
    def longs(key: str) -> str:
        return finish(FULL, kinds=("long",), language="en", key=key)["long"]

    assert longs("a") == longs("a")
    assert len({longs(str(i)) for i in range(20)}) > 10


def test_structured_reads_back_and_leaves_out_what_states_nothing() -> None:
    caption = FULL.model_copy(update={"long": "The video shows a dog .", "story": None})
    text = finish(caption, kinds=("structured",), language="en")["structured"]
    fields = json.loads(text)
    assert list(fields) == sorted(fields)
    assert fields["long"] == "A dog."
    assert "story" not in fields and "medium" not in fields and ": " not in text
    back = StructuredCaption.model_validate(fields)
    assert back == caption.model_copy(update={"long": "A dog."})


def test_chinese_is_composed_in_chinese() -> None:
    caption = StructuredCaption(
        subjects=(Subject(name="狗", attributes=("棕色",)), Subject(name="男人", count=2)),
        actions=("狗向左跑",),
        setting="公园",
        camera="缓慢向左平移",
        light="柔和的日光",
        text_on_screen=("出口",),
    )
    long = finish(caption, kinds=("long",), language="zh", key="c")["long"]
    for words in ("一只棕色的狗向左跑", "两个男人", "公园", "镜头缓慢向左平移", "日光", "“出口”"):
        assert words in long, long
    assert check_text("long", long, language="zh") == "ok"


def test_other_languages_are_set_down_field_by_field() -> None:
    caption = StructuredCaption(actions=("der Hund läuft nach links",), setting="ein Park")
    text = finish(caption, kinds=("long",), language="de")["long"]
    assert text == "Der Hund läuft nach links. Ein Park."


def test_nothing_stated_gives_nothing() -> None:
    texts = finish(StructuredCaption(), kinds=("short", "long", "structured"), language="en")
    assert texts == {"short": "", "long": "", "structured": "{}"}
    with pytest.raises(ValueError, match="kind"):
        finish(FULL, kinds=("haiku",), language="en")


def test_without_filler_keeps_what_is_seen() -> None:
    caption = StructuredCaption(long="A dog runs. Overall, the clip is a testament to joy.")
    assert without_filler(caption).long == "A dog runs."


def drawn(rng: Random) -> StructuredCaption:
    names = [
        "dog",
        "cat",
        "man",
        "woman",
        "child",
        "bus",
        "horse",
        "boat",
        "bird",
        "cyclist",
        "tree",
        "chef",
    ]
    looks = ["brown", "tall", "young", "wet", "striped", "old", "small", "bright"]
    deeds = ["runs to the left", "sits down", "turns around", "moves slowly", "stops", "waves"]
    places = [
        "a park",
        "a kitchen",
        "a harbour",
        "the street",
        "a field",
        "an office",
        "a beach",
        "a forest",
    ]
    name = rng.choice(names)
    return StructuredCaption(
        subjects=(
            Subject(name=name, attributes=(rng.choice(looks),), count=rng.choice((1, 1, 2))),
        ),
        actions=(f"the {name} {rng.choice(deeds)}",),
        setting=rng.choice(places),
        camera=rng.choice(("static", "pans left", "zooms in")),
        light=rng.choice(("soft daylight", "dim", "evening light")),
    )


@pytest.mark.parametrize("length", ["short", "medium", "long"])
def test_composed_texts_open_in_many_ways(length) -> None:
    rng = Random(5)
    texts = [compose(drawn(rng), length, key=f"clip-{i}") for i in range(200)]
    openings = Counter(tuple(text.lower().split()[:3]) for text in texts)
    assert openings.most_common(1)[0][1] <= 10, openings.most_common(3)


@pytest.mark.parametrize(
    ("subject", "phrase"),
    [
        (Subject(name="dog"), "a dog"),
        (Subject(name="umbrella", attributes=("open", "red")), "an open red umbrella"),
        (Subject(name="man", attributes=("wearing a hat",), count=3), "three men wearing a hat"),
        (Subject(name="water", attributes=("clear",)), "clear water"),
        (Subject(name="bird", attributes=("several", "white")), "several white birds"),
        (Subject(name="child", count=14), "14 children"),
        (Subject(name="sun"), "the sun"),
        (Subject(name="trees", count=2), "two trees"),
    ],
)
def test_noun_phrases_count_and_order_their_words(subject: Subject, phrase: str) -> None:
    assert noun_phrase(subject) == phrase


def test_phrases_read_as_english() -> None:
    assert plural("box with toys") == "boxes with toys"
    assert plural("city") == "cities"
    assert with_place("sandy beach") == "on a sandy beach"
    assert with_place("outdoors, near a lake") == "outdoors, near a lake"
    assert camera_clause("static") == "the camera is static"
    assert camera_clause("slow zoom in") == "the camera makes a slow zoom in"
    assert camera_clause("The camera follows the dog.") == "the camera follows the dog"
    relation = Relation(subject="dog", relation="next to", object="a bench")
    assert relation_clause(relation) == "the dog is next to the bench"
    relation = Relation(subject="man", relation="holds", object="cup")
    assert relation_clause(relation) == "the man holds the cup"
