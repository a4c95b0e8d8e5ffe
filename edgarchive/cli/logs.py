"""The log on stderr: one line per event, for people or, with ``--log-json``, for programs (docs/logging.md)."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

from archiver.events import message_of
from edgarchive.cli.printing.terminal import noted
from edgarchive.formats import as_json_text, clean

_LEVELS = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}


class PersonFormatter(logging.Formatter):
    """``edgarchive: WARNING: message``, on one line, whatever the values contain."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return f"edgarchive: {record.levelname}: {clean(message_of(record))}"


class JsonFormatter(logging.Formatter):
    """One JSON object: ``time`` (UTC), ``level``, ``event``, ``message`` and the fields of the event.

    Records of other libraries are the event ``other``, with the name of their ``logger``.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        name = getattr(record, "event", None)
        fields = getattr(record, "fields", {}) if name else {"logger": record.name}
        common = {"time": time, "level": record.levelname.lower(), "event": name or "other"}
        return as_json_text({**common, "message": clean(message_of(record)), **fields}, default=str)


class _StderrHandler(logging.Handler):
    """Writes to the current `sys.stderr`: a visible progress bar replaces it, and makes room for the line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line; as in `logging`, a failure to write does not affect the code that logs."""
        try:
            line = self.format(record)
            shown = noted(line, sys.stderr) if isinstance(self.formatter, PersonFormatter) else line
            sys.stderr.write(f"{shown}\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 — as in `logging.StreamHandler`
            self.handleError(record)


def start_logging(verbosity: int, *, as_json: bool = False) -> None:
    """Log to stderr: warnings; with `verbosity` 1 what is done, 2 every request, -1 errors only."""
    handler = _StderrHandler()
    handler.setFormatter(JsonFormatter() if as_json else PersonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    for floor in ("archiver", "indexer", "edgarchive"):
        logging.getLogger(floor).setLevel(_LEVELS.get(verbosity, logging.DEBUG))
    # opensearch-py logs every failed request with a traceback; our own error has what a person needs
    logging.getLogger("opensearch").setLevel(logging.CRITICAL)
    if verbosity == 0:  # a long run without a terminal still reports its progress at intervals; notes are for everyone
        for name in ("edgarchive.cli.progress", "edgarchive.cli.notes"):
            logging.getLogger(name).setLevel(logging.INFO)
