"""Printing results: JSON, plain text, and text without terminal control sequences."""

from __future__ import annotations

import sys
from datetime import datetime

from edgarchive.cli.printing.terminal import fitted, terminal_width
from edgarchive.formats import as_json_text, harmless

SOME_FAILED = 3
"""The exit code of a command that finished, and failed for some submissions."""


def print_json(value: object) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(f"{as_json_text(value, indent=2)}\n")


def say(text: str = "") -> None:
    """Print results on stdout, without characters that could control a terminal, in lines that fit it."""
    say_styled(fitted(harmless(text), terminal_width(sys.stdout)))


def say_styled(text: str) -> None:
    """Print a line on stdout with the escape sequences of a `Style`; everything else in it is cleaned."""
    sys.stdout.write(f"{text}\n")


def human_moment(moment: datetime) -> str:
    """A time in UTC: ``2026-11-20 16:30:05 UTC``."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def human_time(seconds: float) -> str:
    """A duration in a suitable unit: ``42 s``, ``12 min``, ``3.5 h``, ``2.1 days``."""
    for limit, divisor, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / divisor:.3g} {unit}"
    return f"{seconds / 86_400:.1f} days"


def plural(count: int, noun: str) -> str:
    """``1 submission``, ``2 submissions``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
