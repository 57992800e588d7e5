"""Recipes: a TOML file with one section per stage, `--set` on top, checked once.

The pydantic models live beside the code that they configure; this module only composes them.
A mistake names the setting, the file and the nearest legal name.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from captioner.embedding import EmbedSettings
from captioner.settings import CaptionSettings
from pipeline.dedupe.alignment import DedupeSettings
from pipeline.ingest import IngestSettings
from pipeline.judge.rules import JudgeSettings
from pipeline.score.clips import ScoreSettings
from pipeline.split.boundaries import SplitSettings
from pipeline.survey.survey import SurveySettings
from schemas.errors import UserError
from schemas.settings import Settings

if TYPE_CHECKING:
    from captioner.expanding.settings import ExpandSettings
    from captioner.finetuning.settings import FinetuneSettings
    from captioner.tiny.settings import TinySettings
    from generator.settings import (
        CodecSettings,
        EvaluateSettings,
        SampleSettings,
        TrainSettings,
    )

_M = TypeVar("_M", bound=BaseModel)
_NONE = "none"
"""How a recipe and `--set` write that something is switched off: TOML has no null."""


class InputSettings(Settings):
    """Where the footage is."""

    paths: tuple[str, ...] = ()
    """Files and folders; relative paths are read from the current directory."""


class RunSettings(Settings):
    """How the work is spread."""

    num_workers: int | None = Field(None, ge=1)
    """Worker processes; by default one per CPU."""


class WorldSettings(Settings):
    """Footage drawn by the synthetic world."""

    folder: str = "footage"
    """Where to; relative to the folder of the run."""
    num_videos: int = Field(12, ge=1)
    """How many files."""
    seed: int = Field(0, ge=0)
    """The same seed draws the same files."""
    form: Literal["raw", "scenes"] = "raw"
    """`raw`: with defects, copies and broken files; `scenes`: many clean takes to train on."""


class FreezeSettings(Settings):
    """The dataset that the run freezes."""

    name: str
    """Of the dataset."""
    where: str = "true"
    """A SQL condition on the view `survivors`."""


class TrainSection(Settings):
    """The trainer's settings; `generator.settings` knows them, and is imported only when named."""

    model_config = ConfigDict(extra="allow")

    def settings(self, where: str = "[train]") -> TrainSettings:
        """Return the settings as the trainer's own type. Raises UserError."""
        from generator.settings import TrainSettings

        return parse_settings(TrainSettings, self.model_dump(), where, "train")


class CodecSection(Settings):
    """The training of the codec; `generator.settings` knows the settings."""

    model_config = ConfigDict(extra="allow")

    def settings(self, where: str = "[codec]") -> CodecSettings:
        """Return the settings as the trainer's own type. Raises UserError."""
        from generator.settings import CodecSettings

        return parse_settings(CodecSettings, self.model_dump(), where, "codec")


class CaptionerSection(Settings):
    """The training of our own captioner; `captioner.tiny.settings` knows the settings."""

    model_config = ConfigDict(extra="allow")

    def settings(self, where: str = "[captioner]") -> TinySettings:
        """Return the settings as the captioner's own type. Raises UserError."""
        from captioner.tiny.settings import TinySettings

        return parse_settings(TinySettings, self.model_dump(), where, "captioner")


class FinetuneSection(Settings):
    """The fine-tuning of a captioner of the hub; `captioner.finetune` knows the settings."""

    model_config = ConfigDict(extra="allow")

    def settings(self, where: str = "[finetune]") -> FinetuneSettings:
        """Return the settings as the trainer's own type. Raises UserError."""
        from captioner.finetuning.settings import FinetuneSettings

        return parse_settings(FinetuneSettings, self.model_dump(), where, "finetune")


class ExpandSection(Settings):
    """How prompts are expanded; `captioner.expand` knows the settings."""

    model_config = ConfigDict(extra="allow")

    def settings(self, where: str = "[expand]") -> ExpandSettings:
        """Return the settings as the expander's own type. Raises UserError."""
        from captioner.expanding.settings import ExpandSettings

        return parse_settings(ExpandSettings, self.model_dump(), where, "expand")


class SampleSection(Settings):
    """What to generate after training; the rest are the sampler's own settings."""

    model_config = ConfigDict(extra="allow")

    prompts: tuple[str, ...] = ()
    """Texts to generate from; without any, captions of the dataset are used."""
    num_prompts: int = Field(4, ge=1)
    """How many captions of the dataset to take where no prompt is given."""

    def settings(self, where: str = "[sample]") -> SampleSettings:
        """Return the settings as the sampler's own type. Raises UserError."""
        from generator.settings import SampleSettings

        values = self.model_dump(exclude={"prompts", "num_prompts"})
        return parse_settings(SampleSettings, values, where, "sample")


class EvaluateSection(Settings):
    """What is measured of a generator; `generator.settings` knows the settings."""

    model_config = ConfigDict(extra="allow")

    def settings(self, where: str = "[evaluate]") -> EvaluateSettings:
        """Return the settings as their own type. Raises UserError."""
        from generator.settings import EvaluateSettings

        return parse_settings(EvaluateSettings, self.model_dump(), where, "evaluate")


class Recipe(Settings):
    """Everything that a run can be told. Sections that are absent name no stage."""

    input: InputSettings = InputSettings()
    run: RunSettings = RunSettings()
    world: WorldSettings | None = None
    ingest: IngestSettings = IngestSettings()
    survey: SurveySettings = SurveySettings()
    split: SplitSettings = SplitSettings()
    score: ScoreSettings = ScoreSettings()
    judge: JudgeSettings = JudgeSettings()
    dedupe: DedupeSettings = DedupeSettings()
    caption: CaptionSettings | None = None
    embed: EmbedSettings | None = None
    freeze: FreezeSettings | None = None
    codec: CodecSection | None = None
    train: TrainSection | None = None
    sample: SampleSection | None = None
    evaluate: EvaluateSection | None = None
    expand: ExpandSection | None = None
    captioner: CaptionerSection | None = None
    finetune: FinetuneSection | None = None

    def to_toml(self) -> str:
        """Return the resolved recipe; running this text again repeats the run."""
        text: str = tomlkit.dumps(_plain(self.model_dump(mode="json")))
        return text


def load_recipe(path: Path | None, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe (or take the defaults), apply `section.key=value` overrides, check all.

    Raises UserError for a file that is missing or no TOML, an unknown setting (with the
    nearest legal one) or a value out of bounds.
    """
    where = str(path) if path else "--set"
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = _with_none(tomllib.loads(_find(path).read_text()))
        except tomllib.TOMLDecodeError as error:
            raise UserError(f"{path} is not TOML: {error}", "see recipes/demo.toml") from error
        except UnicodeDecodeError as error:
            raise UserError(f"{path} is not a text file", "name a recipe, a .toml file") from error
    for override in overrides:
        _set(values, override)
    recipe = parse_settings(Recipe, values, where)
    if recipe.codec is not None:
        recipe.codec.settings(where)
    if recipe.train is not None:
        recipe.train.settings(where)
    if recipe.sample is not None:
        recipe.sample.settings(where)
    if recipe.evaluate is not None:
        recipe.evaluate.settings(where)
    if recipe.expand is not None:
        recipe.expand.settings(where)
    if recipe.captioner is not None:
        recipe.captioner.settings(where)
    if recipe.finetune is not None:
        recipe.finetune.settings(where)
    return recipe


def parse_settings(model: type[_M], values: dict[str, Any], where: str, prefix: str = "") -> _M:
    """Return `values` as settings, or raise UserError naming setting, place and cure."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _explain(error, model, where, prefix) from error


def _find(path: Path) -> Path:
    """Return a recipe's file: as given, or one of those that come with Rushes."""
    if path.is_file():
        return path
    shipped = [folder / f"{path.stem}.toml" for folder in _recipe_folders()]
    for candidate in shipped:
        if path.suffix in {"", ".toml"} and len(path.parts) == 1 and candidate.is_file():
            return candidate
    names = sorted({p.stem for folder in _recipe_folders() for p in folder.glob("*.toml")})
    raise UserError(f"no recipe {path}", f"a .toml file, or one of ours: {', '.join(names)}")


def _recipe_folders() -> list[Path]:
    here = Path(__file__).resolve().parent
    return [here / "recipes", here.parent / "recipes"]


def _set(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    parts = key.strip().split(".")
    if not equals or len(parts) < 2 or not all(parts):
        raise UserError(f"--set {override}: not understood", "write --set section.key=value")
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()  # a bare word is a string: --set caption.backend=measured
    section = values
    for depth, part in enumerate(parts[:-1], start=1):
        inner = section.setdefault(part, {})
        if not isinstance(inner, dict):
            name = ".".join(parts[:depth])
            raise UserError(f"--set {override}: `{name}` is not a section", "see --help")
        section = inner
    section[parts[-1]] = None if value == _NONE else value


def _explain(error: ValidationError, model: type[BaseModel], where: str, prefix: str) -> UserError:
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    name = ".".join([*([prefix] if prefix else []), *place])
    if first["type"] == "extra_forbidden":
        known = _names(model, place[:-1])
        near = difflib.get_close_matches(place[-1], known, n=1, cutoff=0.5)
        start = ".".join([*([prefix] if prefix else []), *place[:-1]])
        full = f"{start}.{near[0]}" if near and start else near[0] if near else ""
        hint = f"did you mean `{full}`?" if near else f"known: {', '.join(known)}"
        return UserError(f"unknown setting `{name}`: {where}", hint)
    message = first["msg"].removeprefix("Value error, ")
    return UserError(
        f"setting `{name}`: {where}: {message}, got {first.get('input')!r}",
        "see the recipes folder for examples",
    )


def _names(model: type[BaseModel], path: Sequence[str]) -> list[str]:
    """Return the settings of a section, found by walking the model's fields."""
    for part in path:
        field = model.model_fields.get(part)
        if field is None:
            break
        for kind in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                model = kind
                break
    return sorted(model.model_fields)


def _plain(recipe: dict[str, Any]) -> dict[str, Any]:
    """Return sections as TOML can hold them: absent where absent, `none` for what is off."""
    return {name: _noned(section) for name, section in recipe.items() if section is not None}


def _noned(section: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _NONE if value is None else _noned(value) if isinstance(value, dict) else value
        for key, value in section.items()
    }


def _with_none(values: dict[str, Any]) -> dict[str, Any]:
    """Undo `_plain`: the text `none` in a section stands for None, as it does in `--set`."""
    return {
        name: _un_noned(section) if isinstance(section, dict) else section
        for name, section in values.items()
    }


def _un_noned(section: dict[str, Any]) -> dict[str, Any]:
    return {
        key: None if value == _NONE else _un_noned(value) if isinstance(value, dict) else value
        for key, value in section.items()
    }
