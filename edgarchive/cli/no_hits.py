"""Reporting on stderr why a search or an export found nothing."""

from __future__ import annotations

import logging
import shlex

from archiver.events import event
from edgarchive.formats import clean
from indexer.search.diagnosis.model import Diagnosis

_notes = logging.getLogger("edgarchive.cli.notes")


def say_why_nothing(why: Diagnosis) -> None:
    """Report unknown values of filters, and what parts of the search find."""
    why.warn_of_unknown(clean)
    if lines := why.lines(_as_option):
        _notes.info("no hits: %s", clean("; ".join(lines)), extra=event("nothing-found", **why.to_dict()))


def _as_option(name: str, value: str | None) -> str:
    """A filter as written on the command line."""
    name = name.replace("_", "-")
    if value in {None, "True", "False"}:
        return f"--no-{name}" if value == "False" else f"--{name}"
    return f"--{name} {shlex.quote(value or '')}"
