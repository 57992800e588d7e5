"""Decode a batch: greedy or seeded per request, without loops, in the form that was asked for."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

log = logging.getLogger(__name__)

_TOP_K = 50
"""Tokens that sampling may choose from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What the model wrote for one row; `finish_reason` is `stop`, or `length` where it was cut."""

    text: str
    num_tokens: int
    finish_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How to decode a batch. `row_seeds`, one a row, make rows independent of one another."""

    max_new_tokens: int
    repetition_penalty: float
    temperature: float
    row_seeds: tuple[int, ...]


def row_seed(seed: int, request_id: str) -> int:
    """Return the seed of one request's row, from the attempt's seed and the request."""
    return int.from_bytes(hashlib.sha256(f"{seed} {request_id}".encode()).digest()[:7], "big")


def decode(
    model: Any, tokenizer: Any, inputs: Mapping[str, Any], wanted: Wanted, form: Form | None = None
) -> list[Decoded]:
    """Return what the model writes for every row of `inputs`, the prompt left out.

    At temperature 0 the likeliest token is taken, else one of the likeliest `_TOP_K`, drawn by
    each row's own seed: a request's answer does not depend on its neighbours. The repetition
    penalty counts what was written, not the prompt. `form` keeps answers to a JSON schema.
    """
    import torch
    from transformers import GenerationConfig, LogitsProcessorList, RepetitionPenaltyLogitsProcessor

    start = inputs["input_ids"].shape[1]
    stops = _stops(model, tokenizer)
    steps: list[Any] = []
    if wanted.repetition_penalty != 1.0:
        steps.append(
            RepetitionPenaltyLogitsProcessor(wanted.repetition_penalty, prompt_ignore_length=start)
        )
    if wanted.temperature > 0:
        steps.append(_Sampling(wanted.temperature, wanted.row_seeds))
    if form is not None:
        steps.append(form.guide(len(wanted.row_seeds), start))
    pad = tokenizer.pad_token_id
    config = GenerationConfig(
        max_new_tokens=wanted.max_new_tokens,
        do_sample=False,
        num_beams=1,
        eos_token_id=stops,
        pad_token_id=pad,
    )
    with torch.inference_mode():
        found = model.generate(
            **inputs, generation_config=config, logits_processor=LogitsProcessorList(steps)
        )
    return [_decoded(tokenizer, row, stops) for row in found[:, start:].tolist()]


def _decoded(tokenizer: Any, tokens: Sequence[int], stops: Sequence[int]) -> Decoded:
    end = next((i for i, token in enumerate(tokens) if token in stops), None)
    written = tokens if end is None else tokens[:end]
    text = str(tokenizer.decode(written, skip_special_tokens=True)).strip()
    if end is None:
        return Decoded(text=text, num_tokens=len(tokens), finish_reason="length")
    return Decoded(text=text, num_tokens=end + 1, finish_reason="stop")


def _stops(model: Any, tokenizer: Any) -> list[int]:
    known = getattr(model.generation_config, "eos_token_id", None)
    listed = known if isinstance(known, list) else [known]
    return sorted({token for token in (*listed, tokenizer.eos_token_id) if token is not None})


class _Sampling:
    """Draws from a softmax by adding noise of Gumbel's distribution, row by row, for an argmax.

    Taking the largest of logits plus such noise is sampling (Gumbel 1954; Maddison et al.
    2014), and each row has a generator of its own.
    """

    def __init__(self, temperature: float, row_seeds: Sequence[int]) -> None:
        self._temperature = temperature
        self._rngs = [np.random.default_rng(seed) for seed in row_seeds]

    def __call__(self, input_ids_BL: Any, scores_BV: Any) -> Any:
        import torch

        likeliest = scores_BV.topk(min(_TOP_K, scores_BV.shape[1]), dim=1)
        noise = np.stack([rng.gumbel(size=likeliest.values.shape[1]) for rng in self._rngs])
        drawn = likeliest.values.float() / self._temperature + torch.as_tensor(
            noise, dtype=torch.float32, device=scores_BV.device
        )
        noisy = torch.full_like(scores_BV, -torch.inf, dtype=torch.float32)
        # What is not among the likeliest stays possible behind them, should a form ask for it.
        noisy.copy_(scores_BV - scores_BV.amax(dim=1, keepdim=True) - 1e4)
        return noisy.scatter(1, likeliest.indices, drawn)


class Form:
    """A JSON schema that answers are kept to while they are written, by llguidance."""

    def __init__(self, tokenizer: Any, vocabulary: int, schema: Mapping[str, Any]) -> None:
        """Compile the schema. Raises ImportError without llguidance, ValueError if it cannot."""
        from llguidance import LLMatcher
        from llguidance.hf import from_tokenizer

        tokens = from_tokenizer(tokenizer, n_vocab=max(vocabulary, len(tokenizer)))
        self._stop = int(tokenizer.eos_token_id)
        grammar = LLMatcher.grammar_from_json_schema(
            json.dumps(schema),
            overrides={
                "whitespace_flexible": False,
                "item_separator": ", ",
                "key_separator": ": ",
            },
        )
        self._matcher = LLMatcher(tokens, grammar)
        if self._matcher.is_error():
            raise ValueError(f"the schema cannot be used: {self._matcher.get_error()}")

    def guide(self, num_rows: int, start: int) -> _Guide:
        """Return the step that masks what no answer may go on with; a new one for each batch."""
        matchers = [self._matcher.deep_copy() for _ in range(num_rows)]
        return _Guide(matchers, start, self._stop)


class _Guide:
    """Follows each row's answer from its first token and masks the next."""

    def __init__(self, matchers: Sequence[Any], start: int, stop: int) -> None:
        self._matchers = matchers
        self._stop = stop
        self._read = start

    def __call__(self, input_ids_BL: Any, scores_BV: Any) -> Any:
        import torch

        new = input_ids_BL[:, self._read :].tolist()
        self._read = input_ids_BL.shape[1]
        for row, matcher in enumerate(self._matchers):
            if not matcher.is_stopped() and new[row]:
                matcher.consume_tokens(new[row])
            if matcher.is_error():  # parsing of the answer has the last word
                continue
            allowed = torch.zeros(scores_BV.shape[1], dtype=torch.bool)
            if matcher.is_stopped():
                allowed[self._stop] = True
            else:
                bias = np.frombuffer(matcher.compute_logit_bias(), dtype=np.uint8)
                known = min(len(bias), len(allowed))  # output layers are padded to round sizes
                allowed[:known] = torch.as_tensor(bias[:known] != 0)
            scores_BV[row].masked_fill_(~allowed.to(scores_BV.device), -torch.inf)
        return scores_BV
