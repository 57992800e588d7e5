"""Tell whether a text came to its end: final punctuation, whole words, closed quotes. Pure."""

# ruff: noqa: RUF001

from __future__ import annotations

import re

# Ideographic stops and closing quotes may follow; an ellipsis is no end.
_FINAL = re.compile(r"(?<![.…])[.!?。！？][\"'”’」』)）\]]*$")
_UNFINISHED = (
    "the a an and or of into onto from its their his because although between whose during upon "
    "among amid despite if nor per wearing holding including"
)
_UNFINISHED_WORDS = frozenset(_UNFINISHED.split())
"""No English sentence ends in one of these."""
_UNFINISHED_PAIR = re.compile(
    r"\b(?:(?:in|on|by|for|near|behind|beside|under|above|below|against|across|through) "
    r"(?:a|an|the|his|her|its|their|this)|(?:and|or|while|as|with|of) \w+'s)\W*$",
    re.IGNORECASE,
)
_UNFINISHED_CHINESE = re.compile(r"[和与及被把将并且]$")
_CLOSERS = {"“": "”", "「": "」", "『": "』", "（": "）", "《": "》"}


def is_finished(text: str) -> bool:
    """Return whether a text ends in a full stop, an exclamation or a question mark."""
    return _FINAL.search(text.rstrip()) is not None


def is_cut_off(text: str) -> bool:
    """Return whether a text surely ends in the middle, with or without a stop.

    An open quote or bracket, a comma at the end, a word that cannot be the last.
    """
    plain = text.rstrip()
    if re.search(r"[,;:，、；：\-–—(（\[{&/+=]$|…$|\.\.\.$", plain):
        return True
    bare = plain.rstrip(".!?。！？\"'”’」』)）] ")
    words = re.findall(r"[\w']+", bare)
    if words and words[-1].lower() in _UNFINISHED_WORDS:
        return True
    if _UNFINISHED_PAIR.search(bare) or (bare and _UNFINISHED_CHINESE.search(bare)):
        return True
    return _has_open_quote(plain)


def _has_open_quote(text: str) -> bool:
    if text.count('"') % 2 and not re.search(r"\d\s?\"", text):
        return True
    if any(text.count(opener) > text.count(closer) for opener, closer in _CLOSERS.items()):
        return True
    return text.count("(") > text.count(")")
