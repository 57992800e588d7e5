"""What training minimises: the caption, and beside it where everything is and how it moves."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from captioner.tiny.network import PATCH_PX, Seen
from captioner.tiny.targets import IGNORE, Batch
from captioner.tiny.vocabulary import PAD

WEIGHTS: dict[str, float] = {
    "caption": 3.0,
    "heat": 0.3,
    "spots": 0.1,
    "shapes": 0.4,
    "visible": 0.5,
    "state": 0.25,
    "velocity": 0.4,
    "camera": 0.5,
    "present": 1.0,
    "objects": 1.0,
    "scene": 1.0,
    "domain": 0.5,
}
"""What teaches the eye (from `heat` to `camera`) must not drown what the caption asks for."""


def losses(seen: Seen, logits_BNV: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return every loss by name, as `WEIGHTS` names them; unweighted scalars.

    `logits_BNV` are the decoder's for `batch.tokens_BN[:, :-1]`. The caption's loss is the sum
    over its tokens divided by ten, so that every fact counts the same in long and short ones.
    """
    world = batch.is_world_B
    share = world.sum().clamp(min=1)
    found = {"caption": _caption(logits_BNV, batch.tokens_BN[:, 1:], world)}
    is_seen = batch.visible_BMC * world[:, None, None]
    num_seen = is_seen.sum().clamp(min=1)
    heat = seen.heat_BMPC.transpose(2, 3).flatten(0, 2)
    cells = batch.cells_BMC.masked_fill(is_seen == 0, IGNORE).flatten()
    found["heat"] = F.cross_entropy(heat, cells, reduction="sum", ignore_index=IGNORE) / num_seen
    found["spots"] = _spots(seen, batch, is_seen) / num_seen
    early_late = seen.slots_2BMCK
    shapes = batch.objects["shape"][:, None].expand_as(batch.cells_BMC)
    shapes = shapes.masked_fill(is_seen == 0, IGNORE).expand(2, -1, -1, -1).flatten()
    styles = batch.scene["style"][:, None, None].expand_as(batch.cells_BMC)
    styles = styles.masked_fill(is_seen == 0, IGNORE).expand(2, -1, -1, -1).flatten()
    found["shapes"] = (
        _sum_entropy(early_late[..., 6:10].flatten(0, 3), shapes)
        + _sum_entropy(early_late[..., 10:].flatten(0, 3), styles)
    ) / num_seen
    visible = F.binary_cross_entropy_with_logits(
        early_late[..., 0], batch.visible_BMC.expand(2, -1, -1, -1), reduction="none"
    )
    found["visible"] = (visible.mean(dim=(0, 2, 3)) * world).sum() / share
    error = _known_error(early_late[..., 1:6], batch.state_BMCK) * is_seen[..., None]
    found["state"] = 10 * error[..., :3].sum(dim=(1, 2, 3, 4)).mean() / num_seen
    found["velocity"] = 10 * error[..., 3:].sum(dim=(1, 2, 3, 4)).mean() / num_seen
    camera = _known_error(seen.camera_BM3, batch.camera_BM3)
    found["camera"] = 10 * (camera.mean(dim=(1, 2)) * world).sum() / share
    present = F.binary_cross_entropy_with_logits(
        seen.objects["present"][..., 0], batch.present_BC, reduction="none"
    )
    found["present"] = (present.sum(dim=1) * world).sum() / share
    is_there = batch.present_BC * world[:, None]
    told = torch.zeros(())
    for name, target in batch.objects.items():
        logits = seen.objects[name].flatten(0, 1)
        each = F.cross_entropy(logits, target.flatten(), reduction="none", ignore_index=IGNORE)
        told = told + (each * is_there.flatten()).sum() / is_there.sum().clamp(min=1)
    found["objects"] = told
    scene = torch.zeros(())
    for name, target in batch.scene.items():
        each = F.cross_entropy(seen.scene[name], target, reduction="none")
        scene = scene + (each * world).sum() / share
    found["scene"] = scene
    found["domain"] = F.binary_cross_entropy_with_logits(seen.scene["domain"][:, 0], world)
    return found


def total(found: dict[str, Tensor]) -> Tensor:
    """Return the weighted sum of `losses`."""
    return torch.stack([WEIGHTS[name] * value for name, value in found.items()]).sum()


def _spots(seen: Seen, batch: Batch, is_seen_BMC: Tensor) -> Tensor:
    """Return the summed loss of what the tokens tell of objects whose centres they hold."""
    b, m, c = is_seen_BMC.nonzero(as_tuple=True)
    cells = batch.cells_BMC[b, m, c]
    told = seen.spots_BMPK[b, m, cells]
    height, width = batch.frames_BTHWC.shape[2:4]
    columns = width // PATCH_PX
    unit = min(height, width)
    centre = batch.state_BMCK[b, m, c, :2] * unit + torch.tensor([width, height]) / 2
    offset = centre / PATCH_PX - torch.stack([cells % columns, cells // columns], dim=-1) - 0.5
    true = torch.cat([offset.clamp(-1, 1), batch.state_BMCK[b, m, c, 2:]], dim=-1)
    shapes = batch.objects["shape"][b, c]
    state = 10 * _known_error(told[:, :5], true)
    # Offsets are in patches, eight times as large a number as the rest.
    looks = _sum_entropy(told[:, 5:9], shapes) + _sum_entropy(told[:, 9:], batch.scene["style"][b])
    return state[:, :2].sum() / 8 + state[:, 2:].sum() + looks


def _sum_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits, targets, reduction="sum", ignore_index=IGNORE)


def _caption(logits_BNV: Tensor, next_BN: Tensor, world_B: Tensor) -> Tensor:
    each = F.cross_entropy(
        logits_BNV.flatten(0, 1), next_BN.flatten(), reduction="none", ignore_index=PAD
    )
    per_clip = each.view_as(next_BN).sum(dim=1) / 10
    return (per_clip * world_B).sum() / world_B.sum().clamp(min=1)


def _known_error(found: Tensor, true: Tensor) -> Tensor:
    """Return the absolute error, smooth near zero; 0 where the truth is not known (NaN)."""
    known = ~true.isnan()
    target = true.nan_to_num().expand_as(found)
    error = F.smooth_l1_loss(found, target, beta=0.02, reduction="none")
    return error * known
