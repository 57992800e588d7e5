"""Prompt expansion: what a user asks for, as a caption that the generator was trained on.

What the prompt asks for is kept, and that is measured: where the expansion says less than
`min_recall` of it, the generator gets the prompt as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from captioner.expanding.chat import ChatModel, LocalChat, ServerChat
from captioner.expanding.facts_kept import facts_kept
from captioner.expanding.intent import intent_kept
from captioner.expanding.ngrams import words_of
from captioner.expanding.reading import Reading, read_prompt
from captioner.expanding.renderer import write_caption
from captioner.expanding.rewriting import (
    caption_language,
    clean_answer,
    expansion_messages,
    translated,
)
from captioner.expanding.settings import ExpandSettings
from captioner.expanding.shorten import shorten
from captioner.expanding.style import Style
from captioner.expanding.touch import light_touch
from schemas.expansion import Expansion
from schemas.wording.read import read
from schemas.wording.read_chinese import is_chinese
from schemas.wording.tokens import words as listed

LONG_PROMPT_WORDS = 135
"""A prompt of so many words is as detailed as any caption: it is passed whole, or shortened."""
_NAMED_IN_WARNINGS = 3
_QUALITIES = frozenset(
    listed(
        "beautiful bold bright cheerful glossy gracefully lazily lonely lovely nice playfully "
        "shiny smooth vibrant vivid"
    )
)
"""Words that the grammar reads over: they say how something looks that no fact is for."""


def count_words(text: str) -> int:
    """Return the number of words and signs: the token count where no other is given."""
    return len(words_of(text))


def load_chat(settings: ExpandSettings) -> ChatModel | None:
    """Return the language model that the settings ask for, loaded; None if they ask for none."""
    if settings.how == "transformers" or (settings.how == "auto" and settings.model):
        return LocalChat(
            settings.model or "HuggingFaceTB/SmolLM2-360M-Instruct",
            revision=settings.revision,
            device=settings.device,
        )
    if settings.how == "openai" or (settings.how == "auto" and settings.openai.model):
        return ServerChat(settings.openai)
    return None


@dataclass(slots=True, kw_only=True)
class PromptExpander:
    """Expands prompts for one generator: fills the protocol `Expander` of `schemas.frames`.

    The language model is loaded when the first prompt needs it, and kept.
    """

    style: Style | None = None
    settings: ExpandSettings = field(default_factory=ExpandSettings)
    seed: int = 0
    max_tokens: int | None = None
    count_tokens: Callable[[str], int] = count_words
    chat: ChatModel | None = None

    def expand(self, prompt: str) -> Expansion:
        """Return what the generator gets for `prompt`, and why; see `expand_prompt`."""
        needed = self.settings.how in ("openai", "transformers") or (
            self.settings.how == "auto" and not _is_written_offline(read_prompt(prompt), self.style)
        )
        if needed and self.chat is None:
            self.chat = load_chat(self.settings)
        return expand_prompt(
            prompt,
            style=self.style,
            settings=self.settings,
            seed=self.seed,
            max_tokens=self.max_tokens,
            count_tokens=self.count_tokens,
            chat=self.chat,
        )


def expand_prompt(
    prompt: str,
    *,
    style: Style | None = None,
    settings: ExpandSettings | None = None,
    seed: int = 0,
    max_tokens: int | None = None,
    count_tokens: Callable[[str], int] = count_words,
    chat: ChatModel | None = None,
) -> Expansion:
    """Return the expansion of one prompt; the same arguments give the same one.

    `style` is that of the captions which the generator was trained on. `max_tokens` is how
    much its text encoder reads, by `count_tokens`; None is without limit. `chat` is the
    language model, where `settings` ask for one (loaded here if it is missing). A model that
    cannot be loaded or reached raises UserError; one that answers badly is a warning.
    """
    settings = settings or ExpandSettings()
    work = _Work(
        prompt=prompt,
        reading=read_prompt(prompt),
        style=style,
        settings=settings,
        seed=seed,
        fits=lambda text: max_tokens is None or count_tokens(text) <= max_tokens,
    )
    if settings.how == "off" or not prompt.strip():
        found = Expansion(original=prompt, expanded=prompt, used=prompt, expander="off")
        if not work.fits(prompt):
            found = replace(found, warnings=("The generator reads only the prompt's beginning.",))
    elif count_words(prompt) >= LONG_PROMPT_WORDS or not work.fits(prompt):
        found = _long(work)
    elif settings.how in ("auto", "renderer") and _is_written_offline(work.reading, style):
        found = _rendered(work)
    elif settings.how == "renderer" or (chat := chat or load_chat(settings)) is None:
        found = _touched(work)
    else:
        found = _rewritten(work, chat)
    if style is not None and style.captions:
        found = replace(
            found,
            style_distance_before=round(style.distance(prompt), 3),
            style_distance_after=round(style.distance(found.used), 3),
        )
    foreign = is_chinese(found.used) and caption_language(style) == "English"
    if foreign and settings.how != "off":
        said = "The prompt is in Chinese, and the generator was trained on English captions."
        found = replace(found, warnings=(*found.warnings, said))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One prompt and all that its expansion depends on."""

    prompt: str
    reading: Reading
    style: Style | None
    settings: ExpandSettings
    seed: int
    fits: Callable[[str], bool]


def _is_written_offline(reading: Reading, style: Style | None) -> bool:
    """Return whether the renderer both understands the prompt and has the captions' style."""
    return reading.is_world and (style is None or style.is_world)


def _rendered(work: _Work) -> Expansion:
    text = write_caption(work.reading.facts, work.style, seed=work.seed, fits=work.fits)
    if text is None:
        return _touched(work)
    kept = facts_kept(work.reading.facts, read(text))
    found = _decided(work, text, "renderer", kept.recall, (*kept.missing, *kept.added))
    said = set(words_of(text))
    gone = [word for word in words_of(work.reading.statement) if word in _QUALITIES - said]
    if gone and found.used == text:
        words = ", ".join(dict.fromkeys(gone))
        found = replace(found, warnings=(f"Not kept, since no caption says it: {words}.",))
    return found


def _touched(work: _Work) -> Expansion:
    text = light_touch(work.reading.statement, work.style, fits=work.fits)
    kept = intent_kept(work.reading.statement, text)
    return _decided(work, text, "touch", kept.recall, kept.missing)


def _rewritten(work: _Work, chat: ChatModel) -> Expansion:
    """Ask the language model, again with another seed where too little was kept."""
    settings, language = work.settings, caption_language(work.style)
    wanted = work.reading.statement
    if is_chinese(wanted) != (language == "Simplified Chinese"):
        wanted = translated(wanted, work.style, chat, max_new_tokens=settings.max_new_tokens)
        if not wanted or facts_kept(work.reading.facts, read(wanted)).missing:
            said = "The language model did not translate the prompt; it is used as it is."
            return _as_is(work, chat.name, warnings=(said,), model=chat.model)
    messages = expansion_messages(wanted, work.style, num_examples=settings.num_examples)
    best: Expansion | None = None
    for attempt in range(settings.attempts):
        answer = chat.complete(
            messages,
            seed=work.seed + attempt,
            temperature=settings.temperature,
            max_new_tokens=settings.max_new_tokens,
        )
        text = clean_answer(answer, language=language)
        if not text:
            continue
        if not work.fits(text):
            text = shorten(text, fits=work.fits).text
        recall, missing = _recall(work.reading, wanted, text)
        found = replace(_decided(work, text, chat.name, recall, missing), model=chat.model)
        if best is None or (found.intent_recall or 0) > (best.intent_recall or 0):
            best = found
        if found.used == text:
            break
    if best is None:
        said = "The language model gave no caption; the prompt is used as it is."
        return _as_is(work, chat.name, warnings=(said,), model=chat.model)
    return best


def _recall(reading: Reading, wanted: str, text: str) -> tuple[float, tuple[str, ...]]:
    """Return how much of the prompt a text says, by facts where it is about the world."""
    if reading.is_world:
        kept = facts_kept(reading.facts, read(text))
        lost = kept.num_wanted and len(kept.added) / kept.num_wanted
        return max(0.0, kept.recall - lost), (*kept.missing, *kept.added)
    said = intent_kept(wanted, text)
    return said.recall, said.missing


def _decided(
    work: _Work, text: str, expander: str, recall: float, missing: tuple[str, ...]
) -> Expansion:
    """Return the expansion, using the prompt instead where too little of it was kept."""
    if recall >= work.settings.min_recall:
        return Expansion(
            original=work.prompt,
            expanded=text,
            used=text,
            expander=expander,
            intent_recall=round(recall, 4),
        )
    lost = ", ".join(missing[:_NAMED_IN_WARNINGS])
    said = f"The expansion kept {recall:.0%} of the prompt, which is used as it is; lost: {lost}."
    return Expansion(
        original=work.prompt,
        expanded=text,
        used=work.prompt,
        expander=expander,
        intent_recall=round(recall, 4),
        warnings=(said,),
    )


def _as_is(
    work: _Work, expander: str, *, warnings: tuple[str, ...] = (), model: str = ""
) -> Expansion:
    return Expansion(
        original=work.prompt,
        expanded=work.prompt,
        used=work.prompt,
        expander=expander,
        model=model,
        warnings=warnings,
    )


def _long(work: _Work) -> Expansion:
    """Pass a long prompt whole if it fits, else shorten it, facts last.

    Where dropping sentences would lose facts of the world, they are written anew, densely.
    """
    prompt, statement = work.prompt, work.reading.statement
    if work.fits(prompt):
        return replace(_as_is(work, "whole"), intent_recall=1.0)
    short = shorten(statement, fits=work.fits)
    text, facts = short.text, work.reading.facts
    lost = facts_kept(facts, read(text))
    rewritten = False
    if lost.missing or lost.added:
        dense = write_caption(facts, work.style, seed=work.seed, fits=work.fits)
        rewritten = dense is not None
        text = dense or text
    kept = facts_kept(facts, read(text))
    recall = kept.recall if facts.objects else intent_kept(statement, text).recall
    number = f"from {count_words(prompt)} to {count_words(text)} words and signs"
    if rewritten:
        said = f"The prompt is longer than the generator reads; it was written anew, {number}."
    else:
        gone = " ".join(short.dropped[:_NAMED_IN_WARNINGS])
        more = " ..." if len(short.dropped) > _NAMED_IN_WARNINGS else ""
        said = (
            f"The prompt is longer than the generator reads; it was shortened {number}. "
            f"Left out: {gone}{more}"
        )
    return Expansion(
        original=prompt,
        expanded=text,
        used=text,
        expander="shortened",
        intent_recall=round(recall, 4),
        warnings=(said,),
    )
