"""Progress: a live line on a terminal, now and then a line of log elsewhere."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Protocol

from archiver.events import event

LINE_S = 60.0
_log = logging.getLogger(__name__)


class Show(Protocol):
    """Shows that `done` of `total` (None: not known yet) are done; `doing` replaces the words before the bar."""

    def __call__(self, done: int, total: int | None, doing: str | None = None) -> None:
        """Show it."""


class ProgressLines:
    """Progress where no terminal is: a line of log every `LINE_S` seconds, so that a short run has none."""

    def __init__(self) -> None:
        self._next_s = time.monotonic() + LINE_S

    def __call__(self, done: int, total: int | None, doing: str | None = None) -> None:
        """Log it, if it is time."""
        now_s = time.monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + LINE_S
            of = "" if total is None else f"{done:,} of {total:,} submissions, "
            _log.info("%s%s", of, doing or "at work", extra=event("progress", done=done, total=total))


@contextlib.contextmanager
def progress_bar(doing: str, *, visible: bool, lines: bool = False) -> Iterator[Show | None]:
    """A bar on stderr that goes away at the end; where it is not `visible`, lines of log, or None."""
    if not visible:
        yield ProgressLines() if lines else None
        return
    from rich.console import Console  # noqa: PLC0415 — only who watches waits for it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None)

        def show(done: int, total: int | None, doing: str | None = None) -> None:
            bar.update(task, completed=done, total=total, description=doing)

        yield show
