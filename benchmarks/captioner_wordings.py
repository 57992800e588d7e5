"""Four ways to say the same, to see whether the check of facts reads more than its examples.

The check was made with the first in view and widened after it had been measured on the second
(camera 0.76, light 0.70 of what can be known), and again after the third (0.68, 0.73). The
fourth was written last, and nothing was changed for it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Sentences by what they say. `moves` by way; `coloured` and `text` have fields."""

    still: tuple[str, ...]
    moves: dict[str, tuple[str, ...]]
    dark: tuple[str, ...]
    bright: tuple[str, ...]
    coloured: tuple[str, ...]
    text: tuple[str, ...]


FIRST = Wording(
    still=(
        "The camera remains static throughout.",
        "It is a static shot.",
        "The camera stays fixed in place.",
        "The camera does not move.",
    ),
    moves={
        "left": (
            "The camera pans to the left.",
            "A slow pan left follows.",
            "The shot moves left.",
        ),
        "right": (
            "The camera pans right.",
            "A smooth pan to the right follows.",
            "The view shifts right.",
        ),
        "up": ("The camera tilts up.", "The view tilts upwards.", "A slow tilt up follows."),
        "down": (
            "The camera tilts down.",
            "The view moves downwards.",
            "A gentle tilt down follows.",
        ),
        "in": ("The camera slowly zooms in.", "A slow zoom in follows.", "The camera pushes in."),
        "out": (
            "The camera zooms out.",
            "The shot gradually zooms out.",
            "The camera pulls back.",
        ),
        "unsteady": (
            "Shot on a shaky handheld camera.",
            "The handheld camera shakes.",
            "The footage is handheld and unsteady.",
        ),
    },
    dark=("The scene is dark.", "It is filmed at night.", "The room is dimly lit."),
    bright=("The scene is brightly lit.", "It is a bright scene.", "The lighting is bright."),
    coloured=(
        "{article} {colour} {thing} is there too.",
        "The {thing} beside it is {colour}.",
        "Next to it is a bright {colour} {thing}.",
    ),
    text=('A sign reads "{word}".', 'The words "{word}" appear on the screen.'),
)
SECOND = Wording(
    still=(
        "Everything is captured from a stationary camera position.",
        "The camera angle remains constant from start to finish.",
        "The camera appears to be fixed on a tripod.",
        "There is no noticeable camera movement.",
        "The framing stays unchanged for the whole clip.",
    ),
    moves={
        "left": (
            "The camera gradually pans towards the left, revealing more of the surroundings.",
            "A lateral tracking shot to the left unfolds.",
            "With a leftward pan, more of the place comes into view.",
        ),
        "right": (
            "The camera moves slowly from left to right.",
            "As the camera drifts rightward, more comes into view.",
            "The camera sweeps to the right across the surroundings.",
        ),
        "up": (
            "The perspective gently shifts upward.",
            "An upward tilt of the camera reveals more.",
            "The camera rises upward.",
        ),
        "down": (
            "The camera slowly lowers, tilting downward.",
            "A downward tilt reveals the ground.",
            "The view gradually descends downwards.",
        ),
        "in": (
            "The camera moves closer to the subject.",
            "There is a gradual zoom-in on the subject.",
            "The shot slowly tightens as the camera zooms closer.",
        ),
        "out": (
            "The camera slowly pulls away to a wider view.",
            "A gradual zoom-out shows more of the place.",
            "The camera backs away, zooming out.",
        ),
        "unsteady": (
            "The video is shot handheld, with slight shakes.",
            "The camera work is shaky.",
            "There is a noticeable handheld wobble to the footage.",
        ),
    },
    dark=(
        "The environment is poorly illuminated.",
        "It is a nighttime setting.",
        "The surroundings are shrouded in darkness.",
    ),
    bright=(
        "Bright sunlight fills the scene.",
        "It is set on a bright, sunny day.",
        "The whole place is flooded with bright light.",
    ),
    coloured=(
        "There is also a {thing}, painted {colour}.",
        "A person in {colour} clothing holds a {thing}.",
        "A {colour}-coloured {thing} lies on the side.",
        "Somewhere behind it one sees a large {colour} {thing}.",
    ),
    text=(
        'The text "{word}" is displayed at the bottom.',
        "A board labelled '{word}' hangs there.",
        'On a banner one can read "{word}".',
    ),
)
THIRD = Wording(
    still=(
        "Throughout, the camera holds its position without moving.",
        "The whole thing is filmed in one locked-down shot.",
        "The viewpoint never changes.",
        "A motionless camera observes it all.",
    ),
    moves={
        "left": (
            "The camera glides smoothly to the left.",
            "Midway the camera starts panning left.",
            "The view slides leftwards.",
        ),
        "right": (
            "The camera turns toward the right.",
            "The lens follows the action, panning to the right.",
            "The shot pans from the left to the right.",
        ),
        "up": (
            "The camera cranes up.",
            "The camera pans up to show what is above.",
            "The camera angle moves upwards.",
        ),
        "down": (
            "The camera pans down to show what is below.",
            "Then the camera dips down.",
            "The camera drifts slowly downward.",
        ),
        "in": (
            "The camera pushes forward into the scene.",
            "A slow dolly-in brings the viewer nearer.",
            "The lens zooms in for a close-up.",
        ),
        "out": (
            "The camera gradually zooms back out.",
            "A slow pull-back widens what is seen.",
            "The camera retreats, moving backwards.",
        ),
        "unsteady": (
            "It is filmed with an unsteady hand-held camera.",
            "The camera wobbles.",
            "The picture jitters as the cameraman walks.",
        ),
    },
    dark=(
        "The lighting is dim.",
        "The place is almost completely dark.",
        "It takes place late at night.",
    ),
    bright=(
        "The lighting is bright and even.",
        "It is a sunny day.",
        "The room is bright and airy.",
    ),
    coloured=(
        "{article} {colour} {thing} can be glimpsed.",
        "Its {thing} is bright {colour}.",
        "A small {thing} of {colour} colour stands behind.",
    ),
    text=(
        'The title "{word}" fades in.',
        'White letters spell "{word}".',
        'A poster shows the word "{word}".',
    ),
)
FOURTH = Wording(
    still=(
        "The recording is made from a single fixed spot.",
        "The camera sits still on its stand the entire time.",
        "The shot does not shift at all.",
        "The view is steady and unchanging.",
    ),
    moves={
        "left": ("The camera swings round to the left.", "We pan left across the place."),
        "right": ("The camera travels sideways to the right.", "The frame scrolls right."),
        "up": ("The camera climbs upwards.", "The shot tilts gradually up."),
        "down": ("The camera sinks down.", "The shot tilts downwards."),
        "in": ("The camera creeps in closer.", "The shot zooms in tightly."),
        "out": ("The camera draws back.", "The shot zooms outward."),
        "unsteady": ("The camera is hand-held and sways.", "The shaking camera adds unrest."),
    },
    dark=("Little light falls on it.", "The whole setting is very dark.", "Night has fallen."),
    bright=("The scene is full of bright light.", "The surroundings look bright.",
            "It is broad daylight."),
    coloured=(
        "{article} {colour} {thing} passes by.",
        "The colour of the {thing} is {colour}.",
        "There are several {colour} spots on the {thing}.",
    ),
    text=('The sign says "{word}".', 'A subtitle reads "{word}".'),
)  # fmt: skip
