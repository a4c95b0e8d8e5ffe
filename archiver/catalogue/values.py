"""Validation of values read from the catalogue, and the columns of its tables.

SQLite has no checksums and allows any type in any column, so any value may be damaged. Each function returns the
converted value or raises ValueError.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from operator import attrgetter
from types import NoneType
from typing import Any, Generic, TypeVar

from archiver.startup.patterns import lazy_pattern

T = TypeVar("T")
Reader = Callable[[Any], object]

_SHA256 = lazy_pattern("[0-9a-f]{64}")
_MD5 = lazy_pattern("[0-9a-f]{32}")
_SHOWN = 40
_MAX_COUNT = 1 << 53
_PLAIN = (str, int, float, bytes, NoneType)
"""What SQLite stores as it is."""


def text(value: object) -> str:
    """A text."""
    if not isinstance(value, str):
        raise ValueError(f"{_shown(value)} is not text")  # noqa: TRY004 — a wrong value, not a wrong type of argument
    return value


def one_of(value: object, *allowed: T) -> T:
    """One of several words."""
    for word in allowed:
        if value == word:
            return word
    raise ValueError(f"{_shown(value)} is not one of {', '.join(map(str, allowed))}")


def integer(value: object) -> int:
    """A count: an integer of at least 0."""
    if not isinstance(value, int) or not 0 <= value <= _MAX_COUNT:
        raise ValueError(f"{_shown(value)} is not a count")
    return value


def flag(value: object) -> bool:
    """0 or 1."""
    if value not in (0, 1) or not isinstance(value, int):
        raise ValueError(f"{_shown(value)} is neither 0 nor 1")
    return value == 1


def optional(read: Callable[[Any], T]) -> Callable[[object], T | None]:
    """A function for None, or what `read` accepts."""
    return lambda value: None if value is None else read(value)


def sha256(value: object) -> str:
    """A sha256 in hex; paths on disk are built from it."""
    if not _SHA256.fullmatch(text(value)):
        raise ValueError(f"{_shown(value)} is not a sha256")
    return text(value)


def md5(value: object) -> str:
    """An MD5 in hex."""
    if not _MD5.fullmatch(text(value)):
        raise ValueError(f"{_shown(value)} is not an MD5")
    return text(value)


@lru_cache(maxsize=4096)
def day(value: object) -> date:
    """A date as ``2004-12-22``. Rows are sorted by this text, so no other spelling is valid."""
    found = date.fromisoformat(text(value))
    if found.isoformat() != value:
        raise ValueError(f"{_shown(value)} is not a date")
    return found


@lru_cache(maxsize=4096)
def moment(value: object) -> datetime:
    """A date and time in ISO 8601 with offset, converted to UTC."""
    found = datetime.fromisoformat(text(value))
    if found.tzinfo is None:
        raise ValueError(f"{_shown(value)} has no time zone")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{_shown(value)} is out of range") from None


def json_of(kind: type[T], value: object) -> T:
    """JSON text of a dict or a list, by `kind`."""
    try:
        found = json.loads(text(value))
    except RecursionError:
        raise ValueError(f"{_shown(value)} is nested too deeply") from None
    if not isinstance(found, kind):
        raise ValueError(f"{_shown(value)} is not a JSON {kind.__name__}")  # noqa: TRY004 — as above
    return found


def object_with(**members: Callable[[Any], object]) -> Callable[[object], dict[str, Any]]:
    """A function for an object with at least these `members`, each of which its function accepts."""

    def read_all(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError(f"{_shown(value)} is not an object")  # noqa: TRY004 — as above
        for name, read in members.items():
            if name not in value:
                raise ValueError(f"{_shown(value)} has no {name}")
            read(value[name])
        return value

    return read_all


def each(read: Callable[[object], object]) -> Callable[[object], object]:
    """A function for a list whose elements `read` accepts."""

    def read_all(value: object) -> object:
        if not isinstance(value, list):
            raise ValueError(f"{_shown(value)} is not a list")  # noqa: TRY004 — as above
        return [read(one) for one in value]

    return read_all


class Columns(Generic[T]):
    """The columns of a table: the fields of the dataclass `kind`, in their order, each with what reads its values."""

    def __init__(self, kind: Callable[..., T], /, **readers: Reader) -> None:
        self._kind = kind
        self._readers = tuple(readers.values())
        self._fields = attrgetter(*readers)
        self.names = ", ".join(readers)
        self.marks = ", ".join("?" * len(readers))

    def record(self, row: tuple[Any, ...]) -> T:
        """The record in a row. Raises ValueError for an impossible value."""
        return self._kind(*[read(value) for read, value in zip(self._readers, row, strict=True)])

    def row(self, record: T) -> tuple[Any, ...]:
        """The row of a record."""
        return tuple([value if isinstance(value, _PLAIN) else _stored(value) for value in self._fields(record)])


def _stored(value: date | dict[str, Any] | tuple[Any, ...]) -> str:
    return value.isoformat() if isinstance(value, date) else json.dumps(value)


def _shown(value: object) -> str:
    return ascii(value)[:_SHOWN]
