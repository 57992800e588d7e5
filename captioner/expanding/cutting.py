"""Cut a text into shots: by sentences, or along the marks of a screenplay."""

# ruff: noqa: RUF001

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from schemas.facts import Facts
from schemas.wording.read import left_out, read, split_sentences

_MARK = re.compile(
    r"^(?:(?:shot|scene|panel|take)\s*#?\d+\s*[.:)-]?\s*|\d{1,3}\s*[.):]\s+|[-*•]\s+)",
    re.IGNORECASE,
)
_SLUG = re.compile(
    r"^(?P<where>INT|EXT|INT\.?/EXT|I/E)[. ]+(?P<place>.+?)(?:\s+[-–—]\s+(?P<when>.+))?$"
)
_DISSOLVES = re.compile(
    r"^(?:later|the next|next (?:day|morning|year)|that (?:night|evening)|(?:\w+ ){1,2}"
    r"(?:days?|years?|hours?|weeks?|months?|minutes?) later|at (?:night|dawn|dusk)|in the "
    r"(?:morning|evening)|by (?:night|morning)|meanwhile)\b",
    re.IGNORECASE,
)
_TRANSITION = re.compile(
    r"^(?:(?P<cut>(?:smash |match |jump )?cut to)|(?P<fade>fade (?:in|out|to black|up))|"
    r"(?P<dissolve>(?:cross-?)?dissolve(?: to)?))\s*[:.]?\s*",
    re.IGNORECASE,
)
_SECONDS = re.compile(
    r"\s*[\[(]\s*(?P<n>\d+(?:\.\d+)?)\s*(?:s|sec|secs|seconds?|秒)\s*[\])]|"
    r"^\s*(?P<m>\d+(?:\.\d+)?)\s*(?:s|sec|seconds?)\s*[:-]\s*",
    re.IGNORECASE,
)
_THEN = re.compile(
    r"(?:,|;)?\s+(?:and\s+)?(?:then|after that)\s+(?=[a-z]+s\b)|[,，]\s*(?:然后|接着)"
)
_DESCRIBES = re.compile(
    r"^(?:the |a |an |it|he|she|they|its|his|her|their)[\w' -]{0,40}?\b(?:is|are|was|were|has|have|"
    r"had|wears?|wore)\b(?!\s+\w+ing\b)",
    re.IGNORECASE,
)
_CUE = re.compile(r"^[A-Z][A-Z .'-]{1,28}(?:\s*\([^)]*\))?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The sentences of one shot, as they stand; `setting` holds for it and is said before.

    `continues`: it begins without a subject, which is that of the piece before.
    """

    sentences: tuple[str, ...]
    transition: str = "cut"
    seconds: float | None = None
    setting: str = ""
    continues: bool = False


def cut_into_pieces(text: str) -> list[Piece]:
    """Return the pieces of a story in order.

    Each sentence in which something happens is a piece; sentences that only describe join the
    one before. Lines with marks (`1.`, `-`, `SHOT 2`, sluglines, `DISSOLVE TO:`, `(4 s)`) are
    a shot each. Speech in a screenplay becomes `... speaks`.
    """
    blocks = [block for block in re.split(r"\n\s*\n", text.strip()) if block.strip()]
    pieces: list[Piece] = []
    setting, transition = "", "cut"
    for number, block in enumerate(blocks):
        if number and transition == "cut" and pieces and not _is_script(block):
            transition = "dissolve" if _DISSOLVES.match(block.strip()) else "cut"
        for line in _lines(block, text):
            if slug := _SLUG.match(line):
                setting = _place(slug)
                continue
            if moved := _TRANSITION.match(line):
                transition = next(name for name, value in moved.groupdict().items() if value)
                line = line[moved.end() :].strip()
            if not line:
                continue
            made = _pieces_of(line, setting)
            if made and transition != "cut":
                made[0] = replace(made[0], transition=transition)
            transition = "cut" if made else transition
            for piece in made:
                if pieces and _joins(piece):
                    last = pieces[-1]
                    pieces[-1] = replace(last, sentences=(*last.sentences, *piece.sentences))
                else:
                    pieces.append(piece)
    return _with_scenes(pieces)


def _is_script(block: str) -> bool:
    return any(_MARK.match(line) or _SLUG.match(line) for line in block.splitlines())


def _lines(block: str, text: str) -> list[str]:
    """Return a block's lines where they are a list or a script, else the block on one line."""
    lines = [line.strip() for line in block.splitlines() if line.strip()]
    marked = any(
        _MARK.match(line) or _SLUG.match(line) or _TRANSITION.match(line) or _SECONDS.search(line)
        for line in lines
    )
    if not marked and not _CUE.match(lines[0]):
        return [" ".join(lines)]
    found, i = [], 0
    while i < len(lines):
        cue = _CUE.match(lines[i]) and not _SLUG.match(lines[i]) and not _TRANSITION.match(lines[i])
        if cue and i + 1 < len(lines):
            who = re.sub(r"\s*\(.*", "", lines[i]).title()
            is_name = re.search(rf"\b{re.escape(who)}\b", text)
            found.append(f"- {who if is_name else f'The {who.lower()}'} speaks.")
            i += 2
            continue
        found.append(lines[i])
        i += 1
    return found


def _place(slug: re.Match[str]) -> str:
    where = "inside" if slug["where"].startswith("I") else "outside"
    when = f", {slug['when'].strip().lower()}" if slug["when"] else ""
    return f"The place is {where}: {slug['place'].strip().lower()}{when}."


def _pieces_of(line: str, setting: str) -> list[Piece]:
    marked = _MARK.match(line)
    if marked:
        line = line[marked.end() :].strip()
    seconds = None
    if timed := _SECONDS.search(line):
        seconds = float(timed["n"] or timed["m"])
        line = (line[: timed.start()] + line[timed.end() :]).strip()
    sentences = [_ended(sentence) for sentence in split_sentences(line)]
    if not sentences:
        return []
    if marked or seconds is not None:
        return [Piece(sentences=tuple(sentences), seconds=seconds, setting=setting)]
    pieces = []
    for sentence in sentences:
        dissolves = "dissolve" if _DISSOLVES.match(sentence) else "cut"
        for number, part in enumerate(_THEN.split(sentence)):
            pieces.append(
                Piece(
                    sentences=(_ended(part),),
                    transition="cut" if number else dissolves,
                    setting=setting,
                    continues=number > 0,
                )
            )
    return pieces


def _joins(piece: Piece) -> bool:
    """Return whether a piece only describes, so that it belongs to the shot before."""
    alone = len(piece.sentences) == 1 and piece.transition == "cut" and piece.seconds is None
    sentence = piece.sentences[0]
    return (
        alone
        and not piece.continues
        and (bool(_DESCRIBES.match(sentence)) or _is_camera(read(sentence), sentence))
    )


def _is_camera(facts: Facts, sentence: str) -> bool:
    return facts.camera is not None and not facts.objects and not left_out(sentence)


def _with_scenes(pieces: list[Piece]) -> list[Piece]:
    """Take pieces that only set the scene as the setting of those that follow."""
    found: list[Piece] = []
    scene = ""
    for piece in pieces:
        facts = read(" ".join(piece.sentences))
        only = facts.background_kind or facts.background_colour or facts.style
        nothing_else = not facts.objects and not facts.camera and not facts.prop
        if only and nothing_else and not any(left_out(each) for each in piece.sentences):
            scene = " ".join(piece.sentences)
            continue
        if facts.background_kind or facts.background_colour:
            scene = ""
        setting = " ".join(part for part in (piece.setting, scene) if part)
        found.append(replace(piece, setting=setting))
    return found or pieces


def _ended(sentence: str) -> str:
    sentence = re.sub(r"^(?:然后|接着|随后)[，,]?", "", sentence.strip())
    sentence = re.sub(r"^(?:and )?then,?\s+(?=[a-z]+ )", "", sentence, flags=re.IGNORECASE)
    sentence = sentence[:1].upper() + sentence[1:]
    if sentence[-1:] in ".!?。！？":
        return sentence
    return f"{sentence}{'。' if re.search('[一-鿿]', sentence) else '.'}"
