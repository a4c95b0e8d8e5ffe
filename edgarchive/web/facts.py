"""The facts about a filing for lists and tables: its header and its table of documents."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar, cast

from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.startup.dataclass import dataclass
from edgarchive.watching.schedule import EASTERN
from indexer.section_rows import MOST_NAME_CHARS, MOST_PARTIES
from indexer.submission.header import Entity, SubmissionHeader
from indexer.submission.submission import Document
from indexer.texts.model import StoredDocument, StoredSubmission

T = TypeVar("T")

_XBRL_TYPES = ("EX-101", "XML", "EX-100")
_MOST_VALUES = 20
"""Values of one kind in a row of a list, such as items or former names: more than any real filing has."""


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """A document of a filing, without its body. `size` is the length of the filed file in bytes."""

    type: str
    sequence: int | None
    filename: str
    description: str | None
    size: int
    is_data: bool


@dataclass(frozen=True, slots=True)
class FilingFacts:
    """The facts about a filing for lists: its header and table of documents. `size` is the total in bytes."""

    header: SubmissionHeader
    filing_date: date
    size: int
    documents: tuple[DocumentFacts, ...]
    is_xbrl: bool
    is_inline_xbrl: bool

    @property
    def accession(self) -> AccessionNumber:
        """The accession number."""
        return self.header.accession

    @property
    def form(self) -> FormType:
        """The form type."""
        return self.header.form

    @property
    def primary(self) -> DocumentFacts | None:
        """The first document, the subject of the filing; None for a paper filing."""
        return min(self.documents, key=lambda document: document.sequence or 0, default=None)

    @property
    def folder(self) -> str:
        """The path of EDGAR's folder of the filing, below its first entity."""
        entity = self.entity(None)
        cik = 0 if entity is None or entity.cik is None else int(entity.cik)
        return f"/Archives/edgar/data/{cik}/{self.accession.digits}"

    def entity(self, cik: Cik | None) -> Entity | None:
        """The entity with this CIK, else the first; None if the header has none."""
        for entity in self.header.entities:
            if entity.cik == cik:
                return entity
        return next(iter(self.header.entities), None)

    @property
    def accepted(self) -> datetime:
        """When EDGAR accepted it, by EDGAR's clock, as headers have no zone; else the start of the filing date."""
        moment = self.header.acceptance_datetime
        if moment is None:
            moment = datetime(self.filing_date.year, self.filing_date.month, self.filing_date.day)  # noqa: DTZ001 — the zone follows
        return moment.replace(tzinfo=EASTERN)


def document_name(document: Document | StoredDocument, accession: AccessionNumber, position: int) -> str:
    """The file name of a document in URLs: EDGAR's, or one made from its number if the filer gave none."""
    return document.filename or f"{accession}-{document.sequence or position + 1}.txt"


def facts_of(submission: StoredSubmission, filing_date: date, size: int) -> FilingFacts:
    """The facts of a submission of `size` bytes; `filing_date` is that of the catalogue."""
    accession = submission.header.accession
    documents = tuple(
        DocumentFacts(
            type=document.type,
            sequence=document.sequence,
            filename=document_name(document, accession, position),
            description=document.description,
            size=document.size,
            is_data=document.type.upper().startswith(_XBRL_TYPES),
        )
        for position, document in enumerate(submission.documents)
    )
    types = {document.type.upper() for document in documents}
    has_xbrl = any(one.startswith(("EX-100", "EX-101")) for one in types)
    return FilingFacts(
        header=replace(submission.header, fields={}),
        filing_date=submission.header.filing_date or filing_date,
        size=size,
        documents=documents,
        is_xbrl=has_xbrl,
        # with inline XBRL the instance is in the report itself: there is a schema but no instance document
        is_inline_xbrl="EX-101.SCH" in types and "EX-101.INS" not in types,
    )


def row_of(facts: FilingFacts, cik: Cik | None) -> FilingFacts:
    """What a row of a list shows: of the entities those with this CIK, of the documents the first; nothing is long.

    So a list takes memory for its rows, however large the filings are.
    """
    header = facts.header
    own = {entity.role: entity for entity in reversed(header.entities) if entity.cik == cik}
    first = facts.primary
    short = replace(
        header,
        entities=tuple(reversed(own.values())) or header.entities[:1],
        unknown_items=(),
        group_members=(),
        series=(),
    )
    return _shortened(replace(facts, header=short, documents=() if first is None else (first,)))


def with_parties(facts: FilingFacts, most: int) -> FilingFacts:
    """The same with its first `most` entities, each once per role: what lists by entity show of each."""
    found: dict[object, Entity] = {}
    for entity in facts.header.entities:
        if (entity.cik, entity.role) not in found and len(found) < most:
            brief = replace(entity, filing_values=(), business_address=None, mail_address=None, former_names=())
            found[entity.cik, entity.role] = _shortened(brief)
    row = row_of(facts, None)
    return replace(row, header=replace(row.header, entities=tuple(found.values())))


def about_document(facts: FilingFacts, position: int | None) -> FilingFacts:
    """The same with the document at `position`, else the first, and with the first MOST_PARTIES entities."""
    row = row_of(facts, None)
    entities = tuple(map(_shortened, facts.header.entities[:MOST_PARTIES]))
    documents = row.documents if position is None else facts.documents[position:][:1] or row.documents
    return replace(row, header=replace(row.header, entities=entities), documents=_shortened(documents))


def _shortened(value: T) -> T:
    """`value` with texts of at most MOST_NAME_CHARS, and at most _MOST_VALUES values of each kind."""
    found: Any = value
    if isinstance(value, str) and len(value) > MOST_NAME_CHARS:
        found = type(value)(value[:MOST_NAME_CHARS])
    elif isinstance(value, tuple):
        found = tuple(map(_shortened, value[:_MOST_VALUES]))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {field.name: _shortened(getattr(value, field.name)) for field in dataclasses.fields(value)}
        found = replace(value, **changes)
    return cast("T", found)


def weight_of(submission: StoredSubmission) -> int:
    """About how many bytes the facts of a filing take: its filer decides on its header and its list of documents."""
    texts = (one for document in submission.documents for one in (document.filename, document.description))
    header = 4 * len(submission.raw_header) + 200 * submission.raw_header.count(b"\n")
    return header + 400 * len(submission.documents) + sum(len(text or "") for text in texts)


def weight_of_row(row: FilingFacts) -> int:
    """The same for facts that were cut."""
    return 3 * len(repr(row))
