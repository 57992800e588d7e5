"""Both embedders: ours over a reader with a rule, open_clip over a small model of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from captioner.embed_stage import EmbedWorker
from captioner.embedding import (
    EmbedSettings,
    OpenClipEmbedder,
    TinyEmbedder,
    load_embedder,
    model_name,
)
from captioner.request import FrameView
from orchestration.curate import curate
from orchestration.recipe import Recipe, load_recipe, parse_settings
from orchestration.run import open_run
from pipeline.media import write_video
from pipeline.reader import ClipReader
from schemas.catalog import Catalog
from schemas.errors import UserError
from schemas.frames import Frames
from schemas.records import Work
from schemas.vision_imports import ready_vision
from schemas.wording.read import read

NAME = "rushes-tiny-embed"
CONFIG = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "patch_size": 8, "head_width": 16},
    "text_cfg": {"context_length": 20, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


def clip(value: int, num_frames: int = 3) -> Frames:
    pixels = np.full((num_frames, 40, 48, 3), value, np.uint8)
    return Frames(pixels_THWC=pixels, times_s=np.arange(num_frames) / 8)


class Reader:
    """Bright clips are of the world; a text's place is what it states, however it is said."""

    revision = "r1"

    def __init__(self) -> None:
        self.texts: list[str] = []

    def read(self, clips: Sequence[Frames], **_: Any) -> list[Any]:
        found = []
        for one in clips:
            level = one.pixels_THWC.mean()
            point_D = np.array([level, 1.0], np.float32)
            point_D /= np.linalg.norm(point_D)
            found.append(SimpleNamespace(in_domain=level > 100, point_D=point_D))
        return found

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += texts
        moves = [read(text).camera == "pan_left" for text in texts]
        return np.array([[float(m), float(not m)] for m in moves], np.float32)


def test_clips_outside_the_world_have_no_place_and_others_keep_theirs() -> None:
    embedder = TinyEmbedder(reader=Reader())  # type: ignore[arg-type]
    found = embedder.embed_clips([clip(20), clip(200), clip(30), clip(120)])
    assert np.isnan(found).all(axis=1).tolist() == [True, False, True, False]
    assert found[1] == pytest.approx(Reader().read([clip(200)])[0].point_D)
    assert found[3] == pytest.approx(Reader().read([clip(120)])[0].point_D)
    assert embedder.embed_clips([]).shape == (0, 2)


def test_texts_that_state_nothing_of_the_world_have_no_place() -> None:
    reader = Reader()
    embedder = TinyEmbedder(reader=reader)  # type: ignore[arg-type]
    reader.texts.clear()
    found = embedder.embed_texts(
        ["a dog on a beach", "pans left", "\u955c\u5934\u5411\u5de6\u79fb\u52a8"]
    )
    assert np.isnan(found).all(axis=1).tolist() == [True, False, False]
    assert found[1].tolist() == found[2].tolist() == [1.0, 0.0]
    assert len(reader.texts) == 6, "several wordings of each"
    assert {read(text).camera for text in reader.texts} == {"pan_left"}
    assert model_name(embedder) == "tiny r1"


@pytest.fixture(scope="module")
def open_clip_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ready_vision()
    import open_clip
    import torch

    folder = tmp_path_factory.mktemp("open_clip")
    (folder / f"{NAME}.json").write_text(json.dumps(CONFIG))
    open_clip.add_model_config(folder / f"{NAME}.json")
    torch.manual_seed(0)
    torch.save(open_clip.create_model(NAME).state_dict(), folder / "small.pt")
    return folder / "small.pt"


def test_open_clip_embeds_clips_and_texts_of_any_length(open_clip_weights: Path) -> None:
    settings = EmbedSettings(
        model="open_clip", open_clip_model=NAME, open_clip_weights=str(open_clip_weights)
    )
    embedder = load_embedder(settings)
    assert isinstance(embedder, OpenClipEmbedder)
    assert embedder.dimensions == 16
    rng = np.random.default_rng(0)
    mixed = Frames(
        pixels_THWC=rng.integers(0, 255, (5, 40, 48, 3), dtype=np.uint8), times_s=np.arange(5) / 8
    )
    found = embedder.embed_clips([clip(20), mixed, clip(20)])
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert found[0] == pytest.approx(found[2], abs=1e-5)
    assert abs(found[0] - found[1]).max() > 1e-3
    long = "A dog runs. " * 30
    texts = embedder.embed_texts(["a dog", "  ", long])
    assert np.isnan(texts).all(axis=1).tolist() == [False, True, False]
    assert np.linalg.norm(texts[[0, 2]], axis=1) == pytest.approx(np.ones(2), abs=1e-5)
    assert model_name(embedder).startswith(f"open_clip {NAME} ")


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        (EmbedSettings(model="off"), "embed.model"),
        (EmbedSettings(model="open_clip"), "embed.open_clip_weights"),
        (EmbedSettings(weights="/nowhere/tiny.safetensors"), ""),
    ],
)
def test_a_model_that_is_not_there_is_a_users_error(settings: EmbedSettings, hint: str) -> None:
    with pytest.raises(UserError) as caught:
        load_embedder(settings)
    assert hint in caught.value.hint


class ByBrightness:
    """Embeds a clip by its mean colour; nearly black clips are outside its domain."""

    name = "colour"
    revision = "1"
    dimensions = 3
    view = FrameView(source="clip", max_frames=4, max_side_px=32, is_whole=True)

    def embed_clips(self, clips: Sequence[Frames]) -> np.ndarray:
        if not clips:
            return np.zeros((0, 3), np.float32)
        means = np.stack([one.pixels_THWC.mean((0, 1, 2)) for one in clips])
        means[means.max(axis=1) < 90] = np.nan
        return (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        raise NotImplementedError


@pytest.fixture(scope="module")
def curated(
    tmp_path_factory: pytest.TempPathFactory, draw: Any, local_ray: int
) -> tuple[Catalog, Path]:
    """Three videos: two of them of another scene in nearly the same colours."""
    folder = tmp_path_factory.mktemp("footage")
    tints = ((200, 60, 60), (200, 64, 60), (60, 60, 200))
    for number, tint in enumerate(tints):
        shot = draw.shot(70 + number, 36, width=96, height=64, pan_px=1.0, ball_px=3)
        tinted = [np.clip(f * 0.5 + np.array(tint) * 0.5, 0, 255).astype(np.uint8) for f in shot]
        write_video(folder / f"{number}.mp4", tinted, fps=12)
    catalog = Catalog.create(tmp_path_factory.mktemp("embedded") / "catalog")
    with open_run(catalog, "curate", parse_settings(Recipe, {}, "test")) as run:
        curate(run, [folder])
    assert len(catalog.column("select clip_id from survivors")) == 3
    return catalog, folder


def embed(catalog: Catalog, clip_ids: list[str], **settings: Any) -> list[Work]:
    worker = EmbedWorker(
        catalog.root,
        EmbedSettings(**settings),
        catalog.choices(),
        ClipReader,
        "run_embed",
        load=lambda _: ByBrightness(),
    )
    return list(worker(clip_ids))


@pytest.mark.ray
def test_every_clip_gets_one_vector_of_its_own_frames(curated: tuple[Catalog, Path]) -> None:
    catalog, _ = curated
    clips = catalog.column("select clip_id from survivors order by clip_id")
    works = embed(catalog, clips, batch_size=2)
    rows = [row for work in works for row in work.rows["embeddings"]]
    assert sorted(row.clip_id for row in rows) == clips
    assert {row.model for row in rows} == {"colour 1"}
    uris = {row["clip_id"]: row["uri"] for row in catalog.rows("select * from survivors")}
    blue = {uris[row.clip_id][-5] for row in rows if row.vector[2] > row.vector[0]}
    assert blue == {"2"}
    assert [work.counts.num_out for work in works] == [2, 1]
    assert len({work.work_id for work in works}) == 2


@pytest.mark.ray
def test_a_clip_that_cannot_be_read_is_a_failure_and_may_be_tried_again(
    curated: tuple[Catalog, Path],
) -> None:
    catalog, folder = curated
    clips = catalog.column("select clip_id from survivors order by clip_id")
    (folder / "1.mp4").rename(folder / "away.mp4")
    try:
        (broken,) = embed(catalog, clips)
    finally:
        (folder / "away.mp4").rename(folder / "1.mp4")
    (whole,) = embed(catalog, clips)
    (failure,) = broken.rows["failures"]
    assert (failure.stage, failure.reason) == ("embed", "file_missing")
    assert (broken.counts.num_out, broken.counts.num_failed) == (2, 1)
    assert whole.counts.num_out == 3
    assert broken.work_id != whole.work_id


@pytest.mark.ray
def test_new_embeddings_give_new_groups_and_the_same_ones_no_work(
    curated: tuple[Catalog, Path],
) -> None:
    catalog, folder = curated
    recipe = load_recipe(
        None, ["dedupe.semantic_similarity=0.99", "dedupe.semantic_model='colour'"]
    )

    def rerun() -> tuple[list[dict[str, Any]], int]:
        with open_run(catalog, "curate", recipe) as run:
            curate(run, [folder])
        rows = catalog.rows(
            "select clip_id, group_id, method, distance from current_duplicates order by clip_id"
        )
        return rows, len(catalog.done("dedupe"))

    rows, num_done = rerun()
    assert rows == [], "nothing is embedded yet"
    clips = catalog.column("select clip_id from survivors order by clip_id")
    catalog.commit(embed(catalog, clips), "run_embed")
    rows, num_more = rerun()
    assert num_more == num_done + 1
    assert {row["method"] for row in rows} == {"embedding"}
    assert len(rows) == 2
    assert len({row["group_id"] for row in rows}) == 1
    assert all(0 < row["distance"] <= 0.01 for row in rows)
    assert len(catalog.column("select clip_id from survivors")) == 2
    assert catalog.column("select num_clips from funnel where reason = 'near_duplicate'") == [1]
    assert rerun() == (rows, num_more)
    with open_run(catalog, "curate", parse_settings(Recipe, {}, "test")) as run:
        curate(run, [folder])
    assert len(catalog.column("select clip_id from survivors")) == 3, "off again: as it was"
