"""How the camera moves: the scores of every frame, borne out by the sampled pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from captioner.measured import limits
from captioner.measured.pictures import FINE_PX, Pictures
from captioner.measured.scores import Scores
from captioner.measured.steadiness import Steadiness, measure_steadiness


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """What may be said: `way`: still, nearly still, a direction, `about` (no one way), or empty."""

    way: str = ""
    is_fast: bool = False
    is_slow: bool = False
    is_unsteady: bool = False
    zoom: str = ""


def find_camera(score: Scores, pictures: Pictures | None, aspect: float) -> Camera:
    """Return what is clear about the camera; `aspect` is width / height.

    Tiles with structure decide where there are enough of them. A flat picture is left to the
    scores, which must then be borne out by how many cells change at all.
    """
    if not score.get("contrast") >= limits.CAMERA_MIN_CONTRAST:
        return Camera()
    scored = _from_scores(score, aspect)
    if pictures is None or len(pictures.times_s) < 2:
        return _from_one_picture(scored, score)
    votes = measure_steadiness(pictures)
    if votes is None:
        return _borne_out_by_cells(scored, pictures)
    return _borne_out_by_tiles(scored, score, votes)


def _from_scores(score: Scores, aspect: float) -> Camera:
    movement, growth = score.get("camera_motion"), score.get("zoom")
    # Frame heights per second -> widths, so that a direction is an angle in the picture.
    dx, dy = score.get("pan_x"), score.get("pan_y") / aspect
    net = math.hypot(score.get("pan_x"), score.get("pan_y"))
    unsteady = score.side("shake", limits.SHAKE)
    zoom = ""
    if limits.ZOOM.side(abs(growth)) == "high":
        zoom = "in" if growth > 0 else "out"
    way = ""
    if limits.CAMERA_STILL.side(movement) == "low":
        if limits.ZOOM.side(abs(growth)) == "low" and unsteady == "low":
            way = "still"
    elif limits.PAN.side(net) == "high" and net >= limits.PAN_NET_SHARE * movement:
        way = name_way(dx, dy)
    return Camera(
        way=way,
        is_fast=way not in ("", "still") and limits.PAN_FAST.side(net) == "high",
        is_unsteady=unsteady == "high",
        zoom=zoom,
    )


def _from_one_picture(scored: Camera, score: Scores) -> Camera:
    """Without two pictures nothing can be seen to stay: only a clip without any change does."""
    if scored.way != "still" or score.side("motion", limits.CHANGE_NONE) == "low":
        return scored
    return Camera(zoom=scored.zoom, is_unsteady=scored.is_unsteady)


def _borne_out_by_tiles(scored: Camera, score: Scores, votes: Steadiness) -> Camera:
    movement = score.get("camera_motion")
    keeps = (votes.stay >= limits.STAY and votes.stay_ends >= limits.STAY_ENDS) or (
        votes.stay >= limits.STAY_CLEARLY and votes.moved_ends <= limits.STAY_MAX_MOVED
    )
    if keeps:
        # Hands before a still camera look like growth to the scores, but leave most tiles.
        zooms = limits.ZOOM.side(abs(score.get("zoom"))) == "high"
        zooms &= votes.stay < limits.STAY_CLEARLY
        is_still = movement <= limits.STILL_MAX_MOVEMENT and not zooms
        return Camera(way="still") if is_still else Camera()
    if score.get("dark_share") >= limits.CAMERA_MAX_DARK:
        return Camera()  # on black, what moves is a title as likely as the camera
    if votes.stay > limits.GONE:
        return _slow(votes, score)
    if scored.way not in ("", "still"):
        return scored
    drift = _slow(votes, score)
    if drift.way and not scored.is_unsteady:
        return drift
    moves = movement >= limits.MOVES
    return Camera(way="about" if moves else "", is_unsteady=scored.is_unsteady, zoom=scored.zoom)


def _slow(votes: Steadiness, score: Scores) -> Camera:
    """Return a slow movement where the tiles went one common way from the first frame on."""
    zooms = limits.ZOOM.side(abs(score.get("zoom"))) != "low"
    hardly = (
        votes.stay > limits.GONE and score.get("camera_motion") <= limits.HARDLY_MOVES and not zooms
    )
    unclear = Camera(way="nearly still" if hardly else "")
    steps = [step for step in votes.steps if step is not None]
    if not steps or len(steps) < limits.DRIFT_STEPS * len(votes.steps):
        return unclear
    x, y = np.sum(steps, axis=0)
    one_way = sum(step[0] * x + step[1] * y > 0 for step in steps)
    if one_way < len(steps) or math.hypot(x, y) < limits.DRIFT_CELLS:
        return unclear
    is_slow = math.hypot(x, y) / len(steps) / FINE_PX <= limits.PAN.high
    return Camera(way=name_way(-float(x), -float(y)), is_slow=is_slow)  # content goes against it


def _borne_out_by_cells(scored: Camera, pictures: Pictures) -> Camera:
    """Take back what a flat picture does not bear out: a still camera, or one that moves."""
    changes = np.diff(pictures.luma_THW, axis=0)
    changes = np.abs(changes - np.median(changes, axis=(1, 2), keepdims=True))  # less the light's
    contrast = float(pictures.luma_THW.std(axis=(1, 2)).mean())
    levels = float(np.clip(limits.UNMOVED_CONTRAST * contrast, *limits.UNMOVED_LEVELS))
    unmoved_T = (changes <= levels).mean(axis=(1, 2))
    if scored.way == "still":
        stays = limits.UNMOVED_CELLS.side(float(unmoved_T.min())) == "high"
        return scored if stays else Camera(is_unsteady=scored.is_unsteady, zoom=scored.zoom)
    if limits.UNMOVED_CELLS.side(float(np.median(unmoved_T))) == "low":
        return scored
    return Camera()


def name_way(dx: float, dy: float) -> str:
    """Return the name of a way right and down, empty between two sectors."""
    if not dx and not dy:
        return ""
    across, along = "right" if dx > 0 else "left", "down" if dy > 0 else "up"
    side = limits.PAN_OTHER_AXIS.side(min(abs(dx), abs(dy)) / max(abs(dx), abs(dy)))
    if side == "low":
        return across if abs(dx) > abs(dy) else along
    return f"{along} and to the {across}" if side == "high" else ""
