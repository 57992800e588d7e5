"""Captions out for correction and back in: every text survives, and a person's word wins."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from orchestration.ledger import read_ledger
from orchestration.recipe import Recipe
from orchestration.report import write_report
from orchestration.review import export_review
from orchestration.review_files import COLUMNS, read_rows
from orchestration.review_import import Imported, import_review
from orchestration.run import Run, open_run
from pipeline.stage import JudgeWorker
from schemas.catalog import Catalog
from schemas.datasets import load_dataset
from schemas.errors import UserError
from schemas.freeze import freeze
from tests.orchestration.hostile import HOSTILE


@contextmanager
def run_on(catalog: Catalog) -> Iterator[Run]:
    with open_run(catalog, "review", Recipe()) as run:
        yield run


def take_in(catalog: Catalog, path: Path, **options: Any) -> Imported:
    with run_on(catalog) as run:
        return import_review(run, path, **{"reviewer": "Ann", **options})


def best(catalog: Catalog, *kinds: str) -> dict[tuple[str, str], str]:
    rows = catalog.rows("select clip_id, kind, text from best_captions")
    return {(r["clip_id"], r["kind"]): r["text"] for r in rows if not kinds or r["kind"] in kinds}


def rewrite(path: Path, change: Any) -> Path:
    """Change the rows of a CSV as a spreadsheet does: `change(row)` returns the row or None."""
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    out = path.with_name(f"back-{len(list(path.parent.iterdir()))}.csv")
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows([row for row in map(change, rows) if row is not None])
    return out


def edit(**changes: str) -> Any:
    """Return a change of the long captions' rows; the others are not brought back."""
    return lambda row: {**row, **changes} if row["kind"] == "long" else None


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, make: Any) -> Path:
    """A catalogue of two clips, each with a long and a short caption."""
    catalog: Catalog = make.catalog(tmp_path_factory.mktemp("template") / "c", names=["a"])
    rows = [
        make.caption(
            clip,
            f"The {kind} caption {n}.",
            caption_id=f"cap_{kind}_{n}",
            kind=kind,
            captioner="tiny",
        )
        for n, clip in enumerate(clips_of(make))
        for kind in ("long", "short")
    ]
    catalog.commit([make.work("captions", "caption", captions=rows)], "run_1")
    return catalog.root


@pytest.fixture
def catalog(template: Path, tmp_path: Path) -> Catalog:
    """A copy of the template, to write into."""
    return Catalog.open(Path(shutil.copytree(template, tmp_path / "c")))


def clips_of(make: Any) -> list[Any]:
    return [make.clip(make.video("a"), 40, 140), make.clip(make.video("a"), 140, 240)]


class Page(HTMLParser):
    """Reads the review page as a browser does: its items, and what is no text."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.items: list[dict[str, Any]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._is_text = False
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "fieldset":
            data = {k.removeprefix("data-").replace("-", "_"): v for k, v in found.items()}
            self.items.append({**data, "text": ""})
        self._is_text = tag == "textarea"

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._is_text = False
            self.items[-1]["text"] = self.items[-1]["text"].removeprefix("\n")

    def handle_data(self, data: str) -> None:
        if self._is_text:
            self.items[-1]["text"] += data

    def saved(self, **changes: str) -> str:
        """Return what the page's button saves once every caption was changed like this."""
        names = ("clip_id", "kind", "text", "caption_id", "language")
        lines = [
            json.dumps({**{n: item[n] for n in names}, "verdict": "ok", **changes})
            for item in self.items
            if item["kind"] != "clip"
        ]
        return "\n".join(lines) + "\n"


# -- every text survives -------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["csv", "jsonl", "html"])
def test_every_text_goes_out_and_comes_back_unchanged(
    tmp_path: Path, make: Any, layout: Any
) -> None:
    catalog = make.catalog(tmp_path / "c", names=[f"v{i}" for i in range(len(HOSTILE))])
    clips = [make.clip(make.video(f"v{i}"), 40, 140) for i in range(len(HOSTILE))]
    texts = dict(zip((c.clip_id for c in clips), HOSTILE.values(), strict=True))
    rows = [
        make.caption(clip, texts[clip.clip_id], caption_id=f"cap_{n}")
        for n, clip in enumerate(clips)
    ]
    catalog.commit([make.work("captions", "caption", captions=rows)], "run_1")
    out = tmp_path / f"out.{layout}"
    exported = export_review(catalog, out, kinds=["long"], where="caption <> ''", layout=layout)
    assert (exported.num_clips, exported.num_captions) == (len(HOSTILE), len(HOSTILE))
    if layout == "html":
        back = tmp_path / "back.jsonl"
        back.write_text(Page(out).saved(), "utf-8")
    else:
        back = out
    found = {row.clip_id: row.text for _, row in read_rows(back.read_bytes(), "x") if row.text}
    if layout != "html":
        assert found == texts
    result = take_in(catalog, back)
    assert (result.num_approved, result.num_corrected) == (len(HOSTILE), 0)
    assert best(catalog) == {(clip_id, "long"): text for clip_id, text in texts.items()}


def test_the_page_holds_others_text_as_text_and_asks_for_nothing(tmp_path: Path, make: Any) -> None:
    evil = HOSTILE["script"]
    catalog = make.catalog(tmp_path / "c", names=["a"], folder='/"><script>alert(2)</script>')
    row = make.caption(
        clips_of(make)[0], evil, model=evil, captioner=evil, message=evil, corrections=[evil]
    )
    catalog.commit([make.work("c", "caption", captions=[row])], "run_1")
    export_review(catalog, out := tmp_path / "page.html")
    page = Page(out)
    assert [tag for tag, _ in page.tags].count("script") == 1
    for tag, attributes in page.tags:
        assert tag not in {"link", "iframe", "object", "embed", "form", "base"}
        assert not any(name.startswith("on") for name in attributes), attributes
        assert "src" not in attributes or str(attributes["src"]).startswith("data:")
    policy = next(a["content"] for t, a in page.tags if a.get("http-equiv"))
    assert policy and policy.startswith("default-src 'none'")
    assert "'unsafe-inline'" not in policy.split("script-src")[1]
    assert evil in {item["text"] for item in page.items}


# -- what a review does --------------------------------------------------------------------------


def test_a_corrected_caption_wins_and_goes_on_winning(
    catalog: Catalog, tmp_path: Path, make: Any
) -> None:
    export_review(catalog, out := tmp_path / "out.csv", where="start_frame = 40")
    result = take_in(catalog, rewrite(out, edit(text="A brown dog runs.", reviewer="Bo")))
    assert (result.num_rows, result.num_corrected) == (1, 1)
    clip = clips_of(make)[0]
    assert best(catalog)[clip.clip_id, "long"] == "A brown dog runs."
    later = make.caption(
        clip, "recaptioned", settings_hash="set_new", created_at=make.START + timedelta(9999)
    )
    choices = make.chosen(minutes=9, caption="set_new")
    catalog.commit([make.work("re", "caption", captions=[later], choices=choices)], "run_2")
    assert best(catalog)[clip.clip_id, "long"] == "A brown dog runs."
    (row,) = catalog.rows("select * from best_captions where captioner = 'review'")
    assert (row["model"], row["status"], row["language"]) == ("Bo", "ok", "en")
    assert len(row["revision"]) == 64
    assert (row["start_s"], row["end_s"]) == (clip.start_s, clip.end_s)
    (review,) = catalog.rows("select * from reviews")
    assert (review["decision"], review["reviewer"]) == ("corrected", "Bo")
    assert review["new_caption_id"] == row["caption_id"]
    assert review["caption_id"] == "cap_long_0"


def test_a_text_left_as_it_is_counts_as_approved(catalog: Catalog, tmp_path: Path) -> None:
    before = best(catalog)
    export_review(catalog, out := tmp_path / "out.csv", kinds=["long"])
    result = take_in(catalog, out)
    assert (result.num_approved, result.num_untouched) == (2, 2)
    assert best(catalog) == before
    assert catalog.column("select decision from reviews") == ["approved"] * 2
    written = "select count(*) from best_captions where captioner = 'review' and kind = 'long'"
    assert catalog.column(written) == [2]


def test_line_ends_and_trailing_spaces_are_no_correction(
    catalog: Catalog, tmp_path: Path, make: Any
) -> None:
    row = make.caption(clips_of(make)[0], "One.\nTwo.", kind="medium")
    catalog.commit([make.work("m", "caption", captions=[row])], "run_1")
    export_review(catalog, out := tmp_path / "o.csv", kinds=["medium"], where="start_frame = 40")
    back = rewrite(out, lambda r: {**r, "text": "One. \r\nTwo.\r\n"} if r["text"] else None)
    assert take_in(catalog, back).num_approved == 1
    assert list(best(catalog, "medium").values()) == ["One.\nTwo."]


def test_a_rejected_caption_is_withdrawn_until_another_is_written(
    catalog: Catalog, tmp_path: Path, make: Any
) -> None:
    clip = clips_of(make)[0]
    older = make.caption(clip, "older", created_at=make.START - timedelta(days=1))
    catalog.commit([make.work("old", "caption", captions=[older])], "run_1")
    export_review(catalog, out := tmp_path / "out.csv", where="start_frame = 40")
    back = rewrite(out, edit(verdict="Rejected", note="the dog is a fox"))
    assert take_in(catalog, back).num_rejected == 1
    assert (clip.clip_id, "long") not in best(catalog)
    assert (clip.clip_id, "short") in best(catalog)
    (row,) = catalog.rows("select * from captions where captioner = 'review'")
    assert (row["status"], row["message"]) == ("rejected", "the dog is a fox")
    now = catalog.column("select max(created_at) from captions")[0]
    newer = make.caption(clip, "a fox", created_at=now + timedelta(seconds=1))
    catalog.commit([make.work("new", "caption", captions=[newer])], "run_2")
    assert best(catalog)[clip.clip_id, "long"] == "a fox"


def test_of_two_reviews_the_later_import_wins_and_both_are_kept(
    catalog: Catalog, tmp_path: Path
) -> None:
    export_review(catalog, out := tmp_path / "out.csv", where="start_frame = 40")
    first = rewrite(out, edit(text="first", reviewer="Bo"))
    second = rewrite(out, edit(text="second", reviewer="Cy"))
    assert take_in(catalog, first).num_conflicts == 0
    result = take_in(catalog, second)
    assert result.num_conflicts == 1 and "reviewed by Bo" in result.conflicts[0]
    assert "second" in best(catalog, "long").values()
    assert catalog.column("select reviewer from reviews order by created_at") == ["Bo", "Cy"]
    texts = "select text from captions where captioner = 'review' order by created_at"
    assert catalog.column(texts) == ["first", "second"]
    third = rewrite(out, edit(text="second", reviewer="Di", note="same"))
    assert take_in(catalog, third).num_conflicts == 0


def test_importing_a_file_again_changes_nothing(
    catalog: Catalog, tmp_path: Path, world_files: Any
) -> None:
    export_review(catalog, out := tmp_path / "out.csv")
    back = rewrite(out, edit(text="changed"))
    take_in(catalog, back)
    before = world_files(catalog.root)
    again = take_in(catalog, back, reviewer="Someone else")
    assert (again.num_known, again.num_corrected) == (2, 0)
    assert world_files(catalog.root) == before


def test_a_caption_that_failed_is_not_approved_by_leaving_it_alone(
    catalog: Catalog, tmp_path: Path, make: Any
) -> None:
    clip = clips_of(make)[1]
    row = make.caption(clip, "A dog and", kind="medium", status="truncated")
    catalog.commit([make.work("bad", "caption", captions=[row])], "run_1")
    export_review(catalog, out := tmp_path / "out.csv", kinds=["medium"])
    rows = {(r.clip_id, r.kind): r for _, r in read_rows(out.read_bytes(), "x")}
    assert rows[clip.clip_id, "medium"].status == "truncated"
    assert take_in(catalog, out).num_untouched == 4
    only = lambda **new: lambda r: {**r, **new} if r["status"] == "truncated" else None  # noqa: E731
    assert take_in(catalog, rewrite(out, only(verdict="ok"))).num_approved == 1
    assert best(catalog, "medium") == {(clip.clip_id, "medium"): "A dog and"}


def test_a_missing_caption_can_be_written(catalog: Catalog, tmp_path: Path, make: Any) -> None:
    exported = export_review(catalog, out := tmp_path / "out.csv", kinds=["medium"])
    assert (exported.num_captions, exported.num_missing) == (0, 2)
    back = rewrite(
        out, lambda r: {**r, "text": "一只狗。", "language": "zh"} if r["kind"] == "medium" else r
    )
    assert take_in(catalog, back).num_corrected == 2
    rows = catalog.rows("select language, text from best_captions where kind = 'medium'")
    assert rows == [{"language": "zh", "text": "一只狗。"}] * 2


def test_a_source_caption_is_corrected_for_its_clip_alone(
    catalog: Catalog, tmp_path: Path, make: Any
) -> None:
    first, second = clips_of(make)
    row = make.caption(
        first, "a film", kind="source", clip_id=None, start_s=0.0, end_s=99.0, captioner="found"
    )
    catalog.commit([make.work("src", "import", captions=[row])], "run_1")
    export_review(catalog, out := tmp_path / "out.csv", kinds=["source"], where="start_frame = 40")
    back = rewrite(out, lambda r: {**r, "text": "a dog"} if r["kind"] == "source" else None)
    assert take_in(catalog, back).num_corrected == 1
    assert best(catalog, "source") == {
        (first.clip_id, "source"): "a dog",
        (second.clip_id, "source"): "a film",
    }


def test_freezing_after_a_review_takes_it_and_lineage_names_the_reviewer(
    catalog: Catalog, tmp_path: Path, make: Any
) -> None:
    before = freeze(catalog, "before", "true", "run_1")
    export_review(catalog, out := tmp_path / "out.csv", where="start_frame = 40")
    take_in(catalog, rewrite(out, edit(text="A brown dog runs.")))
    after = freeze(catalog, "after", "true", "run_2")
    assert after.dataset_id != before.dataset_id
    clip = clips_of(make)[0]
    found = {c.ref.clip_id: c for c in load_dataset(catalog.root / after.path).clips}
    assert found[clip.clip_id].captions["long"] == "A brown dog runs."
    writers = {
        (c.captioner, c.model, c.is_best)
        for c in found[clip.clip_id].all_captions
        if c.kind == "long"
    }
    assert writers == {("review", "Ann", True), ("tiny", "rules", False)}
    sql = "select clip_id, reviewers from lineage where dataset = ? and reviewers is not null"
    assert catalog.rows(sql, ["after"]) == [{"clip_id": clip.clip_id, "reviewers": ["Ann"]}]
    assert catalog.rows(sql, ["before"]) == []


# -- clips ---------------------------------------------------------------------------------------


def judged(tmp_path: Path, make: Any) -> tuple[Catalog, list[Any]]:
    """Six clips: a's are too still, b's and c's first ones are near-duplicates."""
    rules = [make.rule(0, "motion", "too_static", minimum=5.0)]
    catalog = make.catalog(tmp_path / "c", names=["b", "c"], rules=rules)
    video = make.video("a")
    still = [make.clip(video, 40, 140), make.clip(video, 140, 240)]
    twins = [make.clip(make.video(name), 40, 140) for name in "bc"]
    work = make.work(
        "a",
        sources=[make.source(video, "/footage/a.mp4")],
        videos=[video],
        surveys=[make.survey(video)],
        clips=still,
        splits=[make.split(clip) for clip in still],
        offcuts=[make.offcut(video, 0, 40)],
        clip_scores=[make.scores(clip, motion=1.0) for clip in still],
        duplicates=[make.duplicate(clip, "grp_1") for clip in twins],
    )
    catalog.commit([work], "run_1")
    return catalog, [*still, *twins]


def decide(catalog: Catalog, path: Path, verdicts: dict[str, str], **options: Any) -> Imported:
    lines = [
        {"clip_id": clip_id, "kind": "clip", "text": "", "caption_id": "", "verdict": verdict}
        for clip_id, verdict in verdicts.items()
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return take_in(catalog, path, **options)


def test_a_persons_word_stands_over_the_rules_and_the_ledger_balances(
    tmp_path: Path, make: Any
) -> None:
    catalog, (still, other, twin_b, twin_c) = judged(tmp_path, make)
    rest = catalog.column("select clip_id from survivors where start_frame = 140")
    second = max(twin_b.clip_id, twin_c.clip_id)
    before = set(catalog.column("select clip_id from survivors"))
    assert second not in before and still.clip_id not in before
    result = decide(
        catalog,
        tmp_path / "r.jsonl",
        {still.clip_id: "keep", second: "KEEP", rest[0]: "drop"},
    )
    assert result.num_clip_verdicts == 3
    kept = set(catalog.column("select clip_id from survivors"))
    assert kept == {still.clip_id, second, rest[1]}
    verdicts = {r["clip_id"]: (r["keep"], r["reason"]) for r in catalog.rows("from verdicts")}
    assert verdicts[still.clip_id] == (True, None)
    assert verdicts[rest[0]] == (False, "reviewed")
    assert verdicts[other.clip_id] == (False, "too_static")
    states = {r["clip_id"]: r["state"] for r in catalog.rows("from clip_states")}
    assert states[min(twin_b.clip_id, twin_c.clip_id)] == "near_duplicate"
    ledger = read_ledger(catalog)
    assert ledger.is_balanced, ledger.problems
    assert ledger.kept_s == pytest.approx(300 / 24)
    funnel = {
        r["reason"]: r["num_clips"] for r in catalog.rows("from funnel where stage = 'judge'")
    }
    assert funnel == {"too_static": 1, "reviewed": 1}
    funnel_s = "select sum(duration_s) from funnel where stage in ('judge', 'dedupe', 'kept')"
    assert catalog.column(funnel_s)[0] == pytest.approx(ledger.clips_s)
    what_if = catalog.lens(rules=[]).sql("select reason from verdicts where not keep").fetchall()
    assert what_if == [("reviewed",)]
    page = write_report(catalog, tmp_path / "report.html", title="r").read_text()
    assert "a person looked and dropped it" in page
    result = decide(catalog, tmp_path / "back.jsonl", {still.clip_id: "rules", second: "rules"})
    assert result.num_conflicts == 2
    assert set(catalog.column("select clip_id from survivors")) == before - {rest[0]}


def test_the_judge_counts_what_the_view_of_verdicts_says(tmp_path: Path, make: Any) -> None:
    catalog, (still, _, twin, _) = judged(tmp_path, make)
    decide(catalog, tmp_path / "r.jsonl", {still.clip_id: "keep", twin.clip_id: "drop"})
    rules = [make.rule(0, "motion", "too_static", minimum=5.0)]
    worker = JudgeWorker(catalog.root, rules, catalog.choices())
    tallies = worker(catalog.column("select clip_id from current_clips"))
    sql = "select reason, count(*) as num from verdicts group by reason"
    verdicts = {row["reason"]: row["num"] for row in catalog.rows(sql)}
    assert verdicts == {None: 4, "reviewed": 1, "too_static": 1}
    assert {tally.reason: tally.num_clips for tally in tallies} == verdicts


def test_both_of_two_near_duplicates_that_a_person_keeps_are_kept(
    tmp_path: Path, make: Any
) -> None:
    catalog, (_, _, twin_b, twin_c) = judged(tmp_path, make)
    decide(catalog, tmp_path / "r.jsonl", {twin_b.clip_id: "keep", twin_c.clip_id: "keep"})
    kept = catalog.column("select clip_id from survivors where group_id = 'grp_1'")
    assert set(kept) == {twin_b.clip_id, twin_c.clip_id}
    assert read_ledger(catalog).is_balanced


def test_nobody_can_keep_or_drop_what_was_never_scored(tmp_path: Path, make: Any) -> None:
    catalog, _ = judged(tmp_path, make)
    clips = [make.clip(make.video("b"), start, start + 4) for start in (0, 4)]
    work = make.work("new", clips=clips, splits=[make.split(clip) for clip in clips])
    catalog.commit([work], "run_2")
    decide(catalog, tmp_path / "r.jsonl", {clips[0].clip_id: "keep", clips[1].clip_id: "drop"})
    sql = "select reason from verdicts where clip_id in (select unnest(?))"
    assert catalog.column(sql, [[c.clip_id for c in clips]]) == ["not_scored"] * 2


def test_what_a_person_dropped_can_be_found_and_exported(tmp_path: Path, make: Any) -> None:
    catalog, (still, *_) = judged(tmp_path, make)
    export_review(catalog, out := tmp_path / "d.csv", among="dropped", where="motion < 5")
    rows = [row for _, row in read_rows(out.read_bytes(), "x")]
    clips = [row for row in rows if row.kind == "clip"]
    assert {row.status for row in clips} == {"too_static"}
    assert still.clip_id in {row.clip_id for row in clips}
    export_review(catalog, twins := tmp_path / "t.csv", among="all", kinds=["long"])
    found = [row.status for _, row in read_rows(twins.read_bytes(), "x") if row.kind == "clip"]
    assert sorted(found) == ["kept"] * 3 + ["near_duplicate"] + ["too_static"] * 2


# -- export --------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_clips_and_another_others(tmp_path: Path, make: Any) -> None:
    catalog = make.catalog(tmp_path / "c", names=[f"v{i}" for i in range(6)])

    def drawn(name: str, **options: Any) -> list[str]:
        export_review(catalog, tmp_path / name, limit=4, **options)
        rows = read_rows((tmp_path / name).read_bytes(), "x")
        return [row.clip_id for _, row in rows if row.kind == "clip"]

    first = drawn("a.csv", seed=1)
    assert len(set(first)) == 4
    assert drawn("b.csv", seed=1) == first
    assert drawn("c.csv", seed=2) != first


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"where": "duration_s > 1e9"}, "no clip to review"),
        ({"where": "nonsense > 1"}, "SQL is not right"),
        ({"where": "true); drop view clips; select (1"}, "one statement"),
        ({"where": "true) union all select 'x', 'kept' where (true"}, "."),
        ({"where": "clip_id in (select content from read_text('/etc/passwd'))"}, "outside"),
        ({"kinds": ["longer"]}, "unknown kind"),
        ({"kinds": ["window"]}, "unknown kind"),
        ({"limit": 0}, "no clip to review"),
    ],
    ids=str,
)
def test_an_export_of_nothing_or_too_much_is_refused(
    catalog: Catalog, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        export_review(catalog, tmp_path / "out.csv", **options)
    assert not (tmp_path / "out.csv").exists()


def test_a_file_whose_suffix_tells_nothing_is_refused(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="suffix"):
        export_review(catalog, tmp_path / "out.xlsx")
    export_review(catalog, out := tmp_path / "out.txt", layout="jsonl")
    assert out.read_text().startswith("{")


def test_a_file_that_is_there_is_never_replaced(catalog: Catalog, tmp_path: Path) -> None:
    (out := tmp_path / "out.csv").write_text("a week's work")
    with pytest.raises(UserError, match="there already"):
        export_review(catalog, out)
    assert out.read_text() == "a week's work"


def test_a_text_that_a_spreadsheet_would_cut_is_refused(
    catalog: Catalog, tmp_path: Path, make: Any
) -> None:
    row = make.caption(clips_of(make)[0], "x" * 40_000, kind="structured")
    catalog.commit([make.work("big", "caption", captions=[row])], "run_1")
    with pytest.raises(UserError, match="too long for a spreadsheet") as caught:
        export_review(catalog, tmp_path / "out.csv", kinds=["structured"])
    assert "jsonl" in caught.value.hint
    export_review(catalog, tmp_path / "out.jsonl", kinds=["structured"])


# -- rows that cannot be taken -------------------------------------------------------------------


def test_a_bad_row_stops_the_whole_file_unless_it_is_left_out(
    catalog: Catalog, tmp_path: Path, world_files: Any
) -> None:
    export_review(catalog, out := tmp_path / "out.csv", kinds=["long"])
    wrong = iter(["cap_x"])
    back = rewrite(
        out,
        lambda r: {**r, "caption_id": next(wrong, r["caption_id"])} if r["kind"] == "long" else r,
    )
    before = world_files(catalog.root)
    with pytest.raises(UserError, match=r"nothing was imported: row 3: `cap_x` is no") as caught:
        take_in(catalog, back)
    assert "--skip-problems" in caught.value.hint
    assert world_files(catalog.root) == before
    result = take_in(catalog, back, skip_problems=True)
    assert ([p.row for p in result.problems], result.num_approved) == ([3], 1)
    assert take_in(catalog, back, skip_problems=True).num_known == 1


def test_a_file_that_is_not_there_is_named(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*none\.csv"):
        take_in(catalog, tmp_path / "none.csv")


def test_a_clip_that_is_gone_is_a_problem_of_its_rows(
    catalog: Catalog, tmp_path: Path, make: Any
) -> None:
    export_review(catalog, out := tmp_path / "out.csv", kinds=["long"])
    kept, gone = clips_of(make)
    split = replace(make.split(kept), settings_hash="set_split_2")
    choices = make.chosen(minutes=5, split="set_split_2")
    catalog.commit([make.work("resplit", "split", splits=[split], choices=choices)], "run_2")
    with pytest.raises(UserError, match=f"{gone.clip_id} is gone"):
        take_in(catalog, out)
    result = take_in(catalog, out, skip_problems=True)
    assert (result.num_approved, len(result.problems)) == (1, 2)
