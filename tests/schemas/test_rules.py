import duckdb
import pytest

from schemas.rules import CLIP_COLUMNS, JUDGED_COLUMNS, NOT_SCORED, judged_sql, reason_sql


def verdicts(rules, *clips):
    """Judge rows given as {column: value}; columns that are not named hold 10."""
    connection = duckdb.connect()
    names = ", ".join(f'"{name}" double' for name in JUDGED_COLUMNS)
    connection.execute(f"create table clips (clip_id varchar, is_scored boolean, {names})")
    for index, clip in enumerate(clips):
        values = [clip.get(name, 10.0) for name in JUDGED_COLUMNS]
        marks = ", ".join("?" * (len(values) + 2))
        scored = clip.get("is_scored", True)
        connection.execute(f"insert into clips values ({marks})", [str(index), scored, *values])
    rows = connection.execute(f"{judged_sql(rules, 'clips')} order by clip_id").fetchall()
    assert all(keep == (reason is None) for _, keep, reason in rows)
    return [reason for _, _, reason in rows]


@pytest.mark.parametrize(
    ("limits", "value", "keeps"),
    [
        ({"minimum": 5.0}, 4.999, False),
        ({"minimum": 5.0}, 5.0, True),
        ({"minimum": 5.0}, 5.001, True),
        ({"maximum": 5.0}, 5.001, False),
        ({"maximum": 5.0}, 5.0, True),
        ({"maximum": 5.0}, 4.999, True),
        ({"minimum": 2.0, "maximum": 5.0}, 1.9, False),
        ({"minimum": 2.0, "maximum": 5.0}, 2.0, True),
        ({"minimum": 2.0, "maximum": 5.0}, 5.1, False),
        ({"minimum": -1.0}, -1.5, False),
        ({"minimum": -1.0}, -0.5, True),
        ({"maximum": 1e-9}, 2e-9, False),
        ({"minimum": 1e300}, 9e299, False),
    ],
)
def test_a_rule_drops_outside_its_limits_and_keeps_on_them(make, limits, value, keeps):
    rule = make.rule(0, "motion", "out", **limits)
    assert verdicts([rule], {"motion": value}) == [None if keeps else "out"]


@pytest.mark.parametrize("column", JUDGED_COLUMNS)
def test_every_judged_column_can_be_judged(make, column):
    rule = make.rule(0, column, "low", minimum=1.0)
    assert verdicts([rule], {column: 0.5}, {column: 1.5}) == ["low", None]


def test_the_first_broken_rule_by_position_names_the_reason(make):
    rules = [
        make.rule(2, "motion", "third", minimum=1.0),
        make.rule(0, "contrast", "first", minimum=1.0),
        make.rule(1, "sharpness", "second", minimum=1.0),
    ]
    clips = [
        {"motion": 0.0, "contrast": 0.0, "sharpness": 0.0},
        {"motion": 0.0, "sharpness": 0.0},
        {"motion": 0.0},
        {},
    ]
    for order in (rules, rules[::-1]):
        assert verdicts(order, *clips) == ["first", "second", "third", None]


def test_a_clip_without_scores_is_never_kept(make):
    clip = {"is_scored": False}
    assert verdicts([], clip, {}) == [NOT_SCORED, None]
    rule = make.rule(0, "motion", "slow", minimum=99.0)
    assert verdicts([rule], clip) == [NOT_SCORED]


@pytest.mark.parametrize(
    ("column", "reason", "limits", "message"),
    [
        ("caption", "x", {"minimum": 1.0}, "no column"),
        ('motion" < 0 or "motion', "x", {"minimum": 1.0}, "no column"),
        ("clip_id", "x", {"minimum": 1.0}, "no column"),
        ("motion", "x' or true or '", {"minimum": 1.0}, "snake_case"),
        ("motion", "", {"minimum": 1.0}, "snake_case"),
        ("motion", "two words", {"minimum": 1.0}, "snake_case"),
        ("motion", "x", {}, "neither"),
        ("motion", "x", {"minimum": float("nan")}, "finite"),
        ("motion", "x", {"maximum": float("inf")}, "finite"),
    ],
)
def test_a_rule_that_is_none_is_refused(make, column, reason, limits, message):
    with pytest.raises(ValueError, match=message):
        reason_sql([make.rule(0, column, reason, **limits)])


def test_rules_may_use_the_clip_itself():
    assert set(CLIP_COLUMNS) < set(JUDGED_COLUMNS)
