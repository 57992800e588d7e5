"""Weights trained elsewhere: where they lie, and how the libraries that read them are imported.

transformers and diffusers import torchvision wherever it is installed. Its wheel from the package
index is built for CUDA and cannot load its operators beside a torch for CPU: `operator
torchvision::nms does not exist`. No text encoder and no video codec calls these operators, so
their names are declared without code behind them (`captioner/vision_imports.py` does the same for
the captioners, which this package does not import).
"""

from __future__ import annotations

import importlib
import re
import threading
from collections.abc import Sequence
from pathlib import Path

from schemas.errors import UserError

_HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w.-]+")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_lock = threading.Lock()
_declared: list[object] = []  # torch forgets a library's operators when the object goes


def places_of(where: str, subfolders: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return a folder or a name of the hub, and the subfolders that may hold a config.json.

    Of a folder those that do, "" for itself; of OWNER/NAME on the hub, all. None are left where
    nothing can be found.
    """
    folder = Path(where).expanduser()
    if not folder.is_dir() and _HUB_NAME.fullmatch(where):
        return where, tuple(subfolders)
    there = tuple(s for s in subfolders if where and (folder / s / "config.json").is_file())
    return str(folder), there


def first_line(error: Exception) -> str:
    """Return what an error says, without the advice that libraries add."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def ready_vision() -> None:
    """See to it that transformers and diffusers can be imported; call it before, again is free.

    Raises UserError where torchvision is there and fails in another way.
    """
    with _lock:
        try:
            importlib.import_module("torchvision")
        except ImportError:
            return  # both do without
        except RuntimeError as error:
            if "torchvision::" not in str(error):
                raise UserError(
                    f"torchvision cannot be imported: {error}",
                    "install the torchvision that belongs to your torch, or uninstall it",
                ) from error
            _declare_operators()
            importlib.import_module("torchvision")


def _declare_operators() -> None:
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            library.define(name + _SIGNATURE)  # type: ignore[no-untyped-call]
    _declared.append(library)
