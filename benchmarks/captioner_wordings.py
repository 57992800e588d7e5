"""Six ways to say the same, to see whether the check of facts reads more than its examples.

The check was made with the first in view and widened after it had been measured on the second
(camera 0.76, light 0.70 of what can be known), again after the third (0.68, 0.73), and once
more after the fourth (0.80, 0.62), when lists of sentences gave way to words and grammar. These
four have been tuned on. The fifth and sixth were written by somebody who had not seen the check.
Work on it went on after they had first been measured (camera 0.87 and 0.76, light 0.88 and 0.88),
by somebody who knew neither them nor those figures.
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


FIFTH = Wording(
    still=(
        "It is a tripod-mounted view.",
        "The framing never shifts.",
        "The camera is stationary.",
        "The vantage point is the same in every frame.",
        "No panning, tilting or zooming occurs.",
        "The clip consists of a single unmoving shot.",
        "The lens stays trained on the same spot from beginning to end.",
        "The camera is left running without being moved.",
        "The composition is locked.",
        "The recording uses a fixed-angle camera.",
    ),
    moves={
        "left": (
            "The viewpoint glides leftward.",
            "The camera trucks left past the place.",
            "The frame slowly turns to the left-hand side.",
            "A leftward sweep of the camera uncovers more of the place.",
            "The camera rotates left.",
            "The picture pans from right to left.",
            "The camera slides over to the left.",
            "The lens veers to the left.",
        ),
        "right": (
            "The viewpoint glides rightward.",
            "The camera trucks right past the place.",
            "The frame slowly turns to the right-hand side.",
            "A rightward sweep of the camera uncovers more of the place.",
            "The camera rotates right.",
            "The picture pans from left to right.",
            "The camera slides over to the right.",
            "The lens veers to the right.",
        ),
        "up": (
            "The viewpoint lifts towards the sky.",
            "The camera looks higher and higher.",
            "The lens tips upward.",
            "The camera ascends.",
            "The frame travels up to what is overhead.",
            "A vertical move upward ends the shot.",
            "The camera is raised from low to high.",
            "The gaze of the camera wanders up.",
        ),
        "down": (
            "The viewpoint drops towards the ground.",
            "The camera looks lower and lower.",
            "The lens tips downward.",
            "The camera descends.",
            "The frame travels down to what is underneath.",
            "A vertical move downward ends the shot.",
            "The camera is lowered from high to low.",
            "The gaze of the camera wanders down.",
        ),
        "in": (
            "The camera edges nearer and nearer.",
            "The shot closes in on the middle of the picture.",
            "The camera dollies in.",
            "The field of view narrows as the lens zooms in.",
            "The camera advances.",
            "The framing grows tighter.",
            "The subject fills more and more of the frame as the camera approaches.",
            "A zoom brings the centre of the picture closer.",
        ),
        "out": (
            "The camera moves farther and farther away.",
            "The shot opens up to a wider framing.",
            "The camera dollies out.",
            "The field of view widens as the lens zooms out.",
            "The camera recedes.",
            "The framing grows looser.",
            "The subject becomes smaller in the frame as the camera withdraws.",
            "A reverse zoom takes in more of the place.",
        ),
        "unsteady": (
            "The footage bounces with every step of the person filming.",
            "The image trembles.",
            "The frame jerks about.",
            "It looks like a handheld phone recording with small jolts.",
            "The camera bobs up and down and from side to side.",
            "The framing is jittery.",
            "The operator's hands are not steady, and the view rocks.",
            "Camera shake is visible throughout.",
        ),
    },
    dark=(
        "Barely any light reaches the place.",
        "Most of the picture is in deep shadow.",
        "The image is underexposed and hard to make out.",
        "It is pitch-black apart from a faint glow.",
        "The lights are off.",
        "Everything lies in gloom.",
        "The picture is very dark overall.",
        "The setting is a dark one, lit only by a weak lamp.",
        "It was recorded after dark.",
    ),
    bright=(
        "Strong light comes from all sides.",
        "The picture is very bright overall.",
        "The sun shines brightly.",
        "It is well lit.",
        "Ample daylight pours in.",
        "The image is light and almost overexposed.",
        "The midday sun lights everything.",
        "Brilliant light falls on every surface.",
        "The place is lit up brightly.",
    ),
    coloured=(
        "In the corner one finds the {thing}, all {colour}.",
        "{article} {colour} {thing} rests in the foreground.",
        "To one side there is a {thing} in {colour}.",
        "The most striking thing in view is a {thing}, which is {colour}.",
        "Someone walks past with their {colour} {thing}.",
        "Fresh {colour} paint covers the {thing}.",
        "The background includes one {thing} of {colour} hue.",
        "{article} {colour}-and-white {thing} is partly visible.",
        "Near the edge of the picture, a {thing} gleams {colour}.",
    ),
    text=(
        'The word "{word}" is printed across it.',
        'A label bears the inscription "{word}".',
        'Across the top runs the heading "{word}".',
        'Large letters form the word "{word}".',
        "A placard with '{word}' on it is in view.",
        'Overlaid text says "{word}".',
        'The lettering "{word}" can be made out.',
        'A caption in the corner states "{word}".',
        'Someone has written "{word}" there.',
    ),
)
SIXTH = Wording(
    still=(
        "The shot is taken from an unchanging position.",
        "Nothing about the camera angle changes.",
        "Framed by a camera at rest, the action plays out.",
        "The camera neither pans nor zooms.",
        "The viewpoint is fixed.",
        "The frame is held still.",
        "One continuous stationary take covers all of it.",
        "The camera keeps to one place and one angle.",
        "We watch from a set position that does not change.",
    ),
    moves={
        "left": (
            "The camera follows along to the left.",
            "Gradually the view travels to the left.",
            "The camera makes a quarter turn left.",
            "A pan in the left direction is seen.",
            "The perspective shifts left.",
            "Moving left, the camera passes along the place.",
            "The shot drifts off to the left.",
            "The camera tracks sideways, going left.",
        ),
        "right": (
            "The camera follows along to the right.",
            "Gradually the view travels to the right.",
            "The camera makes a quarter turn right.",
            "A pan in the right direction is seen.",
            "The perspective shifts right.",
            "Moving right, the camera passes along the place.",
            "The shot drifts off to the right.",
            "The camera tracks sideways, going right.",
        ),
        "up": (
            "The camera floats upward.",
            "Moving up, the camera shows the upper part of the place.",
            "The perspective rises.",
            "The view scrolls up.",
            "The camera is tilted higher.",
            "The shot goes from the bottom to the top.",
            "The camera lifts up.",
            "Bit by bit the lens points further up.",
        ),
        "down": (
            "The camera floats downward.",
            "Moving down, the camera shows the lower part of the place.",
            "The perspective sinks.",
            "The view scrolls down.",
            "The camera is tilted lower.",
            "The shot goes from the top to the bottom.",
            "The camera comes down.",
            "Bit by bit the lens points further down.",
        ),
        "in": (
            "The view zooms slowly inward.",
            "The camera travels forward.",
            "Step by step the camera gets closer.",
            "The lens gradually magnifies what is in the middle.",
            "The shot goes from a wide view to a close one.",
            "The camera comes in close.",
            "A forward tracking shot leads into the place.",
            "The camera inches forward.",
        ),
        "out": (
            "The view zooms slowly outward.",
            "The camera travels backward.",
            "Step by step the camera gets farther off.",
            "The lens gradually takes in a larger area.",
            "The shot goes from a close view to a wide one.",
            "The camera steps back.",
            "A backward tracking shot leads out of the place.",
            "The camera inches back.",
        ),
        "unsteady": (
            "The picture shakes now and then.",
            "The camera is carried by hand and jiggles.",
            "The view is never quite steady.",
            "The person filming moves about, so the image sways.",
            "The shot is wobbly.",
            "The frame quivers slightly throughout.",
            "Abrupt, bumpy camera motion runs through the clip.",
            "It has the look of amateur handheld footage, with constant shaking.",
        ),
    },
    dark=(
        "The place is steeped in shadow.",
        "It is too dark to see much.",
        "There is hardly any light.",
        "The scene takes place in the dark.",
        "Only outlines can be recognised in the low light.",
        "The exposure is low and the image is dark.",
        "A dark, unlit space surrounds it.",
        "Blackness fills most of the frame.",
        "The lighting is subdued and murky.",
    ),
    bright=(
        "The illumination is strong.",
        "Everything is brightly illuminated.",
        "The light is intense.",
        "Sunlight streams over the place.",
        "The whole picture is bathed in light.",
        "A bright sky lights the surroundings.",
        "It is a radiant, cloudless day.",
        "The exposure is high and the image is bright.",
        "Bright lamps light up every corner.",
    ),
    coloured=(
        "Also visible is some {colour} on the {thing}.",
        "{article} {colour} {thing} catches the eye.",
        "The {thing} has its surface in {colour}.",
        "Further back, one {thing} in its {colour} shade can be seen.",
        "One {thing} is entirely {colour}.",
        "Covered in {colour} fabric, the {thing} takes up one side.",
        "Beside it sits the {thing}, {colour} and glossy.",
        "What lies on the ground is the {colour} {thing}.",
        "{article} {colour} {thing} leans nearby.",
    ),
    text=(
        'It is marked "{word}".',
        'The inscription reads "{word}".',
        'A screen displays "{word}".',
        'In capital letters it says "{word}".',
        'The name "{word}" is painted on the wall.',
        'Text reading "{word}" is superimposed on the picture.',
        'A sticker carries the word "{word}".',
        "A notice with the words '{word}' is attached to it.",
        '"{word}" is written in bold type.',
    ),
)
