from dataclasses import replace

import numpy as np
import pytest

from generator.make import Making, check, enlarge, make, resized
from generator.patchify import SECONDS
from generator.settings import SampleSettings, TrainSettings
from schemas.errors import UserError

SETTINGS = SampleSettings(
    width_px=24, height_px=16, seconds=1.0, num_steps=2, guidance_scale=1.0, window_seconds=2.0
)
NEW = SETTINGS.num_frames


def film(num_frames, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (num_frames, 2, 3, 3), dtype=np.uint8)
    return pixels.repeat(8, 1).repeat(8, 2)


def picture(seed=0):
    return film(1, seed)[0]


@pytest.fixture
def model(wild):
    return wild()


def made(model, task, settings=SETTINGS, **given):
    return make(model, Making(task=task, prompt="a red circle", **given), settings)


@pytest.mark.parametrize(
    ("task", "given", "num_frames"),
    [
        ("text", {}, NEW),
        ("image", {}, 1),
        ("long", {"extend_s": 0.5}, NEW),
        ("animate", {"images": (picture(),)}, NEW),
        ("extend", {"videos": (film(6),)}, 6 + NEW),
        ("before", {"videos": (film(6),)}, 6 + NEW),
        ("loop", {"videos": (film(6),)}, 6 + NEW),
        ("connect", {"videos": (film(6), film(5, 1))}, 11 + NEW),
        ("fill", {"images": (picture(), picture(1), picture(2))}, NEW),
        ("edit", {"videos": (film(7),)}, 7),
    ],
)
def test_every_task_gives_what_is_given_and_what_is_made(model, task, given, num_frames):
    pixels = made(model, task, **given)
    assert pixels.shape == (num_frames, 16, 24, 3)
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize(
    ("task", "given", "where"),
    [
        ("animate", {"images": (picture(),)}, [(0, picture()[None])]),
        ("extend", {"videos": (film(6),)}, [(0, film(6))]),
        ("before", {"videos": (film(6),)}, [(NEW, film(6))]),
        ("loop", {"videos": (film(6),)}, [(0, film(6))]),
        ("connect", {"videos": (film(6), film(5, 1))}, [(0, film(6)), (6 + NEW, film(5, 1))]),
        (
            "fill",
            {"images": (picture(), picture(1)), "at_s": (0.25, 0.5)},
            [(2, picture()[None]), (4, picture(1)[None])],
        ),
    ],
)
@pytest.mark.parametrize("paste", [False, True])
def test_what_is_given_stands_in_its_place(model, task, given, where, paste):
    # The codec of these tests loses nothing, so its reconstruction is what was given.
    pixels = made(model, task, paste=paste, **given)
    for start, frames in where:
        np.testing.assert_array_equal(pixels[start : start + len(frames)], frames)


def test_a_video_by_its_first_frame_is_the_animation_of_the_picture_of_its_prompt(model):
    by_picture = SETTINGS.model_copy(update={"image_first": True, "seed": 5})
    plain = by_picture.model_copy(update={"image_first": False})
    first = made(model, "image", plain)[0]
    two = made(model, "text", by_picture)
    np.testing.assert_array_equal(two, made(model, "animate", plain, images=(first,)))
    assert (two != made(model, "text", plain)).any()
    # Where nothing is said, models do so that were trained on pictures first.
    settings = TrainSettings(images_first=0.5)
    np.testing.assert_array_equal(
        made(
            replace(model, train_settings=settings), "text", SETTINGS.model_copy(update={"seed": 5})
        ),
        two,
    )
    # What is given a picture already, or is one, is made as ever.
    for task, given in (("animate", {"images": (picture(),)}), ("image", {})):
        ever = made(model, task, plain, **given)
        np.testing.assert_array_equal(made(model, task, by_picture, **given), ever)


def test_a_long_video_does_not_depend_on_how_much_of_it_was_asked_for(model):
    settings = SETTINGS.model_copy(update={"seconds": 3.0})
    long = made(model, "long", settings, extend_s=0.5)
    short = made(model, "long", settings.model_copy(update={"seconds": 2.0}), extend_s=0.5)
    np.testing.assert_array_equal(long[: len(short)], short)


@pytest.mark.parametrize("seconds", [0.375, 3.0])
def test_a_long_video_by_its_first_frame_begins_with_a_video_of_its_own(model, seconds):
    settings = SETTINGS.model_copy(update={"seconds": seconds, "image_first": True, "seed": 5})
    long = made(model, "long", settings, extend_s=0.5)
    assert len(long) == settings.num_frames
    stretch = settings.model_copy(update={"seconds": min(seconds, 0.5)})
    np.testing.assert_array_equal(long[:4], made(model, "text", stretch)[:4])


def test_each_stretch_of_a_long_video_lies_at_its_time(model):
    times = []
    model.denoiser.dit.register_forward_pre_hook(lambda _, args: times.append(args[1][:, SECONDS]))
    settings = SETTINGS.model_copy(update={"seconds": 3.0, "num_steps": 1})
    made(model, "long", settings, extend_s=1.0)
    spans = [(float(t.min()), float(t.max())) for t in times]
    assert spans == [(0.25, 0.75), (0.25, 1.75), (1.25, 2.75)]


def test_an_edit_outside_its_box_is_the_source_itself_where_pasted(model):
    source = film(4)
    pixels = made(model, "edit", videos=(source,), box=(0.5, 1.0, 0.0, 0.5), paste=True)
    np.testing.assert_array_equal(pixels[:, :8], source[:, :8])


def test_a_prototype_is_made_again_at_full_size(model):
    small = film(8)
    settings = SETTINGS.model_copy(update={"width_px": 48, "height_px": 32})
    kept = enlarge(model, "a red circle", small, settings, strength=0.0)
    np.testing.assert_array_equal(kept, resized(small, 48, 32))
    anew = enlarge(model, "a red circle", small, settings, strength=0.8)
    assert anew.shape == (8, 32, 48, 3)
    assert (anew != kept).any()


@pytest.mark.parametrize(
    ("task", "given"),
    [
        ("animate", {}),
        ("extend", {"videos": (film(4), film(4))}),
        ("connect", {"videos": (film(4),)}),
        ("fill", {"images": (picture(),)}),
        ("text", {"images": (picture(),)}),
    ],
)
def test_a_task_that_is_given_too_little_or_too_much_is_refused(task, given):
    with pytest.raises(UserError, match=f"`{task}` takes"):
        check(Making(task=task, prompt="", **given))


def test_as_many_times_as_pictures(model):
    with pytest.raises(UserError, match="2 images, but 1 times"):
        made(model, "fill", images=(picture(), picture(1)), at_s=(0.5,))
