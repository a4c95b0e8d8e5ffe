"""A pager for what is longer than the screen, as git has it."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator

_LESS = "FRX"
"""What git gives less where LESS is not set: end if all fits, show colours, leave the text on the screen."""


@contextlib.contextmanager
def paged(*, wanted: bool = True) -> Iterator[None]:
    """Send what is printed on stdout within this to a pager, where stdout is a terminal.

    The pager is ``EDGARCHIVE_PAGER``, else ``PAGER``, else ``less``; empty or ``cat`` is none. Where it does not exist,
    what is printed goes to the terminal itself.
    """
    command = pager() if wanted and sys.stdout.isatty() else None
    if command is None:
        yield
        return
    sys.stdout.flush()
    with subprocess.Popen(command, stdin=subprocess.PIPE, env={"LESS": _LESS, "LV": "-c", **os.environ}) as process:  # noqa: S603 — the user's own choice
        terminal, stream = sys.stdout, process.stdin
        assert stream is not None  # noqa: S101 — it is a pipe
        sys.stdout = _ToPager(stream, encoding=terminal.encoding, errors="replace")
        with contextlib.suppress(BrokenPipeError):  # who reads has seen enough
            try:
                yield
                sys.stdout.flush()
            finally:
                sys.stdout = terminal


class _ToPager(io.TextIOWrapper):
    """A pipe to a pager is a terminal to all who ask."""

    def isatty(self) -> bool:
        return True


def pager() -> list[str] | None:
    """The pager's command, or None: not wanted, or not there."""
    chosen = os.environ.get("EDGARCHIVE_PAGER", os.environ.get("PAGER", "less"))
    try:
        words = shlex.split(chosen)
    except ValueError:
        return None
    return words if words and words[0] != "cat" and shutil.which(words[0]) else None
