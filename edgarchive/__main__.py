"""``python -m edgarchive``, and the command of the same name."""

from __future__ import annotations

import gc
import os
import sys

from edgarchive.cli import run


def main() -> None:
    """Run the command line and end the process with its exit code."""
    hold_standard_streams()
    code = run(sys.argv[1:])
    gc.freeze()  # all ends now, and looking through it for rings once more would take an eighth of a search's time
    sys.exit(code)


def hold_standard_streams() -> None:
    """Give the numbers of standard streams that are closed to the null device.

    Else the next file or socket gets one of them, and libuv ends the process where it closes such a one.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free, so this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


if __name__ == "__main__":
    main()
