"""The training mix: shares add up, what is missing goes to the others, and nothing is hidden."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.datasets import Dataset, DatasetClip
from schemas.frames import ClipRef
from schemas.mix import (
    RECAPTIONS,
    SOURCE,
    CaptionMix,
    choose_kind,
    count_words,
    mix_report,
    shares_of,
)

KINDS = (SOURCE, *RECAPTIONS)
SUBSETS = list(chain.from_iterable(combinations(KINDS, n) for n in range(len(KINDS) + 1)))


def dataset(*captions: dict[str, str]) -> Dataset:
    ref = ClipRef(
        clip_id="clip",
        video_id="vid",
        uri="/a.mp4",
        start_frame=0,
        frame_pts=(0, 1),
        end_pts=2,
        time_base_num=1,
        time_base_den=2,
        width_px=8,
        height_px=8,
        reader="pyav",
    )
    clips = tuple(DatasetClip(ref=ref, fps=2.0, captions=c, scores={}) for c in captions)
    return Dataset(dataset_id="data", name="one", clips=clips)


def test_defaults_show_five_percent_source_captions_and_long_ones_most() -> None:
    assert CaptionMix().shares() == pytest.approx(
        {"source": 0.05, "long": 0.95 * 0.5, "medium": 0.95 * 0.3, "short": 0.95 * 0.2}
    )


@pytest.mark.parametrize("kinds", SUBSETS, ids=lambda kinds: "+".join(kinds) or "none")
@pytest.mark.parametrize(
    "mix",
    [
        CaptionMix(),
        CaptionMix(source=0, structured=3),
        CaptionMix(source=1),
        CaptionMix(source=1, long=0, medium=0, short=0),
        CaptionMix(source=0.5, long=10, medium=0, short=0),
    ],
    ids=["default", "structured", "source", "source alone", "long"],
)
def test_shares_add_up_to_one_over_what_is_there(mix: CaptionMix, kinds: tuple[str, ...]) -> None:
    shares = shares_of(mix, kinds)
    assert set(shares) <= set(kinds) & set(mix.shares())
    assert sum(shares.values()) == pytest.approx(1.0 if shares else 0.0)
    assert all(share > 0 for share in shares.values())
    assert bool(shares) == bool(set(kinds) & set(mix.shares()))


def test_a_missing_recaptions_share_goes_to_the_other_recaptions_in_proportion() -> None:
    found = shares_of(CaptionMix(), {"source", "medium", "short"})
    assert found == pytest.approx({"source": 0.05, "medium": 0.95 * 0.6, "short": 0.95 * 0.4})


def test_a_missing_source_captions_share_goes_to_the_recaptions() -> None:
    assert shares_of(CaptionMix(), {"long", "short"}) == pytest.approx(
        {"long": 5 / 7, "short": 2 / 7}
    )
    assert shares_of(CaptionMix(), {"source"}) == {"source": 1.0}


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        (0.0, "source"),
        (0.0499, "source"),
        (0.0501, "long"),
        (0.5249, "long"),
        (0.5251, "medium"),
        (0.8099, "medium"),
        (0.8101, "short"),
        (1.0 - 2**-53, "short"),
    ],
)
def test_a_place_falls_on_the_kind_whose_stretch_it_is_in(place: float, kind: str) -> None:
    assert choose_kind(CaptionMix(), KINDS, place) == kind


def test_nothing_is_chosen_where_nothing_is_shown() -> None:
    assert choose_kind(CaptionMix(), {"structured"}, 0.5) is None
    assert choose_kind(CaptionMix(), (), 0.5) is None


@pytest.mark.parametrize(
    "values",
    [
        {"source": 1.5},
        {"source": -0.1},
        {"long": -1},
        {"long": 0, "medium": 0, "short": 0},
        {"longer": 0.5},
        {"long": float("inf")},
        {"long": float("nan")},
    ],
    ids=str,
)
def test_a_mix_that_means_nothing_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CaptionMix.model_validate(values)


def test_the_report_counts_what_is_missing_and_where_its_share_goes() -> None:
    found = mix_report(
        dataset(
            {"source": "a dog", "long": "one two three four", "short": "one", "medium": "one two"},
            {"long": "one two three four five six", "short": "one"},
            {"short": "  ", "structured": "{}"},
            {"source": "dogs"},
        ),
        CaptionMix(),
    )
    assert (found.num_clips, found.num_uncaptioned) == (4, 1)
    kinds = {k.kind: k for k in found.kinds}
    assert list(kinds) == ["source", "long", "medium", "short", "structured"]
    assert {k: (v.num_clips, v.num_missing) for k, v in kinds.items()} == {
        "source": (2, 2),
        "long": (2, 2),
        "medium": (1, 3),
        "short": (2, 2),
        "structured": (1, 3),
    }
    expected = {k: v.expected_share for k, v in kinds.items()}
    assert expected == pytest.approx(
        {
            "source": (0.05 + 0 + 1) / 3,
            "long": (0.475 + 5 / 7) / 3,
            "medium": 0.285 / 3,
            "short": (0.19 + 2 / 7) / 3,
            "structured": 0.0,
        }
    )
    assert kinds["long"].mean_words == 5
    words = (0.05 * 2 + 0.475 * 4 + 0.285 * 2 + 0.19 * 1) + (5 / 7 * 6 + 2 / 7 * 1) + 1
    assert found.mean_words == pytest.approx(words / 3)
    lines = found.lines()
    assert any(line.startswith("medium") and "3 of 4 clips have none" in line for line in lines)
    assert lines[-1] == "1 of 4 clips train without a caption"
    assert found.as_dict()["kinds"][0]["kind"] == "source"


def test_the_report_of_nothing_is_empty() -> None:
    found = mix_report(dataset(), CaptionMix())
    assert (found.num_clips, found.num_uncaptioned, found.mean_words) == (0, 0, 0.0)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("A dog runs.", 3),
        ("The camera's slow-motion pan", 4),
        ("红色的圆向右移动。", 8),
        ("3 dogs 🐕 run", 3),
        ("red红 blue", 3),
    ],
)
def test_words_are_counted_in_both_scripts(text: str, count: int) -> None:
    assert count_words(text) == count
