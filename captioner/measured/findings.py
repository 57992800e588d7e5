"""Measurements -> what may be said: words from closed lists, empty where not clear.

Pure but for decoding the stored frames. Every field is either a fact that holds with a
margin or empty; the wording adds nothing to it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from captioner.measured import limits
from captioner.measured.areas import Area, find_areas
from captioner.measured.camera import find_camera
from captioner.measured.colours import ACHROMATIC, NAMES, shade
from captioner.measured.layout import find_bands, find_lighter_part
from captioner.measured.light import LightStep, find_light
from captioner.measured.movers import Movement, find_movement
from captioner.measured.pictures import Pictures, read_pictures
from captioner.measured.presence import find_presence
from captioner.measured.scores import Scores
from captioner.request import CaptionRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """A colour, with its shade, and its mean share of the picture."""

    name: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What may be said about a clip.

    `shape`: landscape, portrait, square or panorama. `light`: black, dark, dim, medium, light
    or bright. `light_change`: brighter, darker or steady; `light_steps` are sudden. `contrast`:
    low or high. `tone`: warm or cool. `palette`: greyscale, muted or vivid. `extent` is how
    much the first colour covers: nearly_all or most. `change`: none, little, modest, some,
    marked or much. `camera`: still, nearly still, a direction, or `about` for no one way.
    `zoom`: in or out. `bars`: top and bottom, sides, all sides, or some where only their area
    is known. `upper_colour` and `lower_colour` fill the outer thirds. `lighter_part`: upper,
    lower, left or right. `presence` and `luma` are for checking, not for saying: the largest share
    that each family of colours could have in any frame (`captioner.measured.presence`; empty
    without pictures), and the mean luma 0..255 between bars (NaN where unknown).
    """

    duration_s: float
    width_px: int
    height_px: int
    fps: float
    shape: str = ""
    luma: float = math.nan
    light: str = ""
    light_change: str = ""
    light_steps: tuple[LightStep, ...] = ()
    tone: str = ""
    contrast: str = ""
    half_is_black: bool = False
    quarter_is_white: bool = False
    palette: str = ""
    colours: tuple[Colour, ...] = ()
    extent: str = ""
    background: str = ""
    upper_colour: str = ""
    lower_colour: str = ""
    lighter_part: str = ""
    areas: tuple[Area, ...] = ()
    change: str = ""
    has_bursts: bool = False
    movement: Movement = field(default_factory=Movement)
    camera: str = ""
    camera_is_fast: bool = False
    camera_is_slow: bool = False
    camera_is_unsteady: bool = False
    zoom: str = ""
    is_soft: bool = False
    bars: str = ""
    presence: Mapping[str, float] = field(default_factory=dict)


def find(request: CaptionRequest) -> Findings:
    """Return what may be said about a clip. A score that is missing or NaN says nothing.

    Raises OSError for a stored frame that cannot be read.
    """
    return find_in(request, read_pictures(request.frames, _border_share(request)))


def find_in(request: CaptionRequest, pictures: Pictures | None) -> Findings:
    """Return what may be said from pictures that are read already, or from scores alone."""
    score = Scores(request.scores)
    findings = Findings(
        duration_s=request.duration_s,
        width_px=request.width_px,
        height_px=request.height_px,
        fps=request.fps,
        shape=_find_shape(request.width_px, request.height_px),
        is_soft=score.side("sharpness", limits.SOFT) == "low"
        and score.get("contrast") >= limits.SOFT_MIN_CONTRAST
        and max(request.width_px, request.height_px) <= limits.SOFT_MAX_PX,
    )
    findings = _with_change(_with_camera(findings, score, pictures), score)
    findings = _with_light(findings, score, pictures)
    if pictures is None:
        is_grey = score.side("saturation", limits.GREYSCALE_SATURATION) == "low"
        if is_grey and findings.light not in ("", "black"):
            findings = replace(findings, palette="greyscale")
        return findings
    if findings.camera == "still" and findings.change != "none":
        findings = replace(findings, movement=find_movement(pictures))
    findings = _with_colours(findings, score, pictures)
    return replace(findings, presence=find_presence(pictures))


def _border_share(request: CaptionRequest) -> float:
    return Scores(request.scores).get("border_share")


def _find_shape(width_px: int, height_px: int) -> str:
    if width_px <= 0 or height_px <= 0:
        return ""
    ratio = width_px / height_px
    if limits.PANORAMA.side(ratio) == "high":
        return "panorama"
    if limits.LANDSCAPE.side(ratio) == "high" and limits.PANORAMA.side(ratio) == "low":
        return "landscape"
    if limits.PORTRAIT.side(ratio) == "low":
        return "portrait"
    is_square = limits.PORTRAIT.high <= ratio <= limits.LANDSCAPE.low
    return "square" if is_square else ""


def _with_camera(findings: Findings, score: Scores, pictures: Pictures | None) -> Findings:
    aspect = findings.width_px / max(1, findings.height_px)
    camera = find_camera(score, pictures, aspect)
    return replace(
        findings,
        camera=camera.way,
        camera_is_fast=camera.is_fast,
        camera_is_slow=camera.is_slow,
        camera_is_unsteady=camera.is_unsteady,
        zoom=camera.zoom,
    )


def _with_change(findings: Findings, score: Scores) -> Findings:
    """Add how much changes beside what the camera's movement explains."""
    motion = score.get("motion")
    change = ""
    if limits.CHANGE_NONE.side(motion) == "low":
        change = "none" if score.side("still_share", limits.STILL_SHARE) == "high" else "little"
    elif limits.CHANGE_LITTLE.side(motion) == "low":
        change = "little"
    elif limits.CHANGE_MUCH.side(motion) == "high":
        change = "much"
    elif limits.CHANGE_LITTLE.side(motion) == "high" and limits.CHANGE_MUCH.side(motion) == "low":
        change = "some"
    elif motion >= limits.CHANGE_LITTLE.low:
        change = "modest" if motion < limits.CHANGE_LITTLE.high else "marked"
    bursts = change == "some" and score.get("motion_peak") >= limits.BURST_RATIO.high * motion
    return replace(findings, change=change, has_bursts=bursts)


def _with_light(findings: Findings, score: Scores, pictures: Pictures | None) -> Findings:
    light = find_light(score, pictures)
    has_bars = score.side("border_share", limits.BARS) == "high"
    has_bars &= not score.get("border_share") >= limits.BARS_MAX
    where = pictures.bars if pictures is not None else ""
    return replace(
        findings,
        luma=light.luma,
        light=light.level,
        light_change=light.change,
        light_steps=light.steps,
        contrast=light.contrast,
        tone=light.tone,
        half_is_black=light.half_is_black,
        quarter_is_white=light.quarter_is_white,
        bars=(where or "some") if has_bars and light.level != "black" else "",
    )


def _with_colours(findings: Findings, score: Scores, pictures: Pictures) -> Findings:
    """Add colours, background and the areas that stand out, from the sampled frames."""
    chroma_THW = np.hypot(pictures.lab_THWC[..., 1], pictures.lab_THWC[..., 2])
    # Chroma of pixels that are black to the eye is noise.
    visible = chroma_THW[pictures.lab_THWC[..., 0] > limits.CHROMA_MIN_LIGHTNESS]
    if findings.light == "black" or len(visible) < limits.CHROMA_MIN_CELLS * chroma_THW.size:
        return findings
    grey_pixels = limits.GREYSCALE_CHROMA.side(float(np.percentile(visible, 99))) == "low"
    # Dark bars are in the score, and their noise has a saturation of its own.
    coloured_score = score.side("saturation", limits.GREYSCALE_SATURATION) == "high"
    is_greyscale = grey_pixels and not (coloured_score and not findings.bars)
    mean_chroma = float(visible.mean())
    palette = ""
    if is_greyscale:
        palette = "greyscale"
    elif limits.MUTED_CHROMA.side(mean_chroma) == "low" and not grey_pixels:
        palette = "muted"
    elif limits.VIVID_CHROMA.side(mean_chroma) == "high":
        palette = "vivid"
    colours = [c for c in _find_colours(pictures) if not is_greyscale or _is_grey(c.name)]
    first = colours[0].share if colours else 0.0
    extent = ""
    if limits.COLOUR_NEARLY_ALL.side(first) == "high":
        extent = "nearly_all"
    elif limits.COLOUR_MOST.side(first) == "high":
        extent = "most"
    upper, lower = find_bands(pictures)
    if is_greyscale and not (_is_grey(upper or "grey") and _is_grey(lower or "grey")):
        upper, lower = "", ""
    areas = find_areas(
        pictures, camera_is_still=findings.camera == "still" and findings.change != "none"
    )
    background = _find_background(pictures)
    return replace(
        findings,
        palette=palette,
        colours=tuple(colours),
        extent=extent,
        background=background,
        upper_colour=upper,
        lower_colour=lower,
        lighter_part=find_lighter_part(pictures),
        areas=tuple(
            area
            for area in areas
            if area.colour != background and (not is_greyscale or _is_grey(area.colour))
        ),
    )


def _is_grey(name: str) -> bool:
    return name.split()[-1] in ACHROMATIC


def _find_colours(pictures: Pictures) -> list[Colour]:
    """Return the colours that clearly cover a part of the picture, the largest first."""
    found = []
    for index, name in enumerate(NAMES):
        mask_THW = pictures.names_THW == index
        share = float(mask_THW.mean())
        if limits.COLOUR_NAMED.side(share) == "high":
            lightness = float(pictures.lab_THWC[mask_THW][:, 0].mean())
            found.append(Colour(name=shade(name, lightness), share=share))
    return sorted(found, key=lambda colour: (-colour.share, colour.name))


def _find_background(pictures: Pictures) -> str:
    """Return the colour that fills much of the picture and most of its rim, or empty."""
    height, width = pictures.names_THW.shape[1:]
    depth = max(1, round(min(height, width) * limits.RIM_DEPTH))
    rim_HW: NDArray[np.bool_] = np.ones((height, width), dtype=bool)
    rim_HW[depth : height - depth, depth : width - depth] = False
    for index, name in enumerate(NAMES):
        mask_THW = pictures.names_THW == index
        area, rim = float(mask_THW.mean()), float(mask_THW[:, rim_HW].mean())
        if (
            limits.BACKGROUND_AREA.side(area) == "high"
            and limits.BACKGROUND_RIM.side(rim) == "high"
        ):
            return shade(name, float(pictures.lab_THWC[mask_THW][:, 0].mean()))
    return ""
