"""Sentences that add no fact: they say in passing what the stated facts already mean.

Each is true wherever its facts hold, and the reader takes nothing from it, so the longest
captions grow without stating more.
"""

import re
from dataclasses import dataclass

from schemas.wording.speaker import Speaker

CAMERA_REMARKS: dict[str, tuple[str, ...]] = {
    "still": (
        "The edges of the frame keep to the same part of the scene from first to last.",
        "Nothing about the framing changes between the opening moment and the closing one.",
    ),
    "pan_left": (
        "Bit by bit this brings into view what was hidden past the left-hand edge at the outset.",
        "What was near the right-hand edge of the frame is gradually left behind.",
    ),
    "pan_right": (
        "Bit by bit this brings into view what was hidden past the right-hand edge at the outset.",
        "What was near the left-hand edge of the frame is gradually left behind.",
    ),
    "tilt_up": (
        "Bit by bit this brings into view what was hidden above the upper edge at the outset.",
    ),
    "tilt_down": (
        "Bit by bit this brings into view what was hidden below the lower edge at the outset.",
    ),
    "zoom_in": (
        "As a result the surroundings seem to come closer and less of them fits into view.",
    ),
    "zoom_out": (
        "As a result the surroundings seem to draw back and more of them fits into view.",
    ),
    "forward": (
        "Because of this the tiles near the lower edge pass out of sight one row at a time.",
    ),
    "backward": ("Because of this fresh rows of tiles come into sight along the lower edge.",),
    "slide_left": (
        "Because of this, near things shift across the view faster than distant ones do.",
    ),
    "slide_right": (
        "Because of this, near things shift across the view faster than distant ones do.",
    ),
}
STYLE_REMARKS: dict[str, tuple[str, ...]] = {
    "flat": (
        "Each area of paint has the same tone from one border to the next, as in cut paper.",
        "There are neither highlights nor shadows to suggest roundness or weight.",
    ),
    "outlined": (
        "A line runs around each form and sets it off clearly from whatever lies behind it.",
        "The contours make the drawing look a little like a page from a picture book.",
    ),
    "shaded": (
        "The tones pass gradually from lighter to darker and suggest that the forms have volume.",
        "Light seems to fall on the forms from one side, which makes them look almost solid.",
    ),
}
BACKGROUND_REMARKS: dict[str, tuple[str, ...]] = {
    "plain": (
        "Apart from its one even tone, the area at the back has nothing to distract the eye.",
        "The emptiness at the back leaves the foreground easy to make out.",
    ),
    "gradient": ("The tone at the back changes so gradually that no border can be seen in it.",),
    "mottled": ("The patches at the back are irregular, much like those on old plaster.",),
    "checker": ("The squares at the back alternate between two tones in strict order.",),
    "bricks": ("The joints between the bricks run in straight rows from one side to the other.",),
    "hills": ("Where the land ends, the outline of the hills meets the sky.",),
    "floor": (
        "The lines between the tiles draw closer with distance, which gives a sense of depth.",
    ),
    "maze": ("Walls on either hand leave narrow ways between them, with corners and dead ends.",),
}
ACTION_REMARKS: dict[str, tuple[str, ...]] = {
    "rest": (
        "From one moment to the next, the position of {} is exactly the same.",
        "Where {} was at the beginning is also where it can be found at the end.",
    ),
    "move": (
        "The path of {} is easy to trace with the eye.",
        "The eye has little trouble in keeping up with {} along its path.",
    ),
    "fall": (
        "The drop of {} gathers pace under its own weight, the way dropped things do.",
        "Gravity alone accounts for what {} does.",
    ),
    "fly": (
        "The path of {} is a curve that first rises and then sinks, the way thrown things travel.",
        "At its highest point, {} seems to hang for an instant before gravity takes over.",
    ),
}
SHAPE_REMARKS: dict[str, tuple[str, ...]] = {
    "circle": (
        "The rim of {} is evenly curved, without any corner.",
        "Seen closely, {} has a rim that curves by the same amount all the way round.",
    ),
    "square": (
        "The four sides of {} are of one length and meet at right angles.",
        "Four corners, each a right angle, give {} its plain and regular look.",
    ),
    "triangle": (
        "Three straight sides and three corners make up the outline of {}.",
        "With just three corners, {} has the simplest outline that straight lines can make.",
    ),
    "star": (
        "The points of {} stand out evenly around its middle.",
        "Between its points, the outline of {} is drawn in towards the middle.",
    ),
}
GENERAL_REMARKS = (
    "What matters here is form, tone and position rather than any story told in words.",
    "For the viewer, this leaves little to puzzle over and much room for simple observation.",
    "Neither writing nor numbers appear, so the image has to speak for itself.",
    "Somebody seeing this without sound would lose nothing, because all that counts is visible.",
    "The look is that of a drawing made by a computer rather than that of a photograph.",
    "The overall impression is one of order, as though the elements had been laid out with care.",
    "No person and no animal takes part in what is to be seen.",
    "Nothing about it calls for special knowledge, and plain words are enough to describe it.",
    "The means are those of geometry and paint, used with restraint.",
    "It could have been cut from an educational film about forms and how they are told apart.",
    "The viewer sees all this from outside, the way a stage is seen from a seat in the hall.",
    "It is the sort of image with which a textbook might explain how things are arranged.",
    "A child could name what is to be seen here, and a painter would notice the balance.",
    "Put into words, it takes a few lines, and most of what there is to know is then said.",
)
"""True of everything in the world."""
SIMPLE_REMARKS = (
    "The composition is uncluttered, and a single glance is enough to understand it.",
    "One look is enough to take in the arrangement, and a second look confirms it.",
    "Such restraint gives the picture an almost graphic quality, close to that of a poster.",
    "Its appeal lies in economy: few means are used, and each of them has a purpose.",
    "It is a picture that could be described over the telephone and drawn again from memory.",
    "There is a plainness to it that recalls the diagrams in a schoolbook.",
)
"""True where there are two objects at most."""


MOST_FOR_SIMPLE = 2
_BACKGROUND = (
    "background",
    "backdrop",
    "landscape",
    "wall",
    "floor",
    "maze",
    "labyrinth",
    "checker",
    "gradient",
)
_GOES_ON = re.compile(r"\b(it|its)\b|^(then|next|later|after)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence, and words one of which is in the line that it belongs after."""

    text: str
    after: tuple[str, ...] = ()
    only_there: bool = False


def lengthen(speaker: Speaker, lines: list[str], least: int) -> list[str]:
    """Return the lines with remarks among and after them until there are `least` words.

    A remark about a stated fact comes right after the line that states it, unless the next
    line goes on with a pronoun.
    """
    found = list(lines)
    count = sum(len(line.split()) for line in lines)
    for remark in _remarks(speaker):
        if count >= least:
            break
        number = _place_for(remark, found)
        if number is None:
            continue
        found.insert(number, remark.text)
        count += len(remark.text.split())
    return found


def _place_for(remark: Remark, lines: list[str]) -> int | None:
    for number, line in enumerate(lines, start=1):
        goes_on = number < len(lines) and _GOES_ON.search(lines[number])
        if not goes_on and any(word in line.lower() for word in remark.after):
            return number
    return None if remark.only_there else len(lines)


def _remarks(speaker: Speaker) -> list[Remark]:
    """Return remarks that hold for the facts, those about stated facts before general ones."""
    facts = speaker.facts
    groups: list[list[Remark]] = []
    for index, item in enumerate(facts.objects):
        name = speaker.refer(index, short=len(facts.objects) == 1)
        looks = " ".join(part for part in (item.colour, item.shape) if part)
        noun = (looks,) if name in (f"the {looks}", f"the {item.shape}") else ()
        for table, value in ((ACTION_REMARKS, item.action), (SHAPE_REMARKS, item.shape)):
            if value is not None and not (value == "move" and facts.events):
                groups.append([_remark(text.format(name), noun) for text in table[value]])
    if facts.camera is not None:
        there = facts.camera != "still"
        groups.append([Remark(text, ("camera",), there) for text in CAMERA_REMARKS[facts.camera]])
    if facts.background_kind is not None:
        groups.append(
            [Remark(text, _BACKGROUND) for text in BACKGROUND_REMARKS[facts.background_kind]]
        )
    if facts.style is not None:
        groups.append([Remark(text, ("drawn", "rendered")) for text in STYLE_REMARKS[facts.style]])
    speaker.rng.shuffle(groups)
    chosen: list[Remark] = []
    for group in groups:
        drawn = group[int(speaker.rng.random() * len(group))]
        if all(drawn.text[:12] != other.text[:12] for other in chosen):
            chosen.append(drawn)
    general = [Remark(text) for text in GENERAL_REMARKS]
    if len(facts.objects) <= MOST_FOR_SIMPLE and not facts.events:
        general += [Remark(text) for text in SIMPLE_REMARKS]
    speaker.rng.shuffle(general)
    rest = [remark for group in groups for remark in group if remark not in chosen]
    return [*chosen, *general[:4], *rest, *general[4:]]


def _remark(text: str, after: tuple[str, ...]) -> Remark:
    return Remark(text[:1].upper() + text[1:], tuple(word for word in after if word))
