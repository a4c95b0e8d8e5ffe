"""Progress on a terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Show(Protocol):
    """Shows that `done` of `total` are done; `doing` replaces the words before the bar."""

    def __call__(self, done: int, total: int, doing: str | None = None) -> None:
        """Show it."""


@contextlib.contextmanager
def progress_bar(doing: str, *, visible: bool) -> Iterator[Show | None]:
    """A bar on stderr that goes away at the end; None where nobody is watching."""
    if not visible:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None)

        def show(done: int, total: int, doing: str | None = None) -> None:
            bar.update(task, completed=done, total=total, description=doing)

        yield show
