"""The words of measured captions: several ways to say each finding, and none beyond it.

A template's fields are filled with words from the findings only. Which of the ways is taken
depends on the clip's id, so that a corpus does not read like one form letter and the same
clip always reads the same.
"""

from __future__ import annotations

import hashlib

from schemas.ids import settings_hash

SENTENCES: dict[str, tuple[str, ...]] = {
    "area": (
        "There is {a_area} {where}.",
        "{A_area} stands out {where}.",
        "One can make out {a_area} {where}.",
    ),
    "area_moves": (
        "{A_area} moves {way} {where}.",
        "There is {a_area} that moves {way} {where}.",
        "{A_area} travels {way} {where}.",
    ),
    "area_about": (
        "{A_area} moves there and back {where}.",
        "There is {a_area} that moves to and fro {where}.",
    ),
    "area_none": (
        "It keeps its place.",
        "That area does not move.",
        "Its position stays the same.",
    ),
    "area_share": (
        "It covers about {percent} percent of the picture.",
        "About {percent} percent of the picture belongs to it.",
    ),
    "also": (
        "{A_area} can be seen as well{place}.",
        "Apart from that, {a_area} appears{place}.",
        "{A_area} is also there{place}.",
    ),
    "colours": (
        "The main colours are {colours}.",
        "The picture is made up mainly of {colours}.",
        "Among the colours, {colours} take up the most room.",
    ),
    "one_colour": (
        "The main colour is {colours}.",
        "Of all colours, {colours} takes up the most room.",
        "The picture is marked by {colours}.",
    ),
    "nearly_all": (
        "{Colour} fills nearly the whole picture.",
        "Nearly everything is {colour}.",
        "The picture is almost entirely {colour}.",
    ),
    "most": (
        "The picture is largely {colour}.",
        "{Colour} covers about half of the picture or more.",
        "Half of the frame or more is {colour}.",
    ),
    "background": (
        "The background is {background}.",
        "Around the edges and behind it all lies {background}.",
        "{Background} forms the background.",
    ),
    "bands": (
        "The upper part is mostly {upper}, the lower part mostly {lower}.",
        "{Upper} prevails above, {lower} below.",
    ),
    "lighter_upper": ("The upper part is the lighter one.", "It is lighter above than below."),
    "lighter_lower": ("The lower part is the lighter one.", "It is lighter below than above."),
    "lighter_left": (
        "The left part is lighter than the right.",
        "It is lighter on the left than on the right.",
    ),
    "lighter_right": (
        "The right part is lighter than the left.",
        "It is lighter on the right than on the left.",
    ),
    "share": (
        "The largest share, about {percent} percent of the picture, is {colour}.",
        "About {percent} percent of the picture is {colour}.",
        "{Colour} takes up some {percent} percent of the frame.",
    ),
    "greyscale": (
        "The picture is black and white, without any colour.",
        "Everything is in shades of grey.",
        "It is a greyscale picture.",
    ),
    "muted": (
        "The colours are muted.",
        "Colours are restrained throughout.",
        "All colours are subdued.",
    ),
    "vivid": (
        "The colours are vivid.",
        "Strong colours prevail.",
        "Colours are strong throughout.",
    ),
    "black": (
        "The picture is almost completely black.",
        "Almost nothing but black is to be seen.",
        "Nearly the whole frame is black.",
    ),
    "dark": (
        "The picture is dark.",
        "It is a dark picture overall.",
        "There is little light in the picture.",
    ),
    "dim": (
        "The picture is rather dark.",
        "It is a rather dark picture.",
        "There is not much light in the picture.",
    ),
    "light": (
        "The picture is rather bright.",
        "It is a rather bright picture.",
        "There is plenty of light in the picture.",
    ),
    "medium": (
        "The picture is neither dark nor very bright.",
        "Brightness is moderate.",
        "The brightness lies in the middle range.",
    ),
    "bright": ("The picture is bright.", "It is a bright picture overall.", "The frame is bright."),
    "brighter": (
        "From beginning to end the picture grows brighter.",
        "The picture brightens as time passes.",
    ),
    "darker": (
        "From beginning to end the picture grows darker.",
        "The picture darkens as time passes.",
    ),
    "steady": (
        "The brightness stays even from beginning to end.",
        "Brightness hardly varies over time.",
        "The light level remains steady.",
    ),
    "warm": (
        "Warm tones prevail.",
        "The overall tone is warm.",
        "A warm tone lies over the picture.",
    ),
    "cool": (
        "Cool tones prevail.",
        "The overall tone is cool.",
        "A cool tone lies over the picture.",
    ),
    "step_brighter": (
        "Around {second} the light rises at once.",
        "The picture becomes brighter at a stroke, around {second}.",
    ),
    "step_darker": (
        "Around {second} the light drops at once.",
        "The picture becomes darker at a stroke, around {second}.",
    ),
    "low_contrast": ("Contrast is low.", "There is little contrast between light and dark parts."),
    "high_contrast": ("Contrast is strong.", "Light and dark parts stand in strong contrast."),
    "half_is_black": (
        "Around half of the picture or more is nearly black.",
        "Nearly black parts make up about half of the frame or more.",
    ),
    "quarter_is_white": (
        "A quarter of the picture or more is nearly pure white.",
        "At least a quarter of the frame is burnt out to white.",
    ),
    "camera_still": (
        "The camera stands still.",
        "The camera does not move.",
        "The view is fixed.",
        "Everything is seen from a steady, unmoving camera.",
    ),
    "camera_moves": (
        "The camera moves {way}.",
        "The view travels {way}.",
        "The camera's view shifts {way}.",
    ),
    "camera_nearly_still": (
        "The camera hardly moves.",
        "The view hardly shifts.",
        "There is next to no camera movement.",
    ),
    "camera_about": (
        "The camera moves about, in no one direction.",
        "The camera moves, now this way and now that.",
        "The view wanders as the camera moves.",
    ),
    "zoom_in": ("The view closes in.", "What is seen grows larger as the view closes in."),
    "zoom_out": ("The view widens.", "What is seen grows smaller as the view widens."),
    "unsteady": (
        "The view shifts to and fro.",
        "The camera's view sways back and forth.",
        "The framing is restless, shifting back and forth.",
    ),
    "change_none": ("Nothing moves.", "The picture stays as it is.", "There is no movement."),
    "change_little": (
        "Little changes from one moment to the next.",
        "There is little movement.",
        "The picture changes only a little.",
    ),
    "change_modest": (
        "There is a little movement.",
        "A small part of the picture changes.",
        "Movement is slight.",
    ),
    "change_marked": (
        "There is a fair amount of movement.",
        "A good part of the picture changes as time goes on.",
        "Movement is considerable.",
    ),
    "change_some": (
        "There is some movement.",
        "Parts of the picture change as time goes on.",
        "There is a moderate amount of movement.",
    ),
    "change_much": (
        "The picture changes strongly from moment to moment.",
        "There is a lot of change in the picture.",
        "Much changes from one moment to the next.",
    ),
    "moves_where": (
        "Most of the movement is {where}.",
        "What moves is mostly {where}.",
    ),
    "mover": (
        "The largest thing that moves goes {way}.",
        "What moves most heads {way}.",
    ),
    "bursts": (
        "The change comes in bursts.",
        "Quiet stretches alternate with short bursts of change.",
    ),
    "soft": (
        "The picture is soft, without fine detail.",
        "Fine detail is missing from the picture.",
    ),
    "bars": ("Dark bars lie at the {bars}.", "The picture is framed by dark bars at the {bars}."),
    "some_bars": (
        "Dark bars cover part of the frame.",
        "A part of the frame is taken by dark bars.",
    ),
    "length": (
        "The clip lasts {seconds}.",
        "The whole clip runs for {seconds}.",
        "All this takes {seconds}.",
        "The length is {seconds}.",
    ),
    "shape": (
        "The frame is {shape}.",
        "The format of the frame is {shape}.",
        "Everything is framed in {shape} format.",
    ),
    "size": (
        "Each frame measures {width} by {height} pixels, at {fps} frames per second.",
        "There are {fps} frames per second of {width} by {height} pixels each.",
    ),
}
"""Ways to say each finding. A sentence that starts another is safe after any other."""

NOUNS: tuple[str, ...] = ("{size}{colour} area", "{size}patch of {colour}", "{size}{colour} patch")

SHAPES: dict[str, str] = {
    "landscape": "landscape",
    "portrait": "portrait",
    "square": "square",
    "panorama": "very wide",
}

WAYS: dict[str, str] = {
    "right": "to the right",
    "left": "to the left",
    "up": "upwards",
    "down": "downwards",
}
"""Directions that are not already a phrase."""

WORDING_HASH = settings_hash("wording", [SENTENCES, NOUNS, SHAPES, WAYS])
"""Goes into every caption's `prompt_hash`."""


class Writer:
    """Fills sentences for one clip; the same clip always gets the same choice."""

    def __init__(self, clip_id: str) -> None:
        self._clip_id = clip_id

    def pick(self, slot: str, count: int) -> int:
        """Return a number below `count` that depends on the clip and the slot alone."""
        digest = hashlib.blake2b(f"{self._clip_id}\n{slot}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % count

    def say(self, key: str, **words: str) -> str:
        """Return one of the sentences called `key`, with its fields filled."""
        ways = SENTENCES[key]
        text = ways[self.pick(key, len(ways))].format(**words)
        return " ".join(text.replace(" .", ".").split())

    def noun(self, colour: str, size: str, slot: str) -> str:
        """Return words for an area, such as `a small patch of dark red`."""
        pattern = NOUNS[self.pick(f"noun {slot}", len(NOUNS))]
        return with_article(pattern.format(colour=colour, size=f"{size} " if size else ""))


def with_article(words: str) -> str:
    """Return the words with `a` or `an` before them."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def capital(words: str) -> str:
    """Return the words with a capital first letter."""
    return words[:1].upper() + words[1:]


def join_words(words: list[str]) -> str:
    """Return `a`, `a and b` or `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def say_seconds(duration_s: float) -> str:
    """Return a length in words that is true to a tenth of a second."""
    rounded = round(duration_s, 1)
    if rounded < 1.0:
        return "less than a second"
    if rounded == round(rounded):
        return "about one second" if rounded == 1 else f"about {round(rounded)} seconds"
    return f"{rounded:.1f} seconds"
