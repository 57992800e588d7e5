import pytest

from captioner.tiny.certainty import calibrate, told
from captioner.tiny.sequence import Writer, encode
from captioner.tiny.vocabulary import NUMBERS
from captioner.tiny.writing import Written
from schemas.facts import EventFacts, Facts, ObjectFacts

FACTS = Facts(
    objects=(
        ObjectFacts(colour="red", shape="star", size="small", place="left", action="rest"),
        ObjectFacts(colour="blue", shape="circle", size="large", place="top", action="move",
                    direction="left", speed="slow", bounces=True),
    ),
    events=(EventFacts(kind="collide", subject=0, target=1),),
    prop="pillar",
    prop_colour="black",
    background_kind="plain",
    background_colour="grey",
    camera="still",
    style="flat",
)  # fmt: skip


def written(facts, **chances):
    """Return a caption of these facts; `chances` by token, 0.99 for all others."""
    writer = Writer("long")
    for token in encode(facts)[1:]:
        writer.push(token)
    by_number = {NUMBERS[name.replace("__", ":")]: value for name, value in chances.items()}
    return Written(
        tokens=tuple(writer.tokens),
        paths=tuple(writer.paths[1:]),
        chances=tuple(by_number.get(token, 0.99) for token in writer.tokens[1:]),
        facts=writer.facts(),
    )


def test_what_is_certain_is_told_whole():
    found = told(written(FACTS), {"colour": 0.9, "camera": 0.9})
    assert found.facts == FACTS
    assert found.chances["camera"] == 0.99
    assert found.chances["objects[1].speed"] == 0.99
    assert found.chances["events[0]"] == pytest.approx(0.99**3)
    assert "objects[0].bounces" not in found.chances


@pytest.mark.parametrize(
    ("token", "least", "path"),
    [
        ("camera__still", "camera", "camera"),
        ("shape__star", "shape", "objects[0].shape"),
        ("bounces__yes", "bounces", "objects[1].bounces"),
    ],
)
def test_what_is_not_certain_is_left_out_alone(token, least, path):
    found = told(written(FACTS, **{token: 0.5}), {least: 0.6})
    assert path not in found.chances
    assert len(found.chances) == len(told(written(FACTS), {}).chances) - 1
    assert told(written(FACTS, **{token: 0.5}), {least: 0.4}).facts == FACTS


def test_an_uncertain_object_goes_with_its_events_and_the_rest_moves_up():
    found = told(written(FACTS, colour__red=0.3), {"colour": 0.5})
    assert [item.colour for item in found.facts.objects] == ["blue"]
    assert found.facts.events == ()
    assert found.chances["objects[0].shape"] == 0.99
    assert not any(path.startswith(("objects[1]", "events")) for path in found.chances)


def test_a_prop_takes_its_colour_along():
    found = told(written(FACTS, prop__pillar=0.2), {"prop": 0.5})
    assert found.facts.prop is None
    assert found.facts.prop_colour is None
    assert not {"prop", "prop_colour"} & found.chances.keys()


def test_calibrate_asks_for_no_certainty_where_all_is_right():
    assert set(calibrate([(written(FACTS), FACTS)] * 5).values()) == {0.0}


def test_calibrate_leaves_out_what_is_mostly_wrong_and_not_more():
    moving = written(
        Facts(**{**{n: getattr(FACTS, n) for n in FACTS.__slots__}, "camera": "pan_left"}),
        camera__pan_left=0.6,
    )
    pairs = [(written(FACTS), FACTS)] * 97 + [(moving, FACTS)] * 3
    least = calibrate(pairs)
    assert 0.6 < least["camera"] < 0.99
    assert told(moving, least).facts.camera is None
    assert told(written(FACTS), least).facts == FACTS
    # Half of them wrong: nothing like half may be left out for that.
    half = calibrate([(written(FACTS), FACTS)] * 50 + [(moving, FACTS)] * 50)
    assert half["camera"] <= 0.6 + 1e-3
