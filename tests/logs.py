"""The log of a process, as it was before a command set it up."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

_LOGGERS = ("archiver", "indexer", "edgarchive", "edgarchive.cli.progress", "edgarchive.cli.notes", "opensearch")
"""Those that `edgarchive.cli.logs.start_logging` sets."""


@contextlib.contextmanager
def levels_as_before() -> Iterator[None]:
    """Whatever a command has set meanwhile, other tests see the levels that they expect."""
    loggers = [logging.getLogger(name) for name in (None, *_LOGGERS)]
    levels = [logger.level for logger in loggers]
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextlib.contextmanager
def no_log_yet() -> Iterator[None]:
    """No handler is there at the beginning, so that a command sets up its own log; at the end all is as it was."""
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, []
    try:
        with levels_as_before():
            yield
    finally:
        root.handlers = handlers
