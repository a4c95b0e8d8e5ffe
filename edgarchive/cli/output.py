"""How results reach a person or a program: JSON, plain words, text that cannot play with a terminal."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

_STEP = 1000.0


@dataclass(frozen=True, slots=True)
class Style:
    """Bold, colour and links for a terminal, or none of them: in a pipe, with ``NO_COLOR`` or ``TERM=dumb``."""

    on: bool

    @classmethod
    def of_stdout(cls) -> Style:
        """What suits stdout (https://no-color.org)."""
        return cls(sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")

    def bold(self, text: str) -> str:
        """Bold."""
        return f"\x1b[1m{text}\x1b[0m" if self.on else text

    def match(self, text: str) -> str:
        """Text that was sought."""
        return f"\x1b[1;33m{text}\x1b[0m" if self.on else text

    def link(self, text: str, url: str | None) -> str:
        """Text that leads to `url` (OSC 8), of which nothing is shown."""
        return f"\x1b]8;;{clean(url)}\x1b\\{text}\x1b]8;;\x1b\\" if self.on and url else text


def print_json(value: object) -> None:
    """Print one JSON document on stdout."""
    json.dump(value, sys.stdout, default=_plain, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def say(text: str = "") -> None:
    """Print a line of results on stdout."""
    sys.stdout.write(f"{text}\n")


def clean(text: str) -> str:
    """`text` from a filing on one line, without the control and bidi characters that could play with a terminal."""
    return "".join(c for c in " ".join(text.split()) if unicodedata.category(c) not in {"Cc", "Cf", "Co", "Cs"})


def human_bytes(count: float) -> str:
    """A byte count in decimal units: ``28.5 kB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < _STEP:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= _STEP
    return f"{count:.1f} TB"


def human_time(seconds: float) -> str:
    """A duration in the unit that fits: ``42 s``, ``12 min``, ``3.5 h``, ``2.1 days``."""
    for limit, divisor, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / divisor:.3g} {unit}"
    return f"{seconds / 86_400:.1f} days"


def plural(count: int, noun: str) -> str:
    """``1 submission``, ``2 submissions``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
