"""stub"""

from random import Random
from schemas.facts import Facts


def render_chinese(facts: Facts, rng: Random, *, full: bool) -> str:
    return ""
