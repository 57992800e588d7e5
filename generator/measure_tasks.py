"""What the tasks are worth in numbers: animate, extend, loop, fill, connect, edit, prototype.

The world draws a scene, part of it is given, the rest is made, and the parser reads where the
object is in every frame. Beside what was made stands the same measure of the scene itself.

Lengths are in units (the frame's shorter side), speeds in units a second. A sample in which
the object is not found counts as a failure of its own, never as a good value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from generator.make import Making, enlarge, make_batch
from generator.measure_codec import psnr_db, reconstruct
from generator.measure_prompts import Answer, Share, compare, frames_at, shares
from generator.sample import LoadedCheckpoint
from generator.settings import MeasuredTask, SampleSettings
from schemas.errors import UserError
from schemas.facts import COLOURS, Facts
from schemas.frames import SeenClip, TrackedClip, World
from schemas.wording.render import Length, render

Pixels = NDArray[np.uint8]
Path2 = NDArray[np.float64]
"""x and y of one thing in every frame, T,2; NaN where it is not seen."""

EDIT_STRENGTHS = (0.5, 0.65, 0.8, 0.9, 1.0)
_TRIES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A scene of the world, and how it is asked for."""

    clip: TrackedClip
    prompt: str
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one task came to: numbers by name, and a picture for each case.

    A row of `sheets` is a clip of one case, T,H,W,3, with the frames that were given.
    """

    numbers: Mapping[str, float | dict[str, float]]
    sheets: tuple[tuple[Pixels, tuple[bool, ...]], ...]


def draw_cases(
    world: World,
    count: int,
    settings: SampleSettings,
    *,
    split: str,
    num_objects: int,
    first_seed: int,
    length: Length = "long",
    accept: Callable[[Facts], bool] = lambda facts: True,
) -> list[Case]:
    """Draw scenes that are accepted, of the size and length of the settings.

    Raises UserError where hardly any scene is.
    """
    found: list[Case] = []
    for seed in range(first_seed, first_seed + _TRIES * count):
        clip = world.draw_tracked(
            seed=seed,
            split=split,
            width_px=settings.width_px,
            height_px=settings.height_px,
            num_frames=settings.num_frames,
            fps=settings.fps,
            kind="free",
            num_objects=num_objects,
        )
        if not accept(clip.facts):
            continue
        prompt = render(clip.facts, length=length, seed=seed)
        found.append(Case(clip=clip, prompt=prompt, seed=seed))
        if len(found) == count:
            return found
    raise UserError(
        f"only {len(found)} of {_TRIES * count} scenes suit this measure", "ask for longer clips"
    )


def is_plain_motion(facts: Facts) -> bool:
    """Tell whether one object moves evenly before a still camera, and nothing else happens."""
    item = facts.objects[0]
    return (
        len(facts.objects) == 1
        and facts.camera in (None, "still")
        and item.action == "move"
        and item.change is None
        and not item.bounces
        and not item.leaves_trail
        and not facts.events
    )


# --- what is measured on paths and pixels ---------------------------------------------------


def path_of(seen: SeenClip, colour: str | None, count: int) -> Path2:
    """Return the path of the object of a colour, or of the only one; NaN where there is none."""
    if not seen.facts.objects:
        return np.full((count, 2), math.nan)
    colours = [item.colour for item in seen.facts.objects]
    index = colours.index(colour) if colour in colours else 0
    return np.asarray(seen.tracks_OT2[index], dtype=np.float64)


def jerks(path_T2: Path2, fps: float) -> Path2:
    """Return the change of velocity at each inner frame, T-2, in units a second."""
    step = np.diff(path_T2, axis=0) * fps
    return np.asarray(np.linalg.norm(np.diff(step, axis=0), axis=1))


def seam(path_T2: Path2, first_new: int, fps: float) -> tuple[float, float]:
    """Return the change of velocity at a seam, and the usual one elsewhere, in units a second.

    The seam lies before frame `first_new`: its two inner frames are the last known and the
    first new one. NaN where the object is not seen there.
    """
    change = jerks(path_T2, fps)
    at = [i for i in (first_new - 2, first_new - 1) if 0 <= i < len(change)]
    rest = np.delete(change, at)
    usual = float(np.nanmedian(rest)) if np.isfinite(rest).any() else math.nan
    return float(np.max(change[at])) if at else math.nan, usual


def loop_jump(path_T2: Path2, fps: float) -> tuple[float, float]:
    """Return how far a loop jumps where it begins again: in place (units), and in velocity.

    The jump in place is what is beyond the step that the velocity just before would take.
    """
    turned = np.concatenate((path_T2[-3:], path_T2[:3]))
    step = np.diff(turned, axis=0)
    place = float(np.linalg.norm(step[2] - step[1]))
    velocity = float(np.linalg.norm(step[3] - step[1])) * fps
    return place, velocity


def progress(pixels_THWC: Pixels, first: Pixels, last: Pixels) -> NDArray[np.float64]:
    """Return how far each frame is on its way from one picture (0) to another (1)."""
    clip, one, other = (x.astype(np.float64) for x in (pixels_THWC, first, last))
    from_first = np.sqrt(np.square(clip - one).mean((1, 2, 3)))
    from_last = np.sqrt(np.square(clip - other).mean((1, 2, 3)))
    return np.asarray(from_first / np.maximum(from_first + from_last, 1e-9))


def rank_correlation(values: NDArray[np.float64]) -> float:
    """Return Spearman's correlation of values with their order; 0 where they are all alike."""
    if len(values) < 2 or np.ptp(values) == 0:
        return 0.0
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return float(np.corrcoef(ranks, np.arange(len(values)))[0, 1])


# --- the tasks ------------------------------------------------------------------------------


class TaskMeasures:
    """Runs every task on cases of the world and measures what comes of it."""

    def __init__(
        self,
        loaded: LoadedCheckpoint,
        world: World,
        settings: SampleSettings,
        *,
        num_cases: int,
        first_seed: int,
        split: str = "seen",
    ) -> None:
        self._loaded = loaded
        self._world = world
        self._settings = settings
        self._num_cases = num_cases
        self._first_seed = first_seed
        self._split = split
        self._drawn: dict[int, list[Case]] = {}

    def run(self, task: MeasuredTask) -> Measured:
        """Measure one task."""
        measures: dict[MeasuredTask, Callable[[], Measured]] = {
            "animate": self._animate,
            "extend": lambda: self._extend("extend"),
            "before": lambda: self._extend("before"),
            "loop": self._loop,
            "fill": self._fill,
            "connect": self._connect,
            "edit": self._edit,
            "inside": self._inside,
            "prototype": self._prototype,
        }
        return measures[task]()

    def _cases(self, *, skip: int = 0) -> list[Case]:
        if skip not in self._drawn:
            self._drawn[skip] = draw_cases(
                self._world,
                self._num_cases,
                self._settings,
                split=self._split,
                num_objects=1,
                first_seed=self._first_seed + skip,
                accept=is_plain_motion,
            )
        return self._drawn[skip]

    def _make(
        self, cases: Sequence[Case], makings: Sequence[Making], new_frames: int
    ) -> list[Pixels]:
        settings = self._settings.model_copy(update={"seconds": new_frames / self._settings.fps})
        return make_batch(self._loaded, makings, settings, seeds=[case.seed for case in cases])

    def _seen(self, pixels_THWC: Pixels) -> SeenClip:
        return self._world.track(frames_at(pixels_THWC, self._settings.fps))

    def _path(self, case: Case, pixels_THWC: Pixels) -> Path2:
        return path_of(self._seen(pixels_THWC), case.clip.facts.objects[0].colour, len(pixels_THWC))

    def _answers(self, cases: Sequence[Case], videos: Sequence[Pixels]) -> list[Answer]:
        return [
            compare(case.clip.facts, self._seen(video).facts)
            for case, video in zip(cases, videos, strict=True)
        ]

    def _animate(self) -> Measured:
        """Give the first frame: how well it is kept, and whether the rest moves as prompted."""
        cases = self._cases()
        count = self._settings.num_frames
        videos = self._make(
            cases,
            [
                Making(task="animate", prompt=c.prompt, images=(c.clip.frames.pixels_THWC[0],))
                for c in cases
            ],
            count,
        )
        codec = self._loaded.codec
        firsts = [c.clip.frames.pixels_THWC[:1] for c in cases]
        found = shares(self._answers(cases, videos))
        return Measured(
            numbers={
                "first_frame_psnr_db": _median(
                    psnr_db(first, v[:1]) for first, v in zip(firsts, videos, strict=True)
                ),
                "first_frame_psnr_db_of_codec": _median(
                    psnr_db(first, reconstruct(codec, first)) for first in firsts
                ),
                "end_error": self._end_error(cases, videos),
                "end_error_of_the_scene": self._end_error(cases, _scenes(cases)),
                **{name: share.plain() for name, share in found.items()},
            },
            sheets=_sheets(videos, lambda t, n: t == 0),
        )

    def _end_error(self, cases: Sequence[Case], videos: Sequence[Pixels]) -> float:
        """Return the median distance of the object's last place from the scene's, in units."""
        return _median(
            float(np.linalg.norm(self._path(c, v)[-1] - c.clip.tracks_OT4[0, -1, :2]))
            for c, v in zip(cases, videos, strict=True)
        )

    def _extend(self, task: str) -> Measured:
        """Give half of the scene, at the start or at the end."""
        cases = self._cases()
        half = self._settings.num_frames // 2
        forward = task == "extend"
        given = [scene[:half] if forward else scene[-half:] for scene in _scenes(cases)]
        makings = [
            Making(task="extend" if forward else "before", prompt=c.prompt, videos=(part,))
            for c, part in zip(cases, given, strict=True)
        ]
        new = self._settings.num_frames - half
        videos = self._make(cases, makings, new)
        first_new = half if forward else new
        far = -1 if forward else 0
        kept = [v[:half] if forward else v[-half:] for v in videos]
        return Measured(
            numbers={
                **self._seams(cases, videos, first_new, ""),
                **self._seams(cases, _scenes(cases), first_new, "_of_the_scene"),
                "far_end_error": _median(
                    float(np.linalg.norm(self._path(c, v)[far] - c.clip.tracks_OT4[0, far, :2]))
                    for c, v in zip(cases, videos, strict=True)
                ),
                "known_psnr_db": _median(
                    psnr_db(one, other) for one, other in zip(given, kept, strict=True)
                ),
            },
            sheets=_sheets(videos, lambda t, n: t < half if forward else t >= n - half),
        )

    def _seams(
        self, cases: Sequence[Case], videos: Sequence[Pixels], first_new: int, name: str
    ) -> dict[str, float | dict[str, float]]:
        found = [
            seam(self._path(case, video), first_new, self._settings.fps)
            for case, video in zip(cases, videos, strict=True)
        ]
        seen = [pair for pair in found if all(map(math.isfinite, pair))]
        return {
            f"seam_velocity_jump{name}": _median(at for at, _ in seen),
            f"interior_velocity_jump{name}": _median(usual for _, usual in seen),
            f"tracked{name}": Share(right=len(seen), n=len(found)).plain(),
        }

    def _loop(self) -> Measured:
        """Give four frames; so many are made that the object can come back."""
        cases = self._cases()
        head = 4
        new = self._settings.num_frames - head
        videos = self._make(
            cases,
            [
                Making(task="loop", prompt=c.prompt, videos=(c.clip.frames.pixels_THWC[:head],))
                for c in cases
            ],
            new,
        )
        return Measured(
            numbers={
                **self._jumps(cases, videos, ""),
                # What a loop is not: the scene cut off and begun again.
                **self._jumps(cases, _scenes(cases), "_of_the_scene_cut"),
            },
            sheets=_sheets(videos, lambda t, n: t < head),
        )

    def _jumps(
        self, cases: Sequence[Case], videos: Sequence[Pixels], name: str
    ) -> dict[str, float | dict[str, float]]:
        fps = self._settings.fps
        paths = [self._path(case, video) for case, video in zip(cases, videos, strict=True)]
        found = [(loop_jump(path, fps), path) for path in paths]
        seen = [(jump, path) for jump, path in found if all(map(math.isfinite, jump))]
        return {
            f"place_jump{name}": _median(place for (place, _), _ in seen),
            f"velocity_jump{name}": _median(velocity for (_, velocity), _ in seen),
            f"interior_velocity_jump{name}": _median(
                float(np.nanmedian(jerks(path, fps))) for _, path in seen
            ),
            f"tracked{name}": Share(right=len(seen), n=len(found)).plain(),
        }

    def _fill(self) -> Measured:
        """Give the first, a middle and the last frame; compare the rest with the simulator."""
        cases = self._cases()
        count = self._settings.num_frames
        keys = (0, count // 2, count - 1)
        fps = self._settings.fps
        videos = self._make(
            cases,
            [
                Making(
                    task="fill",
                    prompt=c.prompt,
                    images=tuple(c.clip.frames.pixels_THWC[k] for k in keys),
                    at_s=tuple(k / fps for k in keys),
                )
                for c in cases
            ],
            count,
        )
        rest = [t for t in range(count) if t not in keys]
        blends = [_blend(c.clip.frames.pixels_THWC, keys) for c in cases]
        return Measured(
            numbers={
                "psnr_db": self._psnr(cases, videos, rest),
                "psnr_db_of_codec": self._psnr(
                    cases, [reconstruct(self._loaded.codec, v) for v in _scenes(cases)], rest
                ),
                "psnr_db_of_a_cross_fade": self._psnr(cases, blends, rest),
                "place_error": self._place_error(cases, videos, rest),
                "place_error_of_the_scene": self._place_error(cases, _scenes(cases), rest),
                "place_error_of_a_cross_fade": self._place_error(cases, blends, rest),
            },
            sheets=_sheets(videos, lambda t, n: t in keys),
        )

    def _psnr(
        self, cases: Sequence[Case], videos: Sequence[Pixels], frames: Sequence[int]
    ) -> float:
        return _median(
            psnr_db(c.clip.frames.pixels_THWC[list(frames)], v[list(frames)])
            for c, v in zip(cases, videos, strict=True)
        )

    def _place_error(
        self, cases: Sequence[Case], videos: Sequence[Pixels], frames: Sequence[int]
    ) -> float:
        """Return the median distance from the simulator's place, in units; unseen counts as 1."""
        errors = []
        for case, video in zip(cases, videos, strict=True):
            away = np.linalg.norm(self._path(case, video) - case.clip.tracks_OT4[0, :, :2], axis=1)
            errors.append(float(np.nan_to_num(away[list(frames)], nan=1.0).mean()))
        return _median(errors)

    def _connect(self) -> Measured:
        """Give four frames of one scene and four of another; the way between is made."""
        cases = self._cases()
        others = self._cases(skip=_TRIES * self._num_cases)
        ends = 4
        new = self._settings.num_frames - 2 * ends
        heads = [c.clip.frames.pixels_THWC[:ends] for c in cases]
        tails = [c.clip.frames.pixels_THWC[:ends] for c in others]
        videos = self._make(
            cases,
            [
                Making(task="connect", prompt=f"{one.prompt} {other.prompt}", videos=(head, tail))
                for one, other, head, tail in zip(cases, others, heads, tails, strict=True)
            ],
            new,
        )
        ways = [progress(v[ends - 1 : -ends + 1], v[ends - 1], v[-ends]) for v in videos]
        return Measured(
            numbers={
                "first_end_psnr_db": _median(
                    psnr_db(head, v[:ends]) for head, v in zip(heads, videos, strict=True)
                ),
                "second_end_psnr_db": _median(
                    psnr_db(tail, v[-ends:]) for tail, v in zip(tails, videos, strict=True)
                ),
                "rank_correlation": _median(rank_correlation(way) for way in ways),
                "largest_step": _median(float(np.diff(way).max()) for way in ways),
                "steps_forward": Share(
                    right=sum(int((np.diff(way) > -0.02).sum()) for way in ways),
                    n=sum(len(way) - 1 for way in ways),
                ).plain(),
            },
            sheets=_sheets(videos, lambda t, n: t < ends or t >= n - ends),
        )

    def _edit(self) -> Measured:
        """Ask for another colour, at several strengths: is it there, does the path stay?"""
        cases = self._cases()
        wanted = [_recoloured(case) for case in cases]
        numbers: dict[str, float | dict[str, float]] = {}
        sheets: list[tuple[Pixels, tuple[bool, ...]]] = []
        for strength in EDIT_STRENGTHS:
            videos = self._make(
                cases,
                [
                    Making(
                        task="edit",
                        prompt=new.prompt,
                        videos=(c.clip.frames.pixels_THWC,),
                        strength=strength,
                    )
                    for c, new in zip(cases, wanted, strict=True)
                ],
                self._settings.num_frames,
            )
            numbers[f"changed/{strength:g}"] = self._changed(wanted, videos).plain()
            numbers[f"path_error/{strength:g}"] = self._place_error(
                wanted, videos, range(self._settings.num_frames)
            )
            sheets += _sheets(videos[:4], _none)
        return Measured(numbers=numbers, sheets=tuple(sheets))

    def _changed(self, wanted: Sequence[Case], videos: Sequence[Pixels]) -> Share:
        """Return the share of videos whose object has the colour that was asked for."""
        right = 0
        for case, video in zip(wanted, videos, strict=True):
            items = self._seen(video).facts.objects
            right += any(item.colour == case.clip.facts.objects[0].colour for item in items)
        return Share(right=right, n=len(wanted))

    def _inside(self) -> Measured:
        """Ask for another colour within a box around the object's path; the rest stays."""
        cases = self._cases()
        wanted = [_recoloured(case) for case in cases]
        boxes = [_box_around(case.clip) for case in cases]
        videos = self._make(
            cases,
            [
                Making(
                    task="edit",
                    prompt=new.prompt,
                    videos=(c.clip.frames.pixels_THWC,),
                    strength=1.0,
                    box=box,
                )
                for c, new, box in zip(cases, wanted, boxes, strict=True)
            ],
            self._settings.num_frames,
        )
        outside = []
        for case, video, box in zip(cases, videos, boxes, strict=True):
            kept = ~_mask(box, *video.shape[1:3])
            if kept.any():
                outside.append(psnr_db(case.clip.frames.pixels_THWC[:, kept], video[:, kept]))
        return Measured(
            numbers={
                "changed": self._changed(wanted, videos).plain(),
                "outside_psnr_db": _median(outside),
            },
            sheets=_sheets(videos, _none),
        )

    def _prototype(self) -> Measured:
        """Make a clip small and then again twice as large: what of it is still there?"""
        cases = self._cases()
        small = self._make(
            cases, [Making(prompt=c.prompt) for c in cases], self._settings.num_frames
        )
        sides = {name: 2 * getattr(self._settings, name) for name in ("width_px", "height_px")}
        large = [
            enlarge(
                self._loaded,
                case.prompt,
                video,
                self._settings.model_copy(update=sides | {"seed": case.seed}),
            )
            for case, video in zip(cases, small, strict=True)
        ]
        shown = [self._seen(video).facts for video in small]
        kept = shares(
            compare(facts, self._seen(video).facts)
            for facts, video in zip(shown, large, strict=True)
        )
        return Measured(
            numbers={
                "small/all": shares(self._answers(cases, small))["all"].plain(),
                "large/all": shares(self._answers(cases, large))["all"].plain(),
                **{f"kept/{name}": share.plain() for name, share in kept.items()},
            },
            sheets=_sheets([v for pair in zip(small, large, strict=True) for v in pair], _none),
        )


def _none(frame: int, count: int) -> bool:
    """Say that no frame was given."""
    return False


def _median(values: object) -> float:
    """Return the median of the finite values; NaN of none."""
    finite = [v for v in values if math.isfinite(v)]  # type: ignore[attr-defined]
    return float(np.median(finite)) if finite else math.nan


def _scenes(cases: Sequence[Case]) -> list[Pixels]:
    return [case.clip.frames.pixels_THWC for case in cases]


def _sheets(
    videos: Sequence[Pixels], is_given: Callable[[int, int], bool]
) -> tuple[tuple[Pixels, tuple[bool, ...]], ...]:
    return tuple((v, tuple(is_given(t, len(v)) for t in range(len(v)))) for v in videos)


def _blend(pixels_THWC: Pixels, keys: Sequence[int]) -> Pixels:
    """Return the cross-fade between key frames: what fills a gap without knowing anything."""
    out = pixels_THWC.astype(np.float32)
    for first, last in pairwise(keys):
        for t in range(first + 1, last):
            share = (t - first) / (last - first)
            out[t] = (1 - share) * out[first] + share * out[last]
    return out.round().astype(np.uint8)


def _recoloured(case: Case) -> Case:
    """Return the case with the colour on the other side of the circle asked for."""
    item = case.clip.facts.objects[0]
    place = COLOURS.index(item.colour or COLOURS[0])
    colour = COLOURS[(place + len(COLOURS) // 2) % len(COLOURS)]
    facts = replace(case.clip.facts, objects=(replace(item, colour=colour),))
    return Case(
        clip=replace(case.clip, facts=facts),
        prompt=render(facts, length="long", seed=case.seed),
        seed=case.seed,
    )


def _box_around(clip: TrackedClip) -> tuple[float, float, float, float]:
    """Return the box that holds the object in all frames: top, bottom, left, right as shares."""
    _, height, width, _ = clip.frames.pixels_THWC.shape
    unit = min(width, height)
    x, y, size = (clip.tracks_OT4[0, :, i].astype(np.float64) for i in range(3))
    reach = 0.7 * size
    left = float((x - reach).min()) * unit / width + 0.5
    right = float((x + reach).max()) * unit / width + 0.5
    top = float((y - reach).min()) * unit / height + 0.5
    bottom = float((y + reach).max()) * unit / height + 0.5
    return max(0.0, top), min(1.0, bottom), max(0.0, left), min(1.0, right)


def _mask(box: tuple[float, float, float, float], height: int, width: int) -> NDArray[np.bool_]:
    """Return which pixels lie in a box, and up to a patch beside it."""
    top, bottom, left, right = box
    y, x = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    rows = (y > top - 8 / height) & (y < bottom + 8 / height)
    columns = (x > left - 8 / width) & (x < right + 8 / width)
    return rows[:, None] & columns
