"""Progress: a live line on a terminal, occasional log lines elsewhere."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Self

from archiver.errors import UsageError
from archiver.events import event
from archiver.runtime.progress import READING, Progress, ProgressUpdate, no_progress
from edgarchive.cli.output import human_time, plural
from edgarchive.cli.printing.notebook import NotebookBar, notebook_display
from edgarchive.formats import human_bytes

LINE_S = 60.0
_MIN_METER, _MAX_METER = 4, 30
"""Columns of the bar itself: what the words beside it leave."""

_log = logging.getLogger(__name__)


class ProgressLines:
    """Progress without a terminal: a log line every `LINE_S` seconds, so a short run has none."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()
        self._next_s = self._began_s + LINE_S

    def __call__(self, update: ProgressUpdate, /) -> None:
        """Log the progress if it is time."""
        now_s = time.monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + LINE_S
            unit = "quarters" if update.phase == READING else "submissions"
            of = "" if update.total is None else f"{update.done:,} of {update.total:,} {unit}, "
            facts = event("progress", done=update.done, total=update.total)
            _log.info("%s%s", of, described(update, elapsed_s=now_s - self._began_s), extra=facts)


def described(update: ProgressUpdate, *, elapsed_s: float) -> str:
    """The progress in words: the phase and its counts."""
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
    """A bar on stderr that disappears at the end; if not `visible`, log lines or nothing."""
    if not visible:
        yield ProgressLines() if lines else no_progress
        return
    from rich.console import Console  # noqa: PLC0415 — only who watches waits for it
    from rich.progress import BarColumn, TextColumn  # noqa: PLC0415 — as above
    from rich.progress import Progress as Bar  # noqa: PLC0415 — as above
    from rich.table import Column  # noqa: PLC0415 — as above

    console, meter = Console(stderr=True), BarColumn(bar_width=_MAX_METER)
    words = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))
    with Bar(words, meter, console=console, transient=True) as bar:
        task, began_s, shown = bar.add_task(phase, total=None), time.monotonic(), ""

        def show(update: ProgressUpdate, /) -> None:
            nonlocal shown
            if update.phase != shown:  # what is known of the speed is of another phase
                bar.reset(task, total=update.total, completed=update.done)
            shown = update.phase
            told = summarized(update, elapsed_s=time.monotonic() - began_s, left_s=bar.tasks[0].time_remaining)
            meter.bar_width = max(_MIN_METER, min(_MAX_METER, console.width - len(told) - 1))
            bar.update(task, completed=update.done, total=update.total, description=told)

        yield show


def summarized(update: ProgressUpdate, *, elapsed_s: float, left_s: float | None = None) -> str:
    """The progress of a run in a line that fits beside a bar: ``fetching 5/90, 2.1 MB, 2.0 req/s, 12 s left``.

    `left_s` is the time that the phase still takes, None while it is not known.
    """
    unit = " quarters" if update.phase == READING else ""
    of = "" if update.total is None else f"/{update.total:,}"
    facts = [f"{update.phase} {update.done:,}{of}{unit}" if update.done or of else update.phase]
    if update.bytes:
        facts.append(human_bytes(update.bytes))
    if update.requests:
        facts.append(f"{update.requests / max(elapsed_s, 1e-9):.1f} req/s")
    if update.failed:
        facts.append(f"{update.failed:,} failed")
    if left_s is not None and update.total is not None and 0 < update.done < update.total:
        facts.append(f"{human_time(left_s)} left")
    return ", ".join(facts)


class ProgressBar:
    """A progress bar for whatever takes `progress`, on a terminal or in a notebook.

    >>> with ProgressBar() as bar:                                                     # doctest: +SKIP
    ...     sync_archive(Selection("8-K", since=2024), progress=bar)
    """

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()
        self._show: Progress | None = None

    def __enter__(self) -> Self:
        display = notebook_display()
        if display is not None:
            bar = NotebookBar(display, summarized)
            self._open.callback(bar.close)
            self._show = bar
        else:
            self._show = self._open.enter_context(progress_bar("", visible=True))
        return self

    def __exit__(self, *_: object) -> None:
        self._show = None
        self._open.close()

    def __call__(self, update: ProgressUpdate, /) -> None:
        """Show the progress. Raises `UsageError` outside of `with`."""
        if self._show is None:
            raise UsageError("the progress bar is not open", "use it in `with ProgressBar() as bar:`")
        self._show(update)
