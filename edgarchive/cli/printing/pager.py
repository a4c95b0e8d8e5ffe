"""A pager for output longer than the screen, as in git."""

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
"""Options for less if LESS is not set, as in git: quit if all fits, show colours, keep the text on the screen."""


@contextlib.contextmanager
def paged() -> Iterator[None]:
    """Send output on stdout to a pager within this context, if stdout is a terminal.

    The pager is ``EDGARCHIVE_PAGER``, else ``PAGER``, else ``less``; empty or ``cat`` means none. If it does not exist,
    output goes to the terminal.
    """
    command = pager() if sys.stdout.isatty() else None
    if command is None:
        yield
        return
    sys.stdout.flush()
    with subprocess.Popen(command, stdin=subprocess.PIPE, env={"LESS": _LESS, "LV": "-c", **os.environ}) as process:  # noqa: S603 — the user's own choice
        terminal, stream = sys.stdout, process.stdin
        assert stream is not None  # noqa: S101 — it is a pipe
        sys.stdout = _ToPager(stream, encoding=terminal.encoding, errors="replace")
        with contextlib.suppress(BrokenPipeError):  # the reader has seen enough
            try:
                yield
                sys.stdout.flush()
            finally:
                sys.stdout = terminal


class _ToPager(io.TextIOWrapper):
    """A pipe to a pager, which counts as a terminal."""

    def isatty(self) -> bool:
        return True


def pager() -> list[str] | None:
    """The pager's command, or None if it is not wanted or does not exist."""
    chosen = os.environ.get("EDGARCHIVE_PAGER", os.environ.get("PAGER", "less"))
    try:
        words = shlex.split(chosen)
    except ValueError:
        return None
    return words if words and words[0] != "cat" and shutil.which(words[0]) else None
