"""Claims about light, and about black and white, in free English.

A word for dark or bright counts where it is said of the whole: before or after a word for the
picture or place, or of the light itself. A dark jacket and a bright ball say nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from captioner.claims.claim import SENTENCE, Claim
from captioner.claims.light_said import BRIGHT_SAID, DARK_SAID
from captioner.claims.light_words import BRIGHT, DARK, HUE

_MEDIUM = (
    r"(?:\w+\s+)?(?:clip|film|footage|picture|image|video|photo|photograph|photography|scene|shot|"
    r"movie|style|recording|palette|drawing|animation)\b"
)
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (value, re.compile(pattern))
    for value, patterns in (
        (
            "darker",
            (
                r"\b(?:grows?|gets?|becomes?|turns?|growing|getting|"
                r"becoming)\s+(?:\w+ly\s+)?(?:darker|"
                r"dimmer)\b|\b(?:darkens|dims|darkening|fades?\s+to\s+black)\b",
            ),
        ),
        (
            "brighter",
            (
                r"\b(?:grows?|gets?|becomes?|turns?|growing|getting|"
                r"becoming)\s+(?:\w+ly\s+)?(?:brighter|"
                r"lighter)\b|\b(?:brightens|brightening|lightens|fades?\s+in\s+from\s+black)\b",
            ),
        ),
        (
            "steady",
            (
                r"\b(?:light(?:ing)?|brightness|illumination)(?:\s+\w+)?\s+(?:remains|stays|"
                r"is|keeps)\s+"
                r"(?:\w+ly\s+)?(?:even|steady|constant|unchanged|consistent|stable)\b",
            ),
        ),
        (
            "greyscale",
            (
                rf"\bblack[-\s]and[-\s]white\b(?=\s+{_MEDIUM}|\s*[,.;]|\s*$)|"
                r"\bin\s+black[-\s]and[-\s]white\b|"
                r"\bmonochrom(?:e|atic)\b|\bgr[ae]y-?\s?scale\b|\b(?:devoid\s+of|"
                r"without(?:\s+any)?|no)\s+colou?rs?\b(?=\s*[,.;]|\s*$)",
            ),
        ),
        (
            "colourful",
            (
                r"\b(?:colou?rful|vividly\s+colou?red|vivid\s+colou?rs|"
                r"vibrant(?:ly)?(?:\s+colou?r(?:s|ed)?)?|"
                r"in\s+full\s+colou?r)\b",
            ),
        ),
        ("dark", DARK_SAID),
        ("bright", BRIGHT_SAID),
    )
    for pattern in patterns
)
_FIELD: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("dark", re.compile(rf"\b(?:{DARK}|night|night-?time)\b{HUE}")),
    ("bright", re.compile(rf"\b(?:{BRIGHT}|daylight|sunlight|harsh sun)\b{HUE}")),
    ("steady", re.compile(r"\b(?:steady|constant|unchanging|even)\b")),
)
_DENIED = re.compile(
    r"(?:\b(?:no|not|never|without|neither|nor|hardly|than|partly|half|anything\s+but|"
    r"far\s+from|turns?\s+to|"
    r"rather\s+than|instead\s+of|if|almost\s+as)\b|n't)[^,;.]{0,14}$"
)
_PART = re.compile(
    r"\b(?:face|faces|eyes|half|figure|corner|side|background|part|silhouette|rest|edges?|"
    r"foreground|head|body|hair|"
    r"back|wall|door|doorway|windows?|screen|sign|lamp|man|woman|person|he|she|water|sky|car|"
    r"objects?)\b[^,;.]{0,24}$"
)
"""Before a claim: it is about a part of the picture."""
_LOOSE = re.compile(
    r"^(?:is|are|lies|lying|lost|hidden|covered|swallowed|buried|seen|left|shrouded|wrapped|"
    r"veiled|cloaked|it\b)"
)


_PART_IS = re.compile(
    r"\b(?:face|faces|figure|corner|side|background|part|window|screen|sign|wall|door|man|"
    r"woman|person|subject|object|"
    r"he|she|they|table)\s+(?:\w+\s+)?(?:is|are|was|were|looks?|seems?|remains?)\s+(?:\w+\s+)?$"
)


def find_light_claims(text: str, *, is_field: bool = False) -> Iterator[Claim]:
    """Yield what a text says of light. In the fields `light` and `style` single words count.

    A sentence that calls one part dark and another bright says nothing of the whole.
    """
    for sentence in SENTENCE.finditer(text.lower()):
        found = list(_find_in(sentence.group(), is_field=is_field))
        values = {value for value, _, _ in found}
        for value, start, end in found:
            if value not in ("dark", "bright") or not {"dark", "bright"} <= values:
                yield Claim(
                    topic="light",
                    value=value,
                    start=sentence.start() + start,
                    end=sentence.start() + end,
                )


def _find_in(part: str, *, is_field: bool) -> Iterator[tuple[str, int, int]]:
    taken: list[tuple[int, int]] = []
    for value, pattern in (*_PATTERNS, *(_FIELD if is_field else ())):
        for match in pattern.finditer(part):
            overlaps = any(match.start() < b and match.end() > a for a, b in taken)
            before = part[: match.start()]
            if overlaps or _DENIED.search(before):
                continue
            if (_LOOSE.match(match.group()) and _PART.search(before)) or _PART_IS.search(before):
                continue
            taken.append(match.span())
            yield value, match.start(), match.end()
