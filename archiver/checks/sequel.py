"""Finding another submission in the same body: files joined by ``cat``, or a whole one appended to one that was cut.

EDGAR itself serves some submissions several times in one file, each copy with the same number, so what counts is an
opening line with another number.
"""

from __future__ import annotations

from archiver.checks.envelope import Opening, opening_of
from archiver.identifiers import AccessionNumber
from archiver.startup.patterns import lazy_pattern

_MARKS = {
    Opening.SEC: (b"SEC-DOCUMENT>",),
    Opening.IMS: (b"IMS-DOCUMENT>",),
    Opening.PEM: (b"-DOCUMENT>",),
    Opening.DISSEMINATION: (b"<SUBMISSION>",),
    None: (b"-DOCUMENT>", b"<SUBMISSION>"),
}
"""What is in every opening line of a kind, and found much faster than the pattern. Of two kinds in one file, the second
has another closing tag.
"""
_OPENING = lazy_pattern(
    rb"<(?:(?:SEC|IMS)-DOCUMENT>[^\r\n]{0,200}?([0-9]{10}-[0-9]{2}-[0-9]{6})\.txt"
    rb"|SUBMISSION>[\r\n]{1,2}<ACCESSION-NUMBER>([0-9]{10}-[0-9]{2}-[0-9]{6}))"
)
_CLOSED = lazy_pattern(rb"(?:[\r\n]|</(?:(?:SEC|IMS)-DOCUMENT|SUBMISSION)>[^<]{0,16})\Z")
"""What precedes an opening: a line end, or a closing tag, as files need not end with a line end, and perhaps a byte
order mark or blanks.
"""
_BEFORE_BYTES, _AFTER_BYTES = 40, 256
"""More than there is of both before and after the beginning of a mark."""
_WITHIN_BYTES = 4
"""Where the opening begins before a mark."""


class SequelReader:
    """Reads the body of the submission `accession` in chunks. `found` is the first other one that begins in it."""

    def __init__(self, accession: AccessionNumber) -> None:
        self._accession = accession
        self._carry = b"\n"
        self._marks: tuple[bytes, ...] | None = None
        self.found: AccessionNumber | None = None

    def feed(self, chunk: bytes) -> None:
        """Process the next decoded bytes."""
        if self.found is not None:
            return
        data = self._carry + chunk
        self._carry = data[-(_BEFORE_BYTES + _AFTER_BYTES) :]
        if self._marks is None:  # whatever begins in a small first chunk, both kinds are looked for
            self._marks = _MARKS[opening_of(data)]
        for mark in self._marks:
            at = data.find(mark)
            while at >= 0 and self.found is None:
                self._look(data, data.rfind(b"<", max(at - _WITHIN_BYTES, 0), at + 1))
                at = data.find(mark, at + 1)

    def _look(self, data: bytes, start: int) -> None:
        """Note the number if an opening begins at `start`; first, cheaply, whether one can."""
        if start > 0 and _CLOSED.search(data, max(start - _BEFORE_BYTES, 0), start):
            opening = _OPENING.match(data, start)
            number = opening and AccessionNumber((opening[1] or opening[2]).decode())
            self.found = number if number != self._accession else None
