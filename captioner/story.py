"""A story as a list of shots, each with a prompt that stands alone."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from captioner.expanding.chat import ChatModel
from captioner.expanding.cutting import cut_into_pieces
from captioner.expanding.intent import intent_kept
from captioner.expanding.naming import Cast
from captioner.prompting import load_prompt
from schemas.errors import UserError
from schemas.facts import Facts
from schemas.settings import Settings
from schemas.wording.read import read
from schemas.wording.read_chinese import is_chinese
from schemas.wording.setting import background_sentence, style_sentence
from schemas.wording.speaker import Speaker

Transition = Literal["cut", "fade", "dissolve"]
_LEAST_S, _PER_WORD_S = 2.0, 0.15
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)


class StorySettings(Settings):
    """How a text becomes shots."""

    how: Literal["auto", "rules", "model"] = "auto"
    """`rules`: offline. `model`: the language model of `expand`. `auto`: it, where there is one."""

    max_shots: int = Field(60, ge=1, le=1000)
    """Longer stories are refused, not cut off."""

    max_seconds: float = Field(8.0, gt=0)
    """Of one shot, where the text names no time."""

    min_recall: float = Field(0.8, ge=0, le=1)
    """Share of the text's words that a model's shots must say; below, the rules are used."""

    max_new_tokens: int = Field(4096, ge=64)
    """Length of the model's answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One shot: the prompt, how long, how it begins, and who was seen in a shot before."""

    text: str
    seconds: float
    transition: Transition = "cut"
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotList:
    """The shots of a story in order; `made_by` is `rules` or the model's name."""

    shots: tuple[Shot, ...]
    made_by: str
    warnings: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Length of all shots together."""
        return sum(shot.seconds for shot in self.shots)


def story_to_shots(
    text: str,
    *,
    settings: StorySettings | None = None,
    chat: ChatModel | None = None,
    seed: int = 0,
) -> ShotList:
    """Return the shots of a story: prose, a list, or a screenplay, in English or Chinese.

    Raises UserError for a text without words, for one of too many shots, and where a model is
    asked for and there is none.
    """
    settings = settings or StorySettings()
    if not re.search(r"\w", text):
        raise UserError("the story is empty", "write at least one sentence")
    if settings.how == "model" and chat is None:
        raise UserError(
            "the story wants a language model, and none is set",
            "name one in `expand`, or use `--set story.how=rules`",
        )
    warnings: tuple[str, ...] = ()
    if chat is not None and settings.how != "rules":
        found = _by_model(text, settings, chat, seed)
        if isinstance(found, ShotList):
            return found
        warnings = (f"{found} The shots were made by rules.",)
    shots = _by_rules(text, settings)
    if len(shots) > settings.max_shots:
        raise UserError(
            f"the story has {len(shots)} shots, more than {settings.max_shots}",
            "tell it in parts, or raise `--set story.max_shots=...`",
        )
    return ShotList(shots=shots, made_by="rules", warnings=warnings)


def _by_rules(text: str, settings: StorySettings) -> tuple[Shot, ...]:
    cast, shots = Cast(), []
    scene = Facts()
    for piece in cut_into_pieces(text):
        subject = cast.subject()
        before = cast.present
        cast.begin_shot()
        told = []
        for number, sentence in enumerate(piece.sentences):
            if number == 0 and piece.continues and subject:
                pause = "," if "," in subject else ""
                rest = cast.go_on(before[0], f"{sentence[0].lower()}{sentence[1:]}")
                told.append(f"{subject[0].upper()}{subject[1:]}{pause} {rest}")
                continue
            told.append(cast.tell(sentence))
        words = " ".join(part for part in (piece.setting, *told) if part)
        facts = read(words)
        scene = _scene_after(scene, facts)
        words = _with_scene(words, facts, scene)
        seconds = piece.seconds or min(
            settings.max_seconds, _LEAST_S + _PER_WORD_S * _num_words(" ".join(told))
        )
        shots.append(
            Shot(
                text=words,
                seconds=round(seconds * 2) / 2 if piece.seconds is None else seconds,
                transition=_transition(piece.transition),
                subjects=tuple(dict.fromkeys(cast.carried)),
            )
        )
    return tuple(shots)


def _scene_after(scene: Facts, facts: Facts) -> Facts:
    """Return background and style as they hold after a shot: a new background replaces the old."""
    if facts.background_kind or facts.background_colour:
        scene = replace(
            scene,
            background_kind=facts.background_kind,
            background_colour=facts.background_colour,
        )
    return replace(scene, style=facts.style or scene.style)


def _with_scene(text: str, facts: Facts, scene: Facts) -> str:
    """Return the text of a shot of the world with the background and style of those before."""
    if not facts.objects:
        return text
    speaker = Speaker(scene, Random(0))
    lines = [text]
    if not (facts.background_kind or facts.background_colour) and not is_chinese(text):
        lines.append(background_sentence(speaker))
    if facts.style is None and not is_chinese(text):
        lines.append(style_sentence(speaker))
    longer = " ".join(line for line in lines if line)
    return longer if read(longer).objects == facts.objects else text


def _num_words(text: str) -> int:
    return len(re.findall(r"[\u4e00-\u9fff]{2}|[^\W\u4e00-\u9fff]+", text))


def _transition(name: str) -> Transition:
    return "fade" if name == "fade" else "dissolve" if name == "dissolve" else "cut"


class _ModelShot(BaseModel):
    text: str = Field(min_length=3)
    seconds: float = Field(4.0, gt=0, le=120)
    transition: Transition = "cut"
    subjects: tuple[str, ...] = ()


class _ModelShots(BaseModel):
    shots: tuple[_ModelShot, ...] = Field(min_length=1)


def _by_model(text: str, settings: StorySettings, chat: ChatModel, seed: int) -> ShotList | str:
    """Return the model's shots, or a sentence that says why they cannot be used."""
    rules = load_prompt(
        "story",
        language="English",
        max_shots=settings.max_shots,
        seconds=min(4.0, settings.max_seconds),
    ).text
    data = re.sub(r"</?\s*text\s*>", " ", text, flags=re.IGNORECASE)
    answer = chat.complete(
        [
            {"role": "system", "content": rules},
            {"role": "user", "content": f"<text>{data}</text>"},
        ],
        seed=seed,
        temperature=0.0,
        max_new_tokens=settings.max_new_tokens,
        schema=_ModelShots.model_json_schema(),
    )
    answer = _THOUGHT.sub("", answer)
    start, end = answer.find("{"), answer.rfind("}")
    try:
        made = _ModelShots.model_validate(json.loads(answer[start : end + 1]))
    except (ValueError, ValidationError):
        return "The language model gave no list of shots."
    if len(made.shots) > settings.max_shots:
        return f"The language model gave {len(made.shots)} shots."
    shots = tuple(
        Shot(
            text=" ".join(shot.text.split()),
            seconds=min(shot.seconds, settings.max_seconds),
            transition=shot.transition,
            subjects=shot.subjects,
        )
        for shot in made.shots
    )
    if not is_chinese(text):
        kept = intent_kept(text, " ".join(shot.text for shot in shots))
        if kept.recall < settings.min_recall:
            return f"The language model's shots kept only {kept.recall:.0%} of the story."
    return ShotList(shots=shots, made_by=chat.model)


def to_toml(shots: ShotList) -> str:
    """Return the shots as TOML, one `[[shot]]` each, to be edited and read by `from_toml`."""
    import tomlkit

    document = tomlkit.document()
    tables = tomlkit.aot()
    for shot in shots.shots:
        table = tomlkit.table()
        table.update({key: value for key, value in asdict(shot).items() if value != ()})
        tables.append(table)
    document["shot"] = tables
    return str(tomlkit.dumps(document))


def from_toml(text: str) -> ShotList:
    """Return the shots of a file in the form of `to_toml`. Raises UserError for anything else."""
    import tomllib

    try:
        made = _ModelShots.model_validate({"shots": tomllib.loads(text).get("shot", ())})
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise UserError(
            f"the shot list cannot be read: {str(error).splitlines()[0]}",
            "write `[[shot]]` tables with `text`, `seconds` and `transition`",
        ) from error
    shots = tuple(Shot(**shot.model_dump()) for shot in made.shots)
    return ShotList(shots=shots, made_by="file")


def to_json(shots: ShotList) -> str:
    """Return the shots as JSON."""
    return json.dumps(asdict(shots), ensure_ascii=False, indent=2)


def to_table(shots: ShotList, *, width: int = 100) -> str:
    """Return the shots as a table for reading, `width` characters wide."""
    import textwrap

    lines = [f"{'#':>3}  {'start':>6}  {'s':>4}  {'begins':8}  what is seen"]
    start = 0.0
    for number, shot in enumerate(shots.shots, 1):
        head = f"{number:>3}  {start:>6.1f}  {shot.seconds:>4.1f}  {shot.transition:8}  "
        rest = textwrap.wrap(shot.text, max(20, width - len(head))) or [""]
        lines.append(head + rest[0])
        lines += [" " * len(head) + line for line in rest[1:]]
        start += shot.seconds
    return "\n".join(lines)
