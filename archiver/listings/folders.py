"""EDGAR's folder lists: the ``index.json`` in each folder."""

from __future__ import annotations

import re
from datetime import datetime

from archiver.errors import DamagedBodyError
from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from archiver.streams.flat_json import flat_objects

MAX_LIST_BYTES = 16_000_000
"""Far above the list of a quarter's daily indexes, about 160 kB."""
_MOST_FILES = 100_000
_NAME = lazy_pattern(r"[A-Za-z0-9._-]{1,200}")
_CHANGED = lazy_pattern(r"[0-9/: APM-]{0,30}")
_SIZE = lazy_pattern(r"([0-9]{1,12}) ?([KMG]?)B?")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, slots=True)
class Listed:
    """A file in a folder list: its name, time of change and size, in the list's spelling."""

    name: str
    changed: str
    size: str

    @property
    def stamp(self) -> str:
        """Its date and size as one text, which differs when the file changes."""
        return f"{self.changed} {self.size}".strip()

    @property
    def changed_at(self) -> datetime | None:
        """When it changed, by EDGAR's clock; None if that cannot be read."""
        for spelling in ("%m/%d/%Y %I:%M:%S %p", "%Y-%m-%d %H:%M:%S"):
            try:
                return datetime.strptime(self.changed, spelling)  # noqa: DTZ007 — only compared with its like
            except ValueError:
                continue
        return None

    def is_cut(self, size_bytes: int) -> bool:
        """Whether a file of `size` bytes is incomplete compared with the listed size, which is rounded to its unit."""
        match = _SIZE.fullmatch(self.size)
        if match is None:
            return False
        unit = _UNITS[match[2]]
        return size_bytes <= (int(match[1]) - 1) * unit - unit


def parse_list(body: bytes) -> dict[str, Listed]:
    """The files and folders in a folder list, by name. Raises `DamagedBodyError`.

    Names unlike EDGAR's are left out, and so are invalid dates and sizes.
    """
    if not re.match(rb'\s*\{\s*"directory"', body):
        raise DamagedBodyError("the body is not a folder list")
    listed: dict[str, Listed] = {}
    try:
        for item in flat_objects(body, most=_MOST_FILES):
            name = str(item["name"]).strip("/")
            if _NAME.fullmatch(name):
                changed, size = str(item.get("last-modified") or ""), str(item.get("size") or "")
                listed[name] = Listed(
                    name, changed if _CHANGED.fullmatch(changed) else "", size if _SIZE.fullmatch(size) else ""
                )
    except (KeyError, AttributeError) as error:
        raise DamagedBodyError("the body is not a folder list") from error
    return listed
