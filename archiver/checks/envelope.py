"""The envelope of a body: its opening and its closing tag.

The bytes are checked as they stream by, so memory use is the same for 1 KB and 400 MB. The openings and closings are
those of real submissions from 1993 on (docs/format.md, "Complete bodies").
"""

from __future__ import annotations

from enum import StrEnum

from archiver.checks.pem import PEM_BEGIN, PEM_END, PemVerifier
from archiver.startup.dataclass import dataclass

_TAIL_BYTES = 1024


class Opening(StrEnum):
    """The known openings of a submission; the value is the beginning of the file."""

    PEM = PEM_BEGIN.decode()
    SEC = "<SEC-DOCUMENT>"
    IMS = "<IMS-DOCUMENT>"
    DISSEMINATION = "<SUBMISSION>"


_CLOSING = {
    Opening.PEM: PEM_END,
    Opening.SEC: b"</SEC-DOCUMENT>",
    Opening.IMS: b"</IMS-DOCUMENT>",
    Opening.DISSEMINATION: b"</SUBMISSION>",
}


def opening_of(head: bytes) -> Opening | None:
    """The known opening at the start of `head`, the first bytes of a body, or None. White space may precede it."""
    stripped = head.lstrip()
    return next((opening for opening in Opening if stripped.startswith(opening.encode())), None)


@dataclass(frozen=True, slots=True)
class EnvelopeResult:
    """The opening (None: not a submission), whether the closing tag is at the end, and the PEM result."""

    opening: Opening | None
    closed: bool
    signature: str | None


class EnvelopeReader:
    """Reads a body in chunks and checks its envelope."""

    def __init__(self) -> None:
        self._head = b""
        self._tail = b""
        self._opening: Opening | None = None
        self._looked = False
        self._pem: PemVerifier | None = None

    def feed(self, chunk: bytes) -> None:
        """Process the next decoded bytes."""
        if not self._looked:
            self._head += chunk
            if len(self._head) < _TAIL_BYTES:
                return
            chunk = self._look()
        self._take(chunk)

    def _look(self) -> bytes:
        self._looked = True
        self._opening = opening_of(self._head)
        if self._opening is Opening.PEM:
            self._pem = PemVerifier()
        return self._head

    def _take(self, chunk: bytes) -> None:
        if self._pem is not None:
            self._pem.feed(chunk)
        self._tail = chunk[-_TAIL_BYTES:] if len(chunk) >= _TAIL_BYTES else (self._tail + chunk)[-_TAIL_BYTES:]

    def finish(self) -> EnvelopeResult:
        """The result, once all bytes have been fed."""
        if not self._looked:
            self._take(self._look())
        closed = self._opening is not None and self._tail.rstrip().endswith(_CLOSING[self._opening])
        return EnvelopeResult(self._opening, closed, self._pem.finish() if self._pem else None)
