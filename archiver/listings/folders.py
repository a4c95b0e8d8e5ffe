"""EDGAR's folder lists: the ``index.json`` that each folder has, and what it says of each file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from archiver.errors import DamagedBodyError
from archiver.streams.flat_json import flat_objects

MAX_LIST_BYTES = 16_000_000
"""Far above the list of a quarter's daily indexes, some 160 kB."""
_MOST_FILES = 100_000
_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")
_CHANGED = re.compile(r"[0-9/: APM-]{0,30}")
_SIZE = re.compile(r"([0-9]{1,12}) ?([KMG]?)B?")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, slots=True)
class Listed:
    """A file in one of EDGAR's folder lists: its name, and when it changed and how large it is, as the list says."""

    name: str
    changed: str
    size: str

    @property
    def stamp(self) -> str:
        """What the list says of it, in one text: another stamp is another file."""
        return f"{self.changed} {self.size}".strip()

    @property
    def changed_at(self) -> datetime | None:
        """When it changed, by EDGAR's clock; None where the list says nothing that can be read."""
        for spelling in ("%m/%d/%Y %I:%M:%S %p", "%Y-%m-%d %H:%M:%S"):
            try:
                return datetime.strptime(self.changed, spelling)  # noqa: DTZ007 — compared with its like only
            except ValueError:
                continue
        return None

    def is_cut(self, size_bytes: int) -> bool:
        """Whether a file of this size lacks something of what is listed, whose size is rounded to its unit."""
        match = _SIZE.fullmatch(self.size)
        if match is None:
            return False
        unit = _UNITS[match[2]]
        return size_bytes <= (int(match[1]) - 1) * unit - unit


def parse_list(body: bytes) -> dict[str, Listed]:
    """The files and folders in a folder list, by name. Raises `DamagedBodyError`.

    What is named as nothing of EDGAR's is, is left out, and so is a date or a size that cannot be one.
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
