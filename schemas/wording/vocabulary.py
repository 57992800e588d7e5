"""The lexicon as phrase tables for the reader, and the words that carry no fact."""

from schemas.wording.inflect import participle, present
from schemas.wording.lexicon import (
    ALSO,
    FRAME_NOUNS,
    GENERIC_NOUNS,
    NUMBERS,
    ORDINALS,
    SAY,
    SPEED_VERBS,
)
from schemas.wording.tokens import Phrases, listed, phrases_of, verb_phrases, words


def _entries(name: str) -> list[tuple[str, str]]:
    return phrases_of(SAY.get(name, {}), ALSO.get(name, {}))


def _tagged(name: str, tag: str) -> list[tuple[str, str]]:
    return [(phrase, f"{tag} {value}") for phrase, value in verb_phrases(_entries(name))]


def _directions() -> list[tuple[str, str]]:
    sides = ("left", "right")
    found: list[tuple[str, str]] = []
    for side in sides:
        for form in (
            f"{side}",
            f"{side}ward",
            f"{side}wards",
            f"to the {side}",
            f"to the {side} side",
            f"to the {side} hand side",
            f"toward the {side}",
            f"towards the {side}",
            f"towards the {side} side",
            f"towards the {side} edge",
            f"to the {side} edge",
            f"{sides[side == 'left']} to {side}",
            f"from {sides[side == 'left']} to {side}",
            f"from the {sides[side == 'left']} to the {side}",
        ):
            found.append((form, side))
    for name, ends in (("up", ("top", "upper")), ("down", ("bottom", "lower"))):
        found += [(form, name) for form in (name, f"{name}ward", f"{name}wards")]
        found += [(f"{to} the {ends[0]}", name) for to in ("to", "toward", "towards")]
        found += [(f"straight {name}", name), (f"straight {name}wards", name)]
        for side in sides:
            value = f"{name}_{side}"
            for vertical in (name, f"{name}ward", f"{name}wards"):
                for link in (" and to the ", " to the ", " and ", " ", " towards the "):
                    found.append((f"{vertical}{link}{side}", value))
                found.append((f"{vertical} and {side}wards", value))
                for link in (" and ", " "):
                    found.append((f"{side}{link}{vertical}", value))
                    found.append((f"{side}wards{link}{vertical}", value))
                    found.append((f"to the {side}{link}{vertical}", value))
            for end in ends:
                for to in ("to", "toward", "towards", "into"):
                    found.append((f"{to} the {end} {side}", value))
                    found.append((f"{to} the {end} {side} corner", value))
    found += [("from top to bottom", "down"), ("from bottom to top", "up")]
    return found + [(f"diagonally {form}", value) for form, value in found if "_" in value]


def _places() -> list[tuple[str, str]]:
    found = []
    for value, names in (("top", ("top", "upper")), ("bottom", ("bottom", "lower"))):
        for side in ("left", "right"):
            for name in names:
                found.append((f"{name} {side}", f"{value}_{side}"))
                found.append((f"{name} {side} hand", f"{value}_{side}"))
            found.append((f"{side} {names[0]}", f"{value}_{side}"))
        found += [(name, value) for name in names]
        found += [(f"{names[0]} centre", value), (f"{names[0]} center", value)]
        found += [(f"{names[0]} middle", value)]
    found += [(form, side) for side in ("left", "right") for form in (side, f"{side} hand")]
    return found + [(name, "centre") for name in ("centre", "center", "middle", "very centre")]


COLOURS = Phrases(_entries("colour"))
SIZES = Phrases(_entries("size"))
SHAPES = Phrases(
    [
        entry
        for phrase, value in _entries("shape")
        for entry in ((phrase, f"one {value}"), (f"{phrase}s", f"many {value}"))
    ]
    + [
        ("round shape", "one circle"),
        ("circular shape", "one circle"),
        ("square shape", "one square"),
        ("triangular shape", "one triangle"),
        ("star shape", "one star"),
        ("star shaped object", "one star"),
    ]
    + [
        entry
        for noun in GENERIC_NOUNS
        for entry in ((noun, "one object"), (f"{noun}s", "many object"))
    ]
)
DIRECTIONS = Phrases(_directions())
PLACES = Phrases(_places())
SPEEDS = Phrases(
    _entries("speed")
    + [
        (f"at a {even} {adjective} {noun}", value)
        for value, adjectives in (
            ("slow", ("slow", "low")),
            ("medium", ("medium", "moderate")),
            ("fast", ("fast", "high", "quick")),
        )
        for adjective in adjectives
        for even in ("constant", "steady", "very", "rather", "fairly")
        for noun in ("speed", "pace")
    ]
)
OBJECT_VERBS = Phrases(
    [(form, f"start {verb}") for verb in ("start", "begin") for form in (verb, present(verb))]
    + [(participle(verb), f"start {verb}") for verb in ("start", "begin")]
    + [
        ("set out", "start"),
        ("sets out", "start"),
        ("starts off", "start"),
        ("starts out", "start"),
    ]
    + [
        ("starting out", "start"),
        ("starting off", "start"),
        ("comes", "start"),
        ("begins its way", "start"),
    ]
    + _tagged("action", "action")
    + verb_phrases([(verb, "vertical up") for verb in ("rise", "ascend", "climb")])
    + verb_phrases([(verb, "vertical down") for verb in ("descend", "sink")])
    + [(word, "action fly") for word in ("thrown", "flung", "tossed", "hurled")]
    + verb_phrases([(f"{verb} it out", "event put_out_it") for verb in ("snuff", "put", "blow")])
    + verb_phrases([("sail", "arc"), ("soar", "arc")])
    + verb_phrases([(f"enter{frame}", "start") for frame in ("", " the frame", " the picture")])
    + verb_phrases([("come in", "start"), ("enter the scene", "start"), ("appear", "start")])
    + [
        entry
        for phrase, value in _entries("change")
        for entry in verb_phrases([(phrase, f"change {value}")])
    ]
    + [
        (form, "turn_to")
        for phrase in ("turn", "become", "change to", "change into")
        for form, _ in verb_phrases([(phrase, "")])
        if phrase != "turn"
    ]
    + [
        (form, "recolour_to")
        for phrase in (
            "change colour to",
            "change color to",
            "change its colour to",
            "change its color to",
            "change colour and turn",
            "change colour and become",
        )
        for form, _ in verb_phrases([(phrase, "")])
    ]
    + [
        (form, "recolour_from")
        for form in (
            "changes from",
            "changing from",
            "turns from",
            "change from",
            "turning from",
            "changes colour from",
            "changes color from",
            "changing colour from",
            "change colour from",
            "changes its colour from",
            "changing its colour from",
            "fades from",
            "goes from",
        )
    ]
    + _tagged("bounces", "bounces")
    + _tagged("lands", "bounces")
    + [
        (f"{hits} the {ground} and {bounces}{back}", "bounces yes")
        for hits, bounces in (("hits", "bounces"), ("hitting", "bouncing"), ("hit", "bounce"))
        for ground in ("ground", "floor", "bottom")
        for back in ("", " back", " back up", " up", " up again")
    ]
    + _tagged("leaves_trail", "trail")
    + [
        entry
        for phrase, value in _entries("event")
        if value not in ("spill", "go")
        for entry in verb_phrases([(phrase, f"event {value}")])
    ]
    + [entry for entry in _tagged("event", "event") if entry[1] == "event go"]
    + verb_phrases([("collide", "meet"), ("bump into each other", "meet")])
    + verb_phrases(
        [
            (f"{verb}{off}", f"fast_or_slow {speed}")
            for speed, group in SPEED_VERBS.items()
            for verb in group
            for off in ("", " off", " away")
        ]
    )
)
SPILL_VERBS = Phrases([entry for entry in _tagged("event", "event") if entry[1] == "event spill"])
BACKGROUND_KINDS = Phrases(_entries("background_kind"))
BACKGROUND_HEADS = Phrases(
    [
        *_entries("background_head"),
        ("background", "any"),
        ("backdrop", "any"),
        ("landscape", "landscape"),
    ]
)
BACKGROUND_COLOURS = Phrases(_entries("background_colour"))
CAMERA = Phrases(verb_phrases(_entries("camera")))
CAMERA_ALONE = Phrases(
    [
        entry
        for entry in verb_phrases(_entries("camera"))
        if entry[0].split()[0].startswith(("pan", "tilt", "zoom", "doll", "truck"))
    ]
    + [
        (f"{adjective} {noun}", "still")
        for adjective in ("static", "still", "fixed", "stationary", "locked", "steady")
        for noun in ("camera", "shot", "view", "camera shot")
    ]
    + [("camera still", "still"), ("camera static", "still"), ("camera fixed", "still")]
    + [("no camera movement", "still"), ("no camera motion", "still")]
    + [
        (f"pan{to}{side}", f"pan_{side}")
        for side in ("left", "right")
        for to in (" to the ", " toward the ")
    ]
    + [(f"{side} pan", f"pan_{side}") for side in ("left", "right")]
    + [("upward tilt", "tilt_up"), ("downward tilt", "tilt_down"), ("dolly in", "forward")]
)
STYLES = Phrases(_entries("style"))
VIEWS = Phrases(_entries("view"))
WHOLE_NUMBERS = {word: n for n, word in enumerate(NUMBERS)} | {str(n): n for n in range(1, 11)}
RANKS = {word: n for n, word in enumerate(ORDINALS)}
FRAMES = frozenset(FRAME_NOUNS)

INTENSIFIERS = frozenset(
    words("very quite rather fairly extremely really so relatively pretty slightly")
)
ADJECTIVES = frozenset(
    words(
        "bright single lone simple solid vivid glossy shiny smooth round perfect nice "
        "beautiful pure coloured colored deep light dark filled lovely clear neat soft tidy "
        "lonely flat plain solitary single only whole bold little vibrant cheerful 2d"
    )
)
ADVERBS = Phrases(
    (phrase, "")
    for phrase in listed(
        "steadily|smoothly|gently|calmly|evenly|simply|there|here|alone|by itself|on its own|"
        "all the while|throughout|meanwhile|at the same time|at first|in the end|once more|again|"
        "straight|all the time|the whole time|as it does so|as it goes|on its way|on the way|"
        "along the way|continuously|gradually|finally|also|too|as well|at once|suddenly|soon|"
        "later|now|just|next|afterwards|a little later|after a while|in the beginning|together|"
        "in a straight line|constantly|steady|all the way|at a constant speed|quietly|silently|"
        "perfectly|completely|softly|in place|on the spot|over time|a bit|slightly|"
        "as time passes|after that|as it moves|as it falls|as it flies|as it travels|"
        "from start to finish|"
        "from beginning to end|for the whole clip|the entire time|diagonally|along|onwards|"
        "away|from there|bit by bit|little by little|one after the other|first|"
        "around|about|everywhere|playfully|gracefully|lazily|endlessly|forever|"
        "in slow motion|loop|please|still|after this|as it passes|in the process|shortly after|"
        "at all|a moment later|in turn|after it|at last|to begin with|in the meantime"
    )
)
ACROSS = frozenset(("across", "through", "over", "along", "past", "into", "within", "in", "on"))
LINKS = frozenset(words("and then but while as when once after before until whereas where")) | {","}
DOUBT = frozenset(
    words(
        "if unless would could should might may can imagine suppose supposing wish pretend "
        "hope want wants maybe perhaps possibly or either neither nor never not no without "
        "nobody nothing none instead like than ignore ignoring say says said false untrue "
        "wrong incorrect cannot hardly barely seldom rarely almost nearly will won't ought "
        "must think thinks believe believes dream dreams dreamed wanted asked told whether "
        "likely try tries avoid except lacks lacking missing nowhere isn't aren't doesn't "
        "don't seems seem appears fails refuses stop"
    )
)
