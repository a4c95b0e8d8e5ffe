"""Progress: a live line on a terminal, now and then a line of log elsewhere."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Self

from archiver.errors import UsageError
from archiver.events import event
from archiver.progress import READING, Progress, ProgressUpdate, no_progress
from edgarchive.cli.output import human_bytes, plural

LINE_S = 60.0
_log = logging.getLogger(__name__)


class ProgressLines:
    """Progress where no terminal is: a line of log every `LINE_S` seconds, so that a short run has none."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()
        self._next_s = self._began_s + LINE_S

    def __call__(self, update: ProgressUpdate, /) -> None:
        """Log it, if it is time."""
        now_s = time.monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + LINE_S
            unit = "quarters" if update.phase == READING else "submissions"
            of = "" if update.total is None else f"{update.done:,} of {update.total:,} {unit}, "
            facts = event("progress", done=update.done, total=update.total)
            _log.info("%s%s", of, described(update, elapsed_s=now_s - self._began_s), extra=facts)


def described(update: ProgressUpdate, *, elapsed_s: float) -> str:
    """What is being done, in words: its phase, and what there is to tell of it."""
    words = [update.phase]
    if update.total is None and update.done:
        words.append(plural(update.done, "submission"))
    if update.bytes:
        words.append(human_bytes(update.bytes))
    if update.requests:
        rate = f" ({update.requests / max(elapsed_s, 1e-9):.1f}/s)" if update.total is not None else ""
        words.append(f"{plural(update.requests, 'request')}{rate}")
    if update.failed:
        words.append(f"{update.failed:,} failed")
    return ", ".join(words)


@contextlib.contextmanager
def progress_bar(phase: str, *, visible: bool, lines: bool = False) -> Iterator[Progress]:
    """A bar on stderr that goes away at the end; where it is not `visible`, lines of log, or nothing."""
    if not visible:
        yield ProgressLines() if lines else no_progress
        return
    from rich.console import Console  # noqa: PLC0415 — only who watches waits for it
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task, began_s = bar.add_task(phase, total=None), time.monotonic()

        def show(update: ProgressUpdate, /) -> None:
            doing = described(update, elapsed_s=time.monotonic() - began_s)
            bar.update(task, completed=update.done, total=update.total, description=doing)

        yield show


class ProgressBar:
    """A progress bar for whatever takes `progress`, on a terminal or in a notebook.

    >>> with ProgressBar() as bar:                                                     # doctest: +SKIP
    ...     sync_archive(Selection(["8-K"], since=2024), progress=bar)
    """

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()
        self._show: Progress | None = None

    def __enter__(self) -> Self:
        self._show = self._open.enter_context(progress_bar("", visible=True))
        return self

    def __exit__(self, *_: object) -> None:
        self._show = None
        self._open.close()

    def __call__(self, update: ProgressUpdate, /) -> None:
        """Show it. Raises `UsageError` outside of `with`."""
        if self._show is None:
            raise UsageError("the progress bar is not open", "use it in `with ProgressBar() as bar:`")
        self._show(update)
