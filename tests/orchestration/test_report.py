"""The report says what the catalogue says, holds all it shows, and trusts no text."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import struct
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from orchestration import cli
from orchestration.report import write_report
from orchestration.report_parts.training import (
    count_parameters,
    draw_curve,
    read_cells,
    read_losses,
)
from orchestration.report_parts.truth_table import truth_rows
from orchestration.report_parts.wording import breach, common_folder, duration, percent
from orchestration.truth_check import TruthMeasures, check_against_truth
from pipeline.media import write_video
from pipeline.world.truth import (
    DefectTruth,
    DuplicateTruth,
    ShotTruth,
    Truth,
    VideoTruth,
    write_truth,
)
from schemas.catalog import Catalog
from schemas.errors import UserError
from schemas.freeze import freeze
from schemas.ids import clip_id
from schemas.records import (
    Caption,
    Checkpoint,
    Choice,
    Clip,
    ClipScores,
    Crop,
    Duplicate,
    Failure,
    Offcut,
    Rule,
    RunRecord,
    Sample,
    SampledFrame,
    Shot,
    Source,
    Split,
    Survey,
    Video,
    Work,
)
from schemas.tables import SCORE_COLUMNS

SIGNALS = (
    *("luma_mean", "luma_std", "dark_share", "bright_share", "saturation", "content_change"),
    *("histogram_change", "local_motion", "shift_x", "shift_y", "zoom", "shift_agreement"),
)
NOW = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
STAGES = ("survey", "split", "score", "judge", "dedupe")
EVIL = "<script>alert('x')</script>"
FRAMES = 100
RATE = 25


def work(name: str, stage: str = "ingest", **rows: list[Any]) -> Work:
    return Work(work_id=f"work_{name}", stage=stage, settings_hash="", rows=rows)


def jpeg(shade: int) -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(shade).integers(0, 255, (144, 256, 3), np.uint8)
    Image.fromarray(noise).save(file, "JPEG", quality=90)
    return file.getvalue()


def video_rows(name: str, uri: str, **scores: float) -> dict[str, list[Any]]:
    """A video of 100 frames at 25 fps: shots [0, 50) and [50, 100), clips [0, 48), [52, 100).

    The cut at frame 50 leaves an offcut of four frames; `scores` belong to the second clip.
    """
    video_id = f"vid_{name}"
    size = {"width_px": 320, "height_px": 180}
    video = Video(
        video_id=video_id,
        sha256="0" * 64,
        container="mp4",
        codec="h264",
        pixel_format="yuv420p",
        fps=float(RATE),
        time_base_num=1,
        time_base_den=RATE,
        num_packets=FRAMES,
        duration_s=FRAMES / RATE,
        stated_duration_s=FRAMES / RATE,
        rotation_deg=0,
        has_audio=False,
        **size,
    )
    survey = Survey(
        video_id=video_id,
        survey_version="survey_1",
        num_frames=FRAMES,
        is_vfr=False,
        decoder="test",
        random_reader="pyav",
        random_reader_note="",
        fps=float(RATE),
        duration_s=FRAMES / RATE,
        time_base_num=1,
        time_base_den=RATE,
        end_pts=FRAMES,
        num_bad_packets=0,
        pts=list(range(FRAMES)),
        frame_hash=[0] * FRAMES,
        **{signal: [1.0] * FRAMES for signal in SIGNALS},
        **size,
    )

    def span(start: int, end: int) -> dict[str, Any]:
        return {
            "start_frame": start,
            "end_frame": end,
            "start_pts": start,
            "end_pts": end,
            "start_s": start / RATE,
            "end_s": end / RATE,
            "duration_s": (end - start) / RATE,
        }

    clips = [
        Clip(
            clip_id=clip_id(video_id, start, end),
            video_id=video_id,
            time_base_num=1,
            time_base_den=RATE,
            num_frames=end - start,
            fps=float(RATE),
            **span(start, end),
            **size,
        )
        for start, end in ((0, 48), (52, 100))
    ]
    sound = dict.fromkeys(SCORE_COLUMNS, 20.0) | {"num_sampled_frames": 4}
    return {
        "sources": [Source(uri=uri, video_id=video_id, num_bytes=9, modified_at=NOW)],
        "videos": [video],
        "surveys": [survey],
        "frames": [
            SampledFrame(
                video_id=video_id,
                survey_version="survey_1",
                frame_index=index,
                pts=index,
                time_s=index / RATE,
                width_px=256,
                height_px=144,
                jpeg=jpeg(index),
                sharpness=1.0,
                border_left_px=0,
                border_right_px=0,
                border_top_px=0,
                border_bottom_px=0,
            )
            for index in range(0, FRAMES, 10)
        ],
        "shots": [
            Shot(
                video_id=video_id,
                settings_hash="split_1",
                shot_index=index,
                start_frame=50 * index,
                end_frame=50 * index + 50,
                start_s=2.0 * index,
                end_s=2.0 * index + 2.0,
                transition_out=kind,
                transition_start_frame=50 * index + 50,
                transition_end_frame=50 * index + 50,
            )
            for index, kind in enumerate(("cut", "end"))
        ],
        "clips": clips,
        "splits": [
            Split(settings_hash="split_1", clip_id=c.clip_id, video_id=video_id, shot_index=i)
            for i, c in enumerate(clips)
        ],
        "offcuts": [
            Offcut(video_id=video_id, settings_hash="split_1", reason="trim", **span(48, 52))
        ],
        "clip_scores": [
            ClipScores(clip_id=clips[0].clip_id, version="score_1", **sound),
            ClipScores(clip_id=clips[1].clip_id, version="score_1", **(sound | scores)),
        ],
    }


def caption(clip: str, kind: str, text: str) -> Caption:
    return Caption(
        caption_id=f"cap_{clip}_{kind}",
        clip_id=clip,
        video_id="vid",
        start_s=0.0,
        end_s=1.0,
        kind=kind,
        language="en",
        text=text,
        status="ok",
        captioner="test",
        model="rules",
        revision="1",
        prompt_hash="",
        frame_times_s=[0.0],
        frames_digest="",
        settings_hash="caption_1",
        created_at=NOW,
    )


def build(root: Path) -> Catalog:
    """Four videos: `a` whole, `b` with a still clip, `c` like `a`, `d` lost; hostile texts."""
    catalog = Catalog.create(root)
    rules = {"motion": "too_static", "dark_share": "too_dark"}
    choices = [
        Choice(
            stage=stage,
            settings_hash=f"{stage}_1",
            settings_json=json.dumps({"note": EVIL}),
            run_id="run_1",
            chosen_at=NOW,
        )
        for stage in STAGES
    ]
    first = {"minimum": 2.0, "maximum": None}
    second = {"minimum": None, "maximum": 50.0}
    rows = [
        Rule(settings_hash="judge_1", position=i, name=column, column=column, reason=reason, **lim)
        for i, ((column, reason), lim) in enumerate(
            zip(rules.items(), (first, second), strict=True)
        )
    ]
    run = RunRecord(
        run_id="run_1",
        verb="curate",
        recipe_toml=f"# {EVIL}",
        versions_json=json.dumps({"python": "3.11", "duckdb": "9.9"}),
        started_at=NOW,
    )
    videos = {
        "a": video_rows("a", "/footage/a.mp4"),
        "b": video_rows("b", f"/footage/{EVIL} & co.mp4", motion=0.25),
        "c": video_rows("c", "/footage/c.mp4"),
    }
    alike = [videos[name]["clips"][0].clip_id for name in ("a", "c")]
    duplicates = [
        Duplicate(
            clip_id=one,
            group_id="grp_1",
            nearest_clip_id=other,
            distance=0.125,
            method="test",
            settings_hash="dedupe_1",
        )
        for one, other in (alike, alike[::-1])
    ]
    box = Crop(
        clip_id=videos["b"]["clips"][0].clip_id,
        settings_hash="score_1",
        x_px=0,
        y_px=20,
        width_px=320,
        height_px=140,
        reason="border",
    )
    lost = Source(uri="/footage/d.mp4", video_id="vid_d", num_bytes=9, modified_at=NOW)
    failure = Failure(
        uri="/footage/d.mp4",
        video_id="vid_d",
        stage="ingest",
        reason="not_readable",
        message=f"{EVIL} moov atom not found",
        run_id="run_1",
    )
    captions = [
        caption(videos["a"]["clips"][1].clip_id, "short", f"A red square {EVIL}"),
        caption(videos["a"]["clips"][1].clip_id, "long", "A red square moves for a long time."),
    ]
    catalog.commit(
        [
            work("run", "run", runs=[run]),
            work("choose", "choose", choices=choices, rules=rows),
            *(work(name, "survey", **content) for name, content in videos.items()),
            work("d", sources=[lost], failures=[failure]),
            work("dedupe", "dedupe", duplicates=duplicates, crops=[box]),
            work("caption", "caption", captions=captions),
        ],
        "run_1",
    )
    return catalog


def train(catalog: Catalog) -> None:
    """Add a dataset, a checkpoint with its loss curve, and samples as a trainer writes them."""
    dataset = freeze(catalog, "demo", "true", "run_1")
    folder = catalog.root / "checkpoints" / "demo-t_1" / "checkpoints" / "step_00000050"
    folder.mkdir(parents=True)
    with (folder.parent.parent / "losses.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["step", "loss", "clips_seen", "seconds", "tokens"])
        writer.writerows([[i, 2.0 / i, 4 * i, i / 10, 100] for i in range(1, 51)])
    cells = "step,kind,cell,loss,num_clips\n5,task,animate,2.5,20\n50,task,animate,0.125,180\n"
    (folder.parent.parent / "loss_cells.csv").write_text(cells)
    checkpoint = Checkpoint(
        checkpoint_id="ckpt_1",
        path=str(folder.relative_to(catalog.root)),
        dataset_id=dataset.dataset_id,
        step=50,
        num_clips_seen=200,
        loss=0.0432,
        settings_hash="train_1",
        settings_json=json.dumps({"learning_rate": 0.00125}),
        run_id="run_1",
        created_at=NOW,
    )
    outside = catalog.root.parent / "outside.mp4"
    write_video(outside, [np.full((48, 64, 3), 9 * i, np.uint8) for i in range(8)], fps=8)
    (catalog.root / "samples").mkdir()
    (catalog.root / "samples" / "inside.mp4").write_bytes(outside.read_bytes())
    (catalog.root / "secret.txt").write_text("top secret")
    paths = ("samples/inside.mp4", str(outside), "samples/gone.mp4", "secret.txt")
    samples = [
        Sample(
            sample_id=f"smp_{index}",
            checkpoint_id="ckpt_1",
            path=path,
            sha256="",
            prompt=f"Prompt {index} {EVIL}",
            task="text_to_video",
            seed=70 + index,
            num_steps=30,
            guidance_scale=2.5,
            width_px=64,
            height_px=48,
            num_frames=8,
            fps=8.0,
            run_id="run_1",
            created_at=NOW,
        )
        for index, path in enumerate(paths)
    ]
    catalog.commit([work("train", "train", checkpoints=[checkpoint], samples=samples)], "run_1")


class Page(HTMLParser):
    """What a browser would make of the page: tags, their attributes, and the text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.source = path.read_text("utf-8")
        self.feed(self.source)
        self.text = re.sub(r"\s+", " ", self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    made = build(tmp_path_factory.mktemp("report") / "catalog")
    train(made)
    return made


@pytest.fixture(scope="module")
def page(catalog: Catalog) -> Page:
    out = catalog.root.parent / "pages" / "report.html"
    timings = {"world": 1.25, "survey": 7.5}
    assert write_report(catalog, out, title=f"Demo {EVIL}", timings=timings) == out
    return Page(out)


def test_the_funnel_shows_every_row_of_the_view(catalog: Catalog, page: Page) -> None:
    rows = catalog.rows("from funnel where stage <> 'ingest'")
    assert [row["reason"] for row in rows] == [
        "surveyed",
        "trim",
        "clips",
        "too_static",
        "near_duplicate",
        "kept",
    ]
    bars = [a for a in page.all("i") if "width:" in a.get("style", "") and "top:" not in a["style"]]
    widths = [float(re.findall(r"width:([\d.]+)%", bar["style"])[0]) for bar in bars[: len(rows)]]
    whole = rows[0]["duration_s"]
    assert widths == pytest.approx([100 * row["duration_s"] / whole for row in rows], abs=1e-3)
    lefts = [float(re.findall(r"left:([\d.]+)%", bar["style"])[0]) for bar in bars[: len(rows)]]
    assert lefts == pytest.approx([0, 96, 0, 80, 64, 0], abs=1e-3)  # each loss ends the rest
    for row in rows:
        assert re.search(
            rf">{row['num_clips']:,} (video|part|clip)s?</td><td class=\"num\">"
            rf"{row['duration_s']:,.1f}</td>",
            page.source,
        )


def test_the_ledger_says_that_seconds_add_up(catalog: Catalog, page: Page) -> None:
    assert "balances" in page.text and "does not balance" not in page.text
    assert "4 files = 3 read + 1 not readable" in page.text
    assert "read 12.000 s = clips 11.520 + trim 0.480" in page.text
    assert "clips 11.520 s = kept 7.680 + too static 1.920 + near duplicate 1.920" in page.text


def test_a_ledger_that_does_not_balance_is_called_so(tmp_path: Path) -> None:
    catalog = build(tmp_path / "catalog")
    rows = video_rows("e", "/footage/e.mp4")
    del rows["offcuts"]
    catalog.commit([work("e", **rows)], "run_2")
    text = Page(write_report(catalog, tmp_path / "r.html", title="x", max_clips=0)).text
    assert "does not balance" in text and "do not tile" in text


def test_key_numbers_equal_sql(catalog: Catalog, page: Page) -> None:
    kept = catalog.rows("select count(*) as n, sum(duration_s) as s from survivors")[0]
    assert f"4 files with 12.0 s of video went in; {kept['n']} clips with {kept['s']:.1f} s" in (
        page.text
    )
    tiles = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page.source.split("</header>")[0]))
    assert tiles["kept"] == str(kept["n"]) == "4"
    assert tiles["shots"] == str(catalog.column("select count(*) from current_shots")[0])
    assert tiles["captioned"] == "1"
    assert tiles["near-duplicate groups"] == "1"
    assert tiles["failures"] == "1"


def test_a_dropped_clip_shows_its_number_and_its_limit(page: Page) -> None:
    assert "too static: motion is 0.25; the rule drops under 2" in page.text
    assert "drops where motion is under 2" in page.text


def test_captions_crops_and_groups_are_shown(page: Page) -> None:
    assert "A red square moves for a long time." in page.text
    crops = [a["style"] for a in page.all("i") if a.get("class") == "crop"]
    assert any("top:11.11%" in style and "height:77.78%" in style for style in crops)
    assert page.source.count('class="member kept"') == 1
    assert page.source.count('class="member duplicate"') == 1
    assert "distance 0.125" in page.text


def test_strips_tile_each_video_and_mark_its_cut(page: Page) -> None:
    strips = page.source.split('class="timeline"')[1:]
    assert len(strips) == 3
    for strip in strips:
        body = strip.split("</div>")[0]
        widths = [float(w) for w in re.findall(r"<i [^>]*width:([\d.]+)%", body)]
        assert len(widths) == 3 and sum(widths) == pytest.approx(100, abs=0.01)
        assert re.findall(r'<b class="(\w+)" style="left:([\d.]+)%', body) == [("cut", "50.000")]


def test_hostile_text_is_shown_and_never_run(page: Page) -> None:
    assert page.all("script") == []
    assert all(not key.startswith("on") for _, attributes in page.tags for key in attributes)
    for text in (f"{EVIL} & co.mp4", f"A red square {EVIL}", f"{EVIL} moov", f"Prompt 0 {EVIL}"):
        assert text in page.text
    assert "<script" not in page.source


def test_the_page_holds_everything_it_shows(page: Page) -> None:
    assert not {tag for tag, _ in page.tags} & {"link", "iframe", "object", "embed", "base"}
    for _, attributes in page.tags:
        for key in ("src", "poster", "data", "srcset"):
            assert attributes.get(key, "data:").startswith("data:")
        assert attributes.get("href", "#").startswith("#")
    assert not re.search(r"url\(|@import|https?://", page.source)
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'")


def test_pictures_are_small_and_have_words(page: Page) -> None:
    assert len(page.all("img")) > 20
    for image in page.all("img"):
        assert int(image["width"]) <= 160 and int(image["height"]) <= 160
        assert "Frame of " in image["alt"]
    assert len(page.source) < 60_000 + 12_000 * len(page.all("img"))  # these are noise: the worst


def test_samples_play_beside_their_prompts(catalog: Catalog, page: Page) -> None:
    videos = page.all("video")
    assert len(videos) == 2  # inside the catalogue and beside it; not the lost, nor the text file
    for video in videos:
        assert video["src"].startswith("data:video/mp4;base64,")
        assert {"loop", "autoplay", "muted", "playsinline"} <= video.keys()
    assert "the file is no longer there" in page.text
    assert "the file is no mp4 video" in page.text and "top secret" not in page.source
    assert "64x48, 8 frames at 8 fps, seed 71, 30 steps, guidance scale 2.5" in page.text


def test_the_loss_curve_and_its_settings_are_drawn(page: Page) -> None:
    paths = [a for a in page.all("path") if a.get("d", "").startswith("M0.0 ")]
    assert [a["class"] for a in paths] == ["raw", "smooth"]
    assert paths[0]["d"].count("L") == 49
    assert "Trained on the dataset demo" in page.text
    assert "4 clips, 7.7 s of video, 50 steps, clips seen 200 times, 5,000 tokens" in page.text
    assert "learning rate" in page.text and "0.00125" in page.text
    row = re.search(r"<tr><th>animate</th>.*", page.source)
    assert row and re.findall(r">([\d.]+)<", row[0]) == ["2.5000", "0.1250", "200"]


def test_runs_settings_versions_and_seconds_are_named(page: Page) -> None:
    for text in ("run_1", "survey_1", "judge_1", "duckdb 9.9", "7.5", "world"):
        assert text in page.text


def test_example_queries_show_their_real_results(catalog: Catalog, page: Page) -> None:
    from orchestration.report_parts.making import QUERIES

    for _, sql in QUERIES:
        rows = catalog.rows(sql)
        assert rows
        assert sum(str(value) in page.text for value in rows[0].values()) >= 2


def test_few_clips_are_shown_and_all_are_counted(catalog: Catalog, tmp_path: Path) -> None:
    small = Page(write_report(catalog, tmp_path / "r.html", title="x", max_clips=1))
    assert small.source.count('class="card kept"') == 1
    assert "1 clip of 4" in small.text and "1 of 3 videos are shown" in small.text


def test_an_empty_catalogue_gives_a_page_that_says_so(tmp_path: Path) -> None:
    empty = Page(write_report(Catalog.create(tmp_path / "c"), tmp_path / "r.html", title="None"))
    assert "This catalogue is empty" in empty.text
    assert "rushes curate FOLDER" in empty.text
    assert "<section" not in empty.source


def test_an_unwritable_place_is_the_users_error(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder"):
        write_report(catalog, tmp_path, title="x")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        write_report(catalog, tmp_path / "file" / "r.html", title="x")


# -- truth --------------------------------------------------------------------------------


def true_video(name: str, **changes: Any) -> VideoTruth:
    values: dict[str, Any] = {
        "file": name,
        "kind": "normal",
        "fps": float(RATE),
        "num_frames": FRAMES,
        "width_px": 320,
        "height_px": 180,
        "has_audio": False,
    }
    return VideoTruth(**(values | changes))


def true_shots(name: str, *spans: tuple[int, int, str]) -> list[ShotTruth]:
    return [
        ShotTruth(
            file=name,
            shot_index=index,
            start_frame=start,
            end_frame=end,
            transition_out=kind,
            transition_start_frame=end,
            transition_end_frame=end,
        )
        for index, (start, end, kind) in enumerate(spans)
    ]


def defect(name: str, kind: str, start: int = 50, end: int = 100, **box: int) -> DefectTruth:
    return DefectTruth(
        file=name,
        shot_index=None,
        kind=kind,
        start_frame=start,
        end_frame=end,
        strength=1.0,
        unit="x",
        **box,
    )


def copy_of(reference: str, name: str, kind: str = "scaled") -> DuplicateTruth:
    return DuplicateTruth(
        group_id="group_000",
        file=name,
        reference=reference,
        kind=kind,
        strength=0.5,
        unit="scale",
        start_frame=0,
        end_frame=FRAMES,
        reference_start_frame=0,
        reference_end_frame=FRAMES,
    )


B_NAME = "script> & co.mp4"  # what stands behind the last slash of the hostile name
TWO = ((0, 50, "cut"), (50, 100, "end"))


def check(catalog: Catalog, folder: Path, **changes: Any) -> TruthMeasures:
    parts: dict[str, Any] = {
        "videos": (
            true_video("a.mp4"),
            true_video(B_NAME),
            true_video("c.mp4"),
            true_video("d.mp4", kind="corrupt"),
        ),
        "shots": tuple(
            shot for name in ("a.mp4", B_NAME, "c.mp4") for shot in true_shots(name, *TWO)
        ),
        "defects": (defect(B_NAME, "static"),),
        "duplicates": (copy_of("a.mp4", "c.mp4"),),
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_truth(folder, Truth(**(parts | changes)))
    return check_against_truth(catalog, folder)


def table_of(truth: TruthMeasures) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["what"], row["kind"]): row for row in truth_rows(truth)}


def test_a_catalogue_that_is_right_has_no_miss(catalog: Catalog, tmp_path: Path) -> None:
    truth = check(catalog, tmp_path)
    assert (truth.num_files, truth.num_surveyed) == (4, 3)
    assert truth.boundaries.f1 == truth.duplicates.f1 == 1.0
    assert truth.boundaries.num_true == 3 and truth.duplicates.num_true == 1
    assert [case.outcome for case in truth.planted] == ["found", "found"]
    assert [case.seen for case in truth.planted] == ["dropped: too_static", "not_readable (ingest)"]
    assert not (truth.boundary_misses or truth.missed_pairs or truth.wrong_pairs)
    assert not (truth.wrongly_dropped or truth.not_surveyed)
    assert check_against_truth(catalog, tmp_path / "truth") == truth


def test_missed_and_invented_boundaries_are_listed(catalog: Catalog, tmp_path: Path) -> None:
    shots = (
        *true_shots("a.mp4", (0, 30, "dissolve"), (30, 49, "cut"), (49, 100, "end")),
        *true_shots(B_NAME, (0, 100, "end")),
        *true_shots("c.mp4", (0, 48, "fade"), (48, 51, "cut"), (51, 100, "end")),
    )
    truth = check(catalog, tmp_path, shots=shots, defects=())
    assert (truth.boundaries.num_true, truth.boundaries.num_matched) == (4, 2)
    assert truth.boundaries.by_kind == {"dissolve": (0, 1), "cut": (2, 2), "fade": (0, 1)}
    assert truth.boundaries.by_found_kind == {"cut": (2, 3)}
    missed = [(m.file, m.kind, m.start_frame) for m in truth.boundary_misses if m.is_missed]
    assert missed == [("a.mp4", "dissolve", 30), ("c.mp4", "fade", 48)]
    invented = [(m.file, m.start_frame) for m in truth.boundary_misses if not m.is_missed]
    assert invented == [(B_NAME, 50)]
    # The clip of `b` that a rule dropped now stands in a sound shot.
    assert truth.wrongly_dropped == ((B_NAME, "52 to 100", "too_static"),)
    rows = table_of(truth)
    assert rows["boundary", "cut"]["recall"] == 1 and rows["boundary", "dissolve"]["recall"] == 0
    assert rows["boundary", "cut"]["precision"] == pytest.approx(2 / 3, abs=1e-4)
    assert rows["boundary", "fade"]["precision"] is None
    static = rows["defect", "static"]
    assert (static["num_true"], static["num_named"], static["precision"]) == (0, 1, 0)


def test_missed_and_wrong_pairs_are_listed_by_kind(catalog: Catalog, tmp_path: Path) -> None:
    videos = (true_video("a.mp4"), true_video(B_NAME), true_video("c.mp4"), true_video("e.mp4"))
    copies = (copy_of("a.mp4", B_NAME, "mirrored"),)
    truth = check(catalog, tmp_path, videos=videos, duplicates=copies)
    assert (truth.duplicates.precision, truth.duplicates.recall) == (0.0, 0.0)
    assert truth.missed_pairs == (("a.mp4", B_NAME, "mirrored"),)
    assert truth.wrong_pairs == (("a.mp4", "c.mp4"),)
    assert truth.not_surveyed == ("e.mp4",)
    assert table_of(truth)["pair of files", "mirrored"]["num_recalled"] == 0


def test_two_copies_that_share_little_may_be_called_alike(catalog: Catalog, tmp_path: Path) -> None:
    videos = tuple(true_video(name) for name in ("a.mp4", B_NAME, "c.mp4"))
    parts = [replace(copy_of(B_NAME, name), reference_end_frame=50) for name in ("a.mp4", "c.mp4")]
    apart = (parts[0], replace(parts[1], reference_start_frame=40, reference_end_frame=FRAMES))
    truth = check(catalog, tmp_path, videos=videos, duplicates=apart)
    assert (truth.duplicates.num_true, truth.wrong_pairs) == (2, ())
    truth = check(catalog, tmp_path, videos=videos, duplicates=tuple(parts))
    assert truth.duplicates.num_true == 3
    assert table_of(truth)["pair of files", "between_copies"]["recall"] == 1


@pytest.mark.parametrize(
    ("span", "kind", "outcome", "seen"),
    [
        pytest.param((0, 50), "static", "missed", "kept", id="kept"),
        pytest.param((50, 100), "dark", "other reason", "dropped: too_static", id="other-reason"),
        pytest.param((50, 100), "static", "found", "dropped: too_static", id="found"),
        pytest.param((0, 100), "static", "missed", "dropped: too_static; kept", id="in-part"),
        pytest.param((48, 52), "static", "missed", "left out by the split", id="no-clip"),
        pytest.param((0, 50), "silence", "no detector yet", "kept", id="no-detector"),
        pytest.param((0, 50), "blurred", "no detector yet", "kept", id="rule-switched-off"),
    ],
)
def test_a_planted_defect_is_found_where_all_its_clips_are_named_for_it(
    catalog: Catalog, tmp_path: Path, span: tuple[int, int], kind: str, outcome: str, seen: str
) -> None:
    truth = check(catalog, tmp_path, defects=(defect(B_NAME, kind, *span),))
    case = truth.planted[0]
    assert (case.outcome, case.seen) == (outcome, seen)
    row = table_of(truth)["defect", kind]
    assert row["recall"] == float(outcome == "found")
    assert row["note"] == ("no detector yet" if outcome == "no detector yet" else "")


def test_bars_and_failures_are_held_against_the_truth(catalog: Catalog, tmp_path: Path) -> None:
    box = {"x_px": 0, "y_px": 20, "width_px": 320, "height_px": 140}
    barred = defect(B_NAME, "letterboxed", 0, FRAMES, **box)
    videos = (
        true_video(B_NAME),
        true_video("a.mp4", kind="truncated"),
        true_video("c.mp4", kind="mislabelled"),
        true_video("d.mp4", kind="cut_short"),
    )
    truth = check(catalog, tmp_path, videos=videos, defects=(barred,))
    bars, truncated, mislabelled, short = truth.planted
    # One clip of the file was cropped rightly, the other not at all: that is a miss.
    assert bars.outcome == "missed"
    assert bars.seen == "dropped: too_static, no crop; kept, crop 320x140 at 0, 20"
    assert (truncated.outcome, truncated.seen) == ("missed", "no failure")
    assert (mislabelled.outcome, short.outcome) == ("found", "found")
    rows = table_of(truth)
    assert rows["broken file", "truncated"]["recall"] == 0
    assert rows["defect", "letterboxed"]["precision"] == 1
    elsewhere = defect(B_NAME, "letterboxed", 0, 50, **{**box, "y_px": 23})
    assert check(catalog, tmp_path, defects=(elsewhere,)).planted[0].outcome == "missed"
    assert table_of(check(catalog, tmp_path, defects=()))["defect", "letterboxed"]["precision"] == 0


def test_the_page_lists_misses(catalog: Catalog, tmp_path: Path) -> None:
    truth = check(catalog, tmp_path)
    out = tmp_path / "r.html"
    text = Page(write_report(catalog, out, title="x", truth=truth, max_clips=0)).text
    assert "None." in text and "Pairs of files that share footage" in text
    worse = replace(truth, missed_pairs=(("a.mp4", EVIL, "scaled"),), not_surveyed=("e.mp4",))
    text = Page(write_report(catalog, out, title="x", truth=worse, max_clips=0)).text
    assert f"a.mp4 and {EVIL}: share footage (scaled), not found." in text
    assert "e.mp4: can be read, was not." in text


def test_the_measures_are_printed_as_a_table_and_as_json(
    catalog: Catalog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(catalog, tmp_path)
    out, options = tmp_path / "r.html", {"catalog": catalog.root, "truth": tmp_path}
    cli.report(out=out, **options)
    table = capsys.readouterr().out
    assert re.search(r"^boundary +cut +3 +3 +1 ", table, re.MULTILINE)
    cli.report(out=out, as_json=True, **options)
    plain = json.loads(capsys.readouterr().out)
    assert plain["report"] == str(out) and "Against the truth" in Page(out).text
    assert len(plain["measures"]["table"]) == len(table.strip().splitlines()) - 3
    with pytest.raises(UserError, match="no truth"):
        cli.report(catalog=catalog.root, out=out, truth=tmp_path / "nowhere")


# -- small things --------------------------------------------------------------------------


def test_a_curve_leaves_out_what_is_no_number(tmp_path: Path) -> None:
    lines = "step,loss,clips_seen,seconds,tokens\n1,2.0,1,1,1\n2,nan,2,2,2\n3,1.0,3,3,3\n4,0."
    (tmp_path / "losses.csv").write_text(lines)
    points = read_losses(tmp_path / "losses.csv")
    curve = draw_curve(points)
    assert len(points) == 3 and curve is not None
    assert (curve.num_steps, curve.num_skipped) == (3, 1)
    assert draw_curve(points[:1]) is None


def test_parameters_are_counted_from_the_header(tmp_path: Path) -> None:
    header = json.dumps({"a": {"shape": [3, 4]}, "b": {"shape": []}, "__metadata__": {}}).encode()
    (tmp_path / "w").write_bytes(struct.pack("<Q", len(header)) + header)
    assert count_parameters(tmp_path / "w") == 13
    assert count_parameters(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (duration(8.24), "8.2 s"),
        (duration(317), "5 min 17 s"),
        (duration(7500), "2 h 5 min"),
        (percent(0.001, 1), "under 1 %"),
        (percent(0.999, 1), "over 99 %"),
        (percent(1, 1), "100 %"),
        (percent(1, 0), "0 %"),
        (common_folder("/a/bc/1.mp4", "/a/bd/2.mp4"), "/a/"),
        (common_folder("/a/b.mp4", "/a/b.mp4"), "/a/"),
        (breach({"motion": 3.0}, "too_static", []), ""),
    ],
)
def test_wording(said: str, expected: str) -> None:
    assert said == expected


def test_losses_by_cell_are_means_of_the_first_and_the_last_fifth(tmp_path: Path) -> None:
    path = tmp_path / "loss_cells.csv"
    path.write_text(
        "step,kind,cell,loss,num_clips\n"
        "10,timestep,0.1-0.2,4.0,1\n20,timestep,0.1-0.2,2.0,3\n60,timestep,0.1-0.2,9.0,5\n"
        "100,timestep,0.1-0.2,1.0,2\n100,timestep,0.0-0.1,3.0,1\n"
        "100,task,animate,0.5,2\n100,validation,loss,0.7,0\n100,task,bro"
    )
    cells = read_cells(path)
    assert list(cells) == ["noise level (0 is data)", "task"]
    low, high = cells["noise level (0 is data)"]
    assert (low.name, high.name) == ("0.0-0.1", "0.1-0.2")
    assert (high.first, high.last, high.num_clips) == (2.5, 1.0, 11)
    assert math.isnan(low.first) and low.last == 3.0
    assert [cell.name for cell in cells["task"]] == ["animate"]
    assert read_cells(tmp_path / "missing.csv") == {}
