"""``python -m edgarchive``, and the `edgarchive` command."""

from __future__ import annotations

import gc
import os
import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line and end the process with its exit code."""
    hold_standard_streams()
    try:
        from edgarchive.cli import run  # noqa: PLC0415 — imports take most of a start, and Ctrl-C may come meanwhile

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("edgarchive: interrupted\n")
        code = _INTERRUPTED
    gc.freeze()  # everything ends now; a last garbage collection would take an eighth of a search's time
    sys.exit(code)


def hold_standard_streams() -> None:
    """Open the null device for standard streams that are closed.

    Otherwise the next file or socket gets one of their numbers, and libuv aborts the process when it closes it.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, so this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 — it stays open


if __name__ == "__main__":
    main()
