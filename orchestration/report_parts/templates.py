"""The pages' templates and their style: one way to load them, and everything is escaped."""

from __future__ import annotations

from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

_PARTS = resources.files("orchestration.report_parts")


def part(name: str) -> str:
    """Return the text of a file beside this one."""
    return _PARTS.joinpath(name).read_text("utf-8")


def style() -> Markup:
    """Return the style that all pages share."""
    return Markup(part("style.css"))


def environment() -> Environment:
    """Return a new environment of the templates beside this file."""
    return Environment(
        loader=FunctionLoader(part),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
