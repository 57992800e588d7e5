"""stub"""

from schemas.facts import Facts


def is_chinese(text: str) -> bool:
    return False


def read_chinese(text: str) -> Facts:
    return Facts()
