"""Claims about text on screen: words in quotation marks that are said to be read there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from captioner.claims.claim import QUOTED, SENTENCE, Claim

_READ = re.compile(
    r"\b(?:text|words?|letters?|lettering|sign|title|caption|subtitles?|reads?|reading|says?|saying|"
    r"logo|watermark|label(?:led|ed)?|writing|written|inscription|headline|banner|number|overlay|"
    r"printed|displayed|displays|shows?|poster|screen|name)\b",
    re.IGNORECASE,
)


def find_text_claims(text: str) -> Iterator[Claim]:
    """Yield what is quoted as text in the picture; `value` is the quotation as it stands."""
    for sentence in SENTENCE.finditer(text):
        part = sentence.group()
        if not _READ.search(QUOTED.sub(" ", part)):
            continue
        for match in QUOTED.finditer(part):
            yield Claim(
                topic="text",
                value=(match.group(1) or match.group(2)).strip(" .,"),
                start=sentence.start() + match.start(),
                end=sentence.start() + match.end(),
            )


def same_text(one: str, other: str) -> bool:
    """Tell whether two readings are of one text: letters and digits, a third may differ."""
    from difflib import SequenceMatcher

    a, b = (re.sub(r"[\W_]+", "", text.lower()) for text in (one, other))
    if not a or not b:
        return False
    if min(len(a), len(b)) >= 3 and (a in b or b in a):
        return True
    return SequenceMatcher(None, a, b).ratio() >= 0.66
