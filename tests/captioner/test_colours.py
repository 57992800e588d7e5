import numpy as np
import pytest
from PIL import ImageColor

from captioner.measured.colours import BOXES, NAMES, UNSURE, name_colour, name_pixels, shade

CLEAR = {
    "black": "black", "#202020": "black", "white": "white", "#808080": "grey",
    "red": "red", "darkred": "red", "crimson": "red", "orange": "orange", "darkorange": "orange",
    "yellow": "yellow", "gold": "yellow", "green": "green", "lime": "green",
    "forestgreen": "green", "darkolivegreen": "green", "teal": "teal", "cyan": "cyan",
    "turquoise": "cyan", "blue": "blue", "navy": "blue", "skyblue": "blue", "purple": "purple",
    "indigo": "purple", "blueviolet": "purple", "pink": "pink", "hotpink": "pink",
    "saddlebrown": "brown", "sienna": "brown", "tan": "beige", "beige": "beige",
}  # fmt: skip


@pytest.mark.parametrize(("css", "name"), CLEAR.items())
def test_clear_colours_have_the_name_that_people_give_them(css: str, name: str) -> None:
    assert name_colour(ImageColor.getrgb(css)[:3]) == name


@pytest.mark.parametrize("css", ["tomato", "olive", "magenta", "slateblue", "lavender", "peru"])
def test_colours_between_two_names_have_none(css: str) -> None:
    assert name_colour(ImageColor.getrgb(css)[:3]) is None


@pytest.mark.parametrize("rgb", [(12, 4, 4), (3, 10, 3), (0, 0, 18), (20, 24, 22), (1, 0, 7)])
def test_a_nearly_black_pixel_never_has_a_hue(rgb: tuple[int, int, int]) -> None:
    assert name_colour(rgb) in ("black", None)


@pytest.mark.parametrize("rgb", [(3, 0, 3), (6, 2, 1), (0, 2, 1)])
def test_noise_on_black_is_black(rgb: tuple[int, int, int]) -> None:
    assert name_colour(rgb) == "black"


def test_every_grey_level_is_achromatic_or_unsure() -> None:
    levels = {name_colour((v, v, v)) for v in range(256)}
    assert levels <= {"black", "grey", "white", None}


def test_boxes_do_not_overlap() -> None:
    points = np.stack(
        np.meshgrid(
            np.arange(0.005, 1.0, 0.02), np.arange(0.0025, 0.3, 0.01), np.arange(1.0, 360, 4)
        ),
        axis=-1,
    ).reshape(-1, 3)
    hits = np.zeros(len(points), dtype=int)
    for box in BOXES:
        inside = (points[:, 0] >= box.lightness[0]) & (points[:, 0] < box.lightness[1])
        inside &= (points[:, 1] >= box.chroma[0]) & (points[:, 1] < box.chroma[1])
        inside &= (points[:, 2] - box.hue[0]) % 360 < box.hue[1] - box.hue[0]
        hits += inside
    assert hits.max() == 1


def test_names_are_unsure_outside_all_boxes() -> None:
    lab = np.array([[0.65, 0.034, 0.0]])  # too coloured for grey, too pale for a hue
    assert name_pixels(lab)[0] == UNSURE
    assert len(NAMES) <= 15


@pytest.mark.parametrize(
    ("lightness", "said"),
    [
        (0.40, "dark green"),
        (0.46, "green"),
        (0.60, "green"),
        (0.81, "green"),
        (0.85, "light green"),
    ],
)
def test_a_shade_is_named_only_when_clear(lightness: float, said: str) -> None:
    assert shade("green", lightness) == said
