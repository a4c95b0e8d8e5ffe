"""The log of a worker process, written by the process that started it: one process writes, in one format."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

from archiver.events import message_of


class ParentLog(logging.Handler):
    """Sends the log records of a worker process to its parent, by `tell`; the parent gives them to `log_here`."""

    def __init__(self, tell: Callable[[object], None]) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Send `record` with its message formatted; an exception becomes part of it, as not all can be pickled."""
        made = {"msg": message_of(record), "args": None, "exc_info": None}
        with contextlib.suppress(OSError):  # the parent has ended
            self._tell(logging.makeLogRecord({**record.__dict__, **made}))

    def send(self, message: object) -> None:
        """Send the parent anything else, with no record of another thread in it. Raises `OSError` if it has ended."""
        self.acquire()
        try:
            self._tell(message)
        finally:
            self.release()


def log_here(record: logging.LogRecord) -> None:
    """Log a record of a worker process in this one, if its level is logged here."""
    logger = logging.getLogger(record.name)
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)
