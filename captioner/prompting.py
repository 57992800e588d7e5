"""Prompts: texts in files with a version, filled with the values of one request."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from captioner.request import Attempt, CaptionRequest

_FOLDER = Path(__file__).parent / "prompts"
_CAPTION_PROMPTS = ("full", "simple", "prose", "summary")
_VALUE = re.compile(r"\{\{(\w+)\}\}")
_LANGUAGES = {
    "ar": "Arabic",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fi": "Finnish",
    "fr": "French",
    "hi": "Hindi",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "sv": "Swedish",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Simplified Chinese",
    "zh-hant": "Traditional Chinese",
    "zh-tw": "Traditional Chinese",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A prompt as it is sent, and the SHA-256 of the file that it was filled from."""

    text: str
    sha256: str


def load_prompt(name: str, **values: str | float) -> Prompt:
    """Return the prompt `name` of `captioner/prompts`, with every `{{value}}` filled in.

    Values are data: what stands between double braces inside one is left alone. Raises
    ValueError for a name that has no file, a value that is missing and one that is not used.
    """
    text = _template(name)
    wanted = set(_VALUE.findall(text))
    if wanted != set(values):
        missing, unused = sorted(wanted - set(values)), sorted(set(values) - wanted)
        raise ValueError(f"prompt `{name}`: missing values {missing}, unused values {unused}")
    body = text.split("\n", 1)[1].strip()
    filled = _VALUE.sub(lambda match: _plain(values[match[1]]), body)
    return Prompt(text=filled, sha256=hashlib.sha256(text.encode()).hexdigest())


def caption_prompt(request: CaptionRequest, attempt: Attempt, *, language: str) -> Prompt:
    """Return the prompt for one attempt at one request, its remark as the last line.

    The times are those of the frames that the request holds, so it must hold those shown.
    """
    if request.clip is not None:
        times = [float(time) for time in request.clip.times_s]
    else:
        times = [frame.time_s for frame in request.frames]
    values: dict[str, str | float] = {
        "num_frames": len(times),
        "duration_s": request.duration_s,
        "language": language_name(language),
    }
    if attempt.prompting == "full":
        values["frame_times"] = ", ".join(_plain(time) for time in times)
    return _with_remark(load_prompt(attempt.prompting, **values), attempt)


def summary_prompt(texts: Sequence[str], attempt: Attempt, *, language: str) -> Prompt:
    """Return the prompt for one caption of the whole from those of its parts, in order."""
    parts = "\n".join(" ".join(text.split()) for text in texts)
    values = {"language": language_name(language), "parts": parts}
    return _with_remark(load_prompt("summary", **values), attempt)


@cache
def prompts_hash() -> str:
    """Return the SHA-256 over all caption prompts and the forms of answer asked for.

    It goes into every row as `prompt_hash`: another wording, another hash.
    """
    from captioner.parse import json_schema

    digest = hashlib.sha256()
    for name in _CAPTION_PROMPTS:
        digest.update(f"{name}\0{_template(name)}\0".encode())
    digest.update(json.dumps([json_schema("full"), json_schema("simple")]).encode())
    return digest.hexdigest()


def prompt_sentences() -> frozenset[str]:
    """Return the lines of all caption prompts, without their values: none belongs in a caption."""
    lines = [line for name in _CAPTION_PROMPTS for line in _template(name).splitlines()[1:]]
    return frozenset(part.strip() for line in lines for part in _VALUE.split(line)[::2])


def language_name(code: str) -> str:
    """Return the English name of a BCP 47 code (`de-AT`: `German`), or the code itself."""
    lower = code.lower()
    return _LANGUAGES.get(lower) or _LANGUAGES.get(lower.split("-")[0]) or code


@cache
def _template(name: str) -> str:
    path = _FOLDER / f"{name}.md"
    if not re.fullmatch(r"\w+", name) or not path.is_file():
        raise ValueError(f"no prompt called `{name}`")
    text = path.read_text(encoding="utf-8")
    if not text.startswith("version:"):
        raise ValueError(f"prompt `{name}` does not begin with its version")
    return text


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")


def _with_remark(prompt: Prompt, attempt: Attempt) -> Prompt:
    if not attempt.remark:
        return prompt
    return Prompt(text=f"{prompt.text}\n{attempt.remark}", sha256=prompt.sha256)
