"""Tell whether a text is in the language that was asked for: by script, then by small words."""

# ruff: noqa: RUF001

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from captioner.gating.loops import split_sentences, unquoted

_SCRIPTS = {
    "han": re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"),
    "kana": re.compile(r"[\u3040-\u30ff\uff66-\uff9f]"),
    "hangul": re.compile(r"[\u1100-\u11ff\uac00-\ud7af]"),
    "cyrillic": re.compile(r"[\u0400-\u052f]"),
    "arabic": re.compile(r"[\u0600-\u06ff\u0750-\u077f]"),
    "hebrew": re.compile(r"[\u0590-\u05ff]"),
    "devanagari": re.compile(r"[\u0900-\u097f]"),
    "bengali": re.compile(r"[\u0980-\u09ff]"),
    "thai": re.compile(r"[\u0e00-\u0e7f]"),
    "greek": re.compile(r"[\u0370-\u03ff]"),
    "latin": re.compile(r"[a-zA-Z\u00c0-\u024f\u1e00-\u1eff]"),
}
_WRITTEN_IN = {
    "ar": ("arabic",),
    "bg": ("cyrillic",),
    "bn": ("bengali",),
    "el": ("greek",),
    "fa": ("arabic",),
    "he": ("hebrew",),
    "hi": ("devanagari",),
    "ja": ("kana", "han"),
    "ko": ("hangul", "han"),
    "ru": ("cyrillic",),
    "th": ("thai",),
    "uk": ("cyrillic",),
    "ur": ("arabic",),
    "zh": ("han",),
}
_SMALL_WORDS = {
    "en": "the a an of and to in is on with at by from as are it its his her their while into "
    "over that this there which for he she they up down then behind through near two off out",
    "de": "der die das ein eine einen einem einer und ist sind mit auf im den dem des von zu "
    "nicht sich vor durch über neben während unter aus bei wird zum zur nach hinter sie er es "
    "seine ihre am als auch dann läuft steht sitzt liegt",
    "fr": "le la les un une des et est sont avec dans sur du au aux de en il elle qui que se "
    "pas pour par ses son sa devant derrière tandis puis sous vers à d l ses leur",
    "es": "el la los las un una unos unas y es está están con en del al de que se por para su "
    "sus mientras sobre junto hacia como detrás luego entre hay lo le más desde",
    "it": "il lo la gli le un una uno e è sono con nel nella sul sulla del della dei delle di "
    "che si per su al alla mentre da dal dietro accanto verso poi tra suo sua due i",
    "pt": "o a os as um uma uns umas e é são está estão com no na nos nas em do da dos das de "
    "que se por para seu sua enquanto sobre ao à pelo pela atrás depois perto",
    "nl": "de het een en is zijn met op in van naar door voor niet aan bij over wordt terwijl "
    "die dat er uit langs achter hij zij hun haar staat loopt zit ligt naast onder",
    "sv": "en ett och är med på i av den det de som till från för sig över under medan vid "
    "bakom genom mot han hon sin sitt har står sitter går ligger",
    "da": "en et og er med på i af den det de som til fra for sig over under mens ved bag "
    "gennem mod han hun sin sit har står sidder går ligger løber",
    "pl": "i w na z do się jest są nie przez obok pod nad podczas gdy który która po ze od dla "
    "to jego jej stoi siedzi biegnie idzie przed za",
    "cs": "a v na z do se je jsou ne přes vedle pod nad který která po ze od pro to jeho stojí "
    "sedí běží jde před za zatímco",
    "tr": "bir ve bu ile için da de çok üzerinde içinde doğru olan gibi yanında arkasında adam "
    "kadın var ediyor yapıyor oturuyor duruyor koşuyor kırmızı",
    "vi": "một và đang của trên trong với là có người cái con bên đi những các cho được ở màu "
    "xuống phía vào chiếc",
    "id": "dan yang di dengan sedang ke dari sebuah seorang itu ini pada untuk adalah seekor "
    "dalam sambil atas bawah berwarna depan",
    "fi": "ja on ei se joka että hän ovat kanssa mies nainen päällä vieressä kun istuu seisoo "
    "juoksee kävelee",
    "ro": "un o și este sunt cu pe în de la care se din spre lângă sub peste o lui ei după",
}
_BOTH_WORDS = (
    "a an as at do in is it me no of off on or so to was we he his for over die had men dan per "
    "son sin come dove pan van den man far her hun has under i er war hat sit"
)
_BOTH = frozenset(_BOTH_WORDS.split())
"""Small words elsewhere that are also English: they prove nothing against it."""
_WORDS = {name: frozenset(words.split()) for name, words in _SMALL_WORDS.items()}
_FOREIGN_LETTER = re.compile(r"[ß-öø-žșțơưăđ\u1ea0-\u1eff]")
_BORROWED_WORDS = (
    "café cafés façade façades décor naïve crêpe crêpes sauté sautéed piñata jalapeño fiancé "
    "fiancée rosé purée entrée soufflé flambé papier-mâché touché château über protégé résumé "
    "cliché éclair éclairs matcha doña señor"
)
_BORROWED = frozenset(_BORROWED_WORDS.split())
_FOREIGN_END = re.compile(
    r"(?:ción|ciones|mente|zione|zioni|ção|ções|ung|keit|heit|schaft|iendo|eggia|ando|endo)$"
)
_ENGLISH_ENDS = "young commando crescendo wrung swung sung hung stung tung"
_NO_FOREIGN_END = frozenset(_ENGLISH_ENDS.split())
_LATIN_WORD = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*")

_MIN_SCRIPT_SHARE = 0.55
_HAN_WEIGHT = 3
"""Letters of a Latin word that weigh as much as one Chinese character."""
_MAX_STRAY_WORDS = 3
"""Words of Latin letters in a row that a Chinese text may hold: a name, a brand."""
_MIN_WORDS = 4


def is_in_language(text: str, language: str, *, seen: Iterable[str] = ()) -> bool:
    """Return whether a text is in a language (BCP 47), wholly, not only for the most part.

    Quoted words and those `seen` on screen may be in any. The script is told for every
    language; German from English and the like by small words and letters, sentence by
    sentence, for some fifteen languages in Latin script; a text too short to tell passes.
    """
    plain = unquoted(text)
    for word in sorted(seen, key=len, reverse=True):
        plain = plain.replace(word, " ") if word.strip() else plain
    name = language.lower().split("-")[0]
    scripts = _WRITTEN_IN.get(name, ("latin",))
    if not _is_in_script(plain, scripts):
        return False
    if name == "ja" and len(plain) > 20 and not _SCRIPTS["kana"].search(plain):
        return False
    if scripts != ("latin",):
        return not _has_latin_stretch(plain)
    return all(_is_in_tongue(part, name) for part in (plain, *split_sentences(plain)))


def _is_in_script(text: str, scripts: tuple[str, ...]) -> bool:
    counts: Counter[str] = Counter()
    for name, pattern in _SCRIPTS.items():
        weight = _HAN_WEIGHT if name in ("han", "kana", "hangul") else 1
        counts[name] = weight * len(pattern.findall(text))
    total = sum(counts.values())
    own = sum(counts[name] for name in scripts)
    if total and own < _MIN_SCRIPT_SHARE * total:
        return False
    # A few Chinese characters in an English text are a slip of the tongue; a Greek letter is not.
    return not any(n > 1 for name, n in counts.items() if name not in (*scripts, "latin", "greek"))


def _has_latin_stretch(text: str) -> bool:
    run = 0
    for part in re.split(r"([^\W\d_]+)", text):
        if _SCRIPTS["latin"].match(part):
            run += 1
            if run > _MAX_STRAY_WORDS:
                return True
        elif part.strip():
            run = 0
    return False


def _is_in_tongue(text: str, name: str) -> bool:
    words = [word.lower() for word in _LATIN_WORD.findall(text)]
    if len(words) < _MIN_WORDS:
        return True
    parts = [part for word in words for part in re.split(r"[-']", word) if part]
    own = sum(part in _WORDS.get(name, ()) for part in parts)
    strange = 0
    if name == "en":
        strange = sum(_looks_foreign(word) for word in words)
    best = loosely = 0
    for other, known in _WORDS.items():
        if other == name:
            continue
        told = known - _BOTH if name == "en" else known - _WORDS.get(name, frozenset())
        best = max(best, sum(part in told for part in parts))
        loosely = max(loosely, sum(part in known for part in parts))
    if own == 0:
        return loosely < 2 and 6 * (best + strange) < len(words)
    return best + strange <= own or best + strange < 2


def _looks_foreign(word: str) -> bool:
    if word in _BORROWED or word in _NO_FOREIGN_END:
        return False
    return bool(_FOREIGN_LETTER.search(word) or _FOREIGN_END.search(word))
