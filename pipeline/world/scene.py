"""A scene's pixels and its truth. Pure: the same plan, the same pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.world import floor, maze
from pipeline.world.camera import CameraPath, Floats, Room, camera_path
from pipeline.world.covers import Layers, layers_of
from pipeline.world.impossible import breach
from pipeline.world.motion import Motion, Track, frame_of, move
from pipeline.world.paint import (
    SHADOW_DEPTH,
    SHADOW_RGB,
    Cover,
    Frame,
    cover,
    lay,
    lay_covered,
    lay_object,
    outline_px,
    visible_shares,
)
from pipeline.world.props import (
    ToPixels,
    lay_candle,
    lay_jar,
    lay_pillar,
    lay_walls,
    wall_covers,
)
from pipeline.world.spec import SceneSpec, ViewSpec
from pipeline.world.state import CameraState, DrawnScene, EventState, ObjectState, SceneTruth
from pipeline.world.stated import facts_of
from pipeline.world.texture import Background, paint_background
from pipeline.world.vocabulary import BACKGROUND_RGB, OBJECT_COLOURS

MIN_SIDE_PX = 16
TRAIL_OPACITY = 0.5
TRAIL_WIDTH = 0.6
"""Of the brush stroke, over the diameter of the object that leaves it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """All that the drawing of a scene needs besides its plan."""

    camera: CameraPath
    mirrors: NDArray[np.float64]
    """-1 in frames that are seen from behind, else 1."""
    backgrounds: Sequence[Background]
    """One per frame."""
    unit_px: int
    size: tuple[int, int]

    def place(self, t: int) -> ToPixels:
        """Return the map from the scene's units to the pixels of frame `t`."""
        zoom = float(self.camera.zoom[t]) * self.unit_px
        shift_x = (self.size[0] - 1) / 2 - float(self.camera.x[t]) * zoom
        shift_y = (self.size[1] - 1) / 2 - float(self.camera.y[t]) * zoom
        side = float(self.mirrors[t])
        return lambda x, y: (side * x * zoom + shift_x, y * zoom + shift_y)

    def places(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return the pixels of a point that moves: `place` for all frames at once."""
        zoom = self.camera.zoom * self.unit_px
        shift_x = (self.size[0] - 1) / 2 - self.camera.x * zoom
        shift_y = (self.size[1] - 1) / 2 - self.camera.y * zoom
        return self.mirrors * x * zoom + shift_x, y * zoom + shift_y


def draw_scene(
    spec: SceneSpec, *, width_px: int, height_px: int, num_frames: int, fps: float
) -> DrawnScene:
    """Draw a scene at a size; its plan must have been made for that shape and duration."""
    times_s = np.arange(num_frames) / fps
    if spec.kind == "floor":
        return floor.draw(spec, times_s, width_px=width_px, height_px=height_px, fps=fps)
    if spec.kind == "maze":
        return maze.draw(spec, times_s, width_px=width_px, height_px=height_px, fps=fps)
    stage = _stage(spec, times_s, width_px, height_px)
    motion = move(spec, times_s)
    impossible_frame = breach(spec, motion, times_s)
    pixels, visibility = _draw_frames(spec, stage, motion, times_s)
    cuts = [
        EventState(kind="cut", frame=frame_of(view.start_share * spec.duration_s, times_s))
        for view in spec.views[1:]
    ]
    events = sorted([*motion.events, *cuts], key=lambda event: event.frame)
    camera = stage.camera
    truth = SceneTruth(
        width_px=width_px,
        height_px=height_px,
        num_frames=num_frames,
        fps=fps,
        facts=facts_of(spec, events, num_frames),
        camera=CameraState(
            move=spec.camera_move,
            speed=camera.speed,
            x=_list(camera.x * stage.unit_px),
            y=_list(camera.y * stage.unit_px),
            zoom=_list(camera.zoom),
        ),
        objects=_states(stage, motion, visibility),
        events=tuple(events),
        impossible=spec.impossible,
        impossible_frame=impossible_frame,
    )
    return DrawnScene(pixels_THWC=pixels, truth=truth)


def _stage(spec: SceneSpec, times_s: Floats, width_px: int, height_px: int) -> _Stage:
    count = len(times_s)
    camera = camera_path(spec.camera_move, width=spec.width, height=spec.height, times_s=times_s)
    mirrors = np.ones(count)
    names = ["wide"] * count
    for view, frames in _shots(spec, times_s):
        names[frames] = [view.view] * len(names[frames])
        if view.view == "behind":
            mirrors[frames] = -1.0
        camera.x[frames], camera.y[frames] = view.x * mirrors[frames], view.y
        camera.zoom[frames] = view.zoom
    painted = {}
    for name in dict.fromkeys(names):
        part = [i for i, other in enumerate(names) if other == name]
        painted[name] = paint_background(
            spec.background_kind,
            spec.background_colour,
            seed=spec.texture_seed + (2**31 if name == "behind" else 0),
            camera=CameraPath(
                x=camera.x[part], y=camera.y[part], zoom=camera.zoom[part], speed=0.0
            ),
            width_px=width_px,
            height_px=height_px,
        )
    return _Stage(
        camera=camera,
        mirrors=mirrors,
        backgrounds=[painted[name] for name in names],
        unit_px=min(width_px, height_px),
        size=(width_px, height_px),
    )


def _shots(spec: SceneSpec, times_s: Floats) -> list[tuple[ViewSpec, slice]]:
    starts = [frame_of(view.start_share * spec.duration_s, times_s) for view in spec.views]
    ends = [*starts[1:], len(times_s)]
    return [
        (view, slice(start, end))
        for view, start, end in zip(spec.views, starts, ends, strict=False)
    ]


def _draw_frames(
    spec: SceneSpec, stage: _Stage, motion: Motion, times_s: Floats
) -> tuple[NDArray[np.uint8], list[list[float]]]:
    """Return the pixels, and per object the visibility in every frame."""
    width, height = stage.size
    pixels = np.empty((len(times_s), height, width, 3), dtype=np.uint8)
    visibility: list[list[float]] = [[] for _ in motion.tracks]
    trails: dict[int, NDArray[np.float32]] = {
        i: np.zeros((height, width), dtype=np.float32)
        for i, item in enumerate(spec.objects)
        if item.leaves_trail
    }
    camera = stage.camera
    is_still = not (np.ptp(camera.x) or np.ptp(camera.y) or np.ptp(camera.zoom))
    bounces = any(event.kind == "bounce" for event in motion.events)
    walls = Room(*spec.room) if spec.room is not None and bounces and not is_still else None
    border = None if walls is None else wall_covers(walls, stage.places, stage.size, len(times_s))
    layers = [_layers(track, spec.style, stage) for track in motion.tracks]
    seen: Frame | None = None
    for t in range(len(times_s)):
        if seen is None or not is_still or spec.views:
            seen = stage.backgrounds[t].look(stage.camera, t, width, height)
        frame = pixels[t]
        frame[:] = seen
        place = stage.place(t)
        if border is not None:
            lay_walls(frame, border[t], BACKGROUND_RGB[spec.background_colour])
        _draw_prop_behind(frame, spec, motion, place, t, times_s)
        for i, layer in trails.items():
            _add_stroke(layer, stage, motion, i, t)
            share = layer[:, :, None] * TRAIL_OPACITY
            ink = np.array(OBJECT_COLOURS[motion.tracks[i].colours[t]], dtype=np.float32)
            frame[:] = np.rint(frame + (ink - frame) * share)
        covers = _draw_objects(frame, spec, stage, motion, layers, t)
        if spec.prop is not None and spec.prop.kind == "pillar":
            covers.append((-1, 0.0, lay_pillar(frame, spec.prop, place)))
        for i, shown in visible_shares(covers, stage.size).items():
            visibility[i].append(shown)
    return pixels, visibility


def _draw_prop_behind(
    frame: Frame, spec: SceneSpec, motion: Motion, place: ToPixels, t: int, times_s: Floats
) -> None:
    prop = spec.prop
    if prop is None or prop.kind == "pillar":
        return
    since = None
    if motion.prop_frame is not None and t >= motion.prop_frame:
        since = float(times_s[t] - times_s[motion.prop_frame])
    if prop.kind == "candle":
        lay_candle(frame, prop, place, since)
        return
    spill = next((event.frame for event in motion.events if event.kind == "spill"), None)
    spilt = None if spill is None or t < spill else float(times_s[t] - times_s[spill])
    lay_jar(frame, prop, place, seconds_broken=since, seconds_spilt=spilt)


def _add_stroke(
    layer: NDArray[np.float32], stage: _Stage, motion: Motion, index: int, t: int
) -> None:
    """Add to a canvas what a brush passes between the last frame and this one."""
    track = motion.tracks[index]
    place = stage.place(t)
    zoom = float(stage.camera.zoom[t]) * stage.unit_px
    radius = float(track.diameter[t]) * zoom * TRAIL_WIDTH / 2
    x1, y1 = place(float(track.x[t]), float(track.y[t]))
    x0, y0 = place(float(track.x[max(t - 1, 0)]), float(track.y[max(t - 1, 0)]))
    ends = [outline_px("circle", x=x, y=y, diameter=2 * radius) for x, y in ((x0, y0), (x1, y1))]
    length = float(np.hypot(x1 - x0, y1 - y0))
    polygons = list(ends)
    if length > 1e-6:
        side = np.array([y0 - y1, x1 - x0]) * (radius / length)
        ends_px = np.array([[x0, y0], [x1, y1]])
        polygons.append(np.concatenate([ends_px + side, (ends_px - side)[::-1]]))
    stroke = cover(polygons, stage.size)
    if stroke is not None:
        part = layer[stroke.rows, stroke.columns]
        np.maximum(part, stroke.share, out=part)


def _draw_objects(
    frame: Frame,
    spec: SceneSpec,
    stage: _Stage,
    motion: Motion,
    layers: Sequence[_TrackLayers],
    t: int,
) -> list[tuple[int, float, Cover | None]]:
    """Draw the objects of a frame; return (index, whole area in pixels, what it covers)."""
    for track, of_track in zip(motion.tracks, layers, strict=True):
        shadow = of_track.by_shape[track.shapes[t]].shadow
        if shadow is not None and track.is_there[t]:
            lay(frame, shadow[t], SHADOW_RGB, SHADOW_DEPTH)
    drawn = []
    for i, (track, of_track) in enumerate(zip(motion.tracks, layers, strict=True)):
        x, y, diameter, angle_deg = of_track.places[t]
        shape, colour = track.shapes[t], OBJECT_COLOURS[track.colours[t]]
        notches = [notch for start, notch in track.notches if t >= start]
        where = {"x": x, "y": y, "diameter": diameter}
        of_shape = of_track.by_shape[shape]
        covered = of_shape.whole[t] if track.is_there[t] else None
        if covered is not None and notches:
            where["angle_deg"] = angle_deg
            covered = lay_object(frame, shape, colour, spec.style, notches=notches, **where)
        elif covered is not None:
            inner = None if of_shape.inner is None else of_shape.inner[t]
            lay_covered(frame, covered, inner, colour, spec.style, **where)
        drawn.append((i, float(np.pi * diameter**2 / 4), covered))
    return drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class _TrackLayers:
    """Where an object is in the frames (x, y, diameter, angle), and what it covers in them."""

    places: list[tuple[float, float, float, float]]
    by_shape: dict[str, Layers]


def _layers(track: Track, style: str, stage: _Stage) -> _TrackLayers:
    x, y = stage.places(track.x, track.y)
    diameter = track.diameter * (stage.camera.zoom * stage.unit_px)
    angle_deg = track.angle_deg * stage.mirrors
    where = (x, y, diameter, angle_deg)
    return _TrackLayers(
        places=list(zip(*(values.tolist() for values in where), strict=True)),
        by_shape={
            shape: layers_of(shape, style, *where, stage.size)
            for shape in dict.fromkeys(track.shapes)
        },
    )


def _states(
    stage: _Stage, motion: Motion, visibility: list[list[float]]
) -> tuple[ObjectState, ...]:
    states = []
    for i, track in enumerate(motion.tracks):
        x_px, y_px = stage.places(track.x, track.y)
        states.append(
            ObjectState(
                object_index=i,
                shape=track.shapes[0],
                x_px=_list(x_px),
                y_px=_list(y_px),
                diameter_px=_list(track.diameter * stage.camera.zoom * stage.unit_px),
                angle_deg=_list(track.angle_deg * stage.mirrors),
                visibility=tuple(visibility[i]),
                colour=tuple(track.colours),
            )
        )
    return tuple(states)


def _list(values: Floats) -> tuple[float, ...]:
    return tuple(values.tolist())
