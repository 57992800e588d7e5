"""What is known of a clip without its caption: measurements, world facts, texts read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from captioner.measured.findings import Findings, find, find_in
from captioner.request import CaptionRequest
from schemas.facts import Facts, ObjectFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What claims are held against.

    `facts` are those that a reader of world footage saw, None for other footage. `texts` is
    what was read in the picture: None where nobody read, empty where nothing was found.
    """

    findings: Findings
    scores: Mapping[str, float] = field(default_factory=dict)
    facts: Facts | None = None
    texts: tuple[str, ...] | None = None

    def score(self, name: str) -> float:
        """Return a score, NaN where it was not measured."""
        return float(self.scores.get(name, float("nan")))


def gather_evidence(
    request: CaptionRequest, *, facts: Facts | None = None, texts: tuple[str, ...] | None = None
) -> Evidence:
    """Measure a request; frames that cannot be read leave what the scores alone tell."""
    try:
        findings = find(request)
    except OSError:
        findings = find_in(request, None)
    return Evidence(findings=findings, scores=request.scores, facts=facts, texts=texts)


_WORLD_CAMERA = {
    "still": "still",
    "pan_left": "left",
    "pan_right": "right",
    "tilt_up": "up",
    "tilt_down": "down",
    "zoom_in": "in",
    "zoom_out": "out",
    "forward": "in",
    "backward": "out",
    "slide_left": "left",
    "slide_right": "right",
}


def world_camera(facts: Facts | None) -> str:
    """Return the camera of world facts in the words of claims, empty where not stated."""
    return _WORLD_CAMERA.get(facts.camera or "", "") if facts else ""


SHAPE_WORDS = {
    "circle": "circle",
    "disc": "circle",
    "disk": "circle",
    "ball": "circle",
    "sphere": "circle",
    "dot": "circle",
    "square": "square",
    "box": "square",
    "block": "square",
    "triangle": "triangle",
    "star": "star",
}
"""Nouns for the world's shapes."""
ANY_SHAPE = frozenset({"object", "shape", "thing", "figure", "item"})


def named_objects(facts: Facts, words: str) -> list[ObjectFacts]:
    """Return the objects that some words can mean: by colour and shape, all for neither."""
    said = words.replace(",", " ").split()
    colours = {word for word in said if any(o.colour == word for o in facts.objects)}
    shapes = {SHAPE_WORDS[word] for word in said if word in SHAPE_WORDS}
    return [
        item
        for item in facts.objects
        if (not colours or item.colour in colours or item.new_colour in colours)
        and (not shapes or item.shape in shapes)
    ]
