"""Text read by an encoder trained elsewhere: T5, umT5, CLIP or a language model of transformers.

Its states are computed once for each text and kept on disk, in half precision, so training costs
no text encoder; where all texts are there, its weights are not even loaded. The video model learns
only a projection of the states.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from generator.clips import write_array
from generator.hub import first_line, places_of
from schemas.errors import UserError
from schemas.ids import content_id, file_sha256
from schemas.vision_imports import ready_vision

OWN = "own"
MAX_TOKENS = 512
"""Tokens of a text beyond this many, or beyond what the encoder takes, are not read."""

_REVISION = "1"
"""Raised where this file would make other states of the same text."""
_TOKENIZERS = {"": "", "text_encoder": "tokenizer"}
"""Where an encoder may lie, and where its tokenizer then does; the second is a pipeline's."""
_HASHED = (".json", ".safetensors", ".bin", ".model", ".txt", ".jinja")
_MEMORY_BYTES = 1 << 30
_HALF_MAX = 65504.0
_AT_ONCE = {"cpu": 1, "cuda": 32}
_AHEAD = 1024


class TextStates:
    """A frozen text encoder; calling it returns states B,L,T and a mask B,L.

    `folder` keeps the states, one file per text and encoder; without it they last as long as
    there is memory for them. A GPU reads `batch_size` texts at once. A CPU reads each alone, so
    that rounding never depends on a text's neighbours and a resumed training repeats the
    unbroken one to the last bit; there is little to win from batches there.

    Raises UserError where encoder or tokenizer cannot be read; weights are loaded when the
    first text is to be read.
    """

    def __init__(
        self, source: str, folder: Path | None = None, *, batch_size: int | None = None
    ) -> None:
        self.source = source
        self._folder = folder
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._batch_size = batch_size or _AT_ONCE[self._device.type]
        self._where, places = places_of(source, tuple(_TOKENIZERS))
        if not places:
            raise UserError(
                f"no text encoder at {source}: there is no config.json",
                "name a folder that holds one, itself or in `text_encoder`, a name of the hub, "
                f"OWNER/NAME, or `{OWN}`",
            )
        ready_vision(is_needed=False)
        self._config, self._subfolder = self._read_config(places)
        self._tokenizer = self._read_tokenizer()
        self._network: Any = None
        self._memory: OrderedDict[str, Tensor] = OrderedDict()
        self._memory_bytes = 0

    @property
    def width(self) -> int:
        """Numbers in one state, T."""
        return int(self._config.get_text_config().hidden_size)

    @cached_property
    def revision(self) -> str:
        """Changes whenever the states of the same text would change.

        The commit of an encoder from the hub; of one in a folder, the hash of every byte.
        """
        commit = getattr(self._config, "_commit_hash", None)
        digest = hashlib.sha256(f"{_REVISION} {MAX_TOKENS} {self.source} {commit}".encode())
        if Path(self._where).is_dir():
            digest = hashlib.sha256(f"{_REVISION} {MAX_TOKENS}".encode())
            for subfolder in sorted({self._subfolder, _TOKENIZERS[self._subfolder]}):
                for path in sorted((Path(self._where) / subfolder).iterdir()):
                    if path.suffix in _HASHED and path.is_file():
                        digest.update(f"{subfolder}/{path.name} {file_sha256(path)}\n".encode())
        return digest.hexdigest()[:12]

    def __call__(self, prompts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return states of the last layer (float32) and a mask that is True on tokens.

        A text without any token has one state of zeros.
        """
        known = self._states_of(prompts)
        rows = [known[prompt].float() for prompt in prompts]
        states = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        mask = torch.arange(states.shape[1])[None] < torch.tensor([len(r) for r in rows])[:, None]
        return states, mask

    def keep(self, prompts: Sequence[str]) -> None:
        """Read texts ahead, so that later calls find their states.

        Worth a call before training, with all captions: a GPU's batches are then full.
        """
        unique = list(dict.fromkeys(prompts))
        for first in range(0, len(unique), _AHEAD):
            self._states_of(unique[first : first + _AHEAD])

    def _states_of(self, prompts: Sequence[str]) -> dict[str, Tensor]:
        """Return the states L,T of each text in half precision, on the CPU."""
        found: dict[str, Tensor] = {}
        missing: list[str] = []
        for prompt in dict.fromkeys(prompts):
            states = self._recalled(prompt)
            if states is None:
                missing.append(prompt)
            else:
                found[prompt] = states
        for prompt, states in self._read(missing):
            self._remember(prompt, states)
            if self._folder is not None:
                write_array(self._path(self._folder, prompt), states.numpy())
            found[prompt] = states
        return found

    def _recalled(self, prompt: str) -> Tensor | None:
        """Return states from memory or disk; None for a text to be read, or a damaged file."""
        if prompt in self._memory:
            self._memory.move_to_end(prompt)
            return self._memory[prompt]
        if self._folder is None:
            return None
        try:
            found = np.load(self._path(self._folder, prompt))
        except (OSError, ValueError, EOFError):
            return None
        if found.dtype != np.float16 or found.ndim != 2 or found.shape[1] != self.width:
            return None
        states = torch.from_numpy(found)
        self._remember(prompt, states)
        return states

    def _remember(self, prompt: str, states: Tensor) -> None:
        """Keep states in memory, letting go of those used longest ago."""
        self._memory[prompt] = states
        self._memory_bytes += states.nbytes
        while self._memory_bytes > _MEMORY_BYTES and len(self._memory) > 1:
            self._memory_bytes -= self._memory.popitem(last=False)[1].nbytes

    def _path(self, folder: Path, prompt: str) -> Path:
        key = content_id("txt", self.revision, prompt)
        return folder / key[-2:] / f"{key}.npy"

    def _read(self, prompts: Sequence[str]) -> Iterator[tuple[str, Tensor]]:
        """Yield texts with their states, those of like length together."""
        if not prompts:
            return
        tokens = sorted(((self._tokens(p), p) for p in prompts), key=lambda pair: len(pair[0]))
        for first in range(0, len(tokens), self._batch_size):
            batch = tokens[first : first + self._batch_size]
            states_BLT = self._forward([ids for ids, _ in batch])
            for (ids, prompt), states in zip(batch, states_BLT, strict=True):
                yield prompt, states[: max(1, len(ids))].clone()

    def _tokens(self, prompt: str) -> list[int]:
        limits = (
            MAX_TOKENS,
            self._tokenizer.model_max_length,
            getattr(self._config.get_text_config(), "max_position_embeddings", None) or MAX_TOKENS,
        )
        ids: list[int] = self._tokenizer(prompt, truncation=True, max_length=int(min(limits)))[
            "input_ids"
        ]
        return ids

    @torch.no_grad()
    def _forward(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Return states B,L,T in half precision on the CPU; the padding is masked, whatever it is.

        Raises UserError where the encoder cannot read the tokens.
        """
        longest = max(1, *map(len, rows))
        ids = torch.full((len(rows), longest), self._tokenizer.pad_token_id or 0)
        mask = torch.zeros_like(ids)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = torch.tensor(row)
            mask[index, : len(row)] = 1
        if not mask.any():
            return torch.zeros(*ids.shape, self.width, dtype=torch.float16)
        network = self._loaded()
        num_known = network.get_input_embeddings().weight.shape[0]
        if int(ids.max()) >= num_known:
            raise UserError(
                f"the tokenizer at {self.source} has token {int(ids.max())}, the encoder knows "
                f"{num_known}",
                "put encoder and tokenizer of the same model into the folder",
            )
        # A trainer may call this under autocast; states must not depend on that.
        with torch.autocast(self._device.type, enabled=False):
            out = network(input_ids=ids.to(self._device), attention_mask=mask.to(self._device))
        states: Tensor = out.last_hidden_state.float()
        if not torch.isfinite(states[mask.bool().to(self._device)]).all():
            raise UserError(
                f"the text encoder {self.source} gives numbers that are not finite",
                "its weights are damaged, or overflow in their precision",
            )
        states = states.clamp(-_HALF_MAX, _HALF_MAX).half().cpu()
        return states.masked_fill(mask[..., None] == 0, 0.0)

    def _loaded(self) -> Any:
        """Return the network, loaded when it is first wanted."""
        if self._network is None:
            self._network = self._load()
        return self._network

    def _load(self) -> Any:
        from transformers import AutoModel, MT5EncoderModel, T5EncoderModel, UMT5EncoderModel

        kinds = {"t5": T5EncoderModel, "umt5": UMT5EncoderModel, "mt5": MT5EncoderModel}
        kind = kinds.get(self._config.model_type, AutoModel)
        try:
            network, info = kind.from_pretrained(
                self._where,
                subfolder=self._subfolder,
                dtype=torch.float32 if self._device.type == "cpu" else "auto",
                output_loading_info=True,
            )
        except Exception as error:  # what a foreign or damaged folder raises is not specified
            raise self._unreadable(error) from error
        missing = sorted(k for k in info["missing_keys"] if not k.startswith("pooler."))
        if missing:
            raise self._unreadable(KeyError(f"no {missing[0]}"))
        if getattr(network.config, "is_encoder_decoder", False) and kind is AutoModel:
            network = network.get_encoder()
        network.config.use_cache = False
        return network.eval().requires_grad_(False).to(self._device)

    def _read_config(self, places: Sequence[str]) -> tuple[Any, str]:
        """Return the config of the encoder, and the subfolder that it was found in."""
        from transformers import AutoConfig

        problem: Exception | None = None
        for subfolder in places:
            try:
                config = AutoConfig.from_pretrained(self._where, subfolder=subfolder)
            except Exception as error:  # as above
                problem = problem or error
                continue
            if not getattr(config.get_text_config(), "hidden_size", None):
                raise self._unreadable(ValueError(f"{config.model_type} is no text model"))
            return config, subfolder
        assert problem is not None
        raise self._unreadable(problem) from problem

    def _read_tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        subfolder = _TOKENIZERS[self._subfolder]
        why = "it knows no letters; its files are missing"
        try:
            tokenizer = AutoTokenizer.from_pretrained(self._where, subfolder=subfolder)
            # Without its files, a tokenizer of some families is an empty one.
            ids = tokenizer("a", add_special_tokens=False)["input_ids"]
            if ids and tokenizer.unk_token_id not in ids:
                return tokenizer
        except Exception as error:  # as above; often a package that is missing
            why = first_line(error)
        raise UserError(
            f"the tokenizer of {self.source} cannot be read: {why}",
            "put the tokenizer's files where the encoder's are; install the package that is "
            "named, where one is (often sentencepiece)",
        )

    def _unreadable(self, why: Exception) -> UserError:
        hint = f"name a folder or a hub name of a transformers text model, or `{OWN}`"
        if "gated" in str(why):
            hint = "ask for access on the model's page, then log in: hf auth login"
        return UserError(f"no text encoder can be read from {self.source}: {first_line(why)}", hint)


def open_text(source: str, folder: Path | None = None) -> TextStates | None:
    """Return the encoder that `train.text` names; None for our own, trained along.

    `folder` keeps the states of texts between runs. Raises UserError for one that is not there.
    """
    return None if source == OWN else TextStates(source, folder)
