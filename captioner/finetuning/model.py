"""Which weights of a model are trained, and how they are saved."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path
from typing import Any

from captioner.backends.transformers_model import Loaded
from captioner.finetuning.settings import FinetuneSettings
from schemas.errors import UserError

log = logging.getLogger(__name__)


def make_trainable(loaded: Loaded, settings: FinetuneSettings) -> None:
    """Freeze all weights but those that are trained.

    With `lora` every linear layer of the language part gets an adapter, or the adapter that
    the settings name is taken up. With `full` all is trained but what sees: frozen eyes keep
    what they know, and the frames of a batch need no gradient. Raises UserError without peft.
    """
    checkpointing = settings.gradient_checkpointing
    if checkpointing if checkpointing is not None else loaded.device != "cpu":
        loaded.model.gradient_checkpointing_enable(
            gradient_checkpointing_kwargs={"use_reentrant": False}
        )
    if settings.method == "lora":
        loaded.model = _with_lora(loaded.model, settings)
    else:
        seeing = {id(weight) for weight in _seeing(loaded.model)}
        for weight in loaded.model.parameters():
            weight.requires_grad_(id(weight) not in seeing)
    trained = sum(w.numel() for w in loaded.model.parameters() if w.requires_grad)
    log.info("%.2f million weights of %s are trained", trained / 1e6, loaded.name)


def _with_lora(model: Any, settings: FinetuneSettings) -> Any:
    try:
        from peft import LoraConfig, PeftModel, get_peft_model
    except ImportError as error:
        raise UserError(
            "fine-tuning by LoRA needs peft",
            "pip install 'rushes[finetune]', or choose the method `full`",
        ) from error
    adapter = settings.transformers.adapter
    if adapter is not None:
        if not (Path(adapter) / "adapter_config.json").is_file():
            raise UserError(f"no adapter at {adapter}", "name a folder `adapter` of fine-tuning")
        return PeftModel.from_pretrained(model, adapter, is_trainable=True)
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=_layers(model),
        bias="none",
    )
    return get_peft_model(model, config)


def _layers(model: Any) -> list[str]:
    """Return the names of all linear layers of the language part; not its output layer."""
    from torch.nn import Linear

    names = {id(module): name for name, module in model.named_modules()}
    return [
        names[id(module)] for module in model.get_decoder().modules() if isinstance(module, Linear)
    ]


def _seeing(model: Any) -> list[Any]:
    """Return the weights of the part that sees, without the projection into language."""
    inner = model.model
    for name in ("vision_model", "vision_tower", "visual", "vision_encoder"):
        part = getattr(inner, name, None)
        if part is not None:
            return list(part.parameters())
    return []


def save_trained(loaded: Loaded, folder: Path, method: str) -> Path:
    """Write `folder/adapter`, or `folder/model` with its processor, and return it."""
    path = folder / ("adapter" if method == "lora" else "model")
    partial = folder / f".{path.name}.{os.getpid()}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    loaded.model.save_pretrained(partial)
    if method == "full":
        loaded.processor.save_pretrained(partial)
    shutil.rmtree(path, ignore_errors=True)
    partial.replace(path)
    return path
