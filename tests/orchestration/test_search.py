"""Search over a real catalogue; only the model of the embeddings is a fake with a rule."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from captioner.embedding import EmbedSettings
from captioner.request import FrameView
from captioner.world_words import tell
from orchestration.search import Found, search
from schemas.catalog import Catalog
from schemas.errors import UserError
from schemas.facts import EventFacts, Facts, ObjectFacts
from schemas.frames import Frames
from schemas.records import Embedding

RED = ObjectFacts(colour="red", shape="circle", action="move", direction="left", speed="slow")
BLUE = ObjectFacts(colour="blue", shape="star", action="rest")
GREEN = ObjectFacts(colour="green", shape="circle", action="move", direction="right", bounces=True)
CLIPS = {
    "red": Facts(objects=(RED,), camera="pan_left", background_kind="checker"),
    "both": Facts(
        objects=(RED, BLUE),
        events=(EventFacts(kind="collide", subject=0, target=1),),
        camera="still",
        background_kind="plain",
    ),
    "blue": Facts(objects=(BLUE,), camera="zoom_in", background_kind="plain"),
    "green": Facts(objects=(GREEN,), camera="still", background_kind="maze"),
}
OFF = EmbedSettings(model="off")


class ByWords:
    """An embedder whose space has one axis per word of its own; it knows no others."""

    name = "words"
    revision = "1"
    view = FrameView(source="clip", max_frames=8)
    vocabulary = ("dog", "beach", "cat", "snow", "city")
    dimensions = len(vocabulary)

    def embed_clips(self, clips: Sequence[Frames]) -> NDArray[np.float32]:
        raise NotImplementedError

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        found = np.array([[float(w in text) for w in self.vocabulary] for text in texts])
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            return np.asarray(found / lengths, np.float32)


@pytest.fixture
def place(tmp_path: Path, make: Any) -> Any:
    """Makes a catalogue: `texts` or `facts` by name of the clip, `looks` for its vector."""

    def made(
        texts: dict[str, str] | None = None,
        facts: dict[str, Facts] | None = None,
        looks: dict[str, str] | None = None,
        language: str = "en",
    ) -> tuple[Catalog, dict[str, str]]:
        names = list(dict.fromkeys([*(texts or {}), *(facts or {}), *(looks or {})]))
        catalog = make.catalog(tmp_path / "c", names=names)
        clips = {name: make.clip(make.video(name), 40, 140) for name in names}
        captions = []
        for name, text in (texts or {}).items():
            captions.append(make.caption(clips[name], text))
        for name, told in (facts or {}).items():
            caption = tell(told, key=name, language=language)
            for kind in ("short", "long"):
                text = getattr(caption, kind)
                captions.append(make.caption(clips[name], text, kind=kind, language=language))
            text = caption.model_dump_json(exclude_none=True)
            captions.append(make.caption(clips[name], text, kind="structured"))
        rows = []
        for name, words in (looks or {}).items():
            vector = ByWords().embed_texts([words])[0]
            values = [] if np.isnan(vector).any() else vector.tolist()
            rows.append(Embedding(clip_id=clips[name].clip_id, model="words 1", vector=values))
        work = make.work("told", "caption", captions=captions, embeddings=rows)
        catalog.commit([work], "run_2")
        return catalog, {clip.clip_id: name for name, clip in clips.items()}

    return made


def names(found: Found, known: dict[str, str]) -> list[str]:
    return [known[hit.clip_id] for hit in found.hits]


@pytest.mark.parametrize(
    ("words", "first", "told"),
    [
        ("a red circle moves left", {"red", "both"}, "states 4 of 4: red, circle, move"),
        ("the camera pans left", {"red"}, "states 1 of 1: camera pan left"),
        ("something bounces", {"green"}, "states 1 of 1: bounces"),
        ("red", {"red", "both"}, "states 1 of 1: red"),
        ("a maze", {"green"}, "states 1 of 1: background kind maze"),
        ("a circle collides with a star", {"both"}, "states 3 of 3"),
        ("a blue star and a red circle", {"both"}, "states 4 of 4"),
        ("\u7ea2\u8272\u7684\u5706", {"red", "both"}, "states 2 of 2: red, circle"),
        ("\u955c\u5934\u5411\u5de6\u79fb\u52a8", {"red"}, "camera pan left"),
    ],
)
def test_clips_that_hold_every_fact_come_first(
    place: Any, words: str, first: set[str], told: str
) -> None:
    catalog, known = place(facts=CLIPS)
    found = search(catalog, words, settings=OFF)
    assert set(names(found, known)[: len(first)]) == first
    assert told in found.hits[0].why
    assert found.hits[0].score > 0.5
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)


def test_english_words_find_clips_with_chinese_captions(place: Any) -> None:
    catalog, known = place(facts=CLIPS, language="zh")
    assert names(search(catalog, "something bounces", settings=OFF), known)[0] == "green"


def test_a_hit_says_where_the_clip_is_and_what_it_shows(place: Any) -> None:
    catalog, _ = place(facts={"red": CLIPS["red"]})
    (hit,) = search(catalog, "red", settings=OFF).hits
    (row,) = catalog.rows("select * from survivors where clip_id = ?", [hit.clip_id])
    assert (hit.uri, hit.start_s, hit.end_s) == (row["uri"], row["start_s"], row["end_s"])
    texts = catalog.column("select text from best_captions where kind = 'short'")
    assert hit.caption == texts[0]


def test_attributes_hold_of_one_object_not_of_several_together(place: Any) -> None:
    apart = Facts(objects=(ObjectFacts(colour="red", shape="star"), GREEN))
    catalog, known = place(facts={"apart": apart, "one": CLIPS["red"]})
    found = search(catalog, "a red circle", settings=OFF)
    assert names(found, known)[0] == "one"
    assert found.hits[0].score > found.hits[1].score
    assert "states 1 of 2" in found.hits[1].why


def test_two_of_a_kind_are_two_objects(place: Any) -> None:
    pair = Facts(objects=(RED, GREEN))
    catalog, known = place(facts={"blue": CLIPS["blue"], "red": CLIPS["red"], "pair": pair})
    found = search(catalog, "two circles", settings=OFF)
    assert names(found, known) == ["pair", "red"]
    assert "states 1 of 2" in found.hits[1].why


TEXTS = {
    "dog": "A brown dog runs along a wet beach. The dogs bark.",
    "cat": "A cat sleeps on a sofa while it snows outside.",
    "city": "Cars drive through a city at night, past a statue of a dog.",
    "star": "A red circle moves slowly to the left. The camera pans left.",
}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("dog", ["dog", "city"]),
        ("running dogs", ["dog", "city"]),
        ("driving", ["city"]),
        ('"a dog"', ["city"]),
        ('"dog runs" beach', ["dog"]),
        ('"dog sleeps"', []),
        ("zebra", []),
        ("the camera is panning left", ["star"]),
        ("a circle moves left slowly", ["star"]),
    ],
)
def test_captions_alone_are_searched_by_words_and_phrases(
    place: Any, words: str, expected: list[str]
) -> None:
    catalog, known = place(texts=TEXTS)
    found = search(catalog, words, settings=OFF)
    assert names(found, known) == expected
    assert bool(found.notes) == (not expected)
    if not expected:
        assert "no clip fits" in found.notes[0]


def test_a_clip_without_the_phrase_is_not_found_whatever_else_fits(place: Any) -> None:
    catalog, _ = place(facts={"red": CLIPS["red"]}, looks={"red": "dog"})
    assert search(catalog, 'a red circle "zebra"', settings=OFF).hits == ()
    assert search(catalog, 'dog "zebra"', embedder=ByWords()).hits == ()


def test_facts_are_read_from_captions_that_state_none(place: Any) -> None:
    catalog, known = place(texts=TEXTS)
    found = search(catalog, "a red circle", settings=OFF)
    assert names(found, known) == ["star"]
    assert found.hits[0].why.startswith("states 2 of 2: red, circle")


def test_embeddings_alone_find_what_looks_alike(place: Any) -> None:
    looks = {"a": "dog beach", "b": "cat snow", "c": "city", "d": "nothing of these"}
    catalog, known = place(looks=looks)
    found = search(catalog, "a dog on a beach", embedder=ByWords())
    assert names(found, known) == ["a"]
    assert found.hits[0].why == "looks: 1.00"
    assert search(catalog, "a violin", embedder=ByWords()).hits == ()


def test_captions_and_embeddings_together_beat_either(place: Any) -> None:
    texts = {"a": "A dog.", "b": "A dog.", "c": "A house."}
    looks = {"a": "city", "b": "dog", "c": "snow"}
    catalog, known = place(texts=texts, looks=looks)
    found = search(catalog, "dog", embedder=ByWords())
    assert names(found, known) == ["b", "a"]
    assert found.hits[0].why == "words: dog; looks: 1.00"


def test_a_clip_without_captions_is_found_beside_others_by_its_looks(place: Any) -> None:
    texts = {"a": "A city.", "b": "Snow in a city."}
    looks = {"a": "city", "b": "snow city", "c": "dog beach"}
    catalog, known = place(texts=texts, looks=looks)
    assert names(search(catalog, "dog beach", embedder=ByWords()), known) == ["c"]


def test_embeddings_of_another_model_are_not_compared_and_that_is_said(place: Any) -> None:
    catalog, known = place(texts={"a": "A dog."}, looks={"a": "dog"})
    other = ByWords()
    other.revision = "2"  # type: ignore[misc]
    found = search(catalog, "dog", embedder=other)
    assert names(found, known) == ["a"]
    assert "words 1" in found.notes[0]
    assert "words 2" in found.notes[0]


def test_only_kept_clips_that_meet_the_condition_are_found(place: Any) -> None:
    catalog, known = place(texts=TEXTS)
    wanted = next(clip for clip, name in known.items() if name == "city")
    found = search(catalog, "dog", where=f"clip_id = '{wanted}'", settings=OFF)
    assert names(found, known) == ["city"]
    nothing = search(catalog, "dog", where="duration_s > 1000", settings=OFF)
    assert nothing.hits == ()
    assert "duration_s > 1000" in nothing.notes[0]


@pytest.mark.parametrize(
    ("words", "where", "said"),
    [
        ("", None, "nothing to search"),
        ('"?!"', None, "nothing to search"),
        ("dog", "nonsense > 3", "not right"),
        ("dog", "true) union select video_id from videos --", "not right"),
        ("dog", "1; drop view clips", "not right"),
    ],
)
def test_a_search_that_means_nothing_is_refused(
    place: Any, words: str, where: str | None, said: str
) -> None:
    catalog, _ = place(texts=TEXTS)
    with pytest.raises(UserError, match=said):
        search(catalog, words, where=where, settings=OFF)


def test_a_limit_is_kept(place: Any) -> None:
    catalog, _ = place(facts=CLIPS)
    assert len(search(catalog, "a circle", limit=1, settings=OFF).hits) == 1
    with pytest.raises(UserError, match="at least 1"):
        search(catalog, "a circle", limit=0, settings=OFF)


@pytest.mark.parametrize(
    "words",
    [
        "' or 1=1 --",
        "a.*b [x",
        '"',
        "\u7684",
        "100%_",
        "\\",
        "o'clock \"it's\"",
        "a" * 5000,
        "\u00e9t\u00e9",
    ],
)
def test_any_words_can_be_searched_for(place: Any, words: str) -> None:
    catalog, _ = place(texts={"a": "100% o'clock \u00e9t\u00e9 [x", "b": json.dumps({"x": "\\"})})
    try:
        found = search(catalog, words, settings=OFF)
    except UserError as error:
        assert "nothing to search" in error.message
    else:
        assert all(hit.why for hit in found.hits)
