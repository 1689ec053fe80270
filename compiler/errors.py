"""The exception for models that cannot be read, or not be run."""

from arch.errors import WeftError

MAX_NAME_LENGTH = 80


class ModelError(WeftError):
    """A model that is malformed, or that uses what is not supported; its text is one line."""


def printable(text: str) -> str:
    """A name from a model as it may stand in a one-line message."""
    safe = "".join(c if c.isprintable() else "?" for c in text)
    return safe if len(safe) <= MAX_NAME_LENGTH else safe[: MAX_NAME_LENGTH - 3] + "..."
