"""Checking a submission's body in one pass as it streams."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from archiver.checks.envelope import EnvelopeReader, Opening
from archiver.checks.header_facts import head_of, named_accession, read_header_facts
from archiver.checks.sequel import SequelReader
from archiver.errors import DamageError, IdentifierError
from archiver.identifiers import AccessionNumber
from archiver.startup.dataclass import dataclass
from archiver.store.packing import unpack
from archiver.streams.chunks import ChunkReader

_HEAD_BYTES = 16 * 1024
"""Every header has its accession number within these first bytes."""


@dataclass(frozen=True, slots=True)
class BodyFacts:
    """The facts of a body: decoded `size` in bytes, hashes of the decoded bytes, and results of checking its text.

    `md5` is None if it was not needed. `opening` is None if the body is not a submission. `named`: the header gives the
    expected accession number as its own. `closed`: the closing tag is at the end. `signature` is the result for a PEM
    signature, None without one. `sequel` is another submission that begins in the same body; None without one.
    """

    size: int
    sha256: str
    md5: str | None
    opening: Opening | None
    named: bool
    closed: bool
    signature: str | None
    sequel: AccessionNumber | None = None

    def fault(self, *, etag_md5: str | None) -> str | None:
        """Why the body is not the expected complete submission, or None if it is.

        Complete means: a known opening, the requested accession number, the MD5 of the ETag if EDGAR sent one, the
        closing tag, and no other submission after it. EDGAR serves a few files without the closing tag; for those, and
        for a filing that quotes another one, the MD5 is the only proof.
        """
        if self.opening is None:
            return "the body is not a submission: it has none of the known openings"
        if not self.named:
            return "the body is another submission: its header has another accession number"
        if etag_md5 is not None and self.md5 != etag_md5:
            return f"the body's MD5 is {self.md5}, EDGAR's ETag says {etag_md5}"
        if not self.closed and etag_md5 is None:
            return f"the submission is truncated: it has no closing tag after {self.size:,} bytes"
        if self.sequel is not None and etag_md5 is None:
            return f"the file has several submissions: {self.sequel} begins in it"
        return None


class BodyReader:
    """Reads a body chunk by chunk and returns its facts."""

    def __init__(self, accession: AccessionNumber, *, md5: bool = True) -> None:
        self._accession = accession
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False) if md5 else None
        self._envelope = EnvelopeReader()
        self._sequel = SequelReader(accession)
        self._head = b""
        self.size = 0
        """Decoded bytes so far."""

    def feed(self, decoded: bytes) -> None:
        """Process the next decoded bytes."""
        self.size += len(decoded)
        self._sha256.update(decoded)
        if self._md5 is not None:
            self._md5.update(decoded)
        self._envelope.feed(decoded)
        self._sequel.feed(decoded)
        if len(self._head) < _HEAD_BYTES:
            self._head += decoded[:_HEAD_BYTES]

    def facts(self) -> BodyFacts:
        """The facts, once every byte has been fed."""
        envelope = self._envelope.finish()
        return BodyFacts(
            size=self.size,
            sha256=self._sha256.hexdigest(),
            md5=self._md5.hexdigest() if self._md5 else None,
            opening=envelope.opening,
            named=named_accession(self._head) == self._accession,
            closed=envelope.closed,
            signature=envelope.signature,
            sequel=self._sequel.found,
        )


def read_facts(path: Path, accession: AccessionNumber) -> BodyFacts:
    """The facts of a stored file, read in chunks so that memory use is constant. Raises `DamageError`."""
    reader = BodyReader(accession)
    for chunk in unpack(path):
        reader.feed(chunk)
    return reader.facts()


def submission_in(path: Path) -> AccessionNumber | None:
    """The accession number in the header of the stored file `path`; None if it cannot be read."""
    try:
        return read_header_facts(head_of(ChunkReader(unpack(path)))).accession
    except (DamageError, IdentifierError):
        return None


def sha256_of(chunks: Iterable[bytes]) -> str:
    """The sha256 of a body, in hex."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
