"""English phrases from the fields of a caption: who, where, how the camera moves. Pure."""

from __future__ import annotations

import re

from captioner.caption import Relation, Subject
from schemas.wording.inflect import article, present

_NUMBER_WORDS = "no one two three four five six seven eight nine ten eleven twelve"
_NUMBERS = _NUMBER_WORDS.split()
_IRREGULAR = {
    "child": "children",
    "foot": "feet",
    "goose": "geese",
    "leaf": "leaves",
    "loaf": "loaves",
    "man": "men",
    "mouse": "mice",
    "person": "people",
    "shelf": "shelves",
    "tooth": "teeth",
    "wolf": "wolves",
    "woman": "women",
}
_UNCOUNTED = frozenset(
    (
        *("bread", "clothing", "dust", "equipment", "fire", "foam", "foliage", "food", "fog"),
        *("furniture", "glass", "grass", "graffiti", "hair", "ice", "jewelry", "light", "luggage"),
        *("lightning", "meat", "mist", "mud", "paint", "paper", "people", "pasta", "rain", "rice"),
        *("sand", "sky", "smoke", "snow", "soup", "steam", "sunlight", "text", "traffic", "water"),
        *("vegetation", "wind", "wood", "cattle", "deer", "fish", "sheep", "poultry", "police"),
    )
)
_SAME_PLURAL = frozenset(("deer", "fish", "sheep", "people", "cattle", "aircraft", "poultry"))
_ONLY_ONE = frozenset(("sun", "moon", "ocean", "sea", "horizon", "ground", "sky"))
_COLOUR_WORDS = (
    "red orange yellow green cyan blue purple pink brown black white grey gray golden silver beige "
    "tan cream maroon navy teal turquoise violet wooden metal plastic leather"
)
_COLOURS = frozenset(_COLOUR_WORDS.split())
"""They stand nearest to the noun: `a small brown dog`."""
_PLURAL_WORDS = frozenset(
    (
        *("several", "many", "few", "multiple", "numerous", "some", "various", "countless", "both"),
        *("a few", "a group of", "dozens of", "a couple of", "hundreds of", "lots of"),
    )
)
_DETERMINER = re.compile(
    r"(?:a|an|the|his|her|their|its|some|this|that|these|those|two|three|four|five|several|many|"
    r"no|one|another|each|both|all|\d+)\s",
    re.IGNORECASE,
)
_AFTER_NOUN = re.compile(
    r"(?:with|without|in|on|at|of|from|under|over|near|behind|made|covered|dressed|filled|"
    r"wearing|holding|carrying|facing|lying|sitting|standing|who|that|which|\w+ing|\w+ed in|"
    r"\w+ed with|\w+ed by|\w+n by|\w+n in)\s",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"(?:in|on|at|inside|outside|outdoors|indoors|under|near|by|along|next to|beside|behind|"
    r"between|among|above|below|over|around|beneath|against|underwater|across|through|within|"
    r"backstage|offshore|downtown|aboard|amid|up|down)\b",
    re.IGNORECASE,
)
_OPEN_PLACE = re.compile(
    r"\b(?:beach|street|road|stage|lawn|floor|court|track|rooftop|roof|bridge|boat|deck|sidewalk|"
    r"pavement|highway|shore|coast|trail|path|field|pitch|playground|plain|hill|hillside|slope|"
    r"mountain|platform|balcony|terrace|table|bench|island|runway|background|square|farm|bus|train)"
    r"\b",
    re.IGNORECASE,
)
_CAMERA_VERBS = frozenset(
    (
        *("pan", "tilt", "zoom", "move", "track", "follow", "stay", "remain", "hold", "stand"),
        *("dolly", "truck", "rotate", "circle", "orbit", "push", "pull", "drift", "shake", "fly"),
        *("travel", "glide", "rise", "descend", "sweep", "slide", "swing", "approach", "keep"),
    )
)
_CAMERA_STATES = re.compile(
    r"(?:\w+ly )?(?:still|static|fixed|steady|stationary|handheld|hand-held|shaky|locked|mounted|"
    r"stable|unsteady|motionless|tripod-mounted|\w+ing|at|in|on|not)\b",
    re.IGNORECASE,
)
_FRAMING = re.compile(r"\b(?:shots?|close-?ups?|view|framing|perspective|angle|distance)\b", re.I)
_VERB_LIKE = re.compile(r"(?:\w+s|is|are|has|have)\s", re.IGNORECASE)


def noun_phrase(subject: Subject) -> str:
    """Return who or what it is, with number and looks: `two small brown dogs with collars`."""
    name = " ".join(subject.name.split())
    amount = next((word for word in subject.attributes if word.lower() in _PLURAL_WORDS), "")
    looks = [" ".join(word.split()) for word in subject.attributes if word != amount]
    before = [word for word in looks if not _AFTER_NOUN.match(f"{word} ")]
    after = [word for word in looks if _AFTER_NOUN.match(f"{word} ")]
    name = re.sub(r"^(?:an?|the|some)\s+", "", name, flags=re.IGNORECASE)
    before = [word for word in before if word.lower() not in name.lower().split()]
    many = subject.count > 1 or bool(amount)
    before = sorted(before[:3], key=lambda word: word.split()[-1].lower() in _COLOURS)
    core = " ".join([*before, plural(name) if many else name])
    if amount:
        core = f"{amount.lower()} {core}"
    elif many:
        core = f"{say_number(subject.count)} {core}"
    elif name.lower().split()[-1] in _ONLY_ONE:
        core = f"the {core}"
    elif not is_uncounted(name) and not _DETERMINER.match(f"{name} ") and not _is_named(name):
        core = article(core)
    tail = " and ".join(word[:1].lower() + word[1:] for word in after[:2])
    return f"{core} {tail}".strip()


def is_plural(subject: Subject) -> bool:
    """Return whether its verb is a plural's: `the dogs run`."""
    amount = any(word.lower() in _PLURAL_WORDS for word in subject.attributes)
    last = subject.name.lower().split()[-1:]
    return subject.count > 1 or amount or last == ["people"] or _looks_plural(subject.name)


def plural(name: str) -> str:
    """Return the plural of a noun or a phrase ending in one: `red circles`, `men with hats`."""
    head, link, tail = name, "", ""
    if match := re.search(r" (?:with|of|in|on|from|at|wearing|holding) ", name):
        head, link, tail = name[: match.start()], match[0], name[match.end() :]
    first, _, last = head.rpartition(" ")
    word = last.lower()
    if word in _IRREGULAR:
        last = _IRREGULAR[word]
    elif word.endswith("man") and word not in ("human", "german", "roman"):
        last = last[:-3] + "men"
    elif word in _SAME_PLURAL or word in _UNCOUNTED or _looks_plural(word):
        pass
    elif re.search(r"(?:s|x|z|ch|sh)$", word):
        last += "es"
    elif re.search(r"[^aeiou]y$", word):
        last = last[:-1] + "ies"
    else:
        last += "s"
    return f"{first} {last}".strip() + link + tail


def say_number(number: int) -> str:
    """Return a number in words up to twelve, in digits beyond."""
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def is_uncounted(name: str) -> bool:
    """Return whether a noun takes no `a`: `water`, `traffic`, plurals."""
    return name.lower().split()[-1] in _UNCOUNTED or _looks_plural(name)


def with_place(setting: str) -> str:
    """Return a setting as words of place: `in a park`, `on the beach`, `outdoors`."""
    plain = lower_start(setting)
    if _PREPOSITION.match(plain):
        return plain
    head = re.split(r"\s(?:with|of|in|near|and|under|beside)\s|,", plain)[0]
    return f"{'on' if _OPEN_PLACE.search(head) else 'in'} {_with_article(plain)}"


def place_clause(setting: str, word: str) -> str:
    """Return a setting as a clause: `the place is a park`; `it happens outdoors`."""
    plain = lower_start(setting)
    if _PREPOSITION.match(plain):
        return f"it happens {plain}"
    return f"the {word} is {_with_article(plain)}"


def _with_article(plain: str) -> str:
    core = re.split(r"\s(?:with|of|in|near|and|under|beside)\s|,", plain)[0]
    return plain if _DETERMINER.match(f"{core} ") or is_uncounted(core) else article(plain)


def camera_clause(camera: str) -> str:
    """Return how the camera moves as a clause: `the camera pans left, in a close shot`."""
    parts = [part.strip() for part in re.split(r"[,;.]\s+", camera.strip(" .")) if part.strip()]
    clauses = [_camera_part(part, is_first=i == 0) for i, part in enumerate(parts)]
    return ", ".join(clauses)


def _camera_part(part: str, *, is_first: bool) -> str:
    plain = lower_start(part)
    plain = re.sub(r"^(?:the )?camera(?: movement| motion)?:? ", "", plain)
    verb, _, rest = plain.partition(" ")
    start = "the camera " if is_first else ""
    if verb in _CAMERA_VERBS and not _FRAMING.search(plain):
        return f"{start}{present(verb)} {rest}".strip()
    if verb.endswith("ing") or _CAMERA_STATES.match(plain):
        return f"{start}is {plain}" if is_first else plain
    if _FRAMING.search(plain):
        framed = plain if _DETERMINER.match(plain) else article(plain)
        if re.match(r"(?:in|from|at|with) ", plain):
            framed = plain
        elif re.search(r"\b(?:angle|perspective|distance)\b", plain):
            framed = f"from {framed}"
        else:
            framed = f"in {framed}"
        return framed if not is_first else f"the camera films {framed}"
    if _VERB_LIKE.match(f"{plain} ") or re.match(r"(?:slowly|gently|smoothly|quickly) ", plain):
        return f"{start}{plain}"
    noun = plain if _DETERMINER.match(plain) else article(plain)
    return f"the camera makes {noun}" if is_first else f"with {noun}"


def relation_clause(relation: Relation) -> str:
    """Return how two subjects stand to each other: `the dog is to the left of the bench`."""
    how = lower_start(" ".join(relation.relation.split()))
    if re.match(r"(?:left|right) of\b", how):
        how = f"to the {how}"
    if re.fullmatch(r"in front|next|close|on top|ahead|inside|outside", how):
        how += {"next": " to", "close": " to", "inside": "", "outside": ""}.get(how, " of")
    first, other = definite(relation.subject), definite(relation.object)
    if re.match(r"(?:is|are|has|have)\b", how) or (
        re.match(r"\w+s\b", how) and not _PREPOSITION.match(how) and how not in ("across",)
    ):
        return f"{first} {how} {other}"
    return f"{first} {'are' if _looks_plural(relation.subject) else 'is'} {how} {other}"


def definite(name: str) -> str:
    """Return a noun with `the`, unless it has a determiner or is a name."""
    plain = " ".join(name.split())
    if _DETERMINER.match(f"{plain} ") or _is_named(plain):
        return re.sub(r"^(?:an?)\s", "the ", plain, flags=re.IGNORECASE)
    return f"the {lower_start(plain)}"


def lower_start(text: str) -> str:
    """Return a text with a small first letter, unless its first word is all capitals."""
    plain = " ".join(text.split()).strip(" .")
    first = plain.split(" ")[0]
    if len(first) > 1 and (first.isupper() or any(letter.isupper() for letter in first[1:])):
        return plain
    return plain[:1].lower() + plain[1:]


def _looks_plural(name: str) -> bool:
    word = name.lower().split()[-1] if name.split() else ""
    if word in _IRREGULAR.values() or (word.endswith("men") and word != "specimen"):
        return True
    return bool(re.search(r"[^sui]s$", word)) and word not in ("gas", "canvas", "lens", "christmas")


def _is_named(name: str) -> bool:
    return name[:1].isupper() and not name.isupper()
