"""Finding another submission in the same body: files joined by ``cat``, or a whole one appended to one that was cut.

EDGAR itself serves some submissions several times in one file, each copy with the same number, so what counts is an
opening line with another number.
"""

from __future__ import annotations

from archiver.identifiers import AccessionNumber
from archiver.startup.patterns import lazy_pattern

_MARKS = (b"-DOCUMENT>", b"<SUBMISSION>")
"""One of them is in every opening line; looking for them first is ten times as fast as the pattern."""
_OPENING = lazy_pattern(
    rb"(?:\A|[\r\n])<(?:(?:SEC|IMS)-DOCUMENT>[^\r\n]{0,200}?([0-9]{10}-[0-9]{2}-[0-9]{6})\.txt"
    rb"|SUBMISSION>[\r\n]{1,2}<ACCESSION-NUMBER>([0-9]{10}-[0-9]{2}-[0-9]{6}))"
)
_LONGEST_BYTES = 256
"""More than the longest match."""


class SequelReader:
    """Reads the body of the submission `accession` in chunks. `found` is the first other one that begins in it."""

    def __init__(self, accession: AccessionNumber) -> None:
        self._accession = accession
        self._carry = b""
        self.found: AccessionNumber | None = None

    def feed(self, chunk: bytes) -> None:
        """Process the next decoded bytes."""
        if self.found is not None:
            return
        data = self._carry + chunk
        self._carry = data[-_LONGEST_BYTES:]
        if any(mark in data for mark in _MARKS):
            numbers = (AccessionNumber((match[1] or match[2]).decode()) for match in _OPENING.finditer(data))
            self.found = next((number for number in numbers if number != self._accession), None)
