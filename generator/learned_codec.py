"""Our own codec: the trained autoencoder behind the codecs' interface, in tiles of any size.

Large pictures are worked on in tiles that overlap by what the network can see, so that the
result is that of the whole picture, up to rounding, and memory depends on the tile alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from generator import autoencoder
from generator.autoencoder import GROUP_FRAMES, NUM_CHANNELS, PATCH_PX, Autoencoder
from generator.codec import (
    Layout,
    check_layout,
    filled,
    from_bytes,
    grouped,
    layout_of,
    to_bytes,
)
from schemas.errors import UserError

SHIPPED = "shipped"
_KIND = "rushes-codec"
ENCODER = ("mean", "basis", "spread", "encode_")
"""How the names of the weights begin that latents depend on."""
_TILE = 40
"""Rows and columns of latents that one tile yields, without its rim."""
_PATCHES_AT_ONCE = 16384
"""Patches that go through the network together, rims included."""


@dataclass(frozen=True, slots=True)
class _Tile:
    """Latents `[top, bottom) x [left, right)`, and the rim around them that is read too."""

    top: int
    bottom: int
    left: int
    right: int
    outer_top: int
    outer_bottom: int
    outer_left: int
    outer_right: int

    def inner(self, scale: int) -> tuple[slice, slice]:
        """Return where the tile lies within itself and its rim, in units of 1/scale latents."""
        top, left = (self.top - self.outer_top) * scale, (self.left - self.outer_left) * scale
        height, width = (self.bottom - self.top) * scale, (self.right - self.left) * scale
        return slice(top, top + height), slice(left, left + width)


def _tiles(height: int, width: int, reach: int) -> Iterator[_Tile]:
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            bottom, right = min(top + _TILE, height), min(left + _TILE, width)
            yield _Tile(
                top,
                bottom,
                left,
                right,
                max(0, top - reach),
                min(height, bottom + reach),
                max(0, left - reach),
                min(width, right + reach),
            )


class LearnedCodec:
    """The autoencoder of `generator/autoencoder.py` with trained weights."""

    name = "rushes"
    is_local = True
    stride = (GROUP_FRAMES, PATCH_PX, PATCH_PX)
    num_channels = NUM_CHANNELS

    def __init__(self, network: Autoencoder, revision: str) -> None:
        self.revision = revision
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        channels_last = torch.channels_last
        self._network = network.eval().to(self.device).to(memory_format=channels_last)  # type: ignore[call-overload]

    def layout(self, num_frames: int) -> Layout:
        """Return full groups, then single frames."""
        return layout_of(num_frames, GROUP_FRAMES)

    @torch.no_grad()
    def encode(self, pixels_THWC: NDArray[np.uint8], layout: Layout) -> Tensor:
        """Return latents C,G,h,w on the CPU."""
        check_layout(layout, len(pixels_THWC), GROUP_FRAMES)
        groups = grouped(filled(pixels_THWC, PATCH_PX, PATCH_PX), layout, GROUP_FRAMES)
        height, width = (n // PATCH_PX for n in groups.shape[2:4])
        single = torch.tensor([frames == 1 for frames in layout])
        out = torch.empty(NUM_CHANNELS, len(layout), height, width)
        for tile in _tiles(height, width, autoencoder.ENCODER_REACH):
            rows = slice(tile.outer_top * PATCH_PX, tile.outer_bottom * PATCH_PX)
            columns = slice(tile.outer_left * PATCH_PX, tile.outer_right * PATCH_PX)
            for part in _parts(len(layout), tile):
                pixels = from_bytes(groups[part][:, :, rows, columns].to(self.device))
                latents = self._network.encode(pixels, single[part].to(self.device))
                inner = latents[(slice(None), slice(None), *tile.inner(1))]
                out[:, part, tile.top : tile.bottom, tile.left : tile.right] = inner.transpose(
                    0, 1
                ).cpu()
        return out

    @torch.no_grad()
    def decode(
        self, latents_CGHW: Tensor, layout: Layout, *, width_px: int, height_px: int
    ) -> NDArray[np.uint8]:
        """Return frames T,H,W,3."""
        _, num_groups, height, width = latents_CGHW.shape
        latents = latents_CGHW.float().transpose(0, 1)
        around = torch.cat(neighbours(latents), 1)
        flags = group_flags(torch.tensor(layout) == 1)
        shape = (sum(layout), height * PATCH_PX, width * PATCH_PX, 3)
        out = np.empty(shape, dtype=np.uint8)
        firsts = np.concatenate([[0], np.cumsum(layout)])
        for tile in _tiles(height, width, autoencoder.DECODER_REACH):
            rows = slice(tile.outer_top, tile.outer_bottom)
            columns = slice(tile.outer_left, tile.outer_right)
            for part in _parts(num_groups, tile):
                pixels = self._network.decode(
                    latents[part, :, rows, columns].to(self.device),
                    around[part, :, rows, columns].to(self.device),
                    flags[part].to(self.device),
                )
                inner = pixels[(slice(None), slice(None), *tile.inner(PATCH_PX))]
                for index, group in zip(range(part.start, part.stop), inner, strict=True):
                    frames = group if layout[index] > 1 else group.mean(0, keepdim=True)
                    out[
                        firsts[index] : firsts[index + 1],
                        tile.top * PATCH_PX : tile.bottom * PATCH_PX,
                        tile.left * PATCH_PX : tile.right * PATCH_PX,
                    ] = to_bytes(frames)
        return np.ascontiguousarray(out[:, :height_px, :width_px])


def _parts(num_groups: int, tile: _Tile) -> Iterator[slice]:
    """Yield spans of groups whose tiles go through the network together."""
    patches = (tile.outer_bottom - tile.outer_top) * (tile.outer_right - tile.outer_left)
    at_once = max(1, _PATCHES_AT_ONCE // patches)
    for first in range(0, num_groups, at_once):
        yield slice(first, min(first + at_once, num_groups))


def neighbours(latents_GCHW: Tensor) -> tuple[Tensor, Tensor]:
    """Return the latents before and after each group of one clip, zeros at its ends."""
    none = torch.zeros_like(latents_GCHW[:1])
    return torch.cat((none, latents_GCHW[:-1])), torch.cat((latents_GCHW[1:], none))


def group_flags(is_single_G: Tensor) -> Tensor:
    """Return G,5: is the group one frame; is there one before, is that one frame; after."""
    single = is_single_G.float()
    none = single.new_zeros(1)
    one = torch.ones_like(single)
    before, before_single = torch.cat((none, one[:-1])), torch.cat((none, single[:-1]))
    after, after_single = torch.cat((one[:-1], none))[: len(single)], torch.cat((single[1:], none))
    return torch.stack((single, before, before_single, after, after_single), 1)


def save_codec(network: Autoencoder, path: Path, *, notes: dict[str, str]) -> str:
    """Write the weights in half precision, with what made them; return their revision."""
    tensors = {k: v.detach().half().contiguous() for k, v in network.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, metadata={"kind": _KIND, **notes})
    partial.replace(path)
    return revision_of(tensors)


def revision_of(tensors: Mapping[str, Tensor]) -> str:
    """Return the hash that names the encoder's weights, on which latents depend.

    A decoder that was trained further reads the same latents: caches and models stay good.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        if not name.startswith(ENCODER):
            continue
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()[:12]


def load_codec(path: Path) -> LearnedCodec:
    """Load a codec from its file. Raises UserError where that is none of ours."""
    tensors = read_weights(path)
    network = Autoencoder()
    try:
        network.load_state_dict({name: value.float() for name, value in tensors.items()})
    except RuntimeError as error:
        raise UserError(f"{path} holds a codec of another shape", _HINT) from error
    return LearnedCodec(network, revision_of(tensors))


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the weights in a codec's file, as stored. Raises UserError where that is none."""
    try:
        with safe_open(path, framework="pt") as file:
            if (file.metadata() or {}).get("kind") != _KIND:
                raise UserError(f"{path} holds no codec of ours", _HINT)
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise UserError(f"no codec can be read from {path}: {error}", _HINT) from error


_HINT = "train one: rushes train codec --dataset NAME, or use `shipped` or `pixels`"


def shipped_path() -> Path:
    """Return where the weights that come with the package lie."""
    return Path(str(files("generator") / "shipped" / "codec.safetensors"))


def named_codec(name: str) -> Path:
    """Return the file of a codec: that of the shipped one where the name is `shipped`."""
    return shipped_path() if name == SHIPPED else Path(name)


@cache
def shipped_codec() -> LearnedCodec:
    """Return the codec that comes with the package."""
    return load_codec(shipped_path())
