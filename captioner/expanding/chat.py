"""Language models that answer messages: behind a server, or here."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from captioner.settings import OpenAISettings
from schemas.errors import UserError

if TYPE_CHECKING:
    import httpx

Message = Mapping[str, str]
"""`role` (`system`, `user`, `assistant`) and `content`."""
_RETRIED = frozenset((408, 409, 425, 429, 500, 502, 503, 504))
_LONGEST_PAUSE_S = 20.0


class ChatModel(Protocol):
    """Answers messages with text. `name` and `model` go into the expansion."""

    name: str
    model: str

    def complete(
        self, messages: Sequence[Message], *, seed: int, temperature: float, max_new_tokens: int
    ) -> str:
        """Return the answer, as the model wrote it. Raises UserError where none can be had."""
        ...


class ServerChat:
    """A model behind a server that speaks the OpenAI chat protocol."""

    name = "openai"

    def __init__(self, settings: OpenAISettings) -> None:
        """Connect to nothing yet, except to ask for the model's name where none is set.

        Raises UserError where that fails or the server has several models.
        """
        import httpx

        key = os.environ.get(settings.api_key_env)
        self._settings = settings
        self._client = httpx.Client(
            base_url=settings.base_url.rstrip("/") + "/",
            timeout=settings.timeout_s,
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )
        self.model = settings.model or self._only_model()

    def complete(
        self, messages: Sequence[Message], *, seed: int, temperature: float, max_new_tokens: int
    ) -> str:
        """Return the server's answer; see `ChatModel`."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [dict(message) for message in messages],
            "temperature": temperature,
            "max_tokens": max_new_tokens,
            "seed": seed,
            **self._settings.extra_body,
        }
        plain = self._request("POST", "chat/completions", body)
        try:
            content = plain["choices"][0]["message"]["content"]
        except (KeyError, IndexError, TypeError) as error:
            raise self._error("its answer holds no message") from error
        return content if isinstance(content, str) else ""

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _only_model(self) -> str:
        plain = self._request("GET", "models", None)
        try:
            names = [str(item["id"]) for item in plain["data"]]
        except (KeyError, TypeError) as error:
            raise self._error("its list of models cannot be read") from error
        if len(names) != 1:
            raise UserError(
                f"the server {self._settings.base_url} has {len(names)} models",
                "name one: `--set expand.openai.model=...`",
            )
        return names[0]

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        """Return the JSON of an answer, trying again with growing pauses where that may help."""
        import httpx

        reason = ""
        for attempt in range(self._settings.max_retries + 1):
            if attempt:
                time.sleep(min(_LONGEST_PAUSE_S, 0.5 * 2**attempt) * random.uniform(0.5, 1.0))
            try:
                answer = self._client.request(method, path, json=body)
            except httpx.HTTPError as error:
                reason = f"{type(error).__name__}"
                continue
            if answer.status_code == 200:
                return self._json(answer)
            reason = f"status {answer.status_code}"
            if answer.status_code not in _RETRIED:
                break
        raise self._error(reason)

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            raise self._error("its answer is no JSON") from error

    def _error(self, reason: str) -> UserError:
        return UserError(
            f"the server {self._settings.base_url} does not answer as it should: {reason}",
            f"check `expand.openai` and the key in {self._settings.api_key_env}, or use "
            "`--set expand.how=renderer`, which needs no server",
        )


class LocalChat:
    """A causal language model of the Hugging Face hub or a local folder, run here."""

    name = "transformers"

    def __init__(self, model: str, *, revision: str | None = None, device: str = "auto") -> None:
        """Load the model. Raises UserError where it cannot be loaded."""
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
        self, messages: Sequence[Message], *, seed: int, temperature: float, max_new_tokens: int
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
