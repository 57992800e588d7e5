"""What is here, what is missing, and how to get it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = (
    "rushes",
    "ray",
    "pyarrow",
    "deltalake",
    "duckdb",
    "av",
    "decord",
    "scenedetect",
    "torch",
    "transformers",
    "open_clip_torch",
)
_DECODERS = ("h264", "hevc", "vp8", "vp9", "libdav1d", "mpeg4", "mpeg2video", "mjpeg", "prores")
_ENCODERS = ("libx264", "libvpx-vp9", "mpeg4")
_OURS = ("schemas", "pipeline", "captioner", "generator", "orchestration")
_OPTIONAL = {
    "llguidance": "transformers",
    "num2words": "transformers",
    "peft": "finetune",
    "diffusers": "codecs",
    "vllm": "vllm",
}
"""Packages that some captioners and codecs want, and the extra that brings them."""
_DISK_FREE_MIN_GB = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `hint` says what to do where it is not well."""

    name: str
    is_well: bool
    found: str
    hint: str = ""


def examine(folder: Path) -> list[Finding]:
    """Look at interpreter, packages, codecs, devices and the disk under `folder`."""
    findings = [
        Finding(
            "python",
            sys.version_info >= (3, 11),
            platform.python_version(),
            "Rushes needs Python 3.11 or newer",
        )
    ]
    findings += [_package(name) for name in _PACKAGES]
    findings += [_guard("our packages", _own_code), _guard("codecs", _codecs)]
    findings += [_guard("torch device", _device), _guard("torchvision", _vision)]
    findings += [_guard("captioner tiny", _tiny), _extras(), _disk(folder)]
    return findings


def as_rows(findings: list[Finding]) -> list[dict[str, Any]]:
    """Return the findings as plain data."""
    return [asdict(finding) for finding in findings]


def _guard(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except Exception as error:  # a broken library must not stop the examination
        return Finding(name, False, f"{type(error).__name__}: {error}", "reinstall: make setup")


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(name, False, "missing", f"pip install {name}")


def _own_code() -> Finding:
    """Check that the five packages are ours and lie together; other projects use such names."""
    import importlib

    places = {
        Path(importlib.import_module(name).__file__ or "").resolve().parent.parent for name in _OURS
    }
    if len(places) == 1:
        return Finding("our packages", True, str(places.pop()))
    return Finding(
        "our packages",
        False,
        ", ".join(sorted(map(str, places))),
        "another distribution holds a package of the same name: use a fresh environment",
    )


def _codecs() -> Finding:
    from pipeline.media import missing_codecs

    missing = missing_codecs(_DECODERS, _ENCODERS)
    found = f"{len(_DECODERS)} decoders, {len(_ENCODERS)} encoders looked for"
    if missing:
        return Finding(
            "codecs", False, f"missing: {', '.join(missing)}", "pip install --upgrade av"
        )
    return Finding("codecs", True, found)


def _device() -> Finding:
    import torch

    if torch.cuda.is_available():
        names = {torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())}
        return Finding("torch device", True, f"{torch.cuda.device_count()} x {', '.join(names)}")
    return Finding("torch device", True, f"CPU, {os.cpu_count()} cores (small models only)")


def _vision() -> Finding:
    from schemas.vision_imports import ready_vision

    if ready_vision():
        return Finding(
            "torchvision", True, "built for another torch: its missing operators are set"
        )
    return Finding("torchvision", True, "fits torch")


def _tiny() -> Finding:
    from captioner.tiny.reader import SHIPPED, TinyReader

    reader = TinyReader.load()
    size_mb = SHIPPED.stat().st_size / 1e6
    return Finding("captioner tiny", True, f"weights {reader.revision}, {size_mb:.1f} MB")


def _extras() -> Finding:
    """Say which optional packages are there; none of them has to be."""
    there, missing = [], []
    for name, extra in _OPTIONAL.items():
        try:
            there.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(f"{name} (rushes[{extra}])")
    found = ", ".join(there) or "none"
    return Finding("extras", True, f"{found}; not there: {', '.join(missing) or 'none'}")


def _disk(folder: Path) -> Finding:
    while not folder.exists():
        folder = folder.parent
    free_gb = shutil.disk_usage(folder).free / 1e9
    return Finding(
        "disk",
        free_gb >= _DISK_FREE_MIN_GB,
        f"{free_gb:.0f} GB free",
        "the demo needs about 1 GB; footage and checkpoints need more",
    )
