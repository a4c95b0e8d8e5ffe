"""Structured log records: the name of an event and its facts as fields (docs/logging.md)."""

from __future__ import annotations

import logging
from typing import Any


def event(name: str, **fields: Any) -> dict[str, Any]:
    """The ``extra`` of a call of `logging`: the event's `name`, and its facts, in plain values.

    >>> event("stored", bytes=3) == {"event": "stored", "fields": {"bytes": 3}}
    True
    """
    return {"event": name, "fields": fields}


def message_of(record: logging.LogRecord) -> str:
    """The message of a record, with its exception, if any."""
    error = record.exc_info[1] if record.exc_info else None
    return f"{record.getMessage()}: {error!r}" if error else record.getMessage()
