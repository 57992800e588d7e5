"""One process or many, CPU or GPU: where the trainer runs and how its workers act as one.

Started by torchrun or Ray Train, each process finds its rank in the environment or in the process
group that is already there; started plainly it is alone. Parameters, their average and the
optimizer's state are sharded over the workers by FSDP2 (`fully_shard`), block by block. The model
itself knows nothing of this.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from generator.flow import Denoiser
from schemas.processor import multiplies_bfloat16_fast

_PATIENCE = timedelta(days=2)
"""How long workers wait for one that still encodes clips; one that dies is noticed at once."""


class Workers:
    """The processes that train together; `rank` is this one's number of `count`."""

    def __init__(self) -> None:
        self.started_here = False
        if not dist.is_initialized() and int(os.environ.get("WORLD_SIZE", "1")) > 1:
            dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
            self.started_here = True
        alone = not dist.is_initialized()
        self.rank = 0 if alone else dist.get_rank()
        self.count = 1 if alone else dist.get_world_size()
        self.device = torch.device("cpu")
        if torch.cuda.is_available() and (alone or "nccl" in dist.get_backend_config()):
            local = int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count()
            torch.cuda.set_device(local)
            self.device = torch.device("cuda", local)
        # Python objects travel between CPUs, whatever the tensors' way is.
        self._talk = dist.new_group(backend="gloo", timeout=_PATIENCE) if self.count > 1 else None

    @property
    def is_first(self) -> bool:
        """Whether this process writes what all share."""
        return self.rank == 0

    def shard(self, denoiser: Denoiser) -> None:
        """Spread the parameters over the workers; alone, nothing is done.

        What is used last stays gathered after the forward pass, since the backward pass begins
        with it; so do the few parameters outside the blocks.
        """
        if self.count == 1:
            return
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        mesh = init_device_mesh(self.device.type, (self.count,))
        dit = denoiser.dit
        for number, block in enumerate(dit.blocks, 1):
            fully_shard(block, mesh=mesh, reshard_after_forward=number < len(dit.blocks))
        fully_shard([dit.final_condition, dit.head], mesh=mesh, reshard_after_forward=False)
        # Several roots, since prompts and scores are read before the transformer's own forward.
        fully_shard(dit, mesh=mesh)
        fully_shard(denoiser.text, mesh=mesh)
        if denoiser.scores:
            fully_shard(denoiser.embed_scores, mesh=mesh)

    def settle(self, denoiser: Denoiser) -> None:
        """Let go of parameters that a pass without a backward left gathered.

        Needed before they are read or written: until then a module shows its gathered copies.
        """
        if self.count > 1:
            from torch.distributed.fsdp import FSDPModule

            for module in denoiser.modules():
                if isinstance(module, FSDPModule):
                    module.reshard()

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum over all workers of a small tensor."""
        if self.count > 1:
            values = values.to(self.device)
            dist.all_reduce(values)
        return values

    def gather(self, values: Any) -> list[Any]:
        """Return what every worker gave, by rank; all wait for the last."""
        if self.count == 1:
            return [values]
        found: list[Any] = [None] * self.count
        dist.all_gather_object(found, values, group=self._talk)
        return found

    def close(self) -> None:
        """End what `__init__` started."""
        if self.started_here:
            dist.destroy_process_group()
        elif self._talk is not None:
            dist.destroy_process_group(self._talk)


def local(tensor: Tensor) -> Tensor:
    """Return what this worker holds of a tensor, to be read and written in place."""
    from torch.distributed.tensor import DTensor

    with torch.no_grad():
        return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def whole(tensor: Tensor) -> Tensor:
    """Return a parameter or state in full, on the first worker's CPU; all must ask together.

    The others get an empty tensor: only one writes, and memory need not hold it everywhere.
    """
    full = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
    if dist.is_initialized() and dist.get_rank() > 0:
        return torch.empty(0)
    return full.detach().cpu()


def like(value: Tensor, sharded: Tensor) -> Tensor:
    """Return a full tensor placed as `sharded` is: the same on one worker, its shard on many."""
    value = value.to(sharded.device)
    if not hasattr(sharded, "device_mesh"):
        return value
    from torch.distributed.tensor import DTensor, distribute_tensor

    assert isinstance(sharded, DTensor)
    # Every worker has the value already, so none is sent any.
    return distribute_tensor(value, sharded.device_mesh, sharded.placements, src_data_rank=None)


def load_whole(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Copy full tensors into a module's parameters, sharded or not."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(like(tensors[name], parameter))


def autocast_dtype(precision: str, device: torch.device) -> torch.dtype | None:
    """Return the dtype of matrix products, or None for float32."""
    if precision == "auto":
        if device.type == "cuda":
            fast = torch.cuda.is_bf16_supported()
        else:
            fast = multiplies_bfloat16_fast()
        precision = "bfloat16" if fast else "float32"
    return torch.bfloat16 if precision == "bfloat16" else None


def autocast(device: torch.device, dtype: torch.dtype | None) -> AbstractContextManager[Any]:
    """Return a context in which matrix products run in `dtype`."""
    return torch.autocast(device.type, dtype=dtype, enabled=dtype is not None)
