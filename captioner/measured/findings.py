"""Measurements -> what may be said: words from closed lists, empty where not clear.

Pure but for decoding the stored frames. Every field is either a fact that holds with a
margin or empty; the wording adds nothing to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from captioner.measured import limits
from captioner.measured.areas import Area, find_areas
from captioner.measured.colours import ACHROMATIC, NAMES, shade
from captioner.measured.layout import find_bands, find_lighter_part
from captioner.measured.limits import Band
from captioner.measured.pictures import Pictures, read_pictures
from captioner.request import CaptionRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """A colour, with its shade, and its mean share of the picture."""

    name: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What may be said about a clip.

    `shape`: landscape, portrait, square or panorama. `light`: black, dark, medium or bright.
    `light_change`: brighter, darker or steady. `contrast`: low or high. `palette`:
    greyscale, muted or vivid. `extent` is how much the first colour covers: nearly_all or
    most. `change`: none, little, some or much. `camera`: still, or a direction. `zoom`: in or
    out. `bars`: top and bottom, sides, all sides, or some where only their area is known.
    `upper_colour` and `lower_colour` fill the outer thirds. `lighter_part`: upper, lower,
    left or right.
    """

    duration_s: float
    width_px: int
    height_px: int
    fps: float
    shape: str = ""
    light: str = ""
    light_change: str = ""
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
    camera: str = ""
    camera_is_fast: bool = False
    camera_is_unsteady: bool = False
    zoom: str = ""
    is_soft: bool = False
    bars: str = ""


def find(request: CaptionRequest) -> Findings:
    """Return what may be said about a clip. A score that is missing or NaN says nothing."""
    score = _Scores(request)
    pictures = read_pictures(request.frames, score.get("border_share"))
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
    findings = _with_change(_with_camera(findings, score), score)
    findings = _confirm_camera(findings, pictures)
    findings = _with_light(findings, score, pictures)
    if pictures is None:
        if score.side(
            "saturation", limits.GREYSCALE_SATURATION
        ) == "low" and findings.light not in (
            "",
            "black",
        ):
            findings = replace(findings, palette="greyscale")
        return findings
    return _with_colours(findings, score, pictures)


class _Scores:
    """The scores of a request, by name; absent and NaN are the same."""

    def __init__(self, request: CaptionRequest) -> None:
        self._values = request.scores

    def get(self, name: str) -> float:
        """Return the score, NaN where it was not measured. No comparison with NaN holds."""
        return float(self._values.get(name, math.nan))

    def side(self, name: str, band: Band) -> str | None:
        """Return the side of the band on which the score clearly lies."""
        return band.side(self.get(name))


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


def _with_camera(findings: Findings, score: _Scores) -> Findings:
    """Add the camera's movement, unless the picture is too flat for it to be measured."""
    if not score.get("contrast") >= limits.CAMERA_MIN_CONTRAST:
        return findings
    movement, growth = score.get("camera_motion"), score.get("zoom")
    # Frame heights per second -> widths, so that a direction is an angle in the picture.
    dx = score.get("pan_x")
    dy = score.get("pan_y") * findings.height_px / max(1, findings.width_px)
    net = math.hypot(score.get("pan_x"), score.get("pan_y"))
    unsteady = score.side("shake", limits.SHAKE)
    zoom = ""
    if limits.ZOOM.side(abs(growth)) == "high":
        zoom = "in" if growth > 0 else "out"
    camera = ""
    if limits.CAMERA_STILL.side(movement) == "low":
        if limits.ZOOM.side(abs(growth)) == "low" and unsteady == "low":
            camera = "still"
    elif limits.PAN.side(net) == "high" and net >= limits.PAN_NET_SHARE * movement:
        camera = _name_pan(dx, dy)
    return replace(
        findings,
        camera=camera,
        camera_is_fast=camera not in ("", "still") and limits.PAN_FAST.side(net) == "high",
        camera_is_unsteady=unsteady == "high",
        zoom=zoom,
    )


def _confirm_camera(findings: Findings, pictures: Pictures | None) -> Findings:
    """Take back what the pictures do not bear out: a still camera, or one that moves.

    Without two pictures nothing can be seen to stay, and the scores alone tell of movement.
    """
    if pictures is None or len(pictures.times_s) < 2:
        return replace(findings, camera="") if findings.camera == "still" else findings
    changes = np.abs(np.diff(pictures.luma_THW, axis=0))
    contrast = float(pictures.luma_THW.std(axis=(1, 2)).mean())
    levels = float(np.clip(limits.UNMOVED_CONTRAST * contrast, *limits.UNMOVED_LEVELS))
    unmoved_T = (changes <= levels).mean(axis=(1, 2))
    if findings.camera == "still":
        stays = limits.UNMOVED_CELLS.side(float(unmoved_T.min())) == "high"
        return findings if stays else replace(findings, camera="")
    if limits.UNMOVED_CELLS.side(float(np.median(unmoved_T))) == "low":
        return findings
    return replace(findings, camera="", camera_is_fast=False, camera_is_unsteady=False, zoom="")


def _name_pan(dx: float, dy: float) -> str:
    across, along = "right" if dx > 0 else "left", "down" if dy > 0 else "up"
    side = limits.PAN_OTHER_AXIS.side(min(abs(dx), abs(dy)) / max(abs(dx), abs(dy)))
    if side == "low":
        return across if abs(dx) > abs(dy) else along
    return f"{along} and to the {across}" if side == "high" else ""


def _with_change(findings: Findings, score: _Scores) -> Findings:
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
    bursts = change == "some" and score.get("motion_peak") >= limits.BURST_RATIO.high * motion
    return replace(findings, change=change, has_bursts=bursts)


def _with_light(findings: Findings, score: _Scores, pictures: Pictures | None) -> Findings:
    """Add light. Dark bars count in the scores, so with bars the pictures are asked instead."""
    bars = score.side("border_share", limits.BARS)
    brightness = score.get("brightness")
    if bars != "low":
        brightness = math.nan if pictures is None else float(pictures.luma_THW.mean())
    light = ""
    if limits.NEARLY_BLACK.side(brightness) == "low":
        light = "black"
    elif limits.DARK.side(brightness) == "low" and limits.NEARLY_BLACK.side(brightness) == "high":
        light = "dark"
    elif limits.BRIGHT.side(brightness) == "high":
        light = "bright"
    elif limits.DARK.side(brightness) == "high" and limits.BRIGHT.side(brightness) == "low":
        light = "medium"
    contrast = ""
    if bars == "low" and light != "black":
        if score.side("contrast", limits.LOW_CONTRAST) == "low":
            contrast = "low"
        elif score.side("contrast", limits.HIGH_CONTRAST) == "high":
            contrast = "high"
    where = pictures.bars if pictures is not None else ""
    return replace(
        findings,
        light=light,
        light_change="" if pictures is None else _find_light_change(pictures),
        contrast=contrast,
        half_is_black=bars == "low" and score.side("dark_share", limits.DARK_SHARE) == "high",
        quarter_is_white=bars == "low"
        and score.side("bright_share", limits.BRIGHT_SHARE) == "high",
        bars=(where or "some") if bars == "high" and light != "black" else "",
    )


def _find_light_change(pictures: Pictures) -> str:
    """Return brighter or darker where the mean luma goes one way, steady where it stays."""
    if len(pictures.times_s) < 2:
        return ""
    luma_T = pictures.luma_THW.mean(axis=(1, 2))
    if limits.LIGHT_CHANGE.side(float(np.ptp(luma_T))) == "low":
        return "steady"
    net = float(luma_T[-1] - luma_T[0])
    steps_T = np.diff(luma_T) * np.sign(net)
    one_way = float(steps_T.min()) >= -limits.LIGHT_STEP_BACK
    if limits.LIGHT_CHANGE.side(abs(net)) != "high" or not one_way:
        return ""
    return "brighter" if net > 0 else "darker"


def _with_colours(findings: Findings, score: _Scores, pictures: Pictures) -> Findings:
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
