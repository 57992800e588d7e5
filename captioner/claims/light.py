"""Claims about light, and about black and white, in free English."""

from __future__ import annotations

import re
from collections.abc import Iterator

from captioner.claims.claim import Claim

_PLACE = (
    r"(?:scene|room|environment|setting|lighting|light|picture|image|frame|footage|atmosphere|"
    r"interior|place|hall|stage|studio|kitchen|office|building|everything|whole|set|view|location|surroundings|shot|conditions|overall|night|clip)"
)
_DEGREE = (
    r"(?:(?:very|rather|quite|almost|nearly|completely|entirely|fairly|extremely|totally|mostly|"
    r"overwhelmingly|exceptionally)\s+)*"
)
_MEDIUM = (
    r"(?:\w+\s+)?(?:clip|film|footage|picture|image|video|photo|photograph|photography|scene|shot|"
    r"movie|style|recording|palette|drawing|animation)\b"
)
_HUE = (
    r"(?!,?\s+(?:gr[ae]y|green|blue|red|brown|purple|yellow|orange|pink|cyan|teal|beige|white|"
    r"black|navy|gold\w*|turquoise|haired|skinned)\b)"
)
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (value, re.compile(pattern))
    for value, pattern in (
        (
            "darker",
            r"\b(?:grows?|gets?|becomes?|turns?|growing|getting|becoming)\s+(?:\w+ly\s+)?(?:darker|"
            r"dimmer)\b|\b(?:darkens|dims|darkening|fades?\s+to\s+black)\b",
        ),
        (
            "brighter",
            r"\b(?:grows?|gets?|becomes?|turns?|growing|getting|becoming)\s+(?:\w+ly\s+)?"
            r"(?:brighter|lighter)\b|\b(?:brightens|brightening|lightens|fades?\s+in\s+from\s+black)\b",
        ),
        (
            "steady",
            r"\b(?:light(?:ing)?|brightness|illumination)(?:\s+\w+)?\s+(?:remains|stays|is|keeps)\s+"
            r"(?:\w+ly\s+)?(?:even|steady|constant|unchanged|consistent|stable)\b",
        ),
        (
            "greyscale",
            rf"\bblack[-\s]and[-\s]white\b(?=\s+{_MEDIUM}|\s*[,.;]|\s*$)|"
            r"\bin\s+black[-\s]and[-\s]white\b|\bmonochrom(?:e|atic)\b|\bgr[ae]y-?\s?scale\b",
        ),
        (
            "colourful",
            r"\b(?:colou?rful|vividly\s+colou?red|vivid\s+colou?rs|vibrant(?:ly)?(?:\s+colou?r(?:s|ed)?)?|"
            r"in\s+full\s+colou?r)\b",
        ),
        (
            "dark",
            rf"\b(?:dark|dim|gloomy|dimly\s+lit|poorly\s+lit|low[-\s]light|unlit|shadowy|pitch[-\s]black|"
            rf"nearly\s+black|almost\s+black|underexposed){_HUE}(?:,?\s+\w+){{0,1}}?\s+{_PLACE}\b|"
            r"\b(?:dimly|poorly|barely|badly|faintly|weakly|hardly)[-\s](?:lit|illuminated)\b|"
            r"\b(?:low|poor|weak|faint|minimal|insufficient)(?:\s+levels?\s+of)?[-\s]"
            r"(?:light(?:ing)?|illumination|brightness)\b|\bpitch[-\s]black\b|\b(?:at|by)\s+night\b|"
            r"\bnight-?time\b|\bnight\s+(?:scene|sky|view|street)\b|\b(?:in|by|into|with)\s+(?:near\s+|total\s+|almost\s+|complete\s+|deep\s+)*"
            r"(?:darkness|shadows?)(?=\s*[.,;]|\s*$)|\b(?:light(?:ing)?|brightness|illumination)\s+"
            r"(?:level\s+)?(?:is|remains)\s+(?:very\s+|quite\s+|rather\s+)?(?:low|poor|dim|weak)\b|"
            rf"\b{_PLACE}\s+(?:is|remains|stays|looks|appears|seems)\s+{_DEGREE}"
            r"(?:dark|dim|black|gloomy|unlit)\b(?!\s+(?:grey|gray|blue|green|red|brown|purple))|"
            r"\bunder\s+a\s+dark\s+sky\b|\blittle\s+light\b",
        ),
        (
            "bright",
            rf"\b(?:bright|brightly\s+lit|well[-\s]lit|sunny|sunlit|sun-drenched|overexposed|radiant)"
            rf"{_HUE}(?:,?\s+\w+){{0,1}}?\s+(?:{_PLACE}|daylight|sunlight|sunshine|day|sky)\b|"
            r"\b(?:brightly|brilliantly|amply|fully)[-\s](?:lit|illuminated)\b|\bwell[-\s]illuminated\b|"
            r"\b(?:flooded|bathed|filled|drenched)\s+(?:with|in|by)\s+(?:bright\s+|warm\s+|golden\s+|"
            r"natural\s+|strong\s+)*(?:sun)?light\b|\bsunlit\b|\bbright(?:ly)?\s+illuminated\b|"
            rf"\b{_PLACE}\s+(?:is|remains|stays|looks|appears|seems)\s+{_DEGREE}"
            r"(?:bright|well[-\s]lit|brightly\s+lit|sunny)\b(?!\s+(?:grey|blue|green|red|yellow))|"
            r"\bin\s+(?:bright|full)\s+(?:sun(?:light|shine)?|daylight)\b",
        ),
    )
)
_FIELD: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "dark",
        re.compile(rf"\b(?:dark|dim|gloomy|night|nighttime|almost black|low[-\s]light)\b{_HUE}"),
    ),
    (
        "bright",
        re.compile(rf"\b(?:bright|sunny|well[-\s]lit|daylight|sunlight|harsh sun)\b{_HUE}"),
    ),
    ("steady", re.compile(r"\b(?:steady|constant|unchanging|even)\b")),
)
_DENIED = re.compile(
    r"\b(?:no|not|never|without|neither|nor|hardly|than|partly|half|turns?\s+to)\b[^,;.]{0,14}$"
)


def find_light_claims(text: str, *, is_field: bool = False) -> Iterator[Claim]:
    """Yield what a text says of light. In the fields `light` and `style` single words count."""
    lower = text.lower()
    taken: list[tuple[int, int]] = []
    for value, pattern in (*_PATTERNS, *(_FIELD if is_field else ())):
        for match in pattern.finditer(lower):
            overlaps = any(match.start() < b and match.end() > a for a, b in taken)
            if overlaps or _DENIED.search(lower[: match.start()]):
                continue
            taken.append(match.span())
            yield Claim(topic="light", value=value, start=match.start(), end=match.end())
