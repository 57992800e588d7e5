"""A small open_clip of the real classes, random or trained here, and our own head's rules."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from captioner.aligners import OpenClipAligner, TinyAligner, load_aligner
from captioner.backend import Aligner
from captioner.request import CaptionRequest, StoredFrame
from captioner.settings import CaptionSettings, TinySettings
from captioner.world_sight import WorldSight
from schemas.errors import UserError
from schemas.frames import Frames
from schemas.vision_imports import ready_vision

NAME = "rushes-small"
CONFIG = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8, "head_width": 16},
    "text_cfg": {
        "context_length": 20,
        "vocab_size": 49408,
        "width": 32,
        "heads": 2,
        "layers": 1,
    },
}
COLOURS = {"red": (200, 30, 30), "green": (30, 180, 40), "blue": (40, 50, 210)}


def request(colour: str, name: str = "", num_frames: int = 3) -> CaptionRequest:
    """Return a clip of one colour, decoded."""
    rng = np.random.default_rng(len(name) + 1)
    pixels = np.zeros((num_frames, 40, 48, 3), np.int64) + COLOURS[colour]
    pixels = np.clip(pixels + rng.integers(-20, 20, pixels.shape), 0, 255).astype(np.uint8)
    return CaptionRequest(
        request_id=f"req_{colour}{name}",
        clip_id=f"clip_{colour}{name}",
        video_id="video",
        start_s=0.0,
        end_s=1.0,
        duration_s=1.0,
        width_px=48,
        height_px=40,
        fps=10.0,
        num_frames=10,
        scores={},
        frames=(),
        clip=Frames(pixels_THWC=pixels, times_s=np.arange(num_frames) / 10),
    )


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a small CLIP on three colours for some steps and save it as open_clip does."""
    ready_vision()
    import open_clip
    import torch

    folder = tmp_path_factory.mktemp("open_clip")
    (folder / f"{NAME}.json").write_text(json.dumps(CONFIG))
    open_clip.add_model_config(folder / f"{NAME}.json")
    torch.manual_seed(0)
    model, _, preprocess = open_clip.create_model_and_transforms(NAME)
    tokens = open_clip.get_tokenizer(NAME)([f"A {name} picture." for name in COLOURS])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    loss_of = open_clip.ClipLoss()
    for step in range(30):
        shown = [request(name, "x" * step).clip for name in COLOURS]
        pictures = torch.stack([preprocess(Image.fromarray(c.pixels_THWC[0])) for c in shown if c])
        loss = loss_of(*model(pictures, tokens)[:2], model.logit_scale.exp())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.save(model.state_dict(), folder / "small.pt")
    return folder / "small.pt"


@pytest.fixture(scope="module")
def aligner(weights: Path) -> OpenClipAligner:
    return OpenClipAligner(NAME, str(weights))


def test_a_caption_fits_its_own_clip_best(aligner: OpenClipAligner) -> None:
    for colour in COLOURS:
        clips = [request(colour, "unseen")] * len(COLOURS)
        scores = aligner.align(clips, [f"A {name} picture." for name in COLOURS])
        assert all(score is not None and -1 <= score <= 1 for score in scores)
        assert list(COLOURS)[int(np.argmax(np.array(scores, float)))] == colour


def test_the_score_is_the_mean_cosine_over_frames(aligner: OpenClipAligner) -> None:
    import torch

    red, blue = request("red"), request("blue")
    assert red.clip is not None
    assert blue.clip is not None
    mixed = replace(
        red,
        clip=Frames(
            pixels_THWC=np.concatenate([red.clip.pixels_THWC, blue.clip.pixels_THWC[:1]]),
            times_s=np.arange(4) / 10,
        ),
    )
    (score,) = aligner.align([mixed], ["A red picture."])
    with torch.inference_mode():
        text = aligner._model.encode_text(aligner._tokenizer(["A red picture."]))
        pictures = torch.stack(
            [aligner._preprocess(Image.fromarray(p)) for p in mixed.clip.pixels_THWC]  # type: ignore[union-attr]
        )
        cosines = torch.cosine_similarity(aligner._model.encode_image(pictures), text)
    assert score == pytest.approx(float(cosines.mean()), abs=1e-5)


def test_a_long_text_is_scored_by_sentences(aligner: OpenClipAligner) -> None:
    first = "A red picture with nothing else in it at all."
    second = "A green picture that comes after it, somewhat later."
    clip = request("red")
    one, two, whole = aligner.align([clip] * 3, [first, second, f"{first} {second}"])
    assert one is not None and two is not None
    assert whole == pytest.approx((one + two) / 2, abs=1e-6)
    endless = " ".join(["red"] * 400)  # no sentence at all
    assert len(aligner._parts(endless)) > 20
    assert max(map(aligner._num_tokens, aligner._parts(endless))) <= 20
    assert "".join(aligner._parts(endless)).count("red") == 400
    assert "".join(aligner._parts("红" * 300)) == "红" * 300


def test_a_pair_scores_the_same_in_any_batch(aligner: OpenClipAligner) -> None:
    clips = [request("red"), request("blue", num_frames=20), request("green", num_frames=1)]
    texts = ["A red picture.", "One. " * 30, "A green picture."]
    alone = [aligner.align([clip], [text])[0] for clip, text in zip(clips, texts, strict=True)]
    assert aligner.align(clips, texts) == pytest.approx(alone, abs=1e-5)
    assert aligner.align(clips * 12, texts * 12) == pytest.approx(alone * 12, abs=1e-5)


def test_no_frames_and_no_text_have_no_score(aligner: OpenClipAligner) -> None:
    broken = replace(request("red"), clip=None, frames=(StoredFrame(time_s=0.0, jpeg=b"no"),))
    picture = io.BytesIO()
    Image.new("RGB", (40, 40), COLOURS["red"]).save(picture, "JPEG")
    stored = replace(broken, frames=(StoredFrame(time_s=0.0, jpeg=picture.getvalue()),))
    empty = replace(request("red"), clip=None)
    text = "A red picture."
    scores = aligner.align([broken, empty, request("red"), stored], [text, text, "  ", text])
    assert scores[:3] == [None, None, None]
    assert scores[3] is not None


def test_the_name_follows_the_weights(aligner: OpenClipAligner, weights: Path) -> None:
    import torch

    state = torch.load(weights)
    state["logit_scale"] += 1
    torch.save(state, weights.with_name("other.pt"))
    assert aligner.name.startswith(f"open_clip {NAME} ")
    assert OpenClipAligner(NAME, str(weights)).name == aligner.name
    assert OpenClipAligner(NAME, str(weights.with_name("other.pt"))).name != aligner.name


@pytest.mark.parametrize(
    ("model", "chosen", "message"),
    [
        (NAME, None, "no weights"),
        (NAME, "/nowhere/weights.pt", "no weights at"),
        ("ViT-B-31", "no-such-tag", "cannot load"),
    ],
)
def test_what_open_clip_cannot_load_is_a_user_error(
    weights: Path, model: str, chosen: str | None, message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        OpenClipAligner(model, chosen)
    assert "caption." in caught.value.hint or "name an architecture" in caught.value.hint


@dataclass
class FakeReader:
    """Embeds a clip by its mean colour and a text by its length; blue is out of its domain."""

    revision: str = "abc"

    def read(self, clips: Sequence[Frames], **_: Any) -> list[Any]:
        found = []
        for clip in clips:
            mean_C = clip.pixels_THWC.mean((0, 1, 2))
            point_D = mean_C / np.linalg.norm(mean_C)
            found.append(SimpleNamespace(in_domain=bool(mean_C[2] < 150), point_D=point_D))
        return found

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[1.0, 0, 0] if "red" in text else [0, 1.0, 0] for text in texts])


def test_the_tiny_aligner_scores_world_clips_only() -> None:
    aligner = TinyAligner(WorldSight(FakeReader()))  # type: ignore[arg-type]
    undecoded = replace(request("red"), clip=None)
    colours = ["blue", "green", "red", "red", "red"]
    clips = [replace(request(c), request_id=str(i)) for i, c in enumerate(colours)]
    clips[2] = undecoded
    texts = ["A red one.", "A green one.", "A red one.", "A red one.", "A green one."]
    scores = aligner.align(clips, texts)
    assert scores[0] is None
    assert scores[2] is None
    assert scores[1] == pytest.approx(0.97, abs=0.02)
    assert scores[3] == pytest.approx(0.97, abs=0.02)
    assert scores[4] == pytest.approx(0.15, abs=0.02)
    assert aligner.align([undecoded], ["A red one."]) == [None]


def test_the_settings_choose_the_aligner(weights: Path) -> None:
    named = {"open_clip_model": NAME, "open_clip_weights": str(weights)}
    assert load_aligner(CaptionSettings(aligner="off", **named)) is None
    for wanted in ("auto", "open_clip"):
        found = load_aligner(CaptionSettings(aligner=wanted, **named))
        assert isinstance(found, OpenClipAligner)
        assert isinstance(found, Aligner)
    with pytest.raises(UserError, match="no weights for ViT-B-32"):
        load_aligner(CaptionSettings(aligner="open_clip"))


def test_without_weights_auto_scores_nothing_and_tiny_complains(tmp_path: Path) -> None:
    nowhere = TinySettings(weights=str(tmp_path / "none.safetensors"))
    assert load_aligner(CaptionSettings(aligner="auto", tiny=nowhere)) is None
    with pytest.raises(UserError):
        load_aligner(CaptionSettings(aligner="tiny", tiny=nowhere))
