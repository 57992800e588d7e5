"""Movements of the camera that are told as nouns, in free English."""

from __future__ import annotations

import re
from collections.abc import Iterator

from captioner.claims.camera_ways import WAY_NAMES, read_way

_NOUN = (
    r"(?:pan|tilt|pans|tilts|panning|tilting|dolly|truck(?=\s+shot)|(?:tracking|dolly|panning|"
    r"sliding|crane|"
    r"travelling|traveling|trucking|jib)\s+(?:shot|movement|move|motion)|(?:camera|lens|"
    r"viewpoint|frame|framing)"
    r"(?:[-\s](?:move|movement|motion|drift|pan|tilt|sweep|shift|glide|slide|swing|turn|track|"
    r"rotation|rise|"
    r"descent|ascent|climb|travel|work|push|pull|rise|drop))|pan\s+shot|tilt\s+shot)"
)
_WEAK_NOUN = (
    r"(?:movement|move|motion|drift|sweep|shift|glide|slide|swing|turn|track|rotation|rise|descent|"
    r"ascent|climb|travel|push|pull|approach|retreat|withdrawal|advance|step|creep)"
)
_OF_CAMERA = (
    r"\s+(?:of|by)\s+(?:the|our)\s+(?:camera|lens|viewpoint|shot|view|frame|framing|perspective)\b"
)
_OF_THE_CAMERA = re.compile(_OF_CAMERA)
_FILLER = (
    r"(?:\s+(?:slowly|gently|smoothly|quickly|steadily|gradually|slightly|movement|motion|shot|"
    r"that\s+goes|going|moving|across\s+the\s+\w+|along\s+the\s+\w+|over\s+the\s+\w+|around|"
    r"round|is|runs|goes|continues|leads|heads|takes\s+us|brings\s+us|carries\s+us))*\s+"
)
_BEFORE = re.compile(
    r"\b(?:(?P<side>left|right|up|down)(?:[-\s]?wards?)?|(?P<to>(?:left|right|top|"
    r"bottom)[-\s]to[-\s]"
    r"(?P<end>left|right|top|bottom))|(?P<in>inward|forward)|(?P<out>outward|backward|"
    r"backwards|rearward)|(?P<sky>skyward))"
    r"[-\s]+(?:(?:slow|smooth|gentle|lateral|steady|tracking|"
    rf"moving)\s+)*(?:(?P<strong>{_NOUN}|zoom|tracking)|"
    rf"(?P<weak>{_WEAK_NOUN}(?P<of>{_OF_CAMERA})?))\b"
)
_AFTER = re.compile(
    rf"(?<!frying )(?<!sauce )(?<!baking )(?<!roasting )\b(?:{_NOUN}|"
    rf"(?:{_WEAK_NOUN}{_OF_CAMERA}))(?={_FILLER})"
)
_ZOOMS = re.compile(
    r"\b(?:(?:zoom|dolly|push|truck|track)(?:ing)?[-\s](?P<way>in|out)(?:wards?|to)?|"
    r"(?P<pull>(?:pull|draw|move|step|dolly)[-\s]?(?:back|out|away)(?=\s+(?:shot|of|from|to|"
    r"widens|shows|reveals|follows)|\s*[,.;]|\s*$))"
    r"|(?P<near>(?:gradual|slow|steady|gentle)\s+(?:approach|push\s+(?:into|towards?)))|(?P<far>(?:gradual|slow|steady|"
    r"gentle)\s+(?:retreat|withdrawal|widening|pull\s+(?:back|away))))\b"
)
_WEAK_AFTER = re.compile(rf"\b{_WEAK_NOUN}(?={_FILLER})")
_GAP = re.compile(_FILLER)
_THE_ZOOM = re.compile(rf"\bthe\s+zoom\b(?={_FILLER})")
_ARTICLE = re.compile(
    r"(?:^|[,;:(]|\b(?:a|an|the|with|in|via|by|through|using|of|and|then|slow|slowly|gradual|"
    r"gentle|smooth|quick|"
    r"steady|subtle|slight|long|short|brief|rapid|fast|dramatic|continuous|final|sudden|"
    r"deliberate|vertical|horizontal|lateral|sideways|diagonal|light|broad|wide|camera|"
    r"noticeable|[a-z]+ing))\s*$"
)
_CAMERA_VERB = re.compile(
    r"\b(?P<verb>pan|tilt|mov|turn|swing|rotat|shift|slid|push|pull|rais|lower|lift|carry|"
    r"carri|tak|bring|draw|lead|guid|sweep|swivel|point|driv|transport)"
    r"(?:e|es|s|ed|ing|ned|ning|ies|n)?\s+(?:the\s+(?:camera|lens|viewer|viewers|audience|"
    r"frame|shot|viewpoint|view|eye|gaze)|us|one)\s+"
    r"(?:(?:slowly|gently|smoothly|gradually|slightly|quickly|further|ever|back|over|around|"
    r"round|along)\s+)*"
)


_OWN_WAY_NOUNS = {
    "descent": "down", "drop": "down", "ascent": "up", "climb": "up", "rise": "up",
    "approach": "in", "advance": "in", "retreat": "out", "withdrawal": "out",
    "ascending": "up", "rising": "up", "climbing": "up", "descending": "down", "sinking": "down",
    "falling": "down", "lowering": "down", "approaching": "in", "advancing": "in",
    "tightening": "in", "narrowing": "in", "receding": "out", "retreating": "out",
    "widening": "out", "withdrawing": "out",
}  # fmt: skip
_OWN_WAY = re.compile(
    r"\b(?:(?P<noun>descent|drop|ascent|climb|rise|approach|advance|retreat|withdrawal)"
    rf"(?:{_OF_CAMERA})|(?:camera|lens)\s+(?P<after>descent|ascent|climb|approach|retreat|"
    r"withdrawal)\b|"
    r"(?P<before>ascending|rising|climbing|descending|sinking|lowering|approaching|advancing|"
    r"tightening|"
    r"narrowing|receding|retreating|widening|withdrawing)\s+(?:camera|shot|lens|framing|"
    r"viewpoint)\b)"
)
_DISTANCE = re.compile(
    r"\bdistance\s+(?:between\s+(?:the\s+)?(?:camera|lens|viewer)\s+and\s+[a-z ]{2,24}?|(?:of|"
    r"from)\s+the\s+(?:camera|lens)(?:\s+to\s+[a-z ]{2,24}?)?)"
    r"\s+(?:\w+ly\s+)?(?:(?P<in>shrinks|decreases|lessens|closes|narrows|reduces)|"
    r"(?P<out>grows|increases|widens))\b"
)
_SWEEP = re.compile(
    r"^\s*(?:then\s+|next\s+)?(?:(?:there\s+is|we\s+see|it\s+is)\s+)?(?:a|an|the|"
    r"with\s+an?)\s+(?:[a-z]+\s+)?(?:(?P<side>left|right|up|down)wards?|(?P<in>inward|"
    r"forward)|(?P<out>outward|backward))\s+"
    r"(?:[a-z]+\s+)?(?:sweep|drift|glide|slide|swing|move|movement|motion|shift|track|"
    r"travel)\b(?!\s+of\b)"
)


def find_told_as_nouns(part: str) -> Iterator[tuple[str, int, int]]:
    """Yield (way, start, end) of `a slow pan left`, `the upward drift of the view`, `a zoom-in`."""
    yield from _in_their_name(part)
    yield from _way_before(part)
    yield from _way_after(part)
    for match in _CAMERA_VERB.finditer(part):
        verb = "push" if match.group("verb") == "push" else "moves"
        if found := read_way(part, match.end(), verb):
            yield found[0], match.start(), found[1]


def _in_their_name(part: str) -> Iterator[tuple[str, int, int]]:
    """Yield what needs no word for its way: `a descent of the camera`, `a push-in`."""
    for match in _OWN_WAY.finditer(part):
        word = match.group("noun") or match.group("after") or match.group("before")
        yield _OWN_WAY_NOUNS[word], match.start(), match.end()
    for match in _DISTANCE.finditer(part):
        yield "in" if match.group("in") else "out", match.start(), match.end()
    for match in _ZOOMS.finditer(part):
        if "-" not in match.group() and not _ARTICLE.search(part[: match.start()]):
            continue
        out = match.group("pull") or match.group("far")
        yield match.group("way") or ("out" if out else "in"), match.start(), match.end()


def _way_before(part: str) -> Iterator[tuple[str, int, int]]:
    for pattern in (_SWEEP, _BEFORE):
        for match in pattern.finditer(part):
            said = match.groupdict()
            if said.get("weak") and not said.get("of"):
                continue
            before = part[: match.start()]
            if said["side"] in ("up", "down") and re.search(r"\b(?:to|from)\s+$", before):
                continue
            side = said["side"] or said.get("end") or ("up" if said.get("sky") else "")
            near = "in" if said["in"] else "out"
            yield WAY_NAMES.get(side, side) or near, match.start(), match.end()


def _way_after(part: str) -> Iterator[tuple[str, int, int]]:
    bare = _OF_THE_CAMERA.sub(lambda match: " " * len(match.group()), part)
    cases = [(part, _AFTER, "pan"), (part, _THE_ZOOM, "zoom")]
    if bare != part:
        cases.append((bare, _WEAK_AFTER, "moves"))
    for text, pattern, verb in cases:
        for match in pattern.finditer(text):
            gap = _GAP.match(text, match.end())
            is_noun = _ARTICLE.search(text[: match.start()]) or " " in match.group()
            known = "moves" if "camera" in match.group() else verb
            if gap and is_noun and (found := read_way(text, gap.end(), known)):
                yield found[0], match.start(), found[1]
