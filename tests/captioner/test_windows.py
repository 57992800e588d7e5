import itertools

import pytest

from captioner.caption import Event, Relation, StructuredCaption, Subject
from captioner.windows import (
    MAX_SUMMARY_PARTS,
    MAX_TOLD_PARTS,
    group,
    merge,
    shift_events,
    split_windows,
    tell_windows,
)


@pytest.mark.parametrize("duration_s", [0.5, 20.0, 24.9, 25.1, 61.0, 3600.0, 7201.3])
def test_windows_tile_the_clip_and_none_is_tiny(duration_s: float) -> None:
    windows = split_windows(duration_s, 20.0)
    assert windows[0][0] == 0.0
    assert windows[-1][1] == pytest.approx(duration_s)
    assert all(one[1] == other[0] for one, other in itertools.pairwise(windows))
    lengths = [end - start for start, end in windows]
    assert max(lengths) <= 25.0
    if len(windows) > 1:
        assert min(lengths) >= 12.0


def test_events_move_into_source_time() -> None:
    caption = StructuredCaption(events=(Event(start_s=1, end_s=2, text="A dog barks."),))
    assert shift_events(caption, 30.0).events == (Event(start_s=31, end_s=32, text="A dog barks."),)


def window(start_s: float, *events: Event, **fields: object) -> tuple[float, float, object]:
    values = {"short": f"Something at {start_s:g}.", **fields}
    return start_s, start_s + 20.0, StructuredCaption(events=events, **values)


def test_a_whole_holds_the_events_of_its_windows_in_order() -> None:
    whole = merge(
        [
            window(100.0, Event(start_s=15, end_s=20, text="A man walks.")),
            window(
                120.0,
                Event(start_s=0, end_s=4, text="a man walks"),
                Event(start_s=9, end_s=30, text="He sits."),
            ),
            window(140.0),
        ]
    )
    assert [(e.start_s, e.end_s, e.text) for e in whole.events] == [
        (115.0, 124.0, "A man walks."),
        (129.0, 140.0, "He sits."),
        (140.0, 160.0, "Something at 140."),
    ]


def test_subjects_are_named_once_with_their_greatest_number() -> None:
    whole = merge(
        [
            window(0.0, subjects=(Subject(name="dog", attributes=("brown",)),)),
            window(20.0, subjects=(Subject(name="Dog", attributes=("brown", "wet"), count=3),)),
        ]
    )
    assert whole.subjects == (Subject(name="dog", attributes=("brown", "wet"), count=3),)


def test_what_holds_throughout_is_said_once() -> None:
    relation = Relation(subject="dog", relation="on", object="sofa")
    parts = [
        window(
            20.0 * i,
            setting="A room.",
            camera="still",
            text_on_screen=("EXIT",),
            relations=(relation,),
        )
        for i in range(3)
    ]
    whole = merge(parts)
    assert (whole.setting, whole.camera, whole.text_on_screen) == ("A room.", "still", ("EXIT",))
    assert whole.relations == (relation,)


def test_a_summary_gives_the_prose_and_the_windows_the_events() -> None:
    summary = StructuredCaption(short="A day.", long="A long day at sea.", setting="The sea.")
    whole = merge([window(0.0, setting="A ship."), window(20.0)], summary)
    assert (whole.short, whole.long, whole.setting) == ("A day.", "A long day at sea.", "The sea.")
    assert len(whole.events) == 2


def test_hours_are_told_in_few_sentences_without_a_summary() -> None:
    whole = merge([window(20.0 * i) for i in range(360)])
    assert whole.long.count("omething at") == MAX_TOLD_PARTS
    assert len(whole.events) == 360


def test_no_round_of_a_summary_is_too_long() -> None:
    texts = tell_windows([window(20.0 * i) for i in range(180)])
    assert texts[1] == "[20.0 s - 40.0 s] Something at 20."
    groups = group(texts)
    assert [text for part in groups for text in part] == texts
    assert max(map(len, groups)) <= MAX_SUMMARY_PARTS
    assert max(map(len, groups)) - min(map(len, groups)) <= len(groups)
