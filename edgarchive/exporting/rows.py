"""The rows of a filing in each table, read from the kept texts, or from the stored bytes where there are none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from archiver.edgar.endpoints import index_page
from archiver.errors import UsageError
from archiver.identifiers import AccessionNumber
from edgarchive.exporting.tables import Table
from indexer.search.library import Library
from indexer.search.records import Record
from indexer.sections.sections import Section
from indexer.submission.header import Entity
from indexer.texts.model import StoredDocument, StoredSubmission, extract
from indexer.texts.store import TextStore

CONTEXT_WORDS = 30

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filing of `year` to export, or with `sequences` these documents of it, each with the score that found it."""

    accession: AccessionNumber
    year: int
    sequences: tuple[tuple[int | None, float | None], ...] | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """The words whose matches the rows of hits show."""

    words: str
    stem: bool = False


class FilingReader:
    """Reads filings of the archive at `root` for rows. Its own context manager."""

    def __init__(self, root: Path) -> None:
        self._library = Library(root)
        self._texts = TextStore.open(root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._texts.close()
        self._library.close()

    def rows(self, table: Table, wanted: Wanted, query: Query | None = None) -> Iterator[Row]:
        """The rows of one filing. Raises `NotInArchiveError`, `DamageError`, `UnreadableSubmissionError`."""
        record = self._library.record(wanted.accession)
        filing = self._texts.submission(wanted.accession, sha256=record.sha256)
        if filing is None:
            filing = extract(self._library.submission(wanted.accession), sha256=record.sha256)
        match table:
            case Table.FILINGS:
                yield _filing(filing, record)
            case Table.ENTITIES:
                yield from (_entity(filing.accession, entity) for entity in filing.header.entities)
            case Table.DOCUMENTS:
                yield from (_document(filing, document, record) for document in _chosen(filing, wanted))
            case Table.SECTIONS:
                for document in _chosen(filing, wanted):
                    yield from _sections(filing, document, record)
            case Table.HITS:
                yield from self._hits(filing, record, wanted, query)

    def _hits(self, filing: StoredSubmission, record: Record, wanted: Wanted, query: Query | None) -> Iterator[Row]:
        scores = dict(wanted.sequences or ())
        documents: list[StoredDocument | None] = [*_chosen(filing, wanted)]
        for document in documents or [None]:
            text = document.text() if document and query else ""
            spans = self._library.marks(text, query.words, stem=query.stem) if query and text else ()
            yield _hit(filing, record, document, scores.get(document.sequence if document else None), text, spans)


def _chosen(filing: StoredSubmission, wanted: Wanted) -> list[StoredDocument]:
    if wanted.sequences is None:
        return list(filing.documents)
    sequences = {sequence for sequence, _ in wanted.sequences}
    return [document for document in filing.documents if document.sequence in sequences]


def _facts(filing: StoredSubmission, record: Record) -> Row:
    """What the rows of documents and sections say of their filing."""
    entity = next((one for one in filing.header.entities if one.cik is not None), None)
    return {
        "accession": str(filing.accession),
        "cik": int(entity.cik) if entity and entity.cik is not None else None,
        "name": entity.name if entity else None,
        "form": str(filing.header.form),
        "filing_date": filing.header.filing_date or record.filing_date,
        "period": filing.header.period_of_report,
    }


def _filing(filing: StoredSubmission, record: Record) -> Row:
    header = filing.header
    ciks = [int(entity.cik) for entity in header.entities if entity.cik is not None]
    return {
        **_facts(filing, record),
        "acceptance_datetime": header.acceptance_datetime,
        "ciks": list(dict.fromkeys(ciks)),
        "names": list(dict.fromkeys(entity.name for entity in header.entities)),
        "items": list(header.items),
        "items_derived": header.items_derived,
        "sic": next((entity.sic for entity in header.entities if entity.sic is not None), None),
        "state": next((one.state_of_incorporation for one in header.entities if one.state_of_incorporation), None),
        "documents": len(filing.documents),
        "bytes": record.size,
        "sha256": record.sha256,
        "source": record.source,
        "added": record.added.replace(tzinfo=None),
        "withdrawn": record.withdrawn_at.replace(tzinfo=None) if record.withdrawn_at else None,
        "url": _url(filing),
    }


def _url(filing: StoredSubmission) -> str | None:
    cik = next((entity.cik for entity in filing.header.entities if entity.cik is not None), None)
    return None if cik is None else index_page(cik, filing.accession)


def _entity(accession: AccessionNumber, entity: Entity) -> Row:
    values = next(iter(entity.filing_values), None)
    place = entity.business_address
    return {
        "accession": str(accession),
        "cik": None if entity.cik is None else int(entity.cik),
        "name": entity.name,
        "role": entity.role,
        "sic": entity.sic,
        "state": entity.state_of_incorporation,
        "business_state": place.state if place else None,
        "business_city": place.city if place else None,
        "fiscal_year_end": entity.fiscal_year_end,
        "irs_number": entity.irs_number,
        "file_number": values.file_number if values else None,
        "film_number": values.film_number if values else None,
    }


def _document(filing: StoredSubmission, document: StoredDocument, record: Record) -> Row:
    text = document.text()
    return {
        **_facts(filing, record),
        "sequence": document.sequence,
        "type": document.type,
        "filename": document.filename,
        "description": document.description,
        "bytes": document.size,
        "words": count_words(text),
        "text": text,
    }


def _sections(filing: StoredSubmission, document: StoredDocument, record: Record) -> Iterator[Row]:
    sections = document.sections()
    if not sections:
        return
    text, facts = document.text(), _facts(filing, record)
    for section in sections:
        part = text[section.start : section.end]
        yield {
            **facts,
            "sequence": document.sequence,
            "part": section.part,
            "item": section.item,
            "title": section.heading,
            "text": part,
            "words": count_words(part),
            "is_reference": bool(getattr(section, "is_reference", False)),
        }


def _hit(  # noqa: PLR0917 — the parts of one row
    filing: StoredSubmission,
    record: Record,
    document: StoredDocument | None,
    score: float | None,
    text: str,
    spans: Sequence[tuple[int, int]],
) -> Row:
    header = filing.header
    start, end = spans[0] if spans else (0, 0)
    section = _section_at(document.sections() if document and spans else (), start)
    return {
        "accession": str(filing.accession),
        "form": str(header.form),
        "filing_date": header.filing_date or record.filing_date,
        "period": header.period_of_report,
        "ciks": list(dict.fromkeys(int(entity.cik) for entity in header.entities if entity.cik is not None)),
        "names": list(dict.fromkeys(entity.name for entity in header.entities)),
        "items": list(header.items),
        "items_derived": header.items_derived,
        "sequence": document.sequence if document else None,
        "type": document.type if document else None,
        "filename": document.filename if document else None,
        "score": score,
        "section": None if section is None else " ".join(filter(None, (section.part, section.item))),
        "before": _last_words(text[:start]) if spans else None,
        "match": " ".join(text[start:end].split()) if spans else None,
        "after": _first_words(text[end:]) if spans else None,
        "match_count": len(spans),
        "url": _url(filing),
    }


def _section_at(sections: Sequence[Section], place: int) -> Section | None:
    return next((section for section in sections if section.start <= place < section.end), None)


def _last_words(text: str) -> str:
    return " ".join(text[-CONTEXT_WORDS * 20 :].split()[-CONTEXT_WORDS:])


def _first_words(text: str) -> str:
    return " ".join(text[: CONTEXT_WORDS * 20].split()[:CONTEXT_WORDS])


def count_words(text: str) -> int:
    """How many words a text has: runs of what is no white space."""
    return len(text.split())


def check_table(name: str) -> Table:
    """The table of this name. Raises `UsageError`."""
    try:
        return Table(name)
    except ValueError:
        tables = ", ".join(table for table in Table if table is not Table.ENTITIES)
        raise UsageError(f"there is no table {name[:40]!r}", f"choose from: {tables}") from None
