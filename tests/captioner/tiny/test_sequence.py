from dataclasses import replace

import pytest

from captioner.tiny.sequence import decode, encode, spoken
from captioner.tiny.vocabulary import MAX_EVENTS, MAX_TOKENS, NUMBERS
from schemas.facts import COLOURS, EventFacts, Facts, ObjectFacts
from tests.captioner.tiny.scenes import drawn, random_facts, random_writing


@pytest.mark.parametrize("control", ["short", "long"])
def test_any_legal_writing_reads_back_as_the_facts_it_wrote(control):
    for seed in range(300):
        writer = random_writing(seed, control)
        assert decode(writer.tokens) == writer.facts()
        assert len(writer.tokens) <= MAX_TOKENS


def test_encode_undoes_decode():
    for seed in range(300):
        writer = random_writing(seed)
        assert encode(writer.facts()) == writer.tokens


@pytest.mark.parametrize("control", ["short", "long"])
def test_drawn_scenes_survive_the_round_trip(control):
    for clip in drawn(60):
        assert len(clip.facts.events) <= MAX_EVENTS
        assert decode(encode(clip.facts, control)) == spoken(clip.facts, control)


def test_objects_are_spelled_in_the_order_of_their_colours():
    red, blue = (ObjectFacts(colour=c, shape="star", action="rest") for c in ("red", "blue"))
    turned = Facts(
        objects=(blue, red),
        events=(EventFacts(kind="bite", subject=0, target=1),),
        background_kind="plain",
        background_colour="grey",
        camera="still",
        style="flat",
    )
    back = decode(encode(turned))
    assert [item.colour for item in back.objects] == ["red", "blue"]
    assert back.events == (EventFacts(kind="bite", subject=1, target=0),)


def test_every_path_names_what_its_token_states():
    facts = random_facts(5)
    writer = random_writing(5)
    for path, token in zip(writer.paths[1:], writer.tokens[1:], strict=True):
        if path.startswith("objects["):
            index, name = int(path[8]), path.rpartition(".")[2]
            value = getattr(facts.objects[index], name)
            spelled = {True: "yes", False: "no", None: "none"}.get(value, value)
            assert NUMBERS[f"{name}:{spelled}"] == token


@pytest.mark.parametrize(
    "objects",
    [
        (ObjectFacts(shape="circle"),),
        (ObjectFacts(colour="red", shape="star"), ObjectFacts(colour="red", shape="circle")),
        tuple(ObjectFacts(colour=colour, shape="star") for colour in COLOURS[:5]),
    ],
    ids=["no colour", "one colour twice", "five objects"],
)
def test_encode_refuses_objects_that_colours_do_not_tell_apart(objects):
    with pytest.raises(ValueError, match="colours"):
        encode(Facts(objects=objects))


def test_encode_refuses_what_no_scene_has():
    facts = replace(random_facts(1), background_kind=None)
    with pytest.raises(ValueError, match="background_kind"):
        encode(facts)


def test_decode_refuses_a_token_out_of_place():
    tokens = random_writing(3).tokens
    with pytest.raises(ValueError, match="out of place"):
        decode([tokens[0], *tokens[2:]])
    with pytest.raises(ValueError, match="begins with"):
        decode(tokens[1:])
