"""``python -m edgarchive``, and the command of the same name."""

from __future__ import annotations

import gc
import sys

from edgarchive.cli import run


def main() -> None:
    """Run the command line and end the process with its exit code."""
    code = run(sys.argv[1:])
    gc.freeze()  # all ends now, and looking through it for rings once more would take an eighth of a search's time
    sys.exit(code)


if __name__ == "__main__":
    main()
