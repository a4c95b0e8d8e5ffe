"""``python -m tests.loopback``: serve invented submissions until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from tests.loopback.server import FIXTURES, LoopbackEdgar

TICKERS = {"MLAN": 9000001, "TSGD": 9000004, "BRCN": 9000007}
"""Tickers of the invented companies."""


def main() -> int:
    """Serve; print the base URL on stdout, and write it to ``--ready-file`` once requests are answered."""
    parser = argparse.ArgumentParser(prog="python -m tests.loopback", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default: any free port")
    parser.add_argument("--submissions", type=Path, action="append", metavar="DIR-or-FILE", help="instead of ours")
    parser.add_argument("--ready-file", type=Path, help="gets the base URL once it serves")
    arguments = parser.parse_args()
    # Blocked before the server's thread starts, so that it inherits the mask and sigwait alone gets the signals.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    with LoopbackEdgar(arguments.submissions or FIXTURES, port=arguments.port, tickers=TICKERS) as edgar:
        sys.stdout.write(f"{edgar.base_url}\n")
        sys.stdout.flush()
        if arguments.ready_file:
            _write_atomically(arguments.ready_file, f"{edgar.base_url}\n")
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
    return 0


def _write_atomically(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main())
