"""Make `import torchvision` work beside a torch that it was not built for.

transformers' video processors, diffusers and open_clip import torchvision. Its wheel from the
package index is built for CUDA; beside a torch for CPU its compiled operators cannot be loaded,
and the import ends with `operator torchvision::nms does not exist`. The two operators that are
asked for while importing find overlapping boxes of detectors; nothing of ours calls them. So
their names are declared, without code behind them, and the import passes.
"""

from __future__ import annotations

import importlib
import logging
import threading

from schemas.errors import UserError

log = logging.getLogger(__name__)

_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_OPERATORS = ("nms", "qnms")
_lock = threading.Lock()
_declared: list[object] = []  # torch forgets a library's operators when the object goes


def ready_vision(*, is_needed: bool = True) -> bool:
    """Import torchvision, declaring its missing operators first where the plain import fails.

    Call it before the first import of open_clip, of diffusers or of a vision class of
    transformers; again is free. Returns whether operators had to be declared in this process.
    Raises UserError where torchvision fails in another way, and, where it `is_needed`, if it
    is not installed.
    """
    with _lock:
        try:
            importlib.import_module("torchvision")
        except ImportError as error:
            if is_needed:
                raise _cannot_import(error) from error
        except RuntimeError as error:
            if "torchvision::" not in str(error):
                raise _cannot_import(error) from error
            _declare_operators()
            try:
                importlib.import_module("torchvision")
            except (ImportError, RuntimeError) as second:
                raise _cannot_import(second) from second
            log.info("torchvision was built for another torch; its compiled operators are not used")
        return bool(_declared)


def _declare_operators() -> None:
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for name in _OPERATORS:
        if not hasattr(torch.ops.torchvision, name):
            library.define(name + _SIGNATURE)  # type: ignore[no-untyped-call]
    _declared.append(library)


def _cannot_import(error: Exception) -> UserError:
    return UserError(
        f"torchvision cannot be imported: {error}",
        "install the torchvision that belongs to your torch: https://pytorch.org/get-started",
    )
