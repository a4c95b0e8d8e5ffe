"""``python -m edgarchive``, and the command of the same name."""

from __future__ import annotations

import sys

from edgarchive.cli import run


def main() -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
