"""Language models that answer messages: behind a server, or here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from captioner.request import Attempt
from captioner.settings import OpenAISettings
from schemas.errors import UserError

Message = Mapping[str, str]
"""`role` (`system`, `user`, `assistant`) and `content`."""


class ChatModel(Protocol):
    """Answers messages with text. `name` and `model` go into the expansion."""

    name: str
    model: str

    def complete(
        self,
        messages: Sequence[Message],
        *,
        seed: int,
        temperature: float,
        max_new_tokens: int,
        schema: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the answer, as the model wrote it. Raises UserError where none can be had.

        `schema` is a JSON schema for the answer; a model that cannot be held to it may ignore it.
        """
        ...


class ServerChat:
    """A model behind a server that speaks the OpenAI chat protocol."""

    name = "openai"

    def __init__(self, settings: OpenAISettings) -> None:
        """Reach the server and learn its model's name. Raises UserError where it cannot."""
        from captioner.backends.openai_server import ChatServer

        self._server = ChatServer(settings)
        self.model = self._server.model.name

    def complete(
        self,
        messages: Sequence[Message],
        *,
        seed: int,
        temperature: float,
        max_new_tokens: int,
        schema: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the server's answer, empty where it gave none; see `ChatModel`."""
        attempt = Attempt(
            seed=seed,
            temperature=temperature,
            max_new_tokens=max_new_tokens,
            repetition_penalty=1.0,
        )
        return self._server.complete(messages, attempt, schema).text

    def close(self) -> None:
        """Close the connections."""
        self._server.close()


class LocalChat:
    """A causal language model of the Hugging Face hub or a local folder, run here."""

    name = "transformers"

    def __init__(self, model: str, *, revision: str | None = None, device: str = "auto") -> None:
        """Load the model. Raises UserError where it cannot be loaded."""
        from schemas.vision_imports import ready_vision

        ready_vision()
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(model, revision=revision)
            self._model = AutoModelForCausalLM.from_pretrained(
                model,
                revision=revision,
                dtype=torch.float32 if device == "cpu" else torch.bfloat16,
            )
        except (OSError, ValueError) as error:
            raise UserError(
                f"the language model `{model}` cannot be loaded: {str(error).splitlines()[0]}",
                "name a folder or a model of the hub: `--set expand.model=...`",
            ) from error
        self._model.to(device).eval()
        self.model = model

    def complete(
        self,
        messages: Sequence[Message],
        *,
        seed: int,
        temperature: float,
        max_new_tokens: int,
        schema: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the model's answer; the same seed gives the same one."""
        import torch

        prompt = self._prompt(messages)
        inputs = self._tokenizer(prompt, return_tensors="pt", add_special_tokens=not self._chats)
        inputs = {
            name: inputs[name].to(self._model.device) for name in ("input_ids", "attention_mask")
        }
        pad = self._tokenizer.pad_token_id
        options: dict[str, Any] = {"do_sample": False}
        if temperature > 0:
            options = {"do_sample": True, "temperature": temperature, "top_p": 0.9}
        with torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(seed)
            output = self._model.generate(
                **inputs,
                **options,
                max_new_tokens=max_new_tokens,
                pad_token_id=self._tokenizer.eos_token_id if pad is None else pad,
            )
        new = output[0, inputs["input_ids"].shape[1] :]
        return str(self._tokenizer.decode(new, skip_special_tokens=True))

    @property
    def _chats(self) -> bool:
        return bool(self._tokenizer.chat_template)

    def _prompt(self, messages: Sequence[Message]) -> str:
        """Return the messages in the model's own form, or plainly where it has none."""
        plain = [dict(message) for message in messages]
        if self._chats:
            return str(
                self._tokenizer.apply_chat_template(
                    plain, tokenize=False, add_generation_prompt=True
                )
            )
        return "".join(f"{one['role']}: {one['content']}\n" for one in plain) + "assistant:"
