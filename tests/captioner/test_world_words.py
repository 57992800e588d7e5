import pytest

from captioner.caption import Relation, Subject
from captioner.gate import check_caption
from captioner.world_words import tell
from pipeline.world.choose import SCENE_KINDS
from pipeline.world.rushes_world import RushesWorld
from schemas.facts import EventFacts, Facts, ObjectFacts, canonical
from schemas.wording.read import read


def facts_of(kind: str, seed: int) -> Facts:
    drawn = RushesWorld().scene(
        seed=seed, split="seen", width_px=32, height_px=32, num_frames=24, fps=8, kind=kind
    )
    return drawn.truth.facts


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", SCENE_KINDS)
def test_what_is_told_of_a_scene_passes_the_gate_and_reads_back(kind: str, language: str) -> None:
    for seed in range(4):
        facts = facts_of(kind, 4_100_000 + seed)
        caption = tell(facts, key=f"clip_{seed}", language=language)
        kinds = ("short", "medium", "long", "structured")
        status = check_caption(caption, duration_s=3.0, language=language, kinds=kinds)
        assert status == "ok", caption
        if language == "en":
            assert canonical(read(caption.long)) == canonical(facts)


def test_fields_say_who_does_what_to_whom() -> None:
    facts = Facts(
        objects=(
            ObjectFacts(colour="red", shape="circle", size="small", action="rest"),
            ObjectFacts(colour="blue", shape="star", action="move", direction="left"),
        ),
        events=(EventFacts(kind="collide", subject=0, target=1),) * 2,
        camera="pan_left",
        style="flat",
    )
    caption = tell(facts, key="clip", domain=0.9)
    assert caption.subjects == (
        Subject(name="red circle", attributes=("small",)),
        Subject(name="blue star"),
    )
    assert caption.relations == (
        Relation(subject="red circle", relation="collides with", object="blue star"),
    )
    assert (caption.camera, caption.style, caption.setting) == ("pan left", "flat drawing", "")
    assert caption.details is not None
    assert caption.details["domain"] == 0.9
    assert caption.details["facts"]["objects"][0]["colour"] == "red"


@pytest.mark.parametrize(
    ("language", "names"), [("en", ("red circle", "blue star")), ("zh", ("圆", "星"))]
)
def test_timed_events_name_who_takes_part(language: str, names: tuple[str, str]) -> None:
    facts = Facts(
        objects=(
            ObjectFacts(colour="red", shape="circle"),
            ObjectFacts(colour="blue", shape="star"),
        ),
        events=(
            EventFacts(kind="collide", subject=0, target=1),
            EventFacts(kind="leave", subject=1),
        ),
    )
    caption = tell(facts, key="clip", language=language, spans_s=((0.5, 1.0), (1.25, 2.0)))
    assert [(event.start_s, event.end_s) for event in caption.events] == [(0.5, 1.0), (1.25, 2.0)]
    assert all(name in caption.events[0].text for name in names)
    assert names[1] in caption.events[1].text
    assert names[0] not in caption.events[1].text


def test_the_wording_belongs_to_the_clip() -> None:
    facts = facts_of("free", 4_100_000)
    texts = {tell(facts, key=f"clip_{i}").medium for i in range(8)}
    assert len(texts) > 4
    assert tell(facts, key="clip_1") == tell(facts, key="clip_1")


def test_nothing_seen_is_no_caption() -> None:
    with pytest.raises(ValueError, match="without an object"):
        tell(Facts(camera="still"), key="clip")
