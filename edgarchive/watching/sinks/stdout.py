"""Alerts on stdout, one JSON object per line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

from archiver.catalogue.watching import Delivery
from edgarchive.formats import as_json_text
from edgarchive.watching.sinks.sink import Outcome, Sent, Sink


class StdoutSink(Sink):
    """Writes each alert as a line and flushes it. If the reader is gone, the watch ends (BrokenPipeError)."""

    key = "stdout"
    name = "stdout"

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file

    async def send(self, deliveries: Sequence[Delivery]) -> Sent:
        """Write the lines."""
        file = self._file or sys.stdout
        for delivery in deliveries:
            file.write(f"{as_json_text(delivery.payload)}\n")
        file.flush()
        return Sent(Outcome.DELIVERED)
