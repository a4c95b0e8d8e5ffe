"""Safe, unique file names from filers' names, valid on every system."""

from __future__ import annotations

import re
import unicodedata

from archiver.startup.patterns import lazy_pattern

MAX_BYTES = 120
"""The longest name in UTF-8; file systems allow 255, and tools add something to it."""

_UNSAFE = lazy_pattern(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_RESERVED = lazy_pattern(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)
"""Names reserved for devices on Windows, with any extension (Microsoft, "Naming Files, Paths, and Namespaces")."""


class SafeNames:
    """Gives each file of a folder a unique name, even if case and Unicode form are ignored."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[tuple[str, str], int] = {}

    def name(self, wanted: str | None, *, fallback: str) -> str:
        """A safe name similar to `wanted`; `fallback` if nothing of it is left."""
        stem, suffix = _parts(_plain(wanted or "") or fallback)
        number = self._next.get((stem, suffix), 1)  # a filing may call thousands of its documents the same
        while True:
            tail = f"-{number}{suffix}" if number > 1 else suffix
            name = f"{_cut(stem, MAX_BYTES - len(tail.encode()))}{tail}"
            number += 1
            if self.take(name):
                self._next[stem, suffix] = number
                return name

    def take(self, name: str) -> bool:
        """Reserve a name; False if it is taken."""
        key = unicodedata.normalize("NFKC", name).casefold()
        if key in self._taken:
            return False
        self._taken.add(key)
        return True


def _plain(name: str) -> str:
    """`name` without folders, control and invisible characters, and characters that some system forbids."""
    name = re.split(r"[/\\]", name.strip())[-1]
    name = "".join(c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c)[0] != "C")
    name = _UNSAFE.sub("_", name).strip(". ")
    return f"_{name}" if _RESERVED.match(name) else name


def _parts(name: str) -> tuple[str, str]:
    stem, dot, suffix = name.rpartition(".")
    if not stem or not suffix.isalnum() or len(suffix) > 10:  # noqa: PLR2004 — longer ones are not extensions
        return name, ""
    return stem, dot + suffix


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore").rstrip(". ")
