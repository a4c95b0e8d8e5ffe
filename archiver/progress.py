"""How long work says how far it is, and how it is told to stop: the same for every verb."""

from __future__ import annotations

import inspect
import threading
from dataclasses import dataclass
from typing import Protocol

from archiver.errors import RunCancelledError, UsageError

READING = "reading the indexes"
"""The phase in which a sync plans: it counts quarters, and all others submissions."""


@dataclass(frozen=True, slots=True)
class ProgressUpdate:
    """How far a run is: `done` of `total` submissions (None: not known yet) in this `phase`; of quarters in `READING`.

    `phase` is for people: ``reading the indexes``, ``fetching``, ``importing``, ``checking``, ``indexing``. `failed` of
    those done could not be had; `bytes` are decoded bytes stored and `requests` requests made so far in the run.
    """

    phase: str
    done: int = 0
    total: int | None = None
    failed: int = 0
    bytes: int = 0
    requests: int = 0


class Progress(Protocol):
    """Is called with each step of a run, from the thread that does the work. What it raises ends the run."""

    def __call__(self, update: ProgressUpdate, /) -> None:
        """Take note of it."""


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
        """Whether the run shall stop."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Let the run stop."""
        self._event.set()

    def check(self) -> None:
        """Raise `RunCancelledError` once it is cancelled."""
        if self.is_cancelled:
            raise RunCancelledError("the run was cancelled", "run the same command again to continue")


def checked_progress(progress: Progress | None) -> Progress:
    """`progress`, or one that takes note of nothing. Raises `UsageError` where it does not take one value."""
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
    """Take note of nothing: the default where nobody watches."""
