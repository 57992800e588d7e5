"""Loading models: from folders, from the hub's cache, and what a user reads where that fails."""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from captioner.backends.transformers_model import Loaded, load_model
from captioner.settings import TransformersSettings
from schemas.errors import UserError
from tests.captioner import checkpoints


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.make_qwen3_vl(tmp_path_factory.mktemp("qwen3_vl"))


def load(folder: Path, **settings: Any) -> Loaded:
    return load_model(TransformersSettings(**{"model": str(folder), "device": "cpu", **settings}))


def test_a_missing_model_tells_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small: Path
) -> None:
    with pytest.raises(UserError, match="holds no model") as caught:
        load(tmp_path)
    assert "config.json" in caught.value.hint
    shutil.copytree(small, tmp_path / "damaged")
    weights = tmp_path / "damaged" / "model.safetensors"
    weights.unlink()
    with pytest.raises(UserError, match="no whole model"):
        load(tmp_path / "damaged")
    weights.write_bytes(b"half of a download")
    with pytest.raises(UserError, match="cannot be loaded"):
        load(tmp_path / "damaged")
    with pytest.raises(UserError, match="no adapter"):
        load(small, adapter=str(tmp_path / "none"))
    with pytest.raises(UserError, match="no device `cuda`"):
        monkeypatch.setattr("torch.cuda.is_available", lambda: False)
        load(small, device="cuda")


def test_a_model_of_the_hub_is_named_by_its_commit(tmp_path: Path, small: Path) -> None:
    """Run offline in an interpreter of its own, over a cache as the hub's client lays it out."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    cache = tmp_path / "hub" / "models--our--small"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text(commit)
    shutil.copytree(small, cache / "snapshots" / commit)
    code = """
from captioner.backends.transformers_model import load_model
from captioner.settings import TransformersSettings
from schemas.errors import UserError
print(load_model(TransformersSettings(model="our/small", device="cpu")).revision)
try:
    load_model(TransformersSettings(model="our/other", device="cpu"))
except UserError as error:
    print(error.message.split(":")[0], "|", error.hint)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.strip().splitlines()
    assert first == commit
    assert second.startswith("model `our/other` cannot be had | fetch it")
    assert "hf download our/other" in second


def test_the_revision_of_a_folder_follows_its_weights(tmp_path: Path, small: Path) -> None:
    here = load(small).revision
    shutil.copytree(small, tmp_path / "copy")
    assert load(tmp_path / "copy").revision == here
    checkpoints.make_qwen3_vl(tmp_path / "other", seed=1)
    assert load(tmp_path / "other").revision != here


def test_a_restricted_licence_is_told(
    tmp_path: Path, small: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(small, tmp_path / "model")
    card = tmp_path / "model" / "README.md"
    with caplog.at_level(logging.WARNING, logger="captioner"):
        card.write_text("---\nlicense: apache-2.0\n---\nFor research and all else.\n")
        load(tmp_path / "model")
        assert not caplog.records
        card.write_text("---\nlicense: cc-by-nc-4.0\n---\n")
        load(tmp_path / "model")
    assert "cc-by-nc-4.0" in caplog.text
