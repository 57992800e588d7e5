"""Load a model of the Hugging Face hub, or of a folder, with its processor and its adapter."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captioner.settings import TransformersSettings
from schemas.errors import UserError
from schemas.ids import file_sha256
from schemas.processor import multiplies_bfloat16_fast
from schemas.vision_imports import ready_vision

log = logging.getLogger(__name__)

DEFAULT_ON_CPU = "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"
DEFAULT_ON_GPU = "Qwen/Qwen3-VL-2B-Instruct"

RESTRICTED: Mapping[str, str] = {
    "Qwen/Qwen2.5-VL-3B": "Qwen Research Licence",
    "apple/FastVLM": "Apple research licence",
    "facebook/Perception-LM": "FAIR non-commercial research licence",
    "LiquidAI/LFM": "LFM Open Licence, limited by revenue",
}
"""Models whose licence restricts commercial use: how the name begins, and the licence."""

_RESTRICTED_CARD = re.compile(
    r"^license(?:_name)?:\s*(\S*(?:-nc|research|amlr|lfm)\S*)", re.MULTILINE | re.IGNORECASE
)
_WHOLE_FOLDER = "name a folder as save_pretrained writes it: config.json, weights, processor"
_DIGITS = 12


@dataclass(slots=True, kw_only=True)
class Loaded:
    """A model that is ready to answer. `revision` changes with the weights and the adapter."""

    model: Any
    processor: Any
    name: str
    revision: str
    device: str

    @property
    def tokenizer(self) -> Any:
        """The processor's tokenizer."""
        return self.processor.tokenizer

    @property
    def kind(self) -> str:
        """The kind of model: `smolvlm`, `qwen3_vl` ..."""
        return str(self.model.config.model_type)


def load_model(settings: TransformersSettings) -> Loaded:
    """Return the model that the settings name, in evaluation mode on its device.

    Loads from the hub's cache where the model is there, else from the network. Raises
    UserError where the model cannot be had, cannot be loaded or cannot be talked to.
    """
    ready_vision()
    device = choose_device(settings.device)
    name = settings.model or (DEFAULT_ON_CPU if device == "cpu" else DEFAULT_ON_GPU)
    where = {"revision": settings.revision, "trust_remote_code": settings.trust_remote_code}
    if settings.revision is None:
        del where["revision"]
    _warn_of_licence(name)
    processor, model = _from_pretrained(name, where, _dtype(settings, device))
    _check_processor(name, processor)
    revision = _revision(name, settings.revision)
    if settings.adapter is not None:
        model, digest = _with_adapter(model, Path(settings.adapter))
        revision = f"{revision}+{digest}"
    try:
        model = model.to(device).eval()
    except (RuntimeError, AssertionError) as error:
        raise UserError(
            f"model `{name}` cannot be put on {device}: {_first_line(error)}",
            "set caption.transformers.device to `cpu`, or choose a smaller model",
        ) from error
    return Loaded(model=model, processor=processor, name=name, revision=revision, device=device)


def choose_device(wanted: str) -> str:
    """Return `cpu`, `cuda` or `cuda:N`; `auto` takes a GPU where there is one."""
    import torch

    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise UserError(
            f"there is no device `{wanted}` for the captioner",
            "set caption.transformers.device to `auto` or `cpu`; `rushes doctor` tells more",
        )
    return wanted


def _dtype(settings: TransformersSettings, device: str) -> Any:
    """Return the torch type of the weights; `auto` is bfloat16 where the machine is fast at it."""
    import torch

    if settings.dtype != "auto":
        return getattr(torch, settings.dtype)
    if device == "cpu":
        return torch.bfloat16 if multiplies_bfloat16_fast() else torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def _from_pretrained(name: str, where: dict[str, Any], dtype: Any) -> tuple[Any, Any]:
    from transformers import AutoModelForImageTextToText, AutoProcessor

    is_path = Path(name).is_dir() or name.startswith((".", "/", "~"))
    if is_path and not (Path(name) / "config.json").is_file():
        raise UserError(f"{name} holds no model: config.json is missing", _WHOLE_FOLDER)
    try:
        processor = AutoProcessor.from_pretrained(name, **where)
        model = AutoModelForImageTextToText.from_pretrained(name, dtype=dtype, **where)
    except ImportError as error:  # num2words, which SmolVLM's processor wants
        raise UserError(
            f"model `{name}` needs a package that is not installed: {_first_line(error)}",
            "pip install 'rushes[transformers]', or the package that is named",
        ) from error
    except OSError as error:
        raise _not_there(name, error) from error
    except Exception as error:  # what a foreign or damaged folder raises is not specified
        raise UserError(
            f"model `{name}` cannot be loaded: {_first_line(error)}",
            "choose a video or multi-image model that transformers knows, such as "
            f"{DEFAULT_ON_CPU}; a damaged download is mended by deleting it",
        ) from error
    return processor, model


def _not_there(name: str, error: OSError) -> UserError:
    if Path(name).is_dir():
        return UserError(f"{name} holds no whole model: {_first_line(error)}", _WHOLE_FOLDER)
    return UserError(
        f"model `{name}` cannot be had: {_first_line(error)}",
        f"fetch it where there is a network (hf download {name}), name a local folder as "
        "caption.transformers.model, or take the backend `tiny` or `measured`",
    )


def _check_processor(name: str, processor: Any) -> None:
    if getattr(processor, "tokenizer", None) is None:
        raise UserError(f"model `{name}` does not take text and pictures", "choose another model")
    template = getattr(processor, "chat_template", None) or processor.tokenizer.chat_template
    if not template:
        raise UserError(
            f"model `{name}` has no chat template",
            "choose a model that was tuned to follow instructions (`-Instruct`)",
        )
    processor.chat_template = template
    tokenizer = processor.tokenizer
    tokenizer.padding_side = "left"
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    videos = getattr(processor, "video_processor", None)
    if videos is not None and getattr(videos, "cap_pixels_per_frame", True) is None:
        # Else a clip of few frames costs Qwen3-VL as many tokens as one of many.
        videos.cap_pixels_per_frame = True


def _with_adapter(model: Any, folder: Path) -> tuple[Any, str]:
    """Return the model with the adapter merged into its weights, and the adapter's digest."""
    if not (folder / "adapter_config.json").is_file():
        raise UserError(
            f"no adapter at {folder}", "name the folder `adapter` that training has written"
        )
    try:
        from peft import PeftModel
    except ImportError as error:
        raise UserError("adapters need peft", "pip install 'rushes[finetune]'") from error
    try:
        adapted = PeftModel.from_pretrained(model, str(folder))
        return adapted.merge_and_unload(), digest_of(folder)
    except (RuntimeError, ValueError, OSError, KeyError) as error:
        raise UserError(
            f"the adapter at {folder} does not fit the model: {_first_line(error)}",
            "load it onto the model that it was trained from",
        ) from error


def digest_of(folder: Path) -> str:
    """Return digits of a hash over the bytes of a folder's weights and settings, and their names.

    Reads every byte: two fine-tunes of one model differ in nothing else.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in (".json", ".safetensors", ".bin", ".jinja", ".txt", ".model"):
            digest.update(f"{path.name} {file_sha256(path)}\n".encode())
    return digest.hexdigest()[:_DIGITS]


def _revision(name: str, wanted: str | None) -> str:
    """Return the commit of a model in the hub's cache, or the digest of a local folder."""
    if Path(name).is_dir():
        return digest_of(Path(name))
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(name, "config.json", revision=wanted or "main")
    return Path(path).parent.name if isinstance(path, str) else (wanted or "main")


def _warn_of_licence(name: str) -> None:
    licence = next((text for start, text in RESTRICTED.items() if name.startswith(start)), None)
    card = Path(name) / "README.md"
    if licence is None and card.is_file():
        found = _RESTRICTED_CARD.search(card.read_text(encoding="utf-8", errors="replace"))
        licence = found[1] if found else None
    if licence is not None:
        log.warning("%s is not free for every use: %s. Captions may be bound by it.", name, licence)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
