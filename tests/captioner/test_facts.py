"""Claims are found in free English, and what measurements contradict does not stay."""

import json
from dataclasses import asdict, replace

import pytest

from captioner.caption import Event, StructuredCaption, Subject
from captioner.claims.evidence import Evidence, gather_evidence
from captioner.claims.read import read_text
from captioner.facts import caption_facts, check_facts, contradiction_score
from captioner.measured.areas import Area
from captioner.measured.findings import Findings
from captioner.measured.movers import Movement
from schemas.facts import Facts, ObjectFacts
from schemas.wording.read import read
from schemas.wording.render import render
from tests.captioner.drawings import GREY, RED, draw_disc, make_request

HERE = ("black", "grey", "white", "beige", "brown", "green", "blue")
EVERYWHERE = {
    **dict.fromkeys(HERE, 0.2),
    **dict.fromkeys(("red", "orange", "yellow", "cyan", "purple", "pink"), 0.0),
}


def known(**values) -> Evidence:
    """Evidence with these findings; nothing else is known."""
    scores = {"brightness": 120.0, "zoom": 0.0, "saturation": 60.0}
    plain = {"duration_s": 5.0, "width_px": 640, "height_px": 360, "fps": 25.0}
    return Evidence(findings=Findings(**(plain | values)), scores=scores)


def long_after(text: str, evidence: Evidence) -> str:
    return check_facts(StructuredCaption(long=text), evidence).caption.long


def values(text: str, field: str = "long") -> list[tuple[str, str]]:
    return [(claim.topic, claim.value) for claim in read_text(text, field)]


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("The camera pans slowly to the left.", ["left"]),
        ("A slow pan left reveals a street.", ["left"]),
        ("The camera tilts up, then zooms out.", ["up", "out"]),
        ("The view slowly pushes in on the car.", ["in"]),
        ("A static wide shot of a harbour.", ["still"]),
        ("The camera does not move.", ["still"]),
        ("The camera is completely stationary.", ["still"]),
        ("Shaky handheld footage of a crowd.", ["unsteady"]),
        ("The shot widens.", ["out"]),
        ("The camera follows the dog without panning left.", []),
        ("A gentle tilt down follows.", ["down"]),
        ("A man walks to the left.", []),
        ("A lateral tracking shot to the left unfolds.", ["left"]),
        ("There is no noticeable camera movement.", ["still"]),
        ("The viewpoint never changes.", ["still"]),
        ("The camera gradually zooms back out.", ["out"]),
        ("A slow dolly-in brings us nearer.", ["in", "in"]),
        ("The camera shows a man on the left.", []),
        ("The camera looks at a dog that moves to the left.", []),
        ("In the frame a crab moves to the left.", []),
        ("A truck comes towards the camera and turns right.", []),
        ("A woman turns left and waves.", []),
        ("He moves in circles.", []),
        ("The horse stands still.", []),
        ("A handheld device lies on the desk.", []),
        ('A sign reads "the camera pans left".', []),
    ],
)
def test_camera_claims_are_found_in_free_prose(text: str, claims: list[str]) -> None:
    assert [value for topic, value in values(text) if topic == "camera"] == claims


SUBJECTS = ("The camera", "Our view", "The shot", "The framing", "The lens", "The viewpoint")
VERBS = {
    "left": ("glides left", "swings over to the left", "is drifting leftwards"),
    "right": ("travels from left to right", "slowly edges rightward", "makes its way to the right"),
    "up": ("climbs upwards", "tilts toward the ceiling", "rises"),
    "down": ("sinks", "dips down to the floor", "sweeps downward"),
    "in": ("creeps in closer", "draws nearer", "tightens on the door"),
    "out": ("backs away", "eases back", "widens"),
    "still": ("does not budge", "stays exactly where it is", "keeps to one fixed spot"),
    "unsteady": ("trembles", "is hand-held", "jolts with every step"),
}


@pytest.mark.parametrize("value", VERBS)
def test_what_the_camera_does_is_read_whoever_stands_for_it_and_whichever_verb(value: str) -> None:
    for subject in SUBJECTS:
        for verb in VERBS[value]:
            said = [found for topic, found in values(f"{subject} {verb}.") if topic == "camera"]
            assert said == [value], (subject, verb)


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("While panning right, the camera passes a shelf.", ["right"]),
        ("From right to left the camera sweeps over the square.", ["left"]),
        ("The camera sweeps across the crowded room to the left.", ["left"]),
        ("There is a slow descent of the camera.", ["down"]),
        ("A leftward drift of the view follows.", ["left"]),
        ("With the camera locked in place, cars pass to the left.", ["still"]),
        ("At no point does the camera move.", ["still"]),
        ("The camera does not pan, tilt or zoom.", ["still", "still"]),
        ("The camera follows the dog without panning left.", []),
        ("The camera moves steadily to the right.", ["right"]),
        ("The camera films a man, walking to the left.", []),
        ("The camera shows a shaking hand.", []),
        ("The camera is angled slightly downwards.", []),
        ("The camera is close to the ground.", []),
        ("The camera captures a motionless man.", []),
        ("A woman lifts the camera and turns right.", []),
        ("A photographer with a tripod stands on the left.", []),
        ("The picture on the wall wobbles.", []),
        ("The lens flare drifts to the right.", []),
        ("Two people move away from the camera.", []),
        ("A pan left on the stove steams.", []),
        ("A bird zooms in and out of the trees.", []),
    ],
)
def test_the_camera_moves_only_where_it_is_what_moves(text: str, claims: list[str]) -> None:
    assert [value for topic, value in values(text) if topic == "camera"] == claims


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("The lighting throughout the clip is faint.", ["dark"]),
        ("Darkness swallows the whole place.", ["dark"]),
        ("There is hardly any light.", ["dark"]),
        ("It is pitch dark.", ["dark"]),
        ("The frame is underexposed and murky.", ["dark"]),
        ("Night has fallen.", ["dark"]),
        ("The surroundings look bright.", ["bright"]),
        ("The room is awash with light.", ["bright"]),
        ("It is broad daylight.", ["bright"]),
        ("The picture is overexposed.", ["bright"]),
        ("The stage is bright while the hall is dark.", []),
        ("It is not dark.", []),
        ("Half of his face lies in shadow.", []),
        ("His face is well lit.", []),
        ("A bright light glows in the distance.", []),
        ("A dark jacket hangs beside a bright red ball.", []),
        ("A bright blue sky hangs above dark hills.", []),
        ("Sunlight filters through the leaves.", []),
        ("The man casts a long shadow on the wall.", []),
    ],
)
def test_dark_and_bright_count_for_the_whole_picture_only(text: str, claims: list[str]) -> None:
    assert [value for topic, value in values(text) if topic == "light"] == claims


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("A dog makes its way to the left.", ["left"]),
        ("A man crosses the road from right to left.", ["left"]),
        ("The car comes in from the left and leaves on the right.", ["right"]),
        ("A cat scurries up and to the right.", ["up_right"]),
        ("The ball is pushed to the right.", ["right"]),
        ("A circle in the top right glows.", []),
        ("He turns his head to the left.", []),
        ("Green leaves on the right rustle.", []),
        ("The text runs from left to right.", []),
        ("The dog does not move to the left.", []),
        ("The road leads to the right.", []),
    ],
)
def test_a_thing_has_a_way_only_where_it_goes(text: str, claims: list[str]) -> None:
    assert [value for topic, value in values(text) if topic == "direction"] == claims


def test_what_a_movement_was_for_goes_with_it() -> None:
    text = "A dog rests. The camera pans left to reveal a door."
    assert long_after(text, known(camera="still")) == "A dog rests. The camera stays still."


@pytest.mark.parametrize(
    ("text", "field", "claims"),
    [
        ("pans left slowly, close shot", "camera", ["left"]),
        ("static", "camera", ["still"]),
        ("slow zoom in", "camera", ["in"]),
        ("eye-level medium shot", "camera", []),
    ],
)
def test_every_word_of_the_camera_field_is_about_the_camera(
    text: str, field: str, claims: list[str]
) -> None:
    assert [value for _, value in values(text, field)] == claims


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("A brown dog runs to the right.", [("direction", "right"), ("colour", "brown")]),
        ("Cars drive from left to right.", [("direction", "right")]),
        ("A ball rolls up and to the left.", [("direction", "up_left")]),
        ("A bird flies towards the upper right.", [("direction", "up_right")]),
        ("A man stands to the right of a car.", []),
        ("Two dogs and three cats rest.", [("count", "2"), ("count", "3")]),
        ("One of the men waits for two seconds.", []),
        ("The scene is dark.", [("light", "dark")]),
        ("A man in a dark jacket under bright red lamps.", [("colour", "red")]),
        ("It grows darker at night.", [("light", "darker"), ("light", "dark")]),
        ("A black-and-white clip.", [("light", "greyscale")]),
        ("A woman drinks green tea and eats an orange.", []),
        ("A black man smiles.", []),
        ('A banner says "OPEN".', [("text", "OPEN")]),
        ("The 'best' day.", []),
    ],
)
def test_other_claims_are_found_and_look_alikes_are_not(text: str, claims) -> None:
    assert values(text) == claims


CAMERA = [
    ("still", "The camera pans left over a street.", "The camera stays still over a street."),
    ("right", "The camera pans left over a street.", "The camera pans right over a street."),
    ("up", "The camera tilts downwards.", "The camera tilts upwards."),
    ("left", "The camera remains static.", "The camera pans left."),
    ("still", "Handheld footage of a dog.", "Static footage of a dog."),
    ("still", "A dog runs, and the camera pans with a slow tilt up.", None),
    ("about", "A static shot of a dog.", "A moving shot of a dog."),
    ("", "The camera pans left.", "The camera pans left."),
    ("nearly still", "The camera pans left.", "The camera pans left."),
    ("about", "The camera pans left.", "The camera pans left."),
]


@pytest.mark.parametrize(("camera", "text", "after"), CAMERA)
def test_the_camera_is_put_right_where_it_was_measured(camera: str, text: str, after) -> None:
    found = long_after(text, known(camera=camera))
    if after is None:
        assert "tilt" not in found
    else:
        assert found == after


def test_a_zoom_the_other_way_is_turned_round() -> None:
    evidence = known(zoom="in", camera="about")
    assert long_after("The camera zooms out.", evidence) == "The camera zooms in."
    assert long_after("The view widens.", evidence) == "The view zooms in."
    assert long_after("The camera zooms in.", evidence) == "The camera zooms in."


def test_a_wrong_clause_goes_and_the_rest_of_the_sentence_stays() -> None:
    text = "A man opens a door, while a slow pan left shows the street. He smiles."
    after = long_after(text, known(camera="still"))
    assert after == "A man opens a door. He smiles."


def test_every_change_is_written_down() -> None:
    caption = StructuredCaption(long="The camera pans left.", camera="pans left, close shot")
    checked = check_facts(caption, known(camera="still"))
    assert checked.caption.camera == "still, close shot"
    assert [
        (item.field, item.said, item.measured, item.action) for item in checked.corrections
    ] == [
        ("long", "pans left", "still", "corrected"),
        ("camera", "pans left", "still", "corrected"),
    ]
    json.dumps([asdict(item) for item in checked.corrections])


def test_a_colour_that_is_nowhere_goes_from_its_noun() -> None:
    evidence = known(presence=EVERYWHERE)
    assert long_after("An orange car stops.", evidence) == "A car stops."
    assert long_after("A blue car stops.", evidence) == "A blue car stops."
    assert long_after("The car is red. It stops.", evidence) == "It stops."
    assert long_after("A crimson and white flag waves.", evidence) == ""


def test_a_greyscale_picture_has_no_hues_in_its_caption() -> None:
    evidence = known(palette="greyscale", presence=dict.fromkeys(EVERYWHERE, 0.3))
    assert long_after("A red car passes a white house.", evidence) == "A car passes a white house."
    assert long_after("A colourful market.", evidence) == "A market."


def test_the_background_takes_the_colour_that_was_measured() -> None:
    evidence = known(background="dark green", presence=EVERYWHERE | {"green": 0.8})
    text = "A dog sits before a purple background."
    assert long_after(text, evidence) == "A dog sits before a dark green background."


def test_a_direction_is_turned_only_for_what_was_followed() -> None:
    area = Area(colour="red", share=0.02, size="", place="", motion="right", speed="", salience=1.0)
    evidence = known(areas=(area,), camera="still")
    assert long_after("The red ball rolls to the left.", evidence) == (
        "The red ball rolls to the right."
    )
    assert long_after("A dog walks to the left.", evidence) == "A dog walks to the left."
    mover = known(movement=Movement(motion="right"), camera="still")
    assert long_after("A dog walks to the left.", mover) == "A dog walks to the right."
    assert long_after("A dog walks up and to the right.", mover).endswith("up and to the right.")


LIGHT = [
    ({"light": "dark"}, "A bright scene with a dog.", "A scene with a dog."),
    ({"light": "bright"}, "A man waits. The scene is dark.", "A man waits."),
    ({"light": "medium"}, "A bright scene.", "A bright scene."),
    ({"light_change": "brighter"}, "The room grows darker.", "The room grows brighter."),
    ({"light_change": "steady"}, "A dog rests. The room grows darker.", "A dog rests."),
    ({"palette": "vivid"}, "A black-and-white picture of a cat.", "A picture of a cat."),
    (
        {"light": "bright"},
        "A black and white cat in a dark room.",
        "A black and white cat in a room.",
    ),
    ({"light": "bright"}, "Plants in the dark background.", "Plants in the dark background."),
    ({"light": "bright"}, "A dark green background.", "A dark green background."),
]


@pytest.mark.parametrize(("findings", "text", "after"), LIGHT)
def test_light_is_held_against_its_level_and_change(findings: dict, text: str, after: str) -> None:
    assert long_after(text, known(**findings)) == after


def test_text_is_dropped_only_where_somebody_read_the_picture() -> None:
    caption = StructuredCaption(
        long='A dog barks. A sign reads "OPEN DAILY".', text_on_screen=("OPEN DAILY",)
    )
    unread = known()
    assert check_facts(caption, unread).caption == caption
    empty = replace(unread, texts=())
    checked = check_facts(caption, empty).caption
    assert (checked.long, checked.text_on_screen) == ("A dog barks.", ())
    close = replace(unread, texts=("0PEN DAlLY",))
    assert check_facts(caption, close).caption == caption


def test_fields_and_prose_are_brought_to_one_count() -> None:
    dogs = StructuredCaption(
        short="Three dogs run.",
        long="Three dogs run over grass.",
        subjects=(Subject(name="dog", count=2),),
    )
    assert check_facts(dogs, known()).caption.subjects[0].count == 3
    one_text = dogs.model_copy(update={"short": "Dogs run."})
    assert check_facts(one_text, known()).caption.long == "Two dogs run over grass."
    uncounted = one_text.model_copy(update={"subjects": (Subject(name="dog"),)})
    assert check_facts(uncounted, known()).caption.subjects[0].count == 3


def test_fields_and_prose_are_brought_to_one_camera_and_colour() -> None:
    caption = StructuredCaption(
        long="A blue car turns. The camera pans left.",
        subjects=(Subject(name="car", attributes=("red",)),),
        camera="static",
    )
    checked = check_facts(caption, known()).caption
    assert checked.long == "A red car turns. The camera stays still."
    both = caption.model_copy(update={"long": "A red car. The camera pans left, then pans right."})
    assert check_facts(both, known()).caption == both


def test_a_good_caption_stays_as_it_is_letter_for_letter() -> None:
    caption = StructuredCaption(
        short="A brown dog runs over a green lawn.",
        long="A brown dog runs to the right over a green lawn, while the camera stays still. "
        'A sign reads "NO DOGS". It is a bright day.',
        subjects=(Subject(name="dog", attributes=("brown",)),),
        actions=("the dog runs to the right",),
        camera="still, wide shot",
        light="bright",
        events=(Event(start_s=0, end_s=1, text="the dog sets off to the right"),),
    )
    evidence = replace(
        known(camera="still", light="bright", presence=EVERYWHERE), texts=("NO DOGS",)
    )
    checked = check_facts(caption, evidence)
    assert checked.caption == caption
    assert checked.corrections == ()
    assert contradiction_score(caption, evidence) == 0.0


def test_one_error_is_not_another_clip_and_several_are() -> None:
    evidence = known(camera="still", light="dark", palette="greyscale", presence=EVERYWHERE)
    one = StructuredCaption(long="A dog. The camera pans left.")
    several = StructuredCaption(
        long="A red car in a bright scene. The camera pans left. Colourful flags."
    )
    assert 0 < contradiction_score(one, evidence) <= 0.5
    assert contradiction_score(several, evidence) > 0.9


WORLD = Facts(
    objects=(
        ObjectFacts(colour="red", shape="circle", action="move", direction="left", speed="fast"),
        ObjectFacts(colour="blue", shape="star", action="rest", size="large"),
    ),
    background_kind="plain",
    background_colour="navy",
    camera="still",
    style="flat",
)


@pytest.mark.parametrize(
    "wrong",
    [
        {"camera": "pan_left"},
        {"background_colour": "cream"},
        {"objects": (replace(WORLD.objects[0], direction="right"), WORLD.objects[1])},
        {"objects": (replace(WORLD.objects[0], colour="green"), WORLD.objects[1])},
        {"objects": (*WORLD.objects, ObjectFacts(colour="pink", shape="square", action="rest"))},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_world_prose_is_told_anew_from_what_was_read(wrong: dict) -> None:
    text = render(replace(WORLD, **wrong), length="long", seed=3)
    evidence = replace(known(), facts=WORLD)
    checked = check_facts(StructuredCaption(long=text), evidence)
    assert checked.corrections
    after = read(checked.caption.long)
    assert after.camera == "still"
    assert after.background_colour == "navy"
    assert sorted((o.colour, o.shape, o.direction) for o in after.objects if o.colour) == [
        ("blue", "star", None),
        ("red", "circle", "left"),
    ]


def test_true_world_prose_stays_letter_for_letter() -> None:
    evidence = replace(known(), facts=WORLD)
    for seed in range(20):
        caption = StructuredCaption(
            short=render(WORLD, length="short", seed=seed),
            long=render(WORLD, length="very_long", seed=seed),
        )
        assert check_facts(caption, evidence).caption == caption


def test_free_prose_about_the_world_is_held_against_its_facts() -> None:
    evidence = replace(known(), facts=WORLD)
    text = "A red ball zooms by. It looks fun! Three stars glow. The camera pans right."
    after = long_after(text, evidence)
    assert "pans" not in after
    assert "Three" not in after


def test_unreadable_frames_leave_what_the_scores_tell() -> None:
    cut = draw_disc(GREY, RED)[:200]
    evidence = gather_evidence(make_request([cut], brightness=200.0))
    assert evidence.findings.light == "bright"
    assert not evidence.findings.presence


def test_claims_of_every_field_bear_the_name_of_the_field() -> None:
    caption = StructuredCaption(
        long="The camera pans left.",
        subjects=(Subject(name="dog", attributes=("red",), count=2),),
        events=(Event(start_s=0, end_s=1, text="a cat walks to the left"),),
    )
    fields = {stated.field for stated in caption_facts(caption)}
    assert fields == {"long", "subjects[0].attributes[0]", "subjects[0].count", "events[0].text"}


def test_wild_text_neither_raises_nor_loops() -> None:
    for text in (
        "",
        ".",
        '"',
        "a" * 5000,
        "the camera " * 400,
        "two two two",
        "red " * 300,
        "really " * 300,
    ):
        caption = StructuredCaption(long=text, camera=text[:400])
        check_facts(caption, known(camera="still", presence=dict.fromkeys(EVERYWHERE, 0.0)))
