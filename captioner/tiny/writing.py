"""Write the structured caption: greedily, and only what the grammar allows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from captioner.tiny.network import TinyNetwork
from captioner.tiny.sequence import Control, Writer
from captioner.tiny.vocabulary import MAX_TOKENS, NUMBERS, PAD, TOKENS
from schemas.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A structured caption; `chances` are those of its tokens after the control token."""

    tokens: tuple[int, ...]
    paths: tuple[str, ...]
    chances: tuple[float, ...]
    facts: Facts


@torch.inference_mode()
def write(network: TinyNetwork, memory_BND: Tensor, control: Control) -> list[Written]:
    """Write one caption per clip of which `memory_BND` holds what the encoder saw.

    The chance of a token is its share among those that may follow.
    """
    batch = len(memory_BND)
    writers = [Writer(control) for _ in range(batch)]
    chances: list[list[float]] = [[] for _ in range(batch)]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # The products are so small that sharing them out costs more.
    story = network.remember(memory_BND)
    tokens = torch.full((batch,), NUMBERS[f"<{control}>"])
    for place in range(MAX_TOKENS - 1):
        logits = network.next_word(tokens, place, story)
        allowed = torch.zeros(batch, len(TOKENS), dtype=torch.bool)
        for b, writer in enumerate(writers):
            allowed[b, writer.legal() or [PAD]] = True
        shares = logits.masked_fill(~allowed, -torch.inf).softmax(dim=-1)
        best, tokens = shares.max(dim=-1)
        for b, writer in enumerate(writers):
            if not writer.is_done:
                writer.push(int(tokens[b]))
                chances[b].append(float(best[b]))
        if all(writer.is_done for writer in writers):
            break
    torch.set_num_threads(threads)
    return [
        Written(
            tokens=tuple(writer.tokens),
            paths=tuple(writer.paths[1:]),
            chances=tuple(values),
            facts=writer.facts(),
        )
        for writer, values in zip(writers, chances, strict=True)
    ]
