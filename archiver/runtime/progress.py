"""Progress and cancellation of long operations, the same for every verb."""

from __future__ import annotations

import inspect
import threading
from typing import Protocol

from archiver.errors import RunCancelledError, UsageError
from archiver.startup.dataclass import dataclass

READING = "reading the indexes"
"""The phase in which a sync plans and counts quarters; all other phases count submissions."""


@dataclass(frozen=True, slots=True)
class ProgressUpdate:
    """The progress of a run: `done` of `total` submissions (None: unknown) in this `phase`; quarters in `READING`.

    `phase` is a text for people: ``reading the indexes``, ``fetching``, ``importing``, ``checking``, ``indexing``.
    `failed` counts failures among those done; `bytes` are the decoded bytes stored and `requests` the requests sent by
    the run.
    """

    phase: str
    done: int = 0
    total: int | None = None
    failed: int = 0
    bytes: int = 0
    requests: int = 0


class Progress(Protocol):
    """Called with each step of a run, in the thread that does the work. An exception ends the run."""

    def __call__(self, update: ProgressUpdate, /) -> None:
        """Receive an update."""


class CancelToken:
    """Tells a run to stop at the next submission. One thread may cancel what another runs.

    >>> token = CancelToken()
    >>> token.cancel()
    >>> token.is_cancelled
    True
    """

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def is_cancelled(self) -> bool:
        """Whether the run should stop."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Ask the run to stop."""
        self._event.set()

    def check(self) -> None:
        """Raise `RunCancelledError` if cancelled."""
        if self.is_cancelled:
            raise RunCancelledError("the run was cancelled", "run the same command again to continue")


def checked_progress(progress: Progress | None) -> Progress:
    """`progress`, or a function that does nothing. Raises `UsageError` unless it accepts one argument."""
    if progress is None:
        return no_progress
    try:
        inspect.signature(progress).bind(ProgressUpdate(""))
    except ValueError:
        pass  # built-in functions have no signature
    except TypeError:
        raise UsageError(
            "`progress` is called with one ProgressUpdate, and this function takes other arguments",
            "see `edgarchive help library`",
        ) from None
    return progress


def no_progress(_: ProgressUpdate, /) -> None:
    """Do nothing: the default."""
