"""The one error that a user is meant to read."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can mend: `message` says what and where, `hint` the next action.

    The command line prints both as `error:` and `hint:` and exits with 1. Any other
    exception is a fault of ours and keeps its traceback.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type[UserError], tuple[str, str]]:
        """Survive pickling between processes with the hint kept."""
        return (UserError, (self.message, self.hint))


class MediaError(Exception):
    """A file that cannot be decoded: `reason` is a stable snake_case token for `failures`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message

    def __reduce__(self) -> tuple[type[MediaError], tuple[str, str]]:
        """Survive pickling between processes with both parts kept."""
        return (MediaError, (self.reason, self.message))
