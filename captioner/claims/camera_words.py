"""The words of claims about the camera: what stands for it, how it goes, that it rests."""

from __future__ import annotations

import re

_VOWELS = "aeiou"
_DOUBLED = re.compile(r"(?:pa|drag|di|dro|sli|ste|ru|spi|swi|ti|cu|ho|jo|zi|ro|bo)[bgmnpt]")
"""Short verbs that double their last letter: `panning`."""


def forms(*lemmas: str) -> frozenset[str]:
    """Return the forms of regular verbs: `pan` -> pan, pans, panned, panning."""
    found = set()
    for lemma in lemmas:
        stem = lemma[:-1] if lemma.endswith("e") else lemma
        if len(lemma) < 5 and _DOUBLED.fullmatch(lemma):
            stem += lemma[-1]
        sibilant = lemma.endswith(("s", "sh", "ch", "x", "z", "o"))
        found |= {lemma, f"{lemma}es" if sibilant else f"{lemma}s", f"{stem}ing", f"{stem}ed"}
        if lemma.endswith("y") and lemma[-2] not in _VOWELS:
            found |= {f"{lemma[:-1]}ies", f"{lemma[:-1]}ied"}
        if lemma.endswith("l") and lemma[-2] in _VOWELS:
            found |= {f"{lemma}ling", f"{lemma}led"}
    return frozenset(found)


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


MERGED = re.compile(
    r"\b(?:(?:field|point|angle)s?\s+of\s+view|line\s+of\s+sight|vantage\s+point|"
    r"(?:hand|eye)[-\s]held|top[-\s]down)\b"
)
"""Words that are one word to the reader."""

STRONG = word_set(
    "camera cameras camerawork lens viewpoint viewpoints perspective pov cameraman camerawoman "
    "cinematographer videographer cameraperson framing gaze eye eyes focus vantage"
) | {"field of view", "point of view", "angle of view", "line of sight", "vantage point"}
"""What has no way of its own but the camera's: any verb with a way tells of a camera."""
WEAK = word_set(
    "shot shots view frame framing footage picture image video clip film recording scene take "
    "composition angle we us viewer viewers audience observer"
)
"""What may also have its own ways; only verbs of camera movement count."""
COMPOUND = word_set(
    "movement motion move pan tilt sweep drift zoom angle view position gaze eye focus lens frame "
    "framing path work shot perspective viewpoint operator field"
)
"""What may follow `camera` in its name: `the camera angle`, `the camera's gaze`."""
MOTION_NOUNS = word_set(
    "movement motion move pan tilt sweep drift zoom turn swing glide slide shift push pull track "
    "rotation descent ascent climb rise approach retreat step dolly crane arc orbit walk travel "
    "pullback push-in pan-shot lurch dip drop lift swivel pivot"
)
LIGHT_VERBS = forms("make", "take", "perform", "execute", "do", "give", "complete", "undergo") | {
    "does", "gives", "begins", "starts", "takes", "made", "took", "done", "begin", "start", "with",
    "in", "follows", "using", "via",
}  # fmt: skip

TURNS = forms("pan", "tilt", "swivel", "rotate", "turn", "pivot", "spin", "whirl", "twist", "veer",
              "yaw", "tip", "slew", "wheel", "revolve") | word_set(
    "swing swings swinging swung")  # fmt: skip
GOES = forms(
    "move", "shift", "drift", "glide", "travel", "track", "truck", "dolly", "float", "follow",
    "wander", "scroll", "walk", "step", "slip", "ease", "edge", "inch", "head", "roll", "stray",
    "skim", "coast", "cruise", "sail", "push", "pull", "arc", "orbit", "circle", "boom", "crane",
    "pedestal", "strafe", "progress", "proceed", "continue", "advance", "march", "meander",
    "journey", "swerve", "sway", "roam", "whip", "jump", "transition", "carry", "guide", "run",
    "press", "rush", "swoop", "trail", "scan", "survey", "nudge", "migrate", "pass", "return",
    "transport", "hover", "traverse", "back", "crawl", "race", "dive", "lean", "mount",
) | word_set(
    "slide slides sliding slid sweep sweeps sweeping swept fly flies flying flew creep creeps "
    "creeping crept go goes going went come comes coming came bring brings bringing brought take "
    "takes taking taken took lead leads leading led draw draws drawing drew drawn get gets getting "
    "got steal steals stealing stole ride rides riding swim swims swimming bends bend bending"
)  # fmt: skip
UPS = forms("ascend", "climb", "lift", "raise", "soar", "elevate", "levitate") | word_set(
    "rise rises rising rose risen")  # fmt: skip
DOWNS = forms("descend", "lower", "drop", "dip", "plunge", "plummet", "dive") | word_set(
    "sink sinks sinking sank fall falls falling fell dove")  # fmt: skip
INS = forms("approach", "tighten", "narrow", "magnify", "enlarge", "advance", "near")
OUTS = forms("recede", "retreat", "widen", "broaden", "expand", "retract", "distance", "reverse",
             "loosen") | word_set(
    "withdraw withdraws withdrawing withdrew")  # fmt: skip
ZOOMS = forms("zoom", "dolly", "push", "punch")
CLOSES = forms("close", "home", "open", "spread", "grow", "become", "get", "narrow", "tighten")
MOTION = {"way"} | TURNS | GOES | UPS | DOWNS | INS | OUTS | ZOOMS | CLOSES
NAMED = forms("pan", "zoom", "dolly")
"""What only a camera does."""
GENERIC = forms(
    "jump", "lurch", "whip", "stray", "meander", "swerve", "veer", "circle",
    "move", "glide", "orbit", "circle", "arc", "travel", "roam", "wander", "float", "rotate",
    "spin", "pan", "tilt", "walk", "swivel", "pivot", "drift",
) | word_set("sweep sweeps sweeping swept fly flies flying swing swings swinging")  # fmt: skip
"""Movement, even where no way is told."""
FORWARD = forms(
    "push", "zoom", "dolly", "advance", "inch", "press", "dive", "plunge", "walk", "step", "rush",
    "move", "edge", "ease", "travel", "glide",
) | word_set("creep creeps creeping crept fly flies flying go goes going")  # fmt: skip
"""`into` or `towards` something is nearer with these."""
UNMOVED = forms(
    "move", "shift", "change", "budge", "stir", "waver", "wander", "drift", "alter", "vary",
    "stray", "deviate", "leave", "flinch", "pan", "relocate", "reposition", "travel", "adjust",
    "swerve", "turn", "sway", "tilt", "rotate",
) | word_set("moving")  # fmt: skip
"""A camera that does not do this stands still."""

FILMS = forms(
    "show", "reveal", "capture", "film", "record", "focus", "look", "gaze", "point", "face", "aim",
    "peer", "stare", "frame", "observe", "watch", "display", "present", "depict", "feature",
    "provide", "offer", "highlight", "emphasize", "emphasise", "portray", "document", "view",
    "include", "contain", "find", "pick", "catch",
) | word_set("see sees seeing saw seen give gives giving")  # fmt: skip
"""What the camera does with a thing that may move itself."""
SHOWS = FILMS | forms(
    "linger", "allow", "position", "place", "locate", "situate", "direct", "angle",
    "station", "center", "centre", "appear", "reach", "settle", "land", "end", "stop",
    "finish", "speed", "slow", "switch", "fade", "blur",
) | word_set(
    "mounted tilted sit sits sitting stand stands standing stood lie lies lying hang hangs "
    "hanging set sets setting found rest rests resting rested cut cuts cutting hold holds "
    "holding held keeps keeping kept have has had"
)  # fmt: skip
"""What the camera does without going anywhere, and where it stands."""
AUXILIARY = forms("start", "begin", "remain", "stay", "seem", "use", "tend", "help") | word_set(
    "is are was were be been being does do did will has have had keeps keep keeping can to that "
    "appears begins began s then and also"
)
POSED = word_set("tilted angled pointed aimed directed set")
"""After `is` these tell how the camera stands: it is no movement."""

BARE = word_set(
    "and then also now so but first next finally later meanwhile there here it slowly gently "
    "smoothly quickly rapidly steadily gradually slightly swiftly briefly continuously subtly "
    "suddenly softly carefully again still just only throughout always ever once soon eventually "
    "initially overall subsequently simultaneously midway afterwards afterward all with while as "
    "when is are a an the slow gentle smooth quick subtle steady brief slight gradual long short "
    "soft sudden rapid final continuous lateral vertical horizontal sideways noticeable see after "
    "followed by in we see starting ending single one very quite deliberate fluid lazy swift "
    "careful further faint little bit lightly upon finally thereby thus"
)
PREPOSITIONS = word_set(
    "in into across out of through from within towards toward before at past behind near to on "
    "onto for by with over above below beneath under around along between against beside off "
    "about facing inside outside upon after during until"
)
PATH = word_set(
    "across along over past through around round about above below beneath between by behind "
    "alongside with beside of from down up in after during off onto under to within at on"
)
CROSSES = TURNS | forms(
    "scan", "survey", "traverse", "circle", "orbit", "cross", "explore", "roam", "shift", "skirt"
) | word_set("sweep sweeps sweeping")  # fmt: skip
"""Verbs whose object is what the camera passes: `sweeps the room to the left`."""
FOLLOWS = forms("follow", "track", "trail")
ANY_OBJECT = word_set("action movement motion scene scenery landscape street road subject line")
DETERMINERS = word_set(
    "the a an his her their its our my this that these those some several many two three four "
    "both each every another one"
)
PRONOUNS = word_set("he she they someone somebody everyone people i you everything")
DENIALS = word_set(
    "no not never without neither nor nothing hardly barely scarcely cannot zero nowhere rather "
    "instead absent refuses refrains abstains avoids declines fails"
)

STILL_ADJECTIVE = (
    r"(?:(?:rock|dead|perfectly|completely|entirely|firmly|absolutely|totally)[-\s]+)?(?:static|"
    r"stationary|fixed|motionless|unmoving|immobile|immovable|unmoved|unwavering|unchanging|"
    r"unchanged|unaltered|unbudging|locked(?:[-\s](?:off|down|in\s+place))?|tripod[-\s]mounted|"
    r"rigid|inert|riveted|glued|unflinching|at\s+a\s+standstill|undisturbed|anchored|rooted|frozen|stock[-\s]still|bolted|clamped|planted|nailed|pinned|parked)"
)
STEADY = (
    r"(?:(?:(?:rock|dead)[-\s]+)?steady|stable|constant|consistent|level|the\s+same|still|"
    r"(?:rock[-\s]+)?solid|firm)"
)
SPOT = (
    r"(?:position|place|spot|angle|point|location|distance|setup|set-up|composition|height|"
    r"standpoint|viewpoint|vantage(?:\s+point)?|view|framing|frame|perspective|point\s+of\s+view|"
    r"section|part|area|ground|mark|shot|field\s+of\s+view|orientation|direction|tripod|stand|mount|support)"
)
