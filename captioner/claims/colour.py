"""Claims about colour in free English."""

from __future__ import annotations

import re
from collections.abc import Iterator

from captioner.claims.claim import SENTENCE, Claim

FAMILIES: dict[str, tuple[str, ...]] = {
    "black": ("black",),
    "charcoal": ("black", "grey"),
    "grey": ("grey",),
    "gray": ("grey",),
    "silver": ("grey", "white"),
    "white": ("white", "beige"),
    "ivory": ("white", "beige"),
    "cream": ("white", "beige", "yellow"),
    "beige": ("beige", "brown"),
    "tan": ("beige", "brown"),
    "khaki": ("beige", "brown", "green"),
    "brown": ("brown",),
    "bronze": ("brown", "orange"),
    "red": ("red",),
    "crimson": ("red",),
    "scarlet": ("red",),
    "maroon": ("red", "brown", "purple"),
    "burgundy": ("red", "brown", "purple"),
    "orange": ("orange",),
    "amber": ("orange", "yellow"),
    "golden": ("yellow", "orange", "brown"),
    "yellow": ("yellow",),
    "green": ("green",),
    "lime": ("green", "yellow"),
    "olive": ("green", "brown", "yellow"),
    "emerald": ("green",),
    "teal": ("cyan", "green", "blue"),
    "turquoise": ("cyan", "green", "blue"),
    "cyan": ("cyan",),
    "blue": ("blue", "cyan"),
    "navy": ("blue",),
    "azure": ("blue", "cyan"),
    "purple": ("purple",),
    "violet": ("purple",),
    "lavender": ("purple",),
    "lilac": ("purple", "pink"),
    "mauve": ("purple", "pink"),
    "magenta": ("pink", "purple"),
    "pink": ("pink",),
}
"""A colour word -> the families of `captioner.measured.presence` that it may mean."""

HUES = frozenset({"red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink"})
_NAME = "|".join(sorted(FAMILIES, key=len, reverse=True))
_SHADE = r"(?:(?:light|dark|pale|bright|deep|vivid|soft|pastel|neon|rich|dull|royal|sky)[-\s])?"
COLOUR = re.compile(
    rf"(?<![\w-]){_SHADE}(?P<name>{_NAME})(?:ish)?(?![\w]|-and|-haired|-skinned|-collar)"
)
_NOT_COLOUR_AFTER = re.compile(
    r"^\s+(?:juice|house\s+style|noise|balance|tea|wine|man|men|woman|women|person|people|boy|"
    r"girl|male|female|card|light\s+district|retriever|gate|medal|hour|ratio|"
    r"peel|slices?|segments?|tones?\s+of\s+voice|belt|sea\b)"
)
_BLACK_AND_WHITE = re.compile(r"\bblack[-\s]and[-\s]white\b")
_BACKGROUND = re.compile(
    r"\b(?:background|backdrop|wall|sky|floor|ground|landscape|surroundings|scenery)\b"
)
_OVERALL = re.compile(
    r"\b(?:mostly|mainly|largely|predominantly|dominated\s+by|primarily|entirely|"
    r"colou?rs\s+are|palette|tones?)\b"
)
_FRUIT_BEFORE = re.compile(r"\b(?:an|the|sliced|peeled|fresh|ripe)\s+$")
_NOUN_AFTER = re.compile(r"^(?:\s*,?\s*(?:and\s+)?(?:[a-z]+-)?[a-z]+){0,2}?\s+(?P<noun>[a-z]+)")
_DENIED = re.compile(r"\b(?:no|not|never|without|neither|nor)\s+(?:a\s+|any\s+|an\s+)?$")


def find_colour_claims(text: str) -> Iterator[Claim]:
    """Yield every colour that a text gives to something, with the noun that follows it.

    `about` is `background` where it is said of that, `picture` of the whole. Colour words
    that name something else (`an orange`, `green tea`, `a black man`) are left out.
    """
    lower = text.lower()
    for sentence in SENTENCE.finditer(lower):
        part, offset = sentence.group(), sentence.start()
        blanked = _BLACK_AND_WHITE.sub(lambda match: "#" * len(match.group()), part)
        for match in COLOUR.finditer(blanked):
            after, before = blanked[match.end() :], blanked[: match.start()]
            if _NOT_COLOUR_AFTER.match(after) or _DENIED.search(before):
                continue
            name = match.group("name")
            follows_noun = bool(re.match(r"\s+[a-z]", after))
            if name == "orange" and _FRUIT_BEFORE.search(before) and not follows_noun:
                continue
            yield Claim(
                topic="colour",
                value=name,
                start=offset + match.start(),
                end=offset + match.end(),
                about=_about(before, after),
            )


def _about(before: str, after: str) -> str:
    near = re.split(r"[,;]|\b(?:with|while|as|and\s+a)\b", after)[0]
    if re.match(r"^(?:\s+[a-z]+){0,2}?\s+(?:background|backdrop)\b", near):
        return "background"
    if re.search(r"\b(?:background|backdrop)(?:\s+\w+){0,3}\s*$", before):
        return "background"
    whole = re.search(r"\b(?:picture|image|frame|scene|palette|colou?rs)\b[^,;]*$", before)
    if whole and _OVERALL.search(before):
        return "picture"
    noun = _NOUN_AFTER.match(after)
    first = re.match(r"\s+([a-z]+)", after)
    if first:
        return first.group(1)
    return noun.group("noun") if noun else ""
