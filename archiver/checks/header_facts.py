"""The facts of a header that decide where a submission is stored and whether it is selected.

The indexer parses the whole header; this module reads what an index row would contain.
"""

from __future__ import annotations

import re
from datetime import date

from archiver.checks.envelope import Opening, opening_of
from archiver.errors import IdentifierError
from archiver.identifiers import AccessionNumber, Cik, FormType, parse_date
from archiver.model import MasterIndexEntry
from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from archiver.streams.chunks import ChunkReader

HEAD_BYTES = 1 << 22
"""Upper bound of a header's size; the largest known ones, with about a hundred entities, have a tenth of it."""

_END = lazy_pattern(rb"</(?:SEC|IMS)-HEADER>|<DOCUMENT>")
_SPACE = rb"[ \t\v\f\x1c-\x1f\x85\xa0]"
"""What the reader of headers takes for white space within a line."""
_ACCESSION = lazy_pattern(
    rb"^%(space)s*(?:ACCESSION[ -]NUMBER%(space)s*:|<ACCESSION-NUMBER>)%(space)s*([^\s][^\n]*)$" % {b"space": _SPACE},
    re.MULTILINE,
)
"""The first one counts, as for whoever reads the submission, even if it is not an accession number."""
_NUMBER = lazy_pattern(rb"([0-9-]{18,20})\s*")
_DOCUMENT = lazy_pattern(rb"^<(?:SEC|IMS)-DOCUMENT>\s*([0-9-]{18,20})\.txt\b", re.MULTILINE)
_FORM = lazy_pattern(rb"(?:^[ \t]*CONFORMED SUBMISSION TYPE:[ \t]*|^<TYPE>)([^\r\n]+)", re.MULTILINE)
_FILED = lazy_pattern(rb"(?:^[ \t]*FILED AS OF DATE:\s*|^<FILING-DATE>)([0-9]{8})\s*$", re.MULTILINE)
_OPENED = lazy_pattern(rb"^<(?:SEC|IMS)-DOCUMENT>[^\r\n]*:\s*([0-9]{8})\s*$", re.MULTILINE)
_NAME = rb"(?:COMPANY CONFORMED NAME:[ \t]*|<CONFORMED-NAME>)([^\r\n]*)"
_CIK = rb"(?:CENTRAL INDEX KEY:[ \t]*|<CIK>)([0-9]{1,10})"
_ENTITY = lazy_pattern(_NAME + rb"|" + _CIK)


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """Facts of a header. `entities` maps CIKs to names, in the header's order."""

    accession: AccessionNumber
    form: FormType
    filing_date: date
    entities: tuple[tuple[Cik, str], ...]
    opening: Opening

    @property
    def any_cik(self) -> Cik:
        """The CIK of any entity; 0 if the header has none."""
        return self.entities[0][0] if self.entities else Cik(0)

    def rows(self) -> list[MasterIndexEntry]:
        """The rows that the master index has, or would have, for the submission."""
        return [MasterIndexEntry(cik, name, self.form, self.filing_date, self.accession) for cik, name in self.entities]


def named_accession(head: bytes) -> AccessionNumber | None:
    """The accession number that a submission gives as its own, from its first bytes `head`; None if it gives none.

    It is in a field of its own and, in EDGAR's documents, also in the line that opens the document. Other fields
    (PREVIOUS ACCESSION NUMBER) have the numbers of other submissions. If the two differ, the result is None.
    """
    text = _header_text(head)
    number = _number_in(text)
    if number is None:
        return None
    matches = (number, _DOCUMENT.search(text))
    try:
        found = {AccessionNumber(match[1].decode()) for match in matches if match}
    except IdentifierError:
        return None
    return found.pop() if len(found) == 1 else None


def header_is_in(head: bytes) -> bool:
    """Whether `head`, the first bytes of a file, is enough for `read_header_facts`, or no more can help."""
    return len(head) >= HEAD_BYTES or opening_of(head) is None or _END.search(head) is not None


def head_of(reader: ChunkReader) -> bytes:
    """The first bytes of a file including the header, without consuming them from `reader`."""
    size = 16 * 1024
    while len(head := reader.peek(size)) == size and not header_is_in(head):
        size *= 2
    return head


def read_header_facts(head: bytes) -> HeaderFacts:
    """The facts in `head`, the first bytes of a submission, in either spelling and with any line ends.

    `head` must include the header. Raises `IdentifierError` if it is not a submission, or if the header lacks the
    accession number, form or filing date.
    """
    opening = opening_of(head)
    if opening is None:
        raise IdentifierError("it does not begin like a submission", "give files as EDGAR serves them")
    text = _header_text(head)
    accession, form = _number_in(text), _FORM.search(text)
    filed = _FILED.search(text) or _OPENED.search(text)
    if not (accession and form and filed):
        wanting = "accession number" if not accession else "form type" if not form else "filing date"
        raise IdentifierError(f"its header has no {wanting}", "give files as EDGAR serves them")
    return HeaderFacts(
        accession=AccessionNumber(accession[1].decode()),
        form=FormType(form[1].decode("latin-1")),
        filing_date=parse_date(filed[1].decode()),
        entities=tuple(_entities(text).items()),
        opening=opening,
    )


def _header_text(head: bytes) -> bytes:
    """The header in `head`, with line feeds alone."""
    end = _END.search(head)
    return head[: end.start() if end else HEAD_BYTES].replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _number_in(text: bytes) -> re.Match[bytes] | None:
    field = _ACCESSION.search(text)
    return _NUMBER.fullmatch(field[1]) if field else None


def _entities(text: bytes) -> dict[Cik, str]:
    """CIK -> name. In both spellings a name precedes its CIK."""
    entities: dict[Cik, str] = {}
    name = ""
    for match in _ENTITY.finditer(text):
        if match[2] is None:
            name = match[1].decode("latin-1").strip()
        else:
            entities.setdefault(Cik(match[2].decode()), name)
            name = ""
    return entities
