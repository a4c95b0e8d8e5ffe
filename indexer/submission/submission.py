"""A submission as filed: its header and its documents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field
from typing import Any, Protocol, TypeVar

from archiver.edgar.endpoints import index_page
from archiver.errors import NotInArchiveError, UnreadableSubmissionError
from archiver.identifiers import AccessionNumber
from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from indexer.notebook.markup import facts, table
from indexer.sections.forms import family_of, find_section
from indexer.sections.sections import Section, sections
from indexer.submission.derived_items import with_derived_items
from indexer.submission.header import SubmissionHeader, parse_header
from indexer.submission.sgml import DocumentSpan, outline
from indexer.text.document_text import document_text
from indexer.text.kinds import (
    SNIFFED_BYTES,
    DocumentKind,
    document_kind,
    is_xbrl,
    unwrap,
    with_exhibit_prefix,
)
from indexer.text.uuencode import uudecode, uuencoded_name

_NAMED_DOCUMENTS = 12
"""The number of documents that an error lists."""
_STUFFED = lazy_pattern(rb"^- ", re.MULTILINE)


class Named(Protocol):
    """What a document can be found by."""

    @property
    def sequence(self) -> int | None: ...  # noqa: D102 — as in `Document`
    @property
    def filename(self) -> str | None: ...  # noqa: D102
    @property
    def type(self) -> str: ...  # noqa: D102


N = TypeVar("N", bound=Named)


def documents_named(documents: Sequence[N], which: int | str) -> list[N]:
    """Those with this sequence number, else file name, else type, in any case.

    ``Exhibit 99.1`` is ``EX-99.1``. Where no document has the type ``EX-10``, it means its parts, such as ``EX-10.1``.
    """
    name = str(which).strip().casefold()
    if name.isdecimal():
        number = name.lstrip("0") or "0"  # as text: Python reads no number of 5,000 digits
        return [one for one in documents if str(one.sequence) == number]
    kind = with_exhibit_prefix(name).casefold()
    return (
        [one for one in documents if (one.filename or "").casefold() == name]
        or [one for one in documents if one.type.casefold() == kind]
        or [one for one in documents if one.type.casefold().startswith(f"{kind}.")]
    )


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a submission. `type` is EDGAR's, such as ``8-K`` or ``EX-99.1``; `sequence` counts from 1.

    The body is in the submission's decoded bytes from `start` to `end`, and is not copied until needed. The text of a
    report is kept once it has been extracted, since its sections are spans in it.
    """

    type: str
    sequence: int | None
    filename: str | None
    description: str | None
    kind: DocumentKind
    start: int
    end: int
    _data: bytes = field(repr=False, compare=False)
    _is_pem: bool = field(repr=False, compare=False)
    _texts: list[str] = field(default_factory=list, repr=False, compare=False)

    @property
    def size(self) -> int:
        """The length of the stored body in bytes."""
        return self.end - self.start

    @property
    def is_xbrl(self) -> bool:
        """Whether it is XBRL or EDGAR's rendering of it, which is not indexed (`indexer.text.kinds.is_xbrl`)."""
        return is_xbrl(type=self.type, filename=self.filename, description=self.description)

    def body(self) -> bytes:
        """The bytes between ``<TEXT>`` and ``</TEXT>``, with the dash-stuffing of a signed message removed."""
        body = self._data[self.start : self.end]
        return _STUFFED.sub(b"", body) if self._is_pem else body

    def content(self) -> bytes:
        """The bytes of the filed file, without EDGAR's wrapper and with uuencoded files decoded.

        Raises `UnreadableSubmissionError` if the encoding is broken.
        """
        inner = unwrap(self.body())
        encoded = inner.lstrip()
        if uuencoded_name(encoded) is None:
            return inner
        try:
            return uudecode(encoded)
        except ValueError as error:
            name = self.filename or f"document {self.sequence}"
            raise UnreadableSubmissionError(f"{name} is incomplete: {error}") from error

    def text(self) -> str:
        """The text, for searching and reading; empty for kinds without text."""
        if self._texts:
            return self._texts[0]
        text = document_text(self.body(), kind=self.kind)
        if family_of(self.type) is not None:
            self._texts.append(text)
        return text

    def sections(self) -> tuple[Section, ...]:
        """The items of a 10-K, 10-Q or 8-K with their spans in `text()`; empty for any other document type."""
        return () if family_of(self.type) is None else sections(self.text(), form=self.type)

    def section(self, name: str) -> str | None:
        """The text of one section including its heading; None if the document lacks it.

        `name` is an item (``1A``, ``II 1A``, ``5.02``) or one of ``business``, ``risk-factors``, ``legal-proceedings``,
        ``mda``, ``market-risk``, ``financial-statements`` and ``controls``. If two parts have the item, the first one
        is returned. Raises `UsageError` for any other name.
        """
        text = self.text()
        found = find_section(sections(text, form=self.type), name, form=self.type)
        return None if found is None else text[found.start : found.end]

    def to_dict(self) -> dict[str, Any]:
        """The document as a JSON object; ``bytes`` is its `size`, and ``xbrl`` is present only if true."""
        return {
            "sequence": self.sequence,
            "type": self.type,
            "filename": self.filename,
            "description": self.description,
            "bytes": self.size,
            "kind": self.kind,
            **({"xbrl": True} if self.is_xbrl else {}),
        }


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission: its header, and its documents in EDGAR's order. `raw_header` is the header as filed."""

    header: SubmissionHeader
    documents: tuple[Document, ...]
    raw_header: bytes = field(default=b"", repr=False, compare=False)

    def document(self, which: int | str) -> Document:
        """The document with this sequence number, file name or type, as `documents_named` understands it.

        Raises `NotInArchiveError` if there is none, or if there are several.
        """
        found = documents_named(self.documents, which)
        if len(found) == 1 or (found and found[0].sequence == which):
            return found[0]
        if found:
            kind, names = "number", [str(document.sequence) for document in found]
            if len(set(names)) < len(names):
                kind, names = "file name", [document.filename or "none" for document in found]
            raise NotInArchiveError(
                f"{self.header.accession} has {len(found)} documents {which}",
                f"name one by its {kind}: {', '.join(names)}",
            )
        known = ", ".join(f"{document.sequence} {document.type}" for document in self.documents[:_NAMED_DOCUMENTS])
        more = ", …" if len(self.documents) > _NAMED_DOCUMENTS else ""
        raise NotInArchiveError(
            f"{self.header.accession} has no document {which}", f"it has {known}{more}" if known else "it has none"
        )

    def text(self, *, xbrl: bool = False) -> str:
        """The text of all documents, with a blank line between two; of XBRL ones (`Document.is_xbrl`) on request."""
        shown = (document for document in self.documents if xbrl or not document.is_xbrl)
        return "\n\n".join(text for document in shown if (text := document.text()))

    def to_dict(self) -> dict[str, Any]:
        """The submission as JSON has it: the facts of a hit, its documents, and the whole header."""
        header = self.header
        cik = next((entity.cik for entity in header.entities if entity.cik is not None), None)
        return {
            "accession": str(header.accession),
            "form": str(header.form),
            "filing_date": header.filing_date.isoformat() if header.filing_date else None,
            "acceptance_datetime": header.acceptance_datetime.isoformat() if header.acceptance_datetime else None,
            "period_of_report": header.period_of_report.isoformat() if header.period_of_report else None,
            "items": list(header.items),
            **({"items_derived": True} if header.items_derived else {}),
            "entities": [
                {"cik": None if entity.cik is None else int(entity.cik), "name": entity.name, "role": entity.role}
                for entity in header.entities
            ],
            "url": None if cik is None else index_page(cik, header.accession),
            "documents": [document.to_dict() for document in self.documents],
            "header": header.fields,
        }

    def _repr_html_(self) -> str:
        """Header and documents for a notebook."""
        header = self.header
        pairs = (
            ("filing", header.accession),
            ("form", header.form),
            ("filed", header.filing_date),
            ("period", header.period_of_report),
            ("items", header.items_as_text()),
            ("entities", "; ".join(f"{entity.name} ({entity.role})" for entity in header.entities)),
        )
        rows = [(one.sequence, one.type, one.filename, one.description, one.kind, one.size) for one in self.documents]
        return facts(pairs) + table(("number", "type", "file", "description", "kind", "bytes"), rows)


def parse_submission(data: bytes, *, accession: AccessionNumber | None = None) -> Submission:
    """Parse `data`, the decoded bytes of a submission: served or disseminated, signed or not, complete or truncated.

    Items that the header of an 8-K leaves blank come from the headings of its main document, whose text is extracted
    for that. Raises only `UnreadableSubmissionError`, for bytes that are not a submission, or are not `accession`.
    """
    parts = outline(data)
    header = parse_header(parts.header)
    if accession is not None and header.accession != accession:
        raise UnreadableSubmissionError(
            f"the file of {accession} contains {header.accession}", "run `edgarchive verify`"
        )
    documents = tuple(_document(span, data, is_pem=parts.is_pem) for span in parts.documents)
    return Submission(with_derived_items(header, documents), documents, parts.header)


def _document(span: DocumentSpan, data: bytes, *, is_pem: bool) -> Document:
    head = data[span.start : min(span.end, span.start + SNIFFED_BYTES)]
    return Document(
        type=span.type,
        sequence=span.sequence,
        filename=span.filename,
        description=span.description,
        kind=document_kind(type=span.type, filename=span.filename, head=head),
        start=span.start,
        end=span.end,
        _data=data,
        _is_pem=is_pem,
    )
