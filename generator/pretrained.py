"""Video codecs trained elsewhere, through diffusers: Wan, LTX, HunyuanVideo, CogVideoX.

All four are causal: the first group is the first frame alone, later ones hold `stride[0]` frames,
and latents depend on the frames before them, not on those after. Wan and LTX are so exactly. The
other two normalise over frames that they work on together, so their latents shift a little with
what follows; their first frame is therefore encoded by itself, as still pictures are.

A clip of any length has a layout: frames left over make a last group of fewer frames. That group
is encoded with the clip's last frame repeated up to a full one, and decoding drops the repeats.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generator.codec import Layout, filled, from_bytes, to_bytes
from generator.hub import first_line, places_of
from schemas.errors import UserError
from schemas.vision_imports import ready_vision

_REVISION = "1"
"""Raised where this file would encode the same frames to other latents."""

_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Family:
    """What the codecs of a family have in common; `stride` is read off a network's config."""

    class_name: str
    stride: Callable[[Any], tuple[int, int]]
    """Frames, and rows or columns."""
    pools_frames: bool = False
    """Its normalisation takes in frames after the first, which is then encoded alone."""
    decodes_odd: bool = False
    """It decodes an odd number of groups only."""


def _wan_stride(network: Any) -> tuple[int, int]:
    config = network.config
    halvings = len(config.dim_mult) - 1
    return 2 ** sum(config.temperal_downsample), 2**halvings * (config.patch_size or 1)


def _stated_stride(network: Any) -> tuple[int, int]:
    return int(network.temporal_compression_ratio), int(network.spatial_compression_ratio)


def _cogvideox_stride(network: Any) -> tuple[int, int]:
    config = network.config
    return int(config.temporal_compression_ratio), 2 ** (len(config.block_out_channels) - 1)


_FAMILIES = {
    "wan": _Family(class_name="AutoencoderKLWan", stride=_wan_stride),
    "ltx": _Family(class_name="AutoencoderKLLTXVideo", stride=_stated_stride),
    "hunyuan": _Family(
        class_name="AutoencoderKLHunyuanVideo", stride=_stated_stride, pools_frames=True
    ),
    "cogvideox": _Family(
        class_name="AutoencoderKLCogVideoX",
        stride=_cogvideox_stride,
        pools_frames=True,
        decodes_odd=True,
    ),
}


class PretrainedCodec:
    """A codec of diffusers behind our interface; large pictures go through it in its own tiles.

    `name` is its family, `revision` hashes its config and weights, wherever they lie.
    """

    is_local = False

    def __init__(self, family: str, network: Any, revision: str) -> None:
        self.name = family
        self.revision = revision
        self._family = _FAMILIES[family]
        frames, pixels = self._family.stride(network)
        self.stride = (frames, pixels, pixels)
        config = network.config
        self.num_channels = int(config.z_dim if family == "wan" else config.latent_channels)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._mean_C, self._scale_C = _units(network, self.num_channels, self.device)
        self._network = network.eval().requires_grad_(False).to(self.device)
        self._network.enable_tiling()

    def layout(self, num_frames: int) -> Layout:
        """Return the first frame alone, full groups, and a last one of the frames left over."""
        if num_frames < 1:
            raise ValueError(f"a clip of {num_frames} frames has no layout")
        full, rest = divmod(num_frames - 1, self.stride[0])
        return (1, *(self.stride[0],) * full, *((rest,) if rest else ()))

    @torch.no_grad()
    def encode(self, pixels_THWC: NDArray[np.uint8], layout: Layout) -> Tensor:
        """Return latents C,G,h,w on the CPU: the likeliest ones, not a sample of them."""
        if len(pixels_THWC) != sum(layout) or layout != self.layout(len(pixels_THWC)):
            raise ValueError(f"{len(pixels_THWC)} frames do not go into groups of {layout}")
        st, sh, sw = self.stride
        whole = _lengthened(filled(pixels_THWC, sh, sw), 1 + (len(layout) - 1) * st)
        pixels_1CTHW = from_bytes(torch.from_numpy(whole).to(self.device)).permute(3, 0, 1, 2)[None]
        latents = self._encoded(pixels_1CTHW)
        if self._family.pools_frames and len(layout) > 1:
            latents = torch.cat((self._encoded(pixels_1CTHW[:, :, :1]), latents[:, 1:]), 1)
        expected = (self.num_channels, len(layout), whole.shape[1] // sh, whole.shape[2] // sw)
        if tuple(latents.shape) != expected:
            raise ValueError(f"{self.name} gives latents {tuple(latents.shape)}, not {expected}")
        return ((latents - self._mean_C) * self._scale_C).cpu()

    def _encoded(self, pixels_1CTHW: Tensor) -> Tensor:
        mode: Tensor = self._network.encode(pixels_1CTHW).latent_dist.mode()
        return mode[0]

    @torch.no_grad()
    def decode(
        self, latents_CGHW: Tensor, layout: Layout, *, width_px: int, height_px: int
    ) -> NDArray[np.uint8]:
        """Return frames T,H,W,3."""
        latents = latents_CGHW.float().to(self.device) / self._scale_C + self._mean_C
        if self._family.decodes_odd and latents.shape[1] % 2 == 0:
            latents = torch.cat((latents, latents[:, -1:]), 1)
        given: tuple[Tensor, ...] = ()
        if self._network.config.get("timestep_conditioning"):  # LTX since 0.9.1: no noise is left
            given = (torch.zeros(1, device=self.device),)
        cuda = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=cuda):
            torch.manual_seed(0)  # some LTX decoders add noise of their own
            pixels = self._network.decode(latents[None], *given).sample[0]
        frames = pixels[:, : sum(layout), :height_px, :width_px].permute(1, 2, 3, 0)
        return to_bytes(frames)


def _lengthened(pixels_THWC: NDArray[np.uint8], num_frames: int) -> NDArray[np.uint8]:
    """Repeat the last frame up to a length."""
    missing = num_frames - len(pixels_THWC)
    if missing == 0:
        return pixels_THWC
    return np.concatenate((pixels_THWC, np.repeat(pixels_THWC[-1:], missing, 0)))


def _units(network: Any, num_channels: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return what to take away from latents and what then to multiply them by, each C,1,1,1.

    Mean and deviation of each channel stand in the config or, with LTX, among the weights; the
    other families have one factor for all channels.
    """
    buffers = dict(network.named_buffers(recurse=False))

    def channels(name: str, default: float) -> Tensor:
        value = buffers.get(name, network.config.get(name))
        tensor = torch.as_tensor(default if value is None else value, dtype=torch.float32)
        if tensor.ndim and len(tensor) != num_channels:
            raise UserError(
                f"the codec's {name} has {len(tensor)} numbers for {num_channels} channels",
                "mend its config.json, or download the codec again",
            )
        return tensor.detach().expand(num_channels).reshape(-1, 1, 1, 1).to(device)

    mean = channels("latents_mean", network.config.get("shift_factor") or 0.0)
    return mean, channels("scaling_factor", 1.0) / channels("latents_std", 1.0)


def load_pretrained(family: str, where: str) -> PretrainedCodec:
    """Load a codec of a family from a folder or the hub.

    `where` names the codec itself or a whole pipeline, whose codec lies in its folder `vae`.
    Raises UserError without diffusers, and for a codec that is not there, is another or is
    damaged.
    """
    source, places = places_of(where, ("", "vae"))
    if not places:
        raise UserError(
            f"no codec `{family}:{where}`: there is no config.json",
            f"name a folder that holds one, itself or in `vae`: `{family}:FOLDER`; "
            "or a name of the hub, OWNER/NAME, where there is a network",
        )
    kind = _class_of(family)
    try:
        config, subfolder = _read_config(kind, source, places)
        found = config.get("_class_name", kind.__name__)
        if found != kind.__name__:
            raise UserError(
                f"{where} holds a {found}, not the {kind.__name__} of the family `{family}`",
                "name a codec by its own family: "
                + ", ".join(f"`{n}:` ({f.class_name})" for n, f in _FAMILIES.items()),
            )
        network, info = kind.from_pretrained(
            source,
            subfolder=subfolder or None,
            torch_dtype=torch.float32,
            output_loading_info=True,
        )
    except UserError:
        raise
    except Exception as error:  # what a foreign or damaged folder raises is not specified
        raise _unreadable(family, where, error) from error
    if info["missing_keys"]:
        raise _unreadable(family, where, KeyError(f"no {sorted(info['missing_keys'])[0]}"))
    return PretrainedCodec(family, network, _revision_of(config, network))


def _class_of(family: str) -> Any:
    ready_vision(is_needed=False)
    try:
        import diffusers

        return getattr(diffusers, _FAMILIES[family].class_name)
    except (ImportError, AttributeError, RuntimeError) as error:
        raise UserError(
            f"the codecs `{family}` need diffusers: {first_line(error)}",
            "pip install 'rushes[codecs]', or use the codec `shipped`",
        ) from error


def _read_config(kind: Any, source: str, places: Sequence[str]) -> tuple[dict[str, Any], str]:
    """Return the config as it is written, and the subfolder that it was found in."""
    *others, last = places
    for subfolder in others:
        try:
            return dict(kind.load_config(source, subfolder=subfolder or None)), subfolder
        except OSError:
            continue
    return dict(kind.load_config(source, subfolder=last or None)), last


def _unreadable(family: str, where: str, why: Exception) -> UserError:
    return UserError(
        f"the codec `{family}:{where}` cannot be read: {first_line(why)}",
        "name a whole folder, or a name of the hub where there is a network; "
        "a damaged download is mended by deleting it",
    )


def _revision_of(config: dict[str, Any], network: Any) -> str:
    """Return the hash of config and weights: the same from a folder, a pipeline and the hub."""
    stated = {k: v for k, v in config.items() if not k.startswith("_")}
    digest = hashlib.sha256(f"{_REVISION} {json.dumps(stated, sort_keys=True)}".encode())
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().reshape(-1).numpy())
    return digest.hexdigest()[:_DIGITS]
