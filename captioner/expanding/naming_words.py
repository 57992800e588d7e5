"""Words by which a story speaks of people and things, and words that end a noun phrase."""

from __future__ import annotations

from schemas.facts import COLOURS
from schemas.wording.tokens import words

ARTICLES = ("a", "an", "another", "one")
SHE = frozenset(words("woman girl mother queen lady sister daughter grandmother aunt princess "
                       "actress waitress bride wife witch"))  # fmt: skip
HE = frozenset(words("man boy father king brother son grandfather uncle prince actor waiter "
                      "groom husband wizard knight monk"))  # fmt: skip
PERSON = frozenset(
    words(
        "child person doctor teacher driver sailor dancer painter baker farmer "
        "soldier chef pilot astronaut detective singer thief guard stranger"
    )
)
WORN = frozenset(
    words(
        "coat dress hat shirt suit jacket uniform cap scarf gown apron sweater "
        "cloak cape robe skirt jeans boots helmet glasses mask costume"
    )
)
STOPS = frozenset(
    words(
        "in on at of to from with into onto over under behind beside near by through across along "
        "around past up down against towards toward between among above below inside outside off "
        "out and or but while as when who which that is are was were has have had can will then "
        "until before after because so slowly quickly suddenly gently quietly carefully never "
        "always still just now again away back together left right than for about like next"
    )
)
VERBS = frozenset(
    words(
        "ran sat stood went saw came fell took flew swam rose spun threw caught hid held kept lay "
        "woke wore gave found met rode drove led left began broke ate drank slept spoke sang "
        "play run walk sit stand jump dance fly fall move roll sleep swim sing talk look watch "
        "hit meet bump chase follow climb hide rest drift bounce spin turn grow shrink wait glide "
        "collide slide float drop rise leave enter cross open close begin start stop"
    )
)
COLOURED = frozenset(
    (*COLOURS, "black", "white", "brown", "grey", "gray", "golden", "silver", "beige")
)
PRONOUNS = {
    "it": "it", "its": "it", "he": "he", "him": "he", "his": "he", "she": "she", "her": "she",
    "hers": "she", "they": "they", "them": "they", "their": "they",
}  # fmt: skip
POSSESSIVE = frozenset(("its", "his", "their"))
NOT_CAST = frozenset(
    words(
        "background backdrop frame landscape wall floor shot view close-up "
        "maze arc picture scene trail line bite moment while time bit pace"
    )
)
MAY_LEAD = frozenset(words("then again now just still when while as after before and but"))
NO_NAMES = frozenset(
    words("the a an it he she they we i his her its their there then now later meanwhile finally "
          "suddenly when while as after before in on at from behind with outside inside this that "
          "night morning evening day one two three four five once everything nothing everybody "
          "cut fade dissolve int ext shot scene what where who why how and but or so")
)  # fmt: skip
NOUNS_IN_ING = frozenset(
    words(
        "king ring wing string thing spring building painting ceiling wedding morning evening "
        "sling clothing lightning darling duckling viking bed shed sled seed weed steed"
    )
)
