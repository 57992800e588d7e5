"""Claims about the camera in free English."""

from __future__ import annotations

import re
from collections.abc import Iterator

from captioner.claims.claim import SENTENCE, Claim

_NOUN = r"(?:camera(?:work)?|shot|view(?:point)?|frame|framing|lens|footage|perspective|scene|pov)"
_ADVERB = (
    r"(?:\s+(?:very|quite|rather|then|now|also|gently|slowly|smoothly|quickly|rapidly|steadily|"
    r"gradually|slightly|swiftly|briefly|continuously|subtly|fast|a\s+(?:little|bit)|further|"
    r"back|away|over|across|along|around|past|off))*"
)
WAY = r"(?:left(?:wards?)?|right(?:wards?)?|up(?:wards?)?|down(?:wards?)?)"
_TO = (
    r"(?:\s+(?:to|towards?|from\s+(?:the\s+)?(?:left|right|top|bottom)\s+to)?\s*(?:the\s+)?"
    rf"(?P<way>{WAY}|top|bottom)(?!\s*(?:side|hand|half|corner|edge|of))(?:[-\s]hand side)?\b)"
)
_VERB = (
    r"(?:pan|tilt|turn|mov|slid|track|travel|shift|drift|sweep|swing|swivel|rotat|ris|descend|"
    r"lower|rais|arc|orbit|pivot|ascend|lift|truck|dolli|doll|glid|follow|wander|scroll|boom|crane|fli|float)"
    r"(?:e|y|es|ies|s|ing|ned|ed|d|ning)?"
)

_MOVES = re.compile(rf"\b{_VERB}{_ADVERB}{_TO}")
_PAN_NOUN = re.compile(
    rf"\b(?P<verb>pan|tilt|pans|tilts|panning|tilting|panned|tilted|tracking\s+shot|dolly\s+shot|"
    rf"tracking\s+movement|camera\s+(?:move|movement|motion|drift|pan|sweep)){_ADVERB}{_TO}"
)
_LEFTWARD = re.compile(
    r"\b(?P<way>left|right|up|down)(?:wards?)?\s+(?:(?:camera|tracking)\s+)?"
    r"(?:pan|tilt|movement|motion|drift|sweep|shift|swing|slide|shot|track|dolly)(?:s|ning|ting)?\b"
)
_ZOOM = re.compile(
    r"\b(?:zoom(?:s|ed|ing)?|push(?:es|ed|ing)?|dolli(?:es|ed)|dolly(?:ing)?|mov(?:es|ing)|"
    rf"clos(?:es|ing)|com(?:es|ing)|pull(?:s|ed|ing)?|travel(?:s|ling)?|widen(?:s|ing)?)\b{_ADVERB}"
    r"\s*\b(?P<way>in(?:wards?)?(?!\s+(?:a|one|no|front|place|circles?|the\s+(?:same|direction|"
    r"distance|background|foreground|centre|center|middle|air))\b)|out(?:wards?)?|back(?:wards?)?|"
    r"forwards?|closer|nearer)\b"
)
_ZOOM_NOUN = re.compile(
    r"\b(?:(?:zoom|dolly|push|truck)[-\s](?P<way>in|out)|(?P<pull>pull[-\s](?:back|out)))\b"
)
_WIDENS = re.compile(rf"\b{_NOUN}\s+(?:slowly\s+|gradually\s+)?widens\b")
_STILL_ADJ = (
    r"(?:still|static|stationary|fixed|motionless|unmoving|immobile|locked(?:[-\s]off)?|steady|"
    r"unchanged|in\s+place|at\s+rest)"
)
_STILL = (
    re.compile(
        rf"\b{_NOUN}(?:'s)?(?:\s+(?:view|position|angle|viewpoint|frame))?\s+(?:itself\s+)?(?:is|are|was|remains?|appears?|seems?|"
        rf"stays?|stands?|holds?|keeps?|being|remaining|staying|held|kept)"
        rf"(?:\s+(?:completely|entirely|perfectly|mostly|very|largely|almost|nearly|held|kept|to\s+be|"
        rf"mounted|placed|positioned|set|in\s+a))*\s+(?P<still>{_STILL_ADJ}|constant|the\s+same|"
        rf"consistent|on\s+a\s+(?:tripod|stand|mount))\b"
    ),
    re.compile(
        r"\b(?:static|stationary|fixed|locked[-\s]off|tripod)[-\s]+(?:mounted\s+)?(?:camera|vantage|"
        r"position|viewpoint|angle|point\s+of\s+view|shot)\b|\bon\s+a\s+tripod\b"
    ),
    re.compile(
        r"\b(?:static|stationary|fixed|locked[-\s]off|motionless|unmoving|still|steady)"
        r"(?:,?\s+(?:wide|medium|close|high|low|overhead|eye-level|[a-z]+-angle|unmoving|mounted))*"
        r"\s+(?:camera|shot|framing|viewpoint|frame|view|perspective)\b"
    ),
    re.compile(
        rf"\b{_NOUN}\s+(?:does\s+not|doesn['’]t|never)\s+(?:move|pan|shift|change)\b"  # noqa: RUF001
    ),
    re.compile(
        r"\b(?:no|without(?:\s+any)?|lacks?(?:\s+any)?)\s+(?:\w+\s+){0,2}?camera\s+"
        r"(?:movement|motion|moves?)\b"
    ),
    re.compile(r"\bnext to no camera movement\b"),
)
_UNSTEADY = re.compile(
    r"\b(?:hand-?\s?held|shaky|unsteady|wobbl(?:es?|y|ing)|bump(?:y|s)|jerk(?:y|s)|jitter(?:s|y|ing)?|"
    r"camera\s+shakes?|"
    r"shaking\s+camera|shakes|trembl(?:es|ing))\b"
)
_HAND_HELD_THING = re.compile(r"^\s+(?:device|phone|camera\s+in|game|tool|fan|microphone|console)")
_ABOUT = re.compile(rf"\b{_NOUN}\s+(?:moves|wanders|roams|travels)\s+(?:about|around|freely)\b")
_CAMERA_WORD = re.compile(
    r"\b(?:camera\s*(?:work|man)?|shot|picture|image|viewpoint|lens|footage|perspective|pov|framing|"
    r"(?:the|our)\s+view|the\s+frame)\b"
)
_DENIED = re.compile(r"\b(?:no|not|never|without|n['’]t|neither|nor|nothing)\b[^,;.]*$")  # noqa: RUF001
_STILL_NEAR = re.compile(
    r"\b(?:static|stationary|fixed|locked(?:[-\s](?:off|down))?|motionless|unmoving|immobile|unchanging|"
    r"steady)(?:,?\s+[a-z-]+){0,2}?\s+(?:camera|shot|viewpoint|framing|vantage)\b|"
    r"\b(?:camera|viewpoint|framing|shot|lens|perspective)\b(?:\s+[a-z']+){0,2}?\s+(?:never|not|n't|"
    r"without)\s+(?:even\s+|once\s+|ever\s+)?(?:mov(?:e|es|ing)|chang(?:e|es|ing)|shift(?:s|ing)?|"
    r"budg(?:e|es|ing)|any\s+movement)\b|"
    r"\b(?:camera|viewpoint|framing)\s+(?:holds|keeps|maintains|retains)\s+(?:its|the\s+same|a\s+"
    r"(?:fixed|steady|constant|single))\s+(?:position|place|angle|view|distance|framing)\b"
)
_CAMERA_GOES = re.compile(
    r"\b(?:camera|viewpoint|lens|perspective)\b(?P<between>(?:\s+(?!and\b|while\b|as\b|which\b|that\b|"
    r"on\b|at\b|of\b|who\b)[a-z-]+){1,6}?)\s+"
    r"(?:(?:to|towards?)\s+the\s+)?(?:"
    r"(?P<way>(?:left|right|up|down)(?:wards?)?)(?!\s*(?:side|hand|half|corner|edge|of|close)\b)|"
    r"(?P<zoom>inwards?|closer|nearer|forwards?|backwards?|outwards?|away|back(?=\s*[.,;]|\s+out)))\b"
)
_SOMETHING_ELSE = re.compile(
    r"\b(?:a|an|his|her|their|its|two|three|several|some|people|men|women|cars|shows?|showing|"
    r"captur(?:es?|ing)|films?|filming|record(?:s|ing)|sees|looks?|fac(?:es|ing)|points?|aimed|turned|"
    r"is|not|never|no|without|from|following|follows)\b|n't|the\s+(?!camera|left|right)\w+"
)
"""Between camera and way: what it films, where it stands, or that it does not."""
_CLAUSE_START = r"[,;:]|\b(?:as|while|when|whereas|which|who|that)\b"
_SUBJECT = re.compile(r"\b(?:camera|shot|view|viewpoint|lens|footage|perspective|pov|frame)\b")
_PLACED = re.compile(
    r"\b(?:in|into|across|out\s+of|through|from|within|towards?|before|facing|at|past|behind|near|"
    r"to|of)\s+(?:(?:the|our|this|full|plain)\s+)*(?:camera|view|frame|shot|lens)\b"
)
"""Where something is or goes, not what moves: `towards the camera`, `out of the frame`."""
_BARE = (
    r"(?:\s|\b(?:and|then|a|an|the|with|in|followed\s+by|slow(?:ly)?|gent(?:le|ly)|smooth(?:ly)?|"
    r"quick(?:ly)?|subt(?:le|ly)|steady|steadily|brief(?:ly)?|slight(?:ly)?|gradual(?:ly)?|long|"
    r"short|soft(?:ly)?|camera|lateral|vertical|horizontal|sideways|noticeable|there\s+is|"
    r"we\s+see|sudden(?:ly)?|rapid(?:ly)?|final(?:ly)?|continuous)\b)*"
)
_WAYS = {"top": "up", "bottom": "down"}


def find_camera_claims(text: str, *, is_field: bool = False) -> Iterator[Claim]:
    """Yield what a text says of the camera. In the field `camera` every word is about it.

    In prose a movement counts where the camera, or what it sees, is its subject.
    """
    lower = text.lower()
    for sentence in SENTENCE.finditer(lower):
        part, offset = sentence.group(), sentence.start()
        yield from _find_in(part, offset, is_field=is_field)


def _find_in(part: str, offset: int, *, is_field: bool) -> Iterator[Claim]:
    taken: list[tuple[int, int]] = []

    def claim(match: re.Match[str], value: str) -> Iterator[Claim]:
        free = all(match.end() <= a or match.start() >= b for a, b in taken)
        if free and not _DENIED.search(part[: match.start()]):
            taken.append(match.span())
            yield Claim(
                topic="camera",
                value=value,
                start=offset + match.start(),
                end=offset + match.end(),
            )

    for pattern in _STILL:
        for match in pattern.finditer(part):
            yield from claim(match, "still")
    if is_field:
        for match in re.finditer(rf"\b{_STILL_ADJ}\b|\btripod\b", part):
            yield from claim(match, "still")
    for match in _STILL_NEAR.finditer(part):
        yield from claim(match, "still")
    for match in _ABOUT.finditer(part):
        yield from claim(match, "moves")
    for match in _UNSTEADY.finditer(part):
        about_camera = is_field or _CAMERA_WORD.search(part) or match.group().startswith("hand")
        if about_camera and not _HAND_HELD_THING.match(part[match.end() :]):
            yield from claim(match, "unsteady")
    for match in _ZOOM_NOUN.finditer(part):
        yield from claim(match, match.group("way") or "out")
    for match in _WIDENS.finditer(part):
        yield from claim(match, "out")
    for match in _ZOOM.finditer(part):
        is_zoom = match.group().startswith("zoom")
        if is_field or is_zoom or _subject_is_camera(part, match.start()):
            near = match.group("way").startswith(("in", "forward", "closer", "nearer"))
            yield from claim(match, "in" if near else "out")
    for pattern in (_PAN_NOUN, _MOVES, _LEFTWARD):
        for match in pattern.finditer(part):
            if is_field or _subject_is_camera(part, match.start()):
                way = re.sub(r"wards?$", "", match.group("way"))
                yield from claim(match, _WAYS.get(way, way))
    for match in _CAMERA_GOES.finditer(part):
        if _SOMETHING_ELSE.search(match.group("between")):
            continue
        if match.group("zoom"):
            near = match.group("zoom").startswith(("in", "forward", "closer", "nearer"))
            yield from claim(match, "in" if near else "out")
        else:
            way = re.sub(r"wards?$", "", match.group("way"))
            yield from claim(match, _WAYS.get(way, way))


def _subject_is_camera(part: str, position: int) -> bool:
    """Tell whether the nearest clause before `position` speaks of the camera."""
    before = part[:position]
    raw = re.split(_CLAUSE_START, before)[-1]
    earlier = before[: len(before) - len(raw)]
    clause = _PLACED.sub(" ", raw)
    if _SUBJECT.search(clause):
        return True
    if not re.fullmatch(_BARE, clause) or re.search(r"\b(?:that|which|who)\s*$", earlier):
        return False
    if not earlier.strip() or re.search(r"\b(?:a|an|the)\b", clause):
        return True  # `a slow pan left`
    # `..., panning to the left`: the subject is further back
    return bool(_SUBJECT.search(_PLACED.sub(" ", re.sub(r".*\b(?:as|while|when)\b", "", earlier))))
