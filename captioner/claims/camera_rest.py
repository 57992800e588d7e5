"""Claims that the camera stands still, or that it shakes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from captioner.claims.camera_words import FILMS, FOLLOWS, SPOT, STEADY, STILL_ADJECTIVE
from captioner.claims.clauses import Clause

_CAMERA = (
    r"(?:camera(?:work)?|shot|view(?:point)?|frame|framing|lens|footage|perspective|pov|"
    r"vantage(?:\s+point)?|"
    r"camera\s+(?:angle|position|setup|view)|image|picture|composition|take|angle)"
)
_ANY = r"(?:,?\s+(?!and\b|with\b|of\b|the\b|in\b|on\b)[a-z-]+){0,3}?"
_FILMED = re.compile(
    r"\b(?:film(?:ed|ing|s)?|watch(?:es)?|look|see|view|shot|record(?:ed|ing)|captur(?:ed|ing|e|"
    r"es)|seen|taken|made|observed|watched|viewed|shown|"
    r"presented|camera|footage|clip|video|scene|everything|all)\b"
)
_NOTHING = (
    r"(?:no|zero|(?:not|(?:is|are|was|do|does|did)n.t(?:\s+\w+)?)\s+any|without(?:\s+(?:any|"
    r"a))?|lacks?(?:\s+any)?|lacking(?:\s+any)?|(?:absence|"
    r"lack)\s+of(?:\s+any)?|"
    r"free\s+of(?:\s+any)?|devoid\s+of(?:\s+any)?|not\s+(?:any|a\s+hint\s+of|a\s+trace\s+of|"
    r"the\s+(?:slightest|least))|not\s+a\s+single|next\s+to\s+no|"
    r"hardly\s+any|barely\s+any|virtually\s+no|practically\s+no|next\s+to\s+zero)"
)
_MOVEMENT = (
    r"(?:movements?|motion|moves?|shifts?|panning|pans?|work|travel|change|adjustments?|drift)"
)
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{STILL_ADJECTIVE}{_ANY}[-\s]+{_CAMERA}\b(?!\s*-)",
        r"(?<!a )(?<!his )(?<!her )\bstill\s+camera\b|\b(?:still|locked[-\s]off)\s+(?:framing|"
        r"viewpoint)\b|\btripod[-\s]+(?:camera|footage)\b|\btripod[-\s]+shots?\b",
        rf"\b{_NOTHING}\s+(?:\w+\s+){{0,2}}?(?:camera|lens|viewpoint|frame|framing)(?:'s|"
        rf"\s+or\s+\w+)?\s+{_MOVEMENT}\b",
        rf"\b{_NOTHING}\s+(?:\w+\s+){{0,2}}?{_MOVEMENT}\s+(?:of|from|by|in|"
        r"to)\s+(?:the\s+)?(?:camera|lens|framing|frame|viewpoint|shot|perspective|angle)\b",
        rf"\b{_NOTHING}\s+(?:pan(?:ning|s)?|tilt(?:ing|s)?|zoom(?:ing|s)?)(?:,|\s+(?:and|or|"
        r"nor))+\s+(?:no\s+)?(?:pan|tilt|zoom)\w*\b",
        r"\b(?:camera|lens)\s+(?:movement|motion)\s+(?:is|was)\s+(?:\w+ly\s+)?(?:absent|"
        r"non-?existent|nil|none|zero|lacking|missing)\b",
        r"\b(?:nothing|neither)\b(?:\s+\w+){0,2}\s+(?:camera|framing|viewpoint|angle|frame|"
        r"shot|view|perspective)(?:'s\s+\w+)?(?:\s+\w+){0,3}?\s+"
        r"(?:chang|mov|shift|alter|var)\w*\b",
        r"\b(?:on|from|atop|upon|off)\s+(?:a|the|its|some)\s+(?:\w+\s+)?tripod\b",
        r"\b(?:film|shot|record|captur|taken|made|mount)\w*\s+(?:\w+\s+){0,2}?(?:by|with|via|"
        r"using)\s+(?:a|the)\s+(?:\w+\s+)?tripod\b",
        rf"\b{_CAMERA}\s+(?:shows?|has|exhibits?|makes?|displays?|undergoes|"
        rf"performs?)\s+{_NOTHING}\s+"
        rf"(?:\w+\s+)?{_MOVEMENT}\b",
        r"\btripod\s+(?:keeps|holds|steadies)\b|\bwithout\s+(?:ever\s+|"
        r"once\s+)?moving\s+the\s+camera\b",
        r"\b(?:left|set|put|placed)\s+(?:the\s+camera|it)\s+(?:alone|down|untouched)\b|"
        r"\bcamera\s+(?:is|was|has\s+been)\s+left\s+(?:alone|untouched|running)\b",
    )
)
_FROM_A_SPOT = re.compile(
    r"\b(?:from|in|at|with)\s+(?:the\s+same|one|a\s+single|a|an|"
    rf"one\s+and\s+the\s+same)(?:\s+(?:single|and))*(?P<adjective>(?:\s+(?:{STILL_ADJECTIVE}|"
    r"steady|constant|single|unchanged|same))+)?"
    rf"(?:\s+(?:low|high|wide|close|frontal|elevated|overhead|side))*\s+(?:camera\s+)?{SPOT}\b"
)
_ONE = re.compile(r"\b(?:same|single|one)\b")
_ITS_SPOT = (
    r"(?:in\s+|on\s+|at\s+|to\s+|from\s+|with\s+)?(?:its|the\s+(?:very\s+)?same|"
    r"(?:just\s+)?one|a\s+single|a\s+(?:fixed|steady|constant|stable))"
    r"(?:\s+(?:exact|single|fixed|wide|original|initial|steady|constant|unchanging|"
    rf"frontal))*\s+{SPOT}"
)
_PREDICATE = re.compile(
    r"\s*(?:(?:view|position|angle|viewpoint|frame|itself|work|placement|setup|throughout|"
    r"here|too|alone|quality)\s+|,\s*)*"
    r"(?:[a-z]+ly\s+)?(?:is|are|was|remains?|appears?|seems?|stays?|stands?|sits?|holds?|"
    r"keeps?|being|remaining|staying|hangs?|hovers?|hovering|watches|waits|(?:keeps|sticks|"
    r"clings|holds)\s+(?:to|on|on\s+to|onto)|maintains?|maintaining|retains?|preserves?|"
    r"lingers?|"
    r"stuck|"
    r"holding|sitting|standing|held|kept|rests?|continues|looks?|feels?|has\s+been|locks?|"
    r"freezes)?"
    r"(?:\s+(?:[a-z]+ly|very|quite|almost|held|kept|to\s+be|mounted|placed|positioned|set|"
    r"secured|in|a|so|and|all|the\s+whole\s+time|throughout|both))*\s*"
    rf"\b(?P<still>{STILL_ADJECTIVE}|{STEADY}|on\s+(?:a|its|the)\s+(?:tripod|stand|mount)|"
    r"in\s+(?:one\s+)?place|at\s+rest|put|like\s+that|on\s+the\s+spot|in\s+one\s+spot|"
    rf"(?:exactly\s+|right\s+|just\s+)?where\s+it\s+(?:is|was|stands|stood)|{_ITS_SPOT})\b"
    r"(?!\s+to\s+(?:a|the|his|her)\s+(?:car|vehicle|helmet|drone|bike|bicycle|boat|train|"
    r"moving|dashboard|head|body))"
)
_STILL_GOES_ON = re.compile(
    r"\s+(?!and\b|while\b|as\b|when\b|but\b|without\b|throughout\b|for\b|from\b|during\b|"
    r"over\b|the\s+(?:entire|whole)\b|all\b|"
    r"in\b|at\b|on\s+(?:its|a|the)\s+(?:stand|tripod|mount|spot)\b)[a-z]"
)
_UNSTEADY_ANY = re.compile(
    r"\b(?:hand-?\s?held|free-?hand|(?:held|carried|shot|filmed|recorded)\s+(?:it\s+|this\s+|"
    r"everything\s+)?(?:in|by|from|with)\s+(?:the\s+|a\s+)?(?:\w+\s+)?hands?(?!\s+(?:up|on))|"
    r"shakily|"
    r"unsteadily|camera[-\s]shake|no\s+tripod|without\s+a\s+tripod|steadicam-less)\b"
)
_SHAKING = (
    r"(?:shak(?:y|ing|en|es?|iness)|unsteady|unstable|unsteadiness|instability|wobbl(?:y|es?|"
    r"ing)|jitter(?:s|y|ing|iness)?|"
    r"jerk(?:y|s|ing|iness)?|judder(?:s|y|ing)?|jolt(?:s|y|ing)?|bump(?:y|s|iness)|jumpy|"
    r"trembl(?:es?|y|ing)|tremors?|"
    r"quiver(?:s|ing)?|shudder(?:s|ing)?|jostl(?:es|ed|ing)|lurch(?:es|ing)?|rattl(?:es|ing)|"
    r"vibrat(?:es|ing|ions?)|"
    r"sway(?:s|ing)?|rocks|rocking|bob(?:s|bing)|bounc(?:es|y|ing)|jiggl(?:es|y|ing)|"
    r"erratic(?:ally)?|restless(?:ly)?|"
    r"wavers?|wavering|not\s+(?:\w+\s+)?(?:steady|stable)|rough|shiver(?:s|y|ing)?|"
    r"not\s+(?:being\s+)?held\s+(?:\w+\s+)?(?:steady|steadily|still)|rickety|uneven(?:ly)?|"
    r"wildly|violently|frantically|chaotic(?:ally)?|to\s+and\s+fro|from\s+side\s+to\s+side|"
    r"quak(?:es|ing)|wiggl(?:es|ing)|choppy|turbulent|stagger(?:s|ing)|stumbl(?:es|ing)|"
    r"joggl(?:es|ing)|"
    r"(?:un|not\s+|non-?)stabili[sz]ed|jumps?\s+(?:about|around)|shimm(?:ies|ying)|"
    r"nervous(?:ly)?|twitch(?:es|y|ing)?)"
)
_LENS = (
    r"(?:camera(?:\s?work|man)?|footage|shot|picture|image|video|view(?:point)?|frame|framing|"
    r"lens|film(?:ing)?|clip|recording|perspective|pov)"
)
_UNSTEADY = re.compile(
    rf"\b(?:{_SHAKING}(?:,?\s+(?:and\s+)?(?:hand-?held|[a-z]+y))?\s+{_LENS}\b|"
    rf"{_LENS}(?:'s)?\s+(?:shakes?|wobbles?|jitter|tremors?|shaking|judder)\b|"
    r"(?:shakes?|wobbles?|jitters?|tremors?|jolts?|judder|bumps|trembling|shaking|swaying|"
    rf"unsteadiness|instability)\s+(?:of|to|in|from|about)\s+(?:the\s+|its\s+)?{_LENS}\b|"
    r"(?:filming|operator|cameraman|holding)(?:'s)?\s+(?:hand|arm|"
    rf"grip)s?\s+(?:\w+\s+){{0,2}}?{_SHAKING})"
)
_SHAKES = re.compile(rf"\b{_SHAKING}\b")
_HAND_HELD_THING = re.compile(
    r"\s+(?:device|phone|camera\s+in|game|tool|fan|microphone|console|radio|scanner|mirror|torch)"
)
_WITH = re.compile(
    r"\b(?:filmed|shot|recorded|captured|taken|made)\s+(?:with|on|by|using|from)\s+an?\s+$"
)
_IN_FIELD = re.compile(rf"\b(?:{STILL_ADJECTIVE}|still|tripod|steady)\b")
_STEADY_GOES = re.compile(r"^(?:steady|stable|constant|consistent|level|solid)")


def find_rest(
    part: str, clauses: list[Clause], *, moves: bool, is_field: bool
) -> Iterator[tuple[int, int]]:
    """Yield the places where a sentence says that the camera stands still.

    `moves`: whether the sentence also tells of a movement. Then `steady` is how it goes.
    """
    for pattern in _PATTERNS:
        for match in pattern.finditer(part):
            yield match.span()
    for match in _FROM_A_SPOT.finditer(part):
        told = match.group("adjective") or re.search(r"\b(?:same|one|single)\b", match.group())
        if told and _FILMED.search(part[: match.start()]) and not moves:
            yield match.span()
    for clause in clauses:
        if clause.subject not in ("strong", "weak") or clause.denied_from or clause.head is None:
            continue
        begin = clause.words[max(0, clause.first - 1)]
        said = _PREDICATE.match(part, begin.end if clause.is_own else begin.start)
        if said is None or said.start("still") > clause.words[-1].end + 1:
            continue
        still = said.group("still")
        if still == "still" and _STILL_GOES_ON.match(part, said.end()):
            continue
        if moves and _STEADY_GOES.match(still):
            continue
        start = clause.head.start if clause.is_own else said.start("still")
        yield start, said.end()
    if is_field:
        for word in _IN_FIELD.finditer(part):
            if not (moves and word.group() == "steady"):
                yield word.span()


def find_unsteady(part: str, clauses: list[Clause], *, is_field: bool) -> Iterator[tuple[int, int]]:
    """Yield the places where a sentence says that the camera shakes."""
    for match in _UNSTEADY_ANY.finditer(part):
        is_thing = _HAND_HELD_THING.match(part, match.end())
        if not is_thing or _WITH.search(part[: match.start()]):
            yield match.span()
    for match in _UNSTEADY.finditer(part):
        yield match.span()
    for clause in clauses:
        if clause.subject in ("strong", "weak") and clause.words and not clause.denied_from:
            own = clause.words[clause.first :]
            start = own[0].start if own else len(part)
            for match in _SHAKES.finditer(part, start, _end_of_own(clause)):
                yield match.span()
    if is_field:
        for match in _SHAKES.finditer(part):
            yield match.span()


def _end_of_own(clause: Clause) -> int:
    """Return where a clause turns from the camera to what it shows: `films a shaking hand`."""
    for word in clause.words[clause.first :]:
        if word.text in FILMS | FOLLOWS:
            return word.start
    return clause.words[-1].end
