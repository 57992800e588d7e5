"""Muon for weight matrices, Adam for all else.

Muon: the momentum of a matrix is replaced by the nearest orthogonal matrix, so that all of its
directions learn alike (Jordan et al. 2024; Newton-Schulz iteration in bfloat16).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
ADAM_BETAS = (0.9, 0.98)
_STEPS = 5


class Optimizer:
    """Updates a module's parameters; embeddings, biases, norms and heads go to Adam."""

    def __init__(self, module: nn.Module, *, weight_decay: float) -> None:
        self.weight_decay = weight_decay
        self.matrices: dict[str, nn.Parameter] = {}
        others: dict[str, nn.Parameter] = {}
        for name, parameter in module.named_parameters():
            is_matrix = parameter.ndim >= 2 and min(parameter[0].numel(), len(parameter)) >= 32
            is_edge = any(word in name for word in ("head", "words", "latents", "queries", "steps"))
            (self.matrices if is_matrix and not is_edge else others)[name] = parameter
        self.momenta = {name: torch.zeros_like(p) for name, p in self.matrices.items()}
        self.names = list(others)
        self.adam = torch.optim.Adam(list(others.values()), betas=ADAM_BETAS, fused=True)

    @torch.no_grad()
    def step(self, *, matrix_rate: float, other_rate: float) -> None:
        """Update from the gradients, and forget them."""
        for group in self.adam.param_groups:
            group["lr"] = other_rate
        self.adam.step()
        for name, parameter in self.matrices.items():
            if parameter.grad is None:
                continue
            momentum = self.momenta[name]
            momentum.lerp_(parameter.grad, 1 - MOMENTUM)
            direction = parameter.grad.lerp(momentum, MOMENTUM).flatten(1)
            update = _orthogonal(direction) * max(1, direction.shape[0] / direction.shape[1]) ** 0.5
            parameter.mul_(1 - matrix_rate * self.weight_decay)
            parameter.add_(update.view_as(parameter).to(parameter.dtype), alpha=-matrix_rate)
            parameter.grad = None
        self.adam.zero_grad()

    def state(self) -> dict[str, Tensor]:
        """Return all that the next steps depend on, as flat tensors."""
        kept = {f"momentum/{name}": value for name, value in self.momenta.items()}
        for number, values in self.adam.state_dict()["state"].items():
            for key, value in values.items():
                kept[f"adam/{self.names[number]}/{key}"] = torch.as_tensor(value)
        return kept

    def load(self, kept: dict[str, Tensor]) -> None:
        """Take what `state` returned."""
        for name in self.momenta:
            self.momenta[name].copy_(kept[f"momentum/{name}"])
        state: dict[int, dict[str, Tensor]] = {}
        for number, name in enumerate(self.names):
            start = f"adam/{name}/"
            found = {key[len(start) :]: v for key, v in kept.items() if key.startswith(start)}
            # The fused update goes through memory as it lies, so layouts must agree.
            layout = self.adam.param_groups[0]["params"][number]
            state[number] = {
                key: torch.empty_like(layout).copy_(value) if value.ndim else value.clone()
                for key, value in found.items()
            }
            if not found:
                del state[number]
        self.adam.load_state_dict(
            {"state": state, "param_groups": self.adam.state_dict()["param_groups"]}
        )


def _orthogonal(matrix: Tensor) -> Tensor:
    """Return the nearest matrix whose singular values are near 1."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x: Tensor = matrix.bfloat16()
    is_tall = x.shape[0] > x.shape[1]
    x = x.T if is_tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(_STEPS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if is_tall else x
