"""Parsing the values of settings, from the environment, TOML or arguments.

Own code rather than pydantic, which takes longer to import than a search in a small archive takes in all.
Each reader gives the value, or raises ValueError with what it must be.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

Reader = Callable[[Any], Any]

_YES = frozenset({"1", "true", "t", "yes", "y", "on"})
_NO = frozenset({"0", "false", "f", "no", "n", "off"})


class SecretText:
    """A text that is not shown by accident: not in a log, a traceback or `repr`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "SecretText('**********')"

    def __str__(self) -> str:
        return "**********"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretText) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


def text(value: Any) -> str:
    """Any text."""
    if not isinstance(value, str):
        raise ValueError("it must be text")  # noqa: TRY004 — a ValueError, as of every reader
    return value


def secret(value: Any) -> SecretText:
    """A text to be kept secret."""
    return value if isinstance(value, SecretText) else SecretText(text(value))


def text_like(pattern: str, what: str) -> Reader:
    """Text that `pattern` matches; `what` says so in words."""

    def read(value: Any) -> str:
        if not re.fullmatch(pattern, text(value)):
            raise ValueError(f"it must be {what}")
        return str(value)

    return read


def one_of(*choices: str) -> Reader:
    """One of some words."""
    *first, last = map(repr, choices)

    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"it must be {', '.join(first)} or {last}")
        return str(value)

    return read


def path(value: Any) -> Path:
    """A path without line breaks, with ``~`` expanded. Raises ValueError."""
    if not isinstance(value, (str, Path)):
        raise ValueError("it must be a path")  # noqa: TRY004 — as above
    if set("\0\n\r") & set(str(value)):
        raise ValueError("a path cannot hold a NUL or a line break")
    return expanded(Path(value))


def expanded(given: Path) -> Path:
    """`given` with ``~`` expanded. Raises ValueError if there is no such home folder."""
    try:
        return given.expanduser()
    except RuntimeError:
        raise ValueError("there is no such home folder") from None


def boolean(value: Any) -> bool:
    """True or false, also as 1 and 0, yes and no, on and off."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().casefold()
    if word not in _YES | _NO:
        raise ValueError("it must be true or false")
    return word in _YES


def whole_number(least: int, most: int | None = None) -> Reader:
    """A whole number from `least` to `most`."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ValueError("it must be a whole number")  # noqa: TRY004 — as above
        try:
            number = int(value)
        except (ValueError, OverflowError):
            raise ValueError("it must be a whole number") from None
        if isinstance(value, float) and number != value:
            raise ValueError("it must be a whole number")
        _require_between(number, least, most)
        return number

    return read


def number(least: float, most: float | None = None) -> Reader:
    """A number from `least` to `most`."""

    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ValueError("it must be a number")  # noqa: TRY004 — as above
        try:
            found = float(value)
        except (ValueError, OverflowError):
            raise ValueError("it must be a number") from None
        _require_between(found, least, most)
        return found

    return read


def _require_between(found: float, least: float, most: float | None) -> None:
    if not found >= least:  # so that NaN is refused too
        raise ValueError(f"it must be at least {least}")
    if most is not None and found > most:
        raise ValueError(f"it must be at most {most}")
