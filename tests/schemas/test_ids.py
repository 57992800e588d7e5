import pytest
from pydantic import ValidationError

from schemas import ids
from schemas.errors import MediaError, UserError
from schemas.settings import Settings


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (ids.content_id("clip", "vid_1", 10, 20), "clip_b5e08325e9d4b9189870"),
        (ids.video_id("ab" * 32), "vid_4647e8c2592b2ece1ac3"),
        (ids.clip_id("vid_1", 0, 512), "clip_4b5c60f6b3b6028c3cf2"),
        (
            ids.settings_hash("Split", {"b": 1.5, "a": None}, "set_x"),
            "set_efbadef2c2fb98ceeb0a",
        ),
        (ids.set_digest(["b", "a"]), "all_e65d1876417621f7c9b2"),
    ],
    ids=["content", "video", "clip", "settings", "set"],
)
def test_ids_are_the_same_in_every_release(made, expected):
    assert made == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")),
        (("ab",), ("a", "b")),
        (("", "a"), ("a", "")),
        (("a",), ("a", "")),
        (("1", "23"), ("12", "3")),
        (("a\x00b",), ("a", "b")),
    ],
)
def test_parts_do_not_run_into_each_other(one, other):
    assert ids.content_id("k", *one) != ids.content_id("k", *other)


def test_the_kind_is_part_of_an_id():
    assert ids.content_id("a", "x").split("_")[1] != ids.content_id("b", "x").split("_")[1]


def test_a_set_has_one_digest_whatever_its_order_and_repetitions():
    assert ids.set_digest(["x", "y", "z"]) == ids.set_digest(iter(["z", "x", "y", "x"]))
    assert ids.set_digest(["xy"]) != ids.set_digest(["x", "y"])
    assert ids.set_digest([]) != ids.set_digest([""])


def test_copies_of_a_file_share_their_hash(tmp_path):
    content = bytes(range(256)) * 9000
    for name in "ab":
        (tmp_path / name).write_bytes(content)
    assert ids.file_sha256(tmp_path / "a") == ids.file_sha256(tmp_path / "b")
    (tmp_path / "b").write_bytes(content[:-1])
    assert ids.file_sha256(tmp_path / "a") != ids.file_sha256(tmp_path / "b")


def test_run_ids_differ_and_sort_by_start():
    runs = [ids.new_run_id() for _ in range(50)]
    assert len(set(runs)) == 50
    assert [run[:20] for run in runs] == sorted(run[:20] for run in runs)


class Section(Settings):
    """A section."""

    threshold: float = 3.0
    names: tuple[str, ...] = ("a",)


class Namesake(Settings):
    """The same settings under another name."""

    threshold: float = 3.0
    names: tuple[str, ...] = ("a",)


def test_an_unknown_setting_is_refused():
    with pytest.raises(ValidationError, match="treshold"):
        Section(treshold=1.0)


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        Section().threshold = 1.0


def test_a_settings_hash_depends_on_name_values_and_what_it_builds_on():
    hashes = [
        Section().hash(),
        Section(threshold=3.5).hash(),
        Section(names=("b",)).hash(),
        Section().hash("survey_1"),
        Section().hash("survey_2"),
        Section().hash("survey_1", "split_1"),
        Namesake().hash(),
    ]
    assert len(set(hashes)) == len(hashes)


def test_a_settings_hash_does_not_tell_how_a_value_was_written():
    assert Section(threshold=3).hash() == Section(threshold=3.0).hash() == Section().hash()
    assert Section(names=["a"]).hash() == Section().hash()
    assert ids.settings_hash("s", {"a": 1, "b": 2}) == ids.settings_hash("s", {"b": 2, "a": 1})


def test_errors_survive_the_way_between_processes():
    import pickle

    user = pickle.loads(pickle.dumps(UserError("what", "do this")))
    assert (user.message, user.hint) == ("what", "do this")
    media = pickle.loads(pickle.dumps(MediaError("timeout", "after 3 s")))
    assert (media.reason, media.message) == ("timeout", "after 3 s")
